// Signing in, touching, looking at others.
#include "sweep/presence.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sweep/folder.h"

enum { TOUCH_SECONDS = 5 };

char *presence_path(const struct presence *presence, const char *owner)
{
    char name[sizeof presence->self.name + sizeof PRESENCE_SUFFIX];

    snprintf(name, sizeof name, "%.16s" PRESENCE_SUFFIX, owner);
    return folder_path(presence->folder, name);
}

static enum status fail(struct context *context, const struct presence *presence)
{
    return context_fail(context, ERR_IO, "'%s' cannot be written: %s", presence->folder,
                        strerror(errno));
}

static enum status sign_in(struct context *context, struct presence *presence)
{
    int fd = open(presence->own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    struct text text;
    bool done;

    if (fd < 0)
        return fail(context, presence);
    text_init(&text);
    owner_print(&presence->self, &text);
    done = write(fd, text.at, text.length) == (ssize_t)text.length && fsync(fd) == 0;
    if (!done)
        (void)fail(context, presence);
    close(fd);
    text_clear(&text);
    if (!done)
        unlink(presence->own);
    return done ? OK : ERR_IO;
}

static void touch(const struct presence *presence)
{
    utimensat(AT_FDCWD, presence->own, NULL, 0); // by the file system's clock
}

static void *touch_on(void *argument)
{
    struct presence *presence = argument;
    struct timespec until;

    pthread_mutex_lock(&presence->mutex);
    clock_gettime(CLOCK_REALTIME, &until);
    while (!presence->is_closing) {
        until.tv_sec += TOUCH_SECONDS;
        if (pthread_cond_timedwait(&presence->closing, &presence->mutex, &until) == ETIMEDOUT) {
            pthread_mutex_unlock(&presence->mutex);
            touch(presence);
            clock_gettime(CLOCK_REALTIME, &until); // a clock that was set does not matter
            pthread_mutex_lock(&presence->mutex);
        }
    }
    pthread_mutex_unlock(&presence->mutex);
    return NULL;
}

// Signals are for threads that do something about them.
static enum status start_toucher(struct context *context, struct presence *presence)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&presence->toucher, NULL, touch_on, presence);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    presence->has_toucher = !error;
    return error ? context_fail(context, ERR_IO, "cannot start a thread: %s", strerror(error)) : OK;
}

// Seconds since a file was last touched, by the clock that touches ours. Opened, so that a network
// file system asks its server. -1: it is gone. text: what it holds, heap.
static double silent_for(const struct presence *presence, const char *path, char **text)
{
    struct stat about, own;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool found = fd >= 0 && fstat(fd, &about) == 0;

    if (fd >= 0)
        close(fd);
    *text = found ? folder_read(path) : NULL;
    if (!*text)
        return -1;
    touch(presence);
    if (stat(presence->own, &own) != 0)
        return 0;
    return (double)(own.st_mtim.tv_sec - about.st_mtim.tv_sec) +
           1e-9 * (double)(own.st_mtim.tv_nsec - about.st_mtim.tv_nsec);
}

enum life presence_look(const struct presence *presence, const char *path, double patience,
                        char **text)
{
    char *held;
    double silence = silent_for(presence, path, &held);
    enum owner_state state = held ? owner_judge(&presence->self, held) : OWNER_UNKNOWN;
    enum life life = !held                    ? LIFE_GONE
                     : state == OWNER_UNKNOWN ? (silence > patience ? LIFE_OVER : LIFE_ON)
                     : state == OWNER_RUNS    ? LIFE_ON
                                              : LIFE_OVER;

    if (text)
        *text = held;
    else
        free(held);
    return life;
}

enum status presence_open(struct context *context, const char *folder, struct presence *presence)
{
    memset(presence, 0, sizeof *presence);
    pthread_mutex_init(&presence->mutex, NULL);
    pthread_cond_init(&presence->closing, NULL);
    TRY(folder_make(context, folder));
    owner_init(&presence->self);
    presence->folder = copy_text(folder);
    presence->own = presence_path(presence, presence->self.name);
    TRY(sign_in(context, presence));
    return start_toucher(context, presence);
}

void presence_close(struct presence *presence)
{
    pthread_mutex_lock(&presence->mutex);
    presence->is_closing = true;
    pthread_cond_signal(&presence->closing);
    pthread_mutex_unlock(&presence->mutex);
    if (presence->has_toucher)
        pthread_join(presence->toucher, NULL);
    if (presence->own)
        unlink(presence->own);
    pthread_cond_destroy(&presence->closing);
    pthread_mutex_destroy(&presence->mutex);
    free(presence->folder);
    free(presence->own);
}
