// Arrays of numpy: one .npy of samples with another of targets, or the named ones of an .npz. The
// first axis counts the samples.
#include <string.h>

#include "data/source.h"
#include "io/npy.h"

struct npz_options {
    const char *target; // key of the labels or targets, NULL: none
};

static const struct field npz_fields[] = {
    FIELD(struct npz_options, target, NULL, 0, 0, "key of the labels or targets"),
    FIELDS_END,
};

// The first array settles how many samples there are.
static enum status check_count(struct context *context, struct dataset *dataset,
                               const struct tensor *array)
{
    if (array->shape.rank < 1 || array->shape.dim[0] < 1)
        return context_fail(context, ERR_FORMAT, "the array holds no samples");
    if (dataset->record_count == 0)
        dataset->record_count = array->shape.dim[0];
    if (array->shape.dim[0] != dataset->record_count)
        return context_fail(context, ERR_FORMAT, "%lld samples, but the others have %lld",
                            (long long)array->shape.dim[0], (long long)dataset->record_count);
    return OK;
}

static struct data_column column_of(const struct tensor *array, const char *name)
{
    struct data_column column = {.name = name, .dtype = array->dtype, .shape = array->shape};

    column.shape.rank--;
    memmove(column.shape.dim, column.shape.dim + 1,
            (size_t)column.shape.rank * sizeof *column.shape.dim);
    return column;
}

static enum status add_input(struct context *context, struct dataset *dataset, const char *name,
                             const struct tensor *array)
{
    struct data_column column;

    TRY(check_count(context, dataset, array));
    column = column_of(array, name);
    return source_add_input(context, dataset, &column, array, 0);
}

// One integer a sample is a label, anything else a target.
static enum status add_target(struct context *context, struct dataset *dataset,
                              const struct tensor *array)
{
    struct data_column column;
    int64_t *label;

    TRY(check_count(context, dataset, array));
    column = column_of(array, NULL);
    if (dtype_info[array->dtype].is_float || tensor_count(array) != dataset->record_count)
        return source_set_target(context, dataset, &column, array, 0);
    TRY(source_add_labels(context, dataset, &label));
    for (int64_t i = 0; i < dataset->record_count; i++)
        label[i] = tensor_get_int(array, i);
    return source_end_labels(context, dataset);
}

static enum status read_npy(struct context *context, const char *path, struct tensor *out)
{
    struct mapped *file;
    enum status status;

    TRY(source_map(context, path, &file));
    status = npy_read_bytes(context, mapped_bytes(file), file, out);
    mapped_release(file);
    return status;
}

static enum status open_npy(struct context *context, struct dataset *dataset,
                            const struct source_call *call)
{
    for (int i = 0; i < call->path_count; i++) {
        struct tensor array = {0};
        enum status status = read_npy(context, call->path[i], &array);
        if (status == OK)
            status = i == 0 ? add_input(context, dataset, NULL, &array)
                            : add_target(context, dataset, &array);
        tensor_release(&array);
        if (status != OK)
            return context_fail_in(context, status, "%s", call->path[i]);
    }
    return OK;
}

static enum status no_such_key(struct context *context, const struct npz *npz, const char *key)
{
    struct text keys;
    enum status status;

    text_init(&keys);
    for (size_t i = 0; i < npz->count; i++) {
        text_add(&keys, i ? ", '" : "'");
        text_add_escaped(&keys, npz->entry[i].name, strlen(npz->entry[i].name));
        text_add(&keys, "'");
    }
    status = context_fail(context, ERR_USAGE, "no key '%s', there are %s", key,
                          npz->count ? keys.at : "none");
    text_clear(&keys);
    return status;
}

static enum status take_entries(struct context *context, struct dataset *dataset,
                                const struct npz *npz, const char *target)
{
    if (target && !npz_find(npz, target))
        return no_such_key(context, npz, target);
    for (size_t i = 0; i < npz->count; i++) {
        const struct npz_entry *entry = &npz->entry[i];
        enum status status = target && strcmp(entry->name, target) == 0
                                 ? add_target(context, dataset, &entry->tensor)
                                 : add_input(context, dataset, entry->name, &entry->tensor);
        if (status != OK)
            return context_fail_in(context, status, "'%s'", entry->name);
    }
    return dataset->input_count ? OK
                                : context_fail(context, ERR_FORMAT, "there is no array of inputs");
}

static enum status open_npz(struct context *context, struct dataset *dataset,
                            const struct source_call *call)
{
    const struct npz_options *options = call->option;
    struct mapped *file;
    struct npz npz;
    enum status status = source_map(context, call->path[0], &file);

    if (status == OK) {
        status = npz_read_bytes(context, mapped_bytes(file), file, &npz);
        mapped_release(file);
        if (status == OK) {
            status = take_entries(context, dataset, &npz, options->target);
            npz_clear(&npz);
        }
    }
    return status == OK ? OK : context_fail_in(context, status, "%s", call->path[0]);
}

const struct source source_npy = {
    .name = "npy", .form = "npy:X.npy[,Y.npy]", .min_paths = 1, .max_paths = 2, .open = open_npy};
const struct source source_npz = {.name = "npz",
                                  .form = "npz:FILE,target=KEY",
                                  .min_paths = 1,
                                  .max_paths = 1,
                                  .option = npz_fields,
                                  .option_bytes = sizeof(struct npz_options),
                                  .open = open_npz};
