// Writing a folder: made beside its target and renamed. A marker inside names the files that ecai
// made, so that only such a folder is ever replaced, and only those files are ever removed.
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "io/output_internal.h"

#define MARKER ".ecai-folder"

struct output_folder {
    char *target, *temporary;
    struct text names; // "\nname\nname\n", as the marker holds them
};

static char *inside(const char *folder, const char *name)
{
    size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = must_alloc(bytes);

    snprintf(path, bytes, "%s/%s", folder, name);
    return path;
}

static bool is_listed(const char *names, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = names; (at = strstr(at, name)) != NULL; at++)
        if (at > names && at[-1] == '\n' && at[length] == '\n')
            return true;
    return false;
}

// The marker's list of names; NULL: no marker. Heap.
static char *read_marker(const char *folder)
{
    char *path = inside(folder, MARKER), *names = NULL;
    struct mapped *mapped = NULL;
    struct context silent;

    context_init(&silent);
    if (mapped_open(&silent, path, &mapped) == OK) {
        struct span bytes = mapped_bytes(mapped);
        names = must_alloc(bytes.length + 2);
        names[0] = '\n';
        memcpy(names + 1, bytes.at, bytes.length);
        mapped_release(mapped);
    }
    free(path);
    return names;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_empty(const char *folder)
{
    DIR *entries = opendir(folder);
    bool empty = entries != NULL;

    for (struct dirent *entry; empty && (entry = readdir(entries)) != NULL;)
        empty = is_dot(entry->d_name);
    if (entries)
        closedir(entries);
    return empty;
}

static enum status check_target(struct context *context, const char *target,
                                const struct output_options *options)
{
    struct stat about;
    char *names;

    TRY(output_check_beside(context, target));
    if (stat(target, &about) != 0)
        return errno == ENOENT ? OK : output_fail(context, "cannot be written");
    if (!S_ISDIR(about.st_mode))
        return context_fail(context, ERR_IO, "is no folder");
    if (is_empty(target))
        return OK;
    names = read_marker(target);
    if (!names)
        return context_fail(context, ERR_IO, "is a folder with files that ecai did not make");
    free(names);
    if (options && options->no_clobber)
        return context_fail(context, ERR_IO, "exists already");
    return OK;
}

enum status output_folder_check(struct context *context, const char *path,
                                const struct output_options *options)
{
    enum status status;
    char *target;

    if (!*path)
        return context_fail(context, ERR_IO, "an output needs a name");
    TRY(output_resolve(context, path, &target));
    status = check_target(context, target, options);
    free(target);
    return status;
}

enum status output_folder_open(struct context *context, const char *path,
                               const struct output_options *options, struct output_folder **out)
{
    struct output_folder *folder;

    *out = NULL;
    TRY(output_folder_check(context, path, options));
    folder = must_alloc(sizeof *folder);
    text_init(&folder->names);
    if (output_resolve(context, path, &folder->target) != OK) {
        output_folder_discard(folder);
        return ERR_IO;
    }
    folder->temporary = output_beside(folder->target);
    temporary_add(folder->temporary);
    if (mkdir(folder->temporary, 0777) != 0) {
        enum status status = output_fail(context, "cannot be made");
        output_folder_discard(folder);
        return status;
    }
    *out = folder;
    return OK;
}

static enum status add_file(struct context *context, struct output_folder *folder, const char *name,
                            const void *bytes, size_t count)
{
    char *path = inside(folder->temporary, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    enum status status = OK;

    if (fd < 0) {
        status = output_fail(context, name);
    } else {
        temporary_add(path);
        text_format(&folder->names, "%s\n", name);
        status = output_write_fd(context, fd, bytes, count);
        if (status == OK && fsync(fd) != 0 && errno != EINVAL)
            status = output_fail(context, name);
        close(fd);
    }
    free(path);
    return status;
}

enum status output_folder_add(struct context *context, struct output_folder *folder,
                              const char *name, const void *bytes, size_t count)
{
    if (!*name || *name == '.' || strpbrk(name, "/\n"))
        return context_fail(context, ERR_IO, "'%s' is no name for a file", name);
    return add_file(context, folder, name, bytes, count);
}

// Calls act for each of the names of a list.
static void each_name(const char *names, const char *folder, void (*act)(const char *path))
{
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, "\n");
        if (length) {
            char *name = must_alloc(length + 1), *path;
            memcpy(name, at, length);
            path = inside(folder, name);
            act(path);
            free(path);
            free(name);
        }
        at += length + (at[length] == '\n');
    }
}

static void remove_file(const char *path)
{
    unlink(path);
    temporary_remove(path);
}

void output_folder_discard(struct output_folder *folder)
{
    if (!folder)
        return;
    if (folder->temporary) {
        each_name(folder->names.at, folder->temporary, remove_file);
        rmdir(folder->temporary);
        temporary_remove(folder->temporary);
    }
    text_clear(&folder->names);
    free(folder->target);
    free(folder->temporary);
    free(folder);
}

// What others put into the old folder goes to the new one, unless the new one has such a name.
static void keep_foreign(const char *old, const char *names, const char *target)
{
    DIR *entries = opendir(old);
    struct dirent *entry;

    while (entries && (entry = readdir(entries)) != NULL) {
        struct stat about;
        char *from, *to;
        if (is_dot(entry->d_name) || is_listed(names, entry->d_name))
            continue;
        from = inside(old, entry->d_name);
        to = inside(target, entry->d_name);
        if (lstat(to, &about) != 0)
            rename(from, to);
        free(from);
        free(to);
    }
    if (entries)
        closedir(entries);
}

static enum status swap(struct context *context, struct output_folder *folder)
{
    char *names = read_marker(folder->target), *old;
    struct stat about;

    // rename() itself replaces an empty folder, and nothing else.
    if (!names || stat(folder->target, &about) != 0) {
        free(names);
        return rename(folder->temporary, folder->target) == 0
                   ? OK
                   : output_fail(context, "cannot be put in place");
    }
    old = output_beside(folder->target);
    if (rename(folder->target, old) != 0 ||
        (rename(folder->temporary, folder->target) != 0 && rename(old, folder->target) == 0)) {
        free(names);
        free(old);
        return output_fail(context, "cannot be put in place");
    }
    keep_foreign(old, names, folder->target);
    each_name(names, old, remove_file);
    rmdir(old);
    free(names);
    free(old);
    return OK;
}

static void forget(const char *path)
{
    temporary_remove(path);
}

enum status output_folder_close(struct context *context, struct output_folder *folder)
{
    enum status status;
    struct text marker; // lists itself, so that it goes with the rest

    text_init(&marker);
    text_format(&marker, "%s%s\n", folder->names.at, MARKER);
    status = add_file(context, folder, MARKER, marker.at, marker.length);
    text_clear(&marker);
    if (status == OK)
        status = check_target(context, folder->target, NULL);
    if (status == OK)
        status = swap(context, folder);
    if (status == OK) {
        each_name(folder->names.at, folder->temporary, forget);
        temporary_remove(folder->temporary);
        output_sync_folder(folder->target);
        free(folder->temporary);
        folder->temporary = NULL;
    }
    output_folder_discard(folder);
    return status;
}
