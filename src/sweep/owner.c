// Processes by number and start time; on Linux from /proc, elsewhere by number alone.
#include "sweep/owner.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/context.h"
#include "base/json.h"
#include "base/sha256.h"
#include "sweep/folder.h"

// State letter and start time of a process; false: /proc does not tell.
static bool look_up(long pid, char *state, long long *started)
{
    char path[64], *text, *at;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    text = folder_read(path);
    at = text ? strrchr(text, ')') : NULL; // a program's name may hold anything
    if (at && at[1] == ' ') {
        *state = at[2];
        for (int field = 2; field < 22 && at; field++) // the name is field 2, the time field 22
            at = strchr(at + 1, ' ');
        found = at != NULL;
        *started = at ? strtoll(at, NULL, 10) : 0;
    }
    free(text);
    return found;
}

// From host, process, start, time and place.
static void make_name(struct owner *owner)
{
    char hex[SHA256_HEX_BYTES];
    struct timespec now;
    struct sha256 hash;

    clock_gettime(CLOCK_REALTIME, &now);
    sha256_init(&hash);
    sha256_add(&hash, owner, sizeof *owner);
    sha256_add(&hash, &now, sizeof now);
    sha256_add(&hash, &owner, sizeof owner);
    sha256_hex(&hash, hex);
    snprintf(owner->name, sizeof owner->name, "%.16s", hex);
}

void owner_init(struct owner *owner)
{
    char *boot = folder_read("/proc/sys/kernel/random/boot_id"), names[64] = "", state;
    ssize_t length = readlink("/proc/self/ns/pid", names, sizeof names - 1);

    memset(owner, 0, sizeof *owner);
    if (gethostname(owner->host, sizeof owner->host - 1) != 0 || !*owner->host)
        snprintf(owner->host, sizeof owner->host, "unknown");
    if (boot && length > 0)
        snprintf(owner->space, sizeof owner->space, "%.*s %s", (int)strcspn(boot, "\n"), boot,
                 names);
    else
        snprintf(owner->space, sizeof owner->space, "%.120s", owner->host);
    free(boot);
    owner->pid = (long)getpid();
    if (!look_up(owner->pid, &state, &owner->started))
        owner->started = 0;
    make_name(owner);
}

void owner_print(const struct owner *owner, struct text *text)
{
    struct json *json = json_object();

    json_add_text(json, "name", owner->name);
    json_add_text(json, "host", owner->host);
    json_add_text(json, "space", owner->space);
    json_add_int(json, "pid", owner->pid);
    json_add_int(json, "started", owner->started);
    json_print(json, false, text);
    json_free(json);
}

static bool still_runs(long pid, long long started)
{
    long long now;
    char state;

    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
        return false;
    if (started == 0 || !look_up(pid, &state, &now))
        return true;
    return now == started && state != 'Z' && state != 'X';
}

// 0: it is none, or too large.
static long long whole(const struct json *json, long long most)
{
    double number = json ? json_number(json) : 0;

    return number >= 0 && number <= (double)most ? (long long)number : 0;
}

enum owner_state owner_judge(const struct owner *self, const char *text)
{
    struct json *json = NULL;
    struct context silent;
    enum owner_state state = OWNER_UNKNOWN;
    const char *space;
    long long pid;

    context_init(&silent);
    if (json_parse(&silent, text, strlen(text), &json) != OK)
        return OWNER_UNKNOWN;
    space = json_text(json_at(json, "space"));
    pid = whole(json_at(json, "pid"), INT_MAX);
    if (space && strcmp(space, self->space) == 0 && pid > 0)
        state = still_runs((long)pid, whole(json_at(json, "started"), 1LL << 53)) ? OWNER_RUNS
                                                                                  : OWNER_ENDED;
    json_free(json);
    return state;
}
