// ecai diff BASELINE.json MODEL.json: what changed between two reports of ecai eval, and the
// verdict on requirements.
#include <string.h>

#include "cli/ci.h"
#include "cli/diff.h"
#include "cli/json_common.h"
#include "cli/shell.h"

struct diff_options {
    struct require_options require;
    struct ci_options ci;
    struct diff_own_options {
        const char *out, *format;
    } own;
};

static enum status check_streams(struct invocation *invocation, struct ci *ci)
{
    const struct diff_options *options = invocation->options;
    struct streams *streams = &invocation->streams;

    TRY(streams_add_input(invocation->context, streams, "BASELINE", invocation->operand[0]));
    TRY(streams_add_input(invocation->context, streams, "MODEL", invocation->operand[1]));
    TRY(streams_add_output(invocation->context, streams, "-o", options->own.out, false));
    TRY(model_check_output(invocation, options->own.out, false));
    return ci_check(invocation, ci);
}

// Keys of devices are known once the reports are read; all else is judged before.
static enum status parse_requirements(struct diff *diff, bool any_device)
{
    struct invocation *invocation = diff->invocation;
    const struct diff_options *options = invocation->options;
    const struct json *by_device = json_at(diff->model.report, "energy_by_device");
    size_t count = any_device ? 1 : json_count(by_device);
    const char **device = arena_array(invocation->arena, const char *, count + 1);

    for (size_t i = 0; i < count; i++)
        device[i] = any_device ? "*" : json_key(json_child(by_device, i));
    return gate_parse(invocation->context, invocation->arena, &options->require, device,
                      &diff->gate);
}

static enum status print(const struct diff *diff, const struct json *document)
{
    const struct diff_options *options = diff->invocation->options;
    struct context *context = diff->invocation->context;
    struct text text;
    enum status status;

    text_init(&text);
    if (strcmp(options->own.format, "json") == 0)
        json_print(document, true, &text);
    else if (strcmp(options->own.format, "markdown") == 0)
        diff_markdown(diff, document, &text);
    else
        diff_text(diff, document, &text);
    status = write_result(context, &text, options->own.out);
    text_clear(&text);
    if (status != OK || (is_dash(options->own.out) && strcmp(options->own.format, "json") != 0))
        return status;
    // The verdicts went elsewhere: they are told here too.
    text_init(&text);
    gate_text(&diff->gate, &text);
    if (text.length) {
        text.at[--text.length] = '\0';
        console_note(diff->invocation->console, text.at);
    }
    text_clear(&text);
    return OK;
}

static enum status tell(struct diff *diff, struct ci *ci)
{
    struct json *document = diff_json(diff);
    enum status verdict = gate_judge(diff->invocation, &diff->gate, document), status;

    gate_to_json(document, &diff->gate);
    json_add_warnings(document, diff->invocation);
    json_add_provenance(document, diff->invocation);
    ci->summary = diff_headline(diff->invocation->arena, document);
    status = print(diff, document);
    json_free(document);
    return status != OK ? status : verdict;
}

static enum status work(struct diff *diff, struct ci *ci)
{
    TRY(check_streams(diff->invocation, ci));
    TRY(parse_requirements(diff, true));
    TRY(diff_open(diff, diff->invocation->operand[0], &diff->baseline));
    TRY(diff_open(diff, diff->invocation->operand[1], &diff->model));
    TRY(diff_check(diff));
    TRY(parse_requirements(diff, false));
    TRY(diff_open_outputs(diff, &diff->baseline));
    TRY(diff_open_outputs(diff, &diff->model));
    diff_compare(diff);
    return tell(diff, ci);
}

static enum status run(struct invocation *invocation)
{
    const struct diff_options *options = invocation->options;
    struct diff diff = {.invocation = invocation};
    struct ci ci = {.options = &options->ci, .subject = invocation->operand[1]};
    struct text warnings;
    enum status status;

    text_init(&warnings);
    invocation->console->warnings = &warnings;
    status = work(&diff, &ci);
    status = ci_report(invocation, &ci, &diff.gate, status);
    diff_close(&diff.baseline);
    diff_close(&diff.model);
    invocation->console->warnings = NULL;
    text_clear(&warnings);
    return status;
}

static const struct field own_fields[] = {
    FIELD_CHOICE(struct diff_own_options, format, "text", "text|markdown|json", "how to tell it"),
    FIELD(struct diff_own_options, out, "-", 0, 0, "FILE|-: where to write it"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"difference", own_fields, offsetof(struct diff_options, own)},
    {"requirements", require_fields, offsetof(struct diff_options, require)},
    {"requirements", ci_fields, offsetof(struct diff_options, ci)},
    {NULL, NULL, 0},
};

const struct command command_diff = {
    .operands = "BASELINE.json MODEL.json",
    .details = "Both are reports that 'ecai eval --json' wrote on the same data, with the same "
               "metric and energy profile; what differs there is refused. Requirements have the "
               "keys of 'ecai eval --baseline': the second report is the model, the first its "
               "baseline. Where both were made with --save-outputs and the files are still there, "
               "the difference in accuracy is paired, sample by sample, which tells far smaller "
               "differences from chance.",
    .examples = "  ecai diff main.json branch.json\n"
                "  ecai diff main.json branch.json --min baseline.difference=-0.5% \\\n"
                "      --require 'ratio.energy >= 1'\n"
                "  ecai diff main.json branch.json --format markdown >>\"$GITHUB_STEP_SUMMARY\"\n",
    .min_operands = 2,
    .max_operands = 2,
    .groups = groups,
    .option_bytes = sizeof(struct diff_options),
    .run = run,
};
