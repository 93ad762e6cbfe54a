// ecai export FORMAT MODEL -o OUT: a model in another format, or as C source (OUT is a folder).
#include <string.h>

#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/suggest.h"
#include "io/model.h"

struct export_options {
    struct target_options target;
    struct json_options json;
    struct input_options input;
    struct run_options run;
};

static enum status unknown_format(struct context *context, const char *name)
{
    struct suggestion suggestion;
    struct text text;

    suggestion_init(&suggestion, name);
    text_init(&text);
    text_format(&text, "unknown format '%s'", name);
    suggestion_offer(&suggestion, "c");
    for (int i = 0; format_at(i); i++)
        suggestion_offer(&suggestion, format_at(i)->name);
    suggestion_add(&suggestion, "", &text);
    text_add(&text, "\nformats of 'export':\n  c");
    for (int i = 0; format_at(i); i++)
        if (format_at(i)->write)
            text_format(&text, "\n  %s", format_at(i)->name);
    context_fail(context, ERR_USAGE, "%s", text.at);
    text_clear(&text);
    return ERR_USAGE;
}

static void add_file(struct json *files, const char *name, double bytes, const char *sha256)
{
    struct json *file = json_add_object(files, NULL);

    json_add_name(file, "file", name);
    json_add_count(file, "bytes", bytes);
    json_add_text(file, "sha256", sha256);
}

static enum status write_json(struct invocation *invocation, const struct named_model *model,
                              const struct json *files)
{
    const struct export_options *options = invocation->options;
    struct infer_options infer = run_infer(&options->run);
    struct figures figures;
    struct json *document;
    enum status status = figures_init(invocation->context, model->graph, &infer, false, &figures);

    if (status != OK)
        return model_fail(invocation->context, model, status);
    document = json_object();
    json_add_text(document, "schema", "ecai/export/1");
    json_add_model(document, "model", model, &figures.counts, NULL);
    json_add_text(document, "format", invocation->operand[0]);
    json_add(document, "files", json_copy(files));
    json_add_warnings(document, invocation);
    json_add_provenance(document, invocation);
    status = json_write(invocation, document, options->json.json);
    json_free(document);
    figures_clear(&figures);
    return status;
}

static enum status convert(struct invocation *invocation, struct named_model *model,
                           struct json *files)
{
    const struct export_options *options = invocation->options;
    struct named_model written;

    TRY(model_open(invocation, invocation->operand[1], options->input.external_data, model));
    TRY(model_save(invocation, model->graph, invocation->operand[0], options->target.out,
                   options->target.no_clobber, &written));
    context_note(invocation->context, "%s: %lld bytes -> %lld bytes", invocation->operand[0],
                 (long long)model->bytes, (long long)written.bytes);
    add_file(files, written.path, (double)written.bytes, written.sha256);
    return options->json.json ? write_json(invocation, model, files) : OK;
}

static enum status check_line(struct invocation *invocation)
{
    const struct export_options *options = invocation->options;
    struct context *context = invocation->context;
    struct streams *streams = &invocation->streams;
    const char *name = invocation->operand[0], *out = options->target.out;
    const struct format *format = format_find(name);
    bool is_c = strcmp(name, "c") == 0;

    if (!is_c && (!format || !format->write))
        return unknown_format(context, name);
    TRY(streams_add_input(context, streams, "MODEL", invocation->operand[1]));
    if (!out)
        return context_fail(context, ERR_USAGE, "'-o OUT' is needed");
    if (is_c && is_dash(out))
        return context_fail(context, ERR_USAGE, "'export c' writes a folder: '-o -' cannot be one");
    TRY(streams_add_output(context, streams, "-o", out, true));
    TRY(streams_add_output(context, streams, "--json", options->json.json, false));
    invocation->console->carries_model = streams_carry_model(streams);
    if (is_c) {
        enum status status = output_folder_check(
            context, out, &(struct output_options){options->target.no_clobber});
        return status == OK ? OK : context_fail_in(context, status, "%s", out);
    }
    return model_check_output(invocation, out, options->target.no_clobber);
}

static enum status run(struct invocation *invocation)
{
    struct named_model model = {0};
    struct json *files;
    enum status status;

    TRY(check_line(invocation));
    files = json_array();
    status = convert(invocation, &model, files);
    json_free(files);
    model_close(&model);
    return status;
}

static const struct option_group groups[] = {
    {"output", target_fields, offsetof(struct export_options, target)},
    {"report", json_fields, offsetof(struct export_options, json)},
    {"model", input_fields, offsetof(struct export_options, input)},
    {"running", run_fields, offsetof(struct export_options, run)},
    {NULL, NULL, 0},
};

const struct command command_export = {
    .operands = "FORMAT MODEL -o OUT",
    .details = "Formats: onnx; packed (entropy-coded, reads back bit for bit); text_ir; c (OUT is a "
               "folder with model.h, model.c, model_weights.c: C99, static buffers, no malloc, "
               "with a self-test).",
    .min_operands = 2,
    .max_operands = 2,
    .groups = groups,
    .option_bytes = sizeof(struct export_options),
    .run = run,
};
