// From values to places on paper: linear and logarithmic scales, and round ticks on them after
// P. Heckbert, "Nice numbers for graph labels", Graphics Gems 1990.
#ifndef CHART_SCALE_H
#define CHART_SCALE_H

#include <stdbool.h>

struct scale {
    bool is_log;      // the values are above zero then
    double low, high; // low < high
    double from, to;  // where they stand, in pixels; to may be the smaller one
};

// A scale that holds low..high with some air on both sides. Equal bounds are moved apart. is_log
// is taken back where low <= 0.
struct scale scale_around(double low, double high, bool is_log);
double scale_at(const struct scale *scale, double value);    // value -> pixel
double scale_value(const struct scale *scale, double pixel); // and back

enum { TICKS_MAX = 64 };

struct ticks {
    int count;
    double at[TICKS_MAX];
    bool has_label[TICKS_MAX]; // false: a small one between
    int decimals;              // that tell the labelled ones apart; linear scales only
};

// About `wanted` labelled ticks (at least 2) inside the scale: 1, 2 or 5 times a power of ten
// apart; on a logarithmic scale of more than a decade the powers of ten, with 2 and 5 between where
// there is room, and all whole multiples without a label.
void ticks_choose(const struct scale *scale, int wanted, struct ticks *ticks);

// The power of 1000 that numbers up to `largest` are best written in, -15..15: 1e-6 -> -6.
int scale_prefix(double largest);
const char *scale_prefix_name(int exponent); // "µ" for -6, "" for 0

#endif
