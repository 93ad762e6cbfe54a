// A pool of threads that share the items of one loop.
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

// Runs body(state, item, worker) for item = 0 .. count-1 on up to `threads` threads (the caller is
// one of them) and returns when all are done. worker is 0 .. threads-1 and tells which thread
// runs, for per-thread scratch. The items' results must not depend on order or worker. The pool
// lives from the first call to the end of the program. Not reentrant: a body must not call it.
void parallel_for(int threads, long count, void (*body)(void *state, long item, int worker),
                  void *state);

// Processors that this process may use, at least 1.
int parallel_processors(void);

#endif
