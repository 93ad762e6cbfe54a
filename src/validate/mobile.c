// Boards with Arm processors, MLPerf Inference's open power division: networks held out one by one,
// whole families held out, and other boards ranked by the coefficients of one.
#include <math.h>
#include <string.h>

#include "validate/cases.h"
#include "validate/validate_internal.h"

// What the joules of a network are a sum of. An 8-bit multiply-accumulate of a depthwise layer
// costs so much more than of a dense one that it is a term of its own.
static const char *const float_terms[] = {"fixed", "macs", "bytes"};
static const char *const int8_terms[] = {"fixed", "dense_macs", "depthwise_macs", "bytes"};

static const struct precision {
    const char *name;
    const char *const *term;
    int terms;
} precisions[] = {{"float32", float_terms, 3}, {"int8", int8_terms, 4}};

enum { PRECISIONS = 2, BOARDS = 3 };

struct board {
    const char *device, *runtime;
};
static const struct board boards[BOARDS] = {
    {"rpi4", "tflite-2.7.1"}, {"rk3588", "tflite-2.11.0"}, {"vim4", "tflite-2.11.0"}};

static enum status select(struct context *context, struct validation *validation,
                          const struct csv_table *table, const struct board *board,
                          const struct precision *precision, const char *family, struct cases *out)
{
    const struct where where[] = {{"device", board->device},
                                  {"runtime", board->runtime},
                                  {"precision", precision->name},
                                  {"family", family},
                                  {NULL, NULL}};

    return cases_select(context, validation->arena, table, where, precision->term, precision->terms,
                        "joules", out);
}

static const char *series_of(struct validation *validation, const struct board *board,
                             const struct precision *precision)
{
    return arena_format(validation->arena, "%s %s", board->device, precision->name);
}

// ---- T5: one network held out ------------------------------------------------------------------

enum { FITS = BOARDS * PRECISIONS, OTHERS_MAX = 32, NETWORKS_MAX = 256 };

static bool is_same(const struct board *a, const struct board *b)
{
    return strcmp(a->device, b->device) == 0 && strcmp(a->runtime, b->runtime) == 0;
}

// Every board and runtime of the table, but those on one board (NULL: none is left out).
static enum status all_boards(struct context *context, const struct csv_table *table,
                              const char *without, struct board *board, int *count)
{
    *count = 0;
    for (int row = 0; row < table->rows; row++) {
        struct board now;
        bool is_new;
        TRY(row_word(context, table, row, "device", &now.device));
        TRY(row_word(context, table, row, "runtime", &now.runtime));
        is_new = !without || strcmp(now.device, without) != 0;
        for (int i = 0; i < *count && is_new; i++)
            is_new = !is_same(&board[i], &now);
        if (is_new && *count < OTHERS_MAX)
            board[(*count)++] = now;
    }
    return OK;
}

struct scores {
    int count;
    double mean[FITS], spearman[FITS];
    double one_mean[FITS], by_size[FITS]; // by MACs alone; order by parameters
};

// Mean error of one figure for each MAC, fitted to the other networks.
static enum status by_macs_alone(struct context *context, struct validation *validation,
                                 const struct csv_table *table, const struct board *board,
                                 const char *name, double *out)
{
    static const char *const macs[] = {"macs"};
    const struct precision by_macs = {name, macs, 1};
    struct cases cases;
    double *predicted;

    TRY(select(context, validation, table, board, &by_macs, "mobilenet", &cases));
    TRY(cases_leave_one_out(context, &cases, &predicted));
    *out = mean_percent_error(predicted, cases.y, cases.count);
    return OK;
}

// What is often taken for energy: a figure for each MAC, and the number of parameters.
static enum status simpler(struct context *context, struct validation *validation,
                           const struct csv_table *table, const struct board *board,
                           const char *name, struct scores *scores)
{
    static const char *const parameters[] = {"parameters"};
    const struct precision by_size = {name, parameters, 1};
    struct cases cases;

    TRY(by_macs_alone(context, validation, table, board, name, &scores->one_mean[scores->count]));
    TRY(select(context, validation, table, board, &by_size, "mobilenet", &cases));
    scores->by_size[scores->count] = spearman(cases.x, cases.y, cases.count);
    return OK;
}

static enum status one_out(struct context *context, struct validation *validation,
                           const struct csv_table *table, const struct board *board,
                           const struct precision *precision, struct scores *scores)
{
    const char *series = series_of(validation, board, precision);
    struct cases cases;
    double *predicted, *mean = &scores->mean[scores->count];

    TRY(select(context, validation, table, board, precision, "mobilenet", &cases));
    TRY(cases_leave_one_out(context, &cases, &predicted));
    for (int i = 0; i < cases.count; i++)
        validation_add(validation, series, cases_word(&cases, i, "network"), predicted[i],
                       cases.y[i]);
    *mean = validation_mean_error(validation, series);
    scores->spearman[scores->count] = spearman(predicted, cases.y, cases.count);
    validation_tell(validation, arena_format(validation->arena, "mean error, %s", series), "%",
                    *mean);
    TRY(simpler(context, validation, table, board, precision->name, scores));
    scores->count++;
    return OK;
}

// The same on every board, runtime and precision of the table, least and most.
static enum status tell_macs_alone(struct context *context, struct validation *validation,
                                   const struct csv_table *table)
{
    struct board board[OTHERS_MAX];
    double least = INFINITY, most = 0;
    int count;

    TRY(all_boards(context, table, NULL, board, &count));
    for (int i = 0; i < count * PRECISIONS; i++) {
        double mean;
        TRY(by_macs_alone(context, validation, table, &board[i / PRECISIONS],
                          precisions[i % PRECISIONS].name, &mean));
        least = fmin(least, mean);
        most = fmax(most, mean);
    }
    validation_tell(validation, "mean error by MACs alone, least of all boards", "%", least);
    validation_tell(validation, "mean error by MACs alone, most of all boards", "%", most);
    return OK;
}

static enum status three_boards(struct context *context, struct validation *validation,
                                const struct csv_table *table)
{
    struct scores scores = {.count = 0};
    double mean = 0, order = 1;

    for (int b = 0; b < BOARDS; b++)
        for (int p = 0; p < PRECISIONS; p++)
            TRY(one_out(context, validation, table, &boards[b], &precisions[p], &scores));
    for (int i = 0; i < scores.count; i++) {
        mean = scores.mean[i] > mean ? scores.mean[i] : mean;
        order = scores.spearman[i] < order ? scores.spearman[i] : order;
    }
    validation_tell(validation, "mean error, worst of six", "%", mean);
    validation_tell(validation, "Spearman, worst of six", "", order);
    validation_tell(validation, "mean error by MACs alone, median of six", "%",
                    median_of(scores.one_mean, scores.count));
    validation_tell(validation, "Spearman of the number of parameters, median of six", "",
                    median_of(scores.by_size, scores.count));
    return tell_macs_alone(context, validation, table);
}

enum status validate_mobile(struct context *context, struct validation *validation)
{
    validation->told = "Each network by coefficients fitted to all others of its board and "
                       "precision: fixed, MACs and bytes for float32, with depthwise MACs apart "
                       "for int8.";
    return validation_over(context, validation, "mlperf_mobile.csv", three_boards);
}

// ---- T6: families held out ---------------------------------------------------------------------

// Largest error by the board's own MobileNets; rows of the first board become those of the test.
static enum status other_families(struct context *context, struct validation *validation,
                                  const struct csv_table *table, const struct board *board,
                                  const struct precision *precision, double *largest)
{
    static const char *const family[] = {"efficientnet-lite", "resnet"};
    struct cases cases;
    struct regression fit;

    TRY(select(context, validation, table, board, precision, "mobilenet", &cases));
    TRY(cases_fit(context, &cases, &fit));
    for (int f = 0; f < 2; f++) {
        if (f == 1 && precision == &precisions[1])
            continue; // ResNet-50 was submitted in float32 alone
        TRY(select(context, validation, table, board, precision, family[f], &cases));
        for (int i = 0; i < cases.count; i++) {
            double predicted = cases_predict(&cases, i, &fit);
            *largest = fmax(*largest, fabs(percent_error(predicted, cases.y[i])));
            if (board == &boards[0])
                validation_add(validation, series_of(validation, board, precision),
                               cases_word(&cases, i, "network"), predicted, cases.y[i]);
        }
    }
    return OK;
}

static enum status both_precisions(struct context *context, struct validation *validation,
                                   const struct csv_table *table, const struct board *board,
                                   double *largest)
{
    *largest = 0;
    for (int p = 0; p < PRECISIONS; p++)
        TRY(other_families(context, validation, table, board, &precisions[p], largest));
    return OK;
}

// Scored: the Raspberry Pi 4 with TFLite. The same on every other board is told beside.
static enum status families(struct context *context, struct validation *validation,
                            const struct csv_table *table)
{
    struct board board[OTHERS_MAX];
    double largest;
    int count;

    TRY(both_precisions(context, validation, table, &boards[0], &largest));
    validation_tell_errors(validation);
    TRY(all_boards(context, table, NULL, board, &count));
    for (int i = 0; i < count; i++) {
        if (is_same(&board[i], &boards[0]))
            continue;
        TRY(both_precisions(context, validation, table, &board[i], &largest));
        validation_tell(validation,
                        arena_format(validation->arena, "largest error, %s %s by its own",
                                     board[i].device, board[i].runtime),
                        "%", largest);
    }
    return OK;
}

enum status validate_families(struct context *context, struct validation *validation)
{
    validation->told = "Coefficients fitted to the MobileNets of the Raspberry Pi 4 with TFLite "
                       "alone; beside it, in no "
                       "score, the same on each other board and runtime.";
    return validation_over(context, validation, "mlperf_mobile.csv", families);
}

// ---- ranking: boards held out ------------------------------------------------------------------

static const double SPEARMAN_BAR = 0.96;

struct order {
    double all, of[PRECISIONS]; // Spearman; all: networks of both precisions in one order
};

static enum status order_on(struct context *context, struct validation *validation,
                            const struct csv_table *table, const struct board *board,
                            const struct regression *fit, struct order *order)
{
    double predicted[NETWORKS_MAX], published[NETWORKS_MAX];
    int count = 0;

    for (int p = 0; p < PRECISIONS; p++) {
        struct cases cases;
        int first = count;
        TRY(select(context, validation, table, board, &precisions[p], "mobilenet", &cases));
        for (int i = 0; i < cases.count && count < NETWORKS_MAX; i++) {
            predicted[count] = cases_predict(&cases, i, &fit[p]);
            published[count++] = cases.y[i];
        }
        order->of[p] = spearman(predicted + first, published + first, count - first);
    }
    order->all = spearman(predicted, published, count);
    validation_tell(validation,
                    arena_format(validation->arena, "%s %s", board->device, board->runtime), "",
                    order->all);
    return OK;
}

struct orders {
    int count;
    double all[OTHERS_MAX], of[PRECISIONS][OTHERS_MAX];
};

static int count_at_least(const double *value, int count, double limit)
{
    int above = 0;

    for (int i = 0; i < count; i++)
        above += value[i] >= limit;
    return above;
}

// The median is what the bar was set for; how many boards and orders reach it says what that hides.
static void tell_orders(struct validation *validation, const struct orders *orders)
{
    struct arena *arena = validation->arena;
    double worst = 1;
    int within = 0;

    for (int b = 0; b < orders->count; b++)
        worst = fmin(worst, orders->all[b]);
    for (int p = 0; p < PRECISIONS; p++)
        within += count_at_least(orders->of[p], orders->count, SPEARMAN_BAR);
    validation_tell(validation, "median Spearman", "", median_of(orders->all, orders->count));
    validation_tell(validation, "worst Spearman", "", worst);
    validation_tell(validation,
                    arena_format(arena, "boards and runtimes at or above %g, of %d", SPEARMAN_BAR,
                                 orders->count),
                    "", count_at_least(orders->all, orders->count, SPEARMAN_BAR));
    validation_tell(validation,
                    arena_format(arena, "orders within one precision at or above %g, of %d",
                                 SPEARMAN_BAR, PRECISIONS * orders->count),
                    "", within);
    for (int p = 0; p < PRECISIONS; p++)
        validation_tell(validation,
                        arena_format(arena, "median Spearman, %s alone", precisions[p].name), "",
                        median_of(orders->of[p], orders->count));
}

static enum status rank_boards(struct context *context, struct validation *validation,
                               const struct csv_table *table)
{
    struct board board[OTHERS_MAX];
    struct regression fit[PRECISIONS];
    struct orders orders;

    TRY(all_boards(context, table, boards[0].device, board, &orders.count));
    for (int p = 0; p < PRECISIONS; p++) {
        struct cases cases;
        TRY(select(context, validation, table, &boards[0], &precisions[p], "mobilenet", &cases));
        TRY(cases_fit(context, &cases, &fit[p]));
    }
    for (int b = 0; b < orders.count; b++) {
        struct order order;
        TRY(order_on(context, validation, table, &board[b], fit, &order));
        orders.all[b] = order.all;
        for (int p = 0; p < PRECISIONS; p++)
            orders.of[p][b] = order.of[p];
    }
    tell_orders(validation, &orders);
    return OK;
}

enum status validate_ranking(struct context *context, struct validation *validation)
{
    validation->told =
        "Coefficients of the Raspberry Pi 4 with TFLite rank 38 MobileNets in float32 "
        "and 37 in int8, all in one order, on every other board and runtime.";
    return validation_over(context, validation, "mlperf_mobile.csv", rank_boards);
}
