// Data sets: opening a source by its spelling, slices, draws and checks on what came out.
#include "data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/pictures.h"
#include "data/source.h"
#include "data/spec.h"

const struct field dataset_fields[] = {
    FIELD(struct dataset_options, samples, "0", 0, 1e15,
          "draw that many samples of the data, stratified by label (0: all)"),
    FIELDS_END,
};

struct dataset *dataset_new(const char *name)
{
    struct arena *arena = arena_new();
    struct dataset *dataset = arena_alloc(arena, sizeof *dataset);

    dataset->arena = arena;
    dataset->name = arena_copy_text(arena, name);
    dataset->target.dtype = DT_NONE;
    return dataset;
}

void dataset_free(struct dataset *dataset)
{
    if (!dataset)
        return;
    for (int32_t i = 0; i < dataset->input_count; i++)
        tensor_release(&dataset->input[i].holder);
    tensor_release(&dataset->target.holder);
    tensor_release(&dataset->label_holder);
    arena_free(dataset->arena);
}

static struct data_column share_column(struct arena *arena, const struct data_column *from)
{
    struct data_column column = *from;

    memset(&column.holder, 0, sizeof column.holder);
    if (from->holder.buffer)
        tensor_share(&column.holder, &from->holder);
    if (from->name)
        column.name = arena_copy_text(arena, from->name);
    return column;
}

// Everything but the choice of samples.
static struct dataset *share(const struct dataset *from, const char *name)
{
    struct dataset *dataset = dataset_new(name);

    dataset->input_count = from->input_count;
    for (int32_t i = 0; i < from->input_count; i++)
        dataset->input[i] = share_column(dataset->arena, &from->input[i]);
    dataset->target = share_column(dataset->arena, &from->target);
    dataset->is_labelled = from->is_labelled;
    dataset->classes = from->classes;
    dataset->classes_are_exact = from->classes_are_exact;
    dataset->is_pictures = from->is_pictures;
    dataset->files = from->files; // held by the column
    dataset->record_count = from->record_count;
    dataset->label = from->label;
    if (from->label_holder.buffer)
        tensor_share(&dataset->label_holder, &from->label_holder);
    if (from->class_name) {
        const char **copy = arena_array(dataset->arena, const char *, (size_t)from->classes);
        for (int64_t i = 0; i < from->classes; i++)
            copy[i] = arena_copy_text(dataset->arena, from->class_name[i]);
        dataset->class_name = copy;
    }
    return dataset;
}

enum status dataset_select(struct context *context, const struct dataset *dataset,
                           const int64_t *sample, int64_t count, struct dataset **out)
{
    struct dataset *chosen;
    int64_t *record;

    if (count < 1)
        return context_fail(context, ERR_USAGE, "no samples are left of '%s'", dataset->name);
    for (int64_t i = 0; i < count; i++)
        if (sample[i] < 0 || sample[i] >= dataset->count)
            return context_fail(context, ERR_USAGE, "'%s' has no sample %lld", dataset->name,
                                (long long)sample[i]);
    chosen = share(dataset, dataset->name);
    record = arena_array(chosen->arena, int64_t, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        record[i] = dataset_record(dataset, sample[i]);
    chosen->record = record;
    chosen->count = count;
    *out = chosen;
    return OK;
}

enum status dataset_slice(struct context *context, const struct dataset *dataset, int64_t first,
                          int64_t end, struct dataset **out)
{
    int64_t *sample;
    enum status status;
    char name[1024];

    if (first < 0 || first >= end)
        return context_fail(context, ERR_USAGE, "'%s': a slice from %lld to %lld is empty",
                            dataset->name, (long long)first, (long long)end);
    if (end > dataset->count)
        return context_fail(context, ERR_USAGE, "'%s' has %lld samples, the slice ends at %lld",
                            dataset->name, (long long)dataset->count, (long long)end);
    sample = must_alloc((size_t)(end - first) * sizeof *sample);
    for (int64_t i = first; i < end; i++)
        sample[i - first] = i;
    status = dataset_select(context, dataset, sample, end - first, out);
    free(sample);
    if (status == OK) {
        snprintf(name, sizeof name, "%s[%lld:%lld]", dataset->name, (long long)first,
                 (long long)end);
        (*out)->name = arena_copy_text((*out)->arena, name);
    }
    return status;
}

// Samples of one class at a time: how many each gives (largest remainders, Hamilton's method, ties
// to the lower class) and which (the first of a shuffle).
static void draw_quotas(const int64_t *size, int64_t classes, int64_t total, int64_t wanted,
                        int64_t *quota)
{
    int64_t given = 0;

    for (int64_t c = 0; c < classes; c++) {
        quota[c] = (int64_t)((long double)wanted * (long double)size[c] / (long double)total);
        given += quota[c];
    }
    for (; given < wanted; given++) {
        long double best_rest = -1;
        int64_t best = 0;
        for (int64_t c = 0; c < classes; c++) {
            long double rest = (long double)wanted * (long double)size[c] / (long double)total -
                               (long double)quota[c];
            if (quota[c] < size[c] && rest > best_rest) {
                best_rest = rest;
                best = c;
            }
        }
        quota[best]++;
    }
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

// Writes the indices of the wanted samples, ascending.
static void draw_samples(const struct dataset *dataset, int64_t wanted, uint64_t seed,
                         int64_t *sample)
{
    int64_t classes = dataset->is_labelled ? dataset->classes : 1, written = 0;
    int64_t *size = must_alloc((size_t)classes * 2 * sizeof *size), *quota = size + classes;
    int64_t *member = must_alloc((size_t)dataset->count * sizeof *member);

    memset(size, 0, (size_t)classes * sizeof *size);
    for (int64_t i = 0; i < dataset->count; i++)
        size[dataset->is_labelled ? dataset_label(dataset, i) : 0]++;
    draw_quotas(size, classes, dataset->count, wanted, quota);
    for (int64_t c = 0; c < classes; c++) {
        struct random random = random_stream(seed, 0x64726177 /* "draw" */, (uint64_t)c);
        int64_t count = 0;
        for (int64_t i = 0; size[c] && i < dataset->count; i++)
            if (!dataset->is_labelled || dataset_label(dataset, i) == c)
                member[count++] = i;
        for (int64_t i = 0; i < quota[c]; i++) {
            int64_t j = i + (int64_t)random_below(&random, (uint64_t)(count - i));
            int64_t kept = member[j];
            member[j] = member[i];
            member[i] = kept;
            sample[written++] = kept;
        }
    }
    qsort(sample, (size_t)written, sizeof *sample, by_number);
    free(member);
    free(size);
}

static enum status replace_by_draw(struct context *context, struct dataset **dataset,
                                   int64_t wanted)
{
    struct dataset *drawn = NULL;
    int64_t *sample;
    enum status status;

    if (wanted > (*dataset)->count)
        return context_fail(context, ERR_USAGE, "'%s' has %lld samples, --samples asks for %lld",
                            (*dataset)->name, (long long)(*dataset)->count, (long long)wanted);
    sample = must_alloc((size_t)wanted * sizeof *sample);
    draw_samples(*dataset, wanted, context->seed, sample);
    status = dataset_select(context, *dataset, sample, wanted, &drawn);
    free(sample);
    if (status != OK)
        return status;
    dataset_free(*dataset);
    *dataset = drawn;
    return OK;
}

static enum status replace_by_slice(struct context *context, struct dataset **dataset,
                                    const struct data_spec *spec)
{
    int64_t end = spec->end < 0 ? (*dataset)->count : spec->end;
    struct dataset *slice = NULL;

    TRY(dataset_slice(context, *dataset, spec->first, end, &slice));
    dataset_free(*dataset);
    *dataset = slice;
    return OK;
}

static enum status check_column(struct context *context, const struct dataset *dataset,
                                const struct data_column *column)
{
    int64_t count = shape_count(&column->shape);
    float piece[256];

    if (column->dtype == DT_NONE || !dtype_info[column->dtype].is_float)
        return OK;
    for (int64_t i = 0; i < dataset->count; i++) {
        const unsigned char *at = dataset_bytes(dataset, column, i);
        size_t width = (size_t)dtype_info[column->dtype].bits / 8;
        for (int64_t j = 0; j < count; j += 256) {
            int64_t n = count - j < 256 ? count - j : 256;
            elements_to_f32(column->dtype, at + (size_t)j * width, n, piece);
            for (int64_t k = 0; k < n; k++)
                if (isnan(piece[k]))
                    return context_fail(context, ERR_NUMERIC,
                                        "'%s': sample %lld holds NaN (element %lld)", dataset->name,
                                        (long long)i, (long long)(j + k));
        }
    }
    return OK;
}

static enum status check_columns(struct context *context, const struct dataset *dataset)
{
    for (int32_t i = 0; i < dataset->input_count; i++)
        TRY(check_column(context, dataset, &dataset->input[i]));
    return check_column(context, dataset, &dataset->target);
}

static enum status open_source(struct context *context, const struct data_spec *spec,
                               struct dataset *dataset)
{
    struct source_call call = {spec->path, spec->path_count, spec->option};

    TRY(spec->source->open(context, dataset, &call));
    dataset->count = dataset->record_count;
    if (dataset->count < 1)
        return context_fail(context, ERR_FORMAT, "'%s' holds no samples", dataset->name);
    return OK;
}

enum status dataset_open(struct context *context, const char *text,
                         const struct dataset_options *options, struct dataset **out)
{
    struct dataset *dataset = dataset_new(text);
    struct data_spec spec;
    enum status status = data_spec_parse(context, text, dataset->arena, &spec);

    // Messages about slices name the source without them.
    if (status == OK) {
        dataset->name = spec.source_text;
        status = open_source(context, &spec, dataset);
    }
    if (status == OK && spec.has_slice)
        status = replace_by_slice(context, &dataset, &spec);
    if (status == OK && options && options->samples > 0)
        status = replace_by_draw(context, &dataset, options->samples);
    if (status == OK) {
        dataset->name = arena_copy_text(dataset->arena, text);
        status = check_columns(context, dataset);
    }
    if (status != OK) {
        dataset_free(dataset);
        return status;
    }
    *out = dataset;
    return OK;
}

int64_t dataset_row_count(const struct dataset *dataset)
{
    const struct data_column *target = &dataset->target;

    if (target->dtype == DT_NONE || dtype_info[target->dtype].is_float)
        return dataset->count;
    return dataset->count * shape_count(&target->shape);
}

const struct data_column *dataset_find_input(const struct dataset *dataset, const char *name)
{
    for (int32_t i = 0; i < dataset->input_count; i++)
        if (dataset->input[i].name && strcmp(dataset->input[i].name, name) == 0)
            return &dataset->input[i];
    return dataset->input_count == 1 && !dataset->input[0].name ? &dataset->input[0] : NULL;
}

enum status dataset_check_classes(struct context *context, const struct dataset *dataset,
                                  int64_t classes)
{
    if (dataset->classes_are_exact && dataset->classes != classes)
        return context_fail(context, ERR_SHAPE,
                            "'%s' has %lld classes, but the model has %lld outputs: '--classes "
                            "FILE' lists the folder of each output",
                            dataset->name, (long long)dataset->classes, (long long)classes);
    for (int64_t i = 0; i < dataset->count; i++)
        if (dataset_label(dataset, i) >= classes)
            return context_fail(context, ERR_SHAPE,
                                "'%s': sample %lld has label %lld, but the model has %lld outputs",
                                dataset->name, (long long)i, (long long)dataset_label(dataset, i),
                                (long long)classes);
    return OK;
}

static enum status hash_file(struct context *context, const struct dataset *dataset, int64_t sample,
                             struct sha256 *hash)
{
    struct tensor bytes = {0};
    struct text path;
    enum status status;

    text_init(&path);
    text_format(&path, "%s/%s", dataset->files->folder,
                dataset->files->name[dataset_record(dataset, sample)]);
    status = source_load(context, path.at, &bytes);
    text_clear(&path);
    if (status != OK)
        return status;
    sha256_add(hash, tensor_data(&bytes), tensor_bytes(&bytes));
    tensor_release(&bytes);
    return OK;
}

enum status dataset_sha256(struct context *context, const struct dataset *dataset,
                           char hex[SHA256_HEX_BYTES])
{
    struct sha256 hash;

    sha256_init(&hash);
    for (int64_t i = 0; i < dataset->count; i++) {
        uint64_t label = (uint64_t)dataset_label(dataset, i);
        unsigned char bytes[8];
        if (dataset->files)
            TRY(hash_file(context, dataset, i, &hash));
        for (int32_t k = 0; k < dataset->input_count && !dataset->files; k++)
            sha256_add(&hash, dataset_bytes(dataset, &dataset->input[k], i),
                       dataset->input[k].bytes);
        if (dataset->target.dtype != DT_NONE)
            sha256_add(&hash, dataset_bytes(dataset, &dataset->target, i), dataset->target.bytes);
        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)(label >> (8 * k));
        sha256_add(&hash, bytes, sizeof bytes);
    }
    sha256_hex(&hash, hex);
    return OK;
}
