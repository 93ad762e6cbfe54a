// A model's answers: room, checks, probabilities; saved in outputs_file.c.
#include "eval/outputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

enum status outputs_init(struct context *context, struct outputs *outputs, int64_t samples,
                         int64_t width, bool has_labels, bool has_targets)
{
    int64_t values;

    *outputs = (struct outputs){.samples = samples, .width = width};
    if (samples < 1 || width < 1 || !checked_mul(samples, width, &values) || values > INT64_MAX / 8)
        return context_fail(context, ERR_SHAPE, "no room for %lld samples of %lld outputs",
                            (long long)samples, (long long)width);
    outputs->value = calloc((size_t)values, sizeof *outputs->value);
    outputs->label = has_labels ? calloc((size_t)samples, sizeof *outputs->label) : NULL;
    outputs->target = has_targets ? calloc((size_t)values, sizeof *outputs->target) : NULL;
    if (outputs->value && (outputs->label || !has_labels) && (outputs->target || !has_targets))
        return OK;
    outputs_clear(outputs);
    return context_fail(context, ERR_MEMORY, "no memory for %lld samples of %lld outputs",
                        (long long)samples, (long long)width);
}

void outputs_clear(struct outputs *outputs)
{
    free(outputs->value);
    free(outputs->label);
    free(outputs->target);
    free(outputs->figures);
    *outputs = (struct outputs){0};
}

enum status outputs_check(struct context *context, const struct outputs *outputs)
{
    for (int64_t i = 0; i < outputs->samples * outputs->width; i++)
        if (!isfinite(outputs->value[i]))
            return context_fail(context, ERR_NUMERIC, "output %lld of sample %lld is %s",
                                (long long)(i % outputs->width), (long long)(i / outputs->width),
                                isnan(outputs->value[i]) ? "NaN" : "infinite");
    return OK;
}

bool outputs_are_probabilities(const struct outputs *outputs)
{
    for (int64_t i = 0; i < outputs->samples; i++) {
        const float *row = outputs->value + i * outputs->width;
        double sum = 0;
        for (int64_t k = 0; k < outputs->width; k++) {
            if (!(row[k] >= 0))
                return false;
            sum += row[k];
        }
        if (!(fabs(sum - 1) <= 0.05))
            return false;
    }
    return true;
}

void outputs_probabilities(const struct outputs *outputs, int64_t i, bool are_probabilities,
                           double *p)
{
    const float *row = outputs->value + i * outputs->width;
    double largest = -INFINITY, sum = 0;

    for (int64_t k = 0; k < outputs->width; k++)
        largest = fmax(largest, row[k]);
    for (int64_t k = 0; k < outputs->width; k++) {
        p[k] = are_probabilities ? row[k] : exp(row[k] - largest);
        sum += p[k];
    }
    for (int64_t k = 0; k < outputs->width; k++)
        p[k] /= sum;
}
