// Charts of some points, layer by layer or epoch by epoch.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart/bars.h"
#include "chart/lines.h"
#include "chart/tiles.h"
#include "cli/report_chart.h"

// The points that are drawn.
struct chosen {
    const struct report_point *point[SERIES_MAX];
    const char *name[SERIES_MAX];
    int count;
};

// Trials have their number, models the place of their report on the line, from 1.
static bool is_named(const struct report_point *point, int place, const char *words)
{
    char number[32];

    snprintf(number, sizeof number, "%.0f",
             point->trial ? json_number(json_at(point->trial, "number")) : place);
    return strcmp(point->label, words) == 0 || strcmp(point->id, words) == 0 ||
           strcmp(number, words) == 0 ||
           (strlen(words) >= 4 && strncmp(point->id, words, strlen(words)) == 0);
}

static enum status choose(const struct report_view *view, const struct report_point *point,
                          struct chosen *chosen)
{
    if (chosen->count == SERIES_MAX)
        return context_fail(view->invocation->context, ERR_UNSUPPORTED,
                            "more than %d models in one chart: '--point ID' takes some",
                            SERIES_MAX);
    chosen->point[chosen->count] = point;
    chosen->name[chosen->count++] = point->label;
    return OK;
}

static enum status choose_named(const struct report_view *view, struct chosen *chosen)
{
    const struct strings *names = &view->options->point;

    for (int64_t i = 0; i < names->count; i++) {
        const struct report_point *found = NULL;
        for (int j = 0; j < view->count && !found; j++)
            if (is_named(&view->point[j], j + 1, names->at[i]))
                found = &view->point[j];
        if (!found || !report_is_shown(found))
            return context_fail(view->invocation->context, ERR_USAGE,
                                found ? "'--point %s': %s, it has no figures"
                                      : "'--point %s': no point of that number, id or label",
                                names->at[i], found ? found->state : "");
        TRY(choose(view, found, chosen));
    }
    return OK;
}

// --point; else what a sweep has chosen; else all.
static enum status choose_points(const struct report_view *view, struct chosen *chosen)
{
    bool has_chosen = false;

    chosen->count = 0;
    if (view->options->point.count)
        return choose_named(view, chosen);
    for (int i = 0; i < view->count; i++)
        has_chosen |= view->point[i].is_chosen && report_is_shown(&view->point[i]);
    for (int i = 0; i < view->count; i++)
        if (report_is_shown(&view->point[i]) && (!has_chosen || view->point[i].is_chosen))
            TRY(choose(view, &view->point[i], chosen));
    return OK;
}

// The layers of all chosen points by name, in the order of the first that has each.
struct rows {
    int count;
    const char **name;
};

static struct rows all_layers(const struct report_view *view, const struct chosen *chosen,
                              const char *needed)
{
    size_t most = 0;
    struct rows rows = {.count = 0};

    for (int i = 0; i < chosen->count; i++)
        most += json_count(json_at(chosen->point[i]->eval, "energy.layers"));
    rows.name = arena_array(view->invocation->arena, const char *, most + 1);
    for (int i = 0; i < chosen->count; i++) {
        const struct json *layers = json_at(chosen->point[i]->eval, "energy.layers");
        for (size_t j = 0; j < json_count(layers); j++) {
            const struct json *layer = json_child(layers, j);
            const char *name = json_text(json_at(layer, "node"));
            int at = 0;
            if (!name || !(json_number(json_at(layer, needed)) > 0))
                continue;
            while (at < rows.count && strcmp(rows.name[at], name) != 0)
                at++;
            if (at == rows.count)
                rows.name[rows.count++] = name;
        }
    }
    return rows;
}

static const struct json *find_layer(const struct report_point *point, const char *name)
{
    const struct json *layers = json_at(point->eval, "energy.layers");

    for (size_t i = 0; i < json_count(layers); i++) {
        const struct json *layer = json_child(layers, i);
        const char *node = json_text(json_at(layer, "node"));
        if (node && strcmp(node, name) == 0)
            return layer;
    }
    return NULL;
}

static enum status no_layers(const struct report_view *view, const char *what)
{
    return context_fail(view->invocation->context, ERR_FORMAT, "%s: no layers with %s",
                        view->point[0].file, what);
}

// Rows that tell nothing: less than so much of the energy in each model.
static const double little = 0.004;

static bool is_little(const struct chosen *chosen, const char *name)
{
    for (int i = 0; i < chosen->count; i++) {
        double total = json_number(json_at(chosen->point[i]->eval, "energy.joules"));
        double part = json_number(json_at(find_layer(chosen->point[i], name), "joules"));
        if (!(part < little * total) && !isnan(part))
            return false;
    }
    return true;
}

// Takes small rows out of `rows`, at least two; each model's sum of them goes to `rest`.
static int take_little(const struct chosen *chosen, struct rows *rows, double *rest)
{
    int kept = 0, taken = 0;

    for (int i = 0; i < rows->count; i++)
        taken += is_little(chosen, rows->name[i]);
    if (taken < 2 || taken == rows->count)
        return 0;
    for (int i = 0; i < rows->count; i++) {
        if (!is_little(chosen, rows->name[i])) {
            rows->name[kept++] = rows->name[i];
            continue;
        }
        for (int j = 0; j < chosen->count; j++)
            rest[j] += fmax(0, json_number(json_at(find_layer(chosen->point[j], rows->name[i]),
                                                   "joules"))); // NaN: that model has no such one
    }
    rows->count = kept;
    return taken;
}

enum status report_draw_layers(const struct report_view *view, struct text *out)
{
    struct arena *arena = view->invocation->arena;
    double rest[SERIES_MAX] = {0}, *value;
    struct chosen chosen;
    struct rows rows;
    int taken;

    TRY(choose_points(view, &chosen));
    rows = all_layers(view, &chosen, "joules");
    if (rows.count == 0)
        return no_layers(view, "a known energy");
    taken = take_little(&chosen, &rows, rest);
    if (taken)
        rows.name[rows.count++] =
            arena_format(arena, "%d others, each below %g %%", taken, 100 * little);
    value = arena_array(arena, double, (size_t)rows.count *(size_t)chosen.count);
    for (int i = 0; i < chosen.count; i++)
        for (int j = 0; j < rows.count; j++)
            value[i * rows.count + j] =
                taken && j == rows.count - 1
                    ? rest[i]
                    : json_number(json_at(find_layer(chosen.point[i], rows.name[j]), "joules"));
    return report_check_room(
        view, bars_draw(&(struct bars){.sheet = report_sheet(view, 0, report_energy_note(view)),
                                       .x = {.title = "energy per inference", .unit = "J"},
                                       .row = rows.name,
                                       .row_count = rows.count,
                                       .series = chosen.name,
                                       .series_count = chosen.count,
                                       .value = value},
                        out));
}

// "80 %, 4/8 bit": zeros, bits of weights and activations.
static struct tile tile_of(const struct report_view *view, const struct json *layer)
{
    double parameters = json_number(json_at(layer, "parameters"));
    double nonzero = json_number(json_at(layer, "nonzero"));
    double bits = json_number(json_at(layer, "bits"));
    double activations = json_number(json_at(layer, "activation_bits"));
    struct tile tile = {.share = parameters > 0 ? 1 - nonzero / parameters : (double)NAN};
    struct arena *arena = view->invocation->arena;
    const char *zeros = isnan(tile.share) ? "?" : arena_format(arena, "%.0f %%", 100 * tile.share);

    if (layer)
        tile.words = isnan(bits) ? zeros
                     : isnan(activations)
                         ? arena_format(arena, "%s, %.0f bit", zeros, bits)
                         : arena_format(arena, "%s, %.0f/%.0f bit", zeros, bits, activations);
    return tile;
}

enum status report_draw_sparsity(const struct report_view *view, struct text *out)
{
    struct chosen chosen;
    struct rows rows;
    struct tile *tile;

    TRY(choose_points(view, &chosen));
    rows = all_layers(view, &chosen, "parameters");
    if (rows.count == 0)
        return no_layers(view, "a known number of weights");
    tile = arena_array(view->invocation->arena, struct tile,
                       (size_t)rows.count * (size_t)chosen.count);
    for (int i = 0; i < rows.count; i++)
        for (int j = 0; j < chosen.count; j++)
            tile[i * chosen.count + j] = tile_of(view, find_layer(chosen.point[j], rows.name[i]));
    return report_check_room(
        view, tiles_draw(&(struct tiles){.sheet = report_sheet(view, 0, NULL),
                                         .share_title =
                                             "weights that are zero; bits of weights/activations",
                                         .row = rows.name,
                                         .row_count = rows.count,
                                         .column = chosen.name,
                                         .column_count = chosen.count,
                                         .tile = tile},
                         out));
}

enum status report_draw_curves(const struct report_view *view, struct text *out)
{
    struct lines lines = {.sheet = report_sheet(view, 320, NULL),
                          .x_title = "epoch",
                          .y = {.title = "loss", .unit = "", .is_log = view->options->log_y}};
    struct line line[SERIES_MAX];
    struct chosen chosen;

    TRY(choose_points(view, &chosen));
    for (int i = 0; i < chosen.count; i++) {
        const struct report_curves curves = report_curves(view, chosen.point[i]);
        for (int j = 0; j < curves.count; j++) {
            const struct report_curve *curve = &curves.at[j];
            if (lines.count == SERIES_MAX)
                return context_fail(view->invocation->context, ERR_UNSUPPORTED,
                                    "more than %d curves in one chart: '--point ID' takes some",
                                    SERIES_MAX);
            line[lines.count++] =
                (struct line){chosen.count > 1 ? arena_format(view->invocation->arena, "%s: %s",
                                                              chosen.name[i], curve->name)
                                               : curve->name,
                              curve->value, curve->count};
            lines.y.title = lines.count == 1 || strcmp(lines.y.title, curve->quantity) == 0
                                ? curve->quantity
                                : "value";
        }
    }
    if (lines.count == 0)
        return context_fail(view->invocation->context, ERR_FORMAT,
                            "%s: no training curves: nothing was trained", view->point[0].file);
    lines.line = line;
    return report_check_room(view, lines_draw(&lines, out));
}
