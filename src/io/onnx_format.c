// The row `onnx` of formats.def: external data in a folder, and when to use them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "io/model.h"
#include "io/onnx.h"

// The files of external data that one model uses, each opened once.
struct outside_file {
    const char *location;
    struct mapped *mapped;
    struct outside_file *next;
};

struct outside {
    const char *folder;
    struct outside_file *first;
    uint64_t bytes;
    bool is_streamed;
};

// Only a relative path without '..' stays in the folder.
static bool is_inside(const char *location)
{
    if (*location == '/' || strchr(location, '\\'))
        return false;
    for (const char *part = location; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return *location != '\0';
}

static enum status open_outside(struct context *context, struct outside *outside,
                                const char *location, struct mapped **out)
{
    size_t bytes = strlen(outside->folder) + strlen(location) + 2;
    struct outside_file *file;
    enum status status;
    char *path;

    for (file = outside->first; file; file = file->next)
        if (strcmp(file->location, location) == 0) {
            *out = file->mapped;
            return OK;
        }
    path = must_alloc(bytes);
    snprintf(path, bytes, "%s/%s", outside->folder, location);
    status = mapped_open(context, path, out);
    free(path);
    if (status != OK)
        return status;
    file = must_alloc(sizeof *file + strlen(location) + 1);
    memcpy(file + 1, location, strlen(location) + 1);
    *file = (struct outside_file){(const char *)(file + 1), *out, outside->first};
    outside->first = file;
    outside->bytes += mapped_bytes(*out).length;
    if (outside->is_streamed)
        model_save_memory(context, outside->bytes);
    return OK;
}

static enum status fetch(struct context *context, void *self, const struct onnx_place *place,
                         size_t bytes, struct span *out, struct mapped **holder)
{
    struct outside *outside = self;
    struct text safe;
    struct span all;
    enum status status = OK;

    if (!is_inside(place->location))
        status = context_fail(context, ERR_FORMAT, "lies outside the model's folder");
    else if (!outside->folder)
        status = context_fail(context, ERR_UNSUPPORTED,
                              "standard input has no folder, give --external-data FOLDER");
    else
        status = open_outside(context, outside, place->location, holder);
    if (status == OK) {
        all = mapped_bytes(*holder);
        if ((uint64_t)place->offset > all.length || bytes > all.length - (uint64_t)place->offset)
            status = context_fail(context, ERR_FORMAT, "is too short: %zu bytes", all.length);
        else
            *out = (struct span){all.at + place->offset, bytes};
    }
    if (status == OK)
        return OK;
    text_init(&safe);
    text_add_escaped(&safe, place->location, strlen(place->location));
    context_fail_in(context, status, "external data '%s'", safe.at);
    text_clear(&safe);
    return status;
}

static enum status read_onnx(struct context *context, const struct model_source *source,
                             struct graph **out)
{
    struct outside outside = {source->folder, NULL, 0, source->is_streamed};
    struct onnx_source onnx = {source->bytes, source->mapped, fetch, &outside};
    enum status status = onnx_read(context, &onnx, out);

    for (struct outside_file *file = outside.first, *next; file; file = next) {
        next = file->next;
        mapped_release(file->mapped);
        free(file);
    }
    if (source->outside_bytes)
        *source->outside_bytes = outside.bytes;
    return status;
}

static size_t weight_bytes(const struct graph *graph)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < graph->value_count; i++)
        if (graph->value[i].role == VALUE_WEIGHT)
            bytes += tensor_bytes(&graph->value[i].tensor);
    return bytes;
}

static enum status write_onnx(struct context *context, const struct graph *graph,
                              struct model_target *target)
{
    struct onnx_target onnx = {
        .threshold = 1024, .inside_from = target->piece_from, .arena = target->arena};
    enum status status;

    if (weight_bytes(graph) >= target->outside_from) {
        if (!target->outside_name)
            return context_fail(context, ERR_UNSUPPORTED,
                                "over 2 GB the weights need a file beside the model: give -o a "
                                "name");
        onnx.location = target->outside_name;
    }
    status = onnx_write(context, graph, &onnx, &target->bytes);
    target->inside = onnx.inside;
    target->outside = onnx.outside;
    return status;
}

const struct format format_onnx = {
    .name = "onnx",
    .summary = "ONNX, opset 7 to 20 in, 13 or later out",
    .probe = onnx_probe,
    .read = read_onnx,
    .write = write_onnx,
};
