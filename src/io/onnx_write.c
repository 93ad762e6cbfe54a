// A graph into ONNX bytes. Sizes are known before the weights are copied, so each is copied once.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

// One graph being written; graph is a private clone in the spelling of `opset`.
struct writer {
    struct context *context;
    struct graph *graph;
    struct onnx_target *target; // NULL: all data inside
    struct arena *arena;
    uint32_t *uses;
    int64_t opset;
};

static void count_uses(struct writer *writer)
{
    const struct graph *graph = writer->graph;

    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            if (value_exists(graph->node[n].input[i]))
                writer->uses[graph->node[n].input[i].at]++;
    for (uint32_t i = 0; i < graph->output_count; i++)
        writer->uses[graph->output[i].at]++;
}

// ---- nodes ----

// The subgraphs of a verbatim node name outer values: by the names that these have now.
static enum status put_raw(struct writer *writer, const struct node *node, struct text *out)
{
    struct span raw = {(const unsigned char *)node->raw_attr, node->raw_attr_bytes};
    int explicit_count = node->op->min_inputs;
    struct name_list captures;
    struct name_map names;
    bool has_changed = false;

    if (!node->op->is_unknown || node->input_count <= explicit_count) {
        text_add_bytes(out, raw.at, raw.length);
        return OK;
    }
    TRY(subgraph_captures(writer->context, writer->arena, raw, &captures));
    if (captures.count != (size_t)(node->input_count - explicit_count))
        return context_fail(writer->context, ERR_INTERNAL, "has %d inputs, its subgraphs want %zu",
                            node->input_count, captures.count + (size_t)explicit_count);
    name_map_init(&names, writer->arena);
    for (size_t i = 0; i < captures.count; i++) {
        const char *now = graph_value(writer->graph, node->input[explicit_count + (int)i])->name;
        has_changed |= strcmp(now, captures.at[i]) != 0;
        name_map_put(&names, captures.at[i], now);
    }
    if (has_changed)
        return subgraph_rename(writer->context, writer->arena, raw, &names, NULL, NULL, out);
    text_add_bytes(out, raw.at, raw.length);
    return OK;
}

static void put_names(const struct graph *graph, uint32_t number, const struct value_id *list,
                      int count, struct text *out)
{
    for (int i = 0; i < count; i++) {
        const char *name = value_exists(list[i]) ? graph_value(graph, list[i])->name : "";
        wire_put_bytes(out, number, name, strlen(name));
    }
}

static enum status put_body(struct writer *writer, struct graph *graph, struct text *out);

static enum status put_bodies(struct writer *writer, const struct node *node, struct text *out)
{
    int i = 0;

    for (const struct field *field = node->op->attr; field && field->name; field++) {
        struct text graph;
        enum status status;
        if (field->type != FIELD_GRAPH || !node_body(node, i))
            continue;
        text_init(&graph);
        status = put_body(writer, node_body(node, i++), &graph);
        attribute_put_graph(out, field->name, &graph);
        TRY(status);
    }
    return OK;
}

static enum status put_node(struct writer *writer, const struct node *node, struct text *out)
{
    int input_count =
        node->op->is_unknown ? node->op->min_inputs : node->input_count - node_capture_count(node);
    struct text body;
    enum status status;

    if (!node->op->is_unknown && !node_body(node, 0))
        while (input_count && !value_exists(node->input[input_count - 1]))
            input_count--;
    text_init(&body);
    put_names(writer->graph, NODE_INPUT, node->input, input_count, &body);
    put_names(writer->graph, NODE_OUTPUT, node->output, node->output_count, &body);
    wire_put_text(&body, NODE_NAME, node->name);
    wire_put_text(&body, NODE_OP, node->op->name);
    if (!node->op->is_unknown)
        attributes_put(&body, node);
    status = put_raw(writer, node, &body);
    if (status == OK && !node->op->is_unknown)
        status = put_bodies(writer, node, &body);
    wire_put_text(&body, NODE_DOC, node->doc);
    wire_put_text(&body, NODE_DOMAIN, node->op->domain);
    wire_put_message(out, GRAPH_NODE, &body);
    return status == OK ? OK : graph_fail_at(writer->context, node, status);
}

// ---- values ----

static void put_shape(const struct value *value, const struct shape *shape, struct text *out)
{
    struct text body;

    text_init(&body);
    for (int i = 0; i < shape->rank; i++) {
        struct text dim;
        text_init(&dim);
        if (shape->dim[i] >= 0)
            wire_put_int(&dim, DIM_VALUE, shape->dim[i]);
        else if (value->dim_name)
            wire_put_text(&dim, DIM_PARAM, value->dim_name[i]);
        wire_put_message(&body, SHAPE_DIM, &dim);
    }
    wire_put_message(out, TYPE_SHAPE, &body);
}

static void put_info(const struct value *value, const struct tensor *type, uint32_t number,
                     struct text *out)
{
    struct text body, outer, inner;

    text_init(&body);
    text_init(&outer);
    text_init(&inner);
    wire_put_text(&body, INFO_NAME, value->name);
    if (type->dtype != DT_NONE) {
        wire_put_int(&inner, TYPE_ELEM, dtype_info[type->dtype].onnx);
        if (type->shape.rank >= 0)
            put_shape(value, &type->shape, &inner);
        wire_put_message(&outer, TYPE_TENSOR, &inner);
        wire_put_message(&body, INFO_TYPE, &outer);
    }
    wire_put_text(&body, INFO_DOC, value->doc);
    wire_put_message(out, number, &body);
    text_clear(&outer);
    text_clear(&inner);
}

// Outputs that the graph does not declare get what the operators tell. Before the graph is lowered:
// they speak the IR's spelling.
static void declare_outputs(struct graph *graph)
{
    struct tensor *types;
    bool is_static;

    for (uint32_t i = 0;; i++) {
        if (i == graph->output_count)
            return;
        if (graph_value(graph, graph->output[i])->tensor.dtype == DT_NONE)
            break;
    }
    types = must_alloc((graph->value_count + 1) * sizeof *types);
    is_static = types_guess(graph, types);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        struct tensor *tensor = &graph_value(graph, graph->output[i])->tensor;
        const struct tensor *type = &types[graph->output[i].at];
        if (tensor->dtype != DT_NONE)
            continue;
        tensor->dtype = type->dtype;
        tensor->shape = is_static ? type->shape : SHAPE_UNKNOWN;
    }
    types_clear(graph, types);
    free(types);
}

static void declare_all(struct graph *graph)
{
    struct graph *body;

    declare_outputs(graph);
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; (body = node_body(&graph->node[n], i)); i++)
            declare_all(body);
}

// ---- weights ----

static void set_outside(struct writer *writer, const struct tensor *tensor)
{
    struct onnx_target *target = writer->target;

    pieces_add(&target->outside, target->arena, tensor, target->outside_bytes);
    target->outside_bytes += (int64_t)tensor_bytes(tensor);
    target->outside_bytes +=
        (EXTERNAL_ALIGNMENT - target->outside_bytes % EXTERNAL_ALIGNMENT) % EXTERNAL_ALIGNMENT;
}

// Lists that the writer makes itself (axes) do not outlive it, so nothing that small is left out.
enum { LEFT_OUT_MIN = SHAPE_MAX_RANK * 8 };

// The weights' TensorProtos up to their data, and where in `heads` each ends.
struct heads {
    struct text bytes;
    size_t *end;
    uint32_t *weight;
    bool *is_outside;
    size_t count;
    size_t data_bytes; // of those inside
};

static void put_heads(struct writer *writer, struct heads *heads)
{
    const struct graph *graph = writer->graph;

    heads->end = arena_array(writer->arena, size_t, graph->value_count + 1);
    heads->weight = arena_array(writer->arena, uint32_t, graph->value_count + 1);
    heads->is_outside = arena_array(writer->arena, bool, graph->value_count + 1);
    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct value *value = &graph->value[i];
        const struct onnx_target *target = writer->target;
        size_t bytes = tensor_bytes(&value->tensor);
        struct onnx_place place;
        if (value->role != VALUE_WEIGHT || !writer->uses[i])
            continue;
        heads->is_outside[heads->count] =
            target && target->location && bytes > LEFT_OUT_MIN && bytes >= target->threshold;
        if (heads->is_outside[heads->count]) {
            place = (struct onnx_place){target->location, target->outside_bytes, (int64_t)bytes};
            set_outside(writer, &value->tensor);
        } else {
            heads->data_bytes += bytes;
        }
        tensor_proto_put_head(&heads->bytes, GRAPH_INITIALIZER, value->name, value->doc,
                              &value->tensor, heads->is_outside[heads->count] ? &place : NULL);
        heads->weight[heads->count] = i;
        heads->end[heads->count++] = heads->bytes.length;
    }
}

static void put_weights(struct writer *writer, const struct heads *heads, struct text *out)
{
    struct onnx_target *target = writer->target;
    size_t at = 0;

    for (size_t i = 0; i < heads->count; i++) {
        const struct tensor *tensor = &writer->graph->value[heads->weight[i]].tensor;
        size_t bytes = tensor_bytes(tensor);
        text_add_bytes(out, heads->bytes.at + at, heads->end[i] - at);
        at = heads->end[i];
        if (heads->is_outside[i])
            continue;
        if (target && target->inside_from && bytes > LEFT_OUT_MIN && bytes >= target->inside_from)
            pieces_add(&target->inside, target->arena, tensor, (int64_t)out->length);
        else
            text_add_bytes(out, tensor_data(tensor), bytes);
    }
}

// ---- the model ----

static void put_opset(struct text *out, const char *domain, int64_t version)
{
    struct text body;

    text_init(&body);
    wire_put_text(&body, OPSET_DOMAIN, domain);
    wire_put_int(&body, OPSET_VERSION, version);
    wire_put_message(out, MODEL_OPSET, &body);
}

static void put_model_head(const struct writer *writer, struct text *out)
{
    const struct graph *graph = writer->graph;
    int64_t ir_version = opset_ir_version(writer->opset);
    bool has_producer = graph->producer && *graph->producer;

    wire_put_int(out, MODEL_IR_VERSION,
                 graph->ir_version > ir_version ? graph->ir_version : ir_version);
    wire_put_text(out, MODEL_PRODUCER, has_producer ? graph->producer : "ecai");
    wire_put_text(out, MODEL_PRODUCER_VERSION, graph->producer_version);
    wire_put_text(out, MODEL_DOMAIN, graph->model_domain);
    if (graph->model_version)
        wire_put_int(out, MODEL_VERSION, graph->model_version);
    wire_put_text(out, MODEL_DOC, graph->model_doc);
    put_opset(out, "", writer->opset);
    for (const struct opset *at = graph->opset; at; at = at->next)
        put_opset(out, at->domain, at->version);
    for (const struct metadata *at = graph->metadata; at; at = at->next) {
        struct text body;
        text_init(&body);
        wire_put_text(&body, ENTRY_KEY, at->key);
        wire_put_text(&body, ENTRY_VALUE, at->text);
        wire_put_message(out, MODEL_METADATA, &body);
    }
}

// A GraphProto in three parts: nodes, weights, inputs and outputs.
struct graph_parts {
    struct text before, after;
    struct heads heads;
};

static enum status graph_open(struct writer *writer, struct graph_parts *parts)
{
    const struct graph *graph = writer->graph;
    struct text *before = &parts->before, *after = &parts->after;

    *parts = (struct graph_parts){.heads = {.count = 0}};
    text_init(before);
    text_init(after);
    text_init(&parts->heads.bytes);
    writer->uses = arena_array(writer->arena, uint32_t, graph->value_count + 1);
    count_uses(writer);
    for (uint32_t n = 0; n < graph->node_count; n++)
        TRY(put_node(writer, &graph->node[n], before));
    wire_put_text(before, GRAPH_NAME, graph->name && *graph->name ? graph->name : "graph");
    wire_put_text(after, GRAPH_DOC, graph->doc);
    for (uint32_t i = 0; i < graph->input_count - graph->capture_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        put_info(value, &value->tensor, GRAPH_INPUT, after);
    }
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const struct value *value = graph_value(graph, graph->output[i]);
        put_info(value, &value->tensor, GRAPH_OUTPUT, after);
    }
    put_heads(writer, &parts->heads);
    return OK;
}

static void put_graph(struct writer *writer, const struct graph_parts *parts, struct text *out)
{
    text_add_bytes(out, parts->before.at, parts->before.length);
    put_weights(writer, &parts->heads, out);
    text_add_bytes(out, parts->after.at, parts->after.length);
}

static void graph_parts_clear(struct graph_parts *parts)
{
    text_clear(&parts->before);
    text_clear(&parts->after);
    text_clear(&parts->heads.bytes);
}

static enum status put_body(struct writer *writer, struct graph *graph, struct text *out)
{
    struct writer inner = *writer;
    struct graph_parts parts;
    enum status status;

    inner.graph = graph;
    inner.target = NULL; // positions in a body's bytes are none in the file's
    status = graph_open(&inner, &parts);
    if (status == OK)
        put_graph(&inner, &parts, out);
    graph_parts_clear(&parts);
    return status;
}

static enum status put_model(struct writer *writer, struct text *out)
{
    struct graph_parts parts;
    enum status status = graph_open(writer, &parts);

    if (status == OK) {
        put_model_head(writer, out);
        wire_put_length(out, MODEL_GRAPH,
                        parts.before.length + parts.heads.bytes.length + parts.heads.data_bytes +
                            parts.after.length);
        put_graph(writer, &parts, out);
    }
    graph_parts_clear(&parts);
    return status;
}

enum status onnx_write(struct context *context, const struct graph *graph,
                       struct onnx_target *target, struct text *out)
{
    struct writer writer = {
        .context = context, .graph = graph_clone(graph), .target = target, .arena = arena_new()};
    enum status status;

    declare_all(writer.graph);
    status = opset_lower(context, writer.graph, &writer.opset);

    if (status == OK) {
        if (target)
            target->opset = writer.opset;
        status = put_model(&writer, out);
    }
    graph_free(writer.graph);
    arena_free(writer.arena);
    return status;
}
