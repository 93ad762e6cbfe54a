// Fake trees of sysfs.
#include "tests/support/sysfs.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char sysfs_root[] = "/tmp/test_sysfs_XXXXXX";
struct meter *sysfs_meter;

void sysfs_set_up(void)
{
    memcpy(sysfs_root + sizeof sysfs_root - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(sysfs_root));
    ck_assert_int_eq(chmod(sysfs_root, 0755), 0);
    sysfs_meter = NULL;
}

void sysfs_tear_down(void)
{
    char command[128];

    meter_free(sysfs_meter);
    snprintf(command, sizeof command, "rm -rf '%s'", sysfs_root);
    ck_assert_int_eq(system(command), 0);
}

void sysfs_path(char *out, size_t bytes, const char *path)
{
    snprintf(out, bytes, "%s/class/%s", sysfs_root, path);
}

static void make_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(path, 0755);
        *at = '/';
    }
}

void sysfs_put(const char *path, const char *text)
{
    char name[256];
    FILE *file;

    sysfs_path(name, sizeof name, path);
    make_folders(name);
    file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

void sysfs_put_in(const char *folder, const char *file, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    sysfs_put(path, text);
}

// A zone of powercap; its counter stands at so many joules.
void sysfs_zone(const char *folder, const char *name, const char *range, double joules)
{
    char path[96], text[64];

    snprintf(path, sizeof path, "powercap/%s", folder);
    snprintf(text, sizeof text, "%s\n", name);
    sysfs_put_in(path, "name", text);
    snprintf(text, sizeof text, "%.0f\n", joules * 1e6);
    sysfs_put_in(path, "energy_uj", text);
    if (range)
        sysfs_put_in(path, "max_energy_range_uj", range);
}

void sysfs_set(const char *folder, double joules)
{
    char path[96], text[64];

    snprintf(path, sizeof path, "powercap/%s/energy_uj", folder);
    snprintf(text, sizeof text, "%.0f\n", joules * 1e6);
    sysfs_put(path, text);
}

void sysfs_take_away(const char *path)
{
    char name[256];

    sysfs_path(name, sizeof name, path);
    ck_assert_int_eq(unlink(name), 0);
}

void sysfs_link(const char *from, const char *to)
{
    char path[256], name[256];

    sysfs_path(path, sizeof path, from);
    sysfs_path(name, sizeof name, to);
    unlink(name);
    ck_assert_int_eq(symlink(path, name), 0);
}

void sysfs_begin(void)
{
    sysfs_meter = meter_new(sysfs_root);
    ck_assert_msg(meter_is_there(sysfs_meter), "%s", meter_reason(sysfs_meter));
    meter_begin(sysfs_meter, 100);
}

void assert_measured(double seconds, double wanted, const char *counter, const char *scope)
{
    double joules = meter_end(sysfs_meter, 100 + seconds);

    ck_assert_msg(!isnan(joules), "%s", meter_reason(sysfs_meter));
    ck_assert_double_eq_tol(joules, wanted, 1e-6);
    ck_assert_str_eq(meter_counter(sysfs_meter), counter);
    ck_assert_str_eq(meter_scope(sysfs_meter), scope);
    ck_assert_ptr_null(meter_reason(sysfs_meter));
}

void assert_zone_counts(const char *folder, double from, double joules, double seconds)
{
    sysfs_zone(folder, "package-0", INTEL_RANGE, from);
    sysfs_begin();
    sysfs_set(folder, from + joules);
    assert_measured(seconds, joules, "powercap package-0", PACKAGES);
}

void assert_not_measured(double seconds, const char *why)
{
    double joules = meter_end(sysfs_meter, 100 + seconds);

    ck_assert_msg(isnan(joules), "%g J", joules);
    ck_assert_msg(strstr(meter_reason(sysfs_meter), why) != NULL, "%s", meter_reason(sysfs_meter));
    ck_assert_ptr_null(meter_counter(sysfs_meter));
}
