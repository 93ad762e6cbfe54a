// The list of tests, their rows and figures; see validate.h.
#include "validate/validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "validate/validate_internal.h"

enum { FIGURES_MAX = 32 };

struct bar {
    const char *id, *name, *unit;
    bool is_at_least;
    double limit;
    const char *reason;
};

enum { AT_MOST, AT_LEAST };

static const struct bar bars[] = {
#define VALIDATION(id, title, tables, unit, function, basis)
#define BAR(id, name, unit, way, limit, reason) {#id, name, unit, (way) == AT_LEAST, limit, reason},
#include "validate/validations.def"
#undef VALIDATION
#undef BAR
};

static const struct test {
    const char *id, *title, *tables, *unit;
    enum status (*run)(struct context *context, struct validation *validation);
    enum validation_basis basis;
} tests[] = {
#define VALIDATION(id, title, tables, unit, function, basis)                                       \
    {#id, title, tables, unit, function, basis},
#define BAR(id, name, unit, way, limit, reason)
#include "validate/validations.def"
#undef VALIDATION
#undef BAR
};

enum { TEST_COUNT = (int)(sizeof tests / sizeof *tests), BAR_COUNT = sizeof bars / sizeof *bars };

int validation_count(void)
{
    return TEST_COUNT;
}

const char *validation_id(int index)
{
    return tests[index].id;
}

int validation_find(const char *id)
{
    for (int i = 0; i < TEST_COUNT; i++)
        if (strcasecmp(tests[i].id, id) == 0)
            return i;
    return -1;
}

const char *validation_basis_name(enum validation_basis basis)
{
    static const char *const name[] = {"held-out", "in part", "fit", "law"};

    return name[basis];
}

static void add_bars(struct validation *validation)
{
    for (int i = 0; i < BAR_COUNT; i++)
        if (strcmp(bars[i].id, validation->id) == 0)
            validation->figure[validation->figure_count++] = (struct validation_figure){
                .name = bars[i].name,
                .unit = bars[i].unit,
                .value = NAN,
                .has_bar = true,
                .is_at_least = bars[i].is_at_least,
                .limit = bars[i].limit,
                .reason = bars[i].reason,
            };
}

enum status validation_run(struct context *context, int index, struct validation *validation)
{
    const struct test *test = &tests[index];
    enum status status;

    *validation = (struct validation){
        .arena = arena_new(),
        .id = test->id,
        .title = test->title,
        .tables = test->tables,
        .basis = test->basis,
        .unit = test->unit,
        .told = "",
    };
    validation->figure = arena_alloc(validation->arena, FIGURES_MAX * sizeof *validation->figure);
    add_bars(validation);
    status = test->run(context, validation);
    return status == OK ? OK : context_fail_in(context, status, "%s", test->id);
}

void validation_clear(struct validation *validation)
{
    free(validation->row);
    if (validation->arena)
        arena_free(validation->arena);
    *validation = (struct validation){.arena = NULL};
}

struct validation_row *validation_add(struct validation *validation, const char *series,
                                      const char *name, double predicted, double published)
{
    struct validation_row *row;

    if (validation->row_count == validation->row_capacity) {
        validation->row_capacity = 2 * validation->row_capacity + 16;
        validation->row =
            must_realloc(validation->row, (size_t)validation->row_capacity * sizeof *row);
    }
    row = &validation->row[validation->row_count++];
    *row = (struct validation_row){arena_copy_text(validation->arena, series),
                                   arena_copy_text(validation->arena, name), predicted, published,
                                   false};
    return row;
}

void validation_tell(struct validation *validation, const char *name, const char *unit,
                     double value)
{
    for (int i = 0; i < validation->figure_count; i++)
        if (strcmp(validation->figure[i].name, name) == 0) {
            validation->figure[i].value = value;
            return;
        }
    if (validation->figure_count < FIGURES_MAX)
        validation->figure[validation->figure_count++] = (struct validation_figure){
            .name = arena_copy_text(validation->arena, name), .unit = unit, .value = value};
}

static bool is_scored(const struct validation_row *row, const char *series)
{
    return !row->is_aside && (!series || strcmp(row->series, series) == 0);
}

double validation_mean_error(const struct validation *validation, const char *series)
{
    double sum = 0;
    int count = 0;

    for (int i = 0; i < validation->row_count; i++) {
        const struct validation_row *row = &validation->row[i];
        if (!is_scored(row, series))
            continue;
        sum += fabs(percent_error(row->predicted, row->published));
        count++;
    }
    return count ? sum / count : NAN;
}

double validation_largest_error(const struct validation *validation, const char *series)
{
    double largest = NAN;

    for (int i = 0; i < validation->row_count; i++) {
        const struct validation_row *row = &validation->row[i];
        double error = fabs(percent_error(row->predicted, row->published));
        if (!is_scored(row, series))
            continue;
        if (isnan(error))
            return NAN;
        if (!(largest >= error))
            largest = error;
    }
    return largest;
}

void validation_tell_errors(struct validation *validation)
{
    validation_tell(validation, "mean error", "%", validation_mean_error(validation, NULL));
    validation_tell(validation, "largest error", "%", validation_largest_error(validation, NULL));
}

void validation_tell_claims(struct validation *validation, const char *of, const double *predicted,
                            const double *published, int count)
{
    const struct {
        const char *name;
        double (*error)(const double *predicted, const double *published, int count);
    } claim[] = {{"mean error", mean_percent_error},
                 {"largest error", largest_percent_error},
                 {"error as a factor", factor_percent_error},
                 {"error of ratios as a factor", ratio_percent_error}};

    for (size_t i = 0; i < sizeof claim / sizeof *claim; i++)
        validation_tell(validation, arena_format(validation->arena, "%s%s", claim[i].name, of), "%",
                        claim[i].error(predicted, published, count));
}

bool figure_holds(const struct validation_figure *figure)
{
    if (!figure->has_bar)
        return true;
    return figure->is_at_least ? figure->value >= figure->limit : figure->value <= figure->limit;
}

bool validation_holds(const struct validation *validation)
{
    for (int i = 0; i < validation->figure_count; i++)
        if (!figure_holds(&validation->figure[i]) && !validation->figure[i].reason)
            return false;
    return true;
}

enum status
validation_over(struct context *context, struct validation *validation, const char *file,
                enum status (*score)(struct context *context, struct validation *validation,
                                     const struct csv_table *table))
{
    struct csv_table table = {.arena = NULL};
    enum status status = csv_table_read(context, file, &table);

    if (status == OK)
        status = score(context, validation, &table);
    csv_table_clear(&table);
    return status;
}
