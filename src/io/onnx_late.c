// Raising, once the graph stands: what older opsets said by axes that only ranks make clear.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

// Values that one rule may add; channels that are spread out.
enum { NEW_VALUES_MAX = 4, CHANNELS_MAX = 1 << 20, NO_AXIS = -1 };

// The walk over the graph: types of all values, as far as they are known.
struct late {
    struct context *context;
    struct graph *graph;
    struct tensor *types;
    struct arena *arena;
    uint32_t value_count; // values that have a type in the list
    uint32_t capacity;
    uint32_t *uses; // of the values that the file has
};

struct late_rule {
    const char *op;
    int64_t before; // opset
    enum status (*apply)(struct late *late, struct node_id id, int64_t axis);
};

// The type of input `slot`, NULL if its rank is not known.
static const struct tensor *known_input(const struct late *late, const struct node *node, int slot)
{
    const struct tensor *type =
        node_has_input(node, slot) ? &late->types[node->input[slot].at] : NULL;

    return type && type->shape.rank >= 0 ? type : NULL;
}

static enum status fail_rank(const struct late *late, int slot)
{
    return context_fail(late->context, ERR_UNSUPPORTED,
                        "spelt as in an old opset, and the rank of input %d is not known", slot);
}

static struct value_id add_ints(struct late *late, const char *stem, const int64_t *at,
                                int64_t count, enum status *status)
{
    struct tensor tensor;

    *status = tensor_alloc(late->context, &tensor, DT_I64, &SHAPE(count));
    if (*status != OK)
        return NO_VALUE;
    if (count)
        memcpy(tensor_write(&tensor), at, (size_t)count * sizeof *at);
    return graph_add_weight(late->graph, stem, tensor);
}

// ---- broadcasting before opset 7 ----------------------------------------------------------------

// Puts another weight into a slot: in place of the old one where nobody else reads that.
static void replace_weight(struct late *late, struct node_id id, int slot, const char *what,
                           struct tensor tensor)
{
    struct graph *graph = late->graph;
    struct value_id weight = graph_node(graph, id)->input[slot];
    struct value *value = graph_value(graph, weight);

    if (late->uses[weight.at] != 1) {
        const char *stem = arena_format(graph->arena, "%s/%s", value->name, what);
        graph_set_input(graph, id, slot, graph_add_weight(graph, stem, tensor));
        return;
    }
    tensor_release(&value->tensor);
    value->tensor = tensor;
    tensor_release(&late->types[weight.at]);
    tensor_share(&late->types[weight.at], &tensor);
}

// Gives the weight of input 1 `trailing` axes of size 1 more; its data stay where they are.
static void stretch_weight(struct late *late, struct node_id id, int trailing)
{
    const struct value *weight = graph_weight(late->graph, graph_node(late->graph, id), 1);
    struct tensor tensor = {DT_NONE, SHAPE_UNKNOWN, NULL, 0};

    tensor_share(&tensor, &weight->tensor);
    for (int i = 0; i < trailing; i++)
        tensor.shape.dim[tensor.shape.rank++] = 1;
    replace_weight(late, id, 1, "broadcast", tensor);
}

static enum status stretch(struct late *late, struct node_id id, int trailing)
{
    struct graph *graph = late->graph;
    struct node *node = graph_node(graph, id);
    const char *stem =
        arena_format(graph->arena, "%s/broadcast", graph_value(graph, node->output[0])->name);
    int rank = known_input(late, node, 1)->shape.rank;
    const struct op *unsqueeze = op_find("Unsqueeze");
    int64_t axes[SHAPE_MAX_RANK];
    struct value_id pair[2], wide;
    enum status status;

    if (graph_weight(graph, node, 1)) {
        stretch_weight(late, id, trailing);
        return OK;
    }
    for (int i = 0; i < trailing; i++)
        axes[i] = rank + i;
    pair[0] = node->input[1];
    pair[1] = add_ints(late, arena_format(graph->arena, "%s/axes", stem), axes, trailing, &status);
    TRY(status);
    wide = graph_add_activation(graph, stem, DT_NONE);
    graph_add_node(graph, unsqueeze, stem, NULL, pair, 2, &wide, 1);
    graph_set_input(graph, id, 1, wide);
    return OK;
}

// Input 1 lay inside input 0 from axis `axis` on; without an axis at the end, as today.
static enum status raise_broadcast(struct late *late, struct node_id id, int64_t axis)
{
    struct node *node = graph_node(late->graph, id);
    const struct tensor *a = known_input(late, node, 0), *b = known_input(late, node, 1);

    if (axis < 0 || (b && b->shape.rank == 0))
        return OK;
    if (!a || !b)
        return fail_rank(late, a ? 1 : 0);
    if (axis > a->shape.rank - b->shape.rank)
        return context_fail(late->context, ERR_SHAPE,
                            "input 1 of rank %d does not fit into input 0 of rank %d from axis "
                            "%lld on",
                            b->shape.rank, a->shape.rank, (long long)axis);
    axis = a->shape.rank - axis - b->shape.rank;
    return axis ? stretch(late, id, (int)axis) : OK;
}

// One slope for each channel.
static enum status raise_p_relu(struct late *late, struct node_id id, int64_t axis)
{
    struct node *node = graph_node(late->graph, id);
    const struct tensor *x = known_input(late, node, 0), *slope = known_input(late, node, 1);

    (void)axis;
    if (slope && (slope->shape.rank != 1 || slope->shape.dim[0] == 1))
        return OK;
    if (!x || !slope)
        return fail_rank(late, x ? 1 : 0);
    return x->shape.rank > 2 ? stretch(late, id, x->shape.rank - 2) : OK;
}

// ---- Tile before opset 6: one axis, so many times -----------------------------------------------

static enum status raise_tile(struct late *late, struct node_id id, int64_t axis)
{
    struct node *node = graph_node(late->graph, id);
    const struct value *tiles = graph_weight(late->graph, node, 1);
    const struct tensor *x = known_input(late, node, 0);
    int64_t repeats[SHAPE_MAX_RANK];
    struct value_id pair[2];
    enum status status;
    double count;

    if (!x)
        return fail_rank(late, 0);
    if (!tiles || tensor_count(&tiles->tensor) != 1)
        return context_fail(late->context, ERR_UNSUPPORTED,
                            "input 1 wants a constant of one element");
    if (axis < 0 || axis >= x->shape.rank)
        return context_fail(late->context, ERR_SHAPE, "axis %lld is outside a tensor of rank %d",
                            (long long)axis, x->shape.rank);
    count = tensor_get(&tiles->tensor, 0); // a float in the oldest files
    if (!(count >= 0 && count <= INT32_MAX))
        return context_fail(late->context, ERR_SHAPE, "cannot make %g tiles", count);
    for (int i = 0; i < x->shape.rank; i++)
        repeats[i] = i == axis ? (int64_t)count : 1;
    pair[0] = node->input[0];
    pair[1] = add_ints(late, arena_format(late->graph->arena, "%s/repeats", node->name), repeats,
                       x->shape.rank, &status);
    TRY(status);
    graph_set_node_inputs(late->graph, id, pair, 2);
    return OK;
}

// ---- GroupNormalization before opset 21 ---------------------------------------------------------

// Scale and bias had an item for each group, where today each channel has one.
static enum status spread_groups(struct late *late, struct node_id id, int slot, int64_t channels)
{
    struct graph *graph = late->graph;
    struct node *node = graph_node(graph, id);
    const struct value *weight = graph_weight(graph, node, slot);
    int64_t groups = node_attr_int(node, "num_groups");
    struct tensor tensor;

    if (!weight || weight->tensor.shape.rank != 1 || tensor_count(&weight->tensor) != groups ||
        groups < 1 || groups == channels || channels % groups != 0 || channels > CHANNELS_MAX)
        return OK; // as it should be, or for the operator to refuse
    TRY(tensor_alloc(late->context, &tensor, weight->tensor.dtype, &SHAPE(channels)));
    for (int64_t c = 0; c < channels; c++)
        tensor_set(&tensor, c, tensor_get(&weight->tensor, c / (channels / groups)));
    replace_weight(late, id, slot, "channels", tensor);
    return OK;
}

static enum status raise_groups(struct late *late, struct node_id id, int64_t axis)
{
    const struct tensor *x = known_input(late, graph_node(late->graph, id), 0);

    (void)axis;
    if (!x || x->shape.rank < 2)
        return OK; // the operator takes both forms
    for (int slot = 1; slot < 3; slot++)
        TRY(spread_groups(late, id, slot, x->shape.dim[1]));
    return OK;
}

// ---- Softmax and its kin before opset 13 --------------------------------------------------------

// y = Reshape(Softmax(Flatten(x, axis)), Shape(x)): what Softmax meant then.
static enum status spell_out_softmax(struct late *late, struct node_id id, int64_t axis)
{
    struct graph *graph = late->graph;
    const struct op *flatten = op_find("Flatten"), *shape = op_find("Shape"),
                    *reshape = op_find("Reshape");
    struct node *node = graph_node(graph, id);
    struct value_id x = node->input[0], y = node->output[0], flat, dims, soft, pair[2];
    const char *stem = graph_value(graph, y)->name;

    flat = graph_add_activation(graph, arena_format(graph->arena, "%s/flat", stem), DT_NONE);
    dims = graph_add_activation(graph, arena_format(graph->arena, "%s/shape", stem), DT_I64);
    soft = graph_add_activation(graph, arena_format(graph->arena, "%s/softmax", stem), DT_NONE);
    graph_add_node(graph, flatten, arena_format(graph->arena, "%s/flatten", stem),
                   node_attr_with_int(graph, flatten, NULL, "axis", axis), &x, 1, &flat, 1);
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

static enum status raise_softmax(struct late *late, struct node_id id, int64_t axis)
{
    struct node *node = graph_node(late->graph, id);
    const struct tensor *x = known_input(late, node, 0);

    axis = node_attr_int(node, "axis");
    if (axis != -1 && (!x || axis != x->shape.rank - 1))
        TRY(spell_out_softmax(late, id, axis));
    node = graph_node(late->graph, id);
    node->attr = node_attr_with_int(late->graph, node->op, node->attr, "axis", -1);
    return OK;
}

// -------------------------------------------------------------------------------------------------

static const struct late_rule rules[] = {
    {"Add", 7, raise_broadcast},       {"And", 7, raise_broadcast},
    {"Div", 7, raise_broadcast},       {"Equal", 7, raise_broadcast},
    {"Greater", 7, raise_broadcast},   {"GroupNormalization", 21, raise_groups},
    {"Hardmax", 13, raise_softmax},    {"Less", 7, raise_broadcast},
    {"LogSoftmax", 13, raise_softmax}, {"Mul", 7, raise_broadcast},
    {"Or", 7, raise_broadcast},        {"PRelu", 7, raise_p_relu},
    {"Pow", 7, raise_broadcast},       {"Softmax", 13, raise_softmax},
    {"Sub", 7, raise_broadcast},       {"Tile", 6, raise_tile},
    {"Xor", 7, raise_broadcast},
};

void late_note(struct source_node *node)
{
    const struct attribute *axis = attribute_find(node, "axis");
    const struct attribute *broadcast = attribute_find(node, "broadcast");

    for (size_t i = 0; i < sizeof rules / sizeof *rules && !node->late; i++)
        if (node->opset < rules[i].before && strcmp(node->op_type, rules[i].op) == 0)
            node->late = &rules[i];
    if (!node->late || node->late->apply != raise_broadcast)
        return;
    node->late_axis = axis && broadcast && broadcast->i ? axis->i : NO_AXIS;
    attribute_remove(node, "axis");
    attribute_remove(node, "broadcast");
}

// Gives the values and nodes behind what is known so far their types.
static void know_more(struct late *late, uint32_t first_node)
{
    types_start(late->graph, late->types, late->value_count);
    late->value_count = late->graph->value_count;
    for (uint32_t n = first_node; n < late->graph->node_count; n++)
        types_of_node(late->graph, graph_node(late->graph, (struct node_id){n}), late->types,
                      late->arena);
}

static enum status raise_node(struct late *late, struct node_id id, const struct source_node *from)
{
    uint32_t count = late->graph->node_count;
    enum status status;

    if (late->graph->value_count + NEW_VALUES_MAX > late->capacity) {
        late->capacity = 2 * late->capacity + NEW_VALUES_MAX;
        late->types = must_realloc(late->types, late->capacity * sizeof *late->types);
    }
    status = from->late->apply(late, id, from->late_axis);
    if (status != OK)
        return graph_fail_at(late->context, graph_node(late->graph, id), status);
    // What a rule adds stands before the node or behind it: the first round knows the former.
    know_more(late, count);
    types_of_node(late->graph, graph_node(late->graph, id), late->types, late->arena);
    know_more(late, count);
    return OK;
}

// How often each value is read, by nodes and as an output.
static uint32_t *count_uses(const struct graph *graph, struct arena *arena)
{
    uint32_t *uses = arena_array(arena, uint32_t, graph->value_count + 1);

    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            if (value_exists(graph->node[n].input[i]))
                uses[graph->node[n].input[i].at]++;
    for (uint32_t i = 0; i < graph->output_count; i++)
        uses[graph->output[i].at]++;
    return uses;
}

enum status late_raise(struct context *context, struct graph *graph,
                       const struct source_node *const *by_output)
{
    uint32_t nodes = graph->node_count, values = graph->value_count;
    struct late late = {.context = context, .graph = graph, .value_count = values};
    enum status status = OK;
    bool is_any = false;

    for (uint32_t i = 0; i < values; i++)
        is_any |= by_output[i] != NULL;
    if (!is_any)
        return OK;
    late.capacity = values + NEW_VALUES_MAX;
    late.types = must_alloc(late.capacity * sizeof *late.types);
    late.arena = arena_new();
    late.uses = count_uses(graph, late.arena);
    types_start(graph, late.types, 0);
    for (uint32_t n = 0; n < nodes && status == OK; n++) {
        const struct node *node = &graph->node[n];
        const struct source_node *from = node->output_count && value_exists(node->output[0])
                                             ? by_output[node->output[0].at]
                                             : NULL;
        if (from && !node->op->is_unknown)
            status = raise_node(&late, (struct node_id){n}, from);
        else
            types_of_node(graph, node, late.types, late.arena);
    }
    for (uint32_t i = 0; i < late.value_count; i++)
        tensor_release(&late.types[i]);
    free(late.types);
    arena_free(late.arena);
    return status == OK && graph->node_count != nodes ? graph_sort(context, graph) : status;
}
