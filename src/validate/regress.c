// Relative least squares with coefficients that are not negative; see regress.h. Least squares by
// singular values is LAPACK's, as OpenBLAS brings it. That the best subset with no negative
// coefficient is the constrained minimum follows from the Kuhn-Tucker conditions (Lawson and
// Hanson, Solving Least Squares Problems, 1974, chapter 23).
#include "validate/regress.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

// Fortran: everything by address.
void dgelsd_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b,
             const int *ldb, double *s, const double *rcond, int *rank, double *work,
             const int *lwork, int *iwork, int *info);
void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b,
            const int *ldb, int *info, size_t uplo_length);

// A direction in which columns of length 1 cancel to this much is none.
static const double RANK_TOLERANCE = 1e-9;

enum { TERMS = REGRESSION_TERMS_MAX, INTEGER_WORK = 4096 };

// Rows divided by their y, columns scaled to length 1: what the coefficients then are is scaled
// back. Only the terms of `mask` and all rows but those of the group `without` (-1: none).
struct system {
    const struct regression_problem *problem;
    double *a, *b, *work;  // column by column
    int rows, count, room; // room: of work
    int without;
    unsigned mask;
    int term[TERMS];
    double scale[TERMS];
};

static void system_init(struct system *system, const struct regression_problem *problem)
{
    size_t rows = (size_t)problem->rows + TERMS;

    *system = (struct system){.problem = problem, .without = -1};
    system->room = (int)rows * 4 + INTEGER_WORK;
    system->a = must_alloc(rows * TERMS * sizeof(double));
    system->b = must_alloc(rows * sizeof(double));
    system->work = must_alloc((size_t)system->room * sizeof(double));
}

static void system_clear(struct system *system)
{
    free(system->a);
    free(system->b);
    free(system->work);
}

static int group_of(const struct regression_problem *problem, int row)
{
    return problem->group ? problem->group[row] : row;
}

static int count_rows(const struct system *system)
{
    int count = 0;

    for (int i = 0; i < system->problem->rows; i++)
        count += group_of(system->problem, i) != system->without;
    return count;
}

static void fill(struct system *system)
{
    const struct regression_problem *problem = system->problem;

    system->rows = count_rows(system);
    system->count = 0;
    for (int t = 0; t < problem->terms; t++) {
        double *column = system->a + system->count * system->rows, sum = 0;
        if (!(system->mask >> t & 1))
            continue;
        for (int i = 0, at = 0; i < problem->rows; i++) {
            if (group_of(problem, i) == system->without)
                continue;
            column[at] = problem->x[i * problem->terms + t] / problem->y[i];
            sum += column[at] * column[at];
            at++;
        }
        system->scale[system->count] = sum > 0 ? sqrt(sum) : 1;
        for (int i = 0; i < system->rows; i++)
            column[i] /= system->scale[system->count];
        system->term[system->count++] = t;
    }
    for (int i = 0; i < system->rows; i++)
        system->b[i] = 1;
}

// Leaves the scaled coefficients in b[0 .. count) and the residual in residual; gives the rank, 0
// where singular values do not converge.
static int solve(struct system *system, double *residual)
{
    int one = 1, rank = 0, info, integers[INTEGER_WORK];
    double singular[TERMS];
    int height;

    fill(system);
    height = system->rows > system->count ? system->rows : system->count;
    dgelsd_(&system->rows, &system->count, &one, system->a, &system->rows, system->b, &height,
            singular, &RANK_TOLERANCE, &rank, system->work, &system->room, integers, &info);
    if (info != 0)
        return 0;
    *residual = 0;
    for (int i = system->count; i < system->rows; i++)
        *residual += system->b[i] * system->b[i];
    return rank;
}

// ---- terms that cannot be told apart -----------------------------------------------------------

static bool is_dependent(struct system *system, unsigned mask)
{
    double residual;
    int rank;

    system->mask = mask;
    rank = solve(system, &residual);
    return rank < system->count;
}

// Of dependent terms, the fewest of which one follows from the others: the first term that adds
// nothing to those before it, and those of them that it takes.
static unsigned smallest_dependent(struct system *system)
{
    unsigned mask = 0;
    int t = 0;

    do
        mask |= 1U << t++;
    while (t < system->problem->terms && !is_dependent(system, mask));
    for (int i = 0; i < t - 1; i++)
        if (is_dependent(system, mask & ~(1U << i)))
            mask &= ~(1U << i);
    return mask;
}

static enum status fail_dependent(struct context *context, struct system *system)
{
    const struct regression_problem *problem = system->problem;
    unsigned mask = smallest_dependent(system);
    struct text text;
    int count = 0;

    text_init(&text);
    for (int t = 0; t < problem->terms; t++)
        if (mask >> t & 1)
            text_format(&text, "%s'%s'", count++ ? " and " : "", problem->term[t]);
    if (count == 1)
        context_fail(context, ERR_FORMAT, "%s is 0 in every row", text.at);
    else
        context_fail(context, ERR_FORMAT,
                     "the rows cannot tell %s apart: one follows from the other%s", text.at,
                     count > 2 ? "s" : "");
    text_clear(&text);
    return ERR_FORMAT;
}

// ---- fitting -----------------------------------------------------------------------------------

static bool is_feasible(const struct system *system)
{
    for (int i = 0; i < system->count; i++)
        if (!(system->b[i] >= 0))
            return false;
    return true;
}

static void take(const struct system *system, struct regression *out)
{
    for (int t = 0; t < TERMS; t++)
        out->coefficient[t] = 0;
    for (int i = 0; i < system->count; i++)
        out->coefficient[system->term[i]] = system->b[i] / system->scale[i];
}

// Returns the terms of the best subset.
static unsigned fit_subsets(struct system *system, struct regression *out)
{
    unsigned all = (1U << system->problem->terms) - 1, best_mask = 0;
    double best = INFINITY, residual;

    for (unsigned mask = 1; mask <= all; mask++) {
        int rank;

        system->mask = mask;
        rank = solve(system, &residual);
        if (rank == system->count && is_feasible(system) && residual < best) {
            best = residual;
            best_mask = mask;
            take(system, out);
        }
    }
    return best_mask;
}

static enum status fit(struct context *context, struct system *system, struct regression *out,
                       unsigned *active)
{
    const struct regression_problem *problem = system->problem;
    double residual;

    *active = system->mask = (1U << problem->terms) - 1;
    if (count_rows(system) < problem->terms)
        return context_fail(context, ERR_FORMAT, "%d rows are too few for %d terms",
                            count_rows(system), problem->terms);
    if (solve(system, &residual) < problem->terms)
        return fail_dependent(context, system);
    if (is_feasible(system))
        take(system, out);
    else
        *active = fit_subsets(system, out);
    return OK;
}

// The diagonal of s^2 (A' A)^-1, s^2 = residual / (rows - terms), over the active terms.
static void add_standard_errors(struct system *system, unsigned active, struct regression *out)
{
    double residual, gram[TERMS * TERMS], inverse[TERMS * TERMS] = {0};
    int count, info;

    for (int t = 0; t < TERMS; t++)
        out->standard_error[t] = NAN;
    system->mask = active;
    (void)solve(system, &residual);
    count = system->count;
    if (count == 0 || system->rows <= count)
        return;
    fill(system);
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++) {
            gram[i * count + k] = 0;
            for (int row = 0; row < system->rows; row++)
                gram[i * count + k] +=
                    system->a[i * system->rows + row] * system->a[k * system->rows + row];
            inverse[i * count + k] = i == k;
        }
    dposv_("U", &count, &count, gram, &count, inverse, &count, &info, 1);
    for (int i = 0; i < count && info == 0; i++)
        out->standard_error[system->term[i]] =
            sqrt(residual / (system->rows - count) * inverse[i * count + i]) / system->scale[i];
}

enum status regress(struct context *context, const struct regression_problem *problem,
                    struct regression *out)
{
    struct system system;
    enum status status;
    unsigned active;

    *out = (struct regression){.terms = problem->terms};
    system_init(&system, problem);
    status = fit(context, &system, out, &active);
    if (status == OK)
        add_standard_errors(&system, active, out);
    system_clear(&system);
    return status;
}

double regression_predict(const struct regression *regression, const double *x)
{
    double sum = 0;

    for (int t = 0; t < regression->terms; t++)
        sum += regression->coefficient[t] * x[t];
    return sum;
}

enum status regress_leaving_one_out(struct context *context,
                                    const struct regression_problem *problem, double *prediction)
{
    struct regression others = {.terms = problem->terms};
    struct system system;
    enum status status = OK;
    unsigned active;

    system_init(&system, problem);
    for (int i = 0; i < problem->rows && status == OK; i++) {
        int group = group_of(problem, i);

        // Rows of a group mostly follow each other, and have the coefficients in common.
        if (group != system.without) {
            system.without = group;
            status = context_tick(context, "fitting", (uint64_t)i, (uint64_t)problem->rows);
            if (status == OK)
                status = fit(context, &system, &others, &active);
        }
        if (status == OK)
            prediction[i] = regression_predict(&others, problem->x + i * problem->terms);
        else if (status == ERR_CANCELLED)
            break;
        else if (problem->row_name)
            context_fail_in(context, status, "without %s", problem->row_name[i]);
        else
            context_fail_in(context, status, "without row %d", i + 1);
    }
    system_clear(&system);
    return status;
}
