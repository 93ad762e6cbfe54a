// Where the files lie that ecai brings along; see shipped.h.
#include "base/shipped.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static bool is_folder(const char *path)
{
    DIR *folder = opendir(path);

    if (!folder)
        return false;
    closedir(folder);
    return true;
}

// Installed (bin/, share/), or from build/CONFIG/ of the source tree and folders near it.
static const char *beside_program(struct arena *arena, const char *installed, const char *source)
{
    static const char *const up[] = {"../..", "..", "../../.."};
    char program[PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    const char *path;
    char *slash;

    if (length <= 0)
        return NULL;
    program[length] = '\0';
    slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    path = arena_format(arena, "%s/../share/ecai/%s", program, installed);
    if (is_folder(path))
        return path;
    for (size_t i = 0; i < sizeof up / sizeof up[0]; i++) {
        path = arena_format(arena, "%s/%s/%s", program, up[i], source);
        if (is_folder(path))
            return path;
    }
    return NULL;
}

const char *shipped_folder(struct arena *arena, const char *variable, const char *installed,
                           const char *source)
{
    const char *named = getenv(variable), *path;

    if (named && *named)
        return arena_copy_text(arena, named);
    path = beside_program(arena, installed, source);
    if (path)
        return path;
#ifdef ECAI_PREFIX
    path = arena_format(arena, "%s/share/ecai/%s", ECAI_PREFIX, installed);
    if (is_folder(path))
        return path;
#endif
    return source;
}
