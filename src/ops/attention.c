// Attention (Vaswani et al. 2017): softmax(scale * q k^T + mask) v, with several query heads to a
// key head (Ainslie et al. 2023), a causal mask, a cache of past keys and values, and a cap.
// q: (N, QH, L, E), k: (N, KH, S, E), v: (N, KH, S, F), past: (N, KH, P, .), y: (N, QH, L, F);
// mask: broadcastable to (N, QH, L, P + S). Or q: (N, L, QH * E) and so on, heads as attributes.
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "ops/attr.h"
#include "ops/op_table.h"
#include "ops/plain_gemm.h"
#include "ops/shared.h"

enum { IN_Q, IN_K, IN_V, IN_MASK, IN_PAST_KEY, IN_PAST_VALUE };
enum { OUT_Y, OUT_KEY, OUT_VALUE, OUT_SCORES };

// Where item (n, head, row, i) of an operand lies: n * sample + head * head + row * row + i.
struct head_layout {
    int64_t heads, rows, size;
    int64_t sample, head, row;
};

struct attention {
    int64_t batch, q_heads, kv_heads, q_len, past, total;
    struct head_layout q, k, v, y;
    int64_t mask[4];     // distances in the mask, 0 where it is stretched
    int64_t mask_length; // keys that it knows; the rest is hidden
    double scale, softcap;
    bool is_causal;
    int mode;
};

static void set_distances(struct head_layout *at, int32_t rank)
{
    at->row = rank == 4 ? at->size : at->heads * at->size;
    at->head = rank == 4 ? at->rows * at->size : at->size;
    at->sample = at->heads * at->rows * at->size;
}

// Reads (N, heads, rows, size) or (N, rows, heads * size).
static enum status layout_from(struct context *context, const struct op_call *call, int i,
                               int64_t heads, struct head_layout *out)
{
    int32_t rank = call->input[IN_Q]->shape.rank;

    TRY(check_rank(context, call, i, rank, rank));
    const int64_t *dim = call->input[i]->shape.dim;
    if (dim[0] != call->input[IN_Q]->shape.dim[0])
        return context_fail(context, ERR_SHAPE, "input %d has %lld samples, the query %lld", i,
                            (long long)dim[0], (long long)call->input[IN_Q]->shape.dim[0]);
    if (rank == 4) {
        *out = (struct head_layout){dim[1], dim[2], dim[3], 0, 0, 0};
    } else {
        if (heads < 1 || dim[2] % heads != 0)
            return context_fail(context, ERR_SHAPE, "%lld channels do not divide into %lld heads",
                                (long long)dim[2], (long long)heads);
        *out = (struct head_layout){heads, dim[1], dim[2] / heads, 0, 0, 0};
    }
    set_distances(out, rank);
    return OK;
}

static enum status check_heads(struct context *context, const struct attention *a)
{
    if (a->k.size != a->q.size || a->v.rows != a->k.rows || a->v.heads != a->k.heads)
        return context_fail(context, ERR_SHAPE, "query, key and value do not fit each other");
    if (a->k.heads < 1 || a->q.heads % a->k.heads != 0)
        return context_fail(context, ERR_SHAPE,
                            "%lld query heads do not divide among %lld key heads",
                            (long long)a->q.heads, (long long)a->k.heads);
    return OK;
}

static enum status check_past(struct context *context, const struct op_call *call, int i,
                              const struct attention *a, int64_t size)
{
    const struct shape wanted = SHAPE(a->batch, a->kv_heads, a->past, size);

    if (shape_equal(&call->input[i]->shape, &wanted))
        return OK;
    return context_fail(context, ERR_SHAPE, "input %d does not continue the present", i);
}

static enum status read_past(struct context *context, const struct op_call *call,
                             struct attention *a)
{
    const struct tensor *key = input_at(call, IN_PAST_KEY);

    if (!key != !input_at(call, IN_PAST_VALUE))
        return context_fail(context, ERR_SHAPE, "past keys and past values come together");
    if (key) {
        TRY(check_rank(context, call, IN_PAST_KEY, 4, 4));
        a->past = key->shape.dim[2];
        TRY(check_past(context, call, IN_PAST_KEY, a, a->k.size));
        TRY(check_past(context, call, IN_PAST_VALUE, a, a->v.size));
    }
    if (!checked_add(a->past, a->k.rows, &a->total))
        return context_fail(context, ERR_SHAPE, "too many keys");
    return OK;
}

// A mask that is shorter than the keys hides the rest.
static enum status read_mask(struct context *context, const struct op_call *call,
                             struct attention *a)
{
    const int64_t wanted[4] = {a->batch, a->q_heads, a->q_len, a->total};
    int64_t distance = 1;

    a->mask_length = a->total;
    if (!input_at(call, IN_MASK))
        return OK;
    TRY(check_rank(context, call, IN_MASK, 1, 4));
    const struct shape *mask = &call->input[IN_MASK]->shape;
    for (int k = 3, at = mask->rank - 1; at >= 0; k--, at--) {
        int64_t dim = mask->dim[at];
        if (dim != 1 && dim != wanted[k] && !(k == 3 && dim < wanted[k]))
            return context_fail(context, ERR_SHAPE, "mask has %lld along axis %d, wants %lld",
                                (long long)dim, at, (long long)wanted[k]);
        a->mask[k] = dim == 1 ? 0 : distance;
        distance *= dim;
        if (k == 3 && dim != 1)
            a->mask_length = dim;
    }
    return OK;
}

static enum status attention_from(struct context *context, const struct op_call *call,
                                  struct attention *out)
{
    const struct attention_attr *attr = call->attr;
    struct attention a = {.is_causal = attr->is_causal != 0,
                          .softcap = attr->softcap,
                          .mode = (int)attr->qk_matmul_output_mode};

    TRY(check_rank(context, call, IN_Q, 3, 4));
    TRY(layout_from(context, call, IN_Q, attr->q_num_heads, &a.q));
    TRY(layout_from(context, call, IN_K, attr->kv_num_heads, &a.k));
    TRY(layout_from(context, call, IN_V, attr->kv_num_heads, &a.v));
    TRY(check_heads(context, &a));
    a.batch = call->input[IN_Q]->shape.dim[0];
    a.q_heads = a.q.heads;
    a.kv_heads = a.k.heads;
    a.q_len = a.q.rows;
    a.scale = isnan(attr->scale) ? 1 / sqrt((double)a.q.size) : attr->scale;
    a.y = (struct head_layout){a.q_heads, a.q_len, a.v.size, 0, 0, 0};
    set_distances(&a.y, call->input[IN_Q]->shape.rank);
    TRY(read_past(context, call, &a));
    TRY(read_mask(context, call, &a));
    *out = a;
    return OK;
}

static enum status check_types(struct context *context, const struct op_call *call)
{
    enum dtype dtype = call->input[IN_Q]->dtype;

    TRY(check_float(context, call, IN_Q));
    for (int i = 1; i < call->input_count; i++)
        if (input_at(call, i) && !(i == IN_MASK && call->input[i]->dtype == DT_BOOL))
            TRY(check_dtype(context, call, i, dtype));
    return OK;
}

static enum status attention_infer(struct context *context, const struct op_call *call)
{
    enum dtype dtype = call->input[IN_Q]->dtype;
    struct attention a;
    int64_t channels;

    TRY(check_types(context, call));
    TRY(attention_from(context, call, &a));
    if (!checked_mul(a.q_heads, a.v.size, &channels))
        return context_fail(context, ERR_SHAPE, "too many channels");
    struct shape y = call->input[IN_Q]->shape.rank == 4
                         ? SHAPE(a.batch, a.q_heads, a.q_len, a.v.size)
                         : SHAPE(a.batch, a.q_len, channels);
    struct shape key = SHAPE(a.batch, a.kv_heads, a.total, a.k.size);
    struct shape value = SHAPE(a.batch, a.kv_heads, a.total, a.v.size);
    struct shape scores = SHAPE(a.batch, a.q_heads, a.q_len, a.total);
    TRY(set_output(context, call, OUT_Y, dtype, &y));
    TRY(set_output(context, call, OUT_KEY, dtype, &key));
    TRY(set_output(context, call, OUT_VALUE, dtype, &value));
    return set_output(context, call, OUT_SCORES, dtype, &scores);
}

#define BODY "ops/attention.inc"
#include "ops/both_floats.inc"

static enum status attention_forward(struct context *context, const struct op_call *call)
{
    struct attention a;

    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, attention_forward);
    TRY(attention_from(context, call, &a));
    if (call->input[0]->dtype == DT_F32)
        attention_forward_f32(call, &a);
    else
        attention_forward_f64(call, &a);
    return OK;
}

// Of struct heads.
static size_t attention_scratch_bytes(const struct op_call *call)
{
    struct context silent;
    struct attention a;

    context_init(&silent);
    if (attention_from(&silent, call, &a) != OK)
        return 0;
    size_t columns = (size_t)a.k.size + (size_t)a.v.size + (size_t)a.q_len + 1;
    return scratch_product(compute_bytes(call->input[0]->dtype),
                           scratch_product(columns, (size_t)a.total));
}

static void attention_cost(const struct op_call *call, struct op_cost *cost)
{
    struct context silent;
    struct attention a;

    context_init(&silent);
    *cost = (struct op_cost){0, -1, false};
    if (attention_from(&silent, call, &a) == OK)
        cost->macs = (double)a.batch * (double)a.q_heads * (double)a.q_len * (double)a.total *
                     (double)(a.k.size + a.v.size);
}

// ---- axes --------------------------------------------------------------------------------------

struct place {
    enum axis_side side;
    int slot;
};

static const struct place places[] = {
    {AXIS_INPUT, IN_K},     {AXIS_INPUT, IN_V},        {AXIS_INPUT, IN_PAST_KEY},
    {AXIS_OUTPUT, OUT_KEY}, {AXIS_OUTPUT, OUT_VALUE},  {AXIS_INPUT, IN_PAST_VALUE},
    {AXIS_OUTPUT, OUT_Y},   {AXIS_OUTPUT, OUT_SCORES}, {AXIS_INPUT, IN_MASK},
};

static const struct tensor *tensor_at(const struct op_call *call, struct place place)
{
    return place.side == AXIS_INPUT ? input_at(call, place.slot) : output_at(call, place.slot);
}

// Ties axis `from` of the query to axis k of everything of rank 4 that has it, from place `first`.
static void link_all(const struct op_call *call, struct axis_map *map, struct axis_end from,
                     int64_t count, int k, size_t first)
{
    for (size_t i = first; i < sizeof places / sizeof places[0]; i++) {
        const struct tensor *tensor = tensor_at(call, places[i]);
        bool is_mask = places[i].side == AXIS_INPUT && places[i].slot == IN_MASK;
        int at = tensor && is_mask ? k - 4 + tensor->shape.rank : k == 0 ? 0 : k;
        if (!tensor || at < 0 || at >= tensor->shape.rank ||
            (tensor->shape.dim[at] == 1 && is_mask) || tensor->shape.dim[at] % count != 0)
            continue;
        axis_link(map, from, (struct axis_end){places[i].side, places[i].slot, at}, count, 0,
                  tensor->shape.dim[at] / count);
    }
}

// Samples pass; heads and the values' channels where the operands say them apart.
static enum status attention_map_axes(struct context *context, const struct op_call *call,
                                      struct axis_map *map)
{
    const struct axis_end q0 = {AXIS_INPUT, IN_Q, 0}, k1 = {AXIS_INPUT, IN_K, 1};
    const struct axis_end v3 = {AXIS_INPUT, IN_V, 3};
    struct attention a;

    TRY(attention_from(context, call, &a));
    if (a.batch > 0)
        link_all(call, map, q0, a.batch, 0, 0);
    if (call->input[IN_Q]->shape.rank == 3)
        return OK;
    axis_link(map, k1, (struct axis_end){AXIS_INPUT, IN_Q, 1}, a.kv_heads, 0,
              a.q_heads / a.kv_heads);
    link_all(call, map, k1, a.kv_heads, 1, 1);
    axis_link(map, v3, (struct axis_end){AXIS_OUTPUT, OUT_Y, 3}, a.v.size, 0, 1);
    if (input_at(call, IN_PAST_VALUE))
        axis_link(map, v3, (struct axis_end){AXIS_INPUT, IN_PAST_VALUE, 3}, a.v.size, 0, 1);
    if (output_at(call, OUT_VALUE))
        axis_link(map, v3, (struct axis_end){AXIS_OUTPUT, OUT_VALUE, 3}, a.v.size, 0, 1);
    return OK;
}

static const struct field attention_fields[] = {
    FIELD(struct attention_attr, is_causal, "0", 0, 1, "no query sees a later key"),
    FIELD(struct attention_attr, kv_num_heads, "0", 0, 0, "heads of keys and values of rank 3"),
    FIELD(struct attention_attr, q_num_heads, "0", 0, 0, "heads of queries of rank 3"),
    FIELD(struct attention_attr, qk_matmul_output_mode, "0", 0, 3,
          "the scores given out: products, capped, masked, softmax"),
    FIELD(struct attention_attr, scale, NULL, 0, 0, "factor of the products"),
    FIELD(struct attention_attr, softcap, "0", 0, 0, "bound of the scores"),
    FIELD(struct attention_attr, softmax_precision, "0", 0, 0,
          "ONNX type of the softmax; here at least float32"),
    FIELDS_END,
};

const struct op op_attention = {
    .name = "Attention",
    .min_inputs = 3,
    .max_inputs = 6,
    .min_outputs = 1,
    .max_outputs = 4,
    .attr = attention_fields,
    .attr_bytes = sizeof(struct attention_attr),
    .since_opset = 23,
    .infer = attention_infer,
    .forward = attention_forward,
    .scratch_bytes = attention_scratch_bytes,
    .cost = attention_cost,
    .map_axes = attention_map_axes,
};
