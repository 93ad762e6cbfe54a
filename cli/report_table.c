// Reports as tables: CSV with every figure, Markdown with those that people compare.
#include <math.h>
#include <string.h>

#include "cli/report_view.h"
#include "cli/table.h"

// clang-format off
static const char *const eval_columns[] = {
    "accuracy.metric", "accuracy.value", "accuracy.ci95.0", "accuracy.ci95.1",
    "baseline.difference", "baseline.difference_ci95.0", "baseline.difference_ci95.1",
    "energy.joules", "energy.interval.0", "energy.interval.1", "energy.device",
    "energy.profile.sha256", "model.bytes", "model.parameters", "model.nonzero", "model.macs",
    "model.macs_nonzero", "model.weight_bits", "model.activation_bits", "ratio.energy",
    "ratio.bytes", "ratio.parameters", "ratio.macs", "cost.joules", "cost.grams",
    "cost.inferences_to_pay_back", "timing.seconds", "data.name", "data.sha256", "model.file",
    "model.sha256", "energy.fits", "ratio.factors.bits", "ratio.factors.sparsity",
    "ratio.factors.architecture", "ratio.factors.memory", "ratio.factors.hardware",
};
static const char *const test_columns[] = {
    "accuracy.value", "accuracy.ci95.0", "accuracy.ci95.1", "data.name",
};
// clang-format on
enum {
    EVAL_COLUMNS = sizeof eval_columns / sizeof *eval_columns,
    TEST_COLUMNS = sizeof test_columns / sizeof *test_columns
};

// One cell and the comma before it.
static void add_cell(struct text *out, const char *words)
{
    if (out->length && out->at[out->length - 1] != '\n')
        text_add(out, ",");
    text_add_csv(out, words);
}

// Unknown is an empty cell.
static void add_value(const struct report_view *view, const struct json *value, struct text *out)
{
    struct text digits;

    if (!json_is_number(value)) {
        add_cell(out, report_words(view, value));
        return;
    }
    text_init(&digits);
    if (isfinite(json_number(value)))
        text_add_double(&digits, json_number(value));
    add_cell(out, digits.at);
    text_clear(&digits);
}

static const char *all_commands(const struct report_view *view, const struct report_point *point)
{
    const struct json *commands = json_at(point->trial, "commands");
    const char *own = json_text(json_at(point->eval, "provenance.command")), *all = "";

    for (size_t i = 0; i < json_count(commands); i++)
        all = arena_format(view->invocation->arena, "%s%s%s", all, i ? " && " : "",
                           report_words(view, json_child(commands, i)));
    return point->trial ? all : own ? own : "";
}

static void csv_head(const struct report_view *view, const struct strings *parameters,
                     struct text *out)
{
    static const char *const first[] = {"id", "label", "state", "front", "chosen", "selected_on"};

    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        add_cell(out, first[i]);
    for (int64_t i = 0; i < parameters->count; i++)
        add_cell(out, parameters->at[i]);
    for (int i = 0; i < EVAL_COLUMNS; i++)
        add_cell(out, eval_columns[i]);
    for (int i = 0; i < TEST_COLUMNS; i++)
        add_cell(out, arena_format(view->invocation->arena, "test.%s", test_columns[i]));
    add_cell(out, "error");
    add_cell(out, "commands");
    text_add(out, "\n");
}

void report_csv(const struct report_view *view, struct text *out)
{
    const struct strings parameters = report_parameters(view);

    csv_head(view, &parameters, out);
    for (int i = 0; i < view->count; i++) {
        const struct report_point *point = &view->point[i];
        add_cell(out, point->id);
        add_cell(out, point->label);
        add_cell(out, point->state);
        add_cell(out, point->is_front ? "true" : "false");
        add_cell(out, point->is_chosen ? "true" : "false");
        add_cell(out, point->trial && view->selected_on ? view->selected_on : "");
        for (int64_t j = 0; j < parameters.count; j++)
            add_value(view, report_parameter(point, parameters.at[j]), out);
        for (int j = 0; j < EVAL_COLUMNS; j++)
            add_value(view, json_at(point->eval, eval_columns[j]), out);
        for (int j = 0; j < TEST_COLUMNS; j++)
            add_value(view, json_at(point->test, test_columns[j]), out);
        add_cell(out, point->error ? point->error : "");
        add_cell(out, all_commands(view, point));
        text_add(out, "\n");
    }
}

static void add_accuracy(struct text *out, const struct json *eval, bool is_percent)
{
    double value = json_number(json_at(eval, "accuracy.value"));
    double low = json_number(json_at(eval, "accuracy.ci95.0"));
    double high = json_number(json_at(eval, "accuracy.ci95.1"));

    if (isnan(value))
        text_add(out, "?");
    else if (is_percent)
        text_add_percent(out, value);
    else
        text_format(out, "%.4g", value);
    if (!isnan(low) && !isnan(high))
        text_format(out, is_percent ? " [%.2f, %.2f]" : " [%.4g, %.4g]",
                    is_percent ? 100 * low : low, is_percent ? 100 * high : high);
}

// Unknown has no unit.
static void add_quantity(struct text *out, double number, const char *unit)
{
    text_add_number(out, number, isnan(number) ? "" : unit);
}

static void add_joules(struct text *out, const struct json *eval)
{
    double low = json_number(json_at(eval, "energy.interval.0"));
    double high = json_number(json_at(eval, "energy.interval.1"));

    add_quantity(out, json_number(json_at(eval, "energy.joules")), "J");
    if (!isnan(low) && !isnan(high)) {
        text_add(out, " [");
        text_add_number(out, low, "J, ");
        text_add_number(out, high, "J]");
    }
    if (json_number(json_at(eval, "energy.fits")) == 0)
        text_add(out, ", does not fit");
}

static void add_times(struct text *out, double ratio)
{
    if (isnan(ratio))
        text_add(out, "?");
    else
        text_format(out, "%.3gx", ratio);
}

static void add_cost(struct text *out, const struct json *eval)
{
    double joules = json_number(json_at(eval, "cost.joules"));
    double grams = json_number(json_at(eval, "cost.grams"));
    double inferences = json_number(json_at(eval, "cost.inferences_to_pay_back"));

    add_quantity(out, joules, "J");
    if (!isnan(grams)) {
        text_add(out, ", ");
        text_add_number(out, grams, "g");
    }
    if (joules > 0 && !isnan(inferences)) {
        text_add(out, ", paid back after ");
        text_add_number(out, inferences, " inferences");
    }
}

// What a table has to have columns for.
struct shown {
    bool is_percent, has_baseline, has_cost, has_test;
    bool has_accuracy_interval, has_energy_interval;
};

static struct shown what_is_shown(const struct report_view *view)
{
    struct shown shown = {.is_percent = false};
    struct report_axis accuracy;

    shown.is_percent = report_find_axis(view, "", "accuracy.value", &accuracy) == OK &&
                       strcmp(accuracy.unit, "%") == 0;
    for (int i = 0; i < view->count; i++) {
        const struct report_point *point = &view->point[i];
        shown.has_baseline |= json_is_number(json_at(point->eval, "ratio.bytes"));
        shown.has_cost |= json_is_number(json_at(point->eval, "cost.joules"));
        shown.has_accuracy_interval |= json_is_number(json_at(point->eval, "accuracy.ci95.0"));
        shown.has_energy_interval |= json_is_number(json_at(point->eval, "energy.interval.0"));
        shown.has_test |= point->test && point->test != point->eval;
    }
    return shown;
}

// A trial that came to nothing has no figures; that is no unknown figure.
static void add_empty(const struct shown *shown, struct text *out)
{
    int columns = 3 + shown->has_test + 2 * shown->has_baseline + shown->has_cost;

    for (int i = 0; i < columns; i++)
        text_add(out, i ? "| " : "");
    text_add(out, "|\n");
}

static void markdown_row(const struct report_point *point, const struct shown *shown,
                         struct text *out)
{
    bool is_done = strcmp(point->state, "done") == 0;

    text_format(out, "| %s%s%s | ",
                point->is_chosen  ? "**chosen**"
                : point->is_front ? "front"
                                  : "",
                !is_done && report_is_shown(point) ? ", " : "", is_done ? "" : point->state);
    text_add_markdown(out, point->label);
    text_add(out, " | ");
    if (!point->eval) {
        add_empty(shown, out);
        return;
    }
    add_accuracy(out, point->eval, shown->is_percent);
    if (shown->has_test) {
        text_add(out, " | ");
        if (point->test)
            add_accuracy(out, point->test, shown->is_percent);
    }
    text_add(out, " | ");
    add_joules(out, point->eval);
    text_add(out, " | ");
    add_quantity(out, json_number(json_at(point->eval, "model.bytes")), "B");
    if (shown->has_baseline) {
        text_add(out, " | ");
        add_times(out, json_number(json_at(point->eval, "ratio.energy")));
        text_add(out, " | ");
        add_times(out, json_number(json_at(point->eval, "ratio.bytes")));
    }
    if (shown->has_cost) {
        text_add(out, " | ");
        add_cost(out, point->eval);
    }
    text_add(out, " |\n");
}

static void markdown_head(const struct report_view *view, const struct shown *shown,
                          struct text *out)
{
    struct report_axis accuracy = {.title = "accuracy"};

    if (report_find_axis(view, "", "accuracy.value", &accuracy) != OK)
        accuracy.title = "accuracy";
    text_add(out, "| | model | ");
    text_add_markdown(out, accuracy.title);
    text_format(out, "%s |%s%s energy per inference%s | bytes |%s%s\n",
                shown->has_accuracy_interval ? " [95 %]" : "",
                shown->has_test ? " on test data" : "",
                !shown->has_test               ? ""
                : shown->has_accuracy_interval ? " [95 %] |"
                                               : " |",
                shown->has_energy_interval ? " [interval]" : "",
                shown->has_baseline ? " energy ratio | bytes ratio |" : "",
                shown->has_cost ? " compressing cost |" : "");
    text_format(out, "|---|---|---:|%s---:|---:|%s%s\n", shown->has_test ? "---:|" : "",
                shown->has_baseline ? "---:|---:|" : "", shown->has_cost ? "---:|" : "");
}

// Rows of one kind, in the order of the points.
enum row_kind { ROWS_CHOSEN, ROWS_FRONT, ROWS_REST, ROWS_APART, ROW_KINDS };

static enum row_kind kind_of(const struct report_point *point)
{
    return !report_is_shown(point) ? ROWS_APART
           : point->is_chosen      ? ROWS_CHOSEN
           : point->is_front       ? ROWS_FRONT
                                   : ROWS_REST;
}

static void markdown_errors(const struct report_view *view, struct text *out)
{
    bool is_first = true;

    for (int i = 0; i < view->count; i++) {
        const struct report_point *point = &view->point[i];
        if (!point->error)
            continue;
        text_format(out, "%s- %s: ", is_first ? "\n" : "", point->state);
        text_add_markdown(out, point->label);
        text_add(out, ": ");
        text_add_markdown(out, point->error);
        text_add(out, "\n");
        is_first = false;
    }
}

void report_markdown(const struct report_view *view, struct text *out)
{
    const struct shown shown = what_is_shown(view);

    text_add(out, "# ");
    text_add_markdown(out, report_title(view));
    text_add(out, "\n\n");
    text_add_markdown(out, report_note(view));
    text_add(out, "\n\n");
    markdown_head(view, &shown, out);
    for (int kind = 0; kind < ROW_KINDS; kind++)
        for (int i = 0; i < view->count; i++)
            if ((int)kind_of(&view->point[i]) == kind)
                markdown_row(&view->point[i], &shown, out);
    markdown_errors(view, out);
}
