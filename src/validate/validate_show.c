// A validation as JSON and as a picture; see validate.h.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart/scatter.h"
#include "validate/validate_internal.h"

enum { WIDTH = 560, HEIGHT = 460 };

static void figures_to_json(struct json *object, const struct validation *validation, bool bars)
{
    struct json *list = json_add_array(object, bars ? "bars" : "figures");

    for (int i = 0; i < validation->figure_count; i++) {
        const struct validation_figure *figure = &validation->figure[i];
        struct json *item;
        if (figure->has_bar != bars)
            continue;
        item = json_add_object(list, NULL);
        json_add_text(item, "name", figure->name);
        json_add_text(item, "unit", *figure->unit ? figure->unit : NULL);
        if (bars) {
            json_add_text(item, "way", figure->is_at_least ? "at least" : "at most");
            json_add_number(item, "limit", figure->limit);
        }
        json_add_number(item, bars ? "got" : "value", figure->value);
        if (bars) {
            json_add_bool(item, "holds", figure_holds(figure));
            json_add_text(item, "reason", figure_holds(figure) ? NULL : figure->reason);
        }
    }
}

void validation_to_json(struct json *object, const struct validation *validation)
{
    struct json *rows;

    json_add_text(object, "id", validation->id);
    json_add_text(object, "title", validation->title);
    json_add_text(object, "basis", validation_basis_name(validation->basis));
    json_add_text(object, "told", validation->told);
    json_add_text(object, "tables", validation->tables);
    json_add_text(object, "unit", *validation->unit ? validation->unit : NULL);
    figures_to_json(object, validation, true);
    figures_to_json(object, validation, false);
    rows = json_add_array(object, "rows");
    for (int i = 0; i < validation->row_count; i++) {
        const struct validation_row *row = &validation->row[i];
        struct json *item = json_add_object(rows, NULL);
        json_add_text(item, "series", row->series);
        json_add_text(item, "name", row->name);
        json_add_number(item, "predicted", row->predicted);
        json_add_number(item, "published", row->published);
        json_add_number(item, "error_percent", percent_error(row->predicted, row->published));
        json_add_bool(item, "scored", !row->is_aside);
    }
}

// The series in the order they appear; those beyond SERIES_MAX share the last one's mark.
static int find_series(const char **name, int *count, const char *series)
{
    for (int i = 0; i < *count; i++)
        if (strcmp(name[i], series) == 0)
            return i;
    if (*count == SERIES_MAX)
        return SERIES_MAX - 1;
    name[*count] = series;
    return (*count)++;
}

static int make_points(const struct validation *validation, struct chart_point *point,
                       const char **series, int *series_count)
{
    int count = 0;

    *series_count = 0;
    for (int i = 0; i < validation->row_count; i++) {
        const struct validation_row *row = &validation->row[i];
        if (!(row->predicted > 0) || !(row->published > 0) || !isfinite(row->predicted))
            continue;
        point[count++] = (struct chart_point){
            .x = row->published,
            .y = row->predicted,
            .x_low = NAN,
            .x_high = NAN,
            .y_low = NAN,
            .y_high = NAN,
            .series = find_series(series, series_count, row->series),
            .is_front = !row->is_aside,
        };
    }
    return count;
}

bool validation_draw(const struct validation *validation, struct text *out)
{
    const char *series[SERIES_MAX];
    struct chart_point *point = must_alloc((size_t)validation->row_count * sizeof *point + 1);
    struct scatter scatter = {
        .sheet = {.width = WIDTH,
                  .height = HEIGHT,
                  .title =
                      arena_format(validation->arena, "%s: %s", validation->id, validation->title),
                  .note = validation->told,
                  .description = "predicted over published"},
        .x = {.title = "published", .unit = validation->unit, .is_log = true},
        .y = {.title = "predicted", .unit = validation->unit, .is_log = true},
        .point = point,
        .series = series,
        .rest_name = "not scored",
        .is_agreement = true,
    };
    bool is_drawn = false;

    scatter.count = make_points(validation, point, series, &scatter.series_count);
    if (scatter.count > 1)
        is_drawn = scatter_draw(&scatter, out) >= 0;
    free(point);
    return is_drawn;
}
