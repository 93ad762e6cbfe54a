// Nodes that are plain loops in C: elementwise operators with broadcasting, rearrangements, sums
// over axes, batch normalisation.
#include <math.h>
#include <string.h>

#include "codegen/codegen_internal.h"
#include "ops/attr.h"

// An array seen through strides, one for each loop.
struct strided {
    const char *at;
    int64_t base, stride[SHAPE_MAX_RANK];
};

static void open_loops(struct text *body, const struct shape *shape, unsigned axes)
{
    text_add(body, "    {\n        long t = 0");
    for (int i = 0; i < shape->rank; i++)
        text_format(body, ", i%d", i);
    text_add(body, ";\n");
    for (int i = 0; i < shape->rank; i++)
        if (axes >> i & 1)
            text_format(body, "        for (i%d = 0; i%d < %lld; i%d++)\n", i, i,
                        (long long)shape->dim[i], i);
}

static void element(struct text *body, const struct strided *array, int32_t rank)
{
    text_format(body, "(%s)[%lld", array->at, (long long)array->base);
    for (int i = 0; i < rank; i++)
        if (array->stride[i])
            text_format(body, " + i%d * %lld", i, (long long)array->stride[i]);
    text_add(body, "]");
}

static void own_strides(const struct shape *shape, int64_t stride[SHAPE_MAX_RANK])
{
    int64_t step = 1;

    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape->dim[i];
    }
}

// Strides of an operand over the loops of the result: 0 where it is stretched.
static struct strided operand(struct c_writer *w, struct value_id id, const struct shape *result)
{
    const struct shape *shape = &c_tensor(w, id)->shape;
    struct strided out = {c_at(w, id), 0, {0}};
    int64_t own[SHAPE_MAX_RANK];
    int skip = result->rank - shape->rank;

    own_strides(shape, own);
    for (int i = 0; i < shape->rank; i++)
        out.stride[i + skip] = shape->dim[i] == 1 ? 0 : own[i];
    return out;
}

// ---- elementwise -------------------------------------------------------------------------------

// x: the element; a, b: parameters.
static const struct {
    const char *op, *expression;
    bool needs_math;
} unary[] = {
    {"Abs", "x < 0 ? -x : x", false},
    {"Ceil", "ceilf(x)", true},
    {"Clip", "x < a ? a : x > b ? b : x", false},
    {"Elu", "x < 0 ? a * expm1f(x) : x", true},
    {"Erf", "erff(x)", true},
    {"Exp", "expf(x)", true},
    {"Floor", "floorf(x)", true},
    {"Gelu", "0.5f * x * (1 + erff(x * 0.70710678f))", true},
    {"HardSigmoid", "a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b", false},
    {"HardSwish", "x <= -3 ? 0 : x >= 3 ? x : x * (x / 6 + 0.5f)", false},
    {"LeakyRelu", "x < 0 ? a * x : x", false},
    {"Log", "logf(x)", true},
    {"Neg", "-x", false},
    {"Reciprocal", "1 / x", false},
    {"Relu", "x > 0 ? x : 0", false},
    {"Sigmoid", "1 / (1 + expf(-x))", true},
    {"Sqrt", "sqrtf(x)", true},
    {"Tanh", "tanhf(x)", true},
};

// p, q: the operands.
static const struct {
    const char *op, *expression;
    bool needs_math;
} binary[] = {
    {"Add", "p + q", false},         {"Div", "p / q", false}, {"Max", "p > q ? p : q", false},
    {"Min", "p < q ? p : q", false}, {"Mul", "p * q", false}, {"Pow", "powf(p, q)", true},
    {"Sub", "p - q", false},
};

static enum status parameters(struct c_writer *w, const struct node *node, double *a, double *b)
{
    *a = 0;
    *b = 0;
    if (node_is(node, "LeakyRelu") || node_is(node, "Elu") || node_is(node, "HardSigmoid")) {
        const struct activation_attr *attr = node->attr;
        *a = attr->alpha;
        *b = attr->beta;
    }
    if (node_is(node, "Clip")) {
        const struct tensor *low = c_constant(w, node, 1), *high = c_constant(w, node, 2);
        for (int i = 1; i < node->input_count; i++)
            if (value_exists(node->input[i]) && !c_constant(w, node, i))
                return c_unsupported(w, node, "only constant bounds have a C form");
        *a = low ? tensor_get(low, 0) : -INFINITY;
        *b = high ? tensor_get(high, 0) : INFINITY;
    }
    if (node_is(node, "Gelu") &&
        strcmp(((const struct gelu_attr *)node->attr)->approximate, "none") != 0)
        return c_unsupported(w, node, "only exact Gelu has a C form");
    return OK;
}

static enum status write_unary(struct c_writer *w, const struct node *node, const char *expression)
{
    double a, b;

    TRY(parameters(w, node, &a, &b));
    text_format(&w->body, "    {\n        long i;\n        for (i = 0; i < %lld; i++) {\n",
                (long long)tensor_count(c_tensor(w, node->output[0])));
    text_format(&w->body, "            const float x = (%s)[i]", c_at(w, node->input[0]));
    if (a != 0 || b != 0) {
        text_add(&w->body, ", a = ");
        c_float(&w->body, a);
        text_add(&w->body, ", b = ");
        c_float(&w->body, b);
        text_add(&w->body, ";\n            (void)b");
    }
    text_format(&w->body, ";\n            (%s)[i] = %s;\n        }\n    }\n",
                c_at(w, node->output[0]), expression);
    return OK;
}

static enum status write_binary(struct c_writer *w, const struct node *node, const char *expression)
{
    const struct shape *y = &c_tensor(w, node->output[0])->shape;
    struct strided p, q;

    if (node->input_count != 2)
        return c_unsupported(w, node, "only two operands have a C form");
    p = operand(w, node->input[0], y);
    q = operand(w, node->input[1], y);
    open_loops(&w->body, y, ~0u);
    text_add(&w->body, "        {\n            const float p = ");
    element(&w->body, &p, y->rank);
    text_add(&w->body, ", q = ");
    element(&w->body, &q, y->rank);
    text_format(&w->body, ";\n            (%s)[t++] = %s;\n        }\n    }\n",
                c_at(w, node->output[0]), expression);
    return OK;
}

// ---- rearrangements ----------------------------------------------------------------------------

static void copy_strided(struct c_writer *w, const struct node *node, const struct strided *from)
{
    const struct shape *y = &c_tensor(w, node->output[0])->shape;

    open_loops(&w->body, y, ~0u);
    text_format(&w->body, "            (%s)[t++] = ", c_at(w, node->output[0]));
    element(&w->body, from, y->rank);
    text_add(&w->body, ";\n    }\n");
}

static enum status transpose(struct c_writer *w, const struct node *node)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct transpose_attr *attr = node->attr;
    struct strided from = {c_at(w, node->input[0]), 0, {0}};
    int64_t own[SHAPE_MAX_RANK];

    own_strides(x, own);
    for (int i = 0; i < x->rank; i++)
        from.stride[i] = own[attr->perm.count ? attr->perm.at[i] : x->rank - 1 - i];
    copy_strided(w, node, &from);
    return OK;
}

static enum status expand(struct c_writer *w, const struct node *node)
{
    struct strided from = operand(w, node->input[0], &c_tensor(w, node->output[0])->shape);

    copy_strided(w, node, &from);
    return OK;
}

static int64_t entry(const struct tensor *list, int64_t i, int64_t otherwise)
{
    return list ? tensor_get_int(list, i) : otherwise;
}

static enum status slice(struct c_writer *w, const struct node *node)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct tensor *starts = c_constant(w, node, 1), *axes = c_constant(w, node, 3);
    const struct tensor *steps = c_constant(w, node, 4);
    struct strided from = {c_at(w, node->input[0]), 0, {0}};

    if (!starts || (node->input_count > 3 && value_exists(node->input[3]) && !axes) ||
        (node->input_count > 4 && value_exists(node->input[4]) && !steps))
        return c_unsupported(w, node, "only constant slices have a C form");
    own_strides(x, from.stride);
    for (int64_t i = 0; i < tensor_count(starts); i++) {
        int64_t axis = entry(axes, i, i), step = entry(steps, i, 1), start = entry(starts, i, 0);
        axis += axis < 0 ? x->rank : 0;
        int64_t dim = x->dim[axis], last = step < 0 ? dim - 1 : dim;
        start += start < 0 ? dim : 0;
        start = start < 0 ? 0 : start > last ? last : start;
        from.base += start * from.stride[axis];
        from.stride[axis] *= step;
    }
    copy_strided(w, node, &from);
    return OK;
}

// Each input goes to its place in y.
static void place(struct c_writer *w, const struct node *node, int input, int64_t base)
{
    const struct shape *x = &c_tensor(w, node->input[input])->shape;
    struct strided to = {c_at(w, node->output[0]), base, {0}};

    own_strides(&c_tensor(w, node->output[0])->shape, to.stride);
    open_loops(&w->body, x, ~0u);
    text_add(&w->body, "            ");
    element(&w->body, &to, x->rank);
    text_format(&w->body, " = (%s)[t++];\n    }\n", c_at(w, node->input[input]));
}

static enum status concat(struct c_writer *w, const struct node *node)
{
    const struct shape *y = &c_tensor(w, node->output[0])->shape;
    int64_t axis = ((const struct axis_attr *)node->attr)->axis, base = 0;
    int64_t stride[SHAPE_MAX_RANK];

    axis += axis < 0 ? y->rank : 0;
    own_strides(y, stride);
    for (int i = 0; i < node->input_count; i++) {
        place(w, node, i, base);
        base += c_tensor(w, node->input[i])->shape.dim[axis] * stride[axis];
    }
    return OK;
}

static enum status pad(struct c_writer *w, const struct node *node)
{
    const struct shape *y = &c_tensor(w, node->output[0])->shape;
    const struct tensor *pads = c_constant(w, node, 1), *filler = c_constant(w, node, 2);
    int64_t stride[SHAPE_MAX_RANK], base = 0;

    if (strcmp(((const struct pad_attr *)node->attr)->mode, "constant") != 0 || !pads ||
        tensor_count(pads) != 2 * y->rank || (node->input_count > 3 && c_constant(w, node, 3)) ||
        (node->input_count > 2 && value_exists(node->input[2]) && !filler))
        return c_unsupported(w, node, "only constant padding of all axes has a C form");
    own_strides(y, stride);
    for (int i = 0; i < 2 * y->rank; i++) {
        if (tensor_get_int(pads, i) < 0)
            return c_unsupported(w, node, "padding that cuts has no C form");
        base += i < y->rank ? tensor_get_int(pads, i) * stride[i] : 0;
    }
    text_format(&w->body,
                "    {\n        long i;\n        for (i = 0; i < %lld; i++)\n"
                "            (%s)[i] = ",
                (long long)shape_count(y), c_at(w, node->output[0]));
    c_float(&w->body, filler ? tensor_get(filler, 0) : 0);
    text_add(&w->body, ";\n    }\n");
    place(w, node, 0, base);
    return OK;
}

// ---- sums --------------------------------------------------------------------------------------

static bool reduced_axes(struct c_writer *w, const struct node *node, int32_t rank, unsigned *axes)
{
    const struct tensor *list = c_constant(w, node, 1);
    const struct reduce_attr *attr = node->attr;

    *axes = 0;
    if (node_is(node, "GlobalAveragePool")) {
        *axes = ((1u << rank) - 1) & ~3u;
        return true;
    }
    if (node->input_count > 1 && value_exists(node->input[1]) && !list)
        return false;
    int64_t count = list ? tensor_count(list) : attr->axes.count;
    for (int64_t i = 0; i < count; i++) {
        int64_t axis = list ? tensor_get_int(list, i) : attr->axes.at[i];
        *axes |= 1u << (axis < 0 ? axis + rank : axis);
    }
    if (count == 0 && !attr->noop_with_empty_axes)
        *axes = (1u << rank) - 1;
    return true;
}

static enum status reduce(struct c_writer *w, const struct node *node)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    struct strided from = {c_at(w, node->input[0]), 0, {0}};
    int64_t count = 1;
    unsigned axes;

    if (!reduced_axes(w, node, x->rank, &axes))
        return c_unsupported(w, node, "only constant axes have a C form");
    own_strides(x, from.stride);
    open_loops(&w->body, x, ~axes);
    text_add(&w->body, "        {\n            float sum = 0;\n");
    for (int i = 0; i < x->rank; i++)
        if (axes >> i & 1) {
            text_format(&w->body, "            for (i%d = 0; i%d < %lld; i%d++)\n", i, i,
                        (long long)x->dim[i], i);
            count *= x->dim[i];
        }
    text_add(&w->body, "                sum += ");
    element(&w->body, &from, x->rank);
    text_format(&w->body, ";\n            (%s)[t++] = sum", c_at(w, node->output[0]));
    if (!node_is(node, "ReduceSum"))
        text_format(&w->body, " / %lld", (long long)count);
    text_add(&w->body, ";\n        }\n    }\n");
    return OK;
}

// As one multiplication and addition a channel.
static enum status batch_normalization(struct c_writer *w, const struct node *node)
{
    const struct shape *x = &c_tensor(w, node->input[0])->shape;
    const struct batch_normalization_attr *attr = node->attr;
    struct tensor factor, offset;
    int64_t inner = 1;

    for (int i = 1; i < 5; i++)
        if (!c_constant(w, node, i))
            return c_unsupported(w, node, "only constant statistics have a C form");
    for (int i = 2; i < x->rank; i++)
        inner *= x->dim[i];
    const struct shape channels = SHAPE(x->dim[1]);
    TRY(tensor_alloc(w->context, &factor, DT_F32, &channels));
    enum status status = tensor_alloc(w->context, &offset, DT_F32, &channels);
    if (status != OK) {
        tensor_release(&factor);
        return status;
    }
    for (int64_t c = 0; c < x->dim[1]; c++) {
        double f = tensor_get(c_constant(w, node, 1), c) /
                   sqrt(tensor_get(c_constant(w, node, 4), c) + attr->epsilon);
        tensor_set(&factor, c, f);
        tensor_set(&offset, c,
                   tensor_get(c_constant(w, node, 2), c) -
                       f * tensor_get(c_constant(w, node, 3), c));
    }
    int factors = c_floats(w, &factor), offsets = c_floats(w, &offset);
    tensor_release(&factor);
    tensor_release(&offset);
    text_format(&w->body,
                "    {\n        long i;\n        for (i = 0; i < %lld; i++)\n"
                "            (%s)[i] = (%s)[i] * model_w%d[i / %lld %% %lld] +\n"
                "                model_w%d[i / %lld %% %lld];\n    }\n",
                (long long)shape_count(x), c_at(w, node->output[0]), c_at(w, node->input[0]),
                factors, (long long)inner, (long long)x->dim[1], offsets, (long long)inner,
                (long long)x->dim[1]);
    return OK;
}

static const struct {
    const char *op;
    enum status (*write)(struct c_writer *w, const struct node *node);
} writers[] = {
    {"BatchNormalization", batch_normalization},
    {"Concat", concat},
    {"Expand", expand},
    {"GlobalAveragePool", reduce},
    {"Pad", pad},
    {"ReduceMean", reduce},
    {"ReduceSum", reduce},
    {"Slice", slice},
    {"Transpose", transpose},
};

enum status c_loop_node(struct c_writer *w, const struct node *node, bool *done)
{
    *done = true;
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        if (node_is(node, writers[i].op))
            return writers[i].write(w, node);
    for (size_t i = 0; i < sizeof unary / sizeof *unary; i++)
        if (node_is(node, unary[i].op)) {
            w->needs_math |= unary[i].needs_math;
            return write_unary(w, node, unary[i].expression);
        }
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++)
        if (node_is(node, binary[i].op)) {
            w->needs_math |= binary[i].needs_math;
            return write_binary(w, node, binary[i].expression);
        }
    *done = false;
    return OK;
}

bool c_loop_has(const char *op_name)
{
    bool has = false;

    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        has |= strcmp(writers[i].op, op_name) == 0;
    for (size_t i = 0; i < sizeof unary / sizeof *unary; i++)
        has |= strcmp(unary[i].op, op_name) == 0;
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++)
        has |= strcmp(binary[i].op, op_name) == 0;
    return has;
}
