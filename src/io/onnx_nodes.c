// Nodes of an ONNX graph: flattened, constants turned into weights, respelt, then put together in
// passes, so that every name is known before the first use is resolved.
#include <string.h>

#include "io/onnx_internal.h"

static enum status fail_source(struct context *context, const struct source_node *node,
                               enum status status)
{
    struct op op = {.name = node->op_type};
    struct node shown = {.name = *node->name          ? node->name
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
    const char *ignored;
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
        status = tensor_proto_load(reader->context, reader->arena, reader->source, &proto, &tensor);
        break;
    case TYPE_SPARSE_TENSOR:
        status = sparse_tensor_load(reader, attribute->t, &ignored, &tensor);
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
            name_map_put(&reader->names, node[i].output[k], node[i].output[k]);
    }
    for (size_t i = 0; i < parts->node_count; i++) {
        enum status status = OK;
        for (int k = 0; k < node[i].attribute_count && status == OK; k++)
            if (node[i].attribute[k].ref)
                status = context_fail(reader->context, ERR_FORMAT,
                                      "an attribute refers to a function's, outside of one");
        bool is_done = false;
        if (status == OK)
            status = ml_spell_out(reader, &node[i], &is_done);
        if (status == OK && !is_done)
            status = source_node_add(reader, &node[i]);
        if (status != OK)
            return fail_source(reader->context, &node[i], status);
    }
    for (size_t n = 0; n < reader->node_count; n++)
        if (!*reader->node[n].domain &&
            (reader->node[n].opset < OPSET_MIN || reader->node[n].opset > OPSET_MAX))
            return fail_source(reader->context, &reader->node[n],
                               context_fail(reader->context, ERR_UNSUPPORTED,
                                            "opset %lld is not supported, %d to %d are",
                                            (long long)reader->node[n].opset, OPSET_MIN,
                                            OPSET_MAX));
    return OK;
}

static enum status refuse_function(struct context *context, void *self, const char *domain,
                                   const char *op_type)
{
    return functions_have(self, domain, op_type, "")
               ? fail_named(context,
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
        const char *name = i < explicit_count ? node->input[i] : captures->at[i - explicit_count];
        out[i] = *name ? reader_find_value(reader, name) : NO_VALUE;
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

static enum status check_count(struct reader *reader, const char *what, int count, int min, int max)
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
    size_t outputs = (size_t)node->output_count;
    struct value_id *input, *output = arena_array(reader->arena, struct value_id, outputs + 1);
    void *attr = arena_alloc(reader->arena, op->attr_bytes + 1);
    struct name_list captures;

    TRY(check_count(reader, "inputs", node->input_count, op->min_inputs, op->max_inputs));
    TRY(check_count(reader, "outputs", node->output_count, op->min_outputs, op->max_outputs));
    for (int i = 0; i < op->min_inputs; i++)
        if (!*node->input[i])
            return context_fail(reader->context, ERR_FORMAT, "input %d is left out", i);
    TRY(attributes_fill(reader, node, op, attr));
    bodies_join(reader, op, attr, &captures);
    input =
        arena_array(reader->arena, struct value_id, (size_t)node->input_count + captures.count + 1);
    TRY(find_inputs(reader, node, &captures, input));
    for (size_t i = 0; i < outputs; i++)
        output[i] = *node->output[i] ? graph_find_value(reader->graph, node->output[i]) : NO_VALUE;
    *out = graph_add_node(reader->graph, op, node->name, attr, input,
                          node->input_count + (int)captures.count, output, node->output_count);
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
        output[i] = *node->output[i] ? graph_find_value(reader->graph, node->output[i]) : NO_VALUE;
        info = *node->output[i] ? name_map_get(&reader->types, node->output[i]) : NULL;
        if (info) // nobody else can tell what comes out of it
            value_describe(reader, output[i], info);
    }
    *out = graph_add_node(reader->graph, foreign->op, node->name, NULL, input, (int)inputs, output,
                          node->output_count);
    added = graph_node(reader->graph, *out);
    added->raw_attr = arena_copy_bytes(reader->graph->arena, foreign->raw.at, foreign->raw.length);
    added->raw_attr_bytes = foreign->raw.length;
    return OK;
}

static enum status add_node(struct reader *reader, const struct source_node *node)
{
    // A Constant that is left here holds no numbers: texts, say.
    bool is_ours = !*node->domain && strcmp(node->op_type, "Constant") != 0;
    const struct op *op = is_ours ? op_find(node->op_type) : NULL;
    struct foreign foreign = {NULL, {NULL, 0, 0}, {NULL, 0, 0}};
    struct node_id id = NO_NODE;
    enum status status;

    if (op) {
        status = add_known(reader, node, op, &id);
    } else {
        text_init(&foreign.raw);
        status = *node->domain ? OK
                               : opset_check_verbatim(reader->context, node->op_type, node->opset,
                                                      reader->graph->source_opset);
        if (status == OK)
            status = open_foreign(reader, node, &foreign);
        if (status == OK)
            status = add_foreign(reader, node, &foreign, &id);
        text_clear(&foreign.raw);
    }
    if (status == OK && *node->doc)
        graph_node(reader->graph, id)->doc = arena_copy_text(reader->graph->arena, node->doc);
    return status;
}

static void note_name(struct reader *reader, const char *name)
{
    name_map_put(&reader->inputs_used, name, name);
}

// What the bodies of a node read.
static enum status note_captures(struct reader *reader, const struct source_node *node)
{
    struct name_list captures;

    for (int i = 0; i < node->attribute_count; i++) {
        struct text raw;
        enum status status;
        if (!node->attribute[i].has_graph)
            continue;
        text_init(&raw);
        wire_put_bytes(&raw, NODE_ATTRIBUTE, node->attribute[i].bytes.at,
                       node->attribute[i].bytes.length);
        status = subgraph_captures(reader->context, reader->arena,
                                   (struct span){(unsigned char *)raw.at, raw.length}, &captures);
        text_clear(&raw);
        if (status != OK)
            return fail_source(reader->context, node, status);
        for (size_t k = 0; k < captures.count; k++)
            note_name(reader, captures.at[k]);
    }
    return OK;
}

static enum status note_uses(struct reader *reader, const struct parts *parts)
{
    for (size_t n = 0; n < reader->node_count; n++) {
        for (int i = 0; i < reader->node[n].input_count; i++)
            note_name(reader, reader->node[n].input[i]);
        TRY(note_captures(reader, &reader->node[n]));
    }
    for (size_t i = 0; i < parts->output_count; i++) {
        struct value info;
        struct reader quiet = *reader;
        struct context silent;
        context_init(&silent);
        quiet.context = &silent;
        if (value_info_open(&quiet, parts->output[i], "output", &info) == OK)
            note_name(reader, info.name);
    }
    return OK;
}

// Outputs that nobody reads and that today's operator does not have: the running statistics that
// BatchNormalization gave in training before opset 14, Dropout's mask.
static void trim(struct reader *reader, struct source_node *node)
{
    const struct op *op = *node->domain ? NULL : op_find(node->op_type);
    int keep = op ? op->max_outputs : -1;

    if (!op || op_has_bodies(op)) // which are positional
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
            TRY(graph_add_value(reader->context, reader->graph, node->output[i], VALUE_ACTIVATION,
                                (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0}, &id));
    }
    return OK;
}

// Constants and raised attributes first, then the outputs of all nodes, then the nodes.
static enum status add_all(struct reader *reader)
{
    size_t kept = 0;
    enum status status = OK;

    for (size_t n = 0; n < reader->node_count; n++) {
        struct source_node *node = &reader->node[n];
        bool is_weight;
        trim(reader, node);
        status = constant_to_weight(reader, node, &is_weight);
        if (status == OK && !is_weight && !*node->domain && legacy_is_known(node))
            status = opset_raise(reader, node);
        if (status != OK)
            return fail_source(reader->context, node, status);
        if (is_weight)
            continue;
        if (*node->name)
            node->name = name_map_unique(&reader->node_names, &reader->node_counters, node->name);
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

static bool uses_domain(const struct graph *graph, const char *domain)
{
    const struct graph *body;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        if (node->op->domain && strcmp(node->op->domain, domain) == 0)
            return true;
        for (int i = 0; (body = node_body(node, i)); i++)
            if (uses_domain(body, domain))
                return true;
    }
    return false;
}

// Function domains that no node is left of.
static void drop_function_domains(struct reader *reader)
{
    for (struct opset **at = &reader->graph->opset; *at;) {
        bool is_used = !reader->functions.count || uses_domain(reader->graph, (*at)->domain);
        if (is_used)
            at = &(*at)->next;
        else
            *at = (*at)->next;
    }
}

enum status nodes_add(struct reader *reader, const struct parts *parts)
{
    TRY(flatten_nodes(reader, parts));
    TRY(note_uses(reader, parts));
    TRY(add_all(reader));
    drop_function_domains(reader);
    return OK;
}

enum status nodes_finish(struct reader *reader)
{
    struct graph *graph = reader->graph;
    const struct source_node **late =
        arena_array(reader->arena, const struct source_node *, graph->value_count + 1);

    for (size_t n = 0; n < reader->node_count; n++)
        if (reader->node[n].late && *reader->node[n].output[0])
            late[graph_find_value(graph, reader->node[n].output[0]).at] = &reader->node[n];
    TRY(graph_sort(reader->context, graph));
    return late_raise(reader->context, graph, late);
}
