// Gathers what `ecai eval` reports: reads models and data, runs, compares.
#ifndef CLI_EVAL_RUN_H
#define CLI_EVAL_RUN_H

#include "cli/eval_report.h"
#include "cli/groups.h"

struct eval_options {
    struct source_options source;
    struct dataset_options dataset;
    struct preprocess_options preprocess;
    struct run_options run;
    struct state_options state;
    struct input_options input;
    struct require_options require;
    struct ci_options ci;
    struct json_options json;
    struct cost_options cost;
    struct eval_own_options {
        const char *baseline, *baseline_device, *save_outputs;
        bool measure;
        int64_t energy_batch;
        struct strings device;
    } own;
};

// Reads the profiles of --device, asic-45nm without one. device and its count go to the report;
// clear them with eval_close_devices in any case.
MUST_CHECK enum status eval_open_devices(struct invocation *invocation, const struct strings *names,
                                         struct eval_report *report);
// The profile of --baseline-device; without one nothing happens. Closed with the others.
MUST_CHECK enum status eval_open_baseline_device(struct invocation *invocation, const char *name,
                                                 struct eval_report *report);
void eval_close_devices(struct eval_report *report);

// Reads a model, or saved outputs where may_be_saved allows it.
MUST_CHECK enum status eval_open_subject(struct invocation *invocation, const char *path,
                                         const char *external_data, bool may_be_saved,
                                         struct eval_subject *out);
void eval_close_subject(struct eval_subject *subject); // zeroed is fine

// Settles preprocessing (other: whose record may serve, NULL: none), runs the model over the data
// unless its outputs are there already, judges them, estimates the energy on every device.
MUST_CHECK enum status eval_subject_run(struct eval_report *report,
                                        const struct eval_options *options,
                                        const struct eval_subject *other,
                                        struct eval_subject *subject);

// The model against the baseline: fills the report's comparison, difference and ratios.
MUST_CHECK enum status eval_compare(struct eval_report *report);

#endif
