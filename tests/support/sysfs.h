// Fake trees of sysfs with energy counters, and a meter on them. Paths are below /sys/class.
#ifndef TESTS_SUPPORT_SYSFS_H
#define TESTS_SUPPORT_SYSFS_H

#include <stddef.h>

#include "measure/measure.h"

// Ranges as processors have them: 32 bits of 61 and of 15.3 microjoules.
#define INTEL_RANGE "262143328850"
#define AMD_RANGE "65532610987"
// Scopes.
#define PACKAGES "processor packages, all that ran"
#define PACKAGES_MEMORY "processor packages and memory, all that ran"

extern char sysfs_root[];
extern struct meter *sysfs_meter; // freed in the end; NULL: none yet

// Fixtures.
void sysfs_set_up(void);
void sysfs_tear_down(void);

void sysfs_path(char *out, size_t bytes, const char *path);
void sysfs_put(const char *path, const char *text);
void sysfs_put_in(const char *folder, const char *file, const char *text);
// A zone of powercap; its counter stands at so many joules. range NULL: no such file.
void sysfs_zone(const char *folder, const char *name, const char *range, double joules);
void sysfs_set(const char *folder, double joules); // its counter
void sysfs_take_away(const char *path);
// A link to `from`, whatever stood at `to`.
void sysfs_link(const char *from, const char *to);

// Makes the meter, which must find something, and begins at second 100.
void sysfs_begin(void);
// Ends so many seconds later.
void assert_measured(double seconds, double wanted, const char *counter, const char *scope);
// One package, whose counter rises from so many joules by so many in so many seconds, is measured.
void assert_zone_counts(const char *folder, double from, double joules, double seconds);
void assert_not_measured(double seconds, const char *why);

#endif
