// The training loop.
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "base/random.h"
#include "train/schedule.h"

void trainer_add_hook(struct trainer *trainer, struct train_hook hook)
{
    if (trainer->hook_count < TRAIN_HOOKS_MAX)
        trainer->hook[trainer->hook_count++] = hook;
}

double trainer_progress(const struct trainer *trainer)
{
    double done = (double)trainer->epoch + (double)trainer->step / (double)trainer->steps_per_epoch;

    return done / (double)trainer->course->epochs;
}

static enum status bind(struct context *context, struct trainer *trainer, const struct graph *graph,
                        const struct preprocess *preprocess)
{
    const struct dataset *data = trainer->data;
    const struct course *course = trainer->course;

    if (course->batch % N16_LANES)
        return context_fail(context, ERR_USAGE, "'--batch %lld' is not a multiple of %d",
                            (long long)course->batch, N16_LANES);
    trainer->steps_per_epoch = data->count / course->batch;
    if (trainer->steps_per_epoch == 0)
        return context_fail(context, ERR_USAGE, "%lld samples do not fill a batch of %lld",
                            (long long)data->count, (long long)course->batch);
    trainer->input_count = (int)graph->input_count;
    trainer->input = arena_array(trainer->arena, struct batch_input, graph->input_count + 1);
    return batch_bind_graph(context, data, graph, NULL, preprocess, trainer->arena, trainer->input);
}

bool trains_on_numbers(const struct dataset *data)
{
    return !data->is_labelled && data->target.dtype != DT_NONE &&
           dtype_info[data->target.dtype].is_float;
}

static enum status bind_numbers(struct context *context, struct trainer *trainer)
{
    TRY(batch_bind_target(context, trainer->data, &trainer->target));
    return trainer->target.count == trainer->classes
               ? OK
               : context_fail(context, ERR_SHAPE, "target has %lld elements, the output %d",
                              (long long)trainer->target.count, trainer->classes);
}

static enum status check_labels(struct context *context, struct trainer *trainer)
{
    if (!trainer->teacher && trains_on_numbers(trainer->data))
        return bind_numbers(context, trainer);
    if (!trainer->teacher && !trainer->data->is_labelled)
        return context_fail(context, ERR_USAGE, "training data have no labels");
    if (trainer->classes < 2) // whose probability is 1, whatever the weights are
        return context_fail(context, ERR_UNSUPPORTED,
                            "one output tells no classes apart: give data with numbers to predict "
                            "and method none");
    return trainer->data->is_labelled
               ? dataset_check_classes(context, trainer->data, trainer->classes)
               : OK;
}

// The planes of one sample, as the model's input or the data set has them.
static enum status find_image(struct context *context, struct trainer *trainer)
{
    const struct batch_input *input = &trainer->input[0];
    const struct shape *shape = input->shape.rank == 3 ? &input->shape : &input->column->shape;

    if (!augment_is_on(&trainer->course->augment))
        return OK;
    if (trainer->input_count != 1 || shape->rank != 3 || input->to_nhwc || input->from_nhwc ||
        shape_count(shape) != input->count)
        return context_fail(context, ERR_USAGE,
                            "samples are no images in planes: augmentation has to be off");
    trainer->image = (struct augment_image){shape->dim[0], shape->dim[1], shape->dim[2]};
    return OK;
}

static size_t lanes_bytes(const struct trainer *trainer)
{
    return (size_t)trainer->classes * N16_LANES * sizeof(float);
}

// Per worker: the teacher's logits of a group, 16 samples, and one before augmentation.
static enum status allocate(struct context *context, struct trainer *trainer)
{
    size_t count = 0, threads = (size_t)context->threads, bytes;

    for (int i = 0; i < trainer->input_count; i++)
        if ((size_t)trainer->input[i].count > count)
            count = (size_t)trainer->input[i].count;
    if (trainer->target.data && (size_t)trainer->target.count > count)
        count = (size_t)trainer->target.count;
    bytes = lanes_bytes(trainer) + (N16_LANES + 1) * count * sizeof(float);
    trainer->order = arena_array(trainer->arena, uint32_t, (size_t)trainer->data->count);
    trainer->group_loss =
        arena_array(trainer->arena, double, (size_t)(trainer->course->batch / N16_LANES));
    trainer->plain = arena_array(trainer->arena, float *, threads);
    for (size_t i = 0; i < threads; i++)
        if (!(trainer->plain[i] = aligned_alloc(64, (bytes + 63) / 64 * 64)))
            return context_fail(context, ERR_MEMORY, "no memory to train");
    return OK;
}

// What was pruned before stays pruned.
static enum status keep_masks(struct context *context, struct trainer *trainer,
                              const struct graph *graph)
{
    for (int i = 0; i < program_parameter_count(trainer->program); i++) {
        struct parameter *parameter = program_parameter(trainer->program, i);
        const struct sparsity *sparsity = graph_value(graph, parameter->value)->sparsity;
        float *mask = sparsity ? optimizer_mask(&trainer->optimizer, i) : NULL;
        if (sparsity && !mask)
            return context_fail(context, ERR_MEMORY, "no memory for the masks");
        for (size_t k = 0; k < parameter->count && mask; k++) {
            mask[k] = sparsity->mask.buffer
                          ? (float)(tensor_get_int(&sparsity->mask, (int64_t)k) != 0)
                          : (float)(parameter->data[k] != 0);
            parameter->data[k] *= mask[k];
        }
    }
    program_refresh(context, trainer->program);
    return OK;
}

enum status trainer_init(struct context *context, struct trainer *trainer,
                         const struct graph *graph, const struct course *course,
                         const struct dataset *data, const struct preprocess *preprocess,
                         const float *teacher, enum isa isa)
{
    const struct strings none = {0, NULL};
    struct program_options options = {
        .isa = isa, .is_training = true, .groups = (int)(course->batch / N16_LANES)};

    *trainer = (struct trainer){.context = context,
                                .course = course,
                                .data = data,
                                .teacher = teacher,
                                .kernels = kernels_select(isa),
                                .arena = arena_new()};
    TRY(bind(context, trainer, graph, preprocess));
    TRY(batch_open_shapes(context, data, graph, preprocess, &none, trainer->arena, &options.infer));
    TRY(program_new(context, graph, &options, &trainer->program));
    trainer->rates = work_of_sample(graph, &options.infer);
    if (program_parameter_count(trainer->program) == 0)
        return context_fail(context, ERR_UNSUPPORTED, "model has no float weights to train");
    trainer->classes = (int)program_output_size(trainer->program, 0);
    TRY(check_labels(context, trainer));
    TRY(find_image(context, trainer));
    TRY(optimizer_init(context, &trainer->optimizer, &course->optimizer, trainer->program));
    TRY(keep_masks(context, trainer, graph));
    return allocate(context, trainer);
}

void trainer_clear(struct trainer *trainer)
{
    for (int i = 0; i < (trainer->context ? trainer->context->threads : 0) && trainer->plain; i++)
        free(trainer->plain[i]);
    optimizer_clear(&trainer->optimizer);
    program_free(trainer->program);
    arena_free(trainer->arena);
    memset(trainer, 0, sizeof *trainer);
}

// ---- one batch ----------------------------------------------------------------------------------

struct fill {
    struct trainer *trainer;
    bool is_clean; // without augmentation
};

static int64_t sample_at(const struct trainer *trainer, long group, int lane)
{
    return trainer->order[trainer->step * trainer->course->batch + group * N16_LANES + lane];
}

static void fill_first(const struct fill *fill, long group, int worker)
{
    struct trainer *trainer = fill->trainer;
    size_t count = (size_t)trainer->input[0].count;
    float *plain = trainer->plain[worker] + lanes_bytes(trainer) / sizeof(float);
    float *clean = plain + N16_LANES * count;
    const float *row[N16_LANES];

    for (int lane = 0; lane < N16_LANES; lane++) {
        float *to = plain + (size_t)lane * count;
        int64_t sample = sample_at(trainer, group, lane);
        row[lane] = to;
        if (fill->is_clean || !augment_is_on(&trainer->course->augment)) {
            batch_sample(&trainer->input[0], sample, to);
            continue;
        }
        batch_sample(&trainer->input[0], sample, clean);
        augment_sample(&trainer->course->augment, &trainer->image, trainer->course->seed,
                       (uint64_t)trainer->epoch, (uint64_t)sample, clean, to);
    }
    trainer->kernels->pack_n16(row, count, program_input(trainer->program, (int)group, 0));
}

// Only the first input is ever augmented.
static void fill_group(void *state, long group, int worker)
{
    const struct fill *fill = state;
    struct trainer *trainer = fill->trainer;
    int64_t sample[N16_LANES];

    fill_first(fill, group, worker);
    for (int lane = 0; lane < N16_LANES; lane++)
        sample[lane] = sample_at(trainer, group, lane);
    for (int i = 1; i < trainer->input_count; i++)
        batch_n16(&trainer->input[i], trainer->kernels, sample, N16_LANES,
                  program_input(trainer->program, (int)group, (uint32_t)i),
                  trainer->plain[worker] + lanes_bytes(trainer) / sizeof(float));
}

static void fill_batch(struct trainer *trainer, bool is_clean)
{
    struct fill fill = {trainer, is_clean};

    parallel_for(trainer->context->threads, (long)(trainer->course->batch / N16_LANES), fill_group,
                 &fill);
}

// The sum over the lanes of the mean squared error, and its gradient times scale.
static double squared_error(const float *output, const float *target, int width, float scale,
                            float *gradient)
{
    double sum = 0;

    for (int i = 0; i < width * N16_LANES; i++) {
        float error = output[i] - target[i];
        sum += (double)error * error;
        gradient[i] = 2 * error / (float)width * scale;
    }
    return sum / width;
}

static void numbers_of_group(struct trainer *trainer, long group, int worker)
{
    float *target = trainer->plain[worker];
    float *row = target + lanes_bytes(trainer) / sizeof(float);
    int width = trainer->classes;

    for (int lane = 0; lane < N16_LANES; lane++) {
        batch_sample(&trainer->target, sample_at(trainer, group, lane), row);
        for (int i = 0; i < width; i++)
            target[i * N16_LANES + lane] = row[i];
    }
    trainer->group_loss[group] = squared_error(program_output(trainer->program, (int)group, 0),
                                               target, width, 1.0f / (float)trainer->course->batch,
                                               program_output_grad(trainer->program, (int)group));
}

static void loss_of_group(void *state, long group, int worker)
{
    struct trainer *trainer = state;
    const struct course *course = trainer->course;
    int classes = trainer->classes;
    struct loss loss = {classes,
                        N16_LANES,
                        trainer->teacher ? (float)course->alpha : 0,
                        (float)course->temperature,
                        (float)course->label_smoothing,
                        1.0f / (float)course->batch};
    float *teacher = trainer->plain[worker];
    int32_t label[N16_LANES];

    if (trainer->target.data) {
        numbers_of_group(trainer, group, worker);
        return;
    }
    for (int lane = 0; lane < N16_LANES; lane++) {
        int64_t sample = sample_at(trainer, group, lane);
        label[lane] = (int32_t)dataset_label(trainer->data, sample);
        for (int c = 0; c < classes && trainer->teacher; c++)
            teacher[c * N16_LANES + lane] = trainer->teacher[sample * classes + c];
    }
    trainer->group_loss[group] = loss_f32(&loss, program_output(trainer->program, (int)group, 0),
                                          trainer->teacher ? teacher : NULL, label,
                                          program_output_grad(trainer->program, (int)group));
}

static enum status call_hooks(struct trainer *trainer, size_t which)
{
    for (int i = 0; i < trainer->hook_count; i++) {
        const struct train_hook *hook = &trainer->hook[i];
        enum status (*call)(void *, struct trainer *) = which == 0   ? hook->before_forward
                                                        : which == 1 ? hook->after_backward
                                                                     : hook->after_step;
        if (call)
            TRY(call(hook->self, trainer));
    }
    return OK;
}

// A fine-tuning part starts anew, from a peak of its own: without batch norm the rates that were
// fine before make training diverge.
static double learning_rate(const struct trainer *trainer)
{
    const struct course *course = trainer->course;
    double t = trainer_progress(trainer), from = trainer->fine_tune_from;

    if (from <= 0)
        return course->learning_rate * schedule_cosine(t, course->warmup, course->final_rate);
    return course->learning_rate * course->fine_tune_rate *
           schedule_cosine((t - from) / (1 - from), 0, 0.01);
}

static enum status run_step(struct trainer *trainer)
{
    struct context *context = trainer->context;
    const struct course *course = trainer->course;
    long groups = (long)(course->batch / N16_LANES);
    double rate = learning_rate(trainer), sum = 0;

    fill_batch(trainer, false);
    TRY(call_hooks(trainer, 0));
    program_set_seed(trainer->program, course->seed + (uint64_t)trainer->optimizer.step);
    TRY(program_forward(context, trainer->program));
    parallel_for(context->threads, groups, loss_of_group, trainer);
    for (long g = 0; g < groups; g++)
        sum += trainer->group_loss[g];
    if (!isfinite(sum))
        return context_fail(context, ERR_NUMERIC,
                            "training diverged in epoch %lld (the loss is not a number); try a "
                            "lower --learning-rate",
                            (long long)trainer->epoch + 1);
    trainer->loss_sum += sum;
    TRY(program_backward(context, trainer->program));
    TRY(call_hooks(trainer, 1));
    optimizer_step(context, &trainer->optimizer, trainer->program, trainer->kernels, rate);
    TRY(call_hooks(trainer, 2));
    program_refresh(context, trainer->program);
    return OK;
}

static void shuffle(struct trainer *trainer, uint64_t salt)
{
    struct random random = random_stream(trainer->course->seed, salt, (uint64_t)trainer->epoch);

    for (int64_t i = 0; i < trainer->data->count; i++)
        trainer->order[i] = (uint32_t)i;
    random_shuffle(&random, trainer->order, (uint64_t)trainer->data->count);
}

enum { SALT_EPOCH = 0x5EED, SALT_STATISTICS = 0x57A7 };

static double samples_of(const struct trainer *trainer, int64_t batches)
{
    return (double)batches * (double)trainer->course->batch;
}

void trainer_count_epochs(struct trainer *trainer, int64_t epochs)
{
    work_add(trainer->work, (double)epochs * samples_of(trainer, trainer->steps_per_epoch) *
                                trainer->rates.training);
}

enum status trainer_run_epoch(struct trainer *trainer)
{
    int64_t per_epoch = trainer->steps_per_epoch;

    shuffle(trainer, SALT_EPOCH);
    trainer->loss_sum = 0;
    for (trainer->step = 0; trainer->step < per_epoch; trainer->step++) {
        TRY(context_tick(trainer->context, "training",
                         (uint64_t)(trainer->epoch * per_epoch + trainer->step),
                         (uint64_t)(trainer->course->epochs * per_epoch)));
        TRY(run_step(trainer));
        trainer->loss =
            trainer->loss_sum / ((double)(trainer->step + 1) * (double)trainer->course->batch);
    }
    trainer->step = 0;
    trainer->epoch++;
    trainer_count_epochs(trainer, 1);
    return OK;
}

enum status trainer_estimate_statistics(struct trainer *trainer, int64_t batches)
{
    if (program_statistics_count(trainer->program) == 0)
        return OK;
    shuffle(trainer, SALT_STATISTICS);
    if (batches > trainer->steps_per_epoch)
        batches = trainer->steps_per_epoch;
    for (trainer->step = 0; trainer->step < batches; trainer->step++) {
        TRY(context_tick(trainer->context, "batch norm", (uint64_t)trainer->step,
                         (uint64_t)batches));
        program_set_statistics_rate(trainer->program, 1.0 / (double)(trainer->step + 1));
        fill_batch(trainer, true);
        TRY(program_forward(trainer->context, trainer->program));
    }
    program_set_statistics_rate(trainer->program, 0);
    trainer->step = 0;
    work_add(trainer->work, samples_of(trainer, batches) * trainer->rates.forward);
    return OK;
}

// ---- weights in and out -------------------------------------------------------------------------

static enum status store(struct context *context, struct graph *graph, struct value_id id,
                         const float *data, size_t count)
{
    struct tensor *tensor = &graph_value(graph, id)->tensor;

    TRY(tensor_make_private(context, tensor));
    memcpy(tensor_write(tensor), data, count * sizeof *data);
    return OK;
}

enum status trainer_store(struct trainer *trainer, struct graph *graph)
{
    for (int i = 0; i < program_parameter_count(trainer->program); i++) {
        const struct parameter *parameter = program_parameter(trainer->program, i);
        TRY(store(trainer->context, graph, parameter->value, parameter->data, parameter->count));
    }
    for (int i = 0; i < program_statistics_count(trainer->program); i++) {
        struct value_id id;
        size_t count;
        const float *data = program_statistics(trainer->program, i, &id, &count);
        TRY(store(trainer->context, graph, id, data, count));
    }
    return OK;
}

void trainer_use_average(struct trainer *trainer)
{
    for (int i = 0; i < program_parameter_count(trainer->program); i++) {
        struct parameter *parameter = program_parameter(trainer->program, i);
        const float *mask = trainer->optimizer.mask[i];
        if (!trainer->optimizer.average[i])
            continue;
        memcpy(parameter->data, trainer->optimizer.average[i], parameter->count * sizeof(float));
        for (size_t k = 0; k < parameter->count && mask; k++)
            parameter->data[k] *= mask[k];
    }
    program_refresh(trainer->context, trainer->program);
}
