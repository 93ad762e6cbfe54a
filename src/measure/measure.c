// Reading energy counters: what began anew, what stands twice, what lies in what.
#include "measure/measure.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "measure/measure_internal.h"

enum { READ_ATTEMPTS = 3 };

// No domain of a processor takes more: what a counter says beyond that is no energy.
static const double WATTS_MAX = 5000;
static const double PERIOD_MAX = 5, PERIOD_OF_POWER = 0.2, GAP_OF_POWER = 2; // seconds
static const double SETTLING_MAX = 10;

// ---- finding ------------------------------------------------------------------------------------

struct meter *meter_new(const char *root)
{
    struct meter *meter = must_alloc(sizeof *meter);
    const char *named = getenv("ECAI_SYSFS");

    meter->arena = arena_new();
    meter->root = arena_copy_text(meter->arena, root ? root : named && *named ? named : "/sys");
    if (!powercap_find(meter) && !hwmon_find(meter) && !iio_find(meter)) {
        if (!meter->reason[0])
            snprintf(meter->reason, sizeof meter->reason,
                     "no energy counter under '%s': class/powercap, class/hwmon, bus/iio (virtual "
                     "machines and containers have none)",
                     meter->root);
    } else {
        meter->reason[0] = '\0';
    }
    return meter;
}

void meter_free(struct meter *meter)
{
    if (!meter)
        return;
    if (meter->is_running)
        meter_stop(meter, NULL);
    arena_free(meter->arena);
    free(meter);
}

bool meter_is_there(const struct meter *meter)
{
    return meter->count > 0;
}

const char *meter_reason(const struct meter *meter)
{
    return meter->reason[0] ? meter->reason : NULL;
}

const char *meter_counter(const struct meter *meter)
{
    return meter->told_counter;
}

const char *meter_scope(const struct meter *meter)
{
    return meter->told_scope;
}

double meter_period(const struct meter *meter)
{
    double period = PERIOD_MAX;

    for (int i = 0; i < meter->count; i++) {
        const struct counter *counter = &meter->counter[i];
        double half = (double)counter->range / 1e6 / (2 * WATTS_MAX);
        if (counter->is_power)
            period = fmin(period, PERIOD_OF_POWER);
        else if (counter->range)
            period = fmin(period, fmax(half, 0.05));
    }
    return period;
}

double meter_settling(const struct meter *meter)
{
    double seconds = 0;

    for (int i = 0; i < meter->count; i++)
        seconds = fmax(seconds, meter->counter[i].settles);
    return fmin(seconds, SETTLING_MAX);
}

// ---- reading ------------------------------------------------------------------------------------

static int read_retrying(const struct counter *counter, uint64_t *out)
{
    int error = 0;

    for (int i = 0; i < READ_ATTEMPTS; i++)
        if ((error = counter_now(counter, out)) == 0)
            return 0;
    return error;
}

static void lose(struct counter *counter, const char *what)
{
    if (!counter->lost[0])
        snprintf(counter->lost, sizeof counter->lost, "'%s' %s", counter->path, what);
}

static void add_power(struct counter *counter, uint64_t now, double seconds)
{
    if (seconds > GAP_OF_POWER) {
        lose(counter, "was not read often enough to know what happened in between");
        return;
    }
    if ((double)now > WATTS_MAX * 1e6 || (double)counter->before > WATTS_MAX * 1e6) {
        lose(counter, "tells more than any machine takes: it counts no microwatts");
        return;
    }
    counter->joules += ((double)counter->before + (double)now) / 2 / 1e6 * seconds;
}

static void add_energy(struct counter *counter, uint64_t now, double seconds)
{
    double most = WATTS_MAX * fmax(seconds, 0.1), range = (double)counter->range / 1e6, joules;

    if (counter->range && seconds * WATTS_MAX > range) {
        lose(counter, "was not read often enough to know how many times it began anew");
        return;
    }
    if (now >= counter->before)
        joules = (double)(now - counter->before) / 1e6;
    else if (counter->range && counter->before <= counter->range)
        joules = (double)(now + (counter->range - counter->before)) / 1e6;
    else {
        lose(counter, "went back, and nothing says where it begins anew");
        return;
    }
    if (joules > most)
        lose(counter, "jumped: it was set anew, or counts no microjoules");
    else
        counter->joules += joules;
}

static void sample(struct counter *counter, double seconds)
{
    uint64_t now;

    if (counter->lost[0] || counter_now(counter, &now) != 0)
        return; // the next reading bridges it, or the end finds that there is none
    if (counter->is_power)
        add_power(counter, now, seconds - counter->at);
    else
        add_energy(counter, now, seconds - counter->at);
    counter->before = now;
    counter->at = seconds;
}

// ---- mirrors ------------------------------------------------------------------------------------

// Whether b is read between two equal or neighbouring readings of a: one register under two names,
// as the dies of one socket of AMD's Zen and Zen 2 show it. Two registers of their own meet within
// a millisecond's energy once in a million.
static bool read_alike(const struct counter *a, const struct counter *b)
{
    uint64_t first, between, last;

    if (counter_now(a, &first) || counter_now(b, &between) || counter_now(a, &last))
        return false;
    if (last < first) // began anew
        return between >= first || between <= last;
    return between >= first && between <= last;
}

static void find_twins(struct meter *meter)
{
    for (int i = 0; i < meter->count; i++) {
        struct counter *counter = &meter->counter[i];
        counter->twin = -1;
        for (int k = 0; k < i && counter->twin < 0 && !counter->is_power; k++)
            if (meter->counter[k].level == counter->level &&
                meter->counter[k].range == counter->range && meter->counter[k].twin < 0 &&
                read_alike(&meter->counter[k], counter))
                counter->twin = k;
    }
}

static void confirm_twins(struct meter *meter)
{
    for (int i = 0; i < meter->count; i++) {
        struct counter *counter = &meter->counter[i];
        counter->is_mirror =
            counter->twin >= 0 && read_alike(&meter->counter[counter->twin], counter);
    }
}

// ---- by hand ------------------------------------------------------------------------------------

void meter_begin(struct meter *meter, double seconds)
{
    meter->begun = seconds;
    meter->told_counter = meter->told_scope = NULL;
    if (meter->count)
        meter->reason[0] = '\0';
    find_twins(meter);
    for (int i = 0; i < meter->count; i++) {
        struct counter *counter = &meter->counter[i];
        int error = read_retrying(counter, &counter->before);
        counter->joules = 0;
        counter->at = seconds;
        counter->lost[0] = '\0';
        if (error)
            counter_refuse(counter->lost, counter->path, error);
    }
}

void meter_sample(struct meter *meter, double seconds)
{
    for (int i = 0; i < meter->count; i++)
        sample(&meter->counter[i], seconds);
}

// The sum of a level. NaN: it has no counter, or one that is lost (*why, unless NULL).
static double level_joules(const struct meter *meter, enum counter_level level, const char **why)
{
    double sum = 0;
    int count = 0;

    for (int i = 0; i < meter->count; i++) {
        const struct counter *counter = &meter->counter[i];
        if (counter->level != level || counter->is_mirror)
            continue;
        count++;
        sum += counter->joules;
        if (counter->lost[0]) {
            sum = NAN;
            if (why && !*why)
                *why = counter->lost;
        }
    }
    return count ? sum : NAN;
}

static bool has_level(const struct meter *meter, enum counter_level level)
{
    for (int i = 0; i < meter->count; i++)
        if (meter->counter[i].level == level)
            return true;
    return false;
}

static void name_level(const struct meter *meter, enum counter_level level, struct text *names)
{
    for (int i = 0; i < meter->count; i++)
        if (meter->counter[i].level == level && !meter->counter[i].is_mirror) {
            text_add(names, names->length ? " + " : "");
            text_add_escaped(names, meter->counter[i].name, strlen(meter->counter[i].name));
        }
}

static void tell(struct meter *meter, enum counter_level level, bool with_memory)
{
    static const char *const scopes[] = {[LEVEL_PLATFORM] = "whole platform",
                                         [LEVEL_PACKAGE] = "processor packages",
                                         [LEVEL_CORE] = "processor cores alone"};
    struct text names;

    text_init(&names);
    name_level(meter, level, &names);
    if (with_memory)
        name_level(meter, LEVEL_MEMORY, &names);
    meter->told_counter = arena_format(meter->arena, "%s %s", meter->source, names.at);
    meter->told_scope =
        arena_format(meter->arena, "%s%s, all that ran",
                     meter->whole ? meter->whole : scopes[level], with_memory ? " and memory" : "");
    text_clear(&names);
}

// The widest level that makes sense: a platform counter that holds less than the packages in it
// counts something else, or nothing.
static double choose(struct meter *meter, const char **why)
{
    double platform = level_joules(meter, LEVEL_PLATFORM, NULL);
    enum counter_level level = has_level(meter, LEVEL_PACKAGE) ? LEVEL_PACKAGE : LEVEL_CORE;
    double inner = level_joules(meter, level, why), memory;

    if (platform > 0 && !(platform < inner)) {
        tell(meter, LEVEL_PLATFORM, false);
        return platform;
    }
    memory = level_joules(meter, LEVEL_MEMORY, NULL);
    tell(meter, level, !isnan(memory));
    return inner + (isnan(memory) ? 0 : memory);
}

double meter_end(struct meter *meter, double seconds)
{
    const char *why = NULL;
    double joules;

    if (!meter->count)
        return NAN;
    meter_sample(meter, seconds);
    for (int i = 0; i < meter->count; i++) {
        struct counter *counter = &meter->counter[i];
        uint64_t now;
        int error = counter->at < seconds && !counter->lost[0] ? read_retrying(counter, &now) : 0;
        if (error)
            counter_refuse(counter->lost, counter->path, error);
        else if (counter->at < seconds)
            sample(counter, seconds);
    }
    confirm_twins(meter);
    joules = choose(meter, &why);
    if (isnan(joules))
        snprintf(meter->reason, sizeof meter->reason, "%s", why ? why : "nothing was read");
    else if (joules <= 0) {
        snprintf(meter->reason, sizeof meter->reason,
                 "the counter did not move in %.3g s: too short a time, or a machine that counts "
                 "nothing",
                 seconds - meter->begun);
        joules = NAN;
    }
    if (isnan(joules))
        meter->told_counter = meter->told_scope = NULL;
    return joules;
}

// ---- in a thread --------------------------------------------------------------------------------

static void *watch(void *self)
{
    struct meter *meter = self;
    double period = meter_period(meter), due = meter->begun + period;

    pthread_mutex_lock(&meter->lock);
    while (!meter->is_stopping) {
        struct timespec until = {.tv_sec = (time_t)due,
                                 .tv_nsec = (long)((due - floor(due)) * 1e9)};
        pthread_cond_timedwait(&meter->wake, &meter->lock, &until);
        if (!meter->is_stopping && clock_seconds() >= due) {
            meter_sample(meter, clock_seconds());
            due = clock_seconds() + period;
        }
    }
    pthread_mutex_unlock(&meter->lock);
    return NULL;
}

void meter_start(struct meter *meter)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;

    if (!meter->count || meter->is_running)
        return;
    meter_begin(meter, clock_seconds());
    meter->is_stopping = false;
    pthread_mutex_init(&meter->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&meter->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all); // signals are the main thread's
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // Without the thread it still measures, as long as nothing begins anew twice.
    meter->is_running = pthread_create(&meter->thread, NULL, watch, meter) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

double meter_stop(struct meter *meter, double *seconds)
{
    double end;

    if (meter->is_running) {
        pthread_mutex_lock(&meter->lock);
        meter->is_stopping = true;
        pthread_cond_signal(&meter->wake);
        pthread_mutex_unlock(&meter->lock);
        pthread_join(meter->thread, NULL);
        pthread_cond_destroy(&meter->wake);
        pthread_mutex_destroy(&meter->lock);
        meter->is_running = false;
    }
    end = clock_seconds();
    if (seconds)
        *seconds = end - meter->begun;
    return meter_end(meter, end);
}
