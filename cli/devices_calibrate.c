// ecai devices calibrate: coefficients of a profile from measurements, or those of shipped profiles
// again from the tables that gave them.
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "cli/calibration_report.h"
#include "cli/devices.h"
#include "cli/json_common.h"
#include "cli/shell.h"
#include "energy/device.h"
#include "io/file.h"
#include "validate/calibration_profile.h"

const struct field calibrate_fields[] = {
    FIELD(struct calibrate_options, csv, NULL, 0, 0,
          "FILE: table of measurements; columns model (a file) and joules, or macs, bytes and the "
          "like and joules; all in SI units"),
    FIELD(struct calibrate_options, where, NULL, 0, 0,
          "COLUMN=VALUE: only such rows; of several values of one column, any"),
    FIELD(struct calibrate_options, terms, NULL, 0, 0,
          "T,...: what joules are a sum of: fixed, macs, depthwise_macs, weight_bytes, bytes "
          "(default: fixed,macs,bytes; with depthwise_macs for int8)"),
    FIELD(struct calibrate_options, target, NULL, 0, 0,
          "COLUMN|N:COLUMN: joules of an inference, of N in one call (default: joules)"),
    FIELD(struct calibrate_options, all, "no", 0, 0, "every shipped profile that has a table"),
    FIELD(struct calibrate_options, in_sample, "no", 0, 0,
          "take fewer than 12 networks, and call the result a fit"),
    FIELD(struct calibrate_options, device, NULL, 0, 0,
          "BASE: profile that gives kind, scope and whatever measurements do not tell; the new one "
          "lists that as unverified"),
    FIELD_CHOICE(struct calibrate_options, precision, NULL, "float32|float16|int8",
                 "of the networks, where the table has no such column"),
    FIELD(struct calibrate_options, name, NULL, 0, 0, "of the new profile (default: the table's)"),
    FIELD(struct calibrate_options, summary, NULL, 0, 0, "what the device is, in a line"),
    FIELD(struct calibrate_options, scope, NULL, 0, 0, "what was measured: \"board at the wall\""),
    FIELD_CHOICE(struct calibrate_options, boundary, NULL, "datapath|chip|board|wall",
                 "where it was measured"),
    FIELD(struct calibrate_options, runtime, NULL, 0, 0, "what ran the networks"),
    FIELD(struct calibrate_options, out, NULL, 0, 0, "OUT.json: write the profile"),
    FIELD(struct calibrate_options, no_clobber, "no", 0, 0, "fail if OUT exists"),
    FIELDS_END,
};

// One run with --csv.
struct work {
    struct invocation *invocation;
    const struct calibrate_options *options;
    struct csv_table table;
    struct device base; // arena NULL: none
    struct calibration calibration[PRECISION_COUNT];
    int count;
    struct calibration_words words;
};

static struct strings split_terms(struct arena *arena, const char *text)
{
    struct strings out = {0, NULL};
    const char **at = arena_array(arena, const char *, strlen(text) + 1);

    out.at = at;
    for (;;) {
        size_t length = strcspn(text, ",");
        at[out.count++] = arena_copy_bytes(arena, text, length);
        if (text[length] == '\0')
            return out;
        text += length + 1;
    }
}

// ---- what it is called -------------------------------------------------------------------------

static enum status name_profile(struct work *work)
{
    const struct calibrate_options *options = work->options;
    const char *name = options->name;

    if (!name) {
        const char *path = options->out && !is_dash(options->out) ? options->out : options->csv;
        const char *slash = strrchr(path, '/'), *dot;
        path = slash ? slash + 1 : path;
        dot = strrchr(path, '.');
        name = arena_copy_bytes(work->invocation->arena, path,
                                dot && dot != path ? (size_t)(dot - path) : strlen(path));
    }
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            return context_fail(work->invocation->context, ERR_USAGE,
                                "a profile's name is letters, digits and '.', '_', '-', not '%s'; "
                                "'--name' gives another",
                                name);
    if (*name == '\0' || *name == '.')
        return context_fail(work->invocation->context, ERR_USAGE, "'--name' wants a name");
    work->words = (struct calibration_words){name, options->summary, options->scope,
                                             options->boundary, options->runtime};
    return OK;
}

// ---- fitting -----------------------------------------------------------------------------------

static const char *kind_of(const struct work *work)
{
    return work->base.arena ? json_text(json_at(work->base.json, "kind")) : "calibrated";
}

static enum status choose_precisions(struct work *work, const char *kind, struct strings *out)
{
    const struct calibrate_options *options = work->options;
    struct context *context = work->invocation->context;
    const char **one = arena_array(work->invocation->arena, const char *, 1);

    *out = (struct strings){1, one};
    one[0] = options->precision;
    if (strcmp(kind, "calibrated") != 0)
        return OK;
    if (!options->precision)
        TRY(calibration_precisions(context, work->invocation->arena, &work->table, &options->where,
                                   out));
    if (out->count == 0) {
        // No row is taken: let the fit say so.
        *out = (struct strings){1, one};
        one[0] = precision_name[0];
    }
    if (out->at[0][0] == '\0')
        return context_fail(context, ERR_USAGE,
                            "'%s' has no column 'precision': '--precision' tells it",
                            work->table.path);
    return OK;
}

static enum status fit(struct work *work)
{
    const struct calibrate_options *options = work->options;
    struct context *context = work->invocation->context;
    struct strings precisions;

    TRY(choose_precisions(work, kind_of(work), &precisions));
    for (int64_t i = 0; i < precisions.count; i++) {
        struct calibration_request request = {.kind = kind_of(work),
                                              .precision = precisions.at[i],
                                              .target = options->target,
                                              .where = options->where,
                                              .in_sample = options->in_sample};
        if (options->terms)
            request.terms = split_terms(work->invocation->arena, options->terms);
        work->count++;
        TRY(calibration_fit(context, &work->table, &request, &work->calibration[i]));
        calibration_warn(context, &work->calibration[i]);
    }
    if (work->base.arena)
        calibration_warn_base(context, work->calibration, work->base.json);
    return OK;
}

// ---- writing -----------------------------------------------------------------------------------

static enum status write_profile(struct work *work, const struct json *profile)
{
    const struct output_options output = {work->options->no_clobber};
    struct context *context = work->invocation->context;
    const char *path = work->options->out;
    struct text text;
    enum status status;

    text_init(&text);
    json_print(profile, true, &text);
    status = output_file(context, path, &output, text.at, text.length);
    text_clear(&text);
    return status == OK ? OK : context_fail_in(context, status, "'%s'", path);
}

static enum status write_all(struct work *work)
{
    struct invocation *invocation = work->invocation;
    const struct devices_options *options = invocation->options;
    struct json *profile = calibration_profile(work->base.arena ? work->base.json : NULL,
                                               work->calibration, work->count, &work->words);
    struct json *document;
    struct text text;
    enum status status = OK;

    if (work->options->out)
        status = write_profile(work, profile);
    if (status == OK && options->json.json) {
        document = calibration_report(invocation, work->calibration, work->count, profile);
        status = json_write(invocation, document, options->json.json);
        json_free(document);
    }
    if (status == OK && !streams_use_stdout(&invocation->streams)) {
        text_init(&text);
        calibration_text(work->calibration, work->count, &text);
        status = print_result(invocation->context, &text);
        text_clear(&text);
    }
    json_free(profile);
    return status;
}

static enum status check_streams(struct work *work)
{
    const struct devices_options *options = work->invocation->options;
    struct invocation *invocation = work->invocation;

    TRY(streams_add_input(invocation->context, &invocation->streams, "--csv", work->options->csv));
    TRY(streams_add_output(invocation->context, &invocation->streams, "-o", work->options->out,
                           false));
    if (work->options->out)
        TRY(model_check_output(invocation, work->options->out, work->options->no_clobber));
    return json_check_output(invocation, options->json.json);
}

static enum status calibrate(struct work *work)
{
    struct context *context = work->invocation->context;

    TRY(check_streams(work));
    TRY(name_profile(work));
    if (work->options->device)
        TRY(device_read(context, work->options->device, &work->base));
    TRY(csv_table_read(context, work->options->csv, &work->table));
    invocation_add_input(work->invocation, work->table.path, work->table.sha256);
    TRY(calibration_models(work->invocation, &work->table));
    TRY(fit(work));
    return write_all(work);
}

static enum status run(struct invocation *invocation, int operand_count, const char *const *operand)
{
    const struct devices_options *options = invocation->options;
    struct work work = {.invocation = invocation, .options = &options->calibrate};
    enum status status;

    if (!options->calibrate.csv && (operand_count || options->calibrate.all))
        return calibration_rebuild(invocation, operand_count, operand);
    if (!options->calibrate.csv)
        return context_fail(invocation->context, ERR_USAGE,
                            "'devices calibrate' wants '--csv FILE', or a NAME or '--all'");
    if (operand_count || options->calibrate.all)
        return context_fail(invocation->context, ERR_USAGE,
                            "'--csv' makes a profile, and '%s' is rebuilt from its own table",
                            operand_count ? operand[0] : "--all");
    status = calibrate(&work);
    for (int i = 0; i < work.count; i++)
        calibration_clear(&work.calibration[i]);
    csv_table_clear(&work.table);
    device_clear(&work.base);
    return status;
}

const struct devices_verb devices_verb_calibrate = {
    .name = "calibrate",
    .operands = "--csv FILE|NAME...|--all",
    .max_operands = -1,
    .fields = calibrate_fields,
    .offset = offsetof(struct devices_options, calibrate),
    .takes_json = true,
    .run = run,
};
