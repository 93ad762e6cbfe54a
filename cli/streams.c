// The rules of `-` and of files that are read and written by one command.
#include "cli/streams.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status check_name(struct context *context, const char *role, const char *path,
                              int count)
{
    if (!*path)
        return context_fail(context, ERR_USAGE, "%s: the file name is empty", role);
    if (count == STREAM_NAMES_MAX)
        return context_fail(context, ERR_USAGE, "more than %d files", STREAM_NAMES_MAX);
    return OK;
}

static const struct stream_name *find_dash(const struct stream_name *names, int count)
{
    for (int i = 0; i < count; i++)
        if (is_dash(names[i].path))
            return &names[i];
    return NULL;
}

static const struct stream_name *find_file(const struct stream_name *names, int count,
                                           const struct stat *file)
{
    struct stat other;

    for (int i = 0; i < count; i++)
        if (!is_dash(names[i].path) && stat(names[i].path, &other) == 0 &&
            other.st_dev == file->st_dev && other.st_ino == file->st_ino)
            return &names[i];
    return NULL;
}

enum status streams_add_input(struct context *context, struct streams *streams, const char *role,
                              const char *path)
{
    if (!path)
        return OK;
    TRY(check_name(context, role, path, streams->input_count));
    if (is_dash(path)) {
        const struct stream_name *other = find_dash(streams->input, streams->input_count);
        if (other)
            return context_fail(context, ERR_USAGE, "stdin is used twice: by %s and by %s",
                                other->role, role);
        if (isatty(STDIN_FILENO))
            return context_fail(context, ERR_USAGE,
                                "%s is '-', but stdin is a terminal: pipe a model into it", role);
    }
    streams->input[streams->input_count++] = (struct stream_name){role, path, true};
    return OK;
}

static enum status check_stdout(struct context *context, const struct streams *streams,
                                const char *role, bool is_model)
{
    const struct stream_name *other = find_dash(streams->output, streams->output_count);

    if (other)
        return context_fail(context, ERR_USAGE, "stdout is used twice: by %s and by %s",
                            other->role, role);
    if (is_model && isatty(STDOUT_FILENO))
        return context_fail(context, ERR_USAGE,
                            "%s is '-', but stdout is a terminal: redirect it or name a file",
                            role);
    return OK;
}

static enum status check_file(struct context *context, const struct streams *streams,
                              const char *role, const char *path)
{
    struct stat file;
    const struct stream_name *other;

    if (stat(path, &file) == 0) {
        // /dev/null can be everything at once.
        if (!S_ISREG(file.st_mode) && !S_ISDIR(file.st_mode))
            return OK;
        other = find_file(streams->input, streams->input_count, &file);
        if (other)
            return context_fail(context, ERR_USAGE, "%s: '%s' is also an input (%s)", role, path,
                                other->role);
        other = find_file(streams->output, streams->output_count, &file);
        if (other)
            return context_fail(context, ERR_USAGE, "%s: '%s' is also written by %s", role, path,
                                other->role);
        return OK;
    }
    for (int i = 0; i < streams->output_count; i++)
        if (strcmp(streams->output[i].path, path) == 0)
            return context_fail(context, ERR_USAGE, "%s: '%s' is also written by %s", role, path,
                                streams->output[i].role);
    return OK;
}

enum status streams_add_output(struct context *context, struct streams *streams, const char *role,
                               const char *path, bool is_model)
{
    if (!path)
        return OK;
    TRY(check_name(context, role, path, streams->output_count));
    if (is_dash(path))
        TRY(check_stdout(context, streams, role, is_model));
    else
        TRY(check_file(context, streams, role, path));
    streams->output[streams->output_count++] = (struct stream_name){role, path, is_model};
    return OK;
}

bool streams_carry_model(const struct streams *streams)
{
    const struct stream_name *out = find_dash(streams->output, streams->output_count);

    return find_dash(streams->input, streams->input_count) || (out && out->is_model);
}

bool streams_use_stdout(const struct streams *streams)
{
    return find_dash(streams->output, streams->output_count) != NULL;
}
