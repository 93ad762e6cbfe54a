// Threads with a context each; the caller watches.
#include "sweep/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"

enum { WATCH_NS = 200000000 };

struct crew {
    enum status (*work)(void *self, struct context *context, int index);
    void *self;
    pthread_mutex_t mutex; // over what follows
    pthread_cond_t ended;
    int running;
    enum status first; // failure; OK: none so far
    char error[ERROR_TEXT_BYTES];
    volatile sig_atomic_t stop; // what the workers look at
};

struct worker {
    struct crew *crew;
    struct context context;
    pthread_t thread;
    int index;
};

static void *run(void *argument)
{
    struct worker *worker = argument;
    struct crew *crew = worker->crew;
    enum status status = crew->work(crew->self, &worker->context, worker->index);

    pthread_mutex_lock(&crew->mutex);
    if (status != OK && crew->first == OK) {
        crew->first = status;
        memcpy(crew->error, worker->context.error, sizeof crew->error);
        crew->stop = 1;
    }
    crew->running--;
    pthread_cond_signal(&crew->ended);
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

static void wait_a_little(struct crew *crew)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WATCH_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&crew->ended, &crew->mutex, &until);
}

static void watch_all(struct context *context, struct crew *crew, void (*watch)(void *self))
{
    pthread_mutex_lock(&crew->mutex);
    while (crew->running > 0) {
        if (context->cancelled && *context->cancelled)
            crew->stop = *context->cancelled;
        wait_a_little(crew);
        pthread_mutex_unlock(&crew->mutex);
        if (watch)
            watch(crew->self);
        pthread_mutex_lock(&crew->mutex);
    }
    pthread_mutex_unlock(&crew->mutex);
}

static int start_all(struct context *context, struct crew *crew, struct worker *worker, int jobs)
{
    int started = 0;

    for (; started < jobs; started++) {
        struct worker *now = &worker[started];
        int error;
        now->crew = crew;
        now->index = started;
        context_init(&now->context);
        now->context.seed = context->seed;
        now->context.cancelled = &crew->stop;
        pthread_mutex_lock(&crew->mutex);
        error = pthread_create(&now->thread, NULL, run, now);
        crew->running += !error;
        pthread_mutex_unlock(&crew->mutex);
        if (error) {
            if (!started) // fewer are slower, none is a failure
                crew->first =
                    context_fail(context, ERR_IO, "cannot start a thread: %s", strerror(error));
            break;
        }
    }
    return started;
}

enum status workers_run(struct context *context, int jobs,
                        enum status (*work)(void *self, struct context *context, int index),
                        void (*watch)(void *self), void *self)
{
    struct crew crew = {.work = work, .self = self};
    struct worker *worker = must_alloc((size_t)jobs * sizeof *worker);
    int started;

    pthread_mutex_init(&crew.mutex, NULL);
    pthread_cond_init(&crew.ended, NULL);
    started = start_all(context, &crew, worker, jobs);
    watch_all(context, &crew, watch);
    for (int i = 0; i < started; i++)
        pthread_join(worker[i].thread, NULL);
    pthread_cond_destroy(&crew.ended);
    pthread_mutex_destroy(&crew.mutex);
    free(worker);
    if (crew.first != OK && started)
        context_fail(context, crew.first, "%s", crew.error);
    if (context->cancelled && *context->cancelled)
        return context_fail(context, ERR_CANCELLED, "interrupted");
    return crew.first;
}
