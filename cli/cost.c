// What compressing cost: the options, and what a history tells.
#include "cli/cost.h"

#include <math.h>
#include <string.h>

#include "base/suggest.h"
#include "cli/table.h"

#define HOST_PRESET "cpu-server-x86"

const struct field cost_fields[] = {
    FIELD(struct cost_options, host_device, NULL, 0, 0,
          "NAME: energy profile of the computer that compresses, one whose multiply-accumulates "
          "hold all that it draws (default " HOST_PRESET ")"),
    FIELD(struct cost_options, grid, NULL, 0, 0,
          "COUNTRY|gCO2/kWh: electricity that it runs on, such as DE, france or 56 (default: the "
          "world's average)"),
    FIELD(
        struct cost_options, pue, NULL, 1, PUE_MAX,
        "F: energy that the data centre draws for each joule of its computers, in grams (default: "
        "1 for cost, one's own machine; for eval's carbon the profile's, else 1)"),
    FIELD(struct cost_options, inferences_per_day, NULL, 1, 1e15,
          "N: so often it runs, for grams of a day and a year and the days until it is paid back"),
    FIELDS_END,
};

// A code of a country is one or two letters from many another: only what begins alike is offered.
static void offer(struct suggestion *suggestion, const char *name)
{
    size_t typed = strlen(suggestion->typed);

    if (typed > 3 || (typed == 3 && strncmp(suggestion->typed, name, typed) == 0))
        suggestion_offer(suggestion, name);
}

static enum status unknown_grid(struct context *context, const char *option, const char *name)
{
    struct suggestion suggestion;
    const struct grid *grid;
    struct text text;
    enum status status;

    suggestion_init(&suggestion, name);
    for (int i = 0; (grid = grid_at(i)) != NULL; i++) {
        offer(&suggestion, grid->code);
        offer(&suggestion, grid->name);
    }
    text_init(&text);
    suggestion_add(&suggestion, "", &text);
    status = context_fail(
        context, ERR_USAGE,
        "'--%s': no figure for '%s'%s; it takes a country's code or name such as DE, a "
        "cloud's region such as gcp-us-west1, or grams of CO2 for a "
        "kilowatt-hour such as 381",
        option, name, text.at);
    text_clear(&text);
    return status;
}

enum status grid_open(struct context *context, const char *option, const char *text,
                      struct grid *out)
{
    const struct grid *known = text ? grid_find(text) : grid_at(0);
    enum status status;

    if (known) {
        *out = *known;
        return OK;
    }
    if (!strchr("0123456789.-+", *text))
        return unknown_grid(context, option, text);
    status = grid_parse(context, text, out);
    return status == OK ? OK : context_fail_in(context, status, "'--%s'", option);
}

enum status cost_open(struct context *context, const struct cost_options *options,
                      struct cost_basis *basis)
{
    enum status status;

    *basis = (struct cost_basis){.has_host = false};
    basis->pue = options->pue;
    basis->per_day = options->inferences_per_day;
    basis->asks_for_grams = options->grid || !isnan(basis->pue) || !isnan(basis->per_day);
    TRY(grid_open(context, "grid", options->grid, &basis->grid));
    status = device_read(context, options->host_device ? options->host_device : HOST_PRESET,
                         &basis->host);
    basis->has_host = status == OK;
    return options->host_device ? status : OK;
}

void cost_close(struct cost_basis *basis)
{
    device_clear(&basis->host);
}

struct cost cost_of(const struct cost_basis *basis, double macs)
{
    struct cost cost;

    cost_init(&cost, macs, basis->has_host ? &basis->host : NULL, &basis->grid);
    if (!isnan(basis->pue))
        cost_in_centre(&cost, basis->pue);
    cost.per_day = basis->per_day;
    return cost;
}

// ---- history ------------------------------------------------------------------------------------

// NULL unless it is a list.
static struct json *parse_list(const char *text)
{
    struct context quiet;
    struct json *list = NULL;

    context_init(&quiet);
    if (text && json_parse(&quiet, text, strlen(text), &list) == OK && json_is_array(list))
        return list;
    json_free(list);
    return NULL;
}

static bool are_equal(const struct json *a, const struct json *b)
{
    struct text x, y;
    bool equal;

    text_init(&x);
    text_init(&y);
    json_print(a, false, &x);
    json_print(b, false, &y);
    equal = strcmp(x.at, y.at) == 0;
    text_clear(&x);
    text_clear(&y);
    return equal;
}

static size_t common_entries(const struct json *list, const struct json *baseline)
{
    size_t i = 0;

    while (baseline && i < json_count(list) && i < json_count(baseline) &&
           are_equal(json_child(list, i), json_child(baseline, i)))
        i++;
    return i;
}

bool cost_of_history(struct arena *arena, const char *history, const char *baseline, double *macs,
                     const char **unknown)
{
    struct json *list = parse_list(history), *before = parse_list(baseline);
    bool is_known = list != NULL;

    *macs = 0;
    *unknown = NULL;
    for (size_t i = list ? common_entries(list, before) : 0; list && i < json_count(list); i++) {
        const struct json *entry = json_child(list, i);
        const struct json *each = json_is_object(entry) ? json_at(entry, "macs") : NULL;
        const struct json *pass = json_is_object(entry) ? json_at(entry, "pass") : NULL;
        double number = each ? json_number(each) : NAN;
        *macs += number >= 0 ? number : NAN;
        if (isnan(*macs) && !*unknown)
            *unknown =
                arena_copy_text(arena, pass && json_text(pass) ? json_text(pass) : "unnamed");
    }
    json_free(before);
    json_free(list);
    return is_known;
}

// ---- text ---------------------------------------------------------------------------------------

void grid_text(const struct grid *grid, struct text *out)
{
    if (grid->code)
        text_format(out, "%s %d, %g g/kWh", grid->name, grid->year, grid->grams_per_kwh);
    else
        text_format(out, "%g g/kWh", grid->grams_per_kwh);
}

void interval_text(double value, double low, double high, const char *unit, struct text *out)
{
    text_add_number(out, value, unit);
    if (isnan(low) || isnan(high))
        return;
    text_add(out, " (");
    text_add_number(out, low, unit);
    text_add(out, " .. ");
    text_add_number(out, high, unit);
    text_add(out, ")");
}

const char *unverified_words(const struct device *device)
{
    if (device->changed)
        return " (changed: nothing validates it)";
    return device->unverified && *device->unverified ? " (in part unverified)" : "";
}

// Joules that are NaN have a reason.
static void add_unknown(const struct cost *cost, struct text *out)
{
    text_format(out, ", joules unknown: %s", cost->reason);
}

void cost_text(const struct cost *cost, struct text *out)
{
    if (cost->macs == 0) {
        text_add(out, "compressing ran no network over data");
        return;
    }
    text_add(out, "compressing took ");
    text_add_number(out, cost->macs, "MAC");
    if (isnan(cost->joules)) {
        add_unknown(cost, out);
        return;
    }
    text_add(out, ", ~");
    interval_text(cost->joules, cost->low, cost->high, "J", out);
    text_format(out, " estimated for %s%s, ", cost->host->name, unverified_words(cost->host));
    text_add_number(out, cost->grams, "g CO2e");
    text_add(out, " (");
    grid_text(&cost->grid, out);
    if (cost->pue > 1)
        text_format(out, ", PUE %g", cost->pue);
    text_add(out, ")");
}

void cost_summary(const struct cost *cost, struct text *out)
{
    if (cost->macs == 0)
        return;
    text_add(out, "; compressing took ");
    text_add_number(out, cost->macs, "MAC");
    if (isnan(cost->joules)) {
        add_unknown(cost, out);
    } else {
        text_add(out, ", ~");
        text_add_number(out, cost->joules, "J");
        text_format(out, " (%s, estimated)", cost->host->name);
    }
    if (!isnan(cost->measured)) {
        text_add(out, ", measured ");
        text_add_number(out, cost->measured, "J");
        text_format(out, " (%s)", cost->scope);
    }
}

void cost_pay_back_text(const struct cost *cost, const char *device, struct text *out)
{
    if (isnan(cost->joules))
        return; // for the reason that stands before
    if (isnan(cost->inferences)) {
        text_format(out, "; not paid back: %s", cost->reason);
        return;
    }
    text_add(out, "; paid back after ");
    text_add_number(out, cost->inferences, " inferences");
    text_format(out, " on %s", device);
    if (!isnan(cost->per_day))
        text_format(out, ", %.3g days", cost->inferences / cost->per_day);
}
