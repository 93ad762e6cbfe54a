// ecai place: its document and its text.
#include "cli/place_report.h"

#include <math.h>
#include <string.h>

#include "cli/carbon.h"
#include "cli/fits.h"
#include "cli/json_common.h"
#include "cli/place_judge.h"
#include "cli/table.h"
#include "energy/energy_json.h"

static const char *place_name(enum place place)
{
    static const char *const names[] = {[PLACE_UNKNOWN] = NULL,
                                        [PLACE_CLOUD] = "cloud",
                                        [PLACE_EDGE] = "edge",
                                        [PLACE_TOO_CLOSE] = "too close to call"};

    return names[place];
}

static const char *from_name(struct spread break_even)
{
    static const char *const names[] = {[PLACE_FROM_UNKNOWN] = NULL,
                                        [PLACE_FROM_ANY] = "any",
                                        [PLACE_FROM_BYTES] = "bytes",
                                        [PLACE_FROM_NEVER] = "never"};

    return names[place_from(break_even.value)];
}

struct spread place_joules(const struct place_side *side)
{
    return (struct spread){side->energy.joules, side->energy.low, side->energy.high};
}

// ---- JSON ---------------------------------------------------------------------------------------

static void add_side(struct json *document, const struct place_side *side, struct arena *arena)
{
    struct json *block = json_add_object(document, side->role);

    json_add_model(block, "model", side->model, side->counts, NULL);
    json_add_text(block, "device", side->device.name);
    json_add_text(block, "basis", "estimated");
    json_add_number(block, "batch", side->energy.batch);
    json_add_number(block, "joules", side->energy.joules);
    json_add_interval(block, "interval", side->energy.low, side->energy.high);
    json_add_text(block, "reason", side->energy.reason);
    fits_whole_to_json(block, &side->energy, &side->device);
    energy_profile_to_json(json_add_object(block, "profile"), &side->device);
    json_add_number(block, side->factor_name, side->factor);
    json_add_text(block, arena_format(arena, "%s_from", side->factor_name), side->factor_from);
    grid_to_json(json_add_object(block, "grid"), &side->grid);
}

static void add_figure(struct json *network, const char *key, const struct network_figure *figure)
{
    struct json *block = json_add_object(network, key);

    json_add_number(block, "joules_per_byte", figure->joules.value);
    json_add_interval(block, "interval", figure->joules.low, figure->joules.high);
    json_add_text(block, "source", figure->source);
}

static void add_network(struct json *document, const struct place_report *report)
{
    const struct network *network = report->network;
    struct json *block = json_add_object(document, "network");

    json_add_text(block, "name", network->name);
    json_add_text(block, "summary", network->summary);
    json_add_int(block, "year", network->year);
    json_add_number(block, "request_bytes", report->request_bytes);
    json_add_number(block, "response_bytes", report->response_bytes);
    for (int i = 0; i < PLACE_BASES; i++)
        add_figure(block, place_basis_name[i], &network->figure[i]);
    add_figure(block, "radio", &network->radio);
    grid_to_json(json_add_object(block, "grid"), &report->network_grid);
}

static void add_times(struct json *block, const char *key, const struct place_answer *answer,
                      double times)
{
    struct json *both = json_add_object(block, key);

    amount_to_json(json_add_object(both, "cloud"), &answer->cloud, times);
    amount_to_json(json_add_object(both, "edge"), &answer->edge, times);
}

static void add_answer(struct json *document, const char *key, const struct place_answer *answer,
                       double per_day)
{
    const struct place_cost bytes = {answer->break_even_joules, answer->break_even_grams};
    struct json *block = json_add_object(document, key), *part;

    part = json_add_object(block, "cloud");
    amount_to_json(part, &answer->cloud, 1);
    amount_to_json(json_add_object(part, "computing"), &answer->computing, 1);
    amount_to_json(json_add_object(part, "network"), &answer->carrying, 1);
    amount_to_json(json_add_object(part, "radio"), &answer->radio, 1);
    amount_to_json(json_add_object(block, "edge"), &answer->edge, 1);
    part = json_add_object(block, "cheaper");
    json_add_text(part, "joules", place_name(answer->by_joules));
    json_add_text(part, "grams", place_name(answer->by_grams));
    // By joules and by grams, in bytes.
    amount_to_json(json_add_object(block, "break_even_bytes"), &bytes, 1);
    part = json_add_object(block, "edge_from");
    json_add_text(part, "joules", from_name(answer->break_even_joules));
    json_add_text(part, "grams", from_name(answer->break_even_grams));
    add_times(block, "per_day", answer, per_day);
    add_times(block, "per_year", answer, per_day * DAYS_A_YEAR);
}

static void add_assumptions(struct json *document, const struct place_report *report)
{
    struct json *list = json_add_array(document, "assumptions");

    for (int i = 0; i < report->assumption_count; i++)
        json_add_text(list, NULL, report->assumption[i]);
}

struct json *place_json(const struct place_report *report)
{
    struct json *document = json_object();

    json_add_text(document, "schema", "ecai/place/1");
    for (int i = 0; i < PLACE_SIDES; i++)
        add_side(document, &report->side[i], report->invocation->arena);
    add_network(document, report);
    json_add_number(document, "inferences_per_day", report->per_day);
    json_add_text(document, "reason", report->reason);
    for (int i = 0; i < PLACE_BASES; i++)
        add_answer(document, place_basis_name[i], &report->answer[i], report->per_day);
    add_assumptions(document, report);
    json_add_warnings(document, report->invocation);
    json_add_provenance(document, report->invocation);
    return document;
}

// ---- text ---------------------------------------------------------------------------------------

static void add_title(struct text *out, const char *title)
{
    text_format(out, "%-9s", title);
}

static void spread_text(struct spread spread, const char *unit, struct text *out)
{
    interval_text(spread.value, spread.low, spread.high, unit, out);
}

static void side_text(const struct place_side *side, struct text *out)
{
    add_title(out, side->role);
    text_add_escaped(out, side->model->name, strlen(side->model->name));
    text_format(out, " on %s%s, estimated: ", side->device.name, unverified_words(&side->device));
    spread_text(place_joules(side), "J", out);
    text_add(out, " an inference");
    if (side->energy.batch > 1)
        text_format(out, " in batches of %g", side->energy.batch);
    text_format(out, ", %s; %s %g (%s%s); ", side->device.scope,
                strcmp(side->factor_name, "pue") == 0 ? "PUE" : "charger efficiency", side->factor,
                side->factor_from, place_has_usual_charger(side) ? ", unverified" : "");
    grid_text(&side->grid, out);
    fits_summary(&side->energy, &side->device, out);
    text_add(out, "\n");
    if (side->energy.reason)
        text_add_line(out, "", side->energy.reason);
}

static void figure_text(const char *title, const struct network_figure *figure, struct text *out)
{
    add_title(out, "");
    text_format(out, "%-9s", title);
    spread_text(figure->joules, "J/B", out);
    text_format(out, ": %s\n", figure->source);
}

static void network_text(const struct place_report *report, struct text *out)
{
    const struct network *network = report->network;

    add_title(out, "network");
    text_format(out, "%s, %s: ", network->name, network->summary);
    text_add_number(out, report->request_bytes, "B there, ");
    text_add_number(out, report->response_bytes, "B back; ");
    grid_text(&report->network_grid, out);
    text_add(out, "\n");
    for (int i = 0; i < PLACE_BASES; i++)
        figure_text(place_basis_name[i], &network->figure[i], out);
    figure_text("radio", &network->radio, out);
}

// A row of the table: one of the spreads of an answer, in every basis.
struct place_row {
    const char *title;
    size_t spread; // its place in struct place_answer
    const char *unit;
    bool is_sum; // holds the network's part and the radio's
};

#define ROW(title, member, unit)                                                                   \
    {                                                                                              \
        title, offsetof(struct place_answer, member), unit, false                                  \
    }
#define SUM(title, member, unit)                                                                   \
    {                                                                                              \
        title, offsetof(struct place_answer, member), unit, true                                   \
    }

static const struct place_row joule_rows[] = {
    ROW("cloud: computing", computing.joules, "J"),
    ROW("cloud: network", carrying.joules, "J"),
    ROW("cloud: radio", radio.joules, "J"),
    SUM("cloud", cloud.joules, "J"),
    ROW("edge", edge.joules, "J"),
};
static const struct place_row gram_rows[] = {
    SUM("cloud", cloud.grams, "g CO2e"),
    ROW("edge", edge.grams, "g CO2e"),
};
static const struct place_row many_rows[] = {
    SUM("cloud", cloud.joules, "J"),
    ROW("edge", edge.joules, "J"),
    SUM("cloud", cloud.grams, "g CO2e"),
    ROW("edge", edge.grams, "g CO2e"),
};
enum {
    JOULE_ROWS = sizeof joule_rows / sizeof *joule_rows,
    GRAM_ROWS = sizeof gram_rows / sizeof *gram_rows,
    MANY_ROWS = sizeof many_rows / sizeof *many_rows
};

static struct spread spread_at(const struct place_answer *answer, const struct place_row *row)
{
    return *(const struct spread *)(const void *)((const char *)answer + row->spread);
}

static void add_cells(struct table *table, const struct place_report *report,
                      const struct place_row *row, double times)
{
    for (int i = 0; i < PLACE_BASES; i++) {
        struct text text;
        text_init(&text);
        spread_text(spread_times(spread_at(&report->answer[i], row), times), row->unit, &text);
        if (row->is_sum && report->answer[i].has_exact_part)
            text_add(&text, "*");
        table_add(table, text.at);
        text_clear(&text);
    }
}

static void add_rows(struct table *table, const struct place_report *report,
                     const struct place_row *rows, int count)
{
    for (int i = 0; i < count; i++) {
        table_add(table, rows[i].title);
        add_cells(table, report, &rows[i], 1);
    }
}

static void add_many(struct table *table, const struct place_report *report, const char *period,
                     double times)
{
    for (int i = 0; i < MANY_ROWS; i++) {
        table_format(table, "%s, %s", many_rows[i].title, period);
        add_cells(table, report, &many_rows[i], times);
    }
}

static void add_verdict(struct table *table, enum place place, struct spread cloud,
                        struct spread edge)
{
    const char *name = place_name(place);

    if (place == PLACE_CLOUD)
        table_format(table, "%s; edge %.3g times as much", name, edge.value / cloud.value);
    else if (place == PLACE_EDGE)
        table_format(table, "%s; cloud %.3g times as much", name, cloud.value / edge.value);
    else
        table_add(table, name ? name : "no verdict");
}

// Whole bytes, since no request has less; rounded up, to where the edge takes less.
static void bytes_text(double bytes, struct text *out)
{
    switch (place_from(bytes)) {
    case PLACE_FROM_UNKNOWN:
        text_add(out, "?");
        break;
    case PLACE_FROM_ANY:
        text_add(out, "any size");
        break;
    case PLACE_FROM_NEVER:
        text_add(out, "never");
        break;
    case PLACE_FROM_BYTES:
        text_add_number(out, ceil(bytes), "B");
        break;
    }
}

// With the interval, unless both of its ends say the same as the figure.
static void add_break_even(struct table *table, struct spread bytes, enum place place)
{
    struct text text, low, high;

    if (isnan(bytes.value)) {
        table_add(table, place == PLACE_TOO_CLOSE ? "the same at any size" : "?");
        return;
    }
    text_init(&text);
    text_init(&low);
    text_init(&high);
    bytes_text(bytes.value, &text);
    bytes_text(bytes.low, &low);
    bytes_text(bytes.high, &high);
    if (!isnan(bytes.low) && !isnan(bytes.high) && strcmp(low.at, high.at) != 0)
        text_format(&text, " (%s .. %s)", low.at, high.at);
    table_add(table, text.at);
    text_clear(&high);
    text_clear(&low);
    text_clear(&text);
}

static void add_table(const struct place_report *report, struct text *out)
{
    struct table table;

    table_init(&table, "lll");
    table_add(&table, "one request");
    for (int i = 0; i < PLACE_BASES; i++)
        table_format(&table, "by the network's %s figure", place_basis_name[i]);
    add_rows(&table, report, joule_rows, JOULE_ROWS);
    table_add(&table, "takes less energy");
    for (int i = 0; i < PLACE_BASES; i++)
        add_verdict(&table, report->answer[i].by_joules, report->answer[i].cloud.joules,
                    report->answer[i].edge.joules);
    table_add(&table, "edge takes less above");
    for (int i = 0; i < PLACE_BASES; i++)
        add_break_even(&table, report->answer[i].break_even_joules, report->answer[i].by_joules);
    add_rows(&table, report, gram_rows, GRAM_ROWS);
    table_add(&table, "emits less");
    for (int i = 0; i < PLACE_BASES; i++)
        add_verdict(&table, report->answer[i].by_grams, report->answer[i].cloud.grams,
                    report->answer[i].edge.grams);
    table_add(&table, "edge emits less above");
    for (int i = 0; i < PLACE_BASES; i++)
        add_break_even(&table, report->answer[i].break_even_grams, report->answer[i].by_grams);
    if (!isnan(report->per_day)) {
        add_many(&table, report, "a day", report->per_day);
        add_many(&table, report, "a year", report->per_day * DAYS_A_YEAR);
    }
    table_print(&table, out);
    table_clear(&table);
}

static void add_line(struct text *out, const char *title, const char *line)
{
    add_title(out, title);
    text_add_escaped(out, line, strlen(line));
    text_add(out, "\n");
}

static void add_notes(const struct place_report *report, struct text *out)
{
    bool has_mark = false;

    for (int i = 0; i < PLACE_BASES; i++)
        has_mark |=
            report->answer[i].has_exact_part && !isnan(report->answer[i].cloud.joules.value);
    if (report->reason)
        add_line(out, "verdict",
                 arena_format(report->invocation->arena, "none: %s", report->reason));
    if (has_mark)
        add_line(out, "*", "holds a part whose spread is not known, as if it were exact");
    for (int i = 0; i < report->assumption_count; i++)
        add_line(out, i ? "" : "assumed", report->assumption[i]);
}

void place_text(const struct place_report *report, struct text *out)
{
    for (int i = 0; i < PLACE_SIDES; i++)
        side_text(&report->side[i], out);
    network_text(report, out);
    text_add(out, "\n");
    add_table(report, out);
    text_add(out, "\n");
    add_notes(report, out);
}
