// Nodes of the integer plan in C. Integers are stored as int8: those of a uint8 grid less 128.
#include "codegen/codegen_internal.h"
#include "ops/attr.h"
#include "ops/window.h"

static int shift_of(const struct c_writer *w, struct value_id id)
{
    return w->plan->value[id.at].low == 0 ? 128 : 0;
}

static int zero_of(const struct c_writer *w, struct value_id id)
{
    return w->plan->value[id.at].zero_point - shift_of(w, id);
}

static const char *grid_of(const struct c_writer *w, const struct integer_node *at)
{
    int shift = shift_of(w, at->y);

    if (!at->y_grid.is_set)
        return "(struct model_grid){0, 0, 0}";
    return arena_format(w->arena, "(struct model_grid){%d, %d, %d}", at->y_grid.zero_point - shift,
                        at->y_grid.low - shift, at->y_grid.high - shift);
}

static enum status conv_window(struct c_writer *w, const struct node *node,
                               const struct integer_node *at, int64_t number[15])
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct shape *weight = &c_tensor(w, node->input[1])->shape;
    const struct conv_attr *attr = node->attr;
    struct window window;

    if (at->kind == INTEGER_GEMM) {
        const int64_t plain[15] = {x->dim[1], 1, 1, at->channels, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1};
        for (int i = 0; i < 15; i++)
            number[i] = plain[i];
        return OK;
    }
    if (at->kind == INTEGER_AFFINE) {
        const int64_t each[15] = {x->dim[1], x->dim[2], x->dim[3], x->dim[1], 1, 1, 1, 1, 0, 0, 1,
                                  1,         x->dim[1], x->dim[2], x->dim[3]};
        for (int i = 0; i < 15; i++)
            number[i] = each[i];
        return OK;
    }
    const int64_t kernel[2] = {weight->dim[2], weight->dim[3]};
    struct window_attr window_attr = {attr->auto_pad,  {2, kernel}, attr->strides,
                                      attr->dilations, attr->pads,  false};
    TRY(window_from(w->context, x, &window_attr, &window));
    c_window_numbers(&window, x->dim[1], at->channels, attr->group, number);
    return OK;
}

static enum status conv(struct c_writer *w, const struct node *node, const struct integer_node *at)
{
    struct tensor scale = {DT_F32, SHAPE(at->channels), NULL, 0};
    const char *weights = c_weights(w, at->weight, at->weight_count);
    int64_t number[15], row = at->channels ? at->weight_count / at->channels : 0;
    int bias = c_ints(w, at->bias, at->channels), scales;

    TRY(conv_window(w, node, at, number));
    TRY(tensor_alloc(w->context, &scale, DT_F32, &scale.shape));
    for (int i = 0; i < at->channels; i++)
        tensor_set(&scale, i, (double)at->scale[i]);
    scales = c_floats(w, &scale);
    tensor_release(&scale);
    w->row_count = row > w->row_count ? row : w->row_count;
    c_use(w, C_TEMPLATE_conv_i8);
    text_format(&w->body,
                "    model_conv_i8(%s, %s, model_w%d,\n                  model_w%d, %d, %s,\n"
                "                  row, %s, %s, %s);\n",
                c_window(w, number), weights, bias, scales, zero_of(w, at->x), grid_of(w, at),
                c_at(w, at->x), at->y_grid.is_set ? c_at(w, at->y) : "0",
                at->y_grid.is_set ? "0" : c_at(w, at->y));
    return OK;
}

static void add(struct c_writer *w, const struct integer_node *at)
{
    c_use(w, C_TEMPLATE_add_i8);
    text_format(&w->body, "    model_add_i8(%lld, %d, %d, ",
                (long long)tensor_count(c_tensor(w, at->y)), zero_of(w, at->x), zero_of(w, at->x2));
    c_float(&w->body, (double)at->scale_a);
    text_add(&w->body, ", ");
    c_float(&w->body, (double)at->scale_b);
    text_format(&w->body, ", %s,\n                 %s, %s, %s);\n", grid_of(w, at), c_at(w, at->x),
                c_at(w, at->x2), c_at(w, at->y));
}

// Samples are run one by one, so that the parts lie one behind the other: sums with nothing.
static void concat(struct c_writer *w, const struct integer_node *at)
{
    int64_t offset = 0;

    c_use(w, C_TEMPLATE_add_i8);
    for (int i = 0; i < at->part_count; i++) {
        const struct integer_part *part = &at->part[i];
        int64_t count = tensor_count(c_tensor(w, part->x));

        text_format(&w->body, "    model_add_i8(%lld, %d, %d, ", (long long)count,
                    zero_of(w, part->x), zero_of(w, part->x));
        c_float(&w->body, (double)part->scale);
        text_format(&w->body, ", 0, %s,\n                 %s, %s, %s + %lld);\n", grid_of(w, at),
                    c_at(w, part->x), c_at(w, part->x), c_at(w, at->y), (long long)offset);
        offset += count;
    }
}

static void mean(struct c_writer *w, const struct node *node, const struct integer_node *at)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;

    c_use(w, C_TEMPLATE_mean_i8);
    text_format(&w->body, "    model_mean_i8(%d, %lld, %d, ", at->channels,
                (long long)(x->dim[2] * x->dim[3]), zero_of(w, at->x));
    c_float(&w->body, (double)at->scale_a);
    text_format(&w->body, ", %s, %s, %s);\n", grid_of(w, at), c_at(w, at->x), c_at(w, at->y));
}

static enum status max_pool(struct c_writer *w, const struct node *node,
                            const struct integer_node *at)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct pool_attr *attr = node->attr;
    struct window_attr window_attr = {attr->auto_pad,  attr->kernel_shape, attr->strides,
                                      attr->dilations, attr->pads,         attr->ceil_mode != 0};
    struct window window;
    int64_t number[15];

    TRY(window_from(w->context, x, &window_attr, &window));
    c_window_numbers(&window, x->dim[1], x->dim[1], 1, number);
    c_use(w, C_TEMPLATE_max_pool_i8);
    text_format(&w->body, "    model_max_pool_i8(%s, %s, %s);\n", c_window(w, number),
                c_at(w, at->x), c_at(w, at->y));
    return OK;
}

static void quantize(struct c_writer *w, const struct integer_node *at)
{
    c_use(w, C_TEMPLATE_quantize_i8);
    text_format(&w->body, "    model_quantize_i8(%lld, ",
                (long long)tensor_count(c_tensor(w, at->y)));
    c_float(&w->body, (double)at->y_grid.scale);
    text_format(&w->body, ", %s, %s, %s);\n", grid_of(w, at), c_at(w, at->x), c_at(w, at->y));
}

static void dequantize(struct c_writer *w, const struct integer_node *at)
{
    c_use(w, C_TEMPLATE_dequantize_i8);
    text_format(&w->body, "    model_dequantize_i8(%lld, ",
                (long long)tensor_count(c_tensor(w, at->y)));
    c_float(&w->body, (double)at->x_grid.scale);
    text_format(&w->body, ", %d, %s, %s);\n", zero_of(w, at->x), c_at(w, at->x), c_at(w, at->y));
}

enum status c_integer_node(struct c_writer *w, uint32_t n)
{
    const struct node *node = &w->graph->node[n];
    const struct integer_node *at = &w->plan->node[n];

    switch (at->kind) {
    case INTEGER_CONV:
    case INTEGER_GEMM:
    case INTEGER_AFFINE:
        return conv(w, node, at);
    case INTEGER_ADD:
        add(w, at);
        break;
    case INTEGER_MEAN:
        mean(w, node, at);
        break;
    case INTEGER_MAXPOOL:
        return max_pool(w, node, at);
    case INTEGER_CONCAT:
        concat(w, at);
        break;
    case INTEGER_QUANTIZE:
        quantize(w, at);
        break;
    case INTEGER_DEQUANTIZE:
        dequantize(w, at);
        break;
    case INTEGER_NONE:
    case INTEGER_SKIP:
        break;
    }
    return OK;
}
