// How ONNX's own operators are spelt from opset 7 to 23. One table of attributes that became
// inputs serves both ways: the reader raises to inputs, the writer lowers to attributes. The rest
// is which opset an operator needs, and what forbids to change the opset of a verbatim one.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

// Before opset `since` the operator has attribute `attr`, from then on input `slot`.
struct moved {
    const char *op;
    int64_t since;
    const char *attr;
    int slot;
    enum attribute_type type;
};

static const struct moved moved_rows[] = {
    {"Clip", 11, "min", 1, TYPE_FLOAT},
    {"Clip", 11, "max", 2, TYPE_FLOAT},
    {"Dropout", 12, "ratio", 1, TYPE_FLOAT},
    {"Pad", 11, "pads", 1, TYPE_INTS},
    {"Pad", 11, "value", 2, TYPE_FLOAT},
    {"ReduceL1", 18, "axes", 1, TYPE_INTS},
    {"ReduceL2", 18, "axes", 1, TYPE_INTS},
    {"ReduceLogSum", 18, "axes", 1, TYPE_INTS},
    {"ReduceLogSumExp", 18, "axes", 1, TYPE_INTS},
    {"ReduceMax", 18, "axes", 1, TYPE_INTS},
    {"ReduceMean", 18, "axes", 1, TYPE_INTS},
    {"ReduceMin", 18, "axes", 1, TYPE_INTS},
    {"ReduceProd", 18, "axes", 1, TYPE_INTS},
    {"ReduceSum", 13, "axes", 1, TYPE_INTS},
    {"ReduceSumSquare", 18, "axes", 1, TYPE_INTS},
    {"Slice", 10, "starts", 1, TYPE_INTS},
    {"Slice", 10, "ends", 2, TYPE_INTS},
    {"Slice", 10, "axes", 3, TYPE_INTS},
    {"Split", 13, "split", 1, TYPE_INTS},
    {"Squeeze", 13, "axes", 1, TYPE_INTS},
    {"TopK", 10, "k", 1, TYPE_INT},
    {"Unsqueeze", 13, "axes", 1, TYPE_INTS},
};
enum { MOVED_COUNT = sizeof moved_rows / sizeof *moved_rows };

// Other changes that a verbatim operator does not survive unchanged.
static const struct {
    const char *op;
    int64_t since;
} changed_rows[] = {
    {"BatchNormalization", 9}, {"BatchNormalization", 14}, {"Scan", 9},
    {"Upsample", 9},           {"Upsample", 10},           {"Resize", 11},
    {"Scatter", 11},           {"Dropout", 10},            {"Softmax", 13},
    {"LogSoftmax", 13},        {"Hardmax", 13},            {"RoiAlign", 16},
    {"Split", 18},             {"DFT", 20},                {"GridSample", 20},
    {"GroupNormalization", 21}, {"NonMaxSuppression", 11}, {"MaxUnpool", 11},
};

// Operators, attributes (not at their default) and inputs that a later opset brought. attr NULL:
// the operator itself, or input `slot` if that is positive.
static const struct {
    const char *op, *attr;
    int slot;
    int64_t since;
} needed_rows[] = {
    {"AveragePool", "dilations", 0, 19},
    {"BatchNormalization", "training_mode", 0, 14},
    {"DequantizeLinear", "axis", 0, 13},
    {"DequantizeLinear", "block_size", 0, 21},
    {"DequantizeLinear", "output_dtype", 0, 23},
    {"Dropout", NULL, 2, 12},
    {"Gelu", NULL, 0, 20},
    {"HardSwish", NULL, 0, 14},
    {"LayerNormalization", NULL, 0, 17},
    {"Mish", NULL, 0, 18},
    {"Pad", NULL, 3, 18},
    {"QuantizeLinear", "axis", 0, 13},
    {"QuantizeLinear", "block_size", 0, 21},
    {"QuantizeLinear", "output_dtype", 0, 21},
    {"ReduceMax", "noop_with_empty_axes", 0, 18},
    {"ReduceMean", "noop_with_empty_axes", 0, 18},
    {"ReduceMin", "noop_with_empty_axes", 0, 18},
    {"ReduceProd", "noop_with_empty_axes", 0, 18},
    {"ReduceSum", "noop_with_empty_axes", 0, 13},
    {"Reshape", "allowzero", 0, 14},
    {"Shape", "end", 0, 15},
    {"Shape", "start", 0, 15},
    {"Slice", NULL, 4, 10},
    {"Split", "num_outputs", 0, 18},
};

static bool is_softmax(const char *op_type)
{
    return strcmp(op_type, "Softmax") == 0 || strcmp(op_type, "LogSoftmax") == 0;
}

bool opset_is_coerced_softmax(const struct source_node *node)
{
    return node->opset < 13 && !*node->domain && is_softmax(node->op_type);
}

// ---- raising ----

enum status constant_tensor(struct context *context, const struct attribute *attribute,
                            enum dtype float_dtype, struct tensor *out)
{
    bool is_float = attribute->type == TYPE_FLOAT || attribute->type == TYPE_FLOATS;
    bool is_list = attribute->type == TYPE_FLOATS || attribute->type == TYPE_INTS;
    int64_t count = !is_list ? 1 : is_float ? attribute->floats.count : attribute->ints.count;
    struct shape shape = is_list ? SHAPE(count) : SHAPE_SCALAR;

    TRY(tensor_alloc(context, out, is_float ? float_dtype : DT_I64, &shape));
    for (int64_t i = 0; i < count && is_float; i++)
        tensor_set(out, i, is_list ? attribute->floats.at[i] : (double)attribute->f);
    if (!is_float && count)
        memcpy(tensor_write(out), is_list ? attribute->ints.at : &attribute->i,
               (size_t)count * sizeof(int64_t));
    return OK;
}

static enum status moved_tensor(struct context *context, const struct attribute *attribute,
                                const struct moved *row, enum dtype float_dtype,
                                struct tensor *out)
{
    if (attribute->type != row->type)
        return context_fail(context, ERR_FORMAT, "attribute '%s' is of the wrong type",
                            attribute->name);
    TRY(constant_tensor(context, attribute, float_dtype, out));
    if (row->type == TYPE_INT)
        out->shape = SHAPE(1); // TopK's k is a list of one
    return OK;
}

static const char *fresh_name(struct reader *reader, const char *stem, const char *attr)
{
    const char *name = arena_format(reader->arena, "%s/%s", stem, attr);

    for (int i = 1; name_map_get(&reader->names, name); i++)
        name = arena_format(reader->arena, "%s/%s_%d", stem, attr, i);
    name_map_put(&reader->names, name, name);
    return name;
}

static void set_source_input(struct reader *reader, struct source_node *node, int slot,
                             const char *name)
{
    int count = node->input_count > slot ? node->input_count : slot + 1;
    const char **input = arena_array(reader->arena, const char *, (size_t)count);

    for (int i = 0; i < count; i++)
        input[i] = i < node->input_count ? node->input[i] : "";
    input[slot] = name;
    node->input = input;
    node->input_count = count;
}

// The float type that a bound or a padding value must have: that of the data, where it is known.
static enum dtype float_dtype_of(const struct reader *reader, const struct source_node *node)
{
    struct value_id id = node->input_count ? graph_find_value(reader->graph, node->input[0])
                                           : NO_VALUE;
    const struct value *info = node->input_count ? name_map_get(&reader->types, node->input[0])
                                                 : NULL;
    enum dtype dtype = DT_NONE;

    if (value_exists(id))
        dtype = graph_value(reader->graph, id)->tensor.dtype;
    else if (info)
        dtype = info->tensor.dtype;
    return dtype != DT_NONE ? dtype : reader->float_dtype;
}

static enum status raise_row(struct reader *reader, struct source_node *node,
                             const struct moved *row)
{
    const struct attribute *attribute = attribute_find(node, row->attr);
    struct value_id id;
    struct tensor tensor;
    const char *name;

    if (!attribute)
        return OK;
    if (strcmp(node->op_type, "Pad") == 0 && row->type == TYPE_FLOAT && attribute->f == 0) {
        attribute_remove(node, row->attr);
        return OK;
    }
    TRY(moved_tensor(reader->context, attribute, row,
                     strcmp(node->op_type, "Dropout") == 0 ? DT_F32 : float_dtype_of(reader, node),
                     &tensor));
    name = fresh_name(reader, *node->name ? node->name : node->output[0], row->attr);
    TRY(graph_add_value(reader->context, reader->graph, name, VALUE_WEIGHT, tensor, &id));
    set_source_input(reader, node, row->slot, name);
    attribute_remove(node, row->attr);
    return OK;
}

static enum status add_axis(struct reader *reader, struct source_node *node)
{
    struct attribute *grown =
        arena_array(reader->arena, struct attribute, (size_t)node->attribute_count + 1);

    if (attribute_find(node, "axis"))
        return OK;
    if (node->attribute_count)
        memcpy(grown, node->attribute, (size_t)node->attribute_count * sizeof *grown);
    grown[node->attribute_count] = (struct attribute){.name = "axis", .type = TYPE_INT, .i = 1};
    node->attribute = grown;
    node->attribute_count++;
    return OK;
}

enum status opset_raise(struct reader *reader, struct source_node *node)
{
    if (*node->domain || !node->output_count)
        return OK;
    for (size_t i = 0; i < MOVED_COUNT; i++)
        if (node->opset < moved_rows[i].since && strcmp(node->op_type, moved_rows[i].op) == 0)
            TRY(raise_row(reader, node, &moved_rows[i]));
    if (opset_is_coerced_softmax(node))
        return add_axis(reader, node); // the default was 1
    return OK;
}

static const void *attr_with_int(struct graph *graph, const struct op *op, const void *from,
                                 const char *name, int64_t value)
{
    const struct field *field = op->attr ? field_find(op->attr, name) : NULL;
    char *attr;

    if (from) {
        attr = fields_copy(op->attr, from, op->attr_bytes, graph->arena);
    } else {
        attr = arena_alloc(graph->arena, op->attr_bytes);
        if (op->attr)
            fields_preset(op->attr, attr, graph->arena);
    }
    if (field && field->type == FIELD_INT)
        memcpy(attr + field->offset, &value, sizeof value);
    return attr;
}

static int64_t attr_int(const struct node *node, const char *name)
{
    const struct field *field = node->op->attr ? field_find(node->op->attr, name) : NULL;
    int64_t value = 0;

    if (field && field->type == FIELD_INT)
        memcpy(&value, (const char *)node->attr + field->offset, sizeof value);
    return value;
}

// y = Reshape(Softmax(Flatten(x, axis)), Shape(x)): what Softmax meant before opset 13.
static enum status spell_out_softmax(struct context *context, struct graph *graph,
                                     struct node_id id, int64_t axis)
{
    const struct op *flatten = op_find("Flatten"), *shape = op_find("Shape"),
                    *reshape = op_find("Reshape");
    struct node *node = graph_node(graph, id);
    struct value_id x = node->input[0], y = node->output[0], flat, dims, soft, pair[2];
    const char *stem = graph_value(graph, y)->name;

    if (!flatten || !shape || !reshape)
        return context_fail(context, ERR_UNSUPPORTED, "over several axes, as before opset 13");
    flat = graph_add_activation(graph, arena_format(graph->arena, "%s/flat", stem), DT_NONE);
    dims = graph_add_activation(graph, arena_format(graph->arena, "%s/shape", stem), DT_I64);
    soft = graph_add_activation(graph, arena_format(graph->arena, "%s/softmax", stem), DT_NONE);
    graph_add_node(graph, flatten, arena_format(graph->arena, "%s/flatten", stem),
                   attr_with_int(graph, flatten, NULL, "axis", axis), &x, 1, &flat, 1);
    graph_add_node(graph, shape, arena_format(graph->arena, "%s/shape", stem), NULL, &x, 1, &dims,
                   1);
    graph_set_input(graph, id, 0, flat);
    graph_set_output(graph, id, 0, soft);
    pair[0] = soft;
    pair[1] = dims;
    graph_add_node(graph, reshape, arena_format(graph->arena, "%s/reshape", stem), NULL, pair, 2,
                   &y, 1);
    return OK;
}

enum status opset_raise_softmax(struct context *context, struct graph *graph,
                                const bool *is_coerced)
{
    struct tensor *types = must_alloc((graph->value_count + 1) * sizeof *types);
    uint32_t nodes = graph->node_count, values = graph->value_count;
    enum status status = OK;

    types_guess(graph, types);
    for (uint32_t n = 0; n < nodes && status == OK; n++) {
        struct node *node = graph_node(graph, (struct node_id){n});
        int64_t axis, rank;
        if (node->op->is_unknown || !is_softmax(node->op->name) || node->output_count < 1 ||
            !value_exists(node->output[0]) || !is_coerced[node->output[0].at])
            continue;
        axis = attr_int(node, "axis");
        rank = node->input_count && value_exists(node->input[0])
                   ? types[node->input[0].at].shape.rank
                   : -1;
        if (axis != -1 && axis != rank - 1)
            status = spell_out_softmax(context, graph, (struct node_id){n}, axis);
        node = graph_node(graph, (struct node_id){n});
        node->attr = attr_with_int(graph, node->op, node->attr, "axis", -1);
        if (status != OK)
            graph_fail_at(context, node, status);
    }
    for (uint32_t i = 0; i < values; i++)
        tensor_release(&types[i]);
    free(types);
    return status == OK && graph->node_count != nodes ? graph_sort(context, graph) : status;
}

// ---- choosing an opset ----

static bool attr_is_given(const struct node *node, const char *name)
{
    const struct field *field = node->op->attr ? field_find(node->op->attr, name) : NULL;

    return field && !field_is_preset(field, node->attr);
}

static bool has_input(const struct node *node, int slot)
{
    return slot < node->input_count && value_exists(node->input[slot]);
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

// The opset that types of quantised tensors ask for.
static int64_t needed_by_types(const struct graph *graph, const struct node *node)
{
    bool is_pair = node_is(node, "QuantizeLinear") || node_is(node, "DequantizeLinear");
    int64_t need = 0;

    for (int i = 0; i < node->input_count; i++) {
        const struct value *weight = graph_weight(graph, node, i);
        enum dtype dtype = weight ? weight->tensor.dtype : DT_NONE;
        if (dtype == DT_I4 || dtype == DT_U4)
            need = larger(need, 21);
        if (is_pair && (dtype == DT_I16 || dtype == DT_U16))
            need = larger(need, 21);
        if (is_pair && i == 1 && (dtype == DT_F16 || dtype == DT_BF16))
            need = larger(need, 19);
    }
    return need;
}

static int64_t needed_opset(const struct graph *graph, const struct node *node)
{
    int64_t need = larger(node->op->since_opset > OPSET_WRITTEN ? node->op->since_opset : 0,
                          needed_by_types(graph, node));

    for (size_t i = 0; i < sizeof needed_rows / sizeof *needed_rows; i++)
        if (node_is(node, needed_rows[i].op) &&
            (needed_rows[i].attr ? attr_is_given(node, needed_rows[i].attr)
                                 : !needed_rows[i].slot || has_input(node, needed_rows[i].slot)))
            need = larger(need, needed_rows[i].since);
    for (size_t i = 0; i < MOVED_COUNT; i++)
        if (node_is(node, moved_rows[i].op) && has_input(node, moved_rows[i].slot) &&
            !graph_weight(graph, node, moved_rows[i].slot))
            need = larger(need, moved_rows[i].since);
    if (is_softmax(node->op->name) && !node->op->is_unknown && attr_int(node, "axis") != -1)
        need = larger(need, 13);
    return need;
}

// Whether an operator means the same in both opsets.
struct move {
    int64_t from, to;
};

static enum status check_verbatim(struct context *context, void *self, const char *domain,
                                  const char *op_type)
{
    const struct move *move = self;
    bool changes = false;

    if (*domain && strcmp(domain, "ai.onnx") != 0)
        return OK;
    for (size_t i = 0; i < MOVED_COUNT; i++)
        changes |= strcmp(op_type, moved_rows[i].op) == 0 && moved_rows[i].since > move->from &&
                   moved_rows[i].since <= move->to;
    for (size_t i = 0; i < sizeof changed_rows / sizeof *changed_rows; i++)
        changes |= strcmp(op_type, changed_rows[i].op) == 0 &&
                   changed_rows[i].since > move->from && changed_rows[i].since <= move->to;
    return changes ? context_fail(context, ERR_UNSUPPORTED,
                                  "cannot be carried from opset %lld to opset %lld",
                                  (long long)move->from, (long long)move->to)
                   : OK;
}

static enum status check_move(struct context *context, const struct graph *graph,
                              struct move move)
{
    struct arena *arena = arena_new();
    enum status status = OK;

    for (uint32_t n = 0; n < graph->node_count && status == OK; n++) {
        const struct node *node = &graph->node[n];
        struct span raw = {(const unsigned char *)node->raw_attr, node->raw_attr_bytes};
        if (!node->op->is_unknown || move.from == 0)
            continue;
        status = check_verbatim(context, &move, node->op->domain ? node->op->domain : "",
                                node->op->name);
        if (status == OK && raw.length)
            status = subgraph_visit(context, arena, raw, check_verbatim, &move);
        if (status != OK)
            graph_fail_at(context, node, status);
    }
    arena_free(arena);
    return status;
}

static enum status choose_opset(struct context *context, const struct graph *graph, int64_t *out)
{
    struct move move = {graph->source_opset, 0};
    int64_t need = graph->source_opset;
    struct context silent;

    for (uint32_t n = 0; n < graph->node_count; n++)
        need = larger(need, needed_opset(graph, &graph->node[n]));
    move.to = *out = larger(need, OPSET_WRITTEN);
    context_init(&silent);
    if (need >= OPSET_WRITTEN || check_move(&silent, graph, move) == OK)
        return check_move(context, graph, move);
    // A verbatim operator of an old file: the whole file stays at its opset.
    move.to = *out = need;
    return check_move(context, graph, move);
}

int64_t opset_ir_version(int64_t opset)
{
    return opset <= 14 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : opset <= 22 ? 10 : 11;
}

// ---- lowering ----

static void add_raw(struct graph *graph, struct node *node, const struct text *more)
{
    struct text raw;

    text_init(&raw);
    text_add_bytes(&raw, node->raw_attr, node->raw_attr_bytes);
    text_add_bytes(&raw, more->at, more->length);
    node->raw_attr = arena_copy_bytes(graph->arena, raw.at, raw.length);
    node->raw_attr_bytes = raw.length;
    text_clear(&raw);
}

static void input_to_attribute(struct graph *graph, struct node *node, const struct moved *row)
{
    const struct value *weight = graph_weight(graph, node, row->slot);
    int64_t count = weight ? tensor_count(&weight->tensor) : 0;
    int64_t *ints = arena_array(graph->arena, int64_t, (size_t)count + 1);
    struct text raw;

    if (!weight || !count)
        return;
    text_init(&raw);
    if (row->type == TYPE_FLOAT) {
        attribute_put_float(&raw, row->attr, (float)tensor_get(&weight->tensor, 0));
    } else {
        for (int64_t i = 0; i < count; i++)
            ints[i] = tensor_get_int(&weight->tensor, i);
        if (row->type == TYPE_INT)
            attribute_put_int(&raw, row->attr, ints[0]);
        else
            attribute_put_ints(&raw, row->attr, ints, count);
    }
    add_raw(graph, node, &raw);
    text_clear(&raw);
}

// axes written as an attribute of the IR (text IR) go to an input where the opset wants that.
static enum status attribute_to_input(struct context *context, struct graph *graph,
                                      struct node_id id, const struct moved *row)
{
    struct node *node = graph_node(graph, id);
    const struct field *field = node->op->attr ? field_find(node->op->attr, row->attr) : NULL;
    struct value_id input[8];
    struct tensor tensor;
    struct ints list;
    char *attr;

    if (!field || field->type != FIELD_INTS || has_input(node, row->slot) || row->slot > 7)
        return OK;
    memcpy(&list, (const char *)node->attr + field->offset, sizeof list);
    if (!list.count)
        return OK;
    TRY(tensor_alloc(context, &tensor, DT_I64, &SHAPE(list.count)));
    memcpy(tensor_write(&tensor), list.at, (size_t)list.count * sizeof *list.at);
    for (int i = 0; i <= row->slot; i++)
        input[i] = i < node->input_count ? node->input[i] : NO_VALUE;
    attr = fields_copy(node->op->attr, node->attr, node->op->attr_bytes, graph->arena);
    memset(attr + field->offset, 0, sizeof list);
    node->attr = attr;
    input[row->slot] = graph_add_weight(
        graph, arena_format(graph->arena, "%s/%s", node->name, row->attr), tensor);
    graph_set_node_inputs(graph, id, input, row->slot + 1);
    return OK;
}

static enum status lower_node(struct context *context, struct graph *graph, struct node_id id,
                              int64_t opset)
{
    struct node *node = graph_node(graph, id);
    int kept = node->input_count;
    struct text raw;

    for (size_t i = 0; i < MOVED_COUNT; i++) {
        if (!node_is(node, moved_rows[i].op))
            continue;
        if (opset >= moved_rows[i].since) {
            TRY(attribute_to_input(context, graph, id, &moved_rows[i]));
            node = graph_node(graph, id);
            kept = node->input_count;
        } else {
            input_to_attribute(graph, node, &moved_rows[i]);
            kept = kept > moved_rows[i].slot ? moved_rows[i].slot : kept;
        }
    }
    if (kept < node->input_count)
        graph_set_node_inputs(graph, id, node->input, kept);
    if (opset >= 18 && node_is(node, "Split") && !has_input(node, 1))
        node->attr = attr_with_int(graph, node->op, node->attr, "num_outputs",
                                   node->output_count);
    if (opset < 13 && !node->op->is_unknown && is_softmax(node->op->name)) {
        text_init(&raw);
        attribute_put_int(&raw, "axis", -1);
        add_raw(graph, node, &raw);
        text_clear(&raw);
    }
    return OK;
}

enum status opset_lower(struct context *context, struct graph *graph, int64_t *opset)
{
    uint32_t nodes = graph->node_count;

    TRY(choose_opset(context, graph, opset));
    for (uint32_t n = 0; n < nodes; n++)
        TRY(lower_node(context, graph, (struct node_id){n}, *opset));
    return OK;
}
