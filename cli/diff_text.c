// Two reports compared, for people: one line, then a table. All of it is read from the document.
#include <math.h>
#include <string.h>

#include "cli/diff.h"
#include "cli/table.h"

static double number_at(const struct json *json, const char *path)
{
    return json_number(json_at(json, path));
}

static bool is_share(const struct json *document)
{
    const char *metric = json_text(json_at(document, "accuracy.metric"));

    return metric && (strcmp(metric, "top1") == 0 || strcmp(metric, "top5") == 0 ||
                      strcmp(metric, "balanced") == 0);
}

// As people write it: "top-1".
static const char *metric_title(struct arena *arena, const char *name)
{
    size_t length = strlen(name);

    if (length == 4 && strncmp(name, "top", 3) == 0)
        return arena_format(arena, "top-%s", name + 3);
    return name;
}

// "-12 %", and never "-100 %" of what is not nothing.
static void add_change(struct text *out, double change)
{
    int digits = 3;

    if (isnan(change)) {
        text_add(out, "unknown");
        return;
    }
    while (digits < 15 && change > -1 && 100 * change < -100 + 0.51 * pow(10, 2 - digits))
        digits++;
    if (change > 9.995)
        text_format(out, "%+.0f %%", 100 * change); // not in powers of ten
    else
        text_format(out, change == 0 ? "%.*g %%" : "%+.*g %%", digits, 100 * change);
}

static void add_difference(struct text *out, const struct json *document, const char *unit)
{
    double scale = is_share(document) ? 100 : 1;
    double value = scale * number_at(document, "baseline.difference");
    double low = scale * number_at(document, "baseline.difference_ci95.0");
    double high = scale * number_at(document, "baseline.difference_ci95.1");

    if (isnan(value)) {
        text_add(out, "unknown");
        return;
    }
    text_format(out, scale > 1 ? "%+.2f%s" : "%+.4g%s", value, scale > 1 ? unit : "");
    if (!isnan(low) && !isnan(high))
        text_format(out, scale > 1 ? " [%+.2f, %+.2f]" : " [%+.4g, %+.4g]", low, high);
}

// The change of the first row whose name begins so.
static double change_of(const struct json *document, const char *name)
{
    const struct json *changes = json_at(document, "changes");

    for (size_t i = 0; i < json_count(changes); i++) {
        const char *row = json_text(json_at(json_child(changes, i), "name"));
        if (row && strncmp(row, name, strlen(name)) == 0)
            return number_at(json_child(changes, i), "change");
    }
    return NAN;
}

const char *diff_headline(struct arena *arena, const struct json *document)
{
    const struct json *energy = json_at(document, "ratio.energy");
    const char *metric = json_text(json_at(document, "accuracy.metric")), *line;
    const char *title = metric ? metric_title(arena, metric) : "accuracy";
    struct text text;

    text_init(&text);
    text_add(&text, "energy ");
    add_change(&text, 1 / json_number(energy) - 1);
    text_add(&text, ", ");
    text_add_escaped(&text, title, strlen(title));
    text_add(&text, " ");
    add_difference(&text, document, "");
    text_add(&text, ", bytes ");
    add_change(&text, change_of(document, "bytes"));
    line = arena_copy_text(arena, text.at);
    text_clear(&text);
    return line;
}

static void add_cell(struct table *table, double number, const char *unit)
{
    if (isnan(number))
        table_add(table, "unknown");
    else
        table_add_number(table, number, unit);
}

static void add_accuracy_cell(struct table *table, double value, double scale)
{
    if (isnan(value))
        table_add(table, "unknown");
    else
        table_format(table, scale > 1 ? "%.2f %%" : "%.6g", scale * value);
}

static void add_accuracy_row(struct table *table, const struct json *document,
                             const struct json *row)
{
    double scale = is_share(document) ? 100 : 1;
    struct text text;

    table_format(table, "%s [95 %%]", metric_title(table->arena, json_text(json_at(row, "name"))));
    add_accuracy_cell(table, number_at(row, "baseline"), scale);
    add_accuracy_cell(table, number_at(row, "model"), scale);
    text_init(&text);
    add_difference(&text, document, " points");
    table_add(table, text.at);
    text_clear(&text);
}

static void add_row(struct table *table, const struct json *row)
{
    const char *unit = json_text(json_at(row, "unit"));
    struct text text;

    table_add(table, json_text(json_at(row, "name")));
    add_cell(table, number_at(row, "baseline"), unit ? unit : "");
    add_cell(table, number_at(row, "model"), unit ? unit : "");
    text_init(&text);
    add_change(&text, number_at(row, "change"));
    table_add(table, text.at);
    text_clear(&text);
}

static void fill_table(struct table *table, const struct json *document)
{
    static const char *const heads[] = {"", "baseline", "model", "change"};
    const struct json *changes = json_at(document, "changes");

    table_init(table, "lrrr");
    for (int i = 0; i < table->columns; i++)
        table_add(table, heads[i]);
    for (size_t i = 0; i < json_count(changes); i++)
        if (i == 0)
            add_accuracy_row(table, document, json_child(changes, i));
        else
            add_row(table, json_child(changes, i));
}

// How the difference was found, in words.
static void add_pairing(const struct diff *diff, struct text *out)
{
    const struct comparison *c = diff->difference.answers;

    if (diff->unpaired)
        text_format(out, "not paired: %s", diff->unpaired);
    if (c && diff->unpaired)
        text_add(out, "; ");
    if (c && !diff->unpaired)
        text_format(out, "paired, %lld samples, %lld lost, %lld gained, McNemar p = %.3g, ",
                    (long long)c->samples, (long long)c->lost, (long long)c->gained, c->mcnemar_p);
    if (c) {
        text_add(out, "agreement ");
        text_add_percent(out, c->agreement);
    }
}

static void add_no_loss(const struct diff *diff, struct text *out)
{
    text_format(out, "%s by a margin of %.4g points",
                diff->difference.non_inferior == VERDICT_HOLDS ? "yes" : "not shown",
                100 * diff->difference.margin);
}

// Whether both were timed alike; else their speeds say little.
static bool is_timed_alike(const struct diff *diff)
{
    static const char *const keys[] = {"timing.threads", "timing.isa", "timing.conv",
                                       "timing.tuned"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct json *a = json_at(diff->baseline.report, keys[i]);
        const struct json *b = json_at(diff->model.report, keys[i]);
        const char *text_a = json_text(a), *text_b = json_text(b);
        if (text_a && text_b
                ? strcmp(text_a, text_b) != 0
                : !(json_is_null(a) && json_is_null(b)) && json_number(a) != json_number(b))
            return false;
    }
    return true;
}

// One line: a title, and what follows it. The two forms differ in nothing else.
typedef void add_line_function(struct text *out, const char *title, const char *text);

static void add_markdown_line(struct text *out, const char *title, const char *text)
{
    text_format(out, "- %s: ", title);
    text_add_markdown(out, text);
    text_add(out, "\n");
}

// Devices that one of the two does not fit.
static void add_fits(const struct diff *diff, add_line_function *add_line, struct text *out)
{
    const struct diff_side *side[] = {&diff->baseline, &diff->model};

    for (int s = 0; s < 2; s++) {
        const struct json *devices = json_at(side[s]->report, "energy_by_device");
        for (size_t i = 0; i < json_count(devices); i++) {
            const struct json *energy = json_child(devices, i);
            const char *why = json_text(json_member(energy, "fits_reason"));
            if (json_is_bool(json_member(energy, "fits")) &&
                json_number(json_member(energy, "fits")) == 0)
                add_line(out, "does not fit",
                         arena_format(diff->invocation->arena, "%s: %s%s%s", json_key(energy),
                                      s ? "model" : "baseline", why ? ": " : "", why ? why : ""));
        }
    }
}

static void add_lines(const struct diff *diff, const struct json *document,
                      add_line_function *add_line, struct text *out)
{
    struct arena *arena = diff->invocation->arena;
    const char *data = json_text(json_at(document, "data.name"));
    const char *was = json_text(json_at(document, "baseline.file"));
    const char *is = json_text(json_at(document, "model.file"));
    struct text text;

    add_line(out, "baseline",
             arena_format(arena, "%s (%s)", was ? was : "unknown", diff->baseline.name));
    add_line(out, "model", arena_format(arena, "%s (%s)", is ? is : "unknown", diff->model.name));
    text_init(&text);
    text_add(&text, data ? data : "unknown");
    if (!isnan(number_at(document, "data.samples")))
        text_format(&text, ", %.0f samples", number_at(document, "data.samples"));
    add_line(out, "data", text.at);
    text_clear(&text);
    text_init(&text);
    add_pairing(diff, &text);
    add_line(out, "difference", text.at);
    text_clear(&text);
    text_init(&text);
    add_no_loss(diff, &text);
    if (diff->difference.non_inferior != VERDICT_UNKNOWN)
        add_line(out, "no loss", text.at);
    text_clear(&text);
    add_fits(diff, add_line, out);
    if (!is_timed_alike(diff))
        add_line(out, "time", "measured with other threads or other kernels: not to be compared");
}

void diff_text(const struct diff *diff, const struct json *document, struct text *out)
{
    struct table table;

    text_format(out, "%s\n\n", diff_headline(diff->invocation->arena, document));
    add_lines(diff, document, text_add_line, out);
    text_add(out, "\n");
    fill_table(&table, document);
    table_print(&table, out);
    table_clear(&table);
    if (diff->gate.count)
        text_add(out, "\n");
    gate_text(&diff->gate, out);
}

void diff_markdown(const struct diff *diff, const struct json *document, struct text *out)
{
    struct table table;

    text_add(out, "**");
    text_add_markdown(out, diff_headline(diff->invocation->arena, document));
    text_add(out, "**\n\n");
    fill_table(&table, document);
    table_print_markdown(&table, out);
    table_clear(&table);
    text_add(out, "\n");
    add_lines(diff, document, add_markdown_line, out);
    gate_each(&diff->gate, add_markdown_line, out);
}
