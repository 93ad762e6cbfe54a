// Unique: the different slices along an axis (or elements, without one), where each stood first,
// which of them every slice is, and how often each came. In ascending order, or as they came.
#include <string.h>

#include "ops/op_table.h"
#include "ops/rank.h"
#include "ops/shared.h"
#include "ops/walk.h"

struct unique_attr {
    int64_t axis, sorted; // axis INT64_MIN: elements
};

struct slices { // element j of slice i is at j / inner * count * inner + i * inner + j % inner
    int axis;   // -1: elements
    int64_t count, length, inner;
};

// Scratch, `count` items each. Groups are numbered 0 .. groups-1.
struct grouping {
    struct ranked *item;
    int64_t *order, *group, *first, *times; // of slices: order, group; of groups: first, times
    int64_t groups;
};

static enum status slices_of(struct context *context, const struct op_call *call,
                             struct slices *slices)
{
    const struct shape *x = &call->input[0]->shape;
    int64_t axis = ((const struct unique_attr *)call->attr)->axis;

    *slices = (struct slices){-1, shape_count(x), 1, 1};
    if (axis == INT64_MIN)
        return OK;
    TRY(axis_from(context, axis, x->rank, &slices->axis));
    slices->count = x->dim[slices->axis];
    slices->inner = shape_product(x, slices->axis + 1, x->rank);
    slices->length = shape_product(x, 0, slices->axis) * slices->inner;
    return OK;
}

static enum status unique_infer(struct context *context, const struct op_call *call)
{
    struct slices slices;

    TRY(check_whole_bytes(context, call, 0));
    TRY(slices_of(context, call, &slices));
    set_output_unknown(call, 0, call->input[0]->dtype);
    for (int i = 1; i < 4; i++)
        set_output_unknown(call, i, DT_I64);
    return set_output(context, call, 2, DT_I64, &SHAPE(slices.count));
}

static uint64_t key_of(const struct tensor *x, const struct slices *slices, int64_t i, int64_t j)
{
    return rank_key(x, j / slices->inner * slices->count * slices->inner + i * slices->inner +
                           j % slices->inner);
}

// By the last element first; every pass keeps the order of those that it finds equal.
static void sort_slices(const struct tensor *x, const struct slices *slices, struct grouping *by)
{
    for (int64_t i = 0; i < slices->count; i++)
        by->order[i] = i;
    for (int64_t j = slices->length - 1; j >= 0; j--) {
        for (int64_t i = 0; i < slices->count; i++)
            by->item[i] = (struct ranked){key_of(x, slices, by->order[i], j), i};
        rank_smallest(by->item, slices->count, slices->count);
        for (int64_t i = 0; i < slices->count; i++)
            by->item[i].at = by->order[by->item[i].at];
        for (int64_t i = 0; i < slices->count; i++)
            by->order[i] = by->item[i].at;
    }
}

static bool slices_equal(const struct tensor *x, const struct slices *slices, int64_t a, int64_t b)
{
    for (int64_t j = 0; j < slices->length; j++)
        if (key_of(x, slices, a, j) != key_of(x, slices, b, j))
            return false;
    return true;
}

static void group_slices(const struct tensor *x, const struct slices *slices, struct grouping *by)
{
    sort_slices(x, slices, by);
    by->groups = 0;
    for (int64_t i = 0; i < slices->count; i++) {
        int64_t at = by->order[i];
        if (i == 0 || !slices_equal(x, slices, by->order[i - 1], at)) {
            by->first[by->groups] = at;
            by->times[by->groups++] = 0;
        }
        by->group[at] = by->groups - 1;
        by->times[by->groups - 1]++;
    }
}

// Numbers the groups as they came.
static void renumber(const struct slices *slices, struct grouping *by)
{
    for (int64_t g = 0; g < by->groups; g++)
        by->item[g] = (struct ranked){(uint64_t)by->first[g], g};
    rank_smallest(by->item, by->groups, by->groups);
    for (int64_t g = 0; g < by->groups; g++) {
        by->order[by->item[g].at] = g;
        by->first[g] = (int64_t)by->item[g].key;
        by->item[g].key = (uint64_t)by->times[by->item[g].at];
    }
    for (int64_t g = 0; g < by->groups; g++)
        by->times[g] = (int64_t)by->item[g].key;
    for (int64_t i = 0; i < slices->count; i++)
        by->group[i] = by->order[by->group[i]];
}

static enum status write_list(struct context *context, const struct op_call *call, int slot,
                              const int64_t *from, int64_t count)
{
    struct tensor *output = output_at(call, slot);

    if (!output)
        return OK;
    if (!output->buffer)
        TRY(tensor_alloc(context, output, DT_I64, &SHAPE(count)));
    memcpy(tensor_write(output), from, (size_t)count * sizeof *from);
    return OK;
}

static enum status write_slices(struct context *context, const struct op_call *call,
                                const struct slices *slices, const struct grouping *by)
{
    const struct tensor *x = call->input[0];
    struct tensor *y = output_at(call, 0);
    struct shape shape = slices->axis < 0 ? SHAPE(by->groups) : x->shape;

    if (!y)
        return OK;
    if (slices->axis >= 0)
        shape.dim[slices->axis] = by->groups;
    if (!y->buffer)
        TRY(tensor_alloc(context, y, x->dtype, &shape));
    for (int64_t g = 0; g < by->groups; g++) {
        struct walk walk = {.from_at = by->first[g] * slices->inner, .to_at = g * slices->inner};
        walk_add_axis(&walk, slices->length / slices->inner, slices->count * slices->inner,
                      by->groups * slices->inner);
        walk_add_axis(&walk, slices->inner, 1, 1);
        walk_copy(&walk, x->dtype, tensor_data(x), tensor_write(y));
    }
    return OK;
}

static enum status unique_forward(struct context *context, const struct op_call *call)
{
    struct slices slices;
    struct grouping by;

    TRY(slices_of(context, call, &slices));
    by.item = call->scratch;
    by.order = (int64_t *)(by.item + slices.count);
    by.group = by.order + slices.count;
    by.first = by.group + slices.count;
    by.times = by.first + slices.count;
    slices.length = slices.inner ? slices.length : 0;
    group_slices(call->input[0], &slices, &by);
    if (!((const struct unique_attr *)call->attr)->sorted)
        renumber(&slices, &by);
    slices.inner = slices.inner ? slices.inner : 1; // of no elements: nothing is copied
    TRY(write_slices(context, call, &slices, &by));
    TRY(write_list(context, call, 1, by.first, by.groups));
    TRY(write_list(context, call, 2, by.group, slices.count));
    return write_list(context, call, 3, by.times, by.groups);
}

static size_t unique_scratch_bytes(const struct op_call *call)
{
    struct context silent;
    struct slices slices;

    context_init(&silent);
    if (slices_of(&silent, call, &slices) != OK)
        return 0;
    // Never nothing: the lists have addresses even without slices.
    return scratch_product((size_t)slices.count + 1, sizeof(struct ranked) + 4 * sizeof(int64_t));
}

static const struct field unique_fields[] = {
    FIELD(struct unique_attr, axis, "-9223372036854775808", 0, 0, "the axis of the slices"),
    FIELD(struct unique_attr, sorted, "1", 0, 1, "in ascending order"),
    FIELDS_END,
};

const struct op op_unique = {
    .name = "Unique",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 4,
    .attr = unique_fields,
    .attr_bytes = sizeof(struct unique_attr),
    .since_opset = 11,
    .traits = OP_ALLOCATES,
    .infer = unique_infer,
    .forward = unique_forward,
    .scratch_bytes = unique_scratch_bytes,
    .cost = cost_moves,
    .map_axes = axes_none,
};
