// Raising: what older opsets spelt otherwise, in the IR's spelling.
#include <stdlib.h>
#include <string.h>

#include "io/onnx_internal.h"

bool opset_is_coerced_softmax(const struct source_node *node)
{
    return node->opset < 13 && !*node->domain && opset_is_softmax(node->op_type);
}

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
                                const struct moved *row, enum dtype float_dtype, struct tensor *out)
{
    if (attribute->type != row->type)
        return context_fail(context, ERR_FORMAT, "attribute '%s' is of the wrong type",
                            attribute->name);
    TRY(constant_tensor(context, attribute, float_dtype, out));
    if (row->type == TYPE_INT)
        out->shape = SHAPE(1); // TopK's k is a list of one
    return OK;
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
    struct value_id id =
        node->input_count ? graph_find_value(reader->graph, node->input[0]) : NO_VALUE;
    const struct value *info =
        node->input_count ? name_map_get(&reader->types, node->input[0]) : NULL;
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
    name = name_map_unique(&reader->names, &reader->counters,
                           arena_format(reader->arena, "%s/%s",
                                        *node->name ? node->name : node->output[0], row->attr));
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
    for (size_t i = 0; i < opset_moved_count; i++)
        if (node->opset < opset_moved[i].since && strcmp(node->op_type, opset_moved[i].op) == 0)
            TRY(raise_row(reader, node, &opset_moved[i]));
    if (opset_is_coerced_softmax(node))
        return add_axis(reader, node); // the default was 1
    return OK;
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
        if (node->op->is_unknown || !opset_is_softmax(node->op->name) || node->output_count < 1 ||
            !value_exists(node->output[0]) || !is_coerced[node->output[0].at])
            continue;
        axis = node_attr_int(node, "axis");
        rank = node->input_count && value_exists(node->input[0])
                   ? types[node->input[0].at].shape.rank
                   : -1;
        if (axis != -1 && axis != rank - 1)
            status = spell_out_softmax(context, graph, (struct node_id){n}, axis);
        node = graph_node(graph, (struct node_id){n});
        node->attr = node_attr_with_int(graph, node->op, node->attr, "axis", -1);
        if (status != OK)
            graph_fail_at(context, node, status);
    }
    for (uint32_t i = 0; i < values; i++)
        tensor_release(&types[i]);
    free(types);
    return status == OK && graph->node_count != nodes ? graph_sort(context, graph) : status;
}
