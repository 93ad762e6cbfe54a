// Options that several commands share, each group a struct and its table.
#ifndef CLI_GROUPS_H
#define CLI_GROUPS_H

#include "base/field.h"
#include "exec/infer.h"

// Where a model goes.
struct target_options {
    const char *out;
    bool no_clobber;
};
extern const struct field target_fields[];

// How a model is read.
struct input_options {
    const char *external_data;
};
extern const struct field input_fields[];

struct json_options {
    const char *json;
};
extern const struct field json_fields[];

// What runs a model.
struct run_options {
    int64_t batch; // 0: the command's own choice
    struct strings shape, set;
    const char *output, *metric;
};
extern const struct field run_fields[];
struct infer_options run_infer(const struct run_options *options);

// A state that goes from step to step.
struct state_options {
    struct strings state;
    int64_t state_reset;
};
extern const struct field state_fields[];

// Which data: the source; --samples is data/dataset.h's and preprocessing data/preprocess.h's.
struct source_options {
    const char *data;
};
extern const struct field source_fields[];

// What every compressor takes.
struct compress_options {
    struct strings only, exclude, layer;
    bool dry_run;
    double energy_ratio, macs_ratio, bytes_ratio; // NaN: not given
    const char *max_energy, *max_bytes, *max_drop;
    struct strings device;
};
extern const struct field compress_fields[];
extern const struct field selection_fields[]; // those of them that change the result

struct require_options {
    struct strings require, min, max;
    const char *margin;
};
extern const struct field require_fields[];

// How a CI hears of the verdicts.
struct ci_options {
    const char *junit, *annotate;
};
extern const struct field ci_fields[];

#endif
