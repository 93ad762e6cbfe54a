// Pruning in the loop.
#include "train/prune_hook.h"

#include <math.h>

#include "train/schedule.h"

static double masked_share(const struct prune_hook *hook)
{
    size_t zeros = 0, count = 0;

    for (int t = 0; t < hook->count; t++)
        for (size_t i = 0; i < hook->target[t].count; i++, count++)
            zeros += hook->target[t].mask[i] == 0;
    return count ? (double)zeros / (double)count : 1;
}

static double own_sparsity(const struct prune_schedule *schedule, struct value_id value)
{
    return schedule->own ? schedule->own[value.at] : (double)NAN;
}

// Layers with a target of their own get there along the same curve.
static void scale_own(struct prune_hook *hook, struct trainer *trainer, double share)
{
    for (int t = 0; t < hook->count; t++) {
        const struct parameter *at = program_parameter(trainer->program, hook->parameter[t]);
        hook->target[t].sparsity = own_sparsity(&hook->schedule, at->value) * share;
    }
}

enum status prune_hook_init(struct prune_hook *hook, struct trainer *trainer,
                            const struct prune_schedule *schedule)
{
    int parameters = program_parameter_count(trainer->program);

    *hook = (struct prune_hook){.schedule = *schedule};
    hook->target = arena_array(trainer->arena, struct mask_target, (size_t)parameters + 1);
    hook->parameter = arena_array(trainer->arena, int, (size_t)parameters + 1);
    for (int i = 0; i < parameters; i++) {
        struct parameter *parameter = program_parameter(trainer->program, i);
        if (!parameter->is_matrix)
            continue;
        hook->parameter[hook->count] = i;
        hook->target[hook->count] =
            (struct mask_target){.weight = parameter->data,
                                 .count = parameter->count,
                                 .least_density = schedule->keep,
                                 .sparsity = own_sparsity(schedule, parameter->value),
                                 .mask = optimizer_mask(&trainer->optimizer, i)};
        if (!hook->target[hook->count++].mask)
            return context_fail(trainer->context, ERR_MEMORY, "no memory for the masks");
    }
    hook->reached = masked_share(hook);
    if (hook->count) {
        hook->target[0].least_density = schedule->keep_ends;
        hook->target[hook->count - 1].least_density = schedule->keep_ends;
    }
    return OK;
}

static void apply(struct prune_hook *hook, struct trainer *trainer)
{
    for (int t = 0; t < hook->count; t++) {
        float *data = program_parameter(trainer->program, hook->parameter[t])->data;
        for (size_t i = 0; i < hook->target[t].count; i++)
            if (hook->target[t].mask[i] == 0)
                data[i] = 0;
    }
}

static enum status after_step(void *self, struct trainer *trainer)
{
    struct prune_hook *hook = self;
    double updates = (double)trainer->course->epochs * (double)trainer->steps_per_epoch;
    double wanted =
        schedule_sparsity(trainer_progress(trainer) + 1 / updates, // this one is done
                          hook->schedule.begin, hook->schedule.end, hook->schedule.sparsity);
    int64_t step = trainer->optimizer.step;

    // Once the target is reached the masks stay: what is zero is not revived.
    if (wanted <= hook->reached ||
        (wanted < hook->schedule.sparsity && step % hook->schedule.interval))
        return OK;
    scale_own(hook, trainer, wanted / hook->schedule.sparsity);
    masks_by_magnitude(hook->target, hook->count, wanted, true);
    apply(hook, trainer);
    hook->reached = wanted;
    return OK;
}

enum status prune_hook_freeze(struct prune_hook *hook, struct trainer *trainer)
{
    for (int t = 0; t < hook->count; t++)
        for (size_t i = 0; i < hook->target[t].count; i++)
            hook->target[t].mask[i] = hook->target[t].weight[i] != 0;
    hook->reached = masked_share(hook); // the schedule may want more
    apply(hook, trainer);
    return OK;
}

struct train_hook prune_hook_train(struct prune_hook *hook)
{
    return (struct train_hook){.after_step = after_step, .self = hook};
}
