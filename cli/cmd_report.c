// ecai report: points of accuracy and energy as a page, a picture or a table.
#include <math.h>
#include <string.h>

#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/model_args.h"
#include "cli/report_view.h"
#include "io/file.h"

struct report_command_options {
    struct report_options own;
    struct target_options target;
};

// A group is a parameter that some trial has.
static enum status check_group(const struct report_view *view)
{
    const struct strings parameters = report_parameters(view);
    struct context *context = view->invocation->context;
    const char *group = view->options->group, *names = "";

    for (int64_t i = 0; i < parameters.count && group; i++) {
        names = arena_format(view->invocation->arena, "%s%s'%s'", names, i ? ", " : "",
                             parameters.at[i]);
        if (strcmp(parameters.at[i], group) == 0)
            return OK;
    }
    if (!group)
        return OK;
    return *names ? context_fail(context, ERR_USAGE,
                                 "'--group': no parameter '%s'; the trials have %s", group, names)
                  : context_fail(context, ERR_USAGE,
                                 "'--group %s': only trials of a sweep have parameters", group);
}

static enum status render(const struct report_view *view, const char *format, struct text *out)
{
    struct json *data;

    if (strcmp(format, "csv") == 0) {
        report_csv(view, out);
    } else if (strcmp(format, "markdown") == 0) {
        report_markdown(view, out);
    } else if (strcmp(format, "svg") == 0) {
        return report_svg(view, out);
    } else {
        data = report_data(view);
        if (strcmp(format, "json") == 0)
            json_print(data, true, out);
        else
            report_page(view, data, out);
        json_free(data);
    }
    return OK;
}

static enum status gather(struct report_view *view)
{
    struct invocation *invocation = view->invocation;

    for (int i = 0; i < invocation->operand_count; i++)
        TRY(report_read(view, invocation->operand[i]));
    TRY(report_settle(view));
    TRY(report_find_axis(view, "--x", view->options->x, &view->x));
    TRY(report_find_axis(view, "--y", view->options->y, &view->y));
    report_mark_front(view);
    return check_group(view);
}

static const struct field own_fields[] = {
    FIELD_CHOICE(struct report_options, format, NULL, "html|svg|csv|markdown|json",
                 "what to write (default: by the ending of OUT; html for one without)"),
    FIELD(struct report_options, title, NULL, 0, 0, "TEXT: the heading"),
    FIELD(struct report_options, device, NULL, 0, 0,
          "NAME: energy profile to show, of those that were evaluated (default: the first)"),
    FIELD_CHOICE(struct report_options, on, "search", "search|test",
                 "which evaluation of a sweep's trials is shown"),
    FIELD(struct report_options, x, "energy.joules", 0, 0,
          "KEY: across; a number of ecai/eval/1 or a trial's parameter"),
    FIELD(struct report_options, y, "accuracy.value", 0, 0, "KEY: up"),
    FIELD(struct report_options, log_x, "no", 0, 0, "logarithmic across"),
    FIELD(struct report_options, log_y, "no", 0, 0, "logarithmic up"),
    FIELDS_END,
};

static const struct field chart_fields[] = {
    FIELD_CHOICE(struct report_options, chart, "front", "front|layers|sparsity|curves",
                 "points over two axes; energy of layers; zeros and bits of layers; training"),
    FIELD(struct report_options, group, NULL, 0, 0,
          "NAME: a parameter whose values get colours and marks (prune.sparsity)"),
    FIELD_CHOICE(struct report_options, labels, "front", "front|all|none", "points with labels"),
    FIELD_CHOICE(struct report_options, intervals, "front", "front|all|none",
                 "points with intervals"),
    FIELD(struct report_options, note, "yes", 0, 0,
          "leave out what the figures rest on, in small letters at the foot"),
    FIELD(struct report_options, x_range, NULL, 0, 0,
          "LOW,HIGH: where the axis across begins and ends"),
    FIELD(struct report_options, y_range, NULL, 0, 0, "LOW,HIGH: the same up"),
    FIELD(struct report_options, point, NULL, 0, 0,
          "NUMBER|ID|LABEL: a point of layers, sparsity or curves (default: the chosen one, else "
          "all)"),
    FIELD(struct report_options, width, "0", 0, CHART_SIZE_MAX, "pixels, 96 an inch; 0: 560"),
    FIELD(struct report_options, height, "0", 0, CHART_SIZE_MAX, "pixels; 0: as suits the chart"),
    FIELDS_END,
};

static const struct field *const report_fields[] = {own_fields, chart_fields, NULL};

static enum status run(struct invocation *invocation)
{
    const struct report_command_options *options = invocation->options;
    const struct target_options *target = &options->target;
    const struct output_options output = {target->no_clobber};
    struct report_view view = {.invocation = invocation, .options = &options->own};
    struct context *context = invocation->context;
    const char *format;
    struct text text;
    enum status status;

    if (!target->out)
        return context_fail(context, ERR_USAGE, "'-o OUT' is needed");
    TRY(report_find_format(context, options->own.format, target->out, &format));
    TRY(report_check_options(&view, format, report_fields));
    TRY(gather(&view));
    TRY(streams_add_output(context, &invocation->streams, "-o", target->out, false));
    TRY(model_check_output(invocation, target->out, target->no_clobber));
    text_init(&text);
    status = render(&view, format, &text);
    if (status == OK) {
        status = output_file(context, target->out, &output, text.at, text.length);
        if (status != OK)
            context_fail_in(context, status, "%s", target->out);
    }
    text_clear(&text);
    return status;
}

static const struct option_group groups[] = {
    {"report", own_fields, offsetof(struct report_command_options, own)},
    {"svg", chart_fields, offsetof(struct report_command_options, own)},
    {"output", target_fields, offsetof(struct report_command_options, target)},
    {NULL, NULL, 0},
};

const struct command command_report = {
    .operands = "FOLDER|FILE.json... -o OUT",
    .details = "Shows a sweep's folder, or reports that 'ecai eval --json' wrote: as one page that "
               "needs no network, as a picture for a paper, or as a table. Points over different "
               "data, metrics, devices or profiles are refused, not mixed. Trials that failed or "
               "were dropped stand in tables, not in charts.",
    .examples = "  ecai report folder -o report.html\n"
                "  ecai report folder -o front.svg --log-x --group quantize.bits\n"
                "  ecai report a.json b.json -o layers.svg --chart layers\n"
                "  ecai report folder -o - --format markdown\n",
    .min_operands = 1,
    .max_operands = -1,
    .groups = groups,
    .option_bytes = sizeof(struct report_command_options),
    .run = run,
};
