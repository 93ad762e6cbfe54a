// --metric exec:CMD.
#include "cli/metric_command.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

// A file of our own that the command can read; outputs_save then replaces it.
static enum status make_file(struct context *context, struct text *path)
{
    const char *folder = getenv("TMPDIR");
    int file;

    text_format(path, "%s/ecai-outputs-XXXXXX", folder && *folder ? folder : "/tmp");
    file = mkstemp(path->at);
    if (file < 0)
        return context_fail(context, ERR_IO, "cannot make '%s': %s", path->at, strerror(errno));
    close(file);
    return OK;
}

static enum status read_number(struct context *context, const char *command, FILE *from,
                               double *value)
{
    char line[256] = "", *end;

    if (!fgets(line, sizeof line, from))
        line[0] = '\0';
    *value = strtod(line, &end);
    while (fgetc(from) != EOF) // the rest, so that the command is not stopped by a full pipe
        continue;
    if (end == line || !isfinite(*value))
        return context_fail(context, ERR_FORMAT, "'--metric exec:%s' printed no number", command);
    return OK;
}

static enum status run(struct context *context, const char *command, const char *path,
                       double *value)
{
    struct text line;
    enum status status;
    FILE *from;
    int code;

    text_init(&line);
    text_format(&line, "%s %s", command, path);
    from = popen(line.at, "r");
    text_clear(&line);
    if (!from)
        return context_fail(context, ERR_IO, "'--metric exec:%s': %s", command, strerror(errno));
    status = read_number(context, command, from, value);
    code = pclose(from);
    if (code != 0)
        return context_fail(context, ERR_IO, "'--metric exec:%s' failed (%s %d)", command,
                            WIFSIGNALED(code) ? "signal" : "exit code",
                            WIFSIGNALED(code) ? WTERMSIG(code) : WEXITSTATUS(code));
    return status;
}

enum status metric_by_command(struct context *context, const char *command,
                              const struct outputs *outputs, double *value)
{
    struct text path;
    enum status status;

    text_init(&path);
    status = make_file(context, &path);
    if (status == OK) {
        status = outputs_save(context, outputs, path.at);
        if (status == OK)
            status = run(context, command, path.at, value);
        unlink(path.at);
    }
    text_clear(&path);
    return status;
}
