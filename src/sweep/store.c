// A sweep's folder and the cache, which may be a folder of its own. Each of the two has tmp/, where
// everything is written under its owner's name before it is renamed to where it belongs, and
// locks/. What lies in tmp/ of an owner that is dead is removed by whoever comes next.
#include "sweep/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "io/file.h"
#include "sweep/folder.h"
#include "sweep/lock.h"
#include "sweep/store_internal.h"

#define MANIFEST "entry.json" // in each entry: which files it has, of which size

struct place {
    char *folder, *tmp;
    struct locks *locks;
};

struct store {
    struct place own, cache;
    pthread_mutex_t mutex;
    long made; // names in tmp/ so far
};

// tmp/OWNER-N, a new one at each call; heap.
static char *new_name(struct store *store, const struct place *place)
{
    char name[64];
    long number;

    pthread_mutex_lock(&store->mutex);
    number = store->made++;
    pthread_mutex_unlock(&store->mutex);
    snprintf(name, sizeof name, "%s-%ld", locks_owner(place->locks), number);
    return folder_path(place->tmp, name);
}

// A single file's own temporary has a dot before its name.
static bool tidy_one(void *self, const char *name)
{
    struct place *place = self;
    char *path = folder_path(place->tmp, name);

    if (!locks_owner_lives(place->locks, name + (*name == '.')))
        folder_remove(path);
    free(path);
    return true;
}

static enum status place_open(struct context *context, struct place *place)
{
    char *locks = folder_path(place->folder, "locks");
    enum status status;

    place->tmp = folder_path(place->folder, "tmp");
    status = folder_make(context, place->tmp);
    if (status == OK)
        status = locks_open(context, locks, &place->locks);
    if (status == OK)
        folder_each(place->tmp, tidy_one, place);
    free(locks);
    return status;
}

static void place_close(struct place *place)
{
    if (place->locks) {
        locks_release_all(place->locks);
        folder_each(place->tmp, tidy_one, place);
    }
    locks_close(place->locks);
    free(place->folder);
    free(place->tmp);
}

// A shared cache that is new, or one that a sweep has made.
static enum status cache_check(struct context *context, const char *folder)
{
    char *locks = folder_path(folder, "locks");
    bool is_known = access(locks, F_OK) == 0;

    free(locks);
    if (!is_known && !folder_is_empty(folder))
        return context_fail(context, ERR_USAGE, "'%s' holds files that no sweep made", folder);
    return OK;
}

static enum status open_all(struct context *context, struct store *store, const char *spec,
                            bool is_shared)
{
    char *trials = folder_path(store->own.folder, "trials");
    enum status status = store_spec_keep(context, store->own.folder, spec);

    if (status == OK)
        status = folder_make(context, trials);
    free(trials);
    TRY(status);
    TRY(place_open(context, &store->own));
    TRY(folder_make(context, store->cache.folder));
    if (is_shared)
        TRY(cache_check(context, store->cache.folder));
    return place_open(context, &store->cache);
}

enum status store_open(struct context *context, const char *folder, const char *cache,
                       const char *spec, struct store **out)
{
    struct store *store = must_alloc(sizeof *store);
    enum status status;

    *out = NULL;
    pthread_mutex_init(&store->mutex, NULL);
    store->own.folder = copy_text(folder);
    store->cache.folder = cache ? copy_text(cache) : folder_path(folder, "cache");
    status = open_all(context, store, spec, cache != NULL);
    if (status == OK)
        *out = store;
    else
        store_close(store);
    return status;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    place_close(&store->cache);
    place_close(&store->own);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

// Whether the entry's files are there as its manifest says: a copy of a folder may be cut short.
static bool is_whole(const char *entry)
{
    char *path = folder_path(entry, MANIFEST), *text = folder_read(path);
    struct context silent;
    struct json *json = NULL;
    const struct json *files;
    bool whole;

    free(path);
    context_init(&silent);
    whole = text && json_parse(&silent, text, strlen(text), &json) == OK;
    free(text);
    files = whole ? json_at(json, "files") : NULL;
    whole = json_is_array(files);
    for (size_t i = 0; whole && i < json_count(files); i++) {
        const struct json *file = json_child(files, i);
        const char *name = json_text(json_at(file, "name"));
        struct stat about;
        path = folder_path(entry, name ? name : "");
        whole = name && stat(path, &about) == 0 &&
                (double)about.st_size == json_number(json_at(file, "bytes"));
        free(path);
    }
    json_free(json);
    return whole;
}

bool store_cache_find(struct store *store, struct arena *arena, const char *key, const char **path)
{
    *path = arena_format(arena, "%s/%s", store->cache.folder, key);
    return is_whole(*path);
}

enum status store_cache_begin(struct context *context, struct store *store, struct arena *arena,
                              const char *key, const char **folder)
{
    char *path = new_name(store, &store->cache);
    enum status status = folder_make(context, path);

    (void)key;
    *folder = arena_copy_text(arena, path);
    free(path);
    return status;
}

struct listing {
    const char *folder;
    struct json *files;
};

static bool list_one(void *self, const char *name)
{
    struct listing *listing = self;
    char *path = folder_path(listing->folder, name);
    struct json *file;
    struct stat about;

    if (stat(path, &about) == 0 && S_ISREG(about.st_mode)) {
        file = json_add_object(listing->files, NULL);
        json_add_text(file, "name", name);
        json_add_int(file, "bytes", about.st_size);
    }
    free(path);
    return true;
}

static enum status write_manifest(struct context *context, const char *key, const char *folder)
{
    struct json *json = json_object();
    struct listing listing = {folder, NULL};
    char *path = folder_path(folder, MANIFEST);
    struct text text;
    enum status status;

    json_add_text(json, "schema", "ecai/cache/1");
    json_add_text(json, "key", key);
    listing.files = json_add_array(json, "files");
    folder_each(folder, list_one, &listing);
    text_init(&text);
    json_print(json, true, &text);
    status = output_file(context, path, NULL, text.at, text.length);
    if (status != OK)
        context_fail_in(context, status, "'%s'", path);
    text_clear(&text);
    json_free(json);
    free(path);
    return status;
}

// A folder is renamed onto an empty one only: what is there stays, unless it is damaged.
static enum status put_entry(struct context *context, struct store *store, const char *folder,
                             const char *target)
{
    char *aside;
    bool moved;

    if (rename(folder, target) == 0)
        return OK;
    if (errno != EEXIST && errno != ENOTEMPTY)
        return context_fail(context, ERR_IO, "'%s' cannot be put in place: %s", target,
                            strerror(errno));
    if (is_whole(target)) {
        folder_remove(folder);
        return OK;
    }
    aside = new_name(store, &store->cache);
    moved = rename(target, aside) == 0 && rename(folder, target) == 0;
    if (moved)
        folder_remove(aside);
    free(aside);
    return moved || is_whole(target) ? OK
                                     : context_fail(context, ERR_IO, "'%s' cannot be replaced: %s",
                                                    target, strerror(errno));
}

enum status store_cache_commit(struct context *context, struct store *store, const char *key,
                               const char *folder)
{
    char *target = folder_path(store->cache.folder, key);
    enum status status = write_manifest(context, key, folder);

    if (status == OK)
        status = folder_sync(context, folder);
    if (status == OK)
        status = put_entry(context, store, folder, target);
    if (status != OK)
        folder_remove(folder);
    else
        folder_sync_names(store->cache.folder);
    free(target);
    return status;
}

void store_cache_discard(struct store *store, const char *folder)
{
    (void)store;
    folder_remove(folder);
}

// Claims on the cache lie with the cache: another sweep may share it.
static struct locks *locks_for(struct store *store, const char *name, char **flat)
{
    bool is_cache = strncmp(name, "cache/", 6) == 0;

    *flat = copy_text(is_cache ? name + 6 : name);
    for (char *at = *flat; (at = strchr(at, '/')) != NULL;)
        *at = '_';
    return is_cache ? store->cache.locks : store->own.locks;
}

enum status store_claim(struct context *context, struct store *store, const char *name,
                        bool *is_ours)
{
    char *flat;
    struct locks *locks = locks_for(store, name, &flat);
    enum status status = locks_claim(context, locks, flat, is_ours);

    free(flat);
    return status;
}

void store_release(struct store *store, const char *name)
{
    char *flat;
    struct locks *locks = locks_for(store, name, &flat);

    locks_release(locks, flat);
    free(flat);
}

void store_release_all(struct store *store)
{
    locks_release_all(store->own.locks);
    locks_release_all(store->cache.locks);
}

enum status store_write(struct context *context, struct store *store, const char *name,
                        const void *bytes, size_t count)
{
    char *target = folder_path(store->own.folder, name), *path = new_name(store, &store->own);
    enum status status = output_file(context, path, NULL, bytes, count);

    if (status == OK && rename(path, target) != 0)
        status = context_fail(context, ERR_IO, "cannot be put in place: %s", strerror(errno));
    if (status == OK) {
        *strrchr(target, '/') = '\0';
        folder_sync_names(target);
    } else {
        unlink(path);
        context_fail_in(context, status, "'%s'", target);
    }
    free(path);
    free(target);
    return status;
}

enum status store_read(struct context *context, struct store *store, const char *name,
                       struct text *out, bool *exists)
{
    char *path = folder_path(store->own.folder, name), *text = folder_read(path);
    enum status status = OK;

    *exists = text != NULL;
    if (text)
        text_add(out, text);
    else if (errno != ENOENT)
        status = context_fail(context, ERR_IO, "'%s' cannot be read: %s", path, strerror(errno));
    free(text);
    free(path);
    return status;
}

enum status store_remove(struct context *context, struct store *store, const char *name)
{
    char *path = folder_path(store->own.folder, name);
    enum status status = OK;

    if (unlink(path) != 0 && errno != ENOENT)
        status = context_fail(context, ERR_IO, "'%s' cannot be removed: %s", path, strerror(errno));
    free(path);
    return status;
}
