// Made-up images that a small network can learn: every class is a random pattern, a sample is its
// class's pattern and noise. For tests and first tries.
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/random.h"
#include "data/source.h"

struct synthetic_options {
    int64_t classes, samples, seed;
    struct ints shape;
    double noise;
    const char *type;
};

static const struct field synthetic_fields[] = {
    FIELD(struct synthetic_options, classes, "10", 1, 65536, "classes"),
    FIELD(struct synthetic_options, samples, "256", 1, 1 << 24, "samples"),
    FIELD(struct synthetic_options, seed, "1", 0, 1e15, "of patterns and noise"),
    FIELD(struct synthetic_options, shape, "1x8x8", 1, 1 << 16, "of one sample"),
    FIELD(struct synthetic_options, noise, "24", 0, 1000, "standard deviation, of 255"),
    FIELD_CHOICE(struct synthetic_options, type, "u8", "u8|f32", "f32: the same divided by 255"),
    FIELDS_END,
};

static double pixel_of(const struct synthetic_options *options, int64_t label, int64_t pixel,
                       struct random *noise)
{
    struct random pattern =
        random_stream((uint64_t)options->seed, (uint64_t)label, (uint64_t)pixel);
    double value = 48 + 160 * random_unit(&pattern) + options->noise * random_normal(noise);

    return fmin(fmax(rint(value), 0), 255);
}

static enum status fill(struct context *context, const struct synthetic_options *options,
                        struct dataset *dataset, int64_t count, struct tensor *pixels)
{
    bool is_float = strcmp(options->type, "f32") == 0;
    int64_t *label, total;
    struct shape shape;

    if (!checked_mul(options->samples, count, &total))
        return context_fail(context, ERR_USAGE, "that many samples do not fit into memory");
    TRY(shape_set(context, &shape, 1, &total));
    TRY(tensor_alloc(context, pixels, is_float ? DT_F32 : DT_U8, &shape));
    TRY(source_add_labels(context, dataset, &label));
    for (int64_t i = 0; i < options->samples; i++) {
        struct random noise = random_stream((uint64_t)options->seed, UINT64_MAX, (uint64_t)i);
        label[i] = i % options->classes;
        for (int64_t j = 0; j < count; j++) {
            double value = pixel_of(options, label[i], j, &noise);
            if (is_float)
                ((float *)tensor_write(pixels))[i * count + j] = (float)(value / 255);
            else
                ((uint8_t *)tensor_write(pixels))[i * count + j] = (uint8_t)value;
        }
    }
    return OK;
}

static enum status open_synthetic(struct context *context, struct dataset *dataset,
                                  const struct source_call *call)
{
    const struct synthetic_options *options = call->option;
    struct data_column column = {.dtype = DT_U8};
    struct tensor pixels = {0};
    enum status status;

    TRY(shape_set(context, &column.shape, options->shape.count, options->shape.at));
    if (strcmp(options->type, "f32") == 0)
        column.dtype = DT_F32;
    if (column.shape.rank == 3)
        column.layout = LAYOUT_NCHW;
    dataset->record_count = options->samples;
    dataset->classes = options->classes;
    status = fill(context, options, dataset, shape_count(&column.shape), &pixels);
    if (status == OK)
        status = source_end_labels(context, dataset);
    if (status == OK)
        status = source_add_input(context, dataset, &column, &pixels, 0);
    tensor_release(&pixels);
    return status;
}

const struct source source_synthetic = {.name = "synthetic",
                                        .form =
                                            "synthetic:classes=10,shape=1x8x8,samples=256,seed=1",
                                        .option = synthetic_fields,
                                        .option_bytes = sizeof(struct synthetic_options),
                                        .open = open_synthetic};
