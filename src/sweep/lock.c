// Claims by hard links. Why a claim has generations: one judged dead must not simply be removed,
// for between the look and the removal another may have taken it over. A name is taken while any of
// its generations has an owner that lives. Otherwise the next generation can be made by one only,
// who then holds the claim if nothing newer is there and the newest of the dead is still the one
// that was judged (else others have been through meanwhile). The holder removes the dead.
#include "sweep/lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "sweep/folder.h"
#include "sweep/presence.h"

enum { NAME_LENGTH = 16, TRIES = 8 };

struct held {
    struct held *next;
    char *name, *path; // path NULL: being tried
};

struct locks {
    struct presence presence;
    pthread_mutex_t mutex; // over what follows
    struct held *held;
};

const char *locks_owner(const struct locks *locks)
{
    return locks->presence.self.name;
}

bool locks_owner_lives(struct locks *locks, const char *owner)
{
    char *path = presence_path(&locks->presence, owner);
    enum life life = presence_look(&locks->presence, path, DAY_SECONDS, NULL);

    free(path);
    return life == LIFE_ON;
}

// The generations of a claim that are there.
struct generations {
    const char *name;
    size_t length;
    long lowest, highest; // -1: none
};

// The number behind the last '.' of a claim's name; -1: none.
static long generation_of(const char *name, size_t *length)
{
    const char *dot = strrchr(name, '.');
    char *end = NULL;
    long number = dot ? strtol(dot + 1, &end, 10) : -1;

    if (!dot || dot == name || dot[1] < '0' || dot[1] > '9' || *end || number < 0)
        return -1;
    *length = (size_t)(dot - name);
    return number;
}

static bool see(void *self, const char *name)
{
    struct generations *all = self;
    size_t length;
    long number = generation_of(name, &length);

    if (number < 0 || length != all->length || strncmp(name, all->name, length) != 0)
        return true;
    if (number > all->highest)
        all->highest = number;
    if (all->lowest < 0 || number < all->lowest)
        all->lowest = number;
    return true;
}

static struct generations list(const struct locks *locks, const char *name)
{
    struct generations all = {name, strlen(name), -1, -1};

    folder_each(locks->presence.folder, see, &all);
    return all;
}

static char *claim_path(const struct locks *locks, const char *name, long generation)
{
    size_t bytes = strlen(locks->presence.folder) + strlen(name) + 32;
    char *path = must_alloc(bytes);

    snprintf(path, bytes, "%s/%s.%ld", locks->presence.folder, name, generation);
    return path;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
}

// link() over a network may be done and yet reported as failed: the answer was lost, and the
// second try finds the name taken, by us. No other thread of ours is at this name.
static bool put_claim(const struct locks *locks, const char *path)
{
    int error;

    if (link(locks->presence.own, path) == 0)
        return true;
    error = errno;
    if (is_same_file(locks->presence.own, path))
        return true;
    errno = error;
    return false;
}

// What is ours, that is: should we have been given up for dead, the name may be another's by now.
static void remove_own(const struct locks *locks, const char *path)
{
    if (is_same_file(locks->presence.own, path))
        unlink(path);
}

// Generations that are dead: no other process removes or makes them while we hold the claim.
static void remove_dead(const struct locks *locks, struct generations dead)
{
    for (long i = dead.lowest; i >= 0 && i <= dead.highest; i++) {
        char *path = claim_path(locks, dead.name, i);
        unlink(path);
        free(path);
    }
}

enum try { TRY_GOT, TRY_TAKEN, TRY_AGAIN, TRY_FAILED };

// Whether the newest of the dead is there as it was judged; nothing, where there was none.
static bool is_unchanged(const struct locks *locks, struct generations dead, const char *judged)
{
    char *path, *text;
    bool same;

    if (dead.highest < 0)
        return true;
    path = claim_path(locks, dead.name, dead.highest);
    text = folder_read(path);
    same = text && strcmp(text, judged) == 0;
    free(text);
    free(path);
    return same;
}

// Makes the generation behind the dead ones; judged: what the newest of them holds.
static enum try follow(struct locks *locks, struct generations dead, const char *judged,
                       char **path)
{
    *path = claim_path(locks, dead.name, dead.highest + 1);
    if (!put_claim(locks, *path))
        return errno == EEXIST ? TRY_TAKEN : TRY_FAILED;
    if (list(locks, dead.name).highest != dead.highest + 1 || !is_unchanged(locks, dead, judged)) {
        remove_own(locks, *path);
        return TRY_AGAIN;
    }
    remove_dead(locks, dead);
    return TRY_GOT;
}

static enum try take_once(struct locks *locks, const char *name, char **path)
{
    struct generations seen = list(locks, name);
    char *judged = NULL;
    enum life life = LIFE_OVER;
    enum try end;

    *path = NULL;
    for (long i = seen.lowest; i >= 0 && i <= seen.highest && life != LIFE_ON; i++) {
        char *present = claim_path(locks, name, i);
        free(judged);
        life = presence_look(&locks->presence, present, SILENT_SECONDS, &judged);
        free(present);
    }
    end = life == LIFE_OVER ? follow(locks, seen, judged, path)
          : life == LIFE_ON ? TRY_TAKEN
                            : TRY_AGAIN; // the newest one is gone
    free(judged);
    return end;
}

static enum status take(struct context *context, struct locks *locks, const char *name, char **path)
{
    for (int i = 0; i < TRIES; i++) {
        enum try end = take_once(locks, name, path);
        if (end == TRY_GOT)
            return OK;
        if (end == TRY_FAILED)
            context_fail(context, ERR_IO, "'%s' cannot be written: %s", locks->presence.folder,
                         strerror(errno));
        free(*path);
        *path = NULL;
        if (end != TRY_AGAIN)
            return end == TRY_FAILED ? ERR_IO : OK;
    }
    return OK; // others are at it
}

static struct held **find_held(struct locks *locks, const char *name)
{
    struct held **at = &locks->held;

    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

// Notes that a thread of ours is at the name; false: another one is.
static bool reserve(struct locks *locks, const char *name)
{
    struct held **at;
    bool is_free;

    pthread_mutex_lock(&locks->mutex);
    at = find_held(locks, name);
    is_free = *at == NULL;
    if (is_free) {
        *at = must_alloc(sizeof **at);
        (*at)->name = copy_text(name);
    }
    pthread_mutex_unlock(&locks->mutex);
    return is_free;
}

// Takes the first note out, or the one of that name; frees it, removes its file.
static bool forget(struct locks *locks, const char *name)
{
    struct held **at, *gone;

    pthread_mutex_lock(&locks->mutex);
    at = name ? find_held(locks, name) : &locks->held;
    gone = *at;
    if (gone)
        *at = gone->next;
    pthread_mutex_unlock(&locks->mutex);
    if (!gone)
        return false;
    if (gone->path)
        remove_own(locks, gone->path);
    free(gone->path);
    free(gone->name);
    free(gone);
    return true;
}

enum status locks_claim(struct context *context, struct locks *locks, const char *name, bool *got)
{
    enum status status;
    char *path;

    *got = false;
    if (!reserve(locks, name))
        return OK;
    status = take(context, locks, name, &path);
    *got = path != NULL;
    if (path) {
        pthread_mutex_lock(&locks->mutex);
        (*find_held(locks, name))->path = path;
        pthread_mutex_unlock(&locks->mutex);
    } else {
        forget(locks, name);
    }
    return status;
}

void locks_release(struct locks *locks, const char *name)
{
    forget(locks, name);
}

void locks_release_all(struct locks *locks)
{
    while (forget(locks, NULL))
        continue;
}

// Leftovers: files of owners that are dead go; claims of the dead are taken over, as anybody would,
// and given back.
static bool tidy_one(void *self, const char *name)
{
    struct locks *locks = self;
    size_t length = strlen(name), owner = NAME_LENGTH;
    char *path = folder_path(locks->presence.folder, name);
    struct context silent;
    bool got;

    context_init(&silent);
    if (length == owner + sizeof PRESENCE_SUFFIX - 1 &&
        strcmp(name + owner, PRESENCE_SUFFIX) == 0) {
        if (presence_look(&locks->presence, path, DAY_SECONDS, NULL) == LIFE_OVER)
            unlink(path);
    } else if (generation_of(name, &length) >= 0 &&
               presence_look(&locks->presence, path, DAY_SECONDS, NULL) == LIFE_OVER) {
        path[strlen(locks->presence.folder) + 1 + length] = '\0';
        if (locks_claim(&silent, locks, path + strlen(locks->presence.folder) + 1, &got) == OK &&
            got)
            locks_release(locks, path + strlen(locks->presence.folder) + 1);
    }
    free(path);
    return true;
}

enum status locks_open(struct context *context, const char *folder, struct locks **out)
{
    struct locks *locks = must_alloc(sizeof *locks);
    enum status status = presence_open(context, folder, &locks->presence);

    *out = NULL;
    pthread_mutex_init(&locks->mutex, NULL);
    if (status != OK) {
        locks_close(locks);
        return status;
    }
    folder_each(folder, tidy_one, locks);
    *out = locks;
    return OK;
}

void locks_close(struct locks *locks)
{
    if (!locks)
        return;
    locks_release_all(locks);
    presence_close(&locks->presence);
    pthread_mutex_destroy(&locks->mutex);
    free(locks);
}
