// What `ecai compress` found, told: ecai/compress/1, the table of --dry-run, lines for people.
#include <math.h>
#include <string.h>

#include "base/json_check.h"
#include "cli/json_common.h"
#include "cli/student_search.h"
#include "cli/table.h"
#include "energy/energy_json.h"

static double number_at(const struct json *json, const char *path)
{
    const struct json *value = json ? json_at(json, path) : NULL;

    return value && json_is_number(value) ? json_number(value) : (double)NAN;
}

static const struct json *eval_of(const struct json *record)
{
    const struct json *eval = record ? json_member(record, "held_out") : NULL;

    return json_is(eval, JSON_OBJECT) ? eval : NULL;
}

static double eval_loss(const struct json *eval)
{
    const struct json *better = eval ? json_at(eval, "accuracy.better") : NULL;
    double difference = number_at(eval, "baseline.difference");

    if (isnan(difference)) // nothing to be right or wrong about
        return 1 - number_at(eval, "baseline.agreement");
    return better && json_is_text(better) && strcmp(json_text(better), "lower") == 0
               ? difference
               : 0 - difference; // never -0
}

double record_loss(const struct json *record)
{
    return eval_loss(eval_of(record));
}

double record_ratio(const struct json *record)
{
    return number_at(eval_of(record), "ratio.energy");
}

void text_add_result(struct text *out, const struct json *eval)
{
    const struct json *metric = eval ? json_at(eval, "accuracy.metric") : NULL;
    double loss = eval_loss(eval);

    text_format(out, "energy ratio %.4g, ", number_at(eval, "ratio.energy"));
    if (!metric || !json_is_text(metric)) {
        text_add(out, "the teacher's answer for ");
        text_add_percent(out, 1 - loss);
        text_add(out, " of the samples");
    } else if (strcmp(json_text(json_at(eval, "accuracy.better")), "lower") == 0) {
        text_format(out, "%s %.4g, the teacher's %.4g", json_text(metric),
                    number_at(eval, "accuracy.value"), number_at(eval, "baseline.accuracy"));
    } else {
        text_format(out, "%s ", json_text(metric));
        text_add_percent(out, number_at(eval, "accuracy.value"));
        text_format(out, ", %.2f points %s the teacher's ", 100 * fabs(loss),
                    loss < 0 ? "above" : "below");
        text_add_percent(out, number_at(eval, "baseline.accuracy"));
    }
}

// ---- cost ---------------------------------------------------------------------------------------

bool search_was_run(const struct student_search *search, int number)
{
    for (int i = 0; i < number; i++)
        if (search->candidate[number].is_old &&
            strcmp(search->candidate[i].key, search->candidate[number].key) == 0)
            return true;
    return false;
}

// The steps of all candidates, and judging them.
static struct cost_tally tally_of(const struct student_search *search)
{
    struct cost_tally tally = {0, 0};

    cost_tally_eval(&tally, search->teacher_eval);
    for (int i = 0; i < SEARCH_ATTEMPTS_MAX && search->candidate[i].record; i++) {
        const struct json *record = search->candidate[i].record;
        if (search_was_run(search, i))
            continue;
        cost_tally_steps(&tally, json_member(record, "steps"));
        cost_tally_eval(&tally, eval_of(record));
    }
    cost_tally_eval(&tally, search->test);
    return tally;
}

static double teacher_joules(const struct student_search *search)
{
    struct energy energy;
    double joules;

    energy_init(&energy, &search->teacher_figures.counts, &search->device);
    joules = energy.joules;
    energy_clear(&energy);
    return joules;
}

struct cost search_cost(const struct student_search *search)
{
    const struct cost_tally tally = tally_of(search);
    double measured = meter_stop(search->meter, NULL);
    struct cost cost = cost_of(&search->cost, tally.macs);

    if (!search->is_resumed) { // the counter has not seen what an earlier start did
        cost.measured = measured;
        cost.counter = meter_counter(search->meter);
        cost.scope = meter_scope(search->meter);
    }
    cost_tell_silent(&cost, &tally);
    if (search->written.path)
        cost_pay_back(&cost, teacher_joules(search),
                      number_at(eval_of(search->result), "energy.joules"), search->device.name);
    else
        cost_because(&cost, "nothing was written");
    return cost;
}

// ---- JSON ---------------------------------------------------------------------------------------

void search_goal_json(const struct student_search *search, struct json *document)
{
    struct json *goal;

    if (search->recipe && search->recipe->goal) {
        json_add(document, "goal", json_copy(search->recipe->goal));
        return;
    }
    goal = json_add_object(document, "goal");
    json_add_number(goal, "energy_ratio", search->search.goal.energy_ratio);
    json_add_number(goal, "max_drop", search->search.goal.max_drop);
    json_add_text(goal, "device", search->device.name);
}

static void add_copy(struct json *parent, const char *key, const struct json *value)
{
    if (value)
        json_add(parent, key, json_copy(value));
    else
        json_add_null(parent, key);
}

static void add_number_at(struct json *parent, const char *key, const struct json *json,
                          const char *path)
{
    json_add_number(parent, key, number_at(json, path));
}

void eval_figures_json(const struct json *eval, struct json *out)
{
    add_copy(out, "metric", eval ? json_at(eval, "accuracy.metric") : NULL);
    add_number_at(out, "value", eval, "accuracy.value");
    add_number_at(out, "teacher", eval, "baseline.accuracy");
    json_add_number(out, "loss", eval_loss(eval));
    add_number_at(out, "difference", eval, "baseline.difference");
    add_copy(out, "difference_ci95", eval ? json_at(eval, "baseline.difference_ci95") : NULL);
    add_number_at(out, "agreement", eval, "baseline.agreement");
    add_number_at(out, "samples", eval, "data.samples");
    add_number_at(out, "joules", eval, "energy.joules");
    add_number_at(out, "energy_ratio", eval, "ratio.energy");
    add_number_at(out, "bytes", eval, "model.bytes");
    add_copy(out, "factors", eval ? json_at(eval, "ratio.factors") : NULL);
    add_copy(out, "factors_measured", eval ? json_at(eval, "ratio.factors_measured") : NULL);
}

static void add_forecast(struct json *item, struct student_search *search,
                         const struct attempt *attempt)
{
    const struct energy_ratio ratio = search_forecast_ratio(search, attempt);
    struct json *forecast = json_add_object(item, "forecast");

    json_add_number(forecast, "joules", attempt->forecast.joules);
    json_add_number(forecast, "energy_ratio", attempt->forecast.ratio);
    json_add_number(forecast, "loss", attempt->forecast.loss);
    energy_factors_to_json(json_add_object(forecast, "factors"), &ratio);
}

static void add_parameters(struct json *item, const struct student_search *search,
                           const struct attempt *attempt)
{
    const struct variant *variant = search->search.family[attempt->family].variant;
    struct json *parameters = json_add_object(item, "parameters");

    json_add_number(parameters, "sparsity", attempt->sparsity);
    json_add_bool(parameters, "global", variant->is_global);
    json_add_int(parameters, "weight_bits", variant->weight_bits);
    json_add_int(parameters, "activation_bits", variant->activation_bits);
    json_add_number(parameters, "width", variant->width);
    json_add_number(parameters, "depth", variant->depth);
}

// What is known of a candidate before it runs; attempt NULL: it is the recipe's.
static void add_proposal(struct json *item, struct student_search *search,
                         const struct attempt *attempt)
{
    if (!attempt) {
        json_add_null(item, "parameters");
        json_add_null(item, "forecast");
        return;
    }
    add_parameters(item, search, attempt);
    add_forecast(item, search, attempt);
}

// candidate NULL: it was not run.
static void add_candidate(struct json *list, struct student_search *search,
                          const struct attempt *attempt, const struct candidate *candidate,
                          int number)
{
    static const char *const states[] = {"forecast", "done", "failed"};
    const struct json *record = candidate ? candidate->record : NULL;
    struct json *item = json_add_object(list, NULL);
    int state = attempt ? (int)attempt->state : ATTEMPT_DONE; // a recipe's chain has run

    if (candidate)
        json_add_int(item, "number", number + 1);
    else
        json_add_null(item, "number");
    json_add_text(item, "strategy",
                  attempt ? search->search.family[attempt->family].strategy->name : NULL);
    json_add_text(item, "label", attempt ? search_label(search, attempt) : "recipe");
    json_add_text(item, "state", states[state]);
    add_copy(item, "error", record ? json_member(record, "error") : NULL);
    add_proposal(item, search, attempt);
    if (state == ATTEMPT_DONE)
        eval_figures_json(eval_of(record), json_add_object(item, "measured"));
    else
        json_add_null(item, "measured");
    if (attempt && state == ATTEMPT_DONE)
        json_add_bool(item, "meets", search_meets(&search->search, attempt));
    else
        json_add_null(item, "meets");
    json_add_bool(item, "chosen", candidate && number == search->chosen);
    add_copy(item, "chain", candidate ? candidate->chain : NULL);
    add_copy(item, "steps", record ? json_member(record, "steps") : NULL);
    add_copy(item, "held_out", eval_of(record));
}

static bool was_tried(const struct student_search *search, int family)
{
    for (int i = 0; i < search->search.count; i++)
        if (search->search.attempt[i].family == family)
            return true;
    return false;
}

// Those that ran, in that order, then what the forecast has of the others.
static void add_candidates(struct json *document, struct student_search *search)
{
    struct json *list = json_add_array(document, "candidates");

    if (search->recipe)
        add_candidate(list, search, NULL, &search->candidate[0], 0);
    for (int i = 0; i < search->search.count; i++)
        add_candidate(list, search, &search->search.attempt[i], &search->candidate[i], i);
    for (int i = 0; i < search->forecast_count; i++)
        if (!was_tried(search, search->forecast[i].family))
            add_candidate(list, search, &search->forecast[i], NULL, -1);
}

static void add_teacher(struct json *document, const struct student_search *search)
{
    const struct counts *counts = &search->teacher_figures.counts;
    struct json *teacher = json_add_object(document, "teacher");
    json_add_name(teacher, "file", search->teacher.path);
    json_add_text(teacher, "sha256", search->teacher.sha256);
    json_add_int(teacher, "bytes", search->teacher.bytes);
    json_add_count(teacher, "parameters", counts->parameters);
    json_add_count(teacher, "macs", counts->macs);
    json_add_number(teacher, "joules", teacher_joules(search));
}

static void add_data(struct json *document, const struct recipe_data *from)
{
    struct json *data = json_add_object(document, "data");

    json_add_name(data, "name", from->name);
    json_add_text(data, "sha256", from->sha256);
    json_add_int(data, "samples", from->samples);
    json_add_int(data, "train_samples", from->train_samples);
    json_add_int(data, "few_samples", from->few_samples);
    json_add_name(data, "train", from->train);
    json_add_name(data, "held_out", from->held_out);
}

struct json *search_json(struct student_search *search, const char *recipe_path)
{
    const struct named_model *written = &search->written;
    const struct json *chosen = search->result;
    const struct cost cost = search_cost(search);
    struct json *document = json_object(), *model;

    json_add_text(document, "schema", "ecai/compress/1");
    search_goal_json(search, document);
    add_teacher(document, search);
    add_data(document, &search->data);
    json_add_bool(document, "dry_run", search->line->own.dry_run);
    add_candidates(document, search);
    if (search->chosen < 0)
        json_add_null(document, "chosen");
    else
        json_add_int(document, "chosen", search->chosen + 1);
    if (written->path) {
        model = json_add_object(document, "model");
        json_add_name(model, "file", written->path);
        json_add_text(model, "sha256", written->sha256);
        json_add_int(model, "bytes", written->bytes);
    } else {
        json_add_null(document, "model");
    }
    add_copy(document, "held_out", eval_of(chosen));
    add_copy(document, "test", search->test);
    json_add_name(document, "recipe", recipe_path);
    cost_to_json(json_add_object(document, "cost"), &cost);
    json_add_warnings(document, search->invocation);
    json_add_provenance(document, search->invocation);
    return document;
}

// ---- --dry-run ----------------------------------------------------------------------------------

void search_forecast_table(const struct student_search *search, struct text *out)
{
    static const char *const heads[] = {"candidate", "energy", "ratio", "expected loss", "trains"};
    struct table table;

    table_init(&table, "lrrrl");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        table_add(&table, heads[i]);
    for (int i = 0; i < search->forecast_count; i++) {
        const struct attempt *attempt = &search->forecast[i];
        table_add(&table, search_label(search, attempt));
        table_add_number(&table, attempt->forecast.joules, "J");
        table_format(&table, "%.4g", attempt->forecast.ratio);
        table_format(&table, "%.2f", 100 * attempt->forecast.loss);
        table_add(&table,
                  search->search.family[attempt->family].strategy->is_trained ? "yes" : "no");
    }
    table_print(&table, out);
    table_clear(&table);
}
