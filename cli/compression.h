// What prune and quantize share: the model in, a method on it (again and again where a budget is to
// be met), the model out, and what was done told as text and ecai/VERB/1.
#ifndef CLI_COMPRESSION_H
#define CLI_COMPRESSION_H

#include "base/report.h"
#include "cli/cost.h"
#include "cli/figures.h"
#include "cli/groups.h"
#include "cli/model_args.h"
#include "data/pictures.h"
#include "energy/estimate.h"
#include "measure/measure.h"
#include "pass/pass.h"
#include "pass/work.h"

struct compressor_options {
    struct compress_options compress;
    struct target_options target;
    struct input_options input;
    struct json_options json;
    struct source_options source;
    struct dataset_options dataset;
    struct preprocess_options preprocess;
    struct run_options run;
    struct cost_options cost;
};
// The rows of these groups for a command whose struct begins with a compressor_options.
#define COMPRESSOR_GROUPS                                                                          \
    {"compression", compress_fields, offsetof(struct compressor_options, compress)},               \
        {"output", target_fields, offsetof(struct compressor_options, target)},                    \
        {"report", json_fields, offsetof(struct compressor_options, json)},                        \
        {"data", source_fields, offsetof(struct compressor_options, source)},                      \
        {"data", dataset_fields, offsetof(struct compressor_options, dataset)},                    \
        {"preprocessing", preprocess_fields, offsetof(struct compressor_options, preprocess)},     \
        {"running", run_fields, offsetof(struct compressor_options, run)},                         \
        {"cost", cost_fields, offsetof(struct compressor_options, cost)},                          \
    {                                                                                              \
        "model", input_fields, offsetof(struct compressor_options, input)                          \
    }
extern const struct option_group compressor_groups[];

// Accuracy on the data of the command, where --max-drop asks for it.
struct accuracy_drop {
    bool is_measured; // before is known
    const char *metric;
    double before, after;
};

// One run of a compressor.
struct compression {
    struct invocation *invocation;
    const char *verb; // "prune"
    const struct compress_options *options;
    struct infer_options infer;
    struct selection selection;
    struct dataset *data;         // to calibrate with, NULL: none
    struct preprocess preprocess; // of the model, where data are
    enum isa isa;
    struct named_model model; // as read; distill: the teacher, if there is one
    struct graph *base;       // what the method starts from: integers as annotations
    // Of distill: see struct pass_run.
    const struct graph *teacher;
    const float *teacher_logits;
    int64_t teacher_classes;
    struct preprocess teacher_preprocess;
    const char *student_name; // for messages
    const char *checkpoint;
    bool is_trained;     // too long to be tried: budgets go by the forecast
    struct graph *graph; // what it made
    struct figures before, after;
    struct device device; // of budgets and of the energy that is told
    bool has_device;
    struct energy_ratio ratio; // before / after
    struct report report;
    struct cost_basis cost;
    struct meter *meter; // runs from the beginning, where the machine has one
    double measured;     // joules, once all is done; NaN: not measured
    struct work work;    // of everything that was run on the way, attempts included
    struct accuracy_drop drop;
    struct named_model written; // path NULL: nothing was written
    struct text warnings;
};

// The command prune or quantize, whole.
MUST_CHECK enum status compress_run(struct invocation *invocation, const char *verb);

// The parts, in the order of their use; distill has its own between them.
void compression_init(struct compression *compression, struct invocation *invocation,
                      const char *verb); // until compression_clear, warnings are kept
void compression_clear(struct compression *compression);
// Names the outputs, after all inputs are named, and looks whether they can be written.
MUST_CHECK enum status compression_check_outputs(struct compression *compression);
MUST_CHECK enum status compression_open_device(struct compression *compression);
// Data, unless there are none, and how base (of that name) reads them; other: as for
// preprocess_resolve.
MUST_CHECK enum status compression_open_data(struct compression *compression, const char *name,
                                             const struct graph *other);
MUST_CHECK enum status compression_write(struct compression *compression);
MUST_CHECK enum status compression_tell(struct compression *compression);

// Runs the method with the invocation's options on a fresh copy of base: graph, report, after and
// ratio are then new.
MUST_CHECK enum status compression_try(struct compression *compression);
// What the method will make of base, without running it: after and ratio alone.
MUST_CHECK enum status compression_forecast(struct compression *compression);
void compression_compare(struct compression *compression); // sets ratio from before and after
// Runs the method so that every budget on the line is met: ERR_NUMERIC "cannot be met" otherwise.
// For a method that trains, the options are set by the forecast alone and nothing is run.
MUST_CHECK enum status compression_meet_budget(struct compression *compression);
// After training: warns where the result misses a budget that the forecast met; ERR_NUMERIC where
// more accuracy is lost than --max-drop allows.
MUST_CHECK enum status compression_check_budget(struct compression *compression);

// Puts the name of the model that the error is about before it; returns status.
enum status compression_fail(const struct compression *compression, enum status status);

// --max-drop: ERR_USAGE without data, labels, a fitting metric or something to compare with.
MUST_CHECK enum status compression_check_drop(const struct compression *compression);
// Runs the model as read (distill: the teacher), once, and what the method made, as it will be
// written, over the data.
MUST_CHECK enum status compression_measure_drop(struct compression *compression);
void compression_tell_drop(struct compression *compression); // as a note, and to the report

// What this run cost so far, and when it is paid back.
struct cost compression_cost(const struct compression *compression);
// Joules of one inference, NaN without a device.
double compression_joules(const struct compression *compression, const struct figures *figures);

// What was done, per layer.
struct json *compression_json(const struct compression *compression);
void compression_table(const struct compression *compression, struct text *out);
void compression_summary(const struct compression *compression, struct text *out); // one line

#endif
