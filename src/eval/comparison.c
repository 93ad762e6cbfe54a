// Two models on the same samples (McNemar 1947, Edwards 1948): what one gets wrong that the other
// gets right says far more than two accuracies apart (Newcombe 1998; Zou and Donner 2008).
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "eval/metrics.h"

static double standard_error(int64_t lost, int64_t gained, int64_t n)
{
    double discordant = (double)(lost + gained), d = (double)(gained - lost), count = (double)n;

    return sqrt(discordant - d * d / count) / count;
}

// What n samples without a single disagreement still allow, at that level of error: the exact bound
// on a share of which none was seen (its "rule of three": Hanley and Lippman-Hand 1983).
static double unseen_share(int64_t n, double error)
{
    return 1 - pow(error, 1 / (double)n);
}

struct interval paired_interval(int64_t lost, int64_t gained, int64_t n)
{
    double d = (double)(gained - lost) / (double)n;
    double half =
        lost + gained ? 1.96 * standard_error(lost, gained, n) : unseen_share(n, 0.05 / 2);

    return (struct interval){d - half, d + half};
}

double mcnemar_p(int64_t lost, int64_t gained)
{
    int64_t n = lost + gained, fewer = lost < gained ? lost : gained;
    double chi_square, excess;

    if (n < 25) {
        double term = ldexp(1, -(int)n), sum = 0; // C(n, 0) / 2^n
        for (int64_t k = 0; k <= fewer; k++) {
            sum += term;
            term *= (double)(n - k) / (double)(k + 1);
        }
        return fmin(1, 2 * sum);
    }
    excess = fmax(0, fabs((double)(lost - gained)) - 1);
    chi_square = excess * excess / (double)n;
    return erfc(sqrt(chi_square / 2)); // one degree of freedom
}

bool is_non_inferior(int64_t lost, int64_t gained, int64_t n, double margin)
{
    double loss = (double)(lost - gained) / (double)n;
    double half = lost + gained ? 1.645 * standard_error(lost, gained, n) : unseen_share(n, 0.05);

    return loss + half < margin;
}

struct interval unpaired_interval(double baseline, struct interval baseline_ci95, double model,
                                  struct interval model_ci95)
{
    double d = model - baseline;

    return (struct interval){d - hypot(model - model_ci95.low, baseline_ci95.high - baseline),
                             d + hypot(model_ci95.high - model, baseline - baseline_ci95.low)};
}

bool unpaired_is_non_inferior(double difference, struct interval ci95, double margin)
{
    return (difference - ci95.low) * 1.645 / 1.96 - difference < margin;
}

static enum status check_pair(struct context *context, const struct outputs *baseline,
                              const struct outputs *model)
{
    if (baseline->samples != model->samples || baseline->width != model->width)
        return context_fail(context, ERR_SHAPE,
                            "the baseline has %lld samples of %lld outputs, the model %lld of %lld",
                            (long long)baseline->samples, (long long)baseline->width,
                            (long long)model->samples, (long long)model->width);
    for (int64_t i = 0; baseline->label && model->label && i < model->samples; i++)
        if (baseline->label[i] != model->label[i])
            return context_fail(context, ERR_SHAPE,
                                "the baseline's outputs are of other data: label %lld differs",
                                (long long)i);
    return OK;
}

static double divergence(const double *p, const double *q, int64_t n)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        if (p[i] > 0)
            sum += p[i] * log(fmax(p[i], 1e-12) / fmax(q[i], 1e-12));
    return sum;
}

static double mean_divergence(const struct outputs *baseline, const struct outputs *model)
{
    double *p = must_alloc((size_t)model->width * 2 * sizeof *p), *q = p + model->width, sum = 0;
    bool p_is_ready = outputs_are_probabilities(baseline);
    bool q_is_ready = outputs_are_probabilities(model);

    for (int64_t i = 0; i < model->samples; i++) {
        outputs_probabilities(baseline, i, p_is_ready, p);
        outputs_probabilities(model, i, q_is_ready, q);
        sum += divergence(p, q, model->width);
    }
    free(p);
    return sum / (double)model->samples;
}

enum status comparison_of(struct context *context, const struct outputs *baseline,
                          const struct outputs *model, double margin, struct comparison *out)
{
    const int64_t *label = model->label ? model->label : baseline->label;
    int64_t n = model->samples, width = model->width, agreed = 0;

    TRY(check_pair(context, baseline, model));
    *out = (struct comparison){.samples = n, .is_labelled = label != NULL, .margin = margin};
    for (int64_t i = 0; i < n; i++) {
        int64_t was = argmax(baseline->value + i * width, width);
        int64_t is = argmax(model->value + i * width, width);
        agreed += was == is;
        out->lost += label && was == label[i] && is != label[i];
        out->gained += label && was != label[i] && is == label[i];
    }
    out->agreement = (double)agreed / (double)n;
    out->kl = width > 1 ? mean_divergence(baseline, model) : NAN;
    out->difference = out->mcnemar_p = NAN;
    out->difference_ci95 = (struct interval){NAN, NAN};
    if (!label)
        return OK;
    out->difference = (double)(out->gained - out->lost) / (double)n;
    out->difference_ci95 = paired_interval(out->lost, out->gained, n);
    out->mcnemar_p = mcnemar_p(out->lost, out->gained);
    out->is_non_inferior = is_non_inferior(out->lost, out->gained, n, margin);
    return OK;
}
