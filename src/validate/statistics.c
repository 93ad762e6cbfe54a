// Relative errors and rank correlations; see statistics.h.
#include "validate/statistics.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

double percent_error(double predicted, double published)
{
    return published == 0 ? NAN : (predicted / published - 1) * 100;
}

double mean_percent_error(const double *predicted, const double *published, int count)
{
    double sum = 0;

    for (int i = 0; i < count; i++)
        sum += fabs(percent_error(predicted[i], published[i]));
    return count ? sum / count : NAN;
}

double largest_percent_error(const double *predicted, const double *published, int count)
{
    double largest = count ? 0 : NAN;

    for (int i = 0; i < count; i++) {
        double error = fabs(percent_error(predicted[i], published[i]));
        if (isnan(error))
            return NAN;
        largest = fmax(largest, error);
    }
    return largest;
}

double factor_percent_error(const double *predicted, const double *published, int count)
{
    double worst = 1;

    for (int i = 0; i < count; i++)
        worst = fmax(worst, fmax(predicted[i] / published[i], published[i] / predicted[i]));
    return count ? 100 * (worst - 1) : NAN;
}

double ratio_percent_error(const double *predicted, const double *published, int count)
{
    double low = INFINITY, high = 0;

    for (int i = 0; i < count; i++) {
        low = fmin(low, predicted[i] / published[i]);
        high = fmax(high, predicted[i] / published[i]);
    }
    return count ? 100 * (high / low - 1) : NAN;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median_of(const double *value, int count)
{
    double median = NAN;
    double *sorted;

    if (count < 1)
        return NAN;
    sorted = must_alloc((size_t)count * sizeof *sorted);
    for (int i = 0; i < count; i++)
        sorted[i] = value[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_size);
    median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    free(sorted);
    return median;
}

// Twice the rank, less the mean of all: they sum to zero.
static double centred_rank(const double *value, int count, int at)
{
    int below = 0, above = 0;

    for (int i = 0; i < count; i++) {
        below += value[i] < value[at];
        above += value[i] > value[at];
    }
    return below - above;
}

double spearman(const double *a, const double *b, int count)
{
    double ab = 0, aa = 0, bb = 0;

    for (int i = 0; i < count; i++) {
        double x = centred_rank(a, count, i), y = centred_rank(b, count, i);
        if (isnan(a[i]) || isnan(b[i]))
            return NAN;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

double kendall(const double *a, const double *b, int count)
{
    double agree = 0, in_a = 0, in_b = 0; // pairs: same order less other; not tied on a, on b

    for (int i = 0; i < count; i++) {
        if (isnan(a[i]) || isnan(b[i]))
            return NAN;
        for (int j = 0; j < i; j++) {
            int x = (a[i] > a[j]) - (a[i] < a[j]), y = (b[i] > b[j]) - (b[i] < b[j]);
            agree += x * y;
            in_a += x != 0;
            in_b += y != 0;
        }
    }
    return in_a > 0 && in_b > 0 ? agree / sqrt(in_a * in_b) : NAN;
}
