// Which candidate to run next, given what those before it came to, and which one is best. Pure: it
// asks for forecasts and is told results, and runs nothing, so that the same results lead to the
// same choices whenever they are looked at.
#ifndef COMPRESS_SEARCH_H
#define COMPRESS_SEARCH_H

#include "base/arena.h"
#include "compress/strategies.h"

struct goal {
    double energy_ratio; // teacher / student, at least; NaN: none
    double max_drop;     // of the accuracy, a fraction; NaN: none
};

// A variant of a strategy, for one teacher.
struct family {
    const struct strategy *strategy;
    const struct variant *variant;
    double work; // of running it once, in any unit: compared with other families' alone
};

struct forecast {
    double joules, ratio; // ratio: teacher's / these; NaN: unknown
    double loss;          // as the strategy expects
};

enum attempt_state { ATTEMPT_FORECAST, ATTEMPT_DONE, ATTEMPT_FAILED };

// One candidate: a family at a sparsity.
struct attempt {
    int family;
    double sparsity;
    struct forecast forecast;
    enum attempt_state state;
    double loss, ratio; // as measured; NaN: unknown
};

enum { SEARCH_FAMILIES_MAX = 64, SEARCH_ATTEMPTS_MAX = 256 };

struct search {
    struct goal goal;
    int family_count;
    struct family family[SEARCH_FAMILIES_MAX];
    int order[SEARCH_FAMILIES_MAX]; // families as they are to be tried
    struct forecast (*forecast)(void *self, const struct family *family, double sparsity);
    void *self;
    int trainings_max;   // candidates that train
    bool is_out_of_time; // nothing new is begun
    int count;
    struct attempt attempt[SEARCH_ATTEMPTS_MAX];
};

// After goal, families and forecast are set: settles the order. The first candidate of each family
// that can reach the goal by its forecast, in that order, goes to `first` (room for all); its count
// is returned. The others' largest ratio is all there is to say of them: see search_reach.
int search_begin(struct search *search, struct attempt *first);
// The best ratio that a family can have, by its forecast.
double search_reach(const struct search *search, int family, double *sparsity);

// The next candidate to run; false: the search is at its end.
bool search_next(const struct search *search, struct attempt *next);
void search_record(struct search *search, const struct attempt *attempt);

bool search_meets(const struct search *search, const struct attempt *attempt);
// Index of the attempt that is best: of those that meet the goal, else of all that ran. -1: none
// ran.
int search_best(const struct search *search);

#endif
