// Folders of pictures: a subfolder is a class, in byte order; pictures without subfolders have no
// class. Their order is that of the hashes of their names, so that a slice is a fair sample and
// the same on every machine. Nothing is decoded here.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/pictures.h"
#include "data/source.h"

// Folders inside folders inside a class: more than this is a link that leads back.
enum { MAX_DEPTH = 16, MAX_FILES = 1 << 26 };

struct entry {
    const char *name; // relative to the folder
    int64_t label;
    char hash[SHA256_HEX_BYTES];
};

struct listing {
    struct arena *arena;
    const char *folder;
    struct entry *at;
    int64_t count, capacity;
};

static void add_file(struct listing *listing, const char *name, int64_t label)
{
    struct entry *entry;
    struct sha256 hash;

    if (listing->count == listing->capacity) {
        listing->capacity = listing->capacity * 2 + 64;
        listing->at = must_realloc(listing->at, (size_t)listing->capacity * sizeof *listing->at);
    }
    entry = &listing->at[listing->count++];
    entry->name = arena_copy_text(listing->arena, name);
    entry->label = label;
    sha256_init(&hash);
    sha256_add(&hash, name, strlen(name));
    sha256_hex(&hash, entry->hash);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Names in a folder in byte order, without those that begin with a dot.
static enum status list_names(struct context *context, struct arena *arena, const char *path,
                              struct strings *out)
{
    int64_t count = 0, capacity = 64;
    const char **name, **kept;
    struct dirent *entry;
    DIR *folder = opendir(path);

    if (!folder)
        return context_fail(context, ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    name = must_alloc((size_t)capacity * sizeof *name);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        if (count == capacity) {
            capacity *= 2;
            name = must_realloc(name, (size_t)capacity * sizeof *name);
        }
        name[count++] = arena_copy_text(arena, entry->d_name);
    }
    closedir(folder);
    qsort(name, (size_t)count, sizeof *name, by_text);
    kept = arena_copy(arena, name, (size_t)count * sizeof *name);
    free(name);
    *out = (struct strings){count, kept};
    return OK;
}

// A device or a pipe could be read for ever.
static enum status look_at(struct context *context, const char *path, bool *is_folder)
{
    struct stat file;

    if (stat(path, &file) != 0)
        return context_fail(context, ERR_IO, "%s: %s", path, strerror(errno));
    *is_folder = S_ISDIR(file.st_mode);
    if (!*is_folder && !S_ISREG(file.st_mode))
        return context_fail(context, ERR_IO, "%s: neither a file nor a folder", path);
    return OK;
}

// All files below folder/name (name NULL: the folder itself, whose own folders are left alone).
static enum status add_folder(struct context *context, struct listing *listing, const char *name,
                              int64_t label, int depth)
{
    struct strings inside;
    const char *path =
        name ? arena_format(listing->arena, "%s/%s", listing->folder, name) : listing->folder;

    if (depth > MAX_DEPTH)
        return context_fail(context, ERR_FORMAT, "%s: more than %d folders inside each other", path,
                            MAX_DEPTH);
    TRY(list_names(context, listing->arena, path, &inside));
    for (int64_t i = 0; i < inside.count; i++) {
        const char *below =
            name ? arena_format(listing->arena, "%s/%s", name, inside.at[i]) : inside.at[i];
        bool is_folder;
        TRY(look_at(context, arena_format(listing->arena, "%s/%s", listing->folder, below),
                    &is_folder));
        if (is_folder && name)
            TRY(add_folder(context, listing, below, label, depth + 1));
        else if (!is_folder)
            add_file(listing, below, label);
        if (listing->count > MAX_FILES)
            return context_fail(context, ERR_UNSUPPORTED, "%s: more than %d files", listing->folder,
                                MAX_FILES);
    }
    return OK;
}

// The subfolders: one class each.
static enum status list_classes(struct context *context, struct listing *listing,
                                struct strings *out)
{
    struct strings inside;
    const char **name;
    int64_t count = 0;

    TRY(list_names(context, listing->arena, listing->folder, &inside));
    name = arena_array(listing->arena, const char *, (size_t)inside.count + 1);
    for (int64_t i = 0; i < inside.count; i++) {
        bool is_folder;
        TRY(look_at(context, arena_format(listing->arena, "%s/%s", listing->folder, inside.at[i]),
                    &is_folder));
        if (is_folder)
            name[count++] = inside.at[i];
    }
    *out = (struct strings){count, name};
    return OK;
}

static int by_hash(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = memcmp(x->hash, y->hash, sizeof x->hash);

    return order ? order : strcmp(x->name, y->name);
}

static enum status list_all(struct context *context, struct listing *listing,
                            struct strings *classes)
{
    TRY(list_classes(context, listing, classes));
    TRY(add_folder(context, listing, NULL, 0, 0));
    if (classes->count && listing->count)
        return context_fail(context, ERR_FORMAT, "%s: '%s' lies beside the folders of classes",
                            listing->folder, listing->at[0].name);
    for (int64_t i = 0; i < classes->count; i++) {
        int64_t before = listing->count;
        TRY(add_folder(context, listing, classes->at[i], i, 1));
        if (listing->count == before)
            return context_fail(context, ERR_FORMAT, "%s: the folder of class '%s' is empty",
                                listing->folder, classes->at[i]);
    }
    if (listing->count == 0)
        return context_fail(context, ERR_FORMAT, "%s: there are no pictures in it",
                            listing->folder);
    qsort(listing->at, (size_t)listing->count, sizeof *listing->at, by_hash);
    return OK;
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

// The names become what the column holds, so that slices share them.
static enum status hold_names(struct context *context, struct dataset *dataset,
                              const struct listing *listing)
{
    struct picture_files *files = arena_alloc(listing->arena, sizeof *files);
    const char **name = arena_array(listing->arena, const char *, (size_t)listing->count);
    struct data_column *column = &dataset->input[0];
    struct shape one = SHAPE(1);

    for (int64_t i = 0; i < listing->count; i++)
        name[i] = listing->at[i].name;
    *files = (struct picture_files){listing->folder, name};
    *column =
        (struct data_column){.dtype = DT_U8, .shape = {3, {-1, -1, -1}}, .layout = LAYOUT_NCHW};
    TRY(tensor_wrap(context, &column->holder, DT_U8, &one, name, free_arena, listing->arena));
    dataset->files = files;
    dataset->is_pictures = true;
    dataset->input_count = 1;
    dataset->record_count = listing->count;
    return OK;
}

static enum status take_labels(struct context *context, struct dataset *dataset,
                               const struct listing *listing, const struct strings *classes)
{
    const char **name = arena_array(dataset->arena, const char *, (size_t)classes->count + 1);
    int64_t *label;

    if (!classes->count)
        return OK;
    TRY(source_add_labels(context, dataset, &label));
    for (int64_t i = 0; i < listing->count; i++)
        label[i] = listing->at[i].label;
    for (int64_t i = 0; i < classes->count; i++)
        name[i] = arena_copy_text(dataset->arena, classes->at[i]);
    dataset->class_name = name;
    dataset->classes_are_exact = true;
    return source_end_labels(context, dataset);
}

static enum status open_images(struct context *context, struct dataset *dataset,
                               const struct source_call *call)
{
    struct arena *arena = arena_new();
    struct listing listing = {.arena = arena, .folder = arena_copy_text(arena, call->path[0])};
    struct strings classes;
    enum status status = list_all(context, &listing, &classes);

    if (status == OK)
        status = hold_names(context, dataset, &listing);
    if (status == OK)
        status = take_labels(context, dataset, &listing, &classes);
    if (!dataset->files)
        arena_free(arena);
    free(listing.at);
    return status;
}

const struct source source_images = {
    .name = "images", .form = "images:FOLDER", .min_paths = 1, .max_paths = 1, .open = open_images};
