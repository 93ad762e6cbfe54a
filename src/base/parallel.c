// Thread pool: workers wait on a condition variable, items are handed out by an atomic counter.
// The pool is this file's only state; nothing outside can observe it.
#define _GNU_SOURCE // sched_getaffinity
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

enum { THREADS_MAX = 256, SPIN_ROUNDS = 2000 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    int started; // helper threads there are
    atomic_ulong round;
    int wanted;      // helpers that take part in this round
    atomic_int busy; // helpers still at it
    void (*body)(void *, long, int);
    void *state;
    long count;
    atomic_long next;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

static void take_items(int worker)
{
    for (long item; (item = atomic_fetch_add(&pool.next, 1)) < pool.count;)
        pool.body(pool.state, item, worker);
}

static void wait_for_round(unsigned long last)
{
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (atomic_load(&pool.round) != last)
            return;
        sched_yield();
    }
    pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.round) == last)
        pthread_cond_wait(&pool.work, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

static void *helper(void *argument)
{
    int index = (int)(long)argument; // worker number is index + 1
    unsigned long last = 0;

    for (;;) {
        wait_for_round(last);
        pthread_mutex_lock(&pool.lock); // publishes the fields of this round
        last = atomic_load(&pool.round);
        bool wanted = index < pool.wanted;
        pthread_mutex_unlock(&pool.lock);
        if (!wanted)
            continue;
        take_items(index + 1);
        if (atomic_fetch_sub(&pool.busy, 1) == 1) {
            pthread_mutex_lock(&pool.lock);
            pthread_cond_signal(&pool.done);
            pthread_mutex_unlock(&pool.lock);
        }
    }
    return NULL;
}

// Threads that cannot be had are done without: the loop runs on those there are.
static void start_helpers(int wanted)
{
    while (pool.started < wanted) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, helper, (void *)(long)pool.started) != 0)
            return;
        pthread_detach(thread);
        pool.started++;
    }
}

void parallel_for(int threads, long count, void (*body)(void *, long, int), void *state)
{
    int helpers = threads > THREADS_MAX ? THREADS_MAX - 1 : threads - 1;

    if (helpers > count - 1)
        helpers = (int)(count - 1);
    if (helpers > pool.started)
        start_helpers(helpers);
    if (helpers > pool.started)
        helpers = pool.started;
    if (helpers <= 0) {
        for (long item = 0; item < count; item++)
            body(state, item, 0);
        return;
    }
    pthread_mutex_lock(&pool.lock);
    pool.body = body;
    pool.state = state;
    pool.count = count;
    pool.wanted = helpers;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.busy, helpers);
    atomic_fetch_add(&pool.round, 1);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);

    take_items(0);
    for (int i = 0; i < SPIN_ROUNDS && atomic_load(&pool.busy); i++)
        sched_yield();
    pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.busy))
        pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

int parallel_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    return 1;
}
