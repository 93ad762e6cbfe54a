// Which program a child process runs.
#include "cli/spawn.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *line_name;
static char path[4096];

void spawn_set_argv0(const char *argv0)
{
    line_name = argv0;
}

// A name without '/' is looked up in $PATH, as the shell did that started us.
static bool find_in_path(const char *name)
{
    const char *at = getenv("PATH");

    while (at && *at) {
        int length = (int)strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s/%s", length, at, name);
        if (access(path, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

enum status spawn_program(struct context *context, const char **out)
{
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    *out = path;
    if (length > 0) {
        path[length] = '\0';
        if (access(path, X_OK) == 0) // not replaced since we started
            return OK;
    }
    if (line_name && strchr(line_name, '/') && access(line_name, X_OK) == 0 &&
        strlen(line_name) < sizeof path) {
        memcpy(path, line_name, strlen(line_name) + 1);
        return OK;
    }
    if (line_name && !strchr(line_name, '/') && find_in_path(line_name))
        return OK;
    return context_fail(context, ERR_IO, "where this program lies is not known");
}
