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
// Smaller weights are copied into the file's bytes, larger ones written from where they are.
static const size_t piece_from = (size_t)1 << 16;
// Large models, and what counts as a large tensor of theirs.
static const uint64_t streamed_from = (uint64_t)64 * 1000 * 1000;
static const size_t spill_from = (size_t)1 << 20;

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

void model_save_memory(struct context *context, uint64_t bytes)
{
    if (bytes >= streamed_from)
        context->spill_from = spill_from;
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
    source = (struct model_source){.bytes = mapped_bytes(mapped),
                                   .mapped = mapped,
                                   .folder = given ? given : folder,
                                   .outside_bytes = &outside,
                                   .is_streamed = options && options->is_streamed};
    if (source.is_streamed)
        model_save_memory(context, source.bytes.length);
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
    struct model_source source = {.bytes = bytes};
    const struct format *format;

    return read_source(context, &source, out, &format);
}

void model_target_init(struct model_target *target)
{
    *target = (struct model_target){.outside_from = outside_from, .arena = arena_new()};
    text_init(&target->bytes);
}

void model_target_clear(struct model_target *target)
{
    text_clear(&target->bytes);
    arena_free(target->arena);
}

static enum status write_outside(struct context *context, const char *path,
                                 const struct output_options *options,
                                 const struct model_target *target, struct output **out)
{
    char *folder = folder_of(path);
    size_t bytes = strlen(folder) + strlen(target->outside_name) + 2;
    char *beside = must_alloc(bytes);
    enum status status;

    snprintf(beside, bytes, "%s/%s", folder, target->outside_name);
    status = output_open(context, beside, options, out);
    free(beside);
    free(folder);
    return status == OK ? pieces_write_padded(context, *out, &target->outside) : status;
}

static enum status write_inside(struct context *context, const char *path,
                                const struct output_options *options,
                                const struct model_target *target, struct sha256 *hash,
                                struct output **out)
{
    TRY(output_open(context, path, options, out));
    return pieces_write(context, *out, &target->bytes, &target->inside, hash);
}

static uint64_t target_bytes(const struct model_target *target)
{
    const struct piece_list *outside = &target->outside;
    const struct piece *last = outside->count ? &outside->at[outside->count - 1] : NULL;

    return target->bytes.length + pieces_bytes(&target->inside) +
           (last ? (uint64_t)last->at + tensor_bytes(&last->tensor) : 0);
}

// Both files are complete before either is put in place, the data first: a model that is there
// always finds its data.
static enum status write_target(struct context *context, const char *path,
                                const struct output_options *options,
                                const struct model_target *target, struct model_file *file)
{
    struct output *outside = NULL, *inside = NULL;
    enum status status = OK;
    struct sha256 hash;

    sha256_init(&hash);
    if (target->outside.count)
        status = write_outside(context, path, options, target, &outside);
    if (status == OK)
        status = write_inside(context, path, options, target, &hash, &inside);
    if (status != OK)
        output_discard(outside);
    else if (outside)
        status = output_close(context, outside);
    if (status != OK) {
        output_discard(inside);
        return status;
    }
    if (file) {
        file->bytes = target_bytes(target);
        sha256_hex(&hash, file->sha256);
    }
    return output_close(context, inside);
}

enum status model_write(struct context *context, const struct format *format,
                        const struct graph *graph, const char *path,
                        const struct output_options *options, struct model_file *file)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t name_bytes = strlen(name) + sizeof ".data";
    struct model_target target;
    char *outside_name = NULL;
    enum status status;

    if (!format->write)
        return context_fail(context, ERR_UNSUPPORTED, "format '%s' cannot be written",
                            format->name);
    TRY(graph_verify(context, graph));
    model_target_init(&target);
    target.piece_from = piece_from;
    if (strcmp(path, "-") != 0) {
        outside_name = must_alloc(name_bytes);
        snprintf(outside_name, name_bytes, "%s.data", name);
        target.outside_name = outside_name;
    }
    if (file)
        *file = (struct model_file){.format = format};
    status = format->write(context, graph, &target);
    if (status == OK)
        status = write_target(context, path, options, &target, file);
    model_target_clear(&target);
    free(outside_name);
    return status;
}
