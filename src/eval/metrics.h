// Accuracy and its uncertainty, and the paired comparison of two models on the same samples.
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"
#include "eval/outputs.h"

struct interval {
    double low, high; // NaN: unknown
};

// The 95 % score interval of a proportion (Wilson 1927), without continuity correction. NaN for
// n = 0.
struct interval wilson_interval(int64_t successes, int64_t n);

// Index of the largest value, the first of equals; -1 if any is NaN.
int64_t argmax(const float *value, int64_t count);
// Whether the label is among the k largest; among equals the lower index comes first.
bool in_top(const float *value, int64_t count, int64_t label, int k);

struct class_accuracy {
    int64_t samples, correct;
};

// Of outputs with labels. per_class: [width], may be NULL. balanced: the mean of the recalls of the
// classes that occur. top5 is NaN for fewer than six classes, where it says nothing.
struct accuracy {
    int64_t samples, correct;
    double top1, top5, balanced;
    struct interval top1_ci95, top5_ci95, balanced_ci95;
};
void accuracy_of(const struct outputs *outputs, struct class_accuracy *per_class,
                 struct accuracy *out);

// A metric by its name on the line.
enum metric {
    METRIC_TOP1,
    METRIC_TOP5,
    METRIC_BALANCED,
    METRIC_AUC,
    METRIC_MSE,
    METRIC_COSINE,
    METRIC_MAE,
    METRIC_PERPLEXITY,
    METRIC_COUNT
};
const char *metric_name(enum metric metric);
bool metric_from_name(const char *name, enum metric *out);
bool metric_is_higher_better(enum metric metric);
// The metric and its 95 % interval (Wilson for top1 and top5, over classes for balanced,
// Hanley and McNeil 1982 for auc, normal over samples for mse, mae, cosine and perplexity).
// ERR_USAGE if the outputs lack what it needs: labels, targets, samples of both classes.
MUST_CHECK enum status metric_of(struct context *context, enum metric metric,
                                 const struct outputs *outputs, double *value,
                                 struct interval *ci95);

// The model against a baseline on the same samples in the same order. What needs labels is NaN (and
// lost, gained 0) without.
struct comparison {
    int64_t samples;
    bool is_labelled;
    int64_t lost, gained; // baseline right and model wrong, and the other way
    double difference;    // accuracy of model - baseline
    struct interval difference_ci95;
    double agreement; // share of samples with the same largest output
    double kl;        // mean KL(baseline || model) in nats; zeros count as 1e-12
    double mcnemar_p; // two-sided
    double margin;
    bool is_non_inferior;
};
// ERR_SHAPE if samples or width differ, or the labels do.
MUST_CHECK enum status comparison_of(struct context *context, const struct outputs *baseline,
                                     const struct outputs *model, double margin,
                                     struct comparison *out);

// d +- 1.96 SE with SE = sqrt(lost + gained - (gained - lost)^2 / n) / n, d = (gained - lost) / n.
struct interval paired_interval(int64_t lost, int64_t gained, int64_t n);
// McNemar 1947: exact binomial for lost + gained < 25, else chi-square with Edwards' continuity
// correction.
double mcnemar_p(int64_t lost, int64_t gained);
// Whether the loss is below the margin, one-sided at 95 %: -d + 1.645 SE < margin.
bool is_non_inferior(int64_t lost, int64_t gained, int64_t n, double margin);

// The 95 % interval of model - baseline where both were measured on the same samples, but nobody
// kept which answer was whose: the two intervals' distances squared and added (Newcombe 1998,
// method 10, for Wilson's intervals of shares; Zou and Donner 2008 for any). Too wide where the
// answers are alike, as those of a model and its baseline are. NaN in, NaN out.
struct interval unpaired_interval(double baseline, struct interval baseline_ci95, double model,
                                  struct interval model_ci95);
// Whether the loss is below the margin, one-sided at 95 %, by such an interval: its lower half
// shrunk from 1.96 to 1.645 standard errors.
bool unpaired_is_non_inferior(double difference, struct interval ci95, double margin);

// Whether the interval is not clearly above what guessing gives: a warning is due.
bool interval_holds_chance(struct interval interval, int64_t classes);

#endif
