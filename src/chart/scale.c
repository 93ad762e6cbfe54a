// Scales and ticks; see scale.h.
#include "chart/scale.h"

#include <math.h>
#include <string.h>

static const double air = 0.04; // of the length, left free on both sides

struct scale scale_around(double low, double high, bool is_log)
{
    struct scale scale = {.is_log = is_log && low > 0};
    double room;

    if (scale.is_log) {
        low = log10(low);
        high = log10(high);
    }
    room = (high - low) * air;
    if (!(high - low > 1e-9 * (fabs(low) + fabs(high))))
        room = scale.is_log ? 0.1 : low != 0 ? 0.05 * fabs(low) : 0.5;
    scale.low = low - room;
    scale.high = high + room;
    if (scale.is_log) {
        scale.low = pow(10, scale.low);
        scale.high = pow(10, scale.high);
    }
    return scale;
}

double scale_at(const struct scale *scale, double value)
{
    double share = scale->is_log ? log(value / scale->low) / log(scale->high / scale->low)
                                 : (value - scale->low) / (scale->high - scale->low);

    return scale->from + share * (scale->to - scale->from);
}

double scale_value(const struct scale *scale, double pixel)
{
    double share = (pixel - scale->from) / (scale->to - scale->from);

    return scale->is_log ? scale->low * pow(scale->high / scale->low, share)
                         : scale->low + share * (scale->high - scale->low);
}

static void add(struct ticks *ticks, double at, bool has_label)
{
    if (ticks->count == TICKS_MAX)
        return;
    ticks->at[ticks->count] = at;
    ticks->has_label[ticks->count++] = has_label;
}

// 1, 2 or 5 times a power of ten, the one whose ratio to `step` is nearest to 1.
static double round_step(double step)
{
    double power = pow(10, floor(log10(step))), rest = step / power;

    return power * (rest < sqrt(2) ? 1 : rest < sqrt(10) ? 2 : rest < sqrt(50) ? 5 : 10);
}

static void choose_linear(const struct scale *scale, int wanted, struct ticks *ticks)
{
    double step = round_step((scale->high - scale->low) / wanted);
    double first = ceil(scale->low / step - 1e-9);
    int decimals = (int)-floor(log10(step) + 1e-9);

    ticks->decimals = decimals > 0 ? decimals : 0;
    for (int i = 0; (first + i) * step <= scale->high + 1e-9 * step && i < TICKS_MAX; i++)
        // Divided where the step is below 1: 3 / 10 is the double that prints as 0.3.
        add(ticks, step < 1 ? (first + i) / round(1 / step) : (first + i) * step, true);
}

static void choose_log(const struct scale *scale, int wanted, struct ticks *ticks)
{
    double decades = log10(scale->high / scale->low);
    int first = (int)floor(log10(scale->low)), last = (int)floor(log10(scale->high));
    int apart = (int)ceil(decades / (wanted + 1)); // decades between two labels

    for (int decade = first; decade <= last; decade++)
        for (int digit = 1; digit <= 9; digit++) {
            double at = digit * pow(10, decade);
            bool is_labelled = digit == 1   ? decade % apart == 0
                               : digit == 2 ? decades * 2 <= wanted
                                            : digit == 5 && decades * 2 <= wanted;
            if (at < scale->low * (1 - 1e-9) || at > scale->high * (1 + 1e-9))
                continue;
            if (is_labelled || (apart == 1 && decades < 7) || digit == 1)
                add(ticks, at, is_labelled);
        }
}

void ticks_choose(const struct scale *scale, int wanted, struct ticks *ticks)
{
    memset(ticks, 0, sizeof *ticks);
    if (wanted < 2)
        wanted = 2;
    // Within less than a decade, powers of ten would leave an axis with one label or none.
    if (scale->is_log && scale->high / scale->low > 8)
        choose_log(scale, wanted, ticks);
    else
        choose_linear(scale, wanted, ticks);
}

static const char *const prefixes[] = {"f", "p", "n", "\302\265", "m", "", "k", "M", "G", "T", "P"};

int scale_prefix(double largest)
{
    double power = largest > 0 && isfinite(largest) ? floor(log10(largest * (1 + 1e-12)) / 3) : 0;

    return 3 * (int)fmax(-5, fmin(5, power));
}

const char *scale_prefix_name(int exponent)
{
    return prefixes[exponent / 3 + 5];
}
