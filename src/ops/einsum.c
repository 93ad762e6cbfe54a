// Einsum: sums of products over named axes. Every letter is a loop; those of the output are outer
// loops, the rest is summed. The gradient of an operand is the same sum with the output's gradient
// in its place.
#include <string.h>

#include "base/checked.h"
#include "ops/op_table.h"
#include "ops/shared.h"
#include "ops/walk.h"

enum {
    EINSUM_INPUTS = 8,
    LETTERS = 52,
    LABELS = LETTERS + SHAPE_MAX_RANK, // an axis under an ellipsis has a label of its own
};

struct einsum_attr {
    const char *equation;
};

struct term {
    int rank, ellipsis; // axes under the ellipsis are labels LETTERS ..., right-aligned; -1: none
    int label[SHAPE_MAX_RANK];
};

struct einsum {
    int inputs, ellipsis; // axes of the widest ellipsis
    int64_t dim[LABELS];  // 0 and not seen: no such label
    bool seen[LABELS];
    struct term term[EINSUM_INPUTS + 1]; // of the inputs, then of the output
};

// ---- the equation ------------------------------------------------------------------------------

static int label_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    return letter >= 'a' && letter <= 'z' ? 26 + letter - 'a' : -1;
}

// Reads one term up to a comma, an arrow or the end; an ellipsis stands for `under` axes.
static enum status read_term(struct context *context, const char **at, int under, struct term *term)
{
    term->rank = 0;
    term->ellipsis = -1;
    for (; **at && **at != ',' && strncmp(*at, "->", 2) != 0; (*at)++) {
        bool is_ellipsis = strncmp(*at, "...", 3) == 0 && term->ellipsis < 0;
        if (**at == ' ')
            continue;
        if (!is_ellipsis && label_of(**at) < 0)
            return context_fail(context, ERR_SHAPE, "equation has '%c' in a term", **at);
        if (term->rank + (is_ellipsis ? under : 1) > SHAPE_MAX_RANK)
            return context_fail(context, ERR_SHAPE, "a term of the equation has over %d axes",
                                (int)SHAPE_MAX_RANK);
        if (!is_ellipsis) {
            term->label[term->rank++] = label_of(**at);
            continue;
        }
        term->ellipsis = term->rank;
        for (int i = 0; i < under; i++)
            term->label[term->rank++] = LABELS - under + i;
        *at += 2;
    }
    return OK;
}

// Axes of an input that its ellipsis stands for: those that no letter names.
static int axes_under(const char *at, int rank)
{
    for (; *at && *at != ',' && strncmp(at, "->", 2) != 0; at++)
        rank -= label_of(*at) >= 0;
    return rank < 0 ? 0 : rank;
}

static enum status join_dims(struct context *context, struct einsum *e, const struct term *term,
                             const struct shape *shape, int input)
{
    if (term->rank != shape->rank)
        return context_fail(context, ERR_SHAPE, "input %d has rank %d, the equation names %d axes",
                            input, (int)shape->rank, term->rank);
    for (int i = 0; i < term->rank; i++) {
        int64_t *dim = &e->dim[term->label[i]];
        bool is_first = !e->seen[term->label[i]];
        if (!is_first && *dim != shape->dim[i] && *dim != 1 && shape->dim[i] != 1)
            return context_fail(context, ERR_SHAPE,
                                "axis %d of input %d has %lld items, wants %lld", i, input,
                                (long long)shape->dim[i], (long long)*dim);
        if (is_first || *dim == 1)
            *dim = shape->dim[i];
        e->seen[term->label[i]] = true;
    }
    return OK;
}

// Without an arrow: what the ellipses stand for, then the letters that come once, in their order.
static enum status implicit_output(struct context *context, const char *inputs, struct einsum *e)
{
    struct term *out = &e->term[e->inputs];
    int times[LETTERS] = {0};

    for (; *inputs; inputs++)
        if (label_of(*inputs) >= 0)
            times[label_of(*inputs)]++;
    *out = (struct term){.ellipsis = e->ellipsis ? 0 : -1};
    for (int i = 0; i < LABELS; i++) {
        int label = i < SHAPE_MAX_RANK ? LETTERS + i : i - SHAPE_MAX_RANK;
        if (!e->seen[label] || (label < LETTERS && times[label] != 1))
            continue;
        if (out->rank == SHAPE_MAX_RANK)
            return context_fail(context, ERR_SHAPE, "output has over %d axes", (int)SHAPE_MAX_RANK);
        out->label[out->rank++] = label;
    }
    return OK;
}

static enum status check_output(struct context *context, const struct einsum *e)
{
    const struct term *out = &e->term[e->inputs];
    bool twice[LABELS] = {false};

    for (int i = 0; i < out->rank; i++) {
        int label = out->label[i];
        if (!e->seen[label])
            return context_fail(context, ERR_SHAPE, "axis %d of the output is in no input", i);
        if (twice[label])
            return context_fail(context, ERR_SHAPE, "axis %d of the output is named twice", i);
        twice[label] = true;
    }
    return OK;
}

static enum status einsum_from(struct context *context, const struct op_call *call,
                               struct einsum *e)
{
    const char *equation = ((const struct einsum_attr *)call->attr)->equation, *at = equation;

    memset(e, 0, sizeof *e);
    e->inputs = call->input_count;
    if (!equation)
        return context_fail(context, ERR_SHAPE, "'equation' is missing");
    if (e->inputs > EINSUM_INPUTS)
        return context_fail(context, ERR_UNSUPPORTED, "%d inputs, at most %d", e->inputs,
                            (int)EINSUM_INPUTS);
    for (int i = 0; i < e->inputs; i++) {
        TRY(check_given(context, call, i));
        const struct shape *shape = &call->input[i]->shape;
        int under = axes_under(at, shape->rank);
        TRY(read_term(context, &at, under, &e->term[i]));
        TRY(join_dims(context, e, &e->term[i], shape, i));
        if (e->term[i].ellipsis >= 0 && under > e->ellipsis)
            e->ellipsis = under;
        if ((i + 1 < e->inputs) != (*at == ','))
            return context_fail(context, ERR_SHAPE, "equation does not have %d terms", e->inputs);
        at += *at == ',';
    }
    if (*at == '\0') {
        TRY(implicit_output(context, equation, e));
        return check_output(context, e);
    }
    at += 2;
    TRY(read_term(context, &at, e->ellipsis, &e->term[e->inputs]));
    if (*at)
        return context_fail(context, ERR_SHAPE, "equation has '%c' behind the output", *at);
    return check_output(context, e);
}

static enum status einsum_infer(struct context *context, const struct op_call *call)
{
    struct shape shape = {0};
    struct einsum e;

    TRY(check_whole_bytes(context, call, 0));
    TRY(check_same_dtype(context, call, 1));
    if (call->input[0]->dtype == DT_BOOL)
        return context_fail(context, ERR_SHAPE, "input 0 wants numbers, got bool");
    TRY(einsum_from(context, call, &e));
    const struct term *out = &e.term[e.inputs];
    for (shape.rank = 0; shape.rank < out->rank; shape.rank++)
        shape.dim[shape.rank] = e.dim[out->label[shape.rank]];
    return set_output(context, call, 0, call->input[0]->dtype, &shape);
}

// ---- loops -------------------------------------------------------------------------------------

// target[...] += sum over the rest of factor 0 * factor 1 * ... Loops 0 .. kept-1 move the target.
struct loops {
    int count, kept, factors;
    int64_t dim[LABELS];
    int64_t stride[EINSUM_INPUTS + 1][LABELS]; // of the factors, then of the target
    const struct tensor *factor[EINSUM_INPUTS];
    struct tensor *target;
};

// Strides of one operand over all labels; an axis of one element does not move.
static void label_strides(const struct term *term, const struct shape *shape, int64_t *of_label)
{
    int64_t stride[SHAPE_MAX_RANK];

    memset(of_label, 0, LABELS * sizeof *of_label);
    shape_strides(shape, stride);
    for (int i = 0; i < term->rank; i++)
        of_label[term->label[i]] += shape->dim[i] == 1 ? 0 : stride[i];
}

// The loops for operand `target` (e->inputs: the output) from all others. ERR_SHAPE if there are
// more steps than can be counted.
static enum status loops_from(struct context *context, const struct einsum *e,
                              const struct tensor *const *operand, int target, struct loops *loops)
{
    int64_t stride[EINSUM_INPUTS + 1][LABELS], steps = 1;
    int slot[EINSUM_INPUTS + 1];

    *loops = (struct loops){.factors = e->inputs};
    for (int i = 0, next = 0; i <= e->inputs; i++) {
        slot[i] = i == target ? e->inputs : next++;
        if (i != target)
            loops->factor[slot[i]] = operand[i];
        label_strides(&e->term[i], &operand[i]->shape, stride[slot[i]]);
    }
    for (int side = 0; side < 2; side++)
        for (int label = 0; label < LABELS; label++) {
            if (!e->seen[label] || e->dim[label] == 1 ||
                (stride[e->inputs][label] == 0) != (side == 1))
                continue;
            if (!checked_mul(steps, e->dim[label] ? e->dim[label] : 1, &steps))
                return context_fail(context, ERR_SHAPE, "the sums are too large");
            for (int i = 0; i <= e->inputs; i++)
                loops->stride[i][loops->count] = stride[i][label];
            loops->dim[loops->count++] = e->dim[label];
            loops->kept += side == 0;
        }
    return OK;
}

// Steps loops first .. last-1, the last one fastest; false behind the end.
static bool next_step(const struct loops *l, int first, int last, int64_t *index, int64_t *offset)
{
    for (int k = last - 1; k >= first; k--) {
        bool ends = ++index[k] == l->dim[k];
        for (int i = 0; i <= l->factors; i++)
            offset[i] += ends ? -l->stride[i][k] * (l->dim[k] - 1) : l->stride[i][k];
        if (!ends)
            return true;
        index[k] = 0;
    }
    return false;
}

// One or two factors are the rule: they get a loop that the compiler can see through.
#define SUM_PRODUCTS(type, sum_type)                                                               \
    do {                                                                                           \
        int last = l->count - 1;                                                                   \
        bool has_inner = last >= l->kept;                                                          \
        int64_t inner = has_inner ? l->dim[last] : 1;                                              \
        const type *a = tensor_data(l->factor[0]);                                                 \
        const type *b = tensor_data(l->factor[l->factors > 1 ? 1 : 0]);                            \
        do {                                                                                       \
            sum_type sum = 0;                                                                      \
            do {                                                                                   \
                int64_t a_step = has_inner ? l->stride[0][last] : 0;                               \
                int64_t b_step = has_inner && l->factors > 1 ? l->stride[1][last] : 0;             \
                for (int64_t i = 0; i < inner && l->factors == 1; i++)                             \
                    sum += (sum_type)a[at[0] + i * a_step];                                        \
                for (int64_t i = 0; i < inner && l->factors == 2; i++)                             \
                    sum += (sum_type)a[at[0] + i * a_step] * (sum_type)b[at[1] + i * b_step];      \
                for (int64_t i = 0; i < inner && l->factors > 2; i++) {                            \
                    sum_type product = 1;                                                          \
                    for (int f = 0; f < l->factors; f++)                                           \
                        product *= (sum_type)((const type *)tensor_data(                           \
                            l->factor[f]))[at[f] + i * (has_inner ? l->stride[f][last] : 0)];      \
                    sum += product;                                                                \
                }                                                                                  \
            } while (next_step(l, l->kept, last, index, at));                                      \
            type *to = (type *)tensor_write(l->target) + at[l->factors];                           \
            *to = (type)((sum_type)*to + sum);                                                     \
        } while (next_step(l, 0, l->kept, index, at));                                             \
    } while (0)

#define SUM_FLOATS(type) SUM_PRODUCTS(type, double)
#define SUM_INTEGERS(type) SUM_PRODUCTS(type, uint64_t) // wraps as in two's complement

static void run_loops(const struct loops *l)
{
    int64_t at[EINSUM_INPUTS + 1] = {0}, index[LABELS] = {0};

    for (int k = 0; k < l->count; k++)
        if (l->dim[k] == 0)
            return;
    if (dtype_info[l->target->dtype].is_float)
        FOR_FLOAT_TYPES(l->target->dtype, SUM_FLOATS)
    else
        FOR_TYPES(l->target->dtype, SUM_INTEGERS)
}

static enum status einsum_forward(struct context *context, const struct op_call *call)
{
    const struct tensor *operand[EINSUM_INPUTS + 1];
    struct loops loops;
    struct einsum e;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, einsum_forward);
    TRY(einsum_from(context, call, &e));
    for (int i = 0; i <= e.inputs; i++)
        operand[i] = i < e.inputs ? call->input[i] : call->output[0];
    TRY(loops_from(context, &e, operand, e.inputs, &loops));
    loops.target = call->output[0];
    memset(tensor_write(loops.target), 0, tensor_bytes(loops.target));
    run_loops(&loops);
    return OK;
}

static enum status einsum_backward(struct context *context, const struct op_call *call)
{
    const struct tensor *operand[EINSUM_INPUTS + 1], *grad = output_grad_at(call, 0);
    struct loops loops;
    struct einsum e;

    if (!grad)
        return OK;
    TRY(check_trainable(context, call));
    TRY(einsum_from(context, call, &e));
    for (int i = 0; i <= e.inputs; i++)
        operand[i] = i < e.inputs ? call->input[i] : grad;
    for (int i = 0; i < e.inputs; i++) {
        if (!input_grad_at(call, i))
            continue;
        TRY(loops_from(context, &e, operand, i, &loops));
        loops.target = call->input_grad[i];
        run_loops(&loops);
    }
    return OK;
}

// ---- cost and axes -----------------------------------------------------------------------------

static void einsum_cost(const struct op_call *call, struct op_cost *cost)
{
    struct context silent;
    struct einsum e;
    double steps = 1;

    cost_moves(call, cost);
    context_init(&silent);
    if (call->input_count < 2 || einsum_from(&silent, call, &e) != OK)
        return;
    for (int label = 0; label < LABELS; label++)
        steps *= e.seen[label] ? (double)e.dim[label] : 1;
    *cost = (struct op_cost){steps * (call->input_count - 1), 1, false};
}

// All axes with one label are the same axis; a stretched one takes no part.
static enum status einsum_axes(struct context *context, const struct op_call *call,
                               struct axis_map *map)
{
    struct axis_end anchor[LABELS] = {{AXIS_INPUT, 0, 0}};
    bool has_anchor[LABELS] = {false};
    struct einsum e;

    TRY(einsum_from(context, call, &e));
    for (int i = e.inputs; i >= 0; i--)
        for (int k = 0; k < e.term[i].rank; k++) {
            int label = e.term[i].label[k];
            bool is_output = i == e.inputs;
            struct axis_end end = {is_output ? AXIS_OUTPUT : AXIS_INPUT, is_output ? 0 : i, k};
            if (!is_output && call->input[i]->shape.dim[k] != e.dim[label])
                continue;
            if (has_anchor[label])
                axis_link(map, end, anchor[label], e.dim[label], 0, 1);
            else
                anchor[label] = end;
            has_anchor[label] = true;
        }
    return OK;
}

static const struct field einsum_fields[] = {
    FIELD(struct einsum_attr, equation, NULL, 0, 0, "letters of the axes, as in 'ij,jk->ik'"),
    FIELDS_END,
};

const struct op op_einsum = {
    .name = "Einsum",
    .min_inputs = 1,
    .max_inputs = -1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = einsum_fields,
    .attr_bytes = sizeof(struct einsum_attr),
    .since_opset = 12,
    .weight_inputs = (1u << EINSUM_INPUTS) - 1, // any operand can be the constant one
    .infer = einsum_infer,
    .forward = einsum_forward,
    .backward = einsum_backward,
    .cost = einsum_cost,
    .map_axes = einsum_axes,
};
