// The training loop: forward, loss, backward, update, over seeded and augmented batches. Hooks
// before and after a step bring pruning and whatever else runs in the loop.
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H

#include "base/text.h"
#include "data/batch.h"
#include "exec/program.h"
#include "pass/work.h"
#include "train/augment.h"
#include "train/optimizer.h"

struct trainer;

struct train_hook {
    // Any may be NULL. after_step sees the updated weights before they are packed.
    enum status (*before_forward)(void *self, struct trainer *);
    enum status (*after_backward)(void *self, struct trainer *);
    enum status (*after_step)(void *self, struct trainer *);
    void *self;
};

enum { TRAIN_HOOKS_MAX = 4 };

// The whole course, of which one trainer may run a part (phases: with and without batch norm).
struct course {
    int64_t epochs;            // of the whole
    int64_t batch;             // samples, a multiple of 16
    double learning_rate;      // peak
    double warmup, final_rate; // fractions (schedule_cosine)
    double fine_tune_rate;     // peak of a fine-tuning part, as a fraction of learning_rate
    double alpha, temperature, label_smoothing; // struct loss
    struct optimizer_options optimizer;
    struct augment augment;
    uint64_t seed;
};

struct trainer {
    struct context *context;
    const struct course *course;
    struct program *program;
    const struct kernels *kernels;
    struct optimizer optimizer;
    struct train_hook hook[TRAIN_HOOKS_MAX];
    int hook_count;
    int64_t epoch, step; // epoch: of the course; step: within the epoch
    int64_t steps_per_epoch;
    double fine_tune_from; // progress at which a fine-tuning part began; 0: none
    double loss;           // mean over the epoch so far
    double loss_sum;
    struct work *work; // where steps are counted, set after trainer_init; NULL: nowhere
    struct work_rates rates;
    // private
    const struct dataset *data;
    struct batch_input *input; // [input_count], as the graph's
    int input_count;
    struct batch_input target; // of numbers to predict; data NULL: classes or a teacher
    struct augment_image image;
    const float *teacher; // [samples][classes] logits, or NULL
    int classes;
    uint32_t *order;
    float **plain; // per worker: room for a group's samples and teacher's logits
    struct arena *arena;
    double *group_loss;
};

// graph: logits are its output 0 (no Softmax behind them), float inputs. preprocess as for
// batch_bind. teacher: logits of every sample of data, or NULL for plain training: cross entropy
// with the labels, or the squared error where the data have a target of numbers
// (trains_on_numbers). All of these must outlive the trainer.
MUST_CHECK enum status trainer_init(struct context *context, struct trainer *trainer,
                                    const struct graph *graph, const struct course *course,
                                    const struct dataset *data, const struct preprocess *preprocess,
                                    const float *teacher, enum isa isa);
void trainer_clear(struct trainer *trainer);
// Whether plain training on these data predicts numbers: no labels, but a float target.
bool trains_on_numbers(const struct dataset *data);
void trainer_add_hook(struct trainer *trainer, struct train_hook hook);

// One epoch (trainer->epoch, which it then raises). A last batch that is not full is left out.
MUST_CHECK enum status trainer_run_epoch(struct trainer *trainer);
// Counts epochs as trained: such as were, before a checkpoint that has been loaded.
void trainer_count_epochs(struct trainer *trainer, int64_t epochs);
// How far the course has come: 0 at the first step of epoch 0, 1 behind the last of all.
double trainer_progress(const struct trainer *trainer);

// Batch norm's statistics anew, as an average over `batches` clean batches with the present
// weights.
MUST_CHECK enum status trainer_estimate_statistics(struct trainer *trainer, int64_t batches);

// Copies weights and statistics into a graph with the same values as the trainer's (a clone of it).
MUST_CHECK enum status trainer_store(struct trainer *trainer, struct graph *graph);
// Takes the moving average, where there is one, as the weights from now on.
void trainer_use_average(struct trainer *trainer);

// checkpoint.c: all that a run needs to go on with the same bytes, at the end of an epoch. load:
// ERR_FORMAT if the bytes are not of a trainer of this shape.
void trainer_save(const struct trainer *trainer, struct text *out);
MUST_CHECK enum status trainer_load(struct trainer *trainer, const char **at, const char *end);

#endif
