// Tensors of `ecai run`.
#include "cli/tensor_files.h"

#include <string.h>

#include "base/field.h"
#include "io/npy.h"
#include "io/onnx.h"

// Where NAME ends in "NAME=FILE", NULL without one. A path that begins with '.' or '/' has none.
static const char *name_end(const char *argument)
{
    return *argument == '.' || *argument == '/' ? NULL : strchr(argument, '=');
}

const char *tensor_file_path(const char *argument)
{
    const char *equals = name_end(argument);

    return equals ? equals + 1 : argument;
}

static enum status find_input(struct context *context, const char *argument,
                              const struct graph *graph, const struct tensor *input, uint32_t *out)
{
    const char *equals = name_end(argument);

    for (uint32_t i = 0; i < graph->input_count; i++) {
        const char *name = graph_value(graph, graph->input[i])->name;
        bool is_it = equals ? strlen(name) == (size_t)(equals - argument) &&
                                  strncmp(name, argument, strlen(name)) == 0
                            : !input[i].buffer;
        if (!is_it)
            continue;
        if (input[i].buffer)
            return context_fail(context, ERR_USAGE, "input '%s' is given twice", name);
        *out = i;
        return OK;
    }
    return equals ? context_fail(context, ERR_USAGE, "model has no input '%.*s'",
                                 (int)(equals - argument), argument)
                  : context_fail(context, ERR_USAGE, "model has no input left for '%s'", argument);
}

static enum status read_any(struct context *context, const char *path, struct tensor *out)
{
    struct mapped *file;
    struct span bytes;
    struct arena *arena;
    enum status status;

    TRY(mapped_open(context, path, &file));
    bytes = mapped_bytes(file);
    arena = arena_new();
    status = bytes.length == 0
                 ? context_fail(context, ERR_FORMAT, "empty (did the command before fail?)")
             : npy_probe(bytes) ? npy_read_bytes(context, bytes, file, out)
                                : tensorproto_read(context, bytes, arena, out, NULL);
    arena_free(arena);
    mapped_release(file);
    return status;
}

// Declared open dimensions take any size.
static enum status check_fit(struct context *context, const struct value *value, bool is_stepped,
                             const struct tensor *given)
{
    const struct shape *declared = &value->tensor.shape;
    bool fits = declared->rank < 0 ? given->shape.rank >= is_stepped
                                   : declared->rank + is_stepped == given->shape.rank;
    struct text want, got;

    for (int i = 0; fits && i < declared->rank; i++)
        fits = declared->dim[i] < 0 || declared->dim[i] == given->shape.dim[i + is_stepped];
    if (fits && is_stepped)
        fits = given->shape.dim[0] > 0;
    if (value->tensor.dtype != DT_NONE && value->tensor.dtype != given->dtype)
        return context_fail(context, ERR_SHAPE, "holds %s, input '%s' is %s",
                            dtype_info[given->dtype].name, value->name,
                            dtype_info[value->tensor.dtype].name);
    if (fits)
        return OK;
    text_init(&want);
    text_init(&got);
    text_add(&want, is_stepped ? "steps of " : "");
    shape_print(declared, &want);
    shape_print(&given->shape, &got);
    context_fail(context, ERR_SHAPE, "has the shape %s, input '%s' is %s", got.at, value->name,
                 want.at);
    text_clear(&want);
    text_clear(&got);
    return ERR_SHAPE;
}

enum status tensor_file_read(struct context *context, const char *argument,
                             const struct graph *graph, const bool *is_stepped,
                             struct tensor *input)
{
    const char *path = tensor_file_path(argument);
    struct tensor read = {0};
    uint32_t at = 0;
    enum status status;

    TRY(find_input(context, argument, graph, input, &at));
    status = read_any(context, path, &read);
    if (status == OK)
        status = check_fit(context, graph_value(graph, graph->input[at]),
                           is_stepped && is_stepped[at], &read);
    if (status != OK) {
        tensor_release(&read);
        return context_fail_in(context, status, "%s", strcmp(path, "-") == 0 ? "stdin" : path);
    }
    input[at] = read;
    return OK;
}

enum status tensor_set_input(struct context *context, const char *argument,
                             const struct graph *graph, bool *is_stepped, struct tensor *input)
{
    const char *equals = strchr(argument, '=');
    const struct value *value;
    struct shape shape;
    uint32_t at = 0;
    double number;

    if (!equals || !parse_number(equals + 1, &number))
        return context_fail(context, ERR_USAGE, "'--set' wants NAME=VALUE, got '%s'", argument);
    TRY(find_input(context, argument, graph, input, &at));
    if (is_stepped)
        is_stepped[at] = false;
    value = graph_value(graph, graph->input[at]);
    shape = value->tensor.shape.rank < 0 ? SHAPE_SCALAR : value->tensor.shape;
    if (!shape_is_static(&shape))
        return context_fail(context, ERR_USAGE, "'--set %s': the input has an open dimension",
                            argument);
    TRY(tensor_alloc(context, &input[at],
                     value->tensor.dtype == DT_NONE ? DT_F32 : value->tensor.dtype, &shape));
    for (int64_t i = 0; i < tensor_count(&input[at]); i++)
        tensor_set(&input[at], i, number);
    return OK;
}

enum status tensor_file_write(struct context *context, struct output_folder *folder,
                              const char *name, const struct tensor *tensor)
{
    struct text file, bytes;
    enum status status;

    if (*name == '.')
        return context_fail(context, ERR_UNSUPPORTED,
                            "output '%s' begins with '.' and cannot name a file", name);
    text_init(&file);
    text_init(&bytes);
    text_add_escaped(&file, name, strlen(name));
    for (char *c = file.at; *c; c++)
        if (*c == '/' || *c == ':')
            *c = '_';
    text_add(&file, ".npy");
    status = npy_put(context, tensor, &bytes);
    if (status == OK)
        status = output_folder_add(context, folder, file.at, bytes.at, bytes.length);
    text_clear(&file);
    text_clear(&bytes);
    return status;
}
