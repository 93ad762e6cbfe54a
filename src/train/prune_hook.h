// Pruning in the loop: masks by magnitude along a schedule of growing sparsity.
#ifndef TRAIN_PRUNE_HOOK_H
#define TRAIN_PRUNE_HOOK_H

#include "train/masks.h"
#include "train/train.h"

struct prune_schedule {
    double sparsity;   // of all weight matrices together, at the end
    double begin, end; // of the course: cubic in between (Zhu and Gupta 2018)
    int64_t interval;  // updates between two looks at the masks
    double keep;       // least density of a matrix
    double keep_ends;  // of the first and the last one
    // Per value of the graph, a sparsity of its own (0: left alone), NaN: as all. NULL: none has.
    const double *own;
};

struct prune_hook {
    struct prune_schedule schedule;
    struct mask_target *target;
    int *parameter; // of each target
    int count;
    double reached; // sparsity that the masks have now
};

// Over the weight matrices of the trainer's program; arrays belong to the trainer's arena.
MUST_CHECK enum status prune_hook_init(struct prune_hook *hook, struct trainer *trainer,
                                       const struct prune_schedule *schedule);
// Masks what is zero now and keeps it so (after a phase that pruned).
MUST_CHECK enum status prune_hook_freeze(struct prune_hook *hook, struct trainer *trainer);
struct train_hook prune_hook_train(struct prune_hook *hook);

#endif
