// Open dimensions of a model's inputs that the data settle.
#include <string.h>

#include "data/batch.h"

// Whether a list of "NAME=..." has that name.
static bool has_setting(const struct strings *list, const char *name)
{
    size_t length = strlen(name);

    for (int64_t i = 0; i < list->count; i++)
        if (strncmp(list->at[i], name, length) == 0 && list->at[i][length] == '=')
            return true;
    return false;
}

// "NAME=?,3,224,224": batch axis first, where it is open; nothing if no other dimension is.
static const char *spell(const struct value *value, const struct shape *sample, struct arena *arena)
{
    const struct shape *declared = &value->tensor.shape;
    bool is_open = false;
    const char *copy;
    struct text text;

    text_init(&text);
    text_format(&text, "%s=", value->name);
    for (int32_t i = 0; i < declared->rank; i++) {
        int64_t dim = declared->dim[i];
        bool is_batch = i == 0 && sample;
        is_open |= dim < 0 && !is_batch;
        if (dim < 0 && !is_batch)
            dim = sample ? sample->dim[i - 1] : 1;
        text_add(&text, i ? "," : "");
        if (dim < 0)
            text_add(&text, "?");
        else
            text_format(&text, "%lld", (long long)dim);
    }
    copy = is_open ? arena_copy_text(arena, text.at) : NULL;
    text_clear(&text);
    return copy;
}

enum status batch_open_shapes(struct context *context, const struct dataset *data,
                              const struct graph *graph, const struct preprocess *preprocess,
                              const struct strings *state, struct arena *arena,
                              struct infer_options *options)
{
    struct batch_input *bound = arena_array(arena, struct batch_input, graph->input_count + 1);
    bool *is_given = arena_array(arena, bool, graph->input_count + 1);
    const char **shape =
        arena_array(arena, const char *, (size_t)options->shape.count + graph->input_count + 1);
    int64_t count = options->shape.count;

    for (uint32_t i = 0; i < graph->input_count; i++) {
        const char *name = graph_value(graph, graph->input[i])->name;
        is_given[i] = has_setting(&options->set, name) || has_setting(state, name);
    }
    TRY(batch_bind_graph(context, data, graph, is_given, preprocess, arena, bound));
    for (int64_t i = 0; i < count; i++)
        shape[i] = options->shape.at[i];
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        const struct shape *sample = bound[i].data ? &bound[i].shape : NULL;
        if (has_setting(&options->shape, value->name) || has_setting(&options->set, value->name) ||
            (sample && sample->rank != value->tensor.shape.rank - 1))
            continue;
        shape[count] = spell(value, sample, arena);
        count += shape[count] != NULL;
    }
    options->shape = (struct strings){count, shape};
    return OK;
}
