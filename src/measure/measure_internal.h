// What the finding of counters (powercap.c, hwmon.c), their reading (measure.c) and windows of it
// (measured_window.c) share.
#ifndef MEASURE_MEASURE_INTERNAL_H
#define MEASURE_MEASURE_INTERNAL_H

#include <pthread.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "measure/measure.h"

// Which counters hold which: psys >= packages >= cores + rest; memory lies beside the packages,
// though its folder lies in theirs.
enum counter_level { LEVEL_PLATFORM, LEVEL_PACKAGE, LEVEL_CORE, LEVEL_MEMORY, LEVEL_COUNT };

enum { COUNTERS_MAX = 128, METER_REASON_BYTES = 512, SENSORS_MAX = 64 };

struct counter {
    const char *name, *path;
    const char *current; // of a sensor of volts: the amperes to multiply with; NULL: none
    enum counter_level level;
    bool is_power;   // microwatts now; false: microjoules so far
    double scale;    // microwatts that a unit of `path` stands for; 0: 1
    double settles;  // seconds that a reading is the average of
    uint64_t range;  // microjoules after which it begins anew; 0: not known
    uint64_t before; // the reading before, at this time
    double at;
    double joules;                 // since the beginning
    int twin;                      // another counter that read the same at the beginning; -1: none
    bool is_mirror;                // of its twin: one register under two names
    char lost[METER_REASON_BYTES]; // why joules mean nothing; "": they do
};

struct meter {
    struct arena *arena;
    const char *root, *source; // "powercap", "hwmon NAME"
    const char *whole;         // what a source of one level covers; NULL: by level
    struct counter counter[COUNTERS_MAX];
    int count;
    char reason[METER_REASON_BYTES];
    const char *told_counter, *told_scope;
    double begun;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_running, is_stopping;
};

// Reads a whole number; 0 or an errno. `path` under no root.
int counter_read(const char *path, uint64_t *out);
// What a counter stands at, in its microjoules or microwatts; 0 or an errno.
int counter_now(const struct counter *counter, uint64_t *out);
// The first line of a small file, from the arena; NULL: it cannot be read.
const char *counter_word(struct arena *arena, const char *path);
// Names in a folder, sorted, from the arena. 0: none, or no folder.
size_t counter_list(struct arena *arena, const char *folder, const char ***names);
// Puts one more into the meter, unless it is full.
struct counter *counter_add(struct meter *meter, const char *name, const char *path);
// Sensors of one kind of chip, of all of them in the machine.
struct sensor {
    const char *path, *current, *label; // as in struct counter; label NULL: none
    bool is_power;
    double scale, settles;
};
struct sensors {
    struct sensor at[SENSORS_MAX];
    int count;
};
// Takes those whose label begins with `total` (NULL: none has one), or the only one there is. Where
// several are left of which none holds the others, none is taken and the reason says so.
bool sensors_choose(struct meter *meter, const struct sensors *sensors, const char *chip,
                    const char *total);
// What a chip's folder adds to its sensors.
typedef void sensors_add_function(struct meter *meter, const char *folder, struct sensors *sensors);
// The sensors of every chip of that name, in a folder that holds one of each chip.
void sensors_find(struct meter *meter, const char *folder, const char *chip,
                  sensors_add_function *add, struct sensors *out);
// Why a counter cannot be read, with what to do.
void counter_refuse(char *reason, const char *path, int error);

// Fill the meter; true: there is something that may be read. reason says what was in the way.
bool powercap_find(struct meter *meter);
bool hwmon_find(struct meter *meter);
bool iio_find(struct meter *meter);

#endif
