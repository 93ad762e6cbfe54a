// NonMaxSuppression: of the boxes of each class, in the order of their scores, those that overlap
// no better one by more than a threshold.
// boxes: (N, S, 4), scores: (N, C, S), selected: (M, 3) of batch, class and box
#include <math.h>
#include <string.h>

#include "ops/op_table.h"
#include "ops/rank.h"
#include "ops/shared.h"

struct non_max_suppression_attr {
    int64_t center_point_box;
};

struct suppression {
    bool is_centered, has_least;
    int64_t batch, classes, boxes, most; // most: boxes that a class keeps
    float overlap, least;                // thresholds of overlap and score
};

static enum status check_boxes(struct context *context, const struct op_call *call)
{
    TRY(check_float(context, call, 0));
    TRY(check_float(context, call, 1));
    TRY(check_rank(context, call, 0, 3, 3));
    TRY(check_rank(context, call, 1, 3, 3));
    const int64_t *boxes = call->input[0]->shape.dim, *scores = call->input[1]->shape.dim;
    if (boxes[2] != 4)
        return context_fail(context, ERR_SHAPE, "boxes have %lld numbers, want 4",
                            (long long)boxes[2]);
    if (boxes[0] != scores[0] || boxes[1] != scores[2])
        return context_fail(
            context, ERR_SHAPE, "%lld x %lld boxes, but scores for %lld x %lld of them",
            (long long)boxes[0], (long long)boxes[1], (long long)scores[0], (long long)scores[2]);
    return OK;
}

static enum status scalar_at(struct context *context, const struct op_call *call, int slot,
                             double *out)
{
    const struct tensor *given = input_at(call, slot);

    if (!given || tensor_count(given) == 0)
        return OK;
    if (tensor_count(given) != 1)
        return context_fail(context, ERR_SHAPE, "input %d has %lld items, wants 1", slot,
                            (long long)tensor_count(given));
    *out = tensor_get(given, 0);
    return OK;
}

static enum status suppression_from(struct context *context, const struct op_call *call,
                                    struct suppression *s)
{
    const int64_t *scores = call->input[1]->shape.dim;
    double most = 0, overlap = 0, least = NAN;

    TRY(scalar_at(context, call, 2, &most));
    TRY(scalar_at(context, call, 3, &overlap));
    TRY(scalar_at(context, call, 4, &least));
    if (!(overlap >= 0 && overlap <= 1))
        return context_fail(context, ERR_NUMERIC, "threshold of overlap %g is not in 0 to 1",
                            overlap);
    *s = (struct suppression){
        ((const struct non_max_suppression_attr *)call->attr)->center_point_box != 0,
        !isnan(least),
        scores[0],
        scores[1],
        scores[2],
        0,
        (float)overlap,
        (float)least};
    if (most > 0)
        s->most = most < (double)s->boxes ? (int64_t)most : s->boxes;
    return OK;
}

static enum status non_max_suppression_infer(struct context *context, const struct op_call *call)
{
    TRY(check_boxes(context, call));
    if (input_at(call, 2) && call->input[2]->dtype != DT_I32)
        TRY(check_dtype(context, call, 2, DT_I64));
    for (int i = 3; i < 5; i++)
        if (input_at(call, i))
            TRY(check_float(context, call, i));
    set_output_unknown(call, 0, DT_I64);
    return OK;
}

struct box {
    float low[2], high[2], area;
};

static struct box box_at(const struct suppression *s, const struct tensor *boxes, int64_t at)
{
    struct box box;
    float given[4];

    for (int i = 0; i < 4; i++)
        given[i] = (float)tensor_get(boxes, 4 * at + i);
    for (int i = 0; i < 2; i++) {
        float a = given[i], b = given[i + 2], half = b / 2;
        box.low[i] = s->is_centered ? a - half : fminf(a, b);
        box.high[i] = s->is_centered ? a + half : fmaxf(a, b);
    }
    box.area = (box.high[0] - box.low[0]) * (box.high[1] - box.low[1]);
    return box;
}

static bool overlaps(const struct suppression *s, const struct box *a, const struct box *b)
{
    float side[2];

    for (int i = 0; i < 2; i++) {
        side[i] = fminf(a->high[i], b->high[i]) - fmaxf(a->low[i], b->low[i]);
        if (!(side[i] > 0))
            return false;
    }
    float both = side[0] * side[1], either = a->area + b->area - both;
    return a->area > 0 && b->area > 0 && either > 0 && both / either > s->overlap;
}

// Scratch: the candidates of one class, then the boxes picked so far. Returns how many were picked.
static int64_t pick(const struct op_call *call, const struct suppression *s, int64_t n, int64_t c,
                    int64_t *picked)
{
    const struct tensor *boxes = call->input[0], *scores = call->input[1];
    struct ranked *item = call->scratch;
    int64_t candidates = 0, count = 0;

    for (int64_t i = 0; i < s->boxes; i++) {
        int64_t at = (n * s->classes + c) * s->boxes + i;
        if (!s->has_least || (float)tensor_get(scores, at) > s->least)
            item[candidates++] = (struct ranked){~rank_key(scores, at), i};
    }
    rank_smallest(item, candidates, candidates);
    for (int64_t i = 0; i < candidates && count < s->most; i++) {
        struct box box = box_at(s, boxes, n * s->boxes + item[i].at);
        bool is_free = true;
        for (int64_t k = 0; k < count && is_free; k++) {
            struct box better = box_at(s, boxes, n * s->boxes + picked[k]);
            is_free = !overlaps(s, &box, &better);
        }
        if (is_free)
            picked[count++] = item[i].at;
    }
    return count;
}

static enum status non_max_suppression_forward(struct context *context, const struct op_call *call)
{
    struct tensor *y = call->output[0];
    struct suppression s = {0};

    TRY(suppression_from(context, call, &s));
    int64_t *picked = (int64_t *)((struct ranked *)call->scratch + s.boxes);
    int64_t *times = picked + s.batch * s.classes * s.boxes, total = 0;
    for (int64_t k = 0; k < s.batch * s.classes; k++) {
        times[k] = pick(call, &s, k / s.classes, k % s.classes, picked + total);
        total += times[k];
    }
    if (!y->buffer)
        TRY(tensor_alloc(context, y, DT_I64, &SHAPE(total, 3)));
    int64_t *to = tensor_write(y);
    for (int64_t k = 0; k < s.batch * s.classes; k++)
        for (int64_t i = 0; i < times[k]; i++, to += 3) {
            to[0] = k / s.classes;
            to[1] = k % s.classes;
            to[2] = *picked++;
        }
    return OK;
}

static size_t non_max_suppression_scratch_bytes(const struct op_call *call)
{
    const int64_t *dim = call->input[1]->shape.dim;
    size_t groups = scratch_product((size_t)dim[0], (size_t)dim[1]);
    size_t boxes = scratch_product((size_t)dim[2], sizeof(struct ranked));
    size_t lists = scratch_product(scratch_product(groups, (size_t)dim[2] + 1), sizeof(int64_t));

    return lists > SIZE_MAX - boxes ? SIZE_MAX : lists + boxes;
}

static const struct field non_max_suppression_fields[] = {
    FIELD(struct non_max_suppression_attr, center_point_box, "0", 0, 1,
          "boxes are centre and size, not two corners"),
    FIELDS_END,
};

const struct op op_non_max_suppression = {
    .name = "NonMaxSuppression",
    .min_inputs = 2,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .attr = non_max_suppression_fields,
    .attr_bytes = sizeof(struct non_max_suppression_attr),
    .since_opset = 10,
    .traits = OP_ALLOCATES,
    .infer = non_max_suppression_infer,
    .forward = non_max_suppression_forward,
    .scratch_bytes = non_max_suppression_scratch_bytes,
    .cost = cost_moves,
    .map_axes = axes_none,
};
