// Runs a program as a child process and waits for it: what it prints is kept, its end is told
// apart. Safe to call from several threads at once.
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/context.h"
#include "base/text.h"

struct child_result;

struct child_request {
    const char *program;     // a path
    const char *const *argv; // argv[0] first, NULL last
    double timeout;          // seconds; 0: as long as it takes
    size_t keep;             // of each stream the last so many bytes are kept; 0: 64 KiB
    // Called now and then while it runs, with what it has printed so far; NULL: nobody looks.
    void (*watch)(void *self, const struct child_result *so_far);
    void *self;
};

// How a child ended. texts: child_result_clear.
struct child_result {
    int code;       // exit code, when signal is 0
    int signal;     // that ended it; 0: it exited
    bool timed_out; // we ended it, for its time was over
    bool cut;       // it printed more to stdout than is kept here
    double seconds; // on the clock
    struct text out, err;
};

// The child has a process group of its own, nothing on stdin, and dies with its parent's thread
// (Linux). When the context is cancelled or the time is over its whole group is told to end (TERM),
// and killed 5 s later. OK however the child ended; ERR_IO: it could not be started; ERR_CANCELLED.
// The result is valid, and to be cleared, in any case.
MUST_CHECK enum status child_run(struct context *context, const struct child_request *request,
                                 struct child_result *result);
void child_result_clear(struct child_result *result);

// What went wrong, in a line: "ended by signal 11 (Segmentation fault)", "took longer than 5 s",
// the last line on stderr without its "ecai: ", or "exit code 1". Appends nothing for exit code 0.
void child_result_explain(const struct child_request *request, const struct child_result *result,
                          struct text *out);

// So many children that run at once are known to children_abandon.
enum { CHILDREN_MAX = 256 };

// Kills the groups of all children that run. For a program that ends at once, by a signal:
// async-signal-safe.
void children_abandon(void);

#endif
