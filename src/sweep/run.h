// Runs the trials of a sweep: each step once, through the cache; several at a time; halving's rungs
// one after the other.
#ifndef SWEEP_RUN_H
#define SWEEP_RUN_H

#include <pthread.h>

#include "energy/cost.h"
#include "sweep/contents.h"
#include "sweep/store.h"
#include "sweep/trial.h"

enum trial_state { TRIAL_OPEN, TRIAL_DONE, TRIAL_FAILED };

// What of a trial's record is needed to choose.
struct trial_result {
    enum trial_state state;
    bool is_running;  // by this process
    bool is_fresh;    // this process ran it
    bool is_promoted; // halving: goes on in the next rung
    bool was_dropped; // halving: does not
    bool is_feasible; // every requirement holds
    bool is_on_front;
    double *figure;    // of spec->front
    double minimised;  // of spec->minimise
    uint64_t computed; // bit i: an earlier try of this process ran step i
    bool has_test;     // evaluated on test_data
    char test_key[SHA256_HEX_BYTES];
};

// A command that failed: it is not run again for the next trial that shares it.
struct failed_command {
    char key[SHA256_HEX_BYTES];
    const char *error;
    const struct failed_command *next;
};

struct sweep_options {
    int jobs, threads; // trials at a time, and threads that each of their steps has
    bool retry_failed;
    long limit; // trials that this process may run; 0: any number
};

struct sweep {
    struct context *context;
    struct arena *arena;
    const struct sweep_host *host;
    const struct sweep_spec *spec;
    struct sweep_options options;
    struct store *store;
    struct contents *contents;
    struct trial_list trials;
    struct trial_result *result; // one a trial
    long result_count;
    pthread_mutex_t lock;                  // on results' states
    const struct failed_command *failures; // of this process, under the lock
    long begin, end;                       // trials of this rung
    long total;                            // trials that there will be
    long ended;                            // of them, whose record is there
    long fresh, running;                   // that this process ran, and is running
    bool is_stopped;                       // something failed: no trial is begun
    bool is_testing;                       // the front is judged on test_data
    bool accuracy_is_higher;
    const char *unjudged; // a requirement that a report has null for; NULL: none
    // When all is done:
    bool is_complete;
    long chosen;             // index, -1: none
    const char *selected_on; // "search" or "test"
    const char *warning;     // why it is "test"; NULL: it is not
    enum status test_status; // how the judging on test_data ended
    const char *test_error;  // NULL: it did not fail
    long failed, dropped, feasible;
    const char *unknown;    // of the front's keys the one that left it empty: null; NULL: it is not
    double seconds;         // that all steps took together
    struct cost_tally work; // of all that ran
    // Where the baseline's answers on search_data and test_data lie in the cache; "": nowhere.
    char search_baseline[SHA256_HEX_BYTES], test_baseline[SHA256_HEX_BYTES];
    double before, after; // joules of an inference of the chosen one's baseline and its own; NaN
};

// The spec, store, host and contents are the caller's. Clear it in any case.
void sweep_init(struct sweep *sweep, struct context *context, const struct sweep_host *host,
                const struct sweep_spec *spec, struct store *store, struct contents *contents);
void sweep_clear(struct sweep *sweep);

// Runs what is left to run, chooses, judges the front on test_data, writes results.jsonl and
// results.csv. is_complete false: --limit ended it, or other processes are to finish. A trial that
// fails is no failure here, nor are test data: test_status, test_error.
MUST_CHECK enum status sweep_run(struct sweep *sweep);

// Opens the data that the trials' steps read, once each, so that a wrong name is found out before
// anything runs; of test_data only the spelling is looked at, and that the files are there. The
// trials must be expanded.
MUST_CHECK enum status sweep_check_data(struct sweep *sweep);

// Parts, for run.c and its tests.

void sweep_grow(struct sweep *sweep); // results for trials that were added

// The baseline's answers on those data, before any trial asks for them. Fails if it does. key: of
// them in the cache, "" without a baseline.
MUST_CHECK enum status trial_baseline(struct sweep *sweep, struct context *context,
                                      const char *data, char key[SHA256_HEX_BYTES]);
// Runs one trial and writes its record, unless somebody else has it or has done it. *ended: its
// record is there.
MUST_CHECK enum status trial_run(struct sweep *sweep, struct context *context, long index,
                                 bool *ended);
// Judges what a trial made on test_data; *ended as above.
MUST_CHECK enum status trial_test(struct sweep *sweep, struct context *context, long index,
                                  bool *ended);
// The record of a trial; NULL and OK where there is none yet. The caller frees.
MUST_CHECK enum status trial_read(struct sweep *sweep, struct context *context, long index,
                                  struct json **out);

// Marks the front, what is feasible, and what is chosen, of results that are read.
void sweep_choose(struct sweep *sweep);
// Halving: which of a rung's trials go on: their indices come first in the list, in order. Returns
// how many.
long sweep_survivors(struct sweep *sweep, long *member, long count);
// Whether two sources of data may have a sample in common, by the files that they name and their
// slices.
bool data_may_overlap(const char *a, const char *b);
// Sets selected_on, and warning where that is "test".
MUST_CHECK enum status sweep_look_for_overlap(struct sweep *sweep);

// The trial's record with its place among all: front, chosen, selected_on, test. The caller frees.
MUST_CHECK enum status sweep_result_json(struct sweep *sweep, long index, struct json **out);
// results.jsonl and results.csv.
MUST_CHECK enum status sweep_write_results(struct sweep *sweep);
// ecai/sweep/1 without its cost and provenance; the caller adds these, and frees.
struct json *sweep_json(struct sweep *sweep);

#endif
