// Every operator alone: values against ONNX Runtime, gradients against finite differences, int8
// against float, axis maps by cutting. The cases are the rows of tests/support/op_rows.py, which
// make_op_cases.py has written to testdata/ops/cases.txt together with the expected outputs.
#include <check.h>
#include <math.h>
#include <string.h>

#include "ir/axis_map.h"
#include "ops/attr.h"
#include "ops/shared.h"
#include "tests/support/op_case.h"

#define CASES "testdata/ops/cases.txt"

static const struct op_case *cases;
static int case_count;

// ---- values ------------------------------------------------------------------------------------

static void assert_near(const struct op_case *c, const struct tensor *got,
                        const struct tensor *expected, double tolerance)
{
    ck_assert_msg(shape_equal(&got->shape, &expected->shape), "%s: shape differs", c->label);
    for (int64_t i = 0; i < tensor_count(got); i++) {
        double a = tensor_get(got, i), b = tensor_get(expected, i);
        bool is_near = a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance * (1 + fabs(b));
        ck_assert_msg(is_near, "%s: item %lld is %.9g, not %.9g", c->label, (long long)i, a, b);
    }
}

static void assert_ok(const struct op_case *c, const struct op_run *run, enum status status)
{
    ck_assert_msg(status == OK, "%s: %s", c->label, run->context.error);
}

// Float results: sums of at most 100 products of numbers up to 4, each rounded to 24 bits.
static const double F32_TOLERANCE = 1e-5;

// What the expected output itself is rounded by.
static double tolerance_of(const struct tensor *expected)
{
    return dtype_is_half(expected->dtype) ? 1.0 / 1024 : F32_TOLERANCE;
}

START_TEST(forward_gives_what_onnx_runtime_gives)
{
    const struct op_case *c = &cases[_i];
    struct op_run run;

    op_run_init(&run, c, DT_NONE);
    assert_ok(c, &run, op_run_forward(&run));
    for (int k = 0; k < c->output_count; k++)
        if (c->has_output[k]) {
            bool is_float = dtype_info[run.output[k].dtype].is_float;
            ck_assert_msg(run.output[k].dtype == c->output[k].dtype, "%s: output %d is %s",
                          c->label, k, dtype_info[run.output[k].dtype].name);
            assert_near(c, &run.output[k], &c->output[k], is_float ? F32_TOLERANCE : 0);
        }
    op_run_clear(&run);
}
END_TEST

START_TEST(forward_in_f64_gives_the_same)
{
    const struct op_case *c = &cases[_i];
    struct op_run run;

    op_run_init(&run, c, DT_F64);
    assert_ok(c, &run, op_run_forward(&run));
    for (int k = 0; k < c->output_count; k++)
        if (c->has_output[k])
            assert_near(c, &run.output[k], &c->output[k], tolerance_of(&c->output[k]));
    op_run_clear(&run);
}
END_TEST

// The case with its floating inputs rounded to a half type, but held in f32.
static struct op_case rounded_case(const struct op_case *c, enum dtype half)
{
    struct op_case rounded = *c;
    struct context context;
    struct tensor narrow;

    context_init(&context);
    for (int i = 0; i < c->input_count; i++) {
        if (!c->has_input[i] || !dtype_info[c->input[i].dtype].is_float)
            continue;
        ck_assert_int_eq(tensor_convert(&context, &narrow, &c->input[i], half), OK);
        ck_assert_int_eq(tensor_convert(&context, &rounded.input[i], &narrow, DT_F32), OK);
        tensor_release(&narrow);
    }
    return rounded;
}

// Half results are those of f32 on the same inputs, rounded once: to 11 bits, 8 for bfloat16.
static void check_half(const struct op_case *c, enum dtype half, double tolerance)
{
    struct op_case rounded = rounded_case(c, half);
    struct op_run narrow, wide;

    op_run_init(&narrow, c, half);
    op_run_init(&wide, &rounded, DT_NONE);
    assert_ok(c, &wide, op_run_forward(&wide));
    assert_ok(c, &narrow, op_run_forward(&narrow));
    for (int k = 0; k < c->output_count; k++)
        if (c->has_output[k]) {
            struct tensor expected; // in the same type: too large a number is infinite there
            ck_assert_int_eq(
                tensor_convert(&wide.context, &expected, &wide.output[k], narrow.output[k].dtype),
                OK);
            assert_near(c, &narrow.output[k], &expected, tolerance);
            tensor_release(&expected);
        }
    op_run_clear(&narrow);
    op_run_clear(&wide);
    for (int i = 0; i < c->input_count; i++)
        if (rounded.input[i].buffer != c->input[i].buffer)
            tensor_release(&rounded.input[i]);
}

START_TEST(forward_in_half_precision_is_f32_rounded)
{
    check_half(&cases[_i], DT_F16, 1.0 / 1024);
    check_half(&cases[_i], DT_BF16, 1.0 / 128);
}
END_TEST

// ---- gradients ---------------------------------------------------------------------------------

// (f(x + h) - f(x - h)) / 2h in f64.
static double difference_quotient(struct op_run *run, int input, int64_t i)
{
    const double h = 1e-5;
    double x = tensor_get(&run->input[input], i), loss[2];

    for (int side = 0; side < 2; side++) {
        tensor_set(&run->input[input], i, side ? x + h : x - h);
        ck_assert_int_eq(op_run_forward(run), OK);
        loss[side] = op_run_loss(run);
    }
    tensor_set(&run->input[input], i, x);
    return (loss[1] - loss[0]) / (2 * h);
}

static bool is_differentiated(const struct op_run *run, const struct op_case *c, int input)
{
    return run->input_at[input] && !(c->fixed & 1u << input) &&
           dtype_info[run->input[input].dtype].is_float;
}

// Integers have no gradient even where the operator has a backward.
static bool has_gradients(const struct op_case *c)
{
    return c->op->backward && dtype_info[c->output[0].dtype].is_float;
}

static void check_input_gradient(struct op_run *run, const struct op_case *c, int input)
{
    for (int64_t i = 0; i < tensor_count(&run->input[input]); i++) {
        double got = tensor_get(&run->input_grad[input], i);
        double expected = difference_quotient(run, input, i);
        // h^2 times a third derivative, and 1e-16 / h from rounding the loss.
        ck_assert_msg(fabs(got - expected) <= 1e-6 * (1 + fabs(expected)),
                      "%s: gradient of input %d at %lld is %.9g, not %.9g", c->label, input,
                      (long long)i, got, expected);
    }
}

START_TEST(backward_agrees_with_finite_differences)
{
    const struct op_case *c = &cases[_i];
    struct op_run run;

    if (!has_gradients(c))
        return;
    op_run_init(&run, c, DT_F64);
    assert_ok(c, &run, op_run_forward(&run));
    assert_ok(c, &run, op_run_backward(&run, c->fixed));
    for (int i = 0; i < c->input_count; i++)
        if (is_differentiated(&run, c, i))
            check_input_gradient(&run, c, i);
    op_run_clear(&run);
}
END_TEST

START_TEST(backward_adds_to_what_is_there)
{
    const struct op_case *c = &cases[_i];
    struct op_run once, twice;

    if (!has_gradients(c))
        return;
    op_run_init(&once, c, DT_F32);
    op_run_init(&twice, c, DT_F32);
    assert_ok(c, &once, op_run_forward(&once));
    assert_ok(c, &once, op_run_backward(&once, c->fixed));
    assert_ok(c, &twice, op_run_forward(&twice));
    assert_ok(c, &twice, op_run_backward(&twice, c->fixed));
    assert_ok(c, &twice, op_run_backward(&twice, c->fixed));
    for (int i = 0; i < c->input_count; i++)
        for (int64_t k = 0; once.input_grad_at[i] && k < tensor_count(&once.input[i]); k++) {
            double one = tensor_get(&once.input_grad[i], k);
            double two = tensor_get(&twice.input_grad[i], k);
            // Adding to a running sum rounds differently from doubling it.
            ck_assert_msg(fabs(two - 2 * one) <= 1e-4 * (1 + fabs(one)),
                          "%s: gradient of input %d is %g, then %g", c->label, i, one, two);
        }
    op_run_clear(&once);
    op_run_clear(&twice);
}
END_TEST

// ---- int8 --------------------------------------------------------------------------------------

// Which output channel item i of the weight belongs to, and how many there are.
static int64_t weight_channel(const struct op_case *c, int64_t i, int64_t *count)
{
    const struct shape *w = &c->input[1].shape;
    int64_t columns = w->rank > 1 ? w->dim[w->rank - 1] : 1;

    if (strcmp(c->op->name, "Conv") == 0) {
        *count = w->dim[0];
        return i / (shape_count(w) / w->dim[0]);
    }
    if (strcmp(c->op->name, "Gemm") == 0 && ((const struct gemm_attr *)c->attr)->transB) {
        *count = w->dim[0];
        return i / columns;
    }
    *count = columns;
    return i % columns;
}

// An int8 or uint8 tensor and, in `real`, its numbers without their zero points.
static struct tensor quantized(const struct op_case *c, int input, enum dtype dtype,
                               const int32_t *zero, struct tensor *real)
{
    struct context context;
    struct tensor q;
    int64_t channels;

    context_init(&context);
    ck_assert_int_eq(tensor_alloc(&context, &q, dtype, &c->input[input].shape), OK);
    ck_assert_int_eq(tensor_alloc(&context, real, DT_F64, &c->input[input].shape), OK);
    for (int64_t i = 0; i < tensor_count(&q); i++) {
        int64_t channel = input ? weight_channel(c, i, &channels) : 0;
        tensor_set(&q, i, rint(tensor_get(&c->input[input], i) * 63) + (dtype == DT_U8 ? 128 : 0));
        tensor_set(real, i, tensor_get(&q, i) - zero[channel]);
    }
    return q;
}

static void check_i8(const struct op_case *c, enum dtype x_dtype)
{
    struct op_case integer = *c, real = *c;
    struct op_run as_real, run;
    int32_t x_zero = x_dtype == DT_U8 ? 131 : -3, w_zero[16];

    for (int i = 0; i < 16; i++)
        w_zero[i] = i % 5 - 2;
    integer.input_count = real.input_count = 2;
    integer.input[0] = quantized(c, 0, x_dtype, &x_zero, &real.input[0]);
    integer.input[1] = quantized(c, 1, DT_I8, w_zero, &real.input[1]);
    op_run_init(&as_real, &real, DT_NONE);
    op_run_init(&run, &integer, DT_NONE);
    assert_ok(c, &as_real, op_run_forward(&as_real));
    ck_assert_int_eq(tensor_alloc(&run.context, &run.output[0], DT_I32, &as_real.output[0].shape),
                     OK);
    run.call.scratch = NULL;
    op_run_add_scratch(&run);
    assert_ok(c, &run, c->op->forward_i8(&run.context, &run.call, x_zero, w_zero));
    assert_near(c, &run.output[0], &as_real.output[0], 0);
    op_run_clear(&as_real);
    op_run_clear(&run);
    for (int i = 0; i < 2; i++) {
        tensor_release(&integer.input[i]);
        tensor_release(&real.input[i]);
    }
}

START_TEST(int8_forward_is_exact)
{
    const struct op_case *c = &cases[_i];

    if (!c->op->forward_i8)
        return;
    if (strcmp(c->op->name, "Gemm") == 0 && ((const struct gemm_attr *)c->attr)->alpha != 1)
        return;
    check_i8(c, DT_I8);
    check_i8(c, DT_U8);
}
END_TEST

// ---- costs and axis maps -----------------------------------------------------------------------

START_TEST(costs_are_counts)
{
    const struct op_case *c = &cases[_i];
    struct op_cost cost = {-1, -2, false};
    struct op_run run;

    op_run_init(&run, c, DT_NONE);
    assert_ok(c, &run, op_run_infer(&run));
    ck_assert_msg(c->op->cost, "%s has no cost", c->label);
    c->op->cost(&run.call, &cost);
    ck_assert_msg(cost.macs >= 0 && cost.macs == floor(cost.macs), "%s: %g MACs", c->label,
                  cost.macs);
    ck_assert_msg(cost.weight_input >= -1 && cost.weight_input < c->input_count,
                  "%s: weight input %d", c->label, cost.weight_input);
    op_run_clear(&run);
}
END_TEST

START_TEST(products_count_their_macs)
{
    static const struct {
        const char *op, *attributes, *inputs;
        double macs;
    } rows[] = {
        {"Conv", "pads=1,1,1,1", "f32[2,3,8,8] f32[16,3,3,3]", 2.0 * 16 * 8 * 8 * 27},
        {"Conv", "group=4", "f32[1,4,8,8] f32[4,1,3,3]", 4.0 * 6 * 6 * 9},
        {"Gemm", "transA=1", "f32[10,3] f32[10,7]", 3.0 * 7 * 10},
        {"MatMul", "", "f32[5,2,3] f32[3,4]", 5.0 * 2 * 4 * 3},
        {"ConvTranspose", "strides=2,2", "f32[2,3,5,5] f32[3,4,2,2]", 2.0 * 3 * 25 * 16},
        {"ConvTranspose", "group=3", "f32[2,3,5,5] f32[3,4,2,2]", 2.0 * 3 * 25 * 16},
    };
    struct op_case c = op_case_of(rows[_i].op, rows[_i].attributes, rows[_i].inputs, 1);
    struct op_cost cost;
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    assert_ok(&c, &run, op_run_infer(&run));
    c.op->cost(&run.call, &cost);
    ck_assert_double_eq(cost.macs, rows[_i].macs);
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

enum { CUT_MAX_DIM = 128 };

// Which indices of every axis of every input and output go.
struct cut {
    bool at[2][CASE_MAX_ARGUMENTS][SHAPE_MAX_RANK][CUT_MAX_DIM];
};

static bool *cut_axis(struct cut *cut, const struct axis_end *end)
{
    return cut->at[end->side == AXIS_OUTPUT][end->slot][end->axis];
}

// One link, both ways: true if something was added.
static bool cut_along(struct cut *cut, const struct axis_link *link)
{
    bool *a = cut_axis(cut, &link->a) + link->first, *b = cut_axis(cut, &link->b), changed = false;

    for (int64_t k = 0; k < link->count; k++) {
        bool *group = b + link->offset + k * link->repeat, any = a[k];
        for (int64_t r = 0; r < link->repeat; r++)
            any |= group[r];
        for (int64_t r = 0; any && r < link->repeat; r++) {
            changed |= !group[r];
            group[r] = true;
        }
        changed |= any && !a[k];
        a[k] = any;
    }
    return changed;
}

static void close_cut(struct cut *cut, const struct axis_map *map)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < map->count; i++)
            changed |= cut_along(cut, &map->link[i]);
    }
}

// Whether the item at flat index i lies in a cut slice.
static bool is_cut(bool (*cut)[CUT_MAX_DIM], const struct shape *shape, int64_t i)
{
    for (int k = shape->rank - 1; k >= 0; k--) {
        if (cut[k][i % shape->dim[k]])
            return true;
        i /= shape->dim[k];
    }
    return false;
}

static struct tensor without_cut(const struct tensor *from, bool (*cut)[CUT_MAX_DIM])
{
    struct context context;
    struct shape shape = from->shape;
    struct tensor to;

    context_init(&context);
    for (int k = 0; k < shape.rank; k++)
        for (int64_t i = 0; i < from->shape.dim[k]; i++)
            shape.dim[k] -= cut[k][i];
    ck_assert_int_eq(tensor_alloc(&context, &to, from->dtype, &shape), OK);
    int64_t kept = 0;
    for (int64_t i = 0; i < tensor_count(from); i++)
        if (!is_cut(cut, &from->shape, i))
            tensor_set(&to, kept++, tensor_get(from, i));
    return to;
}

// The case with cut slices of its inputs zeroed, or taken out.
static struct op_case cut_case(const struct op_case *c, struct cut *cut, bool takes_out)
{
    static const bool nothing[SHAPE_MAX_RANK][CUT_MAX_DIM];
    struct op_case result = *c;
    bool uncut[SHAPE_MAX_RANK][CUT_MAX_DIM];

    memcpy(uncut, nothing, sizeof uncut);
    for (int i = 0; i < c->input_count; i++) {
        if (!c->has_input[i])
            continue;
        result.input[i] = without_cut(&c->input[i], takes_out ? cut->at[0][i] : uncut);
        for (int64_t k = 0; !takes_out && k < tensor_count(&result.input[i]); k++)
            if (is_cut(cut->at[0][i], &c->input[i].shape, k))
                tensor_set(&result.input[i], k, 0);
    }
    return result;
}

// An integer attribute, or NULL if the operator has none of that name.
static int64_t *attr_int(const struct op_case *c, void *attr, const char *name)
{
    const struct field *field = c->op->attr ? field_find(c->op->attr, name) : NULL;

    return field && field->type == FIELD_INT ? (int64_t *)(void *)((char *)attr + field->offset)
                                             : NULL;
}

// Attributes that repeat what the inputs say: depthwise convolutions have as many groups as
// channels are left, recurrent layers name their hidden units.
static const void *cut_attributes(const struct op_case *c, const struct op_case *shrunk,
                                  struct arena *arena)
{
    if (!c->op->attr)
        return c->attr;
    void *attr = fields_copy(c->op->attr, c->attr, c->op->attr_bytes, arena);
    int64_t *norm_groups = attr_int(c, attr, "num_groups");
    int64_t *group = attr_int(c, attr, "group"), *hidden = attr_int(c, attr, "hidden_size");
    if (group && *group > 1)
        *group = shrunk->input[0].shape.dim[1] / (c->input[0].shape.dim[1] / *group);
    if (norm_groups && *norm_groups > 1)
        *norm_groups = shrunk->input[0].shape.dim[1] / (c->input[0].shape.dim[1] / *norm_groups);
    if (hidden)
        *hidden = shrunk->input[2].shape.dim[2];
    return attr;
}

static void check_cut(const struct op_case *c, struct cut *cut)
{
    struct op_case zeroed = cut_case(c, cut, false), shrunk = cut_case(c, cut, true);
    struct arena *arena = arena_new();
    struct op_run full, small;

    shrunk.attr = cut_attributes(c, &shrunk, arena);
    op_run_init(&full, &zeroed, DT_NONE);
    op_run_init(&small, &shrunk, DT_NONE);
    assert_ok(c, &full, op_run_forward(&full));
    assert_ok(c, &small, op_run_forward(&small));
    for (int k = 0; k < c->output_count; k++) {
        if (!c->has_output[k] || full.output[k].dtype == DT_I64) // indices count over the whole
            continue;
        struct tensor expected = without_cut(&full.output[k], cut->at[1][k]);
        assert_near(c, &small.output[k], &expected, 1e-6); // sums that begin elsewhere
        tensor_release(&expected);
    }
    op_run_clear(&full);
    op_run_clear(&small);
    op_case_clear(&zeroed);
    op_case_clear(&shrunk);
    arena_free(arena);
}

static bool leaves_nothing(const struct op_run *run, struct cut *cut)
{
    for (int side = 0; side < 2; side++)
        for (int slot = 0; slot < (side ? run->call.output_count : run->call.input_count); slot++) {
            const struct tensor *tensor = side ? run->output_at[slot] : run->input_at[slot];
            for (int k = 0; tensor && k < tensor->shape.rank; k++) {
                int64_t kept = 0;
                for (int64_t i = 0; i < tensor->shape.dim[k]; i++)
                    kept += !cut->at[side][slot][k][i];
                if (kept == 0)
                    return true;
            }
        }
    return false;
}

static const struct tensor *end_tensor(const struct op_run *run, const struct axis_end *end)
{
    int count = end->side == AXIS_INPUT ? run->call.input_count : run->call.output_count;

    ck_assert_msg(end->slot >= 0 && end->slot < count, "%s: no slot %d", run->op->name, end->slot);
    const struct tensor *tensor =
        end->side == AXIS_INPUT ? run->input_at[end->slot] : run->output_at[end->slot];
    ck_assert_msg(tensor, "%s: slot %d is left out", run->op->name, end->slot);
    ck_assert_msg(end->axis >= 0 && end->axis < tensor->shape.rank, "%s: no axis %d", run->op->name,
                  end->axis);
    return tensor;
}

static void check_extents(const struct op_run *run, const struct axis_link *link)
{
    int64_t a = end_tensor(run, &link->a)->shape.dim[link->a.axis];
    int64_t b = end_tensor(run, &link->b)->shape.dim[link->b.axis];

    ck_assert_msg(link->count == a || (link->count == 1 && link->first < a),
                  "%s: %lld indices of %lld are linked", run->op->name, (long long)link->count,
                  (long long)a);
    ck_assert_msg(link->repeat > 0 && link->offset >= 0 &&
                      link->offset + link->count * link->repeat <= b,
                  "%s: a link runs past %lld", run->op->name, (long long)b);
}

// Their inputs spell the output's shape out, so cutting must rewrite these too.
static bool spells_its_shape(const struct op_case *c)
{
    static const char *const names[] = {"Reshape", "Expand",     "Split",
                                        "Resize",  "AffineGrid", "CenterCropPad"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(c->op->name, names[i]) == 0)
            return true;
    return false;
}

START_TEST(cutting_linked_axes_leaves_the_rest_as_it_was)
{
    static struct cut cut;
    const struct op_case *c = &cases[_i];
    struct arena *arena = arena_new();
    struct axis_map map;
    struct op_run run;

    axis_map_init(&map, arena);
    op_run_init(&run, c, DT_NONE);
    assert_ok(c, &run, op_run_infer(&run));
    ck_assert_msg(c->op->map_axes, "%s has no axis map", c->label);
    assert_ok(c, &run, c->op->map_axes(&run.context, &run.call, &map));
    for (int i = 0; i < map.count; i++)
        check_extents(&run, &map.link[i]);
    for (int i = 0; i < map.count && !spells_its_shape(c); i++)
        for (int last = 0; last < 2 && map.link[i].count > 1; last++) {
            memset(&cut, 0, sizeof cut);
            cut_axis(&cut, &map.link[i].a)[last ? map.link[i].count - 1 : 0] = true;
            close_cut(&cut, &map);
            if (!leaves_nothing(&run, &cut))
                check_cut(c, &cut);
        }
    op_run_clear(&run);
    arena_free(arena);
}
END_TEST

static const struct axis_link *find_link(const struct axis_map *map, struct axis_end a,
                                         struct axis_end b)
{
    for (int i = 0; i < map->count; i++)
        if (memcmp(&map->link[i].a, &a, sizeof a) == 0 &&
            memcmp(&map->link[i].b, &b, sizeof b) == 0)
            return &map->link[i];
    return NULL;
}

// The links that channel pruning lives on: an empty map would pass the cut test.
START_TEST(channels_run_through)
{
    static const struct {
        const char *op, *attributes, *inputs;
        struct axis_end a, b;
    } rows[] = {
        {"Conv", "", "f32[1,3,4,4] f32[5,3,1,1] f32[5]", {AXIS_INPUT, 0, 1}, {AXIS_INPUT, 1, 1}},
        {"Conv", "", "f32[1,3,4,4] f32[5,3,1,1] f32[5]", {AXIS_INPUT, 1, 0}, {AXIS_OUTPUT, 0, 1}},
        {"Conv", "", "f32[1,3,4,4] f32[5,3,1,1] f32[5]", {AXIS_INPUT, 2, 0}, {AXIS_OUTPUT, 0, 1}},
        {"Conv", "group=3", "f32[1,3,4,4] f32[3,1,1,1]", {AXIS_INPUT, 0, 1}, {AXIS_INPUT, 1, 0}},
        {"Gemm", "transB=1", "f32[2,3] f32[4,3] f32[4]", {AXIS_INPUT, 0, 1}, {AXIS_INPUT, 1, 1}},
        {"Gemm", "transB=1", "f32[2,3] f32[4,3] f32[4]", {AXIS_INPUT, 1, 0}, {AXIS_OUTPUT, 0, 1}},
        {"Gemm", "transB=1", "f32[2,3] f32[4,3] f32[4]", {AXIS_INPUT, 2, 0}, {AXIS_OUTPUT, 0, 1}},
        {"MatMul", "", "f32[2,5,3] f32[3,4]", {AXIS_INPUT, 0, 2}, {AXIS_INPUT, 1, 0}},
        {"MatMul", "", "f32[2,5,3] f32[3,4]", {AXIS_INPUT, 1, 1}, {AXIS_OUTPUT, 0, 2}},
        {"MaxPool", "kernel_shape=2,2", "f32[1,3,4,4]", {AXIS_INPUT, 0, 1}, {AXIS_OUTPUT, 0, 1}},
        {"GlobalAveragePool", "", "f32[1,3,4,4]", {AXIS_INPUT, 0, 1}, {AXIS_OUTPUT, 0, 1}},
        {"BatchNormalization",
         "",
         "f32[1,3,4] f32[3] f32[3] f32[3] f32[3]",
         {AXIS_INPUT, 4, 0},
         {AXIS_OUTPUT, 0, 1}},
        {"BatchNormalization",
         "",
         "f32[1,3,4] f32[3] f32[3] f32[3] f32[3]",
         {AXIS_INPUT, 0, 1},
         {AXIS_OUTPUT, 0, 1}},
        {"ReduceMean",
         "axes=2,3 keepdims=0",
         "f32[1,3,4,4]",
         {AXIS_INPUT, 0, 1},
         {AXIS_OUTPUT, 0, 1}},
        {"Relu", "", "f32[1,3,4,4]", {AXIS_INPUT, 0, 1}, {AXIS_OUTPUT, 0, 1}},
        {"Add", "", "f32[1,3,4,4] f32[3,1,1]", {AXIS_INPUT, 1, 0}, {AXIS_OUTPUT, 0, 1}},
        {"Flatten", "", "f32[1,3,4,4]", {AXIS_INPUT, 0, 1}, {AXIS_OUTPUT, 0, 1}},
        {"Concat", "axis=1", "f32[1,3,4] f32[1,2,4]", {AXIS_INPUT, 1, 1}, {AXIS_OUTPUT, 0, 1}},
    };
    struct op_case c = op_case_of(rows[_i].op, rows[_i].attributes, rows[_i].inputs, 1);
    struct arena *arena = arena_new();
    struct axis_map map;
    struct op_run run;

    axis_map_init(&map, arena);
    op_run_init(&run, &c, DT_NONE);
    assert_ok(&c, &run, op_run_infer(&run));
    assert_ok(&c, &run, c.op->map_axes(&run.context, &run.call, &map));
    ck_assert_msg(find_link(&map, rows[_i].a, rows[_i].b), "%s: input %d axis %d is not linked",
                  c.label, rows[_i].a.slot, rows[_i].a.axis);
    op_run_clear(&run);
    op_case_clear(&c);
    arena_free(arena);
}
END_TEST

// ---- refusals ----------------------------------------------------------------------------------

// What infer or forward must refuse, and how it says so.
static const struct op_refusal refusals[] = {
    {"Conv", "", "f32[1,3,8,8] f32[4,4,3,3]", 1, ERR_SHAPE,
     "input has 3 channels, weight expects 4"},
    {"Conv", "group=2", "f32[1,4,8,8] f32[3,2,3,3]", 1, ERR_SHAPE,
     "3 filters do not divide into 2 groups"},
    {"Conv", "group=0", "f32[1,4,8,8] f32[4,4,3,3]", 1, ERR_SHAPE, "groups"},
    {"Conv", "group=-1", "f32[1,4,8,8] f32[4,4,3,3]", 1, ERR_SHAPE, "groups"},
    {"Conv", "strides=0,1", "f32[1,3,8,8] f32[4,3,3,3]", 1, ERR_SHAPE, "'strides' holds 0"},
    {"Conv", "strides=1", "f32[1,3,8,8] f32[4,3,3,3]", 1, ERR_SHAPE, "'strides' has 1 items"},
    {"Conv", "dilations=1,-1", "f32[1,3,8,8] f32[4,3,3,3]", 1, ERR_SHAPE, "'dilations' holds -1"},
    {"Conv", "pads=0,0,-1,0", "f32[1,3,8,8] f32[4,3,3,3]", 1, ERR_SHAPE, "'pads' holds -1"},
    {"Conv", "pads=1,1", "f32[1,3,8,8] f32[4,3,3,3]", 1, ERR_SHAPE, "'pads' has 2 items"},
    {"Conv", "kernel_shape=5,5", "f32[1,3,8,8] f32[4,3,3,3]", 1, ERR_SHAPE, "'kernel_shape'"},
    {"Conv", "dilations=9223372036854775807,1", "f32[1,3,8,8] f32[4,3,3,3]", 1, ERR_SHAPE,
     "'dilations' holds"},
    {"Conv", "pads=2147483647,2147483647,2147483647,2147483647", "f32[1,1,8,8] f32[1,1,1,1]", 1,
     ERR_SHAPE, "too large"},
    {"Conv", "", "f32[1,3,2,8] f32[4,3,3,3]", 1, ERR_SHAPE, "kernel spans 3"},
    {"Conv", "", "f32[1,3,8,8] f32[4,3,0,3]", 1, ERR_SHAPE, "holds 0"},
    {"Conv", "", "f32[1,3,8,8] f32[4,3,3]", 1, ERR_SHAPE, "input 1 has rank 3"},
    {"Conv", "", "f32[3] f32[3]", 1, ERR_SHAPE, "input 0 has rank 1"},
    {"Conv", "", "f32[1,3,8,8] f32[4,3,3,3] f32[5]", 1, ERR_SHAPE, "bias"},
    {"Conv", "", "i64[1,3,8,8] i64[4,3,3,3]", 1, ERR_SHAPE, "input 0 wants float, got i64"},
    {"Conv", "", "f32[1,3,8,8] f64[4,3,3,3]", 1, ERR_SHAPE, "input 1 wants f32, got f64"},
    {"Gemm", "", "f32[3,4] f32[5,6]", 1, ERR_SHAPE, "input has 4 columns, weight expects 5"},
    {"Gemm", "", "f32[3,4] f32[4,5] f32[4]", 1, ERR_SHAPE, "bias of 1 x 4 does not fit 3 x 5"},
    {"Gemm", "", "f32[3,4,1] f32[4,5]", 1, ERR_SHAPE, "input 0 has rank 3, wants 2"},
    {"MatMul", "", "f32[2,3] f32[2,3]", 1, ERR_SHAPE, "input has 3 columns, weight expects 2"},
    {"MatMul", "", "f32[2,2,3] f32[4,3,2]", 1, ERR_SHAPE, "does not broadcast"},
    {"MatMul", "", "f32[] f32[3,2]", 1, ERR_SHAPE, "input 0 has rank 0"},
    {"BatchNormalization", "", "f32[1,3,4,4] f32[3] f32[3] f32[4] f32[3]", 1, ERR_SHAPE,
     "input has 3 channels, input 3 wants one item for each"},
    {"LayerNormalization", "axis=3", "f32[2,3] f32[3]", 1, ERR_SHAPE,
     "axis 3 is outside a tensor of rank 2"},
    {"LayerNormalization", "", "f32[2,3] f32[2]", 1, ERR_SHAPE, "2 items for rows of 3"},
    {"MaxPool", "", "f32[1,3,8,8]", 1, ERR_SHAPE, "'kernel_shape' is missing"},
    {"MaxPool", "kernel_shape=9,9", "f32[1,3,8,8]", 1, ERR_SHAPE, "kernel spans 9"},
    {"MaxPool", "kernel_shape=2,2 pads=2,0,0,0", "f32[1,3,8,8]", 1, ERR_SHAPE, "padding of 2"},
    {"AveragePool", "kernel_shape=2,2", "f32[3,8]", 1, ERR_SHAPE, "rank 2"},
    {"AveragePool", "kernel_shape=1,1,1,1", "f32[1,1,1,1,1,1]", 1, ERR_UNSUPPORTED, "4 axes"},
    {"AveragePool", "kernel_shape=2,0", "f32[1,3,8,8]", 1, ERR_SHAPE, "'kernel_shape' holds 0"},
    {"GlobalAveragePool", "", "f32[1,3,0,2]", 1, ERR_SHAPE, "without items"},
    {"GlobalMaxPool", "", "f32[3]", 1, ERR_SHAPE, "rank 1"},
    {"ReduceMean", "axes=2", "f32[2,3]", 1, ERR_SHAPE, "axis 2 is outside a tensor of rank 2"},
    {"ReduceMean", "axes=1,-1", "f32[2,3]", 1, ERR_SHAPE, "axis 1 is named twice"},
    {"ReduceSum", "", "f32[2,3] f32[1]{0}", 1, ERR_SHAPE, "has type f32, wants i64"},
    {"ReduceSum", "", "f32[2,3] i64[1]{-3}", 1, ERR_SHAPE, "axis -3 is outside"},
    {"Softmax", "axis=2", "f32[2,3]", 1, ERR_SHAPE, "axis 2 is outside a tensor of rank 2"},
    {"LogSoftmax", "", "i32[2,3]", 1, ERR_SHAPE, "input 0 wants float, got i32"},
    {"Dropout", "", "i32[2,3]", 1, ERR_SHAPE, "input 0 wants float, got i32"},
    {"QuantizeLinear", "axis=0", "f32[2,3] f32[3] u8[3]", 1, ERR_SHAPE,
     "3 scales for 2 indices of axis 0"},
    {"QuantizeLinear", "", "f32[2,3] f32[3] u8[2]", 1, ERR_SHAPE, "2 zero points for 3 scales"},
    {"QuantizeLinear", "", "f32[2,3] f32[] i32[]", 1, ERR_UNSUPPORTED, "quantised type"},
    {"DequantizeLinear", "", "i8[2,3] f32[] u8[]", 1, ERR_SHAPE, "input 2 wants i8, got u8"},
    {"DequantizeLinear", "", "i64[2,3] f32[]", 1, ERR_UNSUPPORTED, "quantised type"},
    {"DequantizeLinear", "block_size=3", "i8[2,4] f32[2,1]", 1, ERR_SHAPE, "do not fit blocks"},
    {"DequantizeLinear", "", "i8[2,4] f32[2,2]", 1, ERR_SHAPE, "want a block_size"},
    {"DequantizeLinear", "block_size=-2", "i8[2,4] f32[2,2]", 1, ERR_SHAPE, "want a block_size"},
    {"DequantizeLinear", "block_size=2 axis=2", "i8[2,4] f32[2,2]", 1, ERR_SHAPE, "axis 2"},
    {"QuantizeLinear", "block_size=9223372036854775807", "f32[2,4] f32[2,2] u8[2,2]", 1, ERR_SHAPE,
     "do not fit blocks"},
};

START_TEST(bad_calls_are_refused_and_named)
{
    check_refusal(&refusals[_i]);
}
END_TEST

// ---- dropout -----------------------------------------------------------------------------------

START_TEST(dropout_in_training_keeps_what_its_mask_says)
{
    struct op_case c = op_case_of("Dropout", "", "f64[1000] f32[]{0.25}", 2);
    struct op_run run;
    int kept = 0;

    for (int64_t i = 0; i < 1000; i++)
        tensor_set(&c.input[0], i, 3);
    c.training = true;
    op_run_init(&run, &c, DT_NONE);
    assert_ok(&c, &run, op_run_forward(&run));
    assert_ok(&c, &run, op_run_backward(&run, 2));
    for (int64_t i = 0; i < 1000; i++) {
        bool keeps = tensor_get(&run.output[1], i) != 0;
        ck_assert_double_eq_tol(tensor_get(&run.output[0], i), keeps ? 4 : 0, 1e-12);
        ck_assert_double_eq_tol(tensor_get(&run.input_grad[0], i),
                                keeps ? output_weight(0, i) / 0.75 : 0, 1e-12);
        kept += keeps;
    }
    ck_assert_int_ge(kept, 750 - 55); // four standard deviations of a binomial
    ck_assert_int_le(kept, 750 + 55);
    op_run_clear(&run);
    op_case_clear(&c);
}
END_TEST

START_TEST(dropout_follows_its_seed)
{
    struct op_case c = op_case_of("Dropout", "", "f32[64] - -", 2);
    struct op_run runs[3];

    c.training = true;
    for (int i = 0; i < 3; i++) {
        op_run_init(&runs[i], &c, DT_NONE);
        runs[i].call.seed = i < 2 ? 7 : 8;
        assert_ok(&c, &runs[i], op_run_forward(&runs[i]));
    }
    ck_assert_mem_eq(tensor_data(&runs[0].output[1]), tensor_data(&runs[1].output[1]), 64);
    ck_assert_mem_ne(tensor_data(&runs[0].output[1]), tensor_data(&runs[2].output[1]), 64);
    for (int i = 0; i < 3; i++)
        op_run_clear(&runs[i]);
    op_case_clear(&c);
}
END_TEST

// ---- the table ---------------------------------------------------------------------------------

START_TEST(every_operator_has_a_case)
{
    ck_assert_msg(case_count > 0, "%s is missing or empty", CASES);
    for (int i = 0; op_at(i); i++) {
        int found = op_has_bodies(op_at(i)); // tests/test_control.c
        for (int k = 0; k < case_count; k++)
            found += cases[k].op == op_at(i);
        ck_assert_msg(found, "%s has no case in %s (tests/support/op_rows.py)", op_at(i)->name,
                      CASES);
    }
}
END_TEST

START_TEST(every_backward_has_a_case)
{
    for (int i = 0; op_at(i); i++) {
        int checked = 0;
        for (int k = 0; k < case_count && op_at(i)->backward; k++)
            for (int input = 0; cases[k].op == op_at(i) && input < cases[k].input_count; input++)
                checked += cases[k].has_input[input] && !(cases[k].fixed & 1u << input) &&
                           dtype_info[cases[k].input[input].dtype].is_float;
        ck_assert_msg(checked || !op_at(i)->backward, "no gradient of %s is checked",
                      op_at(i)->name);
    }
}
END_TEST

START_TEST(operators_are_found_by_their_onnx_names)
{
    ck_assert_str_eq(op_find("BatchNormalization")->name, "BatchNormalization");
    ck_assert_ptr_null(op_find("batch_normalization"));
    for (int i = 0; op_at(i); i++)
        ck_assert_ptr_eq(op_find(op_at(i)->name), op_at(i));
}
END_TEST

Suite *ops_suite(void);
Suite *ops_suite(void)
{
    Suite *suite = suite_create("ops");
    TCase *values = tcase_create("values"), *gradients = tcase_create("gradients");
    TCase *structure = tcase_create("structure");

    cases = op_cases_read(CASES, &case_count);
    tcase_add_loop_test(values, forward_gives_what_onnx_runtime_gives, 0, case_count);
    tcase_add_loop_test(values, forward_in_f64_gives_the_same, 0, case_count);
    tcase_add_loop_test(values, forward_in_half_precision_is_f32_rounded, 0, case_count);
    tcase_add_loop_test(values, int8_forward_is_exact, 0, case_count);
    tcase_add_loop_test(gradients, backward_agrees_with_finite_differences, 0, case_count);
    tcase_add_loop_test(gradients, backward_adds_to_what_is_there, 0, case_count);
    tcase_add_loop_test(structure, costs_are_counts, 0, case_count);
    tcase_add_loop_test(structure, products_count_their_macs, 0, 6);
    tcase_add_loop_test(structure, cutting_linked_axes_leaves_the_rest_as_it_was, 0, case_count);
    tcase_add_loop_test(structure, channels_run_through, 0, 18);
    tcase_add_loop_test(structure, bad_calls_are_refused_and_named, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_test(values, dropout_in_training_keeps_what_its_mask_says);
    tcase_add_test(values, dropout_follows_its_seed);
    tcase_add_test(structure, every_operator_has_a_case);
    tcase_add_test(structure, every_backward_has_a_case);
    tcase_add_test(structure, operators_are_found_by_their_onnx_names);
    suite_add_tcase(suite, values);
    suite_add_tcase(suite, gradients);
    suite_add_tcase(suite, structure);
    return suite;
}
