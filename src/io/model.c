// Models in and out: picks the format, finds external data, writes safely.
#include "io/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "io/formats.def"
#undef FORMAT
};
enum { FORMAT_COUNT = sizeof formats / sizeof *formats, HEAD_BYTES = 64 };

// Protocol buffers end at 2 GB; what is not weights needs some room too.
static const size_t outside_from = (size_t)2000 * 1000 * 1000;

const struct format *format_at(int index)
{
    return index >= 0 && index < FORMAT_COUNT ? formats[index] : NULL;
}

const struct format *format_find(const char *name)
{
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

static const struct format *recognise(struct span bytes)
{
    struct span head = {bytes.at, bytes.length < HEAD_BYTES ? bytes.length : HEAD_BYTES};
    const struct format *best = NULL;
    int best_bid = 0;

    for (int i = 0; i < FORMAT_COUNT; i++) {
        int bid = formats[i]->probe(head);
        if (bid > best_bid) {
            best = formats[i];
            best_bid = bid;
        }
    }
    return best;
}

static enum status read_source(struct context *context, const struct model_source *source,
                               struct graph **out, const struct format **format)
{
    *out = NULL;
    *format = recognise(source->bytes);
    if (!*format)
        return context_fail(context, ERR_FORMAT, "is no model of a known format");
    TRY((*format)->read(context, source, out));
    if (graph_verify(context, *out) != OK) {
        graph_free(*out);
        *out = NULL;
        return ERR_INTERNAL;
    }
    return OK;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 1;
    char *folder = must_alloc(length + 1);

    memcpy(folder, slash ? path : ".", length);
    return folder;
}

enum status model_read(struct context *context, const char *path,
                       const struct model_options *options, struct graph **out,
                       struct model_file *file)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *given = options ? options->external_data : NULL;
    const struct format *format;
    struct model_source source;
    struct mapped *mapped;
    uint64_t outside = 0;
    enum status status;
    char *folder;

    *out = NULL;
    TRY(mapped_open(context, path, &mapped));
    folder = is_stdin || given ? NULL : folder_of(path);
    source = (struct model_source){mapped_bytes(mapped), mapped, given ? given : folder, &outside};
    if (source.bytes.length == 0)
        status = context_fail(context, ERR_FORMAT,
                              is_stdin ? "empty (did the command before fail?)" : "is empty");
    else
        status = read_source(context, &source, out, &format);
    if (status == OK && file) {
        *file = (struct model_file){.bytes = source.bytes.length + outside, .format = format};
        mapped_sha256(mapped, file->sha256);
    }
    mapped_release(mapped);
    free(folder);
    return status;
}

enum status model_read_bytes(struct context *context, struct span bytes, struct graph **out)
{
    struct model_source source = {bytes, NULL, NULL, NULL};
    const struct format *format;

    return read_source(context, &source, out, &format);
}

static enum status write_files(struct context *context, const char *path,
                               const struct output_options *options,
                               const struct model_target *target)
{
    char *folder, *beside;
    enum status status = OK;

    // The data first: a model that is there always finds its data.
    if (target->outside.length) {
        size_t bytes;
        folder = folder_of(path);
        bytes = strlen(folder) + strlen(target->outside_name) + 2;
        beside = must_alloc(bytes);
        snprintf(beside, bytes, "%s/%s", folder, target->outside_name);
        status = output_file(context, beside, options, target->outside.at, target->outside.length);
        free(beside);
        free(folder);
    }
    return status == OK
               ? output_file(context, path, options, target->bytes.at, target->bytes.length)
               : status;
}

static void describe(const struct model_target *target, const struct format *format,
                     struct model_file *file)
{
    struct sha256 hash;

    *file = (struct model_file){.bytes = target->bytes.length + target->outside.length,
                                .format = format};
    sha256_init(&hash);
    sha256_add(&hash, target->bytes.at, target->bytes.length);
    sha256_hex(&hash, file->sha256);
}

enum status model_write(struct context *context, const struct format *format,
                        const struct graph *graph, const char *path,
                        const struct output_options *options, struct model_file *file)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct model_target target = {.outside_from = outside_from};
    size_t name_bytes = strlen(name) + sizeof ".data";
    char *outside_name = NULL;
    enum status status;

    if (!format->write)
        return context_fail(context, ERR_UNSUPPORTED, "format '%s' cannot be written",
                            format->name);
    TRY(graph_verify(context, graph));
    if (strcmp(path, "-") != 0) {
        outside_name = must_alloc(name_bytes);
        snprintf(outside_name, name_bytes, "%s.data", name);
        target.outside_name = outside_name;
    }
    text_init(&target.bytes);
    text_init(&target.outside);
    status = format->write(context, graph, &target);
    if (status == OK)
        status = write_files(context, path, options, &target);
    if (status == OK && file)
        describe(&target, format, file);
    text_clear(&target.bytes);
    text_clear(&target.outside);
    free(outside_name);
    return status;
}
