// The course of a sweep: rungs of trials, the choice, the front on test data.
#include "sweep/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "data/spec.h"
#include "sweep/share.h"
#include "sweep/workers.h"

void sweep_init(struct sweep *sweep, struct context *context, const struct sweep_host *host,
                const struct sweep_spec *spec, struct store *store, struct contents *contents)
{
    *sweep = (struct sweep){.context = context,
                            .arena = arena_new(),
                            .host = host,
                            .spec = spec,
                            .options = {.jobs = 1, .threads = 1},
                            .store = store,
                            .contents = contents,
                            .accuracy_is_higher = true,
                            .selected_on = "test",
                            .chosen = -1};
    pthread_mutex_init(&sweep->lock, NULL);
    trials_init(&sweep->trials, context, spec, host);
}

void sweep_clear(struct sweep *sweep)
{
    pthread_mutex_destroy(&sweep->lock);
    trials_clear(&sweep->trials);
    free(sweep->result);
    arena_free(sweep->arena);
}

void sweep_grow(struct sweep *sweep)
{
    long count = sweep->trials.count, first = sweep->result_count;
    int keys = (int)sweep->spec->front.count;

    if (count == first)
        return;
    sweep->result = must_realloc(sweep->result, (size_t)count * sizeof *sweep->result);
    for (long i = first; i < count; i++)
        sweep->result[i] = (struct trial_result){
            .figure = arena_array(sweep->arena, double, (size_t)keys), .minimised = NAN};
    sweep->result_count = count;
}

// What the record says, into the trial's result. Under the lock.
static void absorb(struct sweep *sweep, long index, const struct json *record)
{
    const struct sweep_spec *spec = sweep->spec;
    struct trial_result *result = &sweep->result[index];
    const struct json *search = json_at(record, "search"), *better;
    const char *state = json_text(json_at(record, "state"));

    result->state = state && strcmp(state, "done") == 0 ? TRIAL_DONE : TRIAL_FAILED;
    for (int64_t k = 0; k < spec->front.count; k++)
        result->figure[k] = json_number(json_at(search, spec->front.at[k]));
    result->minimised = json_number(json_at(search, spec->minimise));
    result->is_feasible = result->state == TRIAL_DONE;
    for (int64_t i = 0; i < spec->require.count && result->state == TRIAL_DONE; i++) {
        enum sweep_verdict verdict =
            sweep->host->judge(sweep->host->self, spec->require.at[i], spec->devices, search);

        result->is_feasible = result->is_feasible && verdict == SWEEP_HOLDS;
        if (verdict == SWEEP_UNKNOWN)
            sweep->unjudged = spec->require.at[i];
    }
    better = json_at(search, "accuracy.better");
    if (result->state == TRIAL_DONE && json_is_text(better))
        sweep->accuracy_is_higher = strcmp(json_text(better), "higher") == 0;
}

// The chosen one is on the front wherever the spec's front has what is minimised.
static bool is_tested(const struct sweep *sweep, long index)
{
    return sweep->result[index].is_on_front || index == sweep->chosen;
}

// Whether there is still something to do for the trial.
static bool is_open(const struct sweep *sweep, long index)
{
    const struct trial_result *result = &sweep->result[index];

    return sweep->is_testing ? is_tested(sweep, index) && !result->has_test
                             : result->state == TRIAL_OPEN;
}

static bool take_trial(struct sweep *sweep, long index, bool *any_open)
{
    struct trial_result *result = &sweep->result[index];
    bool is_ours;

    pthread_mutex_lock(&sweep->lock);
    is_ours = is_open(sweep, index) && !result->is_running && !sweep->is_stopped &&
              (sweep->is_testing || sweep->options.limit == 0 ||
               sweep->fresh + sweep->running < sweep->options.limit);
    *any_open = *any_open || is_open(sweep, index);
    if (is_ours) {
        result->is_running = true;
        sweep->running++;
    }
    pthread_mutex_unlock(&sweep->lock);
    return is_ours;
}

static enum status try_trial(struct sweep *sweep, struct context *context, long index, bool *ended)
{
    struct json *record = NULL;
    enum status status;

    *ended = false;
    if (sweep->is_testing)
        status = trial_test(sweep, context, index, ended);
    else
        status = trial_run(sweep, context, index, ended);
    if (status == OK && *ended && !sweep->is_testing)
        status = trial_read(sweep, context, index, &record);
    pthread_mutex_lock(&sweep->lock);
    sweep->result[index].is_running = false;
    sweep->running--;
    if (record) {
        absorb(sweep, index, record);
        sweep->fresh += sweep->result[index].is_fresh;
    }
    sweep->ended += *ended;
    sweep->is_stopped = sweep->is_stopped || status != OK;
    pthread_mutex_unlock(&sweep->lock);
    json_free(record);
    return status;
}

// Whether no trial will be begun, though some are open.
static bool is_over(struct sweep *sweep)
{
    bool answer;

    pthread_mutex_lock(&sweep->lock);
    answer = sweep->is_stopped ||
             (!sweep->is_testing && sweep->options.limit && sweep->fresh >= sweep->options.limit);
    pthread_mutex_unlock(&sweep->lock);
    return answer;
}

static bool is_cancelled(const struct context *context)
{
    return context->cancelled && *context->cancelled;
}

enum { PAUSE_MS = 20, PAUSE_MAX_MS = 250 };

// Many that wait for the last trials must not keep the file system busy: twice as long each time.
static long wait_for_others(long ms)
{
    struct timespec pause = {0, ms * 1000000};

    nanosleep(&pause, NULL);
    return 2 * ms < PAUSE_MAX_MS ? 2 * ms : PAUSE_MAX_MS;
}

// One after the other, from where this worker begins; what others are at is looked at again.
static enum status work(void *self, struct context *context, int index)
{
    struct sweep *sweep = self;
    long count = sweep->end - sweep->begin, pause_ms = PAUSE_MS;
    struct share share = share_of_slurm();
    long first = share_start((struct share){share.index * sweep->options.jobs + index,
                                            share.count * sweep->options.jobs},
                             count);

    context->seed = sweep->spec->seed;
    for (;;) {
        bool any_open = false, any_ended = false;

        for (long k = 0; k < count; k++) {
            long trial = sweep->begin + (first + k) % count;
            bool ended;

            if (is_cancelled(context))
                return context_fail(context, ERR_CANCELLED, "interrupted");
            if (!take_trial(sweep, trial, &any_open))
                continue;
            TRY(try_trial(sweep, context, trial, &ended));
            any_ended = any_ended || ended;
        }
        if (!any_open || is_over(sweep))
            return OK;
        pause_ms = any_ended ? PAUSE_MS : wait_for_others(pause_ms);
    }
}

static void watch(void *self)
{
    struct sweep *sweep = self;
    uint64_t ended;

    pthread_mutex_lock(&sweep->lock);
    ended = (uint64_t)sweep->ended;
    pthread_mutex_unlock(&sweep->lock);
    if (context_tick(sweep->context, sweep->is_testing ? "testing" : "trials", ended,
                     (uint64_t)sweep->total) != OK)
        return; // the workers look for themselves
}

static bool all_ended(const struct sweep *sweep)
{
    for (long i = sweep->begin; i < sweep->end; i++)
        if (is_open(sweep, i))
            return false;
    return true;
}

// All trials of the list from `begin` on.
static enum status run_rung(struct sweep *sweep, long begin)
{
    sweep_grow(sweep);
    sweep->begin = begin;
    sweep->end = sweep->trials.count;
    if (begin == sweep->end)
        return OK;
    return workers_run(sweep->context, sweep->options.jobs, work, watch, sweep);
}

// How many trials there will be, rungs that are still to come included.
static long expected_total(const struct sweep_spec *spec, long first)
{
    long total = first;

    for (int rung = 1; rung < spec->halving.rungs; rung++)
        total += first = halving_survivors(&spec->halving, first);
    return total;
}

// The rungs behind the first, each of what is left of the one before.
static enum status run_rungs(struct sweep *sweep)
{
    long count = sweep->trials.count;
    long *member = must_alloc((size_t)count * sizeof *member + 1);
    enum status status = OK;

    for (long i = 0; i < count; i++)
        member[i] = i;
    for (int rung = 1; rung < sweep->spec->halving.rungs && all_ended(sweep); rung++) {
        long begin = sweep->trials.count;

        count = sweep_survivors(sweep, member, count);
        status = trials_promote(&sweep->trials, member, count, rung);
        if (status == OK)
            status = run_rung(sweep, begin);
        if (status != OK)
            break;
    }
    free(member);
    return status;
}

static enum status run_trials(struct sweep *sweep)
{
    sweep->total = expected_total(sweep->spec, sweep->trials.count);
    TRY(trial_baseline(sweep, sweep->context, sweep->spec->search_data, sweep->search_baseline));
    TRY(run_rung(sweep, 0));
    TRY(run_rungs(sweep));
    sweep->is_complete = all_ended(sweep);
    return OK;
}

static enum status test_front(struct sweep *sweep)
{
    enum status status = OK;

    if (!sweep->spec->test_data)
        return OK;
    sweep->is_testing = true;
    sweep->begin = 0;
    sweep->end = sweep->trials.count;
    sweep->ended = sweep->total = 0;
    for (long i = 0; i < sweep->trials.count; i++)
        sweep->total += is_tested(sweep, i);
    if (sweep->total)
        status =
            trial_baseline(sweep, sweep->context, sweep->spec->test_data, sweep->test_baseline);
    if (status != OK)
        return status == ERR_CANCELLED ? status
                                       : context_fail_in(sweep->context, status, "test_data");
    return sweep->total ? workers_run(sweep->context, sweep->options.jobs, work, watch, sweep) : OK;
}

// The spelling, and that the files are there; they are not opened.
static enum status check_test_data(struct sweep *sweep)
{
    struct data_spec spelling;
    struct stat file;
    enum status status;

    if (!sweep->spec->test_data)
        return OK;
    status = data_spec_parse(sweep->context, sweep->spec->test_data, sweep->arena, &spelling);
    for (int i = 0; status == OK && !spelling.source->finds_files && i < spelling.path_count; i++)
        if (stat(spelling.path[i], &file) != 0)
            status =
                context_fail(sweep->context, ERR_IO, "%s: %s", spelling.path[i], strerror(errno));
    return status == OK ? OK : context_fail_in(sweep->context, status, "test_data");
}

// Where the step stands in the spec: a trial may have left others out.
static int find_spec_step(const struct sweep *sweep, const struct chain_step *step)
{
    int index = 0;

    while (index < sweep->spec->step_count - 1 &&
           strcmp(sweep->spec->step[index].name, step->name) != 0)
        index++;
    return index;
}

enum status sweep_check_data(struct sweep *sweep)
{
    const char *seen = "";
    char sha256[SHA256_HEX_BYTES];
    enum status status;

    TRY(check_test_data(sweep));
    for (long i = 0; i < sweep->trials.count; i++)
        for (int s = 0; s < sweep->trials.at[i].chain.count; s++) {
            const struct chain_step *step = &sweep->trials.at[i].chain.step[s];
            const char *data = json_text(chain_find_option(step, "data"));

            if (!data || strcmp(data, seen) == 0)
                continue;
            seen = data;
            status = contents_data(sweep->contents, sweep->context, data, sha256);
            if (status != OK)
                return context_fail_in(sweep->context, status, "chain.%d.options.data",
                                       find_spec_step(sweep, step));
        }
    return OK;
}

// Test data that cannot be judged on: what is known without them is not lost.
static void note_test_error(struct sweep *sweep, enum status status)
{
    sweep->test_status = status;
    sweep->test_error = arena_copy_text(sweep->arena, sweep->context->error);
    sweep->selected_on = "test";
    sweep->warning = arena_format(sweep->arena, "%s: results are marked \"selected on test\"",
                                  sweep->test_error);
}

enum status sweep_run(struct sweep *sweep)
{
    enum status status;

    if (!sweep->trials.count)
        TRY(trials_expand(&sweep->trials));
    TRY(run_trials(sweep));
    if (!sweep->is_complete)
        return OK;
    sweep_choose(sweep);
    status = test_front(sweep);
    if (status == ERR_CANCELLED)
        return status;
    if (status == OK)
        status = sweep_look_for_overlap(sweep);
    if (status != OK)
        note_test_error(sweep, status);
    return sweep_write_results(sweep);
}
