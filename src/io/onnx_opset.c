// How ONNX's own operators are spelt from opset 1 to 23. One table of attributes that became
// inputs serves both ways: the reader raises to inputs, the writer lowers to attributes. The rest
// is which opset an operator needs, and what forbids to change the opset of a verbatim one.
#include <string.h>

#include "io/onnx_internal.h"

const struct moved opset_moved[] = {
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
    {"Reshape", 5, "shape", 1, TYPE_INTS},
    {"Slice", 10, "starts", 1, TYPE_INTS},
    {"Slice", 10, "ends", 2, TYPE_INTS},
    {"Slice", 10, "axes", 3, TYPE_INTS},
    {"Split", 13, "split", 1, TYPE_INTS},
    {"Squeeze", 13, "axes", 1, TYPE_INTS},
    {"TopK", 10, "k", 1, TYPE_INT},
    {"Unsqueeze", 13, "axes", 1, TYPE_INTS},
};
const size_t opset_moved_count = sizeof opset_moved / sizeof *opset_moved;

// Other changes that a verbatim operator does not survive unchanged.
static const struct {
    const char *op;
    int64_t since;
} changed_rows[] = {
    {"BatchNormalization", 9},
    {"BatchNormalization", 14},
    {"Scan", 9},
    {"Upsample", 9},
    {"Upsample", 10},
    {"Resize", 11},
    {"Scatter", 11},
    {"Dropout", 10},
    {"Softmax", 13},
    {"LogSoftmax", 13},
    {"Hardmax", 13},
    {"RoiAlign", 16},
    {"Split", 18},
    {"DFT", 20},
    {"GridSample", 20},
    {"GroupNormalization", 21},
    {"NonMaxSuppression", 11},
    {"MaxUnpool", 11},
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
    {"GRU", "layout", 0, 14},
    {"GridSample", "mode", 0, 20},
    {"LSTM", "layout", 0, 14},
    {"LpPool", "ceil_mode", 0, 18},
    {"LpPool", "dilations", 0, 18},
    {"Pad", NULL, 3, 18},
    {"QuantizeLinear", "axis", 0, 13},
    {"QuantizeLinear", "block_size", 0, 21},
    {"QuantizeLinear", "output_dtype", 0, 21},
    {"ReduceL1", "noop_with_empty_axes", 0, 18},
    {"ReduceL2", "noop_with_empty_axes", 0, 18},
    {"ReduceLogSum", "noop_with_empty_axes", 0, 18},
    {"ReduceLogSumExp", "noop_with_empty_axes", 0, 18},
    {"ReduceMax", "noop_with_empty_axes", 0, 18},
    {"ReduceMean", "noop_with_empty_axes", 0, 18},
    {"ReduceMin", "noop_with_empty_axes", 0, 18},
    {"ReduceProd", "noop_with_empty_axes", 0, 18},
    {"ReduceSum", "noop_with_empty_axes", 0, 13},
    {"ReduceSumSquare", "noop_with_empty_axes", 0, 18},
    {"RNN", "layout", 0, 14},
    {"Reshape", "allowzero", 0, 14},
    {"Resize", NULL, 0, 11},
    {"RoiAlign", NULL, 0, 16},
    {"Shape", "end", 0, 15},
    {"Shape", "start", 0, 15},
    {"Slice", NULL, 4, 10},
    {"Split", "num_outputs", 0, 18},
};

bool opset_is_softmax(const char *op_type)
{
    return strcmp(op_type, "Softmax") == 0 || strcmp(op_type, "LogSoftmax") == 0 ||
           strcmp(op_type, "Hardmax") == 0;
}

const void *node_attr_with_int(struct graph *graph, const struct op *op, const void *from,
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

int64_t node_attr_int(const struct node *node, const char *name)
{
    const struct field *field = node->op->attr ? field_find(node->op->attr, name) : NULL;
    int64_t value = 0;

    if (field && field->type == FIELD_INT)
        memcpy(&value, (const char *)node->attr + field->offset, sizeof value);
    return value;
}

static bool attr_is_given(const struct node *node, const char *name)
{
    const struct field *field = node->op->attr ? field_find(node->op->attr, name) : NULL;

    return field && !field_is_preset(field, node->attr);
}

bool node_has_input(const struct node *node, int slot)
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

// Until opset 20, scale and bias of GroupNormalization have an item for each group, then one for
// each channel. Sets *is_by_group; false if the node is none or its scale is no weight.
static bool group_scale(const struct graph *graph, const struct node *node, bool *is_by_group)
{
    const struct value *scale =
        node_is(node, "GroupNormalization") ? graph_weight(graph, node, 1) : NULL;

    *is_by_group = scale && shape_count(&scale->tensor.shape) == node_attr_int(node, "num_groups");
    return scale != NULL;
}

// Whether every GroupNormalization means the same at that opset.
static enum status check_group_scales(struct context *context, const struct graph *graph,
                                      int64_t opset)
{
    for (uint32_t n = 0; n < graph->node_count && opset >= 21; n++) {
        const struct node *node = &graph->node[n];
        bool is_by_group;
        if (!group_scale(graph, node, &is_by_group) || !is_by_group || graph->source_opset >= 21)
            continue;
        const struct shape *x = &graph_value(graph, node->input[0])->tensor.shape;
        if (x->rank < 2 || x->dim[1] != node_attr_int(node, "num_groups"))
            return graph_fail_at(context, node,
                                 context_fail(context, ERR_UNSUPPORTED,
                                              "a scale by group cannot be written at opset %lld",
                                              (long long)opset));
    }
    return OK;
}

static int64_t needed_opset(const struct graph *graph, const struct node *node)
{
    int64_t need = larger(node->op->since_opset, needed_by_types(graph, node));
    bool is_by_group;

    for (size_t i = 0; i < sizeof needed_rows / sizeof *needed_rows; i++) {
        const char *attr = needed_rows[i].attr;
        int slot = needed_rows[i].slot;
        if (node_is(node, needed_rows[i].op) &&
            (attr ? attr_is_given(node, attr) : !slot || node_has_input(node, slot)))
            need = larger(need, needed_rows[i].since);
    }
    for (size_t i = 0; i < opset_moved_count; i++)
        if (node_is(node, opset_moved[i].op) && node_has_input(node, opset_moved[i].slot) &&
            !graph_weight(graph, node, opset_moved[i].slot))
            need = larger(need, opset_moved[i].since);
    if (opset_is_softmax(node->op->name) && !node->op->is_unknown &&
        node_attr_int(node, "axis") != -1)
        need = larger(need, 13);
    if (group_scale(graph, node, &is_by_group) && !is_by_group)
        need = larger(need, 21);
    return need;
}

static int64_t needed_by_nodes(const struct graph *graph)
{
    const struct graph *body;
    int64_t need = 0;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        need = larger(need, needed_opset(graph, &graph->node[n]));
        for (int i = 0; (body = node_body(&graph->node[n], i)); i++)
            need = larger(need, needed_by_nodes(body));
    }
    return need;
}

// Whether an operator means the same in both opsets.
struct move {
    int64_t from, to;
};

enum status opset_check_verbatim(struct context *context, const char *op_type, int64_t from,
                                 int64_t to)
{
    bool changes = from > to;

    for (size_t i = 0; i < opset_moved_count; i++)
        changes |= strcmp(op_type, opset_moved[i].op) == 0 && opset_moved[i].since > from &&
                   opset_moved[i].since <= to;
    for (size_t i = 0; i < sizeof changed_rows / sizeof *changed_rows; i++)
        changes |= strcmp(op_type, changed_rows[i].op) == 0 && changed_rows[i].since > from &&
                   changed_rows[i].since <= to;
    return changes ? context_fail(context, ERR_UNSUPPORTED,
                                  "cannot be carried from opset %lld to opset %lld",
                                  (long long)from, (long long)to)
                   : OK;
}

static enum status check_verbatim(struct context *context, void *self, const char *domain,
                                  const char *op_type)
{
    const struct move *move = self;

    return *domain && strcmp(domain, "ai.onnx") != 0
               ? OK
               : opset_check_verbatim(context, op_type, move->from, move->to);
}

static enum status check_move(struct context *context, const struct graph *graph, int64_t to)
{
    struct move move = {graph->source_opset, to};
    struct arena *arena = arena_new();
    const struct graph *body;
    enum status status = OK;

    for (uint32_t n = 0; n < graph->node_count && status == OK; n++) {
        const struct node *node = &graph->node[n];
        struct span raw = {(const unsigned char *)node->raw_attr, node->raw_attr_bytes};
        for (int i = 0; status == OK && (body = node_body(node, i)); i++)
            status = check_move(context, body, to);
        if (status != OK)
            graph_fail_at(context, node, status);
        if (!node->op->is_unknown || move.from == 0 || status != OK)
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

enum status opset_choose(struct context *context, const struct graph *graph, int64_t *out)
{
    int64_t need = larger(larger(graph->source_opset, OPSET_LEAST_WRITTEN), needed_by_nodes(graph));
    struct context silent;

    *out = larger(need, OPSET_WRITTEN);
    TRY(check_group_scales(context, graph, *out));
    context_init(&silent);
    if (need >= OPSET_WRITTEN || check_move(&silent, graph, *out) == OK)
        return check_move(context, graph, *out);
    // A verbatim operator of an old file: the whole file stays at its opset.
    *out = need;
    return check_move(context, graph, *out);
}

int64_t opset_ir_version(int64_t opset)
{
    return opset <= 14 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : opset <= 22 ? 10 : 11;
}
