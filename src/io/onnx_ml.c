// What classical learners export beside the network itself, in ONNX's own operators: sklearn-onnx
// looks classes up by ArrayFeatureExtractor (domain ai.onnx.ml).
#include <string.h>

#include "io/onnx_internal.h"

// X is a list of classes (rank 1) as a rule, a table otherwise.
static bool is_list(const struct reader *reader, const char *name)
{
    struct value_id id = graph_find_value(reader->graph, name);
    const struct value *info = name_map_get(&reader->types, name);
    const struct value *known = value_exists(id) ? graph_value(reader->graph, id) : info;

    return known && known->tensor.shape.rank == 1;
}

// Y = ArrayFeatureExtractor(X, I): columns I of X, whatever the shape of I; a list counts as one
// row. Gather(X, Reshape(I, [-1] or [1, -1]), axis -1).
enum status ml_spell_out(struct reader *reader, const struct source_node *node, bool *is_done)
{
    const char *index[1], *chosen[2];
    struct attribute axis = {.name = "axis", .type = TYPE_INT, .i = -1};
    struct source_node reshape = *node, gather = *node;
    const int64_t shape[] = {1, -1};
    struct tensor tensor;

    *is_done = strcmp(node->domain, "ai.onnx.ml") == 0 &&
               strcmp(node->op_type, "ArrayFeatureExtractor") == 0 && node->input_count == 2 &&
               node->output_count == 1;
    if (!*is_done)
        return OK;
    bool is_row = is_list(reader, node->input[0]);
    TRY(tensor_alloc(reader->context, &tensor, DT_I64, &SHAPE(is_row ? 2 : 1)));
    memcpy(tensor_write(&tensor), is_row ? shape : shape + 1, (size_t)(is_row ? 2 : 1) * 8);
    index[0] = name_map_unique(&reader->names, &reader->counters,
                               arena_format(reader->arena, "%s/index", node->output[0]));
    reshape.domain = gather.domain = "";
    reshape.op_type = "Reshape";
    reshape.name = "";
    reshape.input = arena_copy(reader->arena, &node->input[1], sizeof *node->input);
    reshape.input_count = 1;
    reshape.output = arena_copy(reader->arena, index, sizeof index);
    TRY(source_input_add(reader, &reshape, 1, "shape", tensor));
    TRY(source_node_add(reader, &reshape));
    gather.op_type = "Gather";
    chosen[0] = node->input[0];
    chosen[1] = index[0];
    gather.input = arena_copy(reader->arena, chosen, sizeof chosen);
    gather.attribute = arena_copy(reader->arena, &axis, sizeof axis);
    gather.attribute_count = 1;
    return source_node_add(reader, &gather);
}
