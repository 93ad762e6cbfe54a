// SparseTensorProto: numbers and where they stand, read into a dense tensor. Writing is dense.
#include <string.h>

#include "io/onnx_internal.h"

// Dense tensors that a few bytes of a file may ask for.
enum { SPARSE_MAX_ELEMENTS = 1 << 28 };

struct sparse {
    struct tensor_proto values, indices;
    struct shape shape;
};

static enum status open_sparse(struct reader *reader, struct span bytes, struct sparse *out)
{
    struct wire wire = wire_over(bytes, 4);
    uint64_t dim[SHAPE_MAX_RANK];
    struct wire_field field;
    int64_t rank = 0;

    out->values.name = out->indices.name = "";
    while (wire_next(&wire, &field))
        if (field.number == SPARSE_VALUES || field.number == SPARSE_INDICES) {
            TRY(tensor_proto_open(reader->context, reader->arena, wire_bytes(&wire, &field), 5,
                                  field.number == SPARSE_VALUES ? &out->values : &out->indices));
        } else if (field.number == SPARSE_DIMS) {
            size_t count = wire_numbers(&wire, &field, WIRE_VARINT, NULL);
            if (count > (size_t)(SHAPE_MAX_RANK - rank))
                return context_fail(reader->context, ERR_UNSUPPORTED, "has more than %d dimensions",
                                    SHAPE_MAX_RANK);
            wire_numbers(&wire, &field, WIRE_VARINT, &dim[rank]);
            rank += (int64_t)count;
        }
    TRY(wire_status(reader->context, &wire));
    TRY(shape_set(reader->context, &out->shape, rank, (const int64_t *)dim));
    if (!shape_is_static(&out->shape) || !out->values.bytes.at || !out->indices.bytes.at)
        return context_fail(reader->context, ERR_FORMAT, "is no whole sparse tensor");
    if (shape_count(&out->shape) > SPARSE_MAX_ELEMENTS)
        return context_fail(reader->context, ERR_UNSUPPORTED,
                            "is sparse and would have %lld elements",
                            (long long)shape_count(&out->shape));
    return OK;
}

// Where element i stands: indices are (count) positions or (count, rank) coordinates.
static bool find_place(const struct tensor *indices, const struct shape *shape, int64_t i,
                       int64_t *out)
{
    const int64_t *index = tensor_i64(indices);

    *out = index[i];
    if (indices->shape.rank == 1)
        return *out >= 0 && *out < shape_count(shape);
    *out = 0;
    for (int k = 0; k < shape->rank; k++) {
        int64_t at = index[i * shape->rank + k];
        if (at < 0 || at >= shape->dim[k])
            return false;
        *out = *out * shape->dim[k] + at;
    }
    return true;
}

static enum status scatter(struct context *context, const struct tensor *values,
                           const struct tensor *indices, struct tensor *out)
{
    size_t unit = (size_t)dtype_info[values->dtype].bits / 8;
    int64_t count = tensor_count(values), place;
    const struct shape *shape = &indices->shape;

    if (!unit || indices->dtype != DT_I64 || values->shape.rank != 1 || shape->rank < 1 ||
        shape->rank > 2 || shape->dim[0] != count ||
        (shape->rank == 2 && shape->dim[1] != out->shape.rank))
        return context_fail(context, ERR_FORMAT, "indices do not fit the values");
    for (int64_t i = 0; i < count; i++) {
        if (!find_place(indices, &out->shape, i, &place))
            return context_fail(context, ERR_FORMAT, "index %lld is outside the tensor",
                                (long long)i);
        memcpy((char *)tensor_write(out) + (size_t)place * unit,
               (const char *)tensor_data(values) + (size_t)i * unit, unit);
    }
    return OK;
}

enum status sparse_tensor_load(struct reader *reader, struct span bytes, const char **name,
                               struct tensor *out)
{
    struct tensor values = {DT_NONE, SHAPE_UNKNOWN, NULL, 0}, indices = values;
    struct sparse sparse = {.shape = SHAPE_UNKNOWN};
    enum status status = open_sparse(reader, bytes, &sparse);

    *name = sparse.values.name;
    if (status == OK)
        status = tensor_proto_load(reader->context, reader->arena, reader->source, &sparse.values,
                                   &values);
    if (status == OK)
        status = tensor_proto_load(reader->context, reader->arena, reader->source, &sparse.indices,
                                   &indices);
    if (status == OK)
        status = tensor_alloc(reader->context, out, values.dtype, &sparse.shape);
    if (status == OK)
        status = scatter(reader->context, &values, &indices, out);
    tensor_release(&values);
    tensor_release(&indices);
    return status;
}
