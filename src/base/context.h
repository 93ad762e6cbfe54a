// What every fallible function takes first: where messages go, how many threads may work, the
// seed, whether the user interrupted, and the text of the last error. One context a run; worker
// threads never touch it, they return a status.
#ifndef BASE_CONTEXT_H
#define BASE_CONTEXT_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum level { LEVEL_NOTE, LEVEL_WARNING, LEVEL_DEBUG };

struct progress {
    const char *stage; // "training", "evaluating"
    uint64_t done, total;
};

// All output of the library goes here; cli/console.c has the one of the program, tests bring one
// that records. Members may be NULL: silent.
struct sink {
    void (*message)(void *self, enum level level, const char *text);
    void (*progress)(void *self, const struct progress *now);
    void *self;
};

struct tuning;

enum { ERROR_TEXT_BYTES = 2048 };

struct context {
    struct sink sink;
    int threads; // at least 1
    uint64_t seed;
    bool is_plain;         // no kernels that round worse than the plain sum (--conv direct)
    struct tuning *tuning; // kernels are chosen by trying (exec/tune.h); NULL: by their cost
    size_t spill_from;     // tensors of so many bytes go to temporary files; 0: none does
    volatile sig_atomic_t *cancelled; // NULL: cannot be interrupted
    char error[ERROR_TEXT_BYTES];     // set by context_fail, one line without a full stop
};

// A silent context with one thread and seed 0.
void context_init(struct context *context);

// Sets the error text and returns status, so that `return context_fail(...)` reads well.
enum status context_fail(struct context *context, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4))) __attribute__((cold));

// Puts "where: " before the present error text; once per level, innermost first.
enum status context_fail_in(struct context *context, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4))) __attribute__((cold));

void context_note(struct context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void context_warn(struct context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Reports progress and gives the user a chance to interrupt: ERR_CANCELLED once interrupted.
// Call it once per layer or batch.
MUST_CHECK enum status context_tick(struct context *context, const char *stage, uint64_t done,
                                    uint64_t total);

#endif
