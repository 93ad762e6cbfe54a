// An ONNX model into a graph: walks the file in place, then puts the graph together in passes, so
// that every name is known before the first use is resolved.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

// What the model and the graph consist of, as pieces of the file.
struct parts {
    struct span graph;
    struct span *opset, *metadata, *function;                       // of the model
    struct span *node, *initializer, *input, *output, *value_info; // of the graph
    size_t opset_count, metadata_count, function_count;
    size_t node_count, initializer_count, input_count, output_count, value_info_count;
    int64_t ir_version;
    bool has_ir_version, has_graph;
};

static void add_span(struct arena *arena, struct span **list, size_t *count, struct span span)
{
    if ((*count & (*count - 1)) == 0) { // a power of two: full
        struct span *grown = arena_array(arena, struct span, *count ? 2 * *count : 1);
        if (*count)
            memcpy(grown, *list, *count * sizeof *grown);
        *list = grown;
    }
    (*list)[(*count)++] = span;
}

static const char *kept_text(struct reader *reader, struct wire *wire,
                             const struct wire_field *field)
{
    return wire_text(wire, field, reader->graph->arena);
}

static enum status walk_model(struct reader *reader, struct parts *parts)
{
    struct wire wire = wire_over(reader->source->bytes, 0);
    struct graph *graph = reader->graph;
    struct wire_field field;

    while (wire_next(&wire, &field))
        switch (field.number) {
        case MODEL_IR_VERSION:
            parts->ir_version = wire_int(&wire, &field);
            parts->has_ir_version = true;
            break;
        case MODEL_PRODUCER:
            graph->producer = kept_text(reader, &wire, &field);
            break;
        case MODEL_PRODUCER_VERSION:
            graph->producer_version = kept_text(reader, &wire, &field);
            break;
        case MODEL_DOMAIN:
            graph->model_domain = kept_text(reader, &wire, &field);
            break;
        case MODEL_VERSION:
            graph->model_version = wire_int(&wire, &field);
            break;
        case MODEL_DOC:
            graph->model_doc = kept_text(reader, &wire, &field);
            break;
        case MODEL_GRAPH:
            if (parts->has_graph)
                return context_fail(reader->context, ERR_FORMAT, "has two graphs");
            parts->graph = wire_bytes(&wire, &field);
            parts->has_graph = true;
            break;
        case MODEL_OPSET:
            add_span(reader->arena, &parts->opset, &parts->opset_count, wire_bytes(&wire, &field));
            break;
        case MODEL_METADATA:
            add_span(reader->arena, &parts->metadata, &parts->metadata_count,
                     wire_bytes(&wire, &field));
            break;
        case MODEL_FUNCTION:
            add_span(reader->arena, &parts->function, &parts->function_count,
                     wire_bytes(&wire, &field));
            break;
        default:
            break;
        }
    return wire_status(reader->context, &wire);
}

static enum status walk_graph(struct reader *reader, struct parts *parts)
{
    struct wire wire = wire_over(parts->graph, 1);
    struct graph *graph = reader->graph;
    struct arena *arena = reader->arena;
    struct wire_field field;

    while (wire_next(&wire, &field))
        switch (field.number) {
        case GRAPH_NAME:
            graph->name = kept_text(reader, &wire, &field);
            break;
        case GRAPH_DOC:
            graph->doc = kept_text(reader, &wire, &field);
            break;
        case GRAPH_NODE:
            add_span(arena, &parts->node, &parts->node_count, wire_bytes(&wire, &field));
            break;
        case GRAPH_INITIALIZER:
            add_span(arena, &parts->initializer, &parts->initializer_count,
                     wire_bytes(&wire, &field));
            break;
        case GRAPH_INPUT:
            add_span(arena, &parts->input, &parts->input_count, wire_bytes(&wire, &field));
            break;
        case GRAPH_OUTPUT:
            add_span(arena, &parts->output, &parts->output_count, wire_bytes(&wire, &field));
            break;
        case GRAPH_VALUE_INFO:
            add_span(arena, &parts->value_info, &parts->value_info_count,
                     wire_bytes(&wire, &field));
            break;
        case GRAPH_SPARSE:
            return context_fail(reader->context, ERR_UNSUPPORTED,
                                "sparse initializers are not supported");
        default:
            break;
        }
    return wire_status(reader->context, &wire);
}

static enum status check_parts(struct reader *reader, const struct parts *parts)
{
    struct context *context = reader->context;

    if (!parts->has_ir_version || (!parts->has_graph && !parts->opset_count))
        return context_fail(context, ERR_FORMAT, "is not an ONNX model");
    if (parts->ir_version < 3)
        return context_fail(context, ERR_UNSUPPORTED,
                            "ONNX IR version %lld is not supported, 3 and later are",
                            (long long)parts->ir_version);
    if (!parts->has_graph)
        return context_fail(context, ERR_FORMAT, "has no graph (cut short?)");
    if (!parts->opset_count)
        return context_fail(context, ERR_FORMAT, "does not say its opset (cut short?)");
    return OK;
}

static enum status read_opset(struct reader *reader, struct span bytes)
{
    struct wire wire = wire_over(bytes, 1);
    struct graph *graph = reader->graph;
    struct opset **last = &graph->opset;
    struct wire_field field;
    const char *domain = "";
    int64_t version = 0;

    while (wire_next(&wire, &field))
        if (field.number == OPSET_DOMAIN)
            domain = kept_text(reader, &wire, &field);
        else if (field.number == OPSET_VERSION)
            version = wire_int(&wire, &field);
    TRY(wire_status(reader->context, &wire));
    if (!*domain || strcmp(domain, "ai.onnx") == 0) {
        graph->source_opset = version;
        if (version < OPSET_MIN || version > OPSET_MAX)
            return context_fail(reader->context, ERR_UNSUPPORTED,
                                "opset %lld is not supported, %d to %d are", (long long)version,
                                OPSET_MIN, OPSET_MAX);
        return OK;
    }
    while (*last)
        last = &(*last)->next;
    *last = arena_alloc(graph->arena, sizeof **last);
    **last = (struct opset){domain, version, NULL};
    return OK;
}

// Keys may occur twice in a foreign file; the order and every pair stay as they are.
static enum status read_metadata(struct reader *reader, const struct parts *parts)
{
    struct metadata **last = &reader->graph->metadata;

    for (size_t i = 0; i < parts->metadata_count; i++) {
        struct wire wire = wire_over(parts->metadata[i], 1);
        struct metadata *entry = arena_alloc(reader->graph->arena, sizeof *entry);
        struct wire_field field;
        entry->key = entry->text = "";
        while (wire_next(&wire, &field))
            if (field.number == ENTRY_KEY)
                entry->key = kept_text(reader, &wire, &field);
            else if (field.number == ENTRY_VALUE)
                entry->text = kept_text(reader, &wire, &field);
        TRY(wire_status(reader->context, &wire));
        *last = entry;
        last = &entry->next;
    }
    return OK;
}

// ---- types ----

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
            *name = kept_text(reader, &wire, &field);
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
                                    "tensor type %lld is not supported", (long long)type);
        } else if (field.number == TYPE_SHAPE) {
            TRY(read_shape(reader, wire_bytes(&wire, &field), out));
        }
    return wire_status(reader->context, &wire);
}

static enum status read_type(struct reader *reader, struct span bytes, struct value *out)
{
    struct wire wire = wire_over(bytes, 3);
    struct wire_field field;

    while (wire_next(&wire, &field))
        if (field.number == TYPE_TENSOR)
            TRY(read_tensor_type(reader, wire_bytes(&wire, &field), out));
        else if (field.type == WIRE_BYTES && field.number != 6) // 6: denotation
            return context_fail(reader->context, ERR_UNSUPPORTED, "is no tensor");
    return wire_status(reader->context, &wire);
}

static enum status name_value(struct context *context, enum status status, const char *what,
                              const char *name)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    context_fail_in(context, status, "%s '%s'", what, safe.at);
    text_clear(&safe);
    return status;
}

// A ValueInfoProto: name, type and doc of a value.
static enum status read_info(struct reader *reader, struct span bytes, const char *what,
                             struct value *out)
{
    struct wire wire = wire_over(bytes, 2);
    struct span type = {NULL, 0};
    struct wire_field field;
    enum status status = OK;

    *out = (struct value){.name = "", .tensor = {DT_NONE, SHAPE_UNKNOWN, NULL, 0}};
    while (wire_next(&wire, &field))
        if (field.number == INFO_NAME)
            out->name = kept_text(reader, &wire, &field);
        else if (field.number == INFO_TYPE)
            type = wire_bytes(&wire, &field);
        else if (field.number == INFO_DOC)
            out->doc = kept_text(reader, &wire, &field);
    TRY(wire_status(reader->context, &wire));
    if (type.at)
        status = read_type(reader, type, out);
    return status == OK ? OK : name_value(reader->context, status, what, out->name);
}

static void describe(struct reader *reader, struct value_id id, const struct value *info)
{
    struct value *value = graph_value(reader->graph, id);

    value->tensor.dtype = info->tensor.dtype;
    value->tensor.shape = info->tensor.shape;
    value->dim_name = info->dim_name;
    value->doc = info->doc && *info->doc ? info->doc : value->doc;
}

// ---- values ----

static void take_name(struct reader *reader, const char *name)
{
    name_map_put(&reader->names, name, name);
}

static enum status add_initializer(struct reader *reader, struct span bytes)
{
    struct tensor tensor = {DT_NONE, SHAPE_UNKNOWN, NULL, 0};
    struct tensor_proto proto;
    struct value_id id;
    enum status status = tensor_proto_open(reader->context, reader->arena, bytes, 2, &proto);

    if (status == OK)
        status =
            tensor_proto_load(reader->context, reader->arena, reader->source, &proto, &tensor);
    if (status == OK && !*proto.name)
        status = context_fail(reader->context, ERR_FORMAT, "has no name");
    if (status == OK)
        status = graph_add_value(reader->context, reader->graph, proto.name, VALUE_WEIGHT, tensor,
                                 &id);
    if (status != OK) {
        tensor_release(&tensor);
        return name_value(reader->context, status, "initializer", proto.name);
    }
    if (*proto.doc)
        graph_value(reader->graph, id)->doc = arena_copy_text(reader->graph->arena, proto.doc);
    if (dtype_info[tensor.dtype].is_float && reader->float_dtype == DT_NONE)
        reader->float_dtype = tensor.dtype;
    take_name(reader, graph_value(reader->graph, id)->name);
    return OK;
}

static enum status add_input(struct reader *reader, struct span bytes, struct value_id *list,
                             uint32_t *count)
{
    struct graph *graph = reader->graph;
    struct value info;
    struct value_id id;

    TRY(read_info(reader, bytes, "input", &info));
    if (!*info.name)
        return context_fail(reader->context, ERR_FORMAT, "an input has no name");
    if (value_exists(graph_find_value(graph, info.name)) &&
        graph_value(graph, graph_find_value(graph, info.name))->role == VALUE_WEIGHT)
        return OK; // IR version 3 lists the initializers among the inputs
    TRY(graph_add_value(reader->context, graph, info.name, VALUE_INPUT,
                        (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0}, &id));
    describe(reader, id, &info);
    if (info.tensor.dtype == DT_NONE)
        return name_value(reader->context,
                          context_fail(reader->context, ERR_FORMAT, "has no type"), "input",
                          info.name);
    if (dtype_info[info.tensor.dtype].is_float && reader->float_dtype == DT_NONE)
        reader->float_dtype = info.tensor.dtype;
    take_name(reader, graph_value(graph, id)->name);
    list[(*count)++] = id;
    return OK;
}

static enum status add_values(struct reader *reader, const struct parts *parts)
{
    struct value_id *input = arena_array(reader->arena, struct value_id, parts->input_count + 1);
    uint32_t count = 0;

    for (size_t i = 0; i < parts->initializer_count; i++)
        TRY(add_initializer(reader, parts->initializer[i]));
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
        if (read_info(&quiet, parts->value_info[i], "value", info) == OK)
            name_map_put(&reader->types, info->name, info);
    }
    return OK;
}

// ---- nodes ----

static enum status fail_source(struct context *context, const struct source_node *node,
                               enum status status)
{
    struct op op = {.name = node->op_type};
    struct node shown = {.name = *node->name ? node->name
                                 : node->output_count ? node->output[0]
                                                      : "",
                         .op = &op};

    return graph_fail_at(context, &shown, status);
}

// A Constant with numbers in it becomes a weight. false: it is something else.
static enum status constant_to_weight(struct reader *reader, const struct source_node *node,
                                      bool *is_done)
{
    const struct attribute *attribute = node->attribute;
    struct tensor tensor = {DT_NONE, SHAPE_SCALAR, NULL, 0};
    struct tensor_proto proto;
    struct value_id id;
    enum status status;

    *is_done = false;
    if (*node->domain || strcmp(node->op_type, "Constant") != 0 || node->output_count != 1 ||
        !*node->output[0] || node->attribute_count != 1 || attribute->ref)
        return OK;
    switch (attribute->type) {
    case TYPE_TENSOR_VALUE:
        TRY(tensor_proto_open(reader->context, reader->arena, attribute->t, 4, &proto));
        if (dtype_from_onnx(proto.type) == DT_NONE)
            return OK; // of strings, say: carried verbatim
        status = tensor_proto_load(reader->context, reader->arena, reader->source, &proto,
                                   &tensor);
        break;
    case TYPE_FLOAT:
    case TYPE_FLOATS:
    case TYPE_INT:
    case TYPE_INTS:
        status = constant_tensor(reader->context, attribute, DT_F32, &tensor);
        break;
    default:
        return OK;
    }
    if (status == OK)
        status = graph_add_value(reader->context, reader->graph, node->output[0], VALUE_WEIGHT,
                                 tensor, &id);
    if (status != OK) {
        tensor_release(&tensor);
        return status;
    }
    if (*node->doc)
        graph_value(reader->graph, id)->doc = arena_copy_text(reader->graph->arena, node->doc);
    *is_done = true;
    return OK;
}

static enum status flatten_nodes(struct reader *reader, const struct parts *parts)
{
    struct source_node *node =
        arena_array(reader->arena, struct source_node, parts->node_count + 1);

    for (size_t i = 0; i < parts->node_count; i++) {
        TRY(source_node_open(reader->context, reader->arena, parts->node[i], &node[i]));
        node[i].opset = reader->graph->source_opset;
        for (int k = 0; k < node[i].output_count; k++)
            take_name(reader, node[i].output[k]);
    }
    for (size_t i = 0; i < parts->node_count; i++) {
        enum status status = OK;
        for (int k = 0; k < node[i].attribute_count && status == OK; k++)
            if (node[i].attribute[k].ref)
                status = context_fail(reader->context, ERR_FORMAT,
                                      "an attribute refers to a function's, outside of one");
        if (status == OK)
            status = source_node_add(reader, &node[i]);
        if (status != OK)
            return fail_source(reader->context, &node[i], status);
    }
    return OK;
}

static enum status refuse_function(struct context *context, void *self, const char *domain,
                                   const char *op_type)
{
    return functions_have(self, domain, op_type, "")
               ? name_value(context,
                            context_fail(context, ERR_UNSUPPORTED,
                                         "is a model-local function, called in a subgraph"),
                            "operator", op_type)
               : OK;
}

// An operator that is not ours: one struct op a node, so that its count of explicit inputs can
// stand there; the names that its subgraphs take from outside follow behind them.
struct foreign {
    struct op *op;
    struct text raw;
    struct name_list captures;
};

static enum status open_foreign(struct reader *reader, const struct source_node *node,
                                struct foreign *out)
{
    struct graph *graph = reader->graph;
    bool has_graph = false;
    struct span raw;

    out->op = arena_alloc(graph->arena, sizeof *out->op);
    *out->op = (struct op){.name = arena_copy_text(graph->arena, node->op_type),
                           .domain = arena_copy_text(graph->arena, node->domain),
                           .is_unknown = true,
                           .min_inputs = node->input_count,
                           .max_inputs = -1,
                           .max_outputs = -1};
    for (int i = 0; i < node->attribute_count; i++) {
        const struct attribute *attribute = &node->attribute[i];
        has_graph |= attribute->has_graph;
        wire_put_bytes(&out->raw, NODE_ATTRIBUTE, attribute->bytes.at, attribute->bytes.length);
    }
    if (!has_graph)
        return OK;
    raw = (struct span){(const unsigned char *)out->raw.at, out->raw.length};
    TRY(subgraph_captures(reader->context, reader->arena, raw, &out->captures));
    if (reader->functions.count)
        TRY(subgraph_visit(reader->context, reader->arena, raw, refuse_function, reader));
    return OK;
}

static enum status find_inputs(struct reader *reader, const struct source_node *node,
                               const struct name_list *captures, struct value_id *out)
{
    int explicit_count = node->input_count;

    for (int i = 0; i < explicit_count + (int)captures->count; i++) {
        const char *name =
            i < explicit_count ? node->input[i] : captures->at[i - explicit_count];
        out[i] = *name ? graph_find_value(reader->graph, name) : NO_VALUE;
        if (*name && !value_exists(out[i])) {
            struct text safe;
            text_init(&safe);
            text_add_escaped(&safe, name, strlen(name));
            context_fail(reader->context, ERR_FORMAT, "input '%s' is not defined", safe.at);
            text_clear(&safe);
            return ERR_FORMAT;
        }
    }
    return OK;
}

static enum status check_count(struct reader *reader, const char *what, int count, int min,
                               int max)
{
    if (count < min || (max >= 0 && count > max))
        return context_fail(reader->context, ERR_FORMAT,
                            max < 0 ? "has %d %s, wants at least %d" : "has %d %s, wants %d to %d",
                            count, what, min, max);
    return OK;
}

static enum status add_known(struct reader *reader, const struct source_node *node,
                             const struct op *op, struct node_id *out)
{
    size_t inputs = (size_t)node->input_count, outputs = (size_t)node->output_count;
    struct value_id *input = arena_array(reader->arena, struct value_id, inputs + 1);
    struct value_id *output = arena_array(reader->arena, struct value_id, outputs + 1);
    void *attr = arena_alloc(reader->arena, op->attr_bytes + 1);
    struct name_list none = {NULL, 0, 0};

    TRY(check_count(reader, "inputs", node->input_count, op->min_inputs, op->max_inputs));
    TRY(check_count(reader, "outputs", node->output_count, op->min_outputs, op->max_outputs));
    for (int i = 0; i < op->min_inputs; i++)
        if (!*node->input[i])
            return context_fail(reader->context, ERR_FORMAT, "input %d is left out", i);
    TRY(find_inputs(reader, node, &none, input));
    TRY(attributes_fill(reader, node, op, attr));
    for (size_t i = 0; i < outputs; i++)
        output[i] =
            *node->output[i] ? graph_find_value(reader->graph, node->output[i]) : NO_VALUE;
    *out = graph_add_node(reader->graph, op, node->name, attr, input, node->input_count, output,
                          node->output_count);
    return OK;
}

static enum status add_foreign(struct reader *reader, const struct source_node *node,
                               struct foreign *foreign, struct node_id *out)
{
    size_t inputs = (size_t)node->input_count + foreign->captures.count;
    size_t outputs = (size_t)node->output_count;
    struct value_id *input = arena_array(reader->arena, struct value_id, inputs + 1);
    struct value_id *output = arena_array(reader->arena, struct value_id, outputs + 1);
    struct node *added;

    TRY(find_inputs(reader, node, &foreign->captures, input));
    for (size_t i = 0; i < outputs; i++) {
        const struct value *info;
        output[i] =
            *node->output[i] ? graph_find_value(reader->graph, node->output[i]) : NO_VALUE;
        info = *node->output[i] ? name_map_get(&reader->types, node->output[i]) : NULL;
        if (info) // nobody else can tell what comes out of it
            describe(reader, output[i], info);
    }
    *out = graph_add_node(reader->graph, foreign->op, node->name, NULL, input, (int)inputs, output,
                          node->output_count);
    added = graph_node(reader->graph, *out);
    added->raw_attr =
        arena_copy_bytes(reader->graph->arena, foreign->raw.at, foreign->raw.length);
    added->raw_attr_bytes = foreign->raw.length;
    return OK;
}

static enum status add_node(struct reader *reader, const struct source_node *node)
{
    const struct op *op = *node->domain ? NULL : op_find(node->op_type);
    struct foreign foreign = {NULL, {NULL, 0, 0}, {NULL, 0, 0}};
    struct node_id id = NO_NODE;
    enum status status;

    if (op) {
        status = add_known(reader, node, op, &id);
    } else {
        text_init(&foreign.raw);
        status = open_foreign(reader, node, &foreign);
        if (status == OK)
            status = add_foreign(reader, node, &foreign, &id);
        text_clear(&foreign.raw);
    }
    if (status == OK && *node->doc)
        graph_node(reader->graph, id)->doc = arena_copy_text(reader->graph->arena, node->doc);
    return status;
}

static void note_uses(struct reader *reader, const struct parts *parts)
{
    for (size_t n = 0; n < reader->node_count; n++)
        for (int i = 0; i < reader->node[n].input_count; i++)
            name_map_put(&reader->inputs_used, reader->node[n].input[i],
                         reader->node[n].input[i]);
    for (size_t i = 0; i < parts->output_count; i++) {
        struct value info;
        struct reader quiet = *reader;
        struct context silent;
        context_init(&silent);
        quiet.context = &silent;
        if (read_info(&quiet, parts->output[i], "output", &info) == OK)
            name_map_put(&reader->inputs_used, info.name, info.name);
    }
}

// Outputs that nobody reads and that today's operator does not have: the running statistics that
// BatchNormalization gave in training before opset 14, Dropout's mask.
static void trim(struct reader *reader, struct source_node *node)
{
    const struct op *op = *node->domain ? NULL : op_find(node->op_type);
    int keep = op ? op->max_outputs : -1;

    if (!op)
        return;
    if (strcmp(op->name, "BatchNormalization") == 0 && node->opset < 14)
        keep = 1;
    while (node->output_count > 1 && keep >= 0 && node->output_count > keep &&
           (!*node->output[node->output_count - 1] ||
            !name_map_get(&reader->inputs_used, node->output[node->output_count - 1])))
        node->output_count--;
    while (node->output_count > 1 && !*node->output[node->output_count - 1])
        node->output_count--;
    while (node->input_count > 0 && !*node->input[node->input_count - 1])
        node->input_count--;
}

static enum status declare_outputs(struct reader *reader, const struct source_node *node)
{
    for (int i = 0; i < node->output_count; i++) {
        struct value_id id;
        if (*node->output[i])
            TRY(graph_add_value(reader->context, reader->graph, node->output[i],
                                VALUE_ACTIVATION,
                                (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0}, &id));
    }
    return OK;
}

// Constants and raised attributes first, then the outputs of all nodes, then the nodes.
static enum status add_nodes(struct reader *reader)
{
    size_t kept = 0;
    enum status status = OK;

    for (size_t n = 0; n < reader->node_count; n++) {
        struct source_node *node = &reader->node[n];
        bool is_weight;
        trim(reader, node);
        status = constant_to_weight(reader, node, &is_weight);
        if (status == OK && !is_weight && !*node->domain && op_find(node->op_type))
            status = opset_raise(reader, node);
        if (status != OK)
            return fail_source(reader->context, node, status);
        if (!is_weight)
            reader->node[kept++] = *node;
    }
    reader->node_count = kept;
    for (size_t n = 0; n < kept && status == OK; n++)
        if ((status = declare_outputs(reader, &reader->node[n])) != OK)
            return fail_source(reader->context, &reader->node[n], status);
    for (size_t n = 0; n < kept && status == OK; n++)
        if ((status = add_node(reader, &reader->node[n])) != OK)
            return fail_source(reader->context, &reader->node[n], status);
    return OK;
}

static enum status add_outputs(struct reader *reader, const struct parts *parts)
{
    struct value_id *list = arena_array(reader->arena, struct value_id, parts->output_count + 1);

    for (size_t i = 0; i < parts->output_count; i++) {
        struct value info;
        TRY(read_info(reader, parts->output[i], "output", &info));
        list[i] = graph_find_value(reader->graph, info.name);
        if (!value_exists(list[i]))
            return name_value(reader->context,
                              context_fail(reader->context, ERR_FORMAT, "is not defined"),
                              "output", info.name);
        if (graph_value(reader->graph, list[i])->role == VALUE_ACTIVATION)
            describe(reader, list[i], &info);
    }
    graph_set_outputs(reader->graph, list, (uint32_t)parts->output_count);
    return OK;
}

static enum status finish(struct reader *reader)
{
    struct graph *graph = reader->graph;
    bool *is_coerced = arena_array(reader->arena, bool, graph->value_count + 1);

    for (size_t n = 0; n < reader->node_count; n++)
        if (opset_is_coerced_softmax(&reader->node[n]) && reader->node[n].output_count)
            is_coerced[graph_find_value(graph, reader->node[n].output[0]).at] = true;
    TRY(graph_sort(reader->context, graph));
    return opset_raise_softmax(reader->context, graph, is_coerced);
}

// Function domains that no node is left of.
static void drop_function_domains(struct reader *reader)
{
    for (struct opset **at = &reader->graph->opset; *at;) {
        bool is_used = !reader->functions.count;
        for (size_t n = 0; n < reader->node_count && !is_used; n++)
            is_used = strcmp(reader->node[n].domain, (*at)->domain) == 0;
        if (is_used)
            at = &(*at)->next;
        else
            *at = (*at)->next;
    }
}

static enum status read_all(struct reader *reader, struct parts *parts)
{
    TRY(walk_model(reader, parts));
    TRY(check_parts(reader, parts));
    reader->graph->ir_version = parts->ir_version;
    for (size_t i = 0; i < parts->opset_count; i++)
        TRY(read_opset(reader, parts->opset[i]));
    TRY(read_metadata(reader, parts));
    for (size_t i = 0; i < parts->function_count; i++)
        TRY(functions_add(reader, parts->function[i]));
    TRY(walk_graph(reader, parts));
    TRY(add_values(reader, parts));
    TRY(flatten_nodes(reader, parts));
    if (reader->float_dtype == DT_NONE)
        reader->float_dtype = DT_F32;
    note_uses(reader, parts);
    TRY(add_nodes(reader));
    TRY(add_outputs(reader, parts));
    drop_function_domains(reader);
    return finish(reader);
}

enum status onnx_read(struct context *context, const struct onnx_source *source,
                      struct graph **out)
{
    struct reader reader = {.context = context,
                            .source = source,
                            .graph = graph_new(),
                            .arena = arena_new(),
                            .float_dtype = DT_NONE};
    struct parts parts = {.has_graph = false};
    enum status status;

    name_map_init(&reader.names, reader.arena);
    name_map_init(&reader.functions, reader.arena);
    name_map_init(&reader.types, reader.arena);
    name_map_init(&reader.inputs_used, reader.arena);
    status = read_all(&reader, &parts);
    free(reader.node);
    arena_free(reader.arena);
    if (status != OK)
        graph_free(reader.graph);
    *out = status == OK ? reader.graph : NULL;
    return status;
}

int onnx_probe(struct span head)
{
    struct wire wire = wire_over(head, 0);
    struct wire_field field;

    // Every exporter writes ir_version first, a small number.
    if (!wire_next(&wire, &field))
        return 0;
    if (field.number == MODEL_IR_VERSION && field.type == WIRE_VARINT)
        return field.bits < 1000 ? 80 : 0;
    return 0;
}
