// ecai export FORMAT MODEL -o OUT: a model in another format, or as C source (OUT is a folder).
#include <string.h>

#include "cli/groups.h"
#include "cli/json_common.h"
#include "base/suggest.h"
#include "codegen/codegen.h"
#include "data/batch.h"
#include "data/pictures.h"
#include "io/model.h"

struct export_options {
    struct target_options target;
    struct json_options json;
    struct input_options input;
    struct run_options run;
    struct source_options source;
    struct dataset_options dataset;
    struct preprocess_options preprocess;
};

enum { SELF_TEST_SAMPLES = 4 };

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

// The first samples of --data as the model's input, for the self-test; *sample stays NULL without.
static enum status open_samples(struct invocation *invocation, const struct named_model *model,
                                struct codegen_options *how, struct dataset **data)
{
    const struct export_options *options = invocation->options;
    struct context *context = invocation->context;
    struct preprocess preprocess;
    struct batch_input input;
    float *sample;

    how->samples = SELF_TEST_SAMPLES;
    if (!options->source.data)
        return OK;
    TRY(dataset_open(context, options->source.data, &options->dataset, data));
    TRY(preprocess_resolve(context,
                           &(struct preprocess_request){.line = &options->preprocess,
                                                        .model = model->graph,
                                                        .model_name = model->name,
                                                        .data = *data},
                           invocation->arena, &preprocess));
    TRY(pictures_settle(context, &preprocess, model->graph, invocation->arena, data));
    if (model->graph->input_count != 1)
        return context_fail(context, ERR_UNSUPPORTED, "'--data' wants a model with one input");
    TRY(batch_bind_graph(context, *data, model->graph, NULL, &preprocess, invocation->arena,
                         &input));
    if (input.dtype != DT_F32)
        return context_fail(context, ERR_UNSUPPORTED, "'--data' wants a model with a float input");
    if (how->samples > (*data)->count)
        how->samples = (int)(*data)->count;
    sample = arena_array(invocation->arena, float, (size_t)(how->samples * input.count));
    for (int i = 0; i < how->samples; i++)
        batch_sample(&input, i, sample + i * input.count);
    how->sample = sample;
    return OK;
}

static enum status write_folder(struct invocation *invocation, const struct codegen *code,
                                struct json *files)
{
    const struct export_options *options = invocation->options;
    struct context *context = invocation->context;
    struct output_options how = {options->target.no_clobber};
    struct output_folder *folder;
    enum status status = OK;

    TRY(output_folder_open(context, options->target.out, &how, &folder));
    for (int i = 0; i < CODEGEN_FILES && status == OK; i++) {
        const struct codegen_file *file = &code->file[i];
        char sha256[SHA256_HEX_BYTES];
        struct sha256 hash;
        sha256_init(&hash);
        sha256_add(&hash, file->text.at, file->text.length);
        sha256_hex(&hash, sha256);
        add_file(files, file->name, (double)file->text.length, sha256);
        status = output_folder_add(context, folder, file->name, file->text.at, file->text.length);
    }
    if (status == OK)
        return output_folder_close(context, folder);
    output_folder_discard(folder);
    return status;
}

static enum status write_c(struct invocation *invocation, const struct named_model *model,
                           struct json *files)
{
    const struct export_options *options = invocation->options;
    struct context *context = invocation->context;
    struct codegen_options how = {.infer = run_infer(&options->run), .seed = context->seed};
    struct dataset *data = NULL;
    struct codegen code;
    enum status status;

    TRY(invocation_isa(invocation, &how.isa));
    memset(&code, 0, sizeof code);
    status = open_samples(invocation, model, &how, &data);
    if (status == OK)
        status = codegen_run(context, model->graph, &how, &code);
    if (status != OK)
        model_fail(context, model, status);
    if (status == OK && (status = write_folder(invocation, &code, files)) != OK)
        context_fail_in(context, status, "%s", options->target.out);
    if (status == OK)
        context_note(context, "%s: %lld bytes of constants, %lld bytes of buffers, %s",
                     options->target.out, (long long)code.weight_bytes, (long long)code.ram_bytes,
                     code.is_integer ? "integers" : "float");
    codegen_clear(&code);
    dataset_free(data);
    return status;
}

static enum status convert(struct invocation *invocation, struct named_model *model,
                           struct json *files)
{
    const struct export_options *options = invocation->options;
    struct named_model written;

    const struct infer_options infer = run_infer(&options->run);

    TRY(model_open_streamed(invocation, invocation->operand[1], options->input.external_data,
                            model));
    TRY(model_specialise(invocation, &infer, SPECIALISE_TO_WRITE, false, model));
    if (strcmp(invocation->operand[0], "c") == 0) {
        TRY(write_c(invocation, model, files));
        return options->json.json ? write_json(invocation, model, files) : OK;
    }
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
    TRY(json_check_output(invocation, options->json.json));
    invocation->console->carries_model = streams_carry_model(streams);
    if (is_c) {
        enum status status =
            output_folder_check(context, out, &(struct output_options){options->target.no_clobber});
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
    {"samples of the self-test", source_fields, offsetof(struct export_options, source)},
    {"samples of the self-test", dataset_fields, offsetof(struct export_options, dataset)},
    {"samples of the self-test", preprocess_fields, offsetof(struct export_options, preprocess)},
    {NULL, NULL, 0},
};

const struct command command_export = {
    .operands = "FORMAT MODEL -o OUT",
    .details =
        "Formats: onnx; packed (entropy-coded, reads back bit for bit); text_ir; c (OUT is a "
        "folder with model.h, model.c, model_weights.c: C99, static buffers, no malloc, "
        "with a self-test).",
    .examples = "  ecai export c small.onnx -o folder\n"
                "  cc -std=c99 -O2 folder/*.c -lm -o self-test && ./self-test\n"
                "  ecai export packed small.onnx -o small.packed\n",
    .min_operands = 2,
    .max_operands = 2,
    .groups = groups,
    .option_bytes = sizeof(struct export_options),
    .run = run,
};
