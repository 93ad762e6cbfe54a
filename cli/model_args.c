// Models as a command names them.
#include "cli/model_args.h"

#include <string.h>

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
