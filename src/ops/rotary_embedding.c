// RotaryEmbedding (Su et al. 2021): pairs of each head's channels turned by an angle that depends
// on the position.
// x: (N, heads, T, E) or (N, T, heads * E), cos, sin: (positions, R / 2) with position_ids (N, T),
// or (N, T, R / 2), y: as x; the first R of E channels turn.
#include <string.h>

#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/shared.h"

enum { IN_X, IN_COS, IN_SIN, IN_POSITIONS };

struct rotary {
    int64_t batch, heads, steps, size, half; // half: pairs that turn
    int64_t head, step;                      // distances in x
    int64_t first, second, pair;             // where a pair's items lie: k * pair + first, second
};

static enum status read_heads(struct context *context, const struct op_call *call, struct rotary *r)
{
    const struct rotary_embedding_attr *attr = call->attr;
    const struct shape *x = &call->input[IN_X]->shape;

    r->batch = x->dim[0];
    r->heads = x->rank == 4 ? x->dim[1] : attr->num_heads;
    r->steps = x->rank == 4 ? x->dim[2] : x->dim[1];
    if (x->rank == 3 && (r->heads < 1 || x->dim[2] % r->heads != 0))
        return context_fail(context, ERR_SHAPE, "%lld channels do not divide into %lld heads",
                            (long long)x->dim[2], (long long)r->heads);
    r->size = x->rank == 4 ? x->dim[3] : x->dim[2] / r->heads;
    int64_t turned = attr->rotary_embedding_dim ? attr->rotary_embedding_dim : r->size;
    if (turned < 0 || turned > r->size || turned % 2 != 0)
        return context_fail(context, ERR_SHAPE, "%lld of %lld channels cannot be turned in pairs",
                            (long long)turned, (long long)r->size);
    r->half = turned / 2;
    r->head = x->rank == 4 ? r->steps * r->size : r->size;
    r->step = x->rank == 4 ? r->size : r->heads * r->size;
    r->pair = attr->interleaved ? 2 : 1;
    r->second = attr->interleaved ? 1 : r->half;
    return OK;
}

static enum status check_cache(struct context *context, const struct op_call *call, int i,
                               const struct rotary *r)
{
    bool has_positions = input_at(call, IN_POSITIONS) != NULL;
    const struct shape *cache = &call->input[i]->shape;

    TRY(check_rank(context, call, i, has_positions ? 2 : 3, has_positions ? 2 : 3));
    const struct shape wanted =
        has_positions ? SHAPE(cache->dim[0], r->half) : SHAPE(r->batch, r->steps, r->half);
    if (shape_equal(cache, &wanted) && shape_equal(cache, &call->input[IN_COS]->shape))
        return OK;
    return context_fail(context, ERR_SHAPE, "input %d does not fit %lld pairs of channels", i,
                        (long long)r->half);
}

static enum status check_positions(struct context *context, const struct op_call *call,
                                   const struct rotary *r)
{
    const struct tensor *positions = input_at(call, IN_POSITIONS);
    const struct shape wanted = SHAPE(r->batch, r->steps);
    int64_t count = call->input[IN_COS]->shape.dim[0];

    if (!positions)
        return OK;
    TRY(check_integer(context, call, IN_POSITIONS));
    if (!shape_equal(&positions->shape, &wanted))
        return context_fail(context, ERR_SHAPE, "positions want a shape of %lld x %lld",
                            (long long)r->batch, (long long)r->steps);
    for (int64_t i = 0; positions->buffer && i < tensor_count(positions); i++) {
        int64_t at = tensor_get_int(positions, i);
        if (at < 0 || at >= count)
            return context_fail(context, ERR_NUMERIC, "position %lld is outside a cache of %lld",
                                (long long)at, (long long)count);
    }
    return OK;
}

static enum status rotary_from(struct context *context, const struct op_call *call,
                               struct rotary *out)
{
    struct rotary r = {0};

    TRY(check_rank(context, call, IN_X, 3, 4));
    TRY(read_heads(context, call, &r));
    TRY(check_cache(context, call, IN_COS, &r));
    TRY(check_cache(context, call, IN_SIN, &r));
    TRY(check_positions(context, call, &r));
    *out = r;
    return OK;
}

static enum status rotary_infer(struct context *context, const struct op_call *call)
{
    enum dtype dtype = call->input[IN_X]->dtype;
    struct rotary r;

    TRY(check_float(context, call, IN_X));
    TRY(check_dtype(context, call, IN_COS, dtype));
    TRY(check_dtype(context, call, IN_SIN, dtype));
    TRY(rotary_from(context, call, &r));
    return infer_same_shape(context, call);
}

// Row of the caches for step t of sample n.
static int64_t cache_row(const struct op_call *call, const struct rotary *r, int64_t n, int64_t t)
{
    const struct tensor *positions = input_at(call, IN_POSITIONS);
    int64_t at = n * r->steps + t;

    return positions ? tensor_get_int(positions, at) : at;
}

// y += x turned by the angles times `sign`; the gradient turns back.
#define ROTARY(T, type)                                                                            \
    static void turn_row_##type(const struct rotary *r, const T *x, const T *cosine,               \
                                const T *sine, T sign, T *y)                                       \
    {                                                                                              \
        for (int64_t k = 0; k < r->half; k++) {                                                    \
            int64_t a = k * r->pair + r->first, b = k * r->pair + r->second;                       \
            y[a] += cosine[k] * x[a] - sign * sine[k] * x[b];                                      \
            y[b] += sign * sine[k] * x[a] + cosine[k] * x[b];                                      \
        }                                                                                          \
        for (int64_t k = 2 * r->half; k < r->size; k++)                                            \
            y[k] += x[k];                                                                          \
    }                                                                                              \
    static void turn_##type(const struct op_call *call, const struct rotary *r, const T *x,        \
                            T sign, T *y)                                                          \
    {                                                                                              \
        const T *cosine = tensor_data(call->input[IN_COS]);                                        \
        const T *sine = tensor_data(call->input[IN_SIN]);                                          \
        for (int64_t n = 0; n < r->batch; n++)                                                     \
            for (int64_t t = 0; t < r->steps; t++) {                                               \
                int64_t row = cache_row(call, r, n, t) * r->half;                                  \
                for (int64_t h = 0; h < r->heads; h++) {                                           \
                    int64_t at = n * r->heads * r->steps * r->size + h * r->head + t * r->step;    \
                    turn_row_##type(r, x + at, cosine + row, sine + row, sign, y + at);            \
                }                                                                                  \
            }                                                                                      \
    }                                                                                              \
    static void rotary_forward_##type(const struct op_call *call, const struct rotary *r)          \
    {                                                                                              \
        memset(tensor_write(call->output[0]), 0, tensor_bytes(call->output[0]));                   \
        turn_##type(call, r, tensor_data(call->input[IN_X]), 1, tensor_write(call->output[0]));    \
    }                                                                                              \
    static void rotary_backward_##type(const struct op_call *call, const struct rotary *r)         \
    {                                                                                              \
        if (input_grad_at(call, IN_X) && output_grad_at(call, 0))                                  \
            turn_##type(call, r, tensor_data(call->output_grad[0]), -1,                            \
                        tensor_write(call->input_grad[IN_X]));                                     \
    }
ROTARY(float, f32)
ROTARY(double, f64)

FLOAT_FORWARD_AND_BACKWARD(rotary, rotary, rotary, rotary_from)

static void link_to(const struct op_call *call, struct axis_map *map, int from, int slot, int to)
{
    const struct shape *x = &call->input[IN_X]->shape;

    axis_link(map, (struct axis_end){AXIS_INPUT, IN_X, from},
              (struct axis_end){AXIS_INPUT, slot, to}, x->dim[from], 0, 1);
}

// Samples, heads and steps pass, channels do not.
static enum status rotary_map_axes(struct context *context, const struct op_call *call,
                                   struct axis_map *map)
{
    const struct shape *x = &call->input[IN_X]->shape;
    int step = x->rank - 2;
    (void)context;

    for (int k = 0; k < x->rank - 1; k++)
        axis_link(map, (struct axis_end){AXIS_INPUT, IN_X, k}, (struct axis_end){AXIS_OUTPUT, 0, k},
                  x->dim[k], 0, 1);
    bool has_positions = input_at(call, IN_POSITIONS) != NULL;
    for (int slot = has_positions ? IN_POSITIONS : IN_COS;
         slot <= (has_positions ? IN_POSITIONS : IN_SIN); slot++) {
        link_to(call, map, 0, slot, 0);
        link_to(call, map, step, slot, 1);
    }
    return OK;
}

static const struct field rotary_fields[] = {
    FIELD(struct rotary_embedding_attr, interleaved, "0", 0, 1, "pairs are neighbours"),
    FIELD(struct rotary_embedding_attr, num_heads, "0", 0, 0, "heads of an input of rank 3"),
    FIELD(struct rotary_embedding_attr, rotary_embedding_dim, "0", 0, 0,
          "channels of a head that turn; 0: all"),
    FIELDS_END,
};

const struct op op_rotary_embedding = {
    .name = "RotaryEmbedding",
    .min_inputs = 3,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = rotary_fields,
    .attr_bytes = sizeof(struct rotary_embedding_attr),
    .since_opset = 23,
    .infer = rotary_infer,
    .forward = rotary_forward,
    .backward = rotary_backward,
    .cost = cost_moves,
    .map_axes = rotary_map_axes,
};
