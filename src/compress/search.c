// Choosing candidates. Towards an energy, each family has one sparsity that reaches it; towards an
// accuracy, the sparsest candidate of a family that keeps it is looked for by halving what stays,
// then by bisection, and later families have to beat the best so far.
#include "compress/search.h"

#include <math.h>
#include <string.h>

enum {
    AIMS_MAX = 4,          // attempts of a family to reach an energy that the forecast promised
    POST_TRAINING_MAX = 8, // attempts of a family to find the sparsest
    TRAINED_MAX = 3,
    SOLVE_STEPS = 24,
};
// What a family must promise on top of the best so far to be worth running.
static const double worth = 1.05;

static struct forecast forecast_of(const struct search *search, int family, double sparsity)
{
    return search->forecast(search->self, &search->family[family], sparsity);
}

// The attempts of a family, oldest first.
struct trail {
    const struct attempt *at[SEARCH_ATTEMPTS_MAX];
    int count;
};

static struct trail trail_of(const struct search *search, int family)
{
    struct trail trail = {.count = 0};

    for (int i = 0; i < search->count; i++)
        if (search->attempt[i].family == family)
            trail.at[trail.count++] = &search->attempt[i];
    return trail;
}

double search_reach(const struct search *search, int family, double *sparsity)
{
    *sparsity = search->family[family].variant->most;
    return forecast_of(search, family, *sparsity).ratio;
}

// The least sparsity whose forecast is at least this ratio; false: there is none.
static bool solve(const struct search *search, int family, double ratio, double *sparsity)
{
    double low = search->family[family].variant->least, high;

    if (!(search_reach(search, family, &high) >= ratio))
        return false;
    *sparsity = low;
    if (forecast_of(search, family, low).ratio >= ratio)
        return true;
    for (int i = 0; i < SOLVE_STEPS; i++) {
        double middle = (low + high) / 2;
        if (forecast_of(search, family, middle).ratio >= ratio)
            high = middle;
        else
            low = middle;
    }
    *sparsity = ceil(high * 10000) / 10000; // short to type
    return true;
}

static bool has_energy(const struct search *search)
{
    return !isnan(search->goal.energy_ratio);
}

static bool keeps_accuracy(const struct search *search, const struct attempt *attempt)
{
    return attempt->state == ATTEMPT_DONE && attempt->loss <= search->goal.max_drop + 1e-12;
}

bool search_meets(const struct search *search, const struct attempt *attempt)
{
    return attempt->state == ATTEMPT_DONE &&
           (!has_energy(search) || attempt->ratio >= search->goal.energy_ratio) &&
           (isnan(search->goal.max_drop) || keeps_accuracy(search, attempt));
}

// A training is not to be repeated for a hair: 4 % fewer weights than the forecast asks for.
static double with_margin(double sparsity)
{
    return ceil((1 - 0.96 * (1 - sparsity)) * 10000) / 10000;
}

// Towards an energy: what misses it is run again, aimed higher by as much as the forecast was
// wrong. Where it was far off, weights have just not fit on the chip: a little more is enough.
static bool aim_at_energy(const struct search *search, int family, double *sparsity)
{
    struct trail trail = trail_of(search, family);
    const struct attempt *last = trail.count ? trail.at[trail.count - 1] : NULL;
    double ratio = search->goal.energy_ratio, before, error;

    if (!last) {
        if (!solve(search, family, ratio, sparsity))
            return false;
        if (search->family[family].strategy->is_trained && *sparsity > 0)
            *sparsity = fmin(search->family[family].variant->most, with_margin(*sparsity));
        return true;
    }
    if (last->state != ATTEMPT_DONE || !(last->ratio < ratio) || trail.count == AIMS_MAX)
        return false;
    before = last->sparsity;
    error = last->forecast.ratio / last->ratio;
    ratio = error > 1.3 ? last->forecast.ratio * 1.03
                        : fmax(ratio * 1.005 * error, last->forecast.ratio * 1.002);
    if (!solve(search, family, ratio, sparsity))
        return false;
    return *sparsity > before;
}

// The best ratio that keeps the accuracy; 0: none does yet.
static double best_ratio(const struct search *search)
{
    double best = 0;

    for (int i = 0; i < search->count; i++)
        if (keeps_accuracy(search, &search->attempt[i]) && search->attempt[i].ratio > best)
            best = search->attempt[i].ratio;
    return best;
}

// The first sparsity of a family on the way to an accuracy. A training is too long to be spent on
// what would be no better than what there is.
static bool start_at(const struct search *search, int family, double *sparsity)
{
    const struct family *at = &search->family[family];
    double best = best_ratio(search);

    if (!solve(search, family, best * worth, sparsity))
        return false;
    *sparsity = fmax(*sparsity, fmin(0.5, at->variant->most));
    return true;
}

// Between what kept the accuracy and what did not.
static bool bisect(const struct search *search, int family, double kept, double lost,
                   double *sparsity)
{
    double gain = forecast_of(search, family, lost).ratio / forecast_of(search, family, kept).ratio;

    *sparsity = round((1 - sqrt((1 - kept) * (1 - lost))) * 10000) / 10000;
    return gain > worth && *sparsity > kept && *sparsity < lost;
}

static bool aim_at_accuracy(const struct search *search, int family, double *sparsity)
{
    const struct family *at = &search->family[family];
    struct trail trail = trail_of(search, family);
    double kept = NAN, lost = NAN;

    if (trail.count == 0)
        return start_at(search, family, sparsity);
    if (at->variant->most <= at->variant->least ||
        trail.count == (at->strategy->is_trained ? TRAINED_MAX : POST_TRAINING_MAX))
        return false;
    for (int i = 0; i < trail.count; i++) {
        double s = trail.at[i]->sparsity;
        if (keeps_accuracy(search, trail.at[i]))
            kept = isnan(kept) ? s : fmax(kept, s);
        else
            lost = isnan(lost) ? s : fmin(lost, s);
    }
    if (isnan(lost)) {
        *sparsity = fmin(at->variant->most, (1 + kept) / 2);
        return *sparsity > kept;
    }
    if (isnan(kept)) // the least that is worth having: if that fails, so does the rest
        return trail.count == 1 && solve(search, family, best_ratio(search) * worth, sparsity) &&
               *sparsity < lost;
    return bisect(search, family, kept, lost, sparsity);
}

static bool aim(const struct search *search, int family, double *sparsity)
{
    return has_energy(search) ? aim_at_energy(search, family, sparsity)
                              : aim_at_accuracy(search, family, sparsity);
}

static void set_attempt(const struct search *search, int family, double sparsity,
                        struct attempt *out)
{
    *out = (struct attempt){.family = family,
                            .sparsity = sparsity,
                            .forecast = forecast_of(search, family, sparsity),
                            .loss = NAN,
                            .ratio = NAN};
}

// Whether a comes before b: what is not trained first where an accuracy tells when to stop (it runs
// in seconds), then by the expected loss. A doubling of the work has to promise 0.1 points.
static bool comes_before(const struct search *search, const struct attempt *a,
                         const struct attempt *b)
{
    const struct family *first = &search->family[a->family], *second = &search->family[b->family];
    bool by_effort = !isnan(search->goal.max_drop);

    if (by_effort && first->strategy->is_trained != second->strategy->is_trained)
        return second->strategy->is_trained;
    return a->forecast.loss + 0.001 * log2(first->work) <
           b->forecast.loss + 0.001 * log2(second->work);
}

int search_begin(struct search *search, struct attempt *first)
{
    int count = 0, able;

    for (int family = 0; family < search->family_count; family++) {
        double sparsity;
        if (aim(search, family, &sparsity))
            set_attempt(search, family, sparsity, &first[count++]);
    }
    able = count;
    for (int i = 1; i < able; i++) // by insertion: equals keep the order of the table
        for (int k = i; k > 0 && comes_before(search, &first[k], &first[k - 1]); k--) {
            struct attempt swap = first[k];
            first[k] = first[k - 1];
            first[k - 1] = swap;
        }
    memset(search->order, -1, sizeof search->order);
    for (int i = 0; i < able; i++)
        search->order[i] = first[i].family;
    return able;
}

static int trainings(const struct search *search)
{
    int count = 0;

    for (int i = 0; i < search->count; i++)
        count += search->family[search->attempt[i].family].strategy->is_trained;
    return count;
}

bool search_next(const struct search *search, struct attempt *next)
{
    bool is_limited = !isnan(search->goal.max_drop) && has_energy(search);
    bool may_train = trainings(search) < search->trainings_max;
    double sparsity;

    if (search->is_out_of_time || search->count == SEARCH_ATTEMPTS_MAX)
        return false;
    for (int i = 0; is_limited && i < search->count; i++)
        if (search_meets(search, &search->attempt[i]))
            return false;
    for (int i = 0; i < search->family_count && search->order[i] >= 0; i++) {
        int family = search->order[i];
        if (search->family[family].strategy->is_trained && !may_train)
            continue;
        if (aim(search, family, &sparsity)) {
            set_attempt(search, family, sparsity, next);
            return true;
        }
    }
    return false;
}

void search_record(struct search *search, const struct attempt *attempt)
{
    if (search->count < SEARCH_ATTEMPTS_MAX)
        search->attempt[search->count++] = *attempt;
}

// Whether a is the better of two. Those that meet the goal come first, then those that reach the
// energy; towards an accuracy alone the larger ratio counts, otherwise the smaller loss.
static bool is_better(const struct search *search, const struct attempt *a, const struct attempt *b)
{
    bool meets = search_meets(search, a);
    double energy = search->goal.energy_ratio;

    if (meets != search_meets(search, b))
        return meets;
    if (has_energy(search) && (a->ratio >= energy) != (b->ratio >= energy))
        return a->ratio >= energy;
    if (has_energy(search) && !(a->ratio >= energy))
        return a->ratio > b->ratio;
    if (meets && !has_energy(search))
        return a->ratio > b->ratio;
    return a->loss < b->loss || (a->loss == b->loss && a->ratio > b->ratio);
}

int search_best(const struct search *search)
{
    int best = -1;

    for (int i = 0; i < search->count; i++)
        if (search->attempt[i].state == ATTEMPT_DONE && !isnan(search->attempt[i].loss) &&
            (best < 0 || is_better(search, &search->attempt[i], &search->attempt[best])))
            best = i;
    return best;
}
