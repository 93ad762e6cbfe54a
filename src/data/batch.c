// Filling a model's input from stored samples.
#include "data/batch.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 256 };

static size_t element_bytes(enum dtype dtype)
{
    return (size_t)dtype_info[dtype].bits / 8;
}

// Where element i of the stored sample goes in the model's, and which channel it is of.
static int64_t place(const struct batch_input *input, int64_t i, int64_t *channel)
{
    int64_t pixel;

    if (input->from_nhwc) {
        *channel = i % input->channels;
        pixel = i / input->channels;
    } else {
        *channel = i / input->pixels;
        pixel = i % input->pixels;
    }
    return input->to_nhwc ? pixel * input->channels + *channel : *channel * input->pixels + pixel;
}

static void scale_planes(const struct batch_input *input, float *values)
{
    for (int64_t c = 0; c < input->channels; c++) {
        float a = input->a[c], b = input->b[c];
        for (int64_t p = 0; p < input->pixels; p++)
            values[c * input->pixels + p] = values[c * input->pixels + p] * a + b;
    }
}

static void fill_floats(const struct batch_input *input, const unsigned char *from, float *out)
{
    enum dtype dtype = input->column->dtype;
    float piece[CHUNK];

    if (input->from_nhwc == input->to_nhwc && (input->is_identity || !input->from_nhwc)) {
        elements_to_f32(dtype, from, input->count, out);
        if (!input->is_identity)
            scale_planes(input, out);
        return;
    }
    for (int64_t i = 0; i < input->count; i += CHUNK) {
        int64_t n = input->count - i < CHUNK ? input->count - i : CHUNK, c;
        elements_to_f32(dtype, from + (size_t)i * element_bytes(dtype), n, piece);
        for (int64_t k = 0; k < n; k++) {
            float *to = &out[place(input, i + k, &c)];
            *to = piece[k] * input->a[c] + input->b[c];
        }
    }
}

// Any element as a double: exact but for 64-bit integers beyond 2^53, which no model indexes by.
static double element_at(enum dtype dtype, const unsigned char *at)
{
    double value = 0;
    float narrow;

#define READ(type)                                                                                 \
    do {                                                                                           \
        type element;                                                                              \
        memcpy(&element, at, sizeof element);                                                      \
        value = (double)element;                                                                   \
    } while (0)
    if (dtype == DT_F16 || dtype == DT_BF16) {
        elements_to_f32(dtype, at, 1, &narrow);
        return narrow;
    }
    FOR_TYPES(dtype, READ)
#undef READ
    return value;
}

// The ends of an integer type, as doubles that are inside it.
static void range_of(enum dtype dtype, double *low, double *high)
{
    int bits = dtype == DT_BOOL ? 1 : dtype_info[dtype].bits;

    *low = dtype_info[dtype].is_signed ? -ldexp(1, bits - 1) : 0;
    *high = ldexp(1, dtype_info[dtype].is_signed ? bits - 1 : bits) - 1;
    if (bits == 64) // 2^63 - 1 is no double
        *high = dtype_info[dtype].is_signed ? 0x1.fffffffffffffp62 : 0x1.fffffffffffffp63;
}

static void fill_integers(const struct batch_input *input, const unsigned char *from, void *out)
{
    size_t width = element_bytes(input->column->dtype);
    double low, high;
    int64_t c;

    range_of(input->dtype, &low, &high);
    for (int64_t i = 0; i < input->count; i++) {
        double value = element_at(input->column->dtype, from + (size_t)i * width);
        int64_t to = place(input, i, &c);
        value = value < low ? low : value > high ? high : value;
#define WRITE(type) ((type *)out)[to] = (type)value
        FOR_TYPES(input->dtype, WRITE)
#undef WRITE
    }
}

void batch_sample(const struct batch_input *input, int64_t sample, void *out)
{
    const unsigned char *from = dataset_bytes(input->data, input->column, sample);

    if (input->dtype == input->column->dtype && input->is_identity &&
        input->from_nhwc == input->to_nhwc)
        memcpy(out, from, input->column->bytes);
    else if (input->dtype == DT_F32)
        fill_floats(input, from, out);
    else
        fill_integers(input, from, out);
}

void batch_plain(const struct batch_input *input, const int64_t *sample, int64_t n, void *out)
{
    size_t bytes = (size_t)input->count * element_bytes(input->dtype);

    for (int64_t i = 0; i < n; i++)
        batch_sample(input, sample[i], (unsigned char *)out + (size_t)i * bytes);
}

size_t batch_n16_scratch_bytes(const struct batch_input *input)
{
    size_t wide = input->dtype == DT_F32 ? 0 : sizeof(int64_t); // of one sample as it is stored

    return (size_t)input->count * (N16_LANES * sizeof(float) + wide);
}

bool batch_fits_lanes(const struct batch_input *input)
{
    enum dtype dtype = input->column->dtype;

    if (dtype_info[input->dtype].is_float)
        return input->dtype == DT_F32;
    for (int64_t i = 0; i < input->data->count; i++) {
        const unsigned char *at = dataset_bytes(input->data, input->column, i);
        for (int64_t k = 0; k < input->count; k++)
            if (!(fabs(element_at(dtype, at + (size_t)k * element_bytes(dtype))) <= 0x1p24))
                return false;
    }
    return true;
}

// A sample as floats whatever the model takes; `wide` is behind those of all lanes.
static void sample_to_floats(const struct batch_input *input, int64_t sample, void *wide, float *to)
{
    if (input->dtype == DT_F32) {
        batch_sample(input, sample, to);
        return;
    }
    batch_sample(input, sample, wide);
    for (int64_t i = 0; i < input->count; i++)
        to[i] = (float)element_at(input->dtype, (const unsigned char *)wide +
                                                    (size_t)i * element_bytes(input->dtype));
}

void batch_n16(const struct batch_input *input, const struct kernels *kernels,
               const int64_t *sample, int lanes, float *out, void *scratch)
{
    const float *plain[N16_LANES] = {NULL};
    const uint8_t *pixels[N16_LANES] = {NULL};

    if (input->dtype == DT_F32 && input->column->dtype == DT_U8 && !input->from_nhwc &&
        !input->to_nhwc && input->channels <= INT32_MAX) {
        for (int i = 0; i < lanes; i++)
            pixels[i] = dataset_bytes(input->data, input->column, sample[i]);
        kernels->pack_n16_u8(pixels, (int)input->channels, (size_t)input->pixels, input->a,
                             input->b, out);
        return;
    }
    for (int i = 0; i < lanes; i++) {
        float *to = (float *)scratch + (size_t)i * (size_t)input->count;
        sample_to_floats(input, sample[i], (float *)scratch + N16_LANES * (size_t)input->count, to);
        plain[i] = to;
    }
    kernels->pack_n16(plain, (size_t)input->count, out);
}

void batch_labels(const struct dataset *data, const int64_t *sample, int64_t n, int32_t *label)
{
    for (int64_t i = 0; i < n; i++)
        label[i] = (int32_t)dataset_label(data, sample[i]);
}

enum status batch_check(struct context *context, const struct batch_input *input)
{
    size_t width = element_bytes(input->column->dtype);
    double low, high;

    if (input->dtype == DT_F32 || input->dtype == input->column->dtype)
        return OK;
    range_of(input->dtype, &low, &high);
    for (int64_t i = 0; i < input->data->count; i++) {
        const unsigned char *at = dataset_bytes(input->data, input->column, i);
        for (int64_t k = 0; k < input->count; k++) {
            double value = element_at(input->column->dtype, at + (size_t)k * width);
            if (!(value >= low && value <= high) || value != floor(value))
                return context_fail(
                    context, ERR_NUMERIC, "'%s': sample %lld holds %g, which the model's %s cannot",
                    input->data->name, (long long)i, value, dtype_info[input->dtype].name);
        }
    }
    return OK;
}
