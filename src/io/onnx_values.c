// Values of an ONNX graph: their types, initializers as weights, inputs, outputs.
#include <string.h>

#include "io/onnx_internal.h"

static enum status read_dim(struct reader *reader, struct span bytes, int64_t *dim,
                            const char **name)
{
    struct wire wire = wire_over(bytes, 6);
    struct wire_field field;

    *dim = -1;
    *name = NULL;
    while (wire_next(&wire, &field))
        if (field.number == DIM_VALUE) {
            *dim = wire_int(&wire, &field);
        } else if (field.number == DIM_PARAM) {
            *name = wire_kept_text(reader, &wire, &field);
            *dim = -1;
        }
    if (*name && !**name)
        *name = NULL;
    if (*dim < -1)
        *dim = -1; // exporters write -1 and worse for "any"
    return wire_status(reader->context, &wire);
}

static enum status read_shape(struct reader *reader, struct span bytes, struct value *out)
{
    struct wire wire = wire_over(bytes, 5);
    const char *name[SHAPE_MAX_RANK];
    int64_t dim[SHAPE_MAX_RANK];
    struct wire_field field;
    bool has_name = false;
    int rank = 0;

    while (wire_next(&wire, &field)) {
        if (field.number != SHAPE_DIM)
            continue;
        if (rank == SHAPE_MAX_RANK)
            return context_fail(reader->context, ERR_UNSUPPORTED, "has more than %d dimensions",
                                SHAPE_MAX_RANK);
        TRY(read_dim(reader, wire_bytes(&wire, &field), &dim[rank], &name[rank]));
        has_name |= name[rank] != NULL;
        rank++;
    }
    TRY(wire_status(reader->context, &wire));
    if (has_name)
        out->dim_name = arena_copy(reader->graph->arena, name, (size_t)rank * sizeof *name);
    return shape_set(reader->context, &out->tensor.shape, rank, dim);
}

static enum status read_tensor_type(struct reader *reader, struct span bytes, struct value *out)
{
    struct wire wire = wire_over(bytes, 4);
    struct wire_field field;

    while (wire_next(&wire, &field))
        if (field.number == TYPE_ELEM) {
            int64_t type = wire_int(&wire, &field);
            out->tensor.dtype = dtype_from_onnx(type);
            if (out->tensor.dtype == DT_NONE && type != 0)
                return context_fail(reader->context, ERR_UNSUPPORTED,
                                    "tensors of %s are not supported", onnx_type_name(type));
        } else if (field.number == TYPE_SHAPE) {
            TRY(read_shape(reader, wire_bytes(&wire, &field), out));
        }
    return wire_status(reader->context, &wire);
}

static const char *kind_of_type(uint32_t field)
{
    return field == TYPE_SEQUENCE   ? "a sequence"
           : field == TYPE_MAP      ? "a map"
           : field == TYPE_SPARSE   ? "a sparse tensor"
           : field == TYPE_OPTIONAL ? "an optional"
                                    : "something else";
}

static enum status read_type(struct reader *reader, struct span bytes, struct value *out)
{
    struct wire wire = wire_over(bytes, 3);
    struct wire_field field;

    while (wire_next(&wire, &field))
        if (field.number == TYPE_TENSOR)
            TRY(read_tensor_type(reader, wire_bytes(&wire, &field), out));
        else if (field.type == WIRE_BYTES && field.number != TYPE_DENOTATION)
            return context_fail(reader->context, ERR_UNSUPPORTED, "is %s, no tensor",
                                kind_of_type(field.number));
    return wire_status(reader->context, &wire);
}

enum status value_info_open(struct reader *reader, struct span bytes, const char *what,
                            struct value *out)
{
    struct wire wire = wire_over(bytes, 2);
    struct span type = {NULL, 0};
    struct wire_field field;
    enum status status = OK;

    *out = (struct value){.name = "", .tensor = {DT_NONE, SHAPE_UNKNOWN, NULL, 0}};
    while (wire_next(&wire, &field))
        if (field.number == INFO_NAME)
            out->name = wire_kept_text(reader, &wire, &field);
        else if (field.number == INFO_TYPE)
            type = wire_bytes(&wire, &field);
        else if (field.number == INFO_DOC)
            out->doc = wire_kept_text(reader, &wire, &field);
    TRY(wire_status(reader->context, &wire));
    if (type.at)
        status = read_type(reader, type, out);
    return status == OK ? OK : fail_named(reader->context, status, what, out->name);
}

void value_describe(struct reader *reader, struct value_id id, const struct value *info)
{
    struct value *value = graph_value(reader->graph, id);

    value->tensor.dtype = info->tensor.dtype;
    value->tensor.shape = info->tensor.shape;
    value->dim_name = info->dim_name;
    value->doc = info->doc && *info->doc ? info->doc : value->doc;
}

static void take_name(struct reader *reader, const char *name)
{
    name_map_put(&reader->names, name, name);
}

// Enters a weight of the file; takes the tensor.
static enum status add_weight(struct reader *reader, const char *name, struct tensor tensor,
                              enum status status, struct value_id *id)
{
    if (status == OK && !*name)
        status = context_fail(reader->context, ERR_FORMAT, "has no name");
    if (status == OK)
        status = graph_add_value(reader->context, reader->graph, name, VALUE_WEIGHT, tensor, id);
    if (status != OK) {
        tensor_release(&tensor);
        return fail_named(reader->context, status, "initializer", name);
    }
    if (dtype_info[tensor.dtype].is_float && reader->float_dtype == DT_NONE)
        reader->float_dtype = tensor.dtype;
    take_name(reader, graph_value(reader->graph, *id)->name);
    return OK;
}

static enum status add_initializer(struct reader *reader, struct span bytes)
{
    struct tensor tensor = {DT_NONE, SHAPE_UNKNOWN, NULL, 0};
    struct tensor_proto proto;
    struct value_id id;
    enum status status = tensor_proto_open(reader->context, reader->arena, bytes, 2, &proto);

    if (status == OK)
        status = tensor_proto_load(reader->context, reader->arena, reader->source, &proto, &tensor);
    TRY(add_weight(reader, proto.name, tensor, status, &id));
    if (*proto.doc)
        graph_value(reader->graph, id)->doc = arena_copy_text(reader->graph->arena, proto.doc);
    return OK;
}

static enum status add_sparse(struct reader *reader, struct span bytes)
{
    struct tensor tensor = {DT_NONE, SHAPE_UNKNOWN, NULL, 0};
    const char *name = "";
    struct value_id id;
    enum status status = sparse_tensor_load(reader, bytes, &name, &tensor);

    return add_weight(reader, name, tensor, status, &id);
}

static enum status add_input(struct reader *reader, struct span bytes, struct value_id *list,
                             uint32_t *count)
{
    struct graph *graph = reader->graph;
    struct value info;
    struct value_id id;

    TRY(value_info_open(reader, bytes, "input", &info));
    if (!*info.name)
        return context_fail(reader->context, ERR_FORMAT, "an input has no name");
    if (value_exists(graph_find_value(graph, info.name)) &&
        graph_value(graph, graph_find_value(graph, info.name))->role == VALUE_WEIGHT)
        return OK; // IR version 3 lists the initializers among the inputs
    TRY(graph_add_value(reader->context, graph, info.name, VALUE_INPUT,
                        (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0}, &id));
    value_describe(reader, id, &info);
    if (info.tensor.dtype == DT_NONE && !reader->outer) // bodies need not say
        return fail_named(reader->context, context_fail(reader->context, ERR_FORMAT, "has no type"),
                          "input", info.name);
    if (info.tensor.dtype != DT_NONE && dtype_info[info.tensor.dtype].is_float &&
        reader->float_dtype == DT_NONE)
        reader->float_dtype = info.tensor.dtype;
    take_name(reader, graph_value(graph, id)->name);
    list[(*count)++] = id;
    return OK;
}

enum status values_add(struct reader *reader, const struct parts *parts)
{
    struct value_id *input = arena_array(reader->arena, struct value_id, parts->input_count + 1);
    uint32_t count = 0;

    for (size_t i = 0; i < parts->initializer_count; i++)
        TRY(add_initializer(reader, parts->initializer[i]));
    for (size_t i = 0; i < parts->sparse_count; i++)
        TRY(add_sparse(reader, parts->sparse[i]));
    for (size_t i = 0; i < parts->input_count; i++)
        TRY(add_input(reader, parts->input[i], input, &count));
    graph_set_inputs(reader->graph, input, count);
    for (size_t i = 0; i < parts->value_info_count; i++) {
        struct value *info = arena_alloc(reader->arena, sizeof *info);
        struct context silent = *reader->context;
        // Types that we do not have may flow between verbatim operators.
        struct reader quiet = *reader;
        context_init(&silent);
        quiet.context = &silent;
        if (value_info_open(&quiet, parts->value_info[i], "value", info) == OK)
            name_map_put(&reader->types, info->name, info);
    }
    return OK;
}

enum status outputs_add(struct reader *reader, const struct parts *parts)
{
    struct value_id *list = arena_array(reader->arena, struct value_id, parts->output_count + 1);

    for (size_t i = 0; i < parts->output_count; i++) {
        struct value info;
        TRY(value_info_open(reader, parts->output[i], "output", &info));
        list[i] = reader_find_value(reader, info.name);
        if (!value_exists(list[i]))
            return fail_named(reader->context,
                              context_fail(reader->context, ERR_FORMAT, "is not defined"), "output",
                              info.name);
        if (graph_value(reader->graph, list[i])->role == VALUE_ACTIVATION)
            value_describe(reader, list[i], &info);
    }
    graph_set_outputs(reader->graph, list, (uint32_t)parts->output_count);
    return OK;
}
