// Models as a command names them.
#include "cli/model_args.h"

#include <string.h>

#include "exec/specialise.h"
#include "io/model.h"

enum status model_fail(struct context *context, const struct named_model *model, enum status status)
{
    return context_fail_in(context, status, "%s", model->name);
}

static enum status open_with(struct invocation *invocation, const char *path,
                             const struct model_options *options, struct named_model *out)
{
    struct model_file file;
    enum status status;

    memset(out, 0, sizeof *out);
    memset(&file, 0, sizeof file);
    out->path = path;
    out->name = is_dash(path) ? "stdin" : path;
    status = model_read(invocation->context, path, options, &out->graph, &file);
    if (status != OK)
        return model_fail(invocation->context, out, status);
    memcpy(out->sha256, file.sha256, sizeof out->sha256);
    out->bytes = (int64_t)file.bytes;
    out->format = file.format ? file.format->name : NULL;
    invocation_add_input(invocation, path, out->sha256);
    return OK;
}

enum status model_open(struct invocation *invocation, const char *path, const char *external_data,
                       struct named_model *out)
{
    return open_with(invocation, path, &(struct model_options){external_data, false}, out);
}

enum status model_open_streamed(struct invocation *invocation, const char *path,
                                const char *external_data, struct named_model *out)
{
    return open_with(invocation, path, &(struct model_options){external_data, true}, out);
}

static bool names_input(const char *setting, const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const char *name = graph_value(graph, graph->input[i])->name;
        if (strncmp(setting, name, strlen(name)) == 0 && setting[strlen(name)] == '=')
            return true;
    }
    return false;
}

// Those of the list that name inputs of the graph.
static enum status own_settings(struct invocation *invocation, const struct strings *list,
                                const char *option, bool is_one_of_several,
                                const struct graph *graph, struct strings *out)
{
    const char **at = arena_array(invocation->arena, const char *, (size_t)list->count + 1);

    *out = (struct strings){0, at};
    for (int64_t i = 0; i < list->count; i++) {
        if (names_input(list->at[i], graph))
            at[out->count++] = list->at[i];
        else if (!is_one_of_several)
            return context_fail(invocation->context, ERR_USAGE,
                                "'%s %s': the model has no such input", option, list->at[i]);
    }
    return OK;
}

enum status model_declare_shapes(struct invocation *invocation, const struct strings *shape,
                                 struct named_model *model)
{
    const struct infer_options options = {.shape = *shape};
    struct strings own;
    enum status status = own_settings(invocation, shape, "--shape", false, model->graph, &own);

    for (uint32_t i = 0; i < model->graph->input_count && status == OK; i++) {
        struct value *value = graph_value(model->graph, model->graph->input[i]);
        struct shape given;
        status = infer_given_shape(invocation->context, value, &options, &given);
        if (status == OK)
            value->tensor.shape = given;
    }
    return status == OK ? OK : model_fail(invocation->context, model, status);
}

// An input that is only filled for the run may have an open batch; it stays an input then.
static void leave_open(const struct graph *graph, struct strings *set)
{
    const char **at = (const char **)(uintptr_t)set->at;
    int64_t count = 0;

    for (int64_t i = 0; i < set->count; i++)
        for (uint32_t k = 0; k < graph->input_count; k++) {
            const struct value *value = graph_value(graph, graph->input[k]);
            size_t length = strlen(value->name);
            if (strncmp(at[i], value->name, length) == 0 && at[i][length] == '=' &&
                shape_is_static(&value->tensor.shape)) {
                at[count++] = at[i];
                break;
            }
        }
    set->count = count;
}

static bool has_branches(const struct graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (op_has_bodies(graph->node[n].op))
            return true;
    return false;
}

static void tell_fixed(struct invocation *invocation, const struct named_model *model,
                       const struct infer_options *own)
{
    for (int64_t i = 0; i < own->set.count; i++)
        context_note(invocation->context, "%s: '--set %s' is taken for good: no input any more",
                     model->name, own->set.at[i]);
}

enum status model_specialise(struct invocation *invocation, const struct infer_options *infer,
                             enum specialising how, bool is_one_of_several,
                             struct named_model *model)
{
    struct context *context = invocation->context;
    struct infer_options own = *infer;
    struct graph *specialised;
    enum status status;

    status = own_settings(invocation, &infer->shape, "--shape", is_one_of_several, model->graph,
                          &own.shape);
    if (status == OK)
        status = own_settings(invocation, &infer->set, "--set", is_one_of_several, model->graph,
                              &own.set);
    if (status != OK)
        return model_fail(context, model, status);
    if (how == SPECIALISE_TO_RUN)
        leave_open(model->graph, &own.set);
    if (!own.set.count && !has_branches(model->graph) &&
        !(how == SPECIALISE_TO_FOLD && own.shape.count))
        return OK;
    status = graph_specialise(context, model->graph, &own, &specialised);
    if (status != OK)
        return model_fail(context, model, status);
    if (how != SPECIALISE_TO_RUN)
        tell_fixed(invocation, model, &own);
    graph_free(model->graph);
    model->graph = specialised;
    return OK;
}

void model_close(struct named_model *model)
{
    graph_free(model->graph);
    memset(model, 0, sizeof *model);
}

enum status model_check_output(struct invocation *invocation, const char *path, bool no_clobber)
{
    struct output_options options = {no_clobber};
    enum status status = output_check(invocation->context, path, &options);

    return status == OK ? OK : context_fail_in(invocation->context, status, "%s", path);
}

enum status model_save(struct invocation *invocation, const struct graph *graph, const char *format,
                       const char *path, bool no_clobber, struct named_model *out)
{
    struct output_options options = {no_clobber};
    struct model_file file;
    enum status status;

    memset(out, 0, sizeof *out);
    memset(&file, 0, sizeof file);
    out->path = path;
    out->name = is_dash(path) ? "stdout" : path;
    status = model_write(invocation->context, format_find(format), graph, path, &options, &file);
    if (status != OK)
        return model_fail(invocation->context, out, status);
    memcpy(out->sha256, file.sha256, sizeof out->sha256);
    out->bytes = (int64_t)file.bytes;
    out->format = format;
    return OK;
}
