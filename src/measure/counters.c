// Small files of sysfs, and the list of counters.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/measure_internal.h"

enum { LINE_BYTES = 256 };

// 0 or an errno; the line ends in NUL, without its newline.
static int read_line(const char *path, char line[LINE_BYTES])
{
    int file = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    ssize_t length = -1;

    if (file < 0)
        return errno;
    do
        length = read(file, line, LINE_BYTES - 1);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        error = errno;
    close(file);
    if (error)
        return error;
    line[length] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return 0;
}

int counter_read(const char *path, uint64_t *out)
{
    char line[LINE_BYTES], *end;
    int error = read_line(path, line);

    if (error)
        return error;
    errno = 0;
    *out = strtoull(line, &end, 10);
    if (line[0] < '0' || line[0] > '9' || *end || errno)
        return EINVAL;
    return 0;
}

// A failure is no reading, and no reading is not 0.
int counter_now(const struct counter *counter, uint64_t *out)
{
    uint64_t current;
    int error = counter_read(counter->path, out);

    if (error == 0 && counter->current) {
        error = counter_read(counter->current, &current);
        *out *= current; // millivolts times milliamperes are microwatts
    }
    if (error == 0 && counter->scale > 0)
        *out = (uint64_t)fmin((double)*out * counter->scale, 1e18);
    return error;
}

const char *counter_word(struct arena *arena, const char *path)
{
    char line[LINE_BYTES];

    return read_line(path, line) == 0 ? arena_copy_text(arena, line) : NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t counter_list(struct arena *arena, const char *folder, const char ***names)
{
    DIR *handle = opendir(folder);
    const struct dirent *entry;
    size_t count = 0;

    *names = arena_array(arena, const char *, COUNTERS_MAX);
    if (!handle)
        return 0;
    while (count < COUNTERS_MAX && (entry = readdir(handle)) != NULL)
        if (entry->d_name[0] != '.')
            (*names)[count++] = arena_copy_text(arena, entry->d_name);
    closedir(handle);
    qsort(*names, count, sizeof **names, by_text);
    return count;
}

struct counter *counter_add(struct meter *meter, const char *name, const char *path)
{
    struct counter *counter;

    if (meter->count == COUNTERS_MAX)
        return NULL;
    counter = &meter->counter[meter->count++];
    *counter = (struct counter){.name = name, .path = path, .twin = -1};
    return counter;
}

static void take_sensor(struct meter *meter, const struct sensor *sensor, const char *chip)
{
    struct counter *counter =
        counter_add(meter, sensor->label ? sensor->label : chip, sensor->path);

    if (!counter)
        return;
    counter->level = LEVEL_PACKAGE;
    counter->current = sensor->current;
    counter->is_power = sensor->is_power;
    counter->scale = sensor->scale;
    counter->settles = sensor->settles;
}

bool sensors_choose(struct meter *meter, const struct sensors *sensors, const char *chip,
                    const char *total)
{
    for (int i = 0; i < sensors->count && total; i++)
        if (sensors->at[i].label && strncmp(sensors->at[i].label, total, strlen(total)) == 0)
            take_sensor(meter, &sensors->at[i], chip);
    if (meter->count == 0 && sensors->count == 1)
        take_sensor(meter, &sensors->at[0], chip);
    else if (meter->count == 0 && sensors->count > 1 && !meter->reason[0])
        snprintf(meter->reason, sizeof meter->reason,
                 "'%s' has %d sensors, and none says that it holds the others", chip,
                 sensors->count);
    return meter->count > 0;
}

void sensors_find(struct meter *meter, const char *folder, const char *chip,
                  sensors_add_function *add, struct sensors *out)
{
    const char **names;
    size_t found = counter_list(meter->arena, folder, &names);

    *out = (struct sensors){.count = 0}; // add() leaves alone what a sensor has none of
    for (size_t i = 0; i < found; i++) {
        const char *path = arena_format(meter->arena, "%s/%s", folder, names[i]);
        const char *name = counter_word(meter->arena, arena_format(meter->arena, "%s/name", path));
        if (name && strcmp(name, chip) == 0)
            add(meter, path, out);
    }
}

void counter_refuse(char *reason, const char *path, int error)
{
    if (error == EACCES || error == EPERM)
        snprintf(reason, METER_REASON_BYTES,
                 "'%s' may be read by root alone: as root, 'chmod a+r' it after each start, or "
                 "give ecai CAP_DAC_READ_SEARCH",
                 path);
    else if (error == EINVAL)
        snprintf(reason, METER_REASON_BYTES, "'%s' holds no number", path);
    else
        snprintf(reason, METER_REASON_BYTES, "cannot read '%s': %s", path, strerror(error));
}
