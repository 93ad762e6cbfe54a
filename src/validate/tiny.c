// Microcontrollers, MLPerf Tiny: four networks a board and three coefficients, so that nothing but
// a fit can be had; what it does to a network that it has not seen is told beside it.
#include <string.h>

#include "validate/cases.h"
#include "validate/validate_internal.h"

static const char *const terms[] = {"dense_macs", "depthwise_macs", "weight_bytes"};
enum { TERMS = 3, BOARDS = 6, NETWORKS_MAX = 8 };

static const struct board {
    const char *device, *runtime;
} boards[BOARDS] = {
    {"nucleo-l4r5zi", "st-x-cube-ai-v1.2"},
    {"nucleo-u575zi", "st-x-cube-ai-v1.2"},
    {"nucleo-u385rg", "st-x-cube-ai-v1.3"},
    {"nucleo-h7a3zi", "st-x-cube-ai-v1.2"},
    {"xg24", "silabs-v1.0"},
    {"gap9-650mv-240mhz", "greenwaves-v1.0"},
};

static enum status read_board(struct context *context, struct validation *validation,
                              const struct csv_table *table, const struct board *board,
                              struct cases *out)
{
    const struct where where[] = {
        {"device", board->device}, {"runtime", board->runtime}, {NULL, NULL}};

    return cases_select(context, validation->arena, table, where, terms, TERMS, "joules", out);
}

// Three of the board's networks only say how much more or less it takes than another board, whose
// coefficients say what the fourth takes.
static enum status by_other_board(struct context *context, struct validation *validation,
                                  const struct cases *cases, const struct regression *other,
                                  double *error)
{
    static const char *const scale[] = {"joules of the other board"};
    struct cases scaled = *cases;
    double *predicted;

    scaled.x = arena_array(validation->arena, double, (size_t)cases->count);
    scaled.term = scale;
    scaled.terms = 1;
    for (int i = 0; i < cases->count; i++)
        scaled.x[i] = cases_predict(cases, i, other);
    TRY(cases_leave_one_out(context, &scaled, &predicted));
    *error = mean_percent_error(predicted, cases->y, cases->count);
    return OK;
}

static enum status score(struct context *context, struct validation *validation,
                         const struct csv_table *table)
{
    double left_out[BOARDS], scaled[BOARDS], *predicted;
    struct cases cases[BOARDS];
    struct regression fit[BOARDS];

    for (int b = 0; b < BOARDS; b++) {
        TRY(read_board(context, validation, table, &boards[b], &cases[b]));
        TRY(cases_fit(context, &cases[b], &fit[b]));
        for (int i = 0; i < cases[b].count; i++)
            validation_add(validation, boards[b].device, cases_word(&cases[b], i, "network"),
                           cases_predict(&cases[b], i, &fit[b]), cases[b].y[i]);
        TRY(cases_leave_one_out(context, &cases[b], &predicted));
        left_out[b] = mean_percent_error(predicted, cases[b].y, cases[b].count);
    }
    for (int b = 0; b < BOARDS; b++)
        TRY(by_other_board(context, validation, &cases[b], &fit[b == 0], &scaled[b]));
    validation_tell_errors(validation);
    validation_tell(validation, "mean error, each by three others, median of boards", "%",
                    median_of(left_out, BOARDS));
    validation_tell(validation, "mean error, another board's fit scaled by three, median", "%",
                    median_of(scaled, BOARDS));
    return OK;
}

enum status validate_tiny(struct context *context, struct validation *validation)
{
    validation->told =
        "A fit, not a prediction: dense MACs, depthwise MACs and weight bytes of each "
        "board and runtime, from the four networks that they are scored on.";
    return validation_over(context, validation, "mlperf_tiny.csv", score);
}
