// What `ecai eval` found out, gathered by eval_run.c and told by json_eval.c and text_eval.c.
#ifndef CLI_EVAL_REPORT_H
#define CLI_EVAL_REPORT_H

#include "cli/carbon.h"
#include "cli/cost.h"
#include "cli/factors.h"
#include "cli/figures.h"
#include "cli/gate.h"
#include "cli/measured.h"
#include "cli/model_args.h"
#include "data/pictures.h"
#include "energy/estimate.h"
#include "eval/metrics.h"
#include "kernels/kernels.h"

// One model on the data, or outputs that were saved of one.
struct eval_subject {
    struct named_model file; // graph NULL: saved outputs stand for the model
    struct json *saved;      // their figures, NULL: none
    struct figures figures;
    struct preprocess preprocess;
    struct outputs outputs;
    const char *executor; // "float", "int8"
    double seconds;
    bool has_accuracy; // value and ci95 hold; `accuracy` only for labelled data
    double value;
    struct interval ci95;
    struct accuracy accuracy;
    struct class_accuracy *per_class; // [outputs.width], labelled data only
    struct energy *energy;            // one a device; NULL for saved outputs
    struct measured measured;         // by --measure
    const struct dataset *data;       // as this subject reads them
    struct dataset *decoded;          // data, where they are pictures of its own
};

// How far a model is from its baseline in accuracy.
struct difference {
    double value; // model - baseline
    struct interval ci95;
    const struct comparison *answers; // NULL: not compared sample by sample
    double margin;
    enum verdict non_inferior;
    bool is_paired; // value and ci95 are of the answers, sample by sample
};
// Adds the keys of "baseline" from "difference" on.
void difference_to_json(struct json *block, const struct difference *difference);

struct eval_report {
    struct invocation *invocation;
    const struct dataset *data; // pictures not decoded
    // What the last subject's pictures became, for the next one that reads them alike; NULL: none.
    const struct dataset *decoded;
    struct picture_plan plan;
    char data_sha256[SHA256_HEX_BYTES];
    enum metric metric;
    const char *command;                   // of --metric exec:CMD, in place of metric; NULL: none
    bool has_metric;                       // false: neither labels nor targets
    struct eval_subject *model, *baseline; // baseline NULL: none
    struct device *device;
    int device_count;
    struct device *baseline_device; // that the baseline runs on; NULL: the model's
    bool has_comparison;
    struct comparison comparison;
    double difference;
    struct interval difference_ci95;
    struct energy_ratio ratio; // baseline / model on device 0
    double ratio_bytes, ratio_parameters, ratio_macs;
    struct gate gate; // judged by eval_json of the report
    struct cost_basis cost;
    enum isa isa;
    const char *outputs;                   // file that --save-outputs wrote; NULL: none
    char outputs_sha256[SHA256_HEX_BYTES]; // "": not known, a stream
};

const char *eval_metric_name(const struct eval_report *report); // "top1", "exec:CMD"
bool eval_metric_is(const struct eval_report *report, enum metric metric);
// What is known of a subject by name, from its figures or from what was saved; NaN: nothing.
// "bytes", "parameters", "nonzero", "macs".
double eval_figure(const struct eval_subject *subject, const char *name);
// On that device; NaN: not known, or saved of another batch or profile.
double eval_joules(const struct eval_report *report, const struct eval_subject *subject,
                   int device);
// Of the baseline beside the model on that device: on its own, where it has one. Without layers;
// low and high are NaN of saved outputs.
struct energy eval_baseline_energy(const struct eval_report *report, int device);
// Why the baseline's saved joules on that device are not to be compared; NULL: they are, or there
// are none. From the arena.
const char *eval_saved_reason(const struct eval_report *report, const struct device *on);

// What the model's history cost beyond the baseline's; false: it has none.
bool eval_cost(const struct eval_report *report, struct cost *out);

// Grams of the model's inference on device 0.
struct carbon eval_carbon(const struct eval_report *report);

// ecai/eval/1; its requirements are empty until they are judged. The caller frees.
struct json *eval_json(const struct eval_report *report);

void eval_text(const struct eval_report *report, struct text *out);
// Energy of the baseline over the model's on one of the devices; all NaN without a baseline.
struct energy_ratio eval_ratio(const struct eval_report *report, int device);
// As the machine's counter read both, whatever the device.
struct measured_ratio eval_measured_ratio(const struct eval_report *report);
// The model beside its baseline, with the ratios' factors; nothing without a baseline.
void eval_comparison_table(const struct eval_report *report, struct text *out);
// One table for several models on the same data.
void eval_table(const struct eval_report *report, const struct eval_subject *subject, int count,
                struct text *out);
// The figures that go with saved outputs: a JSON text on the heap.
char *eval_saved_figures(const struct eval_report *report);

#endif
