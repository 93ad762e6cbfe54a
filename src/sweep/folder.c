// Folders: listed, removed, synced.
#include "sweep/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

char *copy_text(const char *text)
{
    size_t bytes = strlen(text) + 1;

    return memcpy(must_alloc(bytes), text, bytes);
}

char *folder_path(const char *folder, const char *name)
{
    size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = must_alloc(bytes);

    snprintf(path, bytes, "%s/%s", folder, name);
    return path;
}

enum status folder_make(struct context *context, const char *path)
{
    struct stat about;

    if (mkdir(path, 0777) == 0)
        return OK;
    if (errno != EEXIST)
        return context_fail(context, ERR_IO, "'%s' cannot be made: %s", path, strerror(errno));
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return context_fail(context, ERR_IO, "'%s' is not a folder", path);
    return OK;
}

long folder_each(const char *path, bool (*visit)(void *self, const char *name), void *self)
{
    DIR *entries = opendir(path);
    struct dirent *entry;
    bool goes_on = true;
    long count = 0;

    while (entries && goes_on && (entry = readdir(entries)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            goes_on = visit(self, entry->d_name);
            count++;
        }
    if (entries)
        closedir(entries);
    return count;
}

static bool remove_in(void *folder, const char *name)
{
    char *path = folder_path(folder, name);

    folder_remove(path);
    free(path);
    return true;
}

void folder_remove(const char *path)
{
    struct stat about;

    if (lstat(path, &about) != 0)
        return;
    if (S_ISDIR(about.st_mode)) {
        char *own = copy_text(path);
        folder_each(own, remove_in, own);
        free(own);
        rmdir(path);
    } else {
        unlink(path);
    }
}

// Some file systems cannot sync a folder, which is then no failure.
static enum status sync_path(struct context *context, const char *path, bool is_folder)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool failed = fd < 0 || (fsync(fd) != 0 && !is_folder && errno != EINVAL && errno != EROFS);
    int why = errno;

    if (fd >= 0)
        close(fd);
    return failed ? context_fail(context, ERR_IO, "'%s' cannot be written: %s", path, strerror(why))
                  : OK;
}

struct syncing {
    struct context *context;
    const char *folder;
    enum status status;
};

static bool sync_in(void *self, const char *name)
{
    struct syncing *syncing = self;
    char *path = folder_path(syncing->folder, name);

    syncing->status = sync_path(syncing->context, path, false);
    free(path);
    return syncing->status == OK;
}

enum status folder_sync(struct context *context, const char *path)
{
    struct syncing syncing = {context, path, OK};

    folder_each(path, sync_in, &syncing);
    TRY(syncing.status);
    return sync_path(context, path, true);
}

void folder_sync_names(const char *path)
{
    struct context silent;

    context_init(&silent);
    if (sync_path(&silent, path, true) != OK)
        return; // the rename is done; a crash of the machine might undo it
}

static bool stop(void *self, const char *name)
{
    (void)self;
    (void)name;
    return false;
}

bool folder_is_empty(const char *path)
{
    return folder_each(path, stop, NULL) == 0;
}

char *folder_read(const char *path)
{
    FILE *file = fopen(path, "r");
    struct text text;
    char bytes[4096];
    size_t count;
    bool failed;

    if (!file)
        return NULL;
    text_init(&text);
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
        text_add_bytes(&text, bytes, count);
    failed = ferror(file);
    fclose(file);
    if (!failed)
        return text.at;
    text_clear(&text);
    return NULL;
}
