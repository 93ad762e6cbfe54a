// Cutting channels: weights lose their slices, then constant shapes, the sizes of Split and the
// groups of convolutions follow, and shape inference must find what was foreseen.
#include <string.h>

#include "ops/attr.h"
#include "pass/channels_internal.h"

static bool is_cut(const struct channel_links *links, uint32_t element)
{
    return links->is_marked[channel_root(links, element)];
}

// How long an axis will be.
static int64_t kept_dim(const struct channel_links *links, struct value_id value, int axis)
{
    int64_t dim = links->inference.of_value[value.at].shape.dim[axis], kept = 0;
    uint32_t first = channel_element(links, value, axis);

    for (int64_t k = 0; k < dim; k++)
        kept += !is_cut(links, first + (uint32_t)k);
    return kept;
}

static struct shape kept_shape(const struct channel_links *links, struct value_id value)
{
    struct shape shape = links->inference.of_value[value.at].shape;

    for (int a = 0; a < shape.rank; a++)
        shape.dim[a] = kept_dim(links, value, a);
    return shape;
}

// ---- weights
// -------------------------------------------------------------------------------------

// Rows are all that lies behind an axis: `rows` times `dim` rows of `bytes`.
static void take_axis(const struct channel_links *links, uint32_t first, int64_t dim, int64_t rows,
                      size_t bytes, const char *from, char *to)
{
    for (int64_t row = 0; row < rows; row++)
        for (int64_t k = 0; k < dim; k++, from += bytes)
            if (!is_cut(links, first + (uint32_t)k)) {
                memcpy(to, from, bytes);
                to += bytes;
            }
}

static enum status cut_axis(struct context *context, const struct channel_links *links,
                            struct value_id id, int axis, int64_t kept, struct tensor *tensor)
{
    struct shape shape = tensor->shape;
    size_t bytes = (size_t)dtype_info[tensor->dtype].bits / 8;
    int64_t rows = 1;
    struct tensor cut;

    for (int a = 0; a < axis; a++)
        rows *= shape.dim[a];
    for (int a = axis + 1; a < shape.rank; a++)
        bytes *= (size_t)shape.dim[a];
    shape.dim[axis] = kept;
    TRY(tensor_alloc(context, &cut, tensor->dtype, &shape));
    take_axis(links, channel_element(links, id, axis), tensor->shape.dim[axis], rows, bytes,
              tensor_data(tensor), tensor_write(&cut));
    tensor_release(tensor);
    *tensor = cut;
    return OK;
}

static enum status cut_weight(struct context *context, const struct channel_links *links,
                              struct graph *graph, struct value_id id, bool is_trial)
{
    struct value *value = graph_value(graph, id);
    struct shape shape = kept_shape(links, id);

    if (shape_equal(&shape, &value->tensor.shape))
        return OK;
    if (dtype_info[value->tensor.dtype].bits < 8 || value->sparsity || value->quant)
        return context_fail(context, ERR_UNSUPPORTED, "weight '%s' is packed or annotated",
                            value->name);
    if (is_trial && dtype_info[value->tensor.dtype].is_float) {
        tensor_release(&value->tensor);
        value->tensor.shape = shape;
        return OK;
    }
    for (int a = 0; a < shape.rank; a++)
        if (shape.dim[a] != value->tensor.shape.dim[a])
            TRY(cut_axis(context, links, id, a, shape.dim[a], &value->tensor));
    return OK;
}

// ---- what must follow
// ----------------------------------------------------------------------------

// A list of sizes among a node's inputs becomes `size`, as a weight of its own.
static enum status set_sizes(struct context *context, struct graph *graph, struct node_id id,
                             int slot, const int64_t *size, int count)
{
    struct tensor tensor;
    struct value_id weight;

    TRY(tensor_alloc(context, &tensor, DT_I64, &SHAPE(count)));
    memcpy(tensor_write(&tensor), size, (size_t)count * sizeof *size);
    weight = graph_add_weight(graph, graph_node(graph, id)->name, tensor);
    if (slot < graph_node(graph, id)->input_count) {
        graph_set_input(graph, id, slot, weight);
    } else {
        struct value_id input[] = {graph_node(graph, id)->input[0], weight};
        graph_set_node_inputs(graph, id, input, 2);
    }
    return OK;
}

// A constant shape in input `slot`: sizes that were meant literally.
static enum status follow_shape(struct context *context, const struct channel_links *links,
                                struct graph *graph, struct node_id id, int slot)
{
    const struct node *node = graph_node(graph, id);
    const struct value *target = graph_weight(graph, node, slot);
    const struct shape *old = &links->inference.of_value[node->output[0].at].shape;
    struct shape now;
    int64_t size[SHAPE_MAX_RANK];
    bool changes = false;

    if (!target || target->tensor.dtype != DT_I64 || old->rank < 0 ||
        tensor_count(&target->tensor) != old->rank)
        return OK;
    now = kept_shape(links, node->output[0]);
    for (int i = 0; i < old->rank; i++) {
        size[i] = tensor_i64(&target->tensor)[i];
        if (size[i] == old->dim[i] && now.dim[i] != old->dim[i]) {
            size[i] = now.dim[i];
            changes = true;
        }
    }
    return changes ? set_sizes(context, graph, id, slot, size, old->rank) : OK;
}

enum { SPLIT_MAX = 64 };

static enum status follow_split(struct context *context, const struct channel_links *links,
                                struct graph *graph, struct node_id id)
{
    const struct node *node = graph_node(graph, id);
    const struct shape *x = &links->inference.of_value[node->input[0].at].shape;
    struct split_attr *attr = arena_copy(graph->arena, node->attr, sizeof *attr);
    int axis = (int)(attr->axis < 0 ? attr->axis + x->rank : attr->axis);
    int64_t size[SPLIT_MAX];
    bool changes = false;

    if (x->rank < 1 || node->output_count > SPLIT_MAX)
        return OK;
    for (int i = 0; i < node->output_count; i++) {
        if (!value_exists(node->output[i]))
            return OK;
        size[i] = kept_dim(links, node->output[i], axis);
        changes |= size[i] != links->inference.of_value[node->output[i].at].shape.dim[axis];
    }
    if (!changes)
        return OK;
    attr->num_outputs = 0;
    graph_node(graph, id)->attr = attr;
    return set_sizes(context, graph, id, 1, size, node->output_count);
}

// How many groups of channels are left of so many in input 0.
static int64_t groups_left(const struct channel_links *links, const struct node *node,
                           int64_t groups)
{
    const struct shape *x = &links->inference.of_value[node->input[0].at].shape;

    return x->rank < 2 || groups < 2 ? groups
                                     : kept_dim(links, node->input[0], 1) / (x->dim[1] / groups);
}

static void follow_groups(const struct channel_links *links, struct graph *graph, struct node *node)
{
    if (node_is(node, "Conv")) {
        struct conv_attr *attr = arena_copy(graph->arena, node->attr, sizeof *attr);
        attr->group = groups_left(links, node, attr->group);
        node->attr = attr;
    } else if (node_is(node, "GroupNormalization")) {
        struct group_normalization_attr *attr = arena_copy(graph->arena, node->attr, sizeof *attr);
        attr->num_groups = groups_left(links, node, attr->num_groups);
        node->attr = attr;
    }
}

static enum status follow(struct context *context, const struct channel_links *links,
                          struct graph *graph, struct node_id id)
{
    struct node *node = graph_node(graph, id);

    if (node_is(node, "Reshape") || node_is(node, "Expand") || node_is(node, "CenterCropPad"))
        return follow_shape(context, links, graph, id, 1);
    if (node_is(node, "Resize"))
        return follow_shape(context, links, graph, id, 3);
    if (node_is(node, "Split"))
        return follow_split(context, links, graph, id);
    follow_groups(links, graph, node);
    return OK;
}

// Every value must have the shape that the cut foresees.
static enum status check_shapes(struct context *context, const struct channel_links *links,
                                const struct graph *graph)
{
    struct inference now = {0};
    enum status status = graph_infer(context, graph, &links->options, &now);

    for (uint32_t v = 0; v < links->inference.value_count && status == OK; v++) {
        struct shape want = links->inference.of_value[v].shape;
        struct node_id producer = graph->value[v].producer;
        if (!shape_is_static(&want) || !node_exists(producer))
            continue;
        want = kept_shape(links, (struct value_id){v});
        if (!shape_equal(&want, &now.of_value[v].shape))
            status = context_fail(context, ERR_SHAPE, "node '%s' (%s) fixes a shape",
                                  graph_node(graph, producer)->name,
                                  graph_node(graph, producer)->op->name);
    }
    inference_clear(&now);
    return status;
}

static enum status cut_all(struct context *context, const struct channels *channels,
                           struct graph *graph, bool is_trial)
{
    const struct channel_links *links = channels->links;

    for (uint32_t v = 0; v < links->inference.value_count; v++)
        if (graph->value[v].role == VALUE_WEIGHT)
            TRY(cut_weight(context, links, graph, (struct value_id){v}, is_trial));
    for (uint32_t n = 0; n < graph->node_count; n++)
        TRY(follow(context, links, graph, (struct node_id){n}));
    return check_shapes(context, links, graph);
}

enum status channels_cut(struct context *context, const struct channels *channels,
                         struct graph *graph)
{
    return cut_all(context, channels, graph, false);
}

enum status channels_try(struct context *context, const struct channels *channels,
                         struct graph *graph)
{
    return cut_all(context, channels, graph, true);
}

// ---- zeroing
// -------------------------------------------------------------------------------------

static void zero_axis(const struct channel_links *links, uint32_t first, int64_t dim, int64_t rows,
                      size_t bytes, char *at)
{
    for (int64_t row = 0; row < rows; row++)
        for (int64_t k = 0; k < dim; k++, at += bytes)
            if (is_cut(links, first + (uint32_t)k))
                memset(at, 0, bytes);
}

static enum status zero_weight(struct context *context, const struct channel_links *links,
                               struct value *value, struct value_id id)
{
    const struct shape *shape = &value->tensor.shape;
    struct shape kept = kept_shape(links, id);
    size_t bytes = (size_t)dtype_info[value->tensor.dtype].bits / 8;

    if (shape_equal(&kept, shape) || dtype_info[value->tensor.dtype].bits < 8)
        return OK;
    TRY(tensor_make_private(context, &value->tensor));
    for (int a = 0; a < shape->rank; a++) {
        size_t row_bytes = bytes;
        int64_t rows = 1;
        for (int i = 0; i < a; i++)
            rows *= shape->dim[i];
        for (int i = a + 1; i < shape->rank; i++)
            row_bytes *= (size_t)shape->dim[i];
        zero_axis(links, channel_element(links, id, a), shape->dim[a], rows, row_bytes,
                  tensor_write(&value->tensor));
    }
    return OK;
}

enum status channels_zero(struct context *context, const struct channels *channels,
                          struct graph *graph)
{
    for (uint32_t v = 0; v < channels->links->inference.value_count; v++)
        if (graph->value[v].role == VALUE_WEIGHT)
            TRY(zero_weight(context, channels->links, &graph->value[v], (struct value_id){v}));
    return OK;
}
