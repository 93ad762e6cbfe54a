// Accuracy and other figures of one model's outputs.
#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static const double z95 = 1.959963984540054; // the normal distribution's 97.5 % point

static const struct interval unknown = {NAN, NAN};

struct interval wilson_interval(int64_t successes, int64_t n)
{
    double p, z2 = z95 * z95, middle, half, count = (double)n;

    if (n < 1)
        return unknown;
    p = (double)successes / count;
    middle = (p + z2 / (2 * count)) / (1 + z2 / count);
    half = z95 / (1 + z2 / count) * sqrt(p * (1 - p) / count + z2 / (4 * count * count));
    // At the ends the bound is exact; rounding must not push it out.
    return (struct interval){successes == 0 ? 0 : middle - half,
                             successes == n ? 1 : middle + half};
}

int64_t argmax(const float *value, int64_t count)
{
    int64_t best = count > 0 ? 0 : -1;

    for (int64_t i = 0; i < count; i++) {
        if (isnan(value[i]))
            return -1;
        if (value[i] > value[best])
            best = i;
    }
    return best;
}

bool in_top(const float *value, int64_t count, int64_t label, int k)
{
    int64_t before = 0;

    if (label < 0 || label >= count)
        return false;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(value[i]))
            return false;
        before += value[i] > value[label] || (i < label && value[i] == value[label]);
    }
    return before < k;
}

static const float *row(const struct outputs *outputs, int64_t i)
{
    return outputs->value + i * outputs->width;
}

static void add_balanced(const struct class_accuracy *per_class, int64_t classes,
                         struct accuracy *out)
{
    double sum = 0, variance = 0, occurring = 0;

    for (int64_t c = 0; c < classes; c++) {
        double n = (double)per_class[c].samples, recall = (double)per_class[c].correct / n;
        if (per_class[c].samples == 0)
            continue;
        occurring++;
        sum += recall;
        variance += recall * (1 - recall) / n;
    }
    out->balanced = sum / occurring;
    out->balanced_ci95 =
        (struct interval){fmax(0, out->balanced - z95 * sqrt(variance) / occurring),
                          fmin(1, out->balanced + z95 * sqrt(variance) / occurring)};
}

void accuracy_of(const struct outputs *outputs, struct class_accuracy *per_class,
                 struct accuracy *out)
{
    size_t bytes = (size_t)outputs->width * sizeof *per_class;
    struct class_accuracy *counted = per_class ? per_class : must_alloc(bytes);
    int64_t top5 = 0;

    memset(counted, 0, bytes);
    *out = (struct accuracy){.samples = outputs->samples};
    for (int64_t i = 0; i < outputs->samples; i++) {
        int64_t label = outputs->label[i];
        bool is_right = argmax(row(outputs, i), outputs->width) == label;
        out->correct += is_right;
        top5 += in_top(row(outputs, i), outputs->width, label, 5);
        if (label >= 0 && label < outputs->width) {
            counted[label].samples++;
            counted[label].correct += is_right;
        }
    }
    out->top1 = (double)out->correct / (double)out->samples;
    out->top1_ci95 = wilson_interval(out->correct, out->samples);
    out->top5 = outputs->width > 5 ? (double)top5 / (double)out->samples : NAN;
    out->top5_ci95 = outputs->width > 5 ? wilson_interval(top5, out->samples) : unknown;
    add_balanced(counted, outputs->width, out);
    if (!per_class)
        free(counted);
}

static const struct {
    const char *name;
    bool is_higher_better, needs_labels;
} metrics[METRIC_COUNT] = {
    [METRIC_TOP1] = {"top1", true, true},         [METRIC_TOP5] = {"top5", true, true},
    [METRIC_BALANCED] = {"balanced", true, true}, [METRIC_AUC] = {"auc", true, true},
    [METRIC_MSE] = {"mse", false, false},         [METRIC_COSINE] = {"cosine", true, false},
    [METRIC_MAE] = {"mae", false, false},         [METRIC_PERPLEXITY] = {"perplexity", false, true},
};

const char *metric_name(enum metric metric)
{
    return metrics[metric].name;
}

bool metric_from_name(const char *name, enum metric *out)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (strcmp(name, metrics[i].name) == 0) {
            *out = (enum metric)i;
            return true;
        }
    return false;
}

bool metric_is_higher_better(enum metric metric)
{
    return metrics[metric].is_higher_better;
}

// The mean of one number a sample, and its normal interval.
static void mean_of(const double *number, int64_t n, double *mean, struct interval *ci95)
{
    double sum = 0, squares = 0, half;

    for (int64_t i = 0; i < n; i++)
        sum += number[i];
    *mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (number[i] - *mean) * (number[i] - *mean);
    half = n > 1 ? z95 * sqrt(squares / (double)(n - 1) / (double)n) : NAN;
    *ci95 = (struct interval){*mean - half, *mean + half};
}

static double squared_error(const float *value, const float *target, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += ((double)value[i] - target[i]) * ((double)value[i] - target[i]);
    return sum / (double)n;
}

static double absolute_error(const float *value, const float *target, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += fabs((double)value[i] - target[i]);
    return sum / (double)n;
}

// 0 where one of the two is all zeros, 1 where both are.
static double cosine(const float *a, const float *b, int64_t n)
{
    double ab = 0, aa = 0, bb = 0;

    for (int64_t i = 0; i < n; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    if (aa == 0 || bb == 0)
        return aa == bb;
    return ab / sqrt(aa * bb);
}

static double surprise(const struct outputs *outputs, int64_t i, bool are_probabilities, double *p)
{
    outputs_probabilities(outputs, i, are_probabilities, p);
    return -log(fmax(p[outputs->label[i]], 1e-12));
}

static void per_sample(enum metric metric, const struct outputs *outputs, double *value,
                       struct interval *ci95)
{
    double *number = must_alloc((size_t)outputs->samples * sizeof *number);
    double *p = must_alloc((size_t)outputs->width * sizeof *p);
    bool are_probabilities = outputs_are_probabilities(outputs);

    for (int64_t i = 0; i < outputs->samples; i++) {
        const float *target = outputs->target ? outputs->target + i * outputs->width : NULL;
        if (metric == METRIC_MSE)
            number[i] = squared_error(row(outputs, i), target, outputs->width);
        else if (metric == METRIC_MAE)
            number[i] = absolute_error(row(outputs, i), target, outputs->width);
        else if (metric == METRIC_COSINE)
            number[i] = cosine(row(outputs, i), target, outputs->width);
        else
            number[i] = surprise(outputs, i, are_probabilities, p);
    }
    mean_of(number, outputs->samples, value, ci95);
    if (metric == METRIC_PERPLEXITY) {
        *value = exp(*value);
        *ci95 = (struct interval){exp(ci95->low), exp(ci95->high)};
    }
    free(p);
    free(number);
}

struct scored {
    double score;
    int64_t label;
};

static int by_score(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    return x->score < y->score ? -1 : x->score > y->score;
}

// The share of pairs (one of each class) in the right order, ties counting half, by ranks.
static double area_under_curve(struct scored *scored, int64_t n, double *positives)
{
    double rank_sum = 0, negatives;

    *positives = 0;
    qsort(scored, (size_t)n, sizeof *scored, by_score);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && scored[end].score == scored[i].score; end++)
            ;
        for (int64_t k = i; k < end; k++)
            if (scored[k].label == 1) {
                rank_sum += (double)(i + end + 1) / 2; // the mean of the ranks i+1 .. end
                (*positives)++;
            }
    }
    negatives = (double)n - *positives;
    return (rank_sum - *positives * (*positives + 1) / 2) / (*positives * negatives);
}

static enum status auc_of(struct context *context, const struct outputs *outputs, double *value,
                          struct interval *ci95)
{
    int64_t n = outputs->samples;
    struct scored *scored;
    double a, positives, negatives, q1, q2, half;

    if (outputs->width > 2)
        return context_fail(context, ERR_USAGE, "auc needs one or two outputs, not %lld",
                            (long long)outputs->width);
    for (int64_t i = 0; i < n; i++)
        if (outputs->label[i] > 1)
            return context_fail(context, ERR_USAGE, "auc needs the classes 0 and 1");
    scored = must_alloc((size_t)n * sizeof *scored);
    for (int64_t i = 0; i < n; i++) {
        const float *at = row(outputs, i);
        scored[i] =
            (struct scored){outputs->width == 1 ? at[0] : (double)at[1] - at[0], outputs->label[i]};
    }
    *value = a = area_under_curve(scored, n, &positives);
    free(scored);
    negatives = (double)n - positives;
    if (positives == 0 || negatives == 0)
        return context_fail(context, ERR_USAGE, "auc needs samples of both classes");
    q1 = a / (2 - a);
    q2 = 2 * a * a / (1 + a);
    half =
        z95 * sqrt((a * (1 - a) + (positives - 1) * (q1 - a * a) + (negatives - 1) * (q2 - a * a)) /
                   (positives * negatives));
    *ci95 = (struct interval){fmax(0, a - half), fmin(1, a + half)};
    return OK;
}

enum status metric_of(struct context *context, enum metric metric, const struct outputs *outputs,
                      double *value, struct interval *ci95)
{
    struct accuracy accuracy;

    if (metrics[metric].needs_labels && !outputs->label)
        return context_fail(context, ERR_USAGE, "%s needs data with labels", metrics[metric].name);
    if (!metrics[metric].needs_labels && !outputs->target)
        return context_fail(context, ERR_USAGE, "%s needs data with a target of numbers",
                            metrics[metric].name);
    for (int64_t i = 0; metrics[metric].needs_labels && i < outputs->samples; i++)
        if (outputs->label[i] < 0 || (outputs->label[i] >= outputs->width && outputs->width > 1))
            return context_fail(context, ERR_SHAPE,
                                "sample %lld has label %lld, but there are "
                                "%lld outputs",
                                (long long)i, (long long)outputs->label[i],
                                (long long)outputs->width);
    if (metric == METRIC_AUC)
        return auc_of(context, outputs, value, ci95);
    if (metric == METRIC_PERPLEXITY && outputs->width < 2)
        return context_fail(context, ERR_USAGE, "perplexity needs one output a class");
    if (!metrics[metric].needs_labels || metric == METRIC_PERPLEXITY) {
        per_sample(metric, outputs, value, ci95);
        return OK;
    }
    accuracy_of(outputs, NULL, &accuracy);
    *value = metric == METRIC_TOP1   ? accuracy.top1
             : metric == METRIC_TOP5 ? accuracy.top5
                                     : accuracy.balanced;
    *ci95 = metric == METRIC_TOP1   ? accuracy.top1_ci95
            : metric == METRIC_TOP5 ? accuracy.top5_ci95
                                    : accuracy.balanced_ci95;
    return OK;
}

bool interval_holds_chance(struct interval interval, int64_t classes)
{
    return classes > 0 && interval.low <= 1.0 / (double)classes;
}
