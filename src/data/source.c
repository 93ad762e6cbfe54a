// The table of sources and what they share: columns over bytes, labels, lookup by name.
#include "data/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "io/file.h"
#include "io/gzip.h"

#define DATASET(name) extern const struct source source_##name;
#include "data/datasets.def"
#undef DATASET

static const struct source *const sources[] = {
#define DATASET(name) &source_##name,
#include "data/datasets.def"
#undef DATASET
};

// Labels become sizes of tables; no set of classes is near that.
enum { LABEL_LIMIT = 1 << 24 };

// A packed file may say anything about its size: 4 GiB is more than any set of samples here.
static const size_t INFLATED_LIMIT = (size_t)4 << 30;

const struct source *source_at(int index)
{
    int count = (int)(sizeof sources / sizeof *sources);

    return index >= 0 && index < count ? sources[index] : NULL;
}

const struct source *source_find(const char *name, size_t length)
{
    for (int i = 0; source_at(i); i++)
        if (strlen(source_at(i)->name) == length && strncmp(source_at(i)->name, name, length) == 0)
            return source_at(i);
    return NULL;
}

// Whether record_count records of the column lie inside the bytes.
static bool column_fits(const struct dataset *dataset, const struct data_column *column,
                        const struct tensor *bytes, size_t offset)
{
    size_t available = tensor_bytes(bytes), last;

    if (dataset->record_count < 1 || column->bytes == 0)
        return false;
    if (!checked_mul_size((size_t)(dataset->record_count - 1), column->stride, &last))
        return false;
    return offset <= available && last <= available - offset &&
           column->bytes <= available - offset - last;
}

static enum status make_column(struct context *context, const struct dataset *dataset,
                               struct data_column *made, const struct data_column *column,
                               const struct tensor *bytes, size_t offset)
{
    int64_t count = shape_count(&column->shape);
    struct data_column fresh = *column;

    if (column->dtype < 0 || dtype_info[column->dtype].bits % 8 != 0)
        return context_fail(context, ERR_UNSUPPORTED, "data of 4-bit integers are not supported");
    fresh.bytes = count < 1 ? 0 : (size_t)count * (size_t)dtype_info[column->dtype].bits / 8;
    if (fresh.stride == 0)
        fresh.stride = fresh.bytes;
    if (!column_fits(dataset, &fresh, bytes, offset))
        return context_fail(context, ERR_FORMAT, "the samples reach past the end of the data");
    memset(&fresh.holder, 0, sizeof fresh.holder);
    tensor_share(&fresh.holder, bytes);
    fresh.at = (const unsigned char *)tensor_data(bytes) + offset;
    fresh.name = column->name ? arena_copy_text(dataset->arena, column->name) : NULL;
    *made = fresh;
    return OK;
}

enum status source_add_input(struct context *context, struct dataset *dataset,
                             const struct data_column *column, const struct tensor *bytes,
                             size_t offset)
{
    if (dataset->input_count == DATASET_MAX_INPUTS)
        return context_fail(context, ERR_UNSUPPORTED, "more than %d inputs", DATASET_MAX_INPUTS);
    TRY(make_column(context, dataset, &dataset->input[dataset->input_count], column, bytes,
                    offset));
    dataset->input_count++;
    return OK;
}

enum status source_set_target(struct context *context, struct dataset *dataset,
                              const struct data_column *column, const struct tensor *bytes,
                              size_t offset)
{
    return make_column(context, dataset, &dataset->target, column, bytes, offset);
}

enum status source_add_labels(struct context *context, struct dataset *dataset, int64_t **label)
{
    struct shape shape;

    TRY(shape_set(context, &shape, 1, &dataset->record_count));
    TRY(tensor_alloc(context, &dataset->label_holder, DT_I64, &shape));
    *label = tensor_write(&dataset->label_holder);
    dataset->label = *label;
    dataset->is_labelled = true;
    return OK;
}

enum status source_end_labels(struct context *context, struct dataset *dataset)
{
    int64_t largest = -1;

    for (int64_t i = 0; i < dataset->record_count; i++) {
        if (dataset->label[i] < 0 || dataset->label[i] >= LABEL_LIMIT)
            return context_fail(context, ERR_FORMAT,
                                "sample %lld has label %lld, which is no class", (long long)i,
                                (long long)dataset->label[i]);
        if (dataset->label[i] > largest)
            largest = dataset->label[i];
    }
    if (largest + 1 > dataset->classes)
        dataset->classes = largest + 1;
    return OK;
}

static void release_mapped(void *owner)
{
    mapped_release(owner);
}

// Takes the caller's hold of the file.
static enum status wrap(struct context *context, struct mapped *file, struct tensor *out)
{
    struct span bytes = mapped_bytes(file);
    int64_t count = (int64_t)bytes.length;
    enum status status;
    struct shape shape;

    if (count < 1)
        status = context_fail(context, ERR_FORMAT, "the file is empty");
    else
        status = shape_set(context, &shape, 1, &count);
    if (status == OK)
        status = tensor_wrap(context, out, DT_U8, &shape, bytes.at, release_mapped, file);
    if (status != OK)
        mapped_release(file);
    return status;
}

static enum status inflate_file(struct context *context, struct mapped **file)
{
    unsigned char *bytes;
    size_t count;

    if (!gzip_probe(mapped_bytes(*file)))
        return OK;
    TRY(gzip_inflate(context, mapped_bytes(*file), INFLATED_LIMIT, &bytes, &count));
    mapped_release(*file);
    *file = mapped_from_heap(bytes, count);
    return OK;
}

enum status source_map(struct context *context, const char *path, struct mapped **out)
{
    struct mapped *file;
    enum status status;

    TRY(mapped_open(context, path, &file));
    status = inflate_file(context, &file);
    if (status == OK)
        *out = file;
    else
        mapped_release(file);
    return status;
}

enum status source_load(struct context *context, const char *path, struct tensor *out)
{
    struct mapped *file;
    enum status status = source_map(context, path, &file);

    if (status == OK)
        status = wrap(context, file, out);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

enum status source_parse_file(struct context *context, struct dataset *dataset, const char *path,
                              source_parse *parse, const void *option)
{
    struct tensor bytes = {0};
    enum status status;

    TRY(source_load(context, path, &bytes));
    status = parse(context, dataset, &bytes, option);
    tensor_release(&bytes);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}
