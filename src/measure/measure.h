// Energy as the machine's own counters have it: powercap (RAPL of Intel and AMD), else sensors of
// hwmon or Industrial I/O. A counter sees the whole processor or machine, every program that runs
// on it included. An estimate is never replaced by it: both are told beside each other.
#ifndef MEASURE_MEASURE_H
#define MEASURE_MEASURE_H

#include <stdbool.h>

#include "base/context.h"

struct meter;

// Looks for counters under `root`, as /sys is laid out; NULL: $ECAI_SYSFS, else /sys. Never NULL
// and never an error: a machine without a counter that may be read gives a meter that measures
// NaN and says why.
struct meter *meter_new(const char *root);
void meter_free(struct meter *meter); // NULL is fine; stops it first

bool meter_is_there(const struct meter *meter);
// Why there is nothing to measure with, or why the last measurement failed, and what helps. NULL:
// nothing is wrong.
const char *meter_reason(const struct meter *meter);
// Of the last measurement: "powercap package-0 + dram"; what it covers. NULL before one.
const char *meter_counter(const struct meter *meter);
const char *meter_scope(const struct meter *meter);

// Measures from start to stop. A thread of the meter's own reads the counters in between, so that
// none begins anew twice unseen. seconds NULL: not wanted. Joules; NaN: meter_reason says why.
void meter_start(struct meter *meter);
double meter_stop(struct meter *meter, double *seconds);

// The same by hand, at times of a clock that only goes forward.
void meter_begin(struct meter *meter, double seconds);
void meter_sample(struct meter *meter, double seconds);
double meter_end(struct meter *meter, double seconds);
double meter_period(const struct meter *meter); // seconds between samples that miss nothing
// Seconds until a sensor that averages over time has forgotten what was before.
double meter_settling(const struct meter *meter);

// A stretch of time with what was measured in it.
struct measured_window {
    double joules, seconds;
    double inferences; // 0: the machine was idle
};

// Joules of an inference beyond what the idle machine takes in the same time, with the interval of
// 95 % (Student's t over the windows, with the spread of the idle power). NaN without two windows
// of each; low and high NaN then too.
struct measured_inference {
    double joules, low, high;
    double idle_watts;
};
struct measured_inference measured_above_idle(const struct measured_window *window, int count);

// What is to be measured: runs some inferences, as few as may be, and adds their number.
struct measured_load {
    enum status (*run)(void *self, double *inferences);
    void *self;
};
// Five windows of the idle machine and five of the load, one after the other, of so many seconds
// each, after as long as the meter takes to settle. NaN where the meter reads nothing: its reason
// says why. Errors are the load's.
MUST_CHECK enum status measured_windows(struct context *context, struct meter *meter,
                                        const struct measured_load *load, double seconds,
                                        struct measured_inference *out);

#endif
