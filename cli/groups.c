// Tables of the options that several commands share.
#include "cli/groups.h"

const struct field target_fields[] = {
    FIELD(struct target_options, out, NULL, 0, 0, "FILE|-: where to write the result"),
    FIELD(struct target_options, no_clobber, "no", 0, 0, "fail rather than replace a file"),
    FIELDS_END,
};

const struct field input_fields[] = {
    FIELD(struct input_options, external_data, NULL, 0, 0,
          "FOLDER: where external data lies (default: beside the model)"),
    FIELDS_END,
};

const struct field json_fields[] = {
    FIELD(struct json_options, json, NULL, 0, 0, "FILE|-: write the report as JSON"),
    FIELDS_END,
};

const struct field run_fields[] = {
    FIELD(struct run_options, batch, "0", 0, 1048576, "samples at a time; 0: as suits the machine"),
    FIELD(struct run_options, shape, NULL, 0, 0, "NAME=1,3,224,224: shape of an open input"),
    FIELD(struct run_options, set, NULL, 0, 0, "NAME=VALUE: value of a scalar input"),
    FIELD(struct run_options, output, NULL, 0, 0, "NAME: the output to judge (default: the first)"),
    FIELD(struct run_options, metric, NULL, 0, 0,
          "METRIC: top1, top5, balanced, auc, mse, mae, cosine, perplexity or exec:CMD "
          "(default: top1 for classes, perplexity for tokens, mse for other targets)"),
    FIELDS_END,
};

const struct field state_fields[] = {
    FIELD(struct state_options, state, NULL, 0, 0,
          "INPUT=OUTPUT: each step's OUTPUT is the next one's INPUT, zeros at first; samples are "
          "steps in order"),
    FIELD(struct state_options, state_reset, "0", 0, 1e15,
          "steps of a sequence, after which the state is zeros again (0: all are one sequence)"),
    FIELDS_END,
};

struct infer_options run_infer(const struct run_options *options)
{
    return (struct infer_options){
        .batch = options->batch, .shape = options->shape, .set = options->set};
}

const struct field source_fields[] = {
    FIELD(
        struct source_options, data, NULL, 0, 0,
        "SOURCE[@A:B]: fashion-mnist:train, images:FOLDER, idx:IMAGES,LABELS, csv:FILE,label=last, "
        "npy:X.npy,Y.npy ..."),
    FIELDS_END,
};

#define SELECTION_FIELDS                                                                           \
    FIELD(struct compress_options, only, NULL, 0, 0, "GLOB: touch only nodes with such a name"),   \
        FIELD(struct compress_options, exclude, NULL, 0, 0, "GLOB: leave such nodes alone"),       \
        FIELD(struct compress_options, layer, NULL, 0, 0,                                          \
              "GLOB=BITS|SPARSITY: another setting for such nodes")

const struct field selection_fields[] = {SELECTION_FIELDS, FIELDS_END};

const struct field compress_fields[] = {
    SELECTION_FIELDS,
    FIELD(struct compress_options, dry_run, "no", 0, 0, "tell what would be done, write nothing"),
    FIELD(struct compress_options, energy_ratio, NULL, 1, 1e9, "energy before / after to reach"),
    FIELD(struct compress_options, macs_ratio, NULL, 1, 1e9, "MACs before / after to reach"),
    FIELD(struct compress_options, bytes_ratio, NULL, 1, 1e9,
          "stored bytes before / after to reach"),
    FIELD(struct compress_options, max_energy, NULL, 0, 0, "JOULES: energy to stay below (40uJ)"),
    FIELD(struct compress_options, max_bytes, NULL, 0, 0, "BYTES: size to stay below (64KiB)"),
    FIELD(struct compress_options, max_drop, NULL, 0, 0,
          "LOSS: accuracy that may go, on --data (0.5%)"),
    FIELD(struct compress_options, device, NULL, 0, 0,
          "NAME: energy profile of the budget (default asic-45nm)"),
    FIELDS_END,
};

const struct field require_fields[] = {
    FIELD(struct require_options, require, NULL, 0, 0,
          "EXPR: 'KEY >= VALUE' that the report must hold; exit 3 if not"),
    FIELD(struct require_options, min, NULL, 0, 0, "KEY=VALUE: least value of a key of the report"),
    FIELD(struct require_options, max, NULL, 0, 0, "KEY=VALUE: largest value of such a key"),
    FIELD(struct require_options, margin, "0.5%", 0, 0,
          "LOSS: margin of non-inferiority to the baseline"),
    FIELDS_END,
};

const struct field ci_fields[] = {
    FIELD(struct ci_options, junit, NULL, 0, 0,
          "FILE|-: write the verdicts as JUnit XML, also when the run fails"),
    FIELD_CHOICE(struct ci_options, annotate, NULL, "github",
                 "tell verdicts, warnings and failure as GitHub's annotations, on stderr"),
    FIELDS_END,
};
