// State that goes from an output to an input of the next step.
#include "exec/state.h"

#include <string.h>

static const char *input_name(const struct graph *graph, uint32_t i)
{
    return graph_value(graph, graph->input[i])->name;
}

// Names may hold '=' themselves: the input's is the one that fits.
static enum status parse_link(struct context *context, const struct graph *graph, const char *text,
                              struct state_link *out)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        size_t length = strlen(input_name(graph, i));
        if (strncmp(text, input_name(graph, i), length) != 0 || text[length] != '=')
            continue;
        for (uint32_t k = 0; k < graph->output_count; k++)
            if (strcmp(graph_value(graph, graph->output[k])->name, text + length + 1) == 0) {
                *out = (struct state_link){i, k};
                return OK;
            }
        return context_fail(context, ERR_USAGE, "'--state %s': model has no output '%s'", text,
                            text + length + 1);
    }
    return context_fail(context, ERR_USAGE, "'--state %s' wants INPUT=OUTPUT: model has no such %s",
                        text, strchr(text, '=') ? "input" : "pair");
}

enum status state_links(struct context *context, const struct graph *graph,
                        const struct strings *text, struct arena *arena, struct state_link **out)
{
    struct state_link *link = arena_array(arena, struct state_link, (size_t)text->count + 1);

    for (int64_t i = 0; i < text->count; i++) {
        enum dtype in, made;
        TRY(parse_link(context, graph, text->at[i], &link[i]));
        for (int64_t k = 0; k < i; k++)
            if (link[k].input == link[i].input || link[k].output == link[i].output)
                return context_fail(context, ERR_USAGE,
                                    "'--state %s': input or output is in another one already",
                                    text->at[i]);
        in = graph_value(graph, graph->input[link[i].input])->tensor.dtype;
        made = graph_value(graph, graph->output[link[i].output])->tensor.dtype;
        if (in != DT_NONE && made != DT_NONE && in != made)
            return context_fail(context, ERR_SHAPE, "'--state %s': input is %s, output %s",
                                text->at[i], dtype_info[in].name, dtype_info[made].name);
    }
    *out = link;
    return OK;
}

enum status state_zeros(struct context *context, const struct graph *graph,
                        const struct inference *inference, const struct state_link *link,
                        struct tensor *out)
{
    const struct value *value = graph_value(graph, graph->input[link->input]);
    struct shape shape = inference->of_value[graph->input[link->input].at].shape;

    if (shape.rank < 0)
        shape = value->tensor.shape;
    if (shape.rank < 0 || value->tensor.dtype == DT_NONE)
        return context_fail(context, ERR_UNSUPPORTED, "state '%s' has no known shape or type",
                            value->name);
    for (int32_t i = 0; i < shape.rank; i++)
        if (shape.dim[i] < 0)
            shape.dim[i] = 1;
    return tensor_alloc(context, out, value->tensor.dtype, &shape);
}

enum status state_advance(struct context *context, const struct graph *graph,
                          const struct state_link *link, struct tensor *output,
                          struct tensor *state)
{
    struct text was, is;

    if (output->dtype == state->dtype && shape_equal(&output->shape, &state->shape)) {
        tensor_release(state);
        *state = *output;
        *output = (struct tensor){.dtype = state->dtype, .shape = state->shape};
        return OK;
    }
    text_init(&was);
    text_init(&is);
    shape_print(&state->shape, &was);
    shape_print(&output->shape, &is);
    context_fail(context, ERR_SHAPE, "state '%s' is %s %s, but output '%s' made %s %s",
                 input_name(graph, link->input), dtype_info[state->dtype].name, was.at,
                 graph_value(graph, graph->output[link->output])->name,
                 dtype_info[output->dtype].name, is.at);
    text_clear(&was);
    text_clear(&is);
    return ERR_SHAPE;
}
