// Hashes of files, data sets, energy profiles and folders.
#include "sweep/content_hash.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/spec.h"
#include "energy/device.h"
#include "io/file.h"
#include "io/onnx.h"
#include "sweep/contents.h"
#include "sweep/folder.h"

// Of what is there: a stream or nothing at all has no stamp.
static void add_stamp(struct stamps *stamps, const char *path)
{
    struct stamp *stamp;
    struct stat file;

    if (!stamps || stat(path, &file) != 0 || !(S_ISREG(file.st_mode) || S_ISDIR(file.st_mode)))
        return;
    stamp = arena_array(stamps->arena, struct stamp, 1);
    *stamp = (struct stamp){arena_copy_text(stamps->arena, path), file, stamps->first};
    stamps->first = stamp;
}

static bool is_as_before(const struct stat *was, const struct stat *is)
{
    return was->st_dev == is->st_dev && was->st_ino == is->st_ino && was->st_size == is->st_size &&
           was->st_mtim.tv_sec == is->st_mtim.tv_sec && was->st_mtim.tv_nsec == is->st_mtim.tv_nsec;
}

enum status stamps_check(struct context *context, const struct stamps *stamps)
{
    for (const struct stamp *stamp = stamps->first; stamp; stamp = stamp->next) {
        struct stat file;

        if (stat(stamp->path, &file) != 0 || !is_as_before(&stamp->was, &file))
            return context_fail(context, ERR_IO, "'%s' changed while the sweep ran", stamp->path);
    }
    return OK;
}

static void add_word(struct sha256 *hash, const char *word)
{
    sha256_add(hash, word, strlen(word) + 1);
}

static enum status open_file(struct context *context, const char *path, struct stamps *stamps,
                             struct mapped **out)
{
    enum status status;

    add_stamp(stamps, path);
    status = mapped_open(context, path, out);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

static enum status add_file(struct context *context, struct sha256 *hash, const char *path,
                            struct stamps *stamps)
{
    char content[SHA256_HEX_BYTES];
    struct mapped *file;

    TRY(open_file(context, path, stamps, &file));
    mapped_sha256(file, content);
    mapped_release(file);
    add_word(hash, content);
    return OK;
}

// External data of one model: each file once.
struct outside {
    struct context *context;
    struct arena *arena;
    struct stamps *stamps;
    const char *folder; // ends with '/', or empty
    struct outside_file {
        const char *location;
        struct outside_file *next;
    } * first;
    struct sha256 hash;
    bool any;
    enum status status;
};

// One that is not there is an error of the command that reads the model.
static void add_outside(void *self, const char *location)
{
    struct outside *outside = self;
    struct outside_file *file;
    const char *path;
    struct stat there;

    for (file = outside->first; file; file = file->next)
        if (strcmp(file->location, location) == 0)
            return;
    file = arena_array(outside->arena, struct outside_file, 1);
    *file = (struct outside_file){arena_copy_text(outside->arena, location), outside->first};
    outside->first = file;
    path = arena_format(outside->arena, "%s%s", outside->folder, location);
    if (outside->status != OK || stat(path, &there) != 0 || !S_ISREG(there.st_mode))
        return;
    outside->status = add_file(outside->context, &outside->hash, path, outside->stamps);
    outside->any = true;
}

static enum status hash_file(struct context *context, const char *name, struct stamps *stamps,
                             char hex[SHA256_HEX_BYTES])
{
    const char *slash = strrchr(name, '/');
    struct outside outside = {.context = context, .stamps = stamps};
    struct mapped *file;

    TRY(open_file(context, name, stamps, &file));
    mapped_sha256(file, hex);
    outside.arena = arena_new();
    outside.folder = arena_format(outside.arena, "%.*s", slash ? (int)(slash - name) + 1 : 0, name);
    sha256_init(&outside.hash);
    add_word(&outside.hash, hex);
    onnx_each_outside(mapped_bytes(file), add_outside, &outside);
    if (outside.any)
        sha256_hex(&outside.hash, hex);
    arena_free(outside.arena);
    mapped_release(file);
    return outside.status;
}

enum status content_hash(struct context *context, const char *path, char hex[SHA256_HEX_BYTES])
{
    return hash_file(context, path, NULL, hex);
}

// Of pictures it is the folder that has a stamp.
static void stamp_data(struct stamps *stamps, const char *spec)
{
    struct arena *arena = arena_new();
    struct data_spec spelling;
    struct context silent;

    context_init(&silent);
    if (data_spec_parse(&silent, spec, arena, &spelling) == OK && !spelling.source->finds_files)
        for (int i = 0; i < spelling.path_count; i++)
            add_stamp(stamps, spelling.path[i]);
    arena_free(arena);
}

static enum status hash_data(struct context *context, const char *name, struct stamps *stamps,
                             char hex[SHA256_HEX_BYTES])
{
    struct dataset *data = NULL;
    enum status status;

    stamp_data(stamps, name);
    status = dataset_open(context, name, NULL, &data);
    if (status == OK)
        status = dataset_sha256(context, data, hex);
    dataset_free(data);
    return status;
}

static enum status hash_device(struct context *context, const char *name, struct stamps *stamps,
                               char hex[SHA256_HEX_BYTES])
{
    struct device device;
    enum status status;

    if (strchr(name, '/'))
        add_stamp(stamps, name);
    status = device_read(context, name, &device);
    if (status == OK)
        memcpy(hex, device.sha256, SHA256_HEX_BYTES);
    device_clear(&device);
    return status;
}

static enum status add_folder(struct context *context, struct sha256 *hash, const char *folder,
                              struct stamps *stamps, int depth);

// Recursion: folders in the folder, not so deep that links could make it endless.
static enum status add_path(struct context *context, struct sha256 *hash, const char *path,
                            struct stamps *stamps, int depth)
{
    struct stat file;

    if (stat(path, &file) != 0)
        return OK;
    if (S_ISDIR(file.st_mode) && depth > 0)
        return add_folder(context, hash, path, stamps, depth - 1);
    return S_ISREG(file.st_mode) ? add_file(context, hash, path, stamps) : OK;
}

// One that cannot be read is an error of the command that is given it.
static enum status add_folder(struct context *context, struct sha256 *hash, const char *folder,
                              struct stamps *stamps, int depth)
{
    struct dirent **entry = NULL;
    int count = scandir(folder, &entry, NULL, alphasort);
    enum status status = OK;

    for (int i = 0; i < count; i++) {
        const char *name = entry[i]->d_name;
        char *path = folder_path(folder, name);

        add_word(hash, name);
        if (status == OK && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            status = add_path(context, hash, path, stamps, depth);
        free(path);
        free(entry[i]);
    }
    free(entry);
    return status;
}

static enum status hash_folder(struct context *context, const char *name, struct stamps *stamps,
                               char hex[SHA256_HEX_BYTES])
{
    struct sha256 hash;

    sha256_init(&hash);
    TRY(add_folder(context, &hash, name, stamps, 4));
    sha256_hex(&hash, hex);
    return OK;
}

const struct content_kind content_of_file = {"file", hash_file};
const struct content_kind content_of_data = {"data", hash_data};
const struct content_kind content_of_device = {"device", hash_device};
const struct content_kind content_of_folder = {"folder", hash_folder};
