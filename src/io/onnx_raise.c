// Raising: attributes of older opsets that are inputs in the IR.
#include <string.h>

#include "io/onnx_internal.h"

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

enum status source_input_add(struct reader *reader, struct source_node *node, int slot,
                             const char *what, struct tensor tensor)
{
    const char *stem = *node->name ? node->name : node->output[0], *name;
    struct value_id id;

    name = name_map_unique(&reader->names, &reader->counters,
                           arena_format(reader->arena, "%s/%s", stem, what));
    TRY(graph_add_value(reader->context, reader->graph, name, VALUE_WEIGHT, tensor, &id));
    set_source_input(reader, node, slot, name);
    return OK;
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
    struct tensor tensor;

    if (!attribute)
        return OK;
    if (strcmp(node->op_type, "Pad") == 0 && row->type == TYPE_FLOAT && attribute->f == 0) {
        attribute_remove(node, row->attr);
        return OK;
    }
    TRY(moved_tensor(reader->context, attribute, row,
                     strcmp(node->op_type, "Dropout") == 0 ? DT_F32 : float_dtype_of(reader, node),
                     &tensor));
    TRY(source_input_add(reader, node, row->slot, row->attr, tensor));
    attribute_remove(node, row->attr);
    return OK;
}

enum status opset_raise(struct reader *reader, struct source_node *node)
{
    if (*node->domain || !node->output_count)
        return OK;
    TRY(legacy_raise(reader, node));
    TRY(scan8_raise(reader, node));
    for (size_t i = 0; i < opset_moved_count; i++)
        if (node->opset < opset_moved[i].since && strcmp(node->op_type, opset_moved[i].op) == 0)
            TRY(raise_row(reader, node, &opset_moved[i]));
    late_note(node);
    return OK;
}
