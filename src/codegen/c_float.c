// Float nodes in C that call a template: convolutions, products, pools, softmax.
#include <string.h>

#include "codegen/codegen_internal.h"
#include "ops/attr.h"
#include "ops/window.h"

static enum status conv(struct c_writer *w, const struct node *node)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct tensor *weight = c_constant(w, node, 1);
    const struct conv_attr *attr = node->attr;
    bool has_bias = node->input_count > 2 && value_exists(node->input[2]);
    struct window window;
    int64_t number[15];

    if (!weight || x->rank != 4 || (has_bias && !c_constant(w, node, 2)))
        return c_unsupported(w, node, "only 2-D convolutions by constants have a C form");
    const int64_t kernel[2] = {weight->shape.dim[2], weight->shape.dim[3]};
    struct window_attr window_attr = {attr->auto_pad,  {2, kernel}, attr->strides,
                                      attr->dilations, attr->pads,  false};
    TRY(window_from(w->context, x, &window_attr, &window));
    c_window_numbers(&window, x->dim[1], weight->shape.dim[0], attr->group, number);
    c_use(w, C_TEMPLATE_conv_f32);
    text_format(&w->body, "    model_conv_f32(%s, %s, %s, %s, %s);\n", c_window(w, number),
                c_at(w, node->input[1]), has_bias ? c_at(w, node->input[2]) : "0",
                c_at(w, node->input[0]), c_at(w, node->output[0]));
    return OK;
}

static void product(struct c_writer *w, const struct node *node, int64_t rows, int64_t columns,
                    int64_t inner, bool is_turned, double alpha)
{
    c_use(w, C_TEMPLATE_gemm_f32);
    text_format(&w->body, "    model_gemm_f32(%lld, %lld, %lld, %d, ", (long long)rows,
                (long long)columns, (long long)inner, is_turned);
    c_float(&w->body, alpha);
    text_format(&w->body, ", %s, %s, %s);\n", c_at(w, node->input[0]), c_at(w, node->input[1]),
                c_at(w, node->output[0]));
}

// beta * c, broadcast over the rows or not, onto what is in y.
static void add_bias(struct c_writer *w, const struct node *node, double beta, int64_t rows,
                     int64_t columns)
{
    int64_t count = tensor_count(c_tensor(w, node->input[2]));

    text_format(&w->body,
                "    {\n        long i;\n        for (i = 0; i < %lld; i++)\n"
                "            (%s)[i] += ",
                (long long)(rows * columns), c_at(w, node->output[0]));
    c_float(&w->body, beta);
    text_format(&w->body, " * (%s)[%s", c_at(w, node->input[2]), count == 1 ? "0" : "i");
    if (count == columns && rows > 1)
        text_format(&w->body, " %% %lld", (long long)columns);
    text_add(&w->body, "];\n    }\n");
}

static enum status gemm(struct c_writer *w, const struct node *node)
{
    const struct shape *y = &c_tensor(w, node->output[0])->shape;
    const struct shape *a = &c_tensor(w, node->input[0])->shape;
    const struct gemm_attr *attr = node->attr;
    bool has_bias = node->input_count > 2 && value_exists(node->input[2]);
    int64_t count = has_bias ? tensor_count(c_tensor(w, node->input[2])) : 1;

    if (attr->transA || (count != 1 && count != y->dim[1] && count != shape_count(y)))
        return c_unsupported(w, node, "this form of product has no C form");
    product(w, node, y->dim[0], y->dim[1], a->dim[1], attr->transB != 0, attr->alpha);
    if (has_bias)
        add_bias(w, node, attr->beta, y->dim[0], y->dim[1]);
    return OK;
}

static enum status mat_mul(struct c_writer *w, const struct node *node)
{
    const struct shape *a = &c_tensor(w, node->input[0])->shape;
    const struct shape *b = &c_tensor(w, node->input[1])->shape;

    if (b->rank != 2 || a->rank < 2)
        return c_unsupported(w, node, "only products by a matrix have a C form");
    int64_t inner = a->dim[a->rank - 1];
    product(w, node, inner ? shape_count(a) / inner : 0, b->dim[1], inner, false, 1);
    return OK;
}

static enum status pool(struct c_writer *w, const struct node *node)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct pool_attr *attr = node->attr;
    struct window_attr window_attr = {attr->auto_pad,  attr->kernel_shape, attr->strides,
                                      attr->dilations, attr->pads,         attr->ceil_mode != 0};
    struct window window;
    int64_t number[15];

    if (x->rank != 4 || (node->output_count > 1 && value_exists(node->output[1])))
        return c_unsupported(w, node, "only two-dimensional pools have a C form");
    TRY(window_from(w->context, x, &window_attr, &window));
    c_window_numbers(&window, x->dim[1], x->dim[1], 1, number);
    if (node_is(node, "MaxPool")) {
        c_use(w, C_TEMPLATE_max_pool_f32);
        text_format(&w->body, "    model_max_pool_f32(%s", c_window(w, number));
    } else {
        c_use(w, C_TEMPLATE_average_pool_f32);
        text_format(&w->body, "    model_average_pool_f32(%s, %d, %lld, %lld", c_window(w, number),
                    attr->count_include_pad != 0, (long long)window.pad_end[1],
                    (long long)window.pad_end[2]);
    }
    text_format(&w->body, ", %s, %s);\n", c_at(w, node->input[0]), c_at(w, node->output[0]));
    return OK;
}

static enum status softmax(struct c_writer *w, const struct node *node)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct softmax_attr *attr = node->attr;
    int64_t axis = attr->axis < 0 ? attr->axis + x->rank : attr->axis, outer = 1, inner = 1;

    for (int32_t i = 0; i < x->rank; i++) {
        outer *= i < axis ? x->dim[i] : 1;
        inner *= i > axis ? x->dim[i] : 1;
    }
    c_use(w, C_TEMPLATE_softmax_f32);
    text_format(&w->body, "    model_softmax_f32(%lld, %lld, %lld, %d, %s, %s);\n",
                (long long)outer, (long long)(x->rank ? x->dim[axis] : 1), (long long)inner,
                node_is(node, "LogSoftmax"), c_at(w, node->input[0]), c_at(w, node->output[0]));
    return OK;
}

static const struct {
    const char *op;
    enum status (*write)(struct c_writer *w, const struct node *node);
} writers[] = {
    {"AveragePool", pool}, {"Conv", conv},    {"Gemm", gemm},       {"LogSoftmax", softmax},
    {"MatMul", mat_mul},   {"MaxPool", pool}, {"Softmax", softmax},
};

enum status c_float_node(struct c_writer *w, const struct node *node)
{
    bool done = false;

    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        if (node_is(node, writers[i].op))
            return writers[i].write(w, node);
    TRY(c_loop_node(w, node, &done));
    return done ? OK : c_unsupported(w, node, "this operator has no C form");
}

bool c_float_has(const char *op_name)
{
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        if (strcmp(writers[i].op, op_name) == 0)
            return true;
    return c_loop_has(op_name);
}
