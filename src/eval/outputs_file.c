// Saved answers: an .npz that numpy reads too.
#include <stdlib.h>
#include <string.h>

#include "eval/outputs.h"
#include "io/npy.h"

static void keep(void *owner)
{
    (void)owner; // the bytes stay with who has them
}

// A tensor over bytes that stay the caller's.
static enum status borrow(struct context *context, struct npz_entry *entry, const char *name,
                          enum dtype dtype, struct shape shape, const void *bytes)
{
    entry->name = name;
    return tensor_wrap(context, &entry->tensor, dtype, &shape, bytes, keep, NULL);
}

static enum status list_entries(struct context *context, const struct outputs *outputs,
                                struct npz_entry *entry, size_t *count)
{
    struct shape matrix = SHAPE(outputs->samples, outputs->width);

    TRY(borrow(context, &entry[(*count)++], "outputs", DT_F32, matrix, outputs->value));
    if (outputs->label)
        TRY(borrow(context, &entry[(*count)++], "labels", DT_I64, SHAPE(outputs->samples),
                   outputs->label));
    if (outputs->target)
        TRY(borrow(context, &entry[(*count)++], "targets", DT_F32, matrix, outputs->target));
    if (outputs->figures)
        TRY(borrow(context, &entry[(*count)++], "figures", DT_U8,
                   SHAPE((int64_t)strlen(outputs->figures)), outputs->figures));
    return OK;
}

enum status outputs_save(struct context *context, const struct outputs *outputs, const char *path)
{
    struct npz_entry entry[4] = {{0}};
    size_t count = 0;
    enum status status = list_entries(context, outputs, entry, &count);

    if (status == OK)
        status = npz_write(context, path, NULL, entry, count);
    for (size_t i = 0; i < count; i++)
        tensor_release(&entry[i].tensor);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

// The array of that name, of that type and shape.
static enum status find(struct context *context, const struct npz *npz, const char *name,
                        enum dtype dtype, const struct shape *shape, const struct tensor **out)
{
    const struct tensor *tensor = npz_find(npz, name);

    if (tensor && (tensor->dtype != dtype || (shape && !shape_equal(&tensor->shape, shape))))
        return context_fail(context, ERR_FORMAT, "'%s' is no %s array of the right shape", name,
                            dtype_info[dtype].name);
    *out = tensor;
    return OK;
}

static enum status take(struct context *context, const struct npz *npz, struct outputs *outputs)
{
    const struct tensor *values = NULL, *labels = NULL, *targets = NULL, *figures = NULL;
    struct shape vector;

    TRY(find(context, npz, "outputs", DT_F32, NULL, &values));
    if (!values || values->shape.rank != 2)
        return context_fail(context, ERR_FORMAT,
                            "no saved outputs: 'outputs' is not there or is no matrix");
    vector = SHAPE(values->shape.dim[0]);
    TRY(find(context, npz, "labels", DT_I64, &vector, &labels));
    TRY(find(context, npz, "targets", DT_F32, &values->shape, &targets));
    TRY(find(context, npz, "figures", DT_U8, NULL, &figures));
    TRY(outputs_init(context, outputs, values->shape.dim[0], values->shape.dim[1], labels != NULL,
                     targets != NULL));
    memcpy(outputs->value, tensor_data(values), tensor_bytes(values));
    if (labels)
        memcpy(outputs->label, tensor_data(labels), tensor_bytes(labels));
    if (targets)
        memcpy(outputs->target, tensor_data(targets), tensor_bytes(targets));
    if (figures) {
        outputs->figures = calloc(1, tensor_bytes(figures) + 1);
        if (!outputs->figures)
            return context_fail(context, ERR_MEMORY, "no memory");
        memcpy(outputs->figures, tensor_data(figures), tensor_bytes(figures));
    }
    return OK;
}

static enum status check_labels(struct context *context, const struct outputs *outputs)
{
    for (int64_t i = 0; outputs->label && i < outputs->samples; i++)
        if (outputs->label[i] < 0 || (outputs->width > 1 && outputs->label[i] >= outputs->width))
            return context_fail(context, ERR_FORMAT, "sample %lld has label %lld of %lld classes",
                                (long long)i, (long long)outputs->label[i],
                                (long long)outputs->width);
    return OK;
}

enum status outputs_load(struct context *context, const char *path, struct outputs *outputs)
{
    struct npz npz;
    enum status status;

    *outputs = (struct outputs){0};
    status = npz_read(context, path, &npz);
    if (status == OK) {
        status = take(context, &npz, outputs);
        npz_clear(&npz);
    }
    if (status == OK)
        status = check_labels(context, outputs);
    if (status == OK)
        return OK;
    outputs_clear(outputs);
    return context_fail_in(context, status, "%s", path);
}
