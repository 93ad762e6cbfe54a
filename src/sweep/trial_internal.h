// Shared by the parts that run one trial.
#ifndef SWEEP_TRIAL_INTERNAL_H
#define SWEEP_TRIAL_INTERNAL_H

#include "sweep/run.h"

// A command whose result the cache keeps: model.onnx where it makes one, report.json where it
// tells, and result.json.
struct command {
    const struct chain_step *step;
    const char *name;  // for errors
    const char *input; // file, NULL: none
    const char *input_key;
    const char *data;     // of eval; NULL: the step makes a model
    const char *baseline; // of eval: file of outputs, under the key of its entry; NULL: none
    const char *baseline_key;
    bool saves_outputs; // of eval: the entry also has outputs.npz
    char key[SHA256_HEX_BYTES];
};

// What is known of a command that has run.
struct entry {
    const char *folder;
    bool is_cached;
    double seconds;
    char sha256[SHA256_HEX_BYTES]; // of the model
    struct json *report;           // NULL: none
};

// One trial being run.
struct trial_work {
    struct sweep *sweep;
    struct context *context;
    struct arena *arena;
    const struct sweep_trial *trial;
    struct entry *entry; // one a step
    struct json *search; // eval's report; NULL: none
    const char *key;     // of the last command begun, the judging of the baseline left out
    const char *error;   // why the trial failed; NULL: it did not
    bool is_busy;        // another process or thread is at one of the steps
};

// The command's entry out of the cache, where it is put first if it is not there: runs the command,
// unless another process or thread is at it (is_busy). A command that fails sets the work's error.
MUST_CHECK enum status step_take(struct trial_work *work, const struct command *command,
                                 struct entry *entry);
// Writes the trial's record: done, or failed where the work has an error.
MUST_CHECK enum status record_write(struct trial_work *work);

#endif
