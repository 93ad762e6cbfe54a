// Strided element moves. Axes that run on in both tensors are merged first, so that most moves end
// as few long memcpy.
#include "ops/walk.h"

#include <string.h>

#include "ops/shared.h"

void shape_strides(const struct shape *shape, int64_t *stride)
{
    int64_t step = 1;

    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape->dim[i];
    }
}

struct walk walk_of(const struct shape *shape)
{
    struct walk walk = {.rank = shape->rank};

    shape_strides(shape, walk.from);
    shape_strides(shape, walk.to);
    for (int i = 0; i < shape->rank; i++)
        walk.dim[i] = shape->dim[i];
    return walk;
}

struct walk walk_broadcast(const struct shape *small, const struct shape *large)
{
    struct walk walk = walk_of(large);
    int64_t stride[SHAPE_MAX_RANK];
    int skip = large->rank - small->rank;

    shape_strides(small, stride);
    for (int i = 0; i < large->rank; i++)
        walk.from[i] = i < skip || small->dim[i - skip] == 1 ? 0 : stride[i - skip];
    return walk;
}

struct walk walk_into(const struct shape *part, const struct shape *whole, int axis, int64_t offset)
{
    struct walk walk = walk_of(part);

    shape_strides(whole, walk.to);
    walk.to_at = offset * walk.to[axis];
    return walk;
}

void walk_add_axis(struct walk *walk, int64_t dim, int64_t from, int64_t to)
{
    walk->dim[walk->rank] = dim;
    walk->from[walk->rank] = from;
    walk->to[walk->rank] = to;
    walk->rank++;
}

struct walk walk_reversed(const struct walk *walk)
{
    struct walk back = *walk;

    memcpy(back.from, walk->to, sizeof back.from);
    memcpy(back.to, walk->from, sizeof back.to);
    back.from_at = walk->to_at;
    back.to_at = walk->from_at;
    return back;
}

// Drops axes of one element and merges neighbours; at least one axis stays. For walks that are not
// empty: beside a dim of 0 others may be so large that their products overflow.
static struct walk merged(const struct walk *walk)
{
    struct walk out = {.from_at = walk->from_at, .to_at = walk->to_at};

    for (int i = 0; i < walk->rank; i++) {
        int last = out.rank - 1;

        if (walk->dim[i] == 1)
            continue;
        if (last >= 0 && out.from[last] == walk->from[i] * walk->dim[i] &&
            out.to[last] == walk->to[i] * walk->dim[i]) {
            out.dim[last] *= walk->dim[i];
            out.from[last] = walk->from[i];
            out.to[last] = walk->to[i];
        } else {
            walk_add_axis(&out, walk->dim[i], walk->from[i], walk->to[i]);
        }
    }
    if (out.rank == 0)
        walk_add_axis(&out, 1, 1, 1);
    return out;
}

static bool is_empty(const struct walk *walk)
{
    for (int i = 0; i < walk->rank; i++)
        if (walk->dim[i] == 0)
            return true;
    return false;
}

// Steps to the next row (all axes but the last); false behind the last row. Rows start at
// walk->from_at and walk->to_at.
static bool next_row(struct walk *walk, int64_t *index)
{
    for (int i = walk->rank - 2; i >= 0; i--) {
        walk->from_at += walk->from[i];
        walk->to_at += walk->to[i];
        if (++index[i] < walk->dim[i])
            return true;
        walk->from_at -= walk->from[i] * walk->dim[i];
        walk->to_at -= walk->to[i] * walk->dim[i];
        index[i] = 0;
    }
    return false;
}

static unsigned get_nibble(const void *data, int64_t i)
{
    unsigned byte = ((const uint8_t *)data)[i / 2];

    return i % 2 ? byte >> 4 : byte & 15u;
}

static void set_nibble(void *data, int64_t i, unsigned value)
{
    uint8_t *byte = (uint8_t *)data + i / 2;
    unsigned shift = i % 2 ? 4 : 0;

    *byte = (uint8_t)((*byte & ~(15u << shift)) | value << shift);
}

static void copy_nibbles(const struct walk *row, const void *from, void *to)
{
    int last = row->rank - 1;

    for (int64_t i = 0; i < row->dim[last]; i++)
        set_nibble(to, row->to_at + i * row->to[last],
                   get_nibble(from, row->from_at + i * row->from[last]));
}

#define COPY_ROW(type)                                                                             \
    do {                                                                                           \
        const type *x = (const type *)from + row->from_at;                                         \
        type *y = (type *)to + row->to_at;                                                         \
        for (int64_t i = 0; i < count; i++)                                                        \
            y[i * to_step] = x[i * from_step];                                                     \
    } while (0)

static void copy_row(const struct walk *row, size_t bytes, const void *from, void *to)
{
    int64_t count = row->dim[row->rank - 1];
    int64_t from_step = row->from[row->rank - 1], to_step = row->to[row->rank - 1];

    if (from_step == 1 && to_step == 1) {
        memcpy((char *)to + row->to_at * (int64_t)bytes,
               (const char *)from + row->from_at * (int64_t)bytes, (size_t)count * bytes);
        return;
    }
    switch (bytes) {
    case 1:
        COPY_ROW(uint8_t);
        break;
    case 2:
        COPY_ROW(uint16_t);
        break;
    case 4:
        COPY_ROW(uint32_t);
        break;
    default:
        COPY_ROW(uint64_t);
        break;
    }
}

void walk_copy(const struct walk *walk, enum dtype dtype, const void *from, void *to)
{
    int64_t index[WALK_MAX_RANK] = {0};
    int bits = dtype_info[dtype].bits;

    if (is_empty(walk))
        return;
    struct walk row = merged(walk);
    do {
        if (bits == 4)
            copy_nibbles(&row, from, to);
        else
            copy_row(&row, (size_t)bits / 8, from, to);
    } while (next_row(&row, index));
}

// A row that is summed into one element (a broadcast axis) adds up in double: its length is not
// bounded, and float would lose the small gradients.
#define ADD_ROW(type)                                                                              \
    do {                                                                                           \
        const type *x = (const type *)from + row.from_at;                                          \
        type *y = (type *)to + row.to_at;                                                          \
        if (to_step == 0) {                                                                        \
            double sum = 0;                                                                        \
            for (int64_t i = 0; i < count; i++)                                                    \
                sum += (double)x[i * from_step];                                                   \
            *y += (type)sum;                                                                       \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++)                                                    \
                y[i * to_step] += x[i * from_step];                                                \
        }                                                                                          \
    } while (0)

void walk_add(const struct walk *walk, enum dtype dtype, const void *from, void *to)
{
    int64_t index[WALK_MAX_RANK] = {0};

    if (is_empty(walk))
        return;
    struct walk row = merged(walk);
    int64_t count = row.dim[row.rank - 1];
    int64_t from_step = row.from[row.rank - 1], to_step = row.to[row.rank - 1];
    do {
        FOR_FLOAT_TYPES(dtype, ADD_ROW)
    } while (next_row(&row, index));
}

enum status walk_forward(struct context *context, const struct op_call *call,
                         enum status (*make)(struct context *, const struct op_call *,
                                             struct walk *))
{
    struct walk walk;

    TRY(make(context, call, &walk));
    walk_copy(&walk, call->input[0]->dtype, tensor_data(call->input[0]),
              tensor_write(call->output[0]));
    return OK;
}

enum status walk_backward(struct context *context, const struct op_call *call,
                          enum status (*make)(struct context *, const struct op_call *,
                                              struct walk *))
{
    const struct tensor *grad = output_grad_at(call, 0);
    struct tensor *into = input_grad_at(call, 0);
    struct walk walk;

    if (!grad || !into)
        return OK;
    TRY(check_trainable(context, call));
    TRY(make(context, call, &walk));
    walk = walk_reversed(&walk);
    walk_add(&walk, grad->dtype, tensor_data(grad), tensor_write(into));
    return OK;
}

#define FILL(type)                                                                                 \
    do {                                                                                           \
        type *y = (type *)to + at, x = ((const type *)value)[index];                               \
        for (int64_t i = 0; i < count; i++)                                                        \
            y[i] = x;                                                                              \
    } while (0)

void fill_elements(enum dtype dtype, void *to, int64_t at, int64_t count, const void *value,
                   int64_t index)
{
    switch (dtype_info[dtype].bits) {
    case 4:
        for (int64_t i = 0; i < count; i++)
            set_nibble(to, at + i, get_nibble(value, index));
        break;
    case 8:
        FILL(uint8_t);
        break;
    case 16:
        FILL(uint16_t);
        break;
    case 32:
        FILL(uint32_t);
        break;
    default:
        FILL(uint64_t);
        break;
    }
}
