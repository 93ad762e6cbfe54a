// Images and labels in the IDX format of MNIST (LeCun, Cortes, Burges 1998): a big-endian header
// 00 00 TYPE RANK, RANK sizes of 4 bytes, then the elements.
#include <string.h>

#include "base/checked.h"
#include "data/source.h"

static uint32_t big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// The dims of a file of unsigned bytes; *offset: where its elements begin.
static enum status read_header(struct context *context, const struct tensor *bytes,
                               struct shape *shape, size_t *offset)
{
    const unsigned char *at = tensor_data(bytes);
    size_t length = tensor_bytes(bytes);
    int64_t dim[SHAPE_MAX_RANK];
    int64_t count;

    if (length < 4 || at[0] != 0 || at[1] != 0)
        return context_fail(context, ERR_FORMAT, "no IDX file: it does not begin with two zeros");
    if (at[2] != 8)
        return context_fail(context, ERR_UNSUPPORTED,
                            "IDX type 0x%02x is not supported, only unsigned bytes (0x08)", at[2]);
    if (at[3] < 1 || at[3] > SHAPE_MAX_RANK)
        return context_fail(context, ERR_FORMAT, "an IDX file of rank %d", at[3]);
    *offset = 4 + 4 * (size_t)at[3];
    if (length < *offset)
        return context_fail(context, ERR_FORMAT, "the file ends inside its header");
    for (int i = 0; i < at[3]; i++)
        dim[i] = big_endian(at + 4 + 4 * i);
    TRY(shape_set(context, shape, at[3], dim));
    count = shape_count(shape);
    if (count < 1)
        return context_fail(context, ERR_FORMAT, "the file holds no samples");
    if ((uint64_t)count != length - *offset)
        return context_fail(context, ERR_FORMAT, "the header speaks of %lld bytes, %lld follow",
                            (long long)count, (long long)(length - *offset));
    return OK;
}

enum status idx_parse_images(struct context *context, struct dataset *dataset,
                             const struct tensor *images, const void *option)
{
    struct data_column column = {.dtype = DT_U8, .layout = LAYOUT_NCHW};
    struct shape shape;
    size_t offset;

    (void)option;
    TRY(read_header(context, images, &shape, &offset));
    if (shape.rank < 2)
        return context_fail(context, ERR_FORMAT, "these are labels, not images (rank 1)");
    dataset->record_count = shape.dim[0];
    // A grey image has no axis of channels in the file; everything behind counts on one.
    column.shape = (struct shape){3, {1, shape.dim[1], shape.rank > 2 ? shape.dim[2] : 1}};
    if (shape.rank != 3) {
        column.layout = shape.rank == 4 ? LAYOUT_NCHW : LAYOUT_NONE;
        column.shape.rank = shape.rank - 1;
        memcpy(column.shape.dim, shape.dim + 1, (size_t)column.shape.rank * sizeof *shape.dim);
    }
    return source_add_input(context, dataset, &column, images, offset);
}

enum status idx_parse_labels(struct context *context, struct dataset *dataset,
                             const struct tensor *labels, const void *option)
{
    struct shape shape;
    int64_t *label;
    size_t offset;

    (void)option;
    TRY(read_header(context, labels, &shape, &offset));
    if (shape.rank != 1)
        return context_fail(context, ERR_FORMAT, "no labels: an IDX file of rank %d", shape.rank);
    if (shape.dim[0] != dataset->record_count)
        return context_fail(context, ERR_FORMAT, "%lld labels for %lld images",
                            (long long)shape.dim[0], (long long)dataset->record_count);
    TRY(source_add_labels(context, dataset, &label));
    for (int64_t i = 0; i < dataset->record_count; i++)
        label[i] = ((const unsigned char *)tensor_data(labels))[offset + (size_t)i];
    return source_end_labels(context, dataset);
}

enum status idx_open_files(struct context *context, struct dataset *dataset, const char *images,
                           const char *labels)
{
    TRY(source_parse_file(context, dataset, images, idx_parse_images, NULL));
    return labels ? source_parse_file(context, dataset, labels, idx_parse_labels, NULL) : OK;
}

static enum status open_idx(struct context *context, struct dataset *dataset,
                            const struct source_call *call)
{
    return idx_open_files(context, dataset, call->path[0],
                          call->path_count > 1 ? call->path[1] : NULL);
}

const struct source source_idx = {
    .name = "idx", .form = "idx:IMAGES[,LABELS]", .min_paths = 1, .max_paths = 2, .open = open_idx};
