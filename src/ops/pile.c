// Slices of tensors and their piles, for Loop and Scan.
#include "ops/pile.h"

#include <stdlib.h>
#include <string.h>

#include "ops/shared.h"

static enum status pile_grow(struct context *context, struct pile *pile, size_t bytes)
{
    size_t capacity = pile->capacity ? pile->capacity : 256;
    char *grown;

    while (capacity - pile->length < bytes && capacity <= SIZE_MAX / 4)
        capacity *= 2;
    if (capacity == pile->capacity)
        return OK;
    grown = capacity - pile->length < bytes ? NULL : realloc(pile->bytes, capacity);
    if (!grown)
        return context_fail(context, ERR_MEMORY, "no memory for %zu bytes of output", capacity);
    pile->bytes = grown;
    pile->capacity = capacity;
    return OK;
}

enum status pile_add(struct context *context, struct pile *pile, const struct tensor *tensor)
{
    size_t bytes = tensor_bytes(tensor);

    if (!pile->count)
        pile->type = (struct tensor){tensor->dtype, tensor->shape, NULL, 0};
    if (dtype_info[tensor->dtype].bits < 8)
        return context_fail(context, ERR_UNSUPPORTED, "cannot stack %s",
                            dtype_info[tensor->dtype].name);
    if (pile->type.dtype != tensor->dtype || !shape_equal(&pile->type.shape, &tensor->shape))
        return context_fail(context, ERR_SHAPE, "gives outputs of several shapes to be stacked");
    TRY(pile_grow(context, pile, bytes));
    if (bytes)
        memcpy(pile->bytes + pile->length, tensor_data(tensor), bytes);
    pile->length += bytes;
    pile->count++;
    return OK;
}

enum status stacked_shape(struct context *context, const struct shape *element, int64_t count,
                          int64_t axis, struct shape *out)
{
    int64_t dim[SHAPE_MAX_RANK + 1];
    int at;

    TRY(axis_from(context, axis, element->rank + 1, &at));
    for (int i = 0; i <= element->rank; i++)
        dim[i] = i == at ? count : element->dim[i - (i > at)];
    return shape_set(context, out, element->rank + 1, dim);
}

enum status pile_stack(struct context *context, const struct pile *pile,
                       const struct tensor *declared, int64_t axis, bool is_backward,
                       struct tensor *out)
{
    struct tensor type = pile->count ? pile->type : *declared;
    int64_t outer, count = pile->count;
    size_t inner;
    struct shape shape;
    int at;

    for (int i = 0; i < type.shape.rank; i++)
        type.shape.dim[i] = type.shape.dim[i] < 0 ? 0 : type.shape.dim[i];
    if (type.shape.rank < 0)
        type.shape = SHAPE_SCALAR;
    if (type.dtype == DT_NONE)
        return context_fail(context, ERR_UNSUPPORTED, "an empty output has no type");
    TRY(stacked_shape(context, &type.shape, count, axis, &shape));
    TRY(axis_from(context, axis, shape.rank, &at));
    TRY(tensor_alloc(context, out, type.dtype, &shape));
    outer = shape_product(&shape, 0, at);
    inner = (size_t)shape_product(&shape, at + 1, shape.rank) *
            (size_t)(dtype_info[type.dtype].bits / 8);
    for (int64_t t = 0; t < count && inner; t++)
        for (int64_t o = 0; o < outer; o++) {
            int64_t place = is_backward ? count - 1 - t : t;
            memcpy((char *)tensor_write(out) + (size_t)(o * count + place) * inner,
                   pile->bytes + (size_t)(t * outer + o) * inner, inner);
        }
    return OK;
}

void pile_clear(struct pile *pile)
{
    free(pile->bytes);
    *pile = (struct pile){.count = 0};
}

void shape_drop(struct shape *shape, int axis)
{
    for (int i = axis; i + 1 < shape->rank; i++)
        shape->dim[i] = shape->dim[i + 1];
    shape->rank--;
}

enum status slice_at(struct context *context, const struct tensor *x, int axis, int64_t index,
                     struct tensor *out)
{
    int64_t outer = shape_product(&x->shape, 0, axis), length = x->shape.dim[axis];
    size_t inner = (size_t)shape_product(&x->shape, axis + 1, x->shape.rank) *
                   (size_t)(dtype_info[x->dtype].bits / 8);
    struct shape shape = x->shape;

    shape_drop(&shape, axis);
    if (outer == 1) {
        tensor_share(out, x);
        out->shape = shape;
        out->offset += (size_t)index * inner;
        return OK;
    }
    TRY(tensor_alloc(context, out, x->dtype, &shape));
    for (int64_t o = 0; o < outer && inner; o++)
        memcpy((char *)tensor_write(out) + (size_t)o * inner,
               (const char *)tensor_data(x) + (size_t)(o * length + index) * inner, inner);
    return OK;
}
