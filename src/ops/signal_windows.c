// HannWindow, HammingWindow, BlackmanWindow (sums of cosines over a period) and MelWeightMatrix
// (triangles from a spectrogram's bins to the mel scale), as ONNX defines them.
#include <math.h>
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

#define PI 3.14159265358979323846

// The one element of input i, as a number; integers where is_integer.
static enum status check_scalar(struct context *context, const struct op_call *call, int i,
                                bool is_integer)
{
    TRY(is_integer ? check_integer(context, call, i) : check_float(context, call, i));
    if (shape_count(&call->input[i]->shape) != 1)
        return context_fail(context, ERR_SHAPE, "input %d wants one element", i);
    return OK;
}

static enum status output_dtype(struct context *context, int64_t onnx, enum dtype *dtype)
{
    *dtype = dtype_from_onnx(onnx);
    if (*dtype == DT_NONE || *dtype == DT_BOOL || dtype_info[*dtype].bits < 8)
        return context_fail(context, ERR_UNSUPPORTED, "no output of ONNX's data type %lld",
                            (long long)onnx);
    return OK;
}

// ---- windows -----------------------------------------------------------------------------------

static enum status window_infer(struct context *context, const struct op_call *call)
{
    enum dtype dtype = DT_NONE;

    TRY(check_scalar(context, call, 0, true));
    TRY(output_dtype(context, ((const struct signal_window_attr *)call->attr)->output_datatype,
                     &dtype));
    if (!input_has_data(call, 0)) {
        set_output_unknown(call, 0, dtype);
        return OK;
    }
    struct shape y = SHAPE(tensor_get_int(call->input[0], 0));
    if (y.dim[0] < 0)
        return context_fail(context, ERR_SHAPE, "a window of %lld items", (long long)y.dim[0]);
    return set_output(context, call, 0, dtype, &y);
}

// w(n) = factor[0] - factor[1] cos(2 pi n / N) + factor[2] cos(4 pi n / N)
static void fill_window(const struct op_call *call, const double *factor)
{
    const struct signal_window_attr *attr = call->attr;
    int64_t size = tensor_count(call->output[0]);
    double period = (double)(attr->periodic || size == 1 ? size : size - 1);

    for (int64_t n = 0; n < size; n++) {
        double angle = 2 * PI * (double)n / period;
        tensor_set(call->output[0], n,
                   factor[0] - factor[1] * cos(angle) + factor[2] * cos(2 * angle));
    }
}

static const struct field window_fields[] = {
    FIELD(struct signal_window_attr, output_datatype, "1", 0, 0, "TensorProto.DataType"),
    FIELD(struct signal_window_attr, periodic, "1", 0, 1, "the next item would be the first"),
    FIELDS_END,
};

#define WINDOW(row, onnx_name, ...)                                                                \
    static enum status row##_forward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        (void)context;                                                                             \
        fill_window(call, (const double[]){__VA_ARGS__});                                          \
        return OK;                                                                                 \
    }                                                                                              \
    DESCRIPTOR(row, onnx_name, 1, window_infer, window_fields, sizeof(struct signal_window_attr))

#define DESCRIPTOR(row, onnx_name, inputs, infer_call, fields, bytes)                              \
    const struct op op_##row = {                                                                   \
        .name = onnx_name,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .min_outputs = 1,                                                                          \
        .max_outputs = 1,                                                                          \
        .attr = fields,                                                                            \
        .attr_bytes = bytes,                                                                       \
        .since_opset = 17,                                                                         \
        .infer = infer_call,                                                                       \
        .forward = row##_forward,                                                                  \
        .cost = cost_moves,                                                                        \
        .map_axes = axes_none,                                                                     \
    };

WINDOW(blackman_window, "BlackmanWindow", 0.42, 0.5, 0.08)
WINDOW(hamming_window, "HammingWindow", 25.0 / 46, 21.0 / 46, 0)
WINDOW(hann_window, "HannWindow", 0.5, 0.5, 0)

// ---- MelWeightMatrix ---------------------------------------------------------------------------

enum { MEL_BINS, DFT_LENGTH, SAMPLE_RATE, LOWER_HERTZ, UPPER_HERTZ, MEL_INPUTS };

// Rows are bins of the spectrogram, columns those of the mel scale.
static enum status mel_weight_matrix_infer(struct context *context, const struct op_call *call)
{
    enum dtype dtype = DT_NONE;
    bool is_known = true;

    for (int i = 0; i < MEL_INPUTS; i++)
        TRY(check_scalar(context, call, i, i < LOWER_HERTZ));
    TRY(output_dtype(context, ((const struct mel_attr *)call->attr)->output_datatype, &dtype));
    for (int i = 0; i < LOWER_HERTZ; i++)
        is_known &= input_has_data(call, i);
    if (!is_known) {
        set_output_unknown(call, 0, dtype);
        return OK;
    }
    for (int i = 0; i < LOWER_HERTZ; i++)
        if (tensor_get_int(call->input[i], 0) <= 0)
            return context_fail(context, ERR_SHAPE, "input %d is %lld, wants more than 0", i,
                                (long long)tensor_get_int(call->input[i], 0));
    struct shape y = SHAPE(tensor_get_int(call->input[DFT_LENGTH], 0) / 2 + 1,
                           tensor_get_int(call->input[MEL_BINS], 0));
    return set_output(context, call, 0, dtype, &y);
}

// The bin of the spectrogram at which edge i of the mel scale lies; ERR_NUMERIC outside.
static enum status mel_edge(struct context *context, const struct op_call *call, int64_t i,
                            int64_t *edge)
{
    const struct shape *y = &call->output[0]->shape;
    double low = 2595 * log10(1 + tensor_get(call->input[LOWER_HERTZ], 0) / 700);
    double high = 2595 * log10(1 + tensor_get(call->input[UPPER_HERTZ], 0) / 700);
    double mel = low + (double)i * ((high - low) / (double)(y->dim[1] + 2));
    double hertz = 700 * (pow(10, mel / 2595) - 1);
    double bin = floor((tensor_get(call->input[DFT_LENGTH], 0) + 1) * hertz /
                       tensor_get(call->input[SAMPLE_RATE], 0));

    if (!(bin >= 0 && bin < (double)y->dim[0]))
        return context_fail(context, ERR_NUMERIC, "%g Hz are outside the spectrogram", hertz);
    *edge = (int64_t)bin;
    return OK;
}

static enum status mel_weight_matrix_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];
    int64_t columns = y->shape.dim[1], edge[3] = {0};

    memset(tensor_write(y), 0, tensor_bytes(y));
    for (int64_t i = 0; i < columns; i++) {
        for (int k = 0; k < 3; k++)
            TRY(mel_edge(context, call, i + k, &edge[k]));
        double rise = (double)(edge[1] - edge[0]), fall = (double)(edge[2] - edge[1]);
        for (int64_t row = edge[0]; row < edge[1]; row++)
            tensor_set(y, row * columns + i, (double)(row - edge[0]) / rise);
        tensor_set(y, edge[1] * columns + i, 1);
        for (int64_t row = edge[1] + 1; row < edge[2]; row++)
            tensor_set(y, row * columns + i, (double)(edge[2] - row) / fall);
    }
    return OK;
}

static const struct field mel_fields[] = {
    FIELD(struct mel_attr, output_datatype, "1", 0, 0, "TensorProto.DataType"),
    FIELDS_END,
};

DESCRIPTOR(mel_weight_matrix, "MelWeightMatrix", MEL_INPUTS, mel_weight_matrix_infer, mel_fields,
           sizeof(struct mel_attr))
