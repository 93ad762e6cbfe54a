// ecai place: its document and its text.
#include "cli/place_report.h"

#include <math.h>
#include <string.h>

#include "cli/carbon.h"
#include "cli/json_common.h"
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
    if (side->energy.fits == FITS_UNKNOWN)
        json_add_null(block, "fits");
    else
        json_add_bool(block, "fits", side->energy.fits == FITS);
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
    add_times(block, "per_day", answer, per_day);
    add_times(block, "per_year", answer, per_day * DAYS_A_YEAR);
}

// Whether the device's supply has a figure that nobody has looked up.
static bool has_usual_charger(const struct place_side *side)
{
    return strcmp(side->factor_name, "charger_efficiency") == 0 &&
           strcmp(side->factor_from, "default") == 0;
}

static void add_assumptions(struct json *document, const struct place_report *report)
{
    static const char *const assumptions[] = {
        "a figure without an interval (the network's marginal one, the radio's) adds nothing to "
        "the interval of a sum",
        "the radio's figure is that of sending, for both ways, without the seconds that it stays "
        "awake afterwards",
        "the grids' averages over the year; the hour is not known",
        "left out: making of devices and networks, waiting between requests, what decodes the "
        "request"};
    struct json *list = json_add_array(document, "assumptions");

    for (size_t i = 0; i < sizeof assumptions / sizeof assumptions[0]; i++)
        json_add_text(list, NULL, assumptions[i]);
    if (has_usual_charger(&report->side[PLACE_EDGE_SIDE]))
        json_add_text(list, NULL, "the charger's efficiency is that of a phone's, unverified");
}

struct json *place_json(const struct place_report *report)
{
    struct json *document = json_object();

    json_add_text(document, "schema", "ecai/place/1");
    for (int i = 0; i < PLACE_SIDES; i++)
        add_side(document, &report->side[i], report->invocation->arena);
    add_network(document, report);
    json_add_number(document, "inferences_per_day", report->per_day);
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
                side->factor_from, has_usual_charger(side) ? ", unverified" : "");
    grid_text(&side->grid, out);
    if (side->energy.fits == FITS_NOT)
        text_add(out, "; does not fit the device");
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
};

#define ROW(title, member, unit)                                                                   \
    {                                                                                              \
        title, offsetof(struct place_answer, member), unit                                         \
    }

static const struct place_row joule_rows[] = {
    ROW("cloud: computing", computing.joules, "J"),
    ROW("cloud: network", carrying.joules, "J"),
    ROW("cloud: radio", radio.joules, "J"),
    ROW("cloud", cloud.joules, "J"),
    ROW("edge", edge.joules, "J"),
};
static const struct place_row gram_rows[] = {
    ROW("cloud", cloud.grams, "g CO2e"),
    ROW("edge", edge.grams, "g CO2e"),
};
static const struct place_row many_rows[] = {
    ROW("cloud", cloud.joules, "J"),
    ROW("edge", edge.joules, "J"),
    ROW("cloud", cloud.grams, "g CO2e"),
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
        table_add(table, name ? name : "unknown");
}

static void add_break_even(struct table *table, struct spread bytes)
{
    if (isnan(bytes.value))
        table_add(table, "?");
    else if (bytes.value == 0)
        table_add(table, "edge at any size");
    else if (isinf(bytes.value))
        table_add(table, "cloud at any size");
    else
        table_add_number(table, bytes.value, "B");
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
        add_break_even(&table, report->answer[i].break_even_joules);
    add_rows(&table, report, gram_rows, GRAM_ROWS);
    table_add(&table, "emits less");
    for (int i = 0; i < PLACE_BASES; i++)
        add_verdict(&table, report->answer[i].by_grams, report->answer[i].cloud.grams,
                    report->answer[i].edge.grams);
    table_add(&table, "edge emits less above");
    for (int i = 0; i < PLACE_BASES; i++)
        add_break_even(&table, report->answer[i].break_even_grams);
    if (!isnan(report->per_day)) {
        add_many(&table, report, "a day", report->per_day);
        add_many(&table, report, "a year", report->per_day * DAYS_A_YEAR);
    }
    table_print(&table, out);
    table_clear(&table);
}

void place_text(const struct place_report *report, struct text *out)
{
    for (int i = 0; i < PLACE_SIDES; i++)
        side_text(&report->side[i], out);
    network_text(report, out);
    text_add(out, "\n");
    add_table(report, out);
}
