// Optimizers.
#include "train/optimizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/parallel.h"

static float *array_alloc(size_t count)
{
    return calloc(count ? count : 1, sizeof(float));
}

enum status optimizer_init(struct context *context, struct optimizer *optimizer,
                           const struct optimizer_options *options, struct program *program)
{
    size_t count = (size_t)program_parameter_count(program);

    memset(optimizer, 0, sizeof *optimizer);
    optimizer->options = *options;
    optimizer->count = (int)count;
    optimizer->size = must_alloc(count * sizeof *optimizer->size);
    optimizer->mask = must_alloc(count * sizeof *optimizer->mask);
    for (int k = 0; k < 2; k++)
        optimizer->moment[k] = must_alloc(count * sizeof *optimizer->moment[k]);
    optimizer->average = must_alloc(count * sizeof *optimizer->average);
    for (int i = 0; i < optimizer->count; i++) {
        const struct parameter *parameter = program_parameter(program, i);
        bool ok = true;
        optimizer->size[i] = parameter->count;
        for (int k = 0; k < (options->kind == OPTIMIZER_ADAMW ? 2 : 1); k++)
            ok = ok && (optimizer->moment[k][i] = array_alloc(parameter->count));
        if (options->ema > 0 &&
            (ok = ok && (optimizer->average[i] = array_alloc(parameter->count))))
            memcpy(optimizer->average[i], parameter->data, parameter->count * sizeof(float));
        if (!ok)
            return context_fail(context, ERR_MEMORY, "no memory for the optimizer");
    }
    return OK;
}

void optimizer_clear(struct optimizer *optimizer)
{
    for (int i = 0; i < optimizer->count; i++) {
        free(optimizer->moment[0][i]);
        free(optimizer->moment[1][i]);
        free(optimizer->average[i]);
        free(optimizer->mask[i]);
    }
    free(optimizer->moment[0]);
    free(optimizer->moment[1]);
    free(optimizer->average);
    free(optimizer->mask);
    free(optimizer->size);
    memset(optimizer, 0, sizeof *optimizer);
}

float *optimizer_mask(struct optimizer *optimizer, int i)
{
    if (!optimizer->mask[i] && (optimizer->mask[i] = array_alloc(optimizer->size[i])))
        for (size_t k = 0; k < optimizer->size[i]; k++)
            optimizer->mask[i][k] = 1;
    return optimizer->mask[i];
}

struct update {
    struct optimizer *optimizer;
    struct program *program;
    const struct kernels *kernels;
    float learning_rate;
};

// The average follows slowly at first, when the weights still run (as in Polyak-style warm-up).
static float average_decay(const struct optimizer *optimizer)
{
    double step = (double)optimizer->step, warm = step / (step + 10);

    return (float)(warm < optimizer->options.ema ? warm : optimizer->options.ema);
}

static void update_parameter(void *state, long item, int worker)
{
    const struct update *update = state;
    struct optimizer *optimizer = update->optimizer;
    struct parameter *parameter = program_parameter(update->program, (int)item);
    float decay = parameter->is_matrix ? (float)optimizer->options.weight_decay : 0;
    const float *mask = optimizer->mask[item];

    (void)worker;
    if (optimizer->options.kind == OPTIMIZER_ADAMW) {
        struct adamw adamw = {update->learning_rate, 0.9f, 0.999f, 1e-8f, decay,
                              (int)optimizer->step};
        float *const moments[2] = {optimizer->moment[0][item], optimizer->moment[1][item]};
        update->kernels->adamw_f32(&adamw, parameter->count, parameter->data, parameter->grad,
                                   moments, mask);
    } else {
        struct sgd sgd = {update->learning_rate, (float)optimizer->options.momentum, decay, 1};
        update->kernels->sgd_f32(&sgd, parameter->count, parameter->data, parameter->grad,
                                 optimizer->moment[0][item], mask);
    }
    if (optimizer->average[item])
        update->kernels->ema_f32(parameter->count, average_decay(optimizer), parameter->data,
                                 optimizer->average[item]);
}

void optimizer_step(struct context *context, struct optimizer *optimizer, struct program *program,
                    const struct kernels *kernels, double learning_rate)
{
    struct update update = {optimizer, program, kernels, (float)learning_rate};

    optimizer->step++;
    parallel_for(context->threads, optimizer->count, update_parameter, &update);
}
