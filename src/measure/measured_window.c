// Energy of an inference beyond the idle machine's, from windows of both kinds.
#include "measure/measure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "measure/measure_internal.h"

enum { ROUNDS = 5 };

struct spread {
    double mean, variance; // of the mean
    int count;
};

// Of joules per inference (is_busy) above `idle` watts, or of idle watts.
static double value_of(const struct measured_window *window, double idle)
{
    if (window->inferences > 0)
        return (window->joules - idle * window->seconds) / window->inferences;
    return window->joules / window->seconds;
}

static struct spread spread_of(const struct measured_window *window, int count, bool is_busy,
                               double idle)
{
    struct spread spread = {0, 0, 0};
    double sum = 0, squares = 0;

    for (int i = 0; i < count; i++)
        if ((window[i].inferences > 0) == is_busy) {
            sum += value_of(&window[i], idle);
            spread.count++;
        }
    spread.mean = sum / spread.count;
    for (int i = 0; i < count; i++)
        if ((window[i].inferences > 0) == is_busy) {
            double apart = value_of(&window[i], idle) - spread.mean;
            squares += apart * apart;
        }
    spread.variance = squares / (spread.count - 1) / spread.count;
    return spread;
}

// Student's t, two-sided 95 %, for 1, 2, ... degrees of freedom; 1.96 + 2.5 / n beyond the table.
static double student(int freedom)
{
    static const double t[] = {12.706, 4.303, 3.182, 2.776, 2.571,
                               2.447,  2.365, 2.306, 2.262, 2.228};
    int rows = (int)(sizeof t / sizeof t[0]);

    return freedom <= rows ? t[freedom - 1] : 1.96 + 2.5 / freedom;
}

struct measured_inference measured_above_idle(const struct measured_window *window, int count)
{
    struct measured_inference out = {NAN, NAN, NAN, NAN};
    struct spread idle = spread_of(window, count, false, 0), busy;
    double seconds = 0, inferences = 0, half;
    int least;

    if (idle.count < 2)
        return out;
    busy = spread_of(window, count, true, idle.mean);
    if (busy.count < 2)
        return out;
    for (int i = 0; i < count; i++)
        if (window[i].inferences > 0) {
            seconds += window[i].seconds;
            inferences += window[i].inferences;
        }
    least = idle.count < busy.count ? idle.count : busy.count;
    half = student(least - 1) * sqrt(busy.variance + idle.variance * pow(seconds / inferences, 2));
    out = (struct measured_inference){busy.mean, busy.mean - half, busy.mean + half, idle.mean};
    return out;
}

static void idle_for(double seconds)
{
    double end = clock_seconds() + seconds;

    for (double left = seconds; left > 0; left = end - clock_seconds())
        nanosleep(&(struct timespec){.tv_sec = (time_t)left,
                                     .tv_nsec = (long)((left - floor(left)) * 1e9)},
                  NULL);
}

static enum status run_for(const struct measured_load *load, double seconds, double *inferences)
{
    double end = clock_seconds() + seconds;

    do
        TRY(load->run(load->self, inferences));
    while (clock_seconds() < end);
    return OK;
}

// A window, or what comes before it; nothing for 0 seconds.
static enum status spend(const struct measured_load *load, bool is_busy, double seconds,
                         double *inferences)
{
    *inferences = 0;
    if (seconds > 0 && is_busy)
        return run_for(load, seconds, inferences);
    idle_for(seconds);
    return OK;
}

// Which counter is read is chosen anew each time. Windows of several are not to be subtracted from
// each other: the meter then has measured nothing, and says so.
static bool is_of_one_counter(struct meter *meter, const char **counter, const char **scope)
{
    if (!*counter) {
        *counter = meter->told_counter;
        *scope = meter->told_scope;
    }
    if (strcmp(*counter, meter->told_counter) == 0 && strcmp(*scope, meter->told_scope) == 0)
        return true;
    snprintf(meter->reason, sizeof meter->reason,
             "one window was read from '%.100s' (%.100s), another from '%.100s' (%.100s): a "
             "counter that stands still in one of them cannot be compared",
             *counter, *scope, meter->told_counter, meter->told_scope);
    meter->told_counter = meter->told_scope = NULL;
    return false;
}

enum status measured_windows(struct context *context, struct meter *meter,
                             const struct measured_load *load, double seconds,
                             struct measured_inference *out)
{
    struct measured_window window[2 * ROUNDS] = {{0}};
    const char *counter = NULL, *scope = NULL;
    double warming = 0;

    *out = (struct measured_inference){NAN, NAN, NAN, NAN};
    if (!meter_is_there(meter))
        return OK;
    TRY(load->run(load->self, &warming));
    for (int i = 0; i < 2 * ROUNDS; i++) {
        enum status status = OK;
        TRY(context_tick(context, "measuring energy", (uint64_t)i, 2 * ROUNDS));
        TRY(spend(load, i % 2, meter_settling(meter), &window[i].inferences));
        meter_start(meter);
        status = spend(load, i % 2, seconds, &window[i].inferences);
        window[i].joules = meter_stop(meter, &window[i].seconds);
        TRY(status);
        if (isnan(window[i].joules) || !is_of_one_counter(meter, &counter, &scope))
            return OK;
    }
    *out = measured_above_idle(window, 2 * ROUNDS);
    return OK;
}
