// ecai compress: from a teacher to a finished student in one line. Candidates are proposed
// (compress/strategies.h), forecast, run while it is worth it (compress/search.h) and judged on
// samples that none of them has seen.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/certainty.h"
#include "cli/json_common.h"
#include "cli/shell.h"
#include "cli/student_search.h"
#include "cli/table.h"
#include "io/file.h"
#include "sweep/contents.h"
#include "sweep/run.h"

// ---- running ------------------------------------------------------------------------------------

static void tell_result(const struct student_search *search, int number,
                        const struct candidate *candidate)
{
    struct text text;

    text_init(&text);
    text_format(&text, "%d. %s", number + 1, search_label(search, &search->search.attempt[number]));
    if (search->search.attempt[number].state == ATTEMPT_FAILED)
        text_format(&text, ": failed: %s", json_text(json_at(candidate->record, "error")));
    else {
        text_add(&text, ": ");
        text_add_result(&text, json_at(candidate->record, "held_out"));
    }
    text_add(&text, candidate->is_old ? " (from before)" : "");
    context_note(search->invocation->context, "%s", text.at);
    text_clear(&text);
}

static enum status try_candidates(struct student_search *search)
{
    const struct compress_own_options *own = &search->line->own;
    struct arena *arena = search->invocation->arena;
    double start = clock_seconds();
    struct attempt attempt;

    while (search_next(&search->search, &attempt)) {
        int number = search->search.count;
        struct candidate *candidate = &search->candidate[number];
        const struct json *chain;
        enum status status;

        TRY(search_chain(search, &attempt, &chain));
        status = work_run(search, chain,
                          arena_format(arena, "%d. %s", number + 1,
                                       search->search.family[attempt.family].strategy->name),
                          candidate);
        if (candidate->record)
            arena_defer(arena, json_release, candidate->record);
        TRY(status);
        attempt.loss = record_loss(candidate->record);
        attempt.ratio = record_ratio(candidate->record);
        attempt.state = json_is_text(json_at(candidate->record, "error")) || isnan(attempt.loss) ||
                                isnan(attempt.ratio)
                            ? ATTEMPT_FAILED
                            : ATTEMPT_DONE;
        search_record(&search->search, &attempt);
        tell_result(search, number, candidate);
        search->search.is_out_of_time =
            own->time_limit > 0 && clock_seconds() - start > own->time_limit;
    }
    return OK;
}

// ---- the end ------------------------------------------------------------------------------------

// The bytes of the candidate as OUT.
static enum status write_model(struct student_search *search, const char *from,
                               struct named_model *written)
{
    const struct output_options options = {search->line->target.no_clobber};
    struct context *context = search->invocation->context;
    struct mapped *mapped = NULL;
    enum status status = mapped_open(context, from, &mapped);

    *written =
        (struct named_model){.path = search->line->target.out, .name = search->line->target.out};
    if (status != OK)
        return context_fail_in(context, status, "%s", from);
    mapped_sha256(mapped, written->sha256);
    written->bytes = (int64_t)mapped_bytes(mapped).length;
    status = output_file(context, written->path, &options, mapped_bytes(mapped).at,
                         mapped_bytes(mapped).length);
    mapped_release(mapped);
    return status == OK ? OK : context_fail_in(context, status, "%s", written->path);
}

static enum status write_json(struct student_search *search, const char *recipe)
{
    struct json *document;
    enum status status;

    if (!search->line->json.json)
        return OK;
    document = search_json(search, recipe);
    status = json_write(search->invocation, document, search->line->json.json);
    json_free(document);
    return status;
}

static void tell_end(const struct student_search *search, const struct named_model *written,
                     const char *recipe)
{
    const struct cost cost = search_cost(search);
    struct text text;

    text_init(&text);
    text_format(&text, "%s: ", written->name);
    text_add_number(&text, (double)search->teacher.bytes, "B -> ");
    text_add_number(&text, (double)written->bytes, "B; on held-out samples ");
    text_add_result(&text, json_at(search->result, "held_out"));
    if (search->test) {
        text_format(&text, "; on '%s' ", search->line->own.eval_data);
        text_add_result(&text, search->test);
    }
    cost_summary(&cost, &text);
    text_format(&text, "; recipe in '%s'", recipe);
    context_note(search->invocation->context, "%s", text.at);
    text_clear(&text);
}

// The same samples under two names.
static void warn_of_twins(const struct student_search *search)
{
    const struct compress_line *line = search->line;
    const struct json *sha256 = json_at(search->test, "data.sha256");

    if (json_is_text(sha256) && strcmp(json_text(sha256), search->data.sha256) == 0 &&
        !data_may_overlap(line->source.data, line->own.eval_data))
        context_warn(search->invocation->context,
                     "--eval-data '%s' holds the same samples as --data '%s'", line->own.eval_data,
                     line->source.data);
}

// Warns of a ratio that is met or missed by less than the estimate's error.
static void doubt(const struct student_search *search)
{
    const struct json *ratio = json_at(search->result, "held_out.ratio");
    const double goal = search->search.goal.energy_ratio;
    const struct uncertain_figure figure = {json_number(json_at(ratio, "energy")),
                                            json_number(json_at(ratio, "energy_interval.0")),
                                            json_number(json_at(ratio, "energy_interval.1")),
                                            QUANTITY_NUMBER,
                                            search->device.name,
                                            NULL};
    struct arena *arena = search->invocation->arena;

    if (!isnan(goal))
        certainty_warn(search->invocation->context, arena,
                       arena_format(arena, "'--energy-ratio %.6g'", goal), &figure, AT_LEAST, goal);
}

// The model is judged on --eval-data, once, and written with its recipe.
static enum status deliver(struct student_search *search, const struct candidate *candidate,
                           const char *recipe)
{
    const struct compress_own_options *own = &search->line->own;
    struct named_model written;

    search->result = candidate->record;
    doubt(search);
    if (own->eval_data) {
        TRY(work_eval(search, candidate->model, own->teacher, own->eval_data, "the end",
                      &search->test));
        arena_defer(search->invocation->arena, json_release, search->test);
        warn_of_twins(search);
    }
    TRY(write_model(search, candidate->model, &written));
    search->written = written;
    TRY(recipe_write(search, candidate, &written, recipe));
    TRY(write_json(search, recipe));
    tell_end(search, &written, recipe);
    return OK;
}

static void add_goal_text(const struct student_search *search, struct text *text)
{
    const struct compress_own_options *own = &search->line->own;

    if (!isnan(own->energy_ratio))
        text_format(text, "'--energy-ratio %.6g'", own->energy_ratio);
    if (own->max_drop)
        text_format(text, "%s'--max-drop %s'", text->length ? " with " : "", own->max_drop);
}

// Trainings of a goal that was missed are too dear to be thrown away.
static bool may_go(const struct student_search *search)
{
    if (!search->is_finished || search->written.path)
        return search->is_finished;
    for (int i = 0; i < search->search.count; i++)
        if (search->search.family[search->search.attempt[i].family].strategy->is_trained &&
            search->search.attempt[i].state == ATTEMPT_DONE)
            return false;
    return true;
}

// Nothing could be run: what the forecasts, or the errors, say.
static void add_reason(const struct student_search *search, struct text *text)
{
    double best = 0, sparsity, at = 0;
    int family = -1, last = search->search.count - 1;

    if (last >= 0) {
        text_format(text, ": no candidate could be run; the last one: %s",
                    json_text(json_at(search->candidate[last].record, "error")));
        return;
    }
    for (int i = 0; i < search->search.family_count; i++) {
        double reach = search_reach(&search->search, i, &sparsity);
        if (reach > best) {
            best = reach;
            at = sparsity;
            family = i;
        }
    }
    if (family < 0)
        return;
    const struct attempt attempt = {.family = family, .sparsity = at};
    text_format(text, ": best forecast %.4g (%s)", best, search_label(search, &attempt));
}

static enum status miss(struct student_search *search, const char *recipe)
{
    struct context *context = search->invocation->context;
    const struct candidate *best = search->chosen < 0 ? NULL : &search->candidate[search->chosen];
    enum status status;
    struct text text;

    text_init(&text);
    add_goal_text(search, &text);
    text_add(&text, " cannot be met");
    if (best) {
        text_format(&text,
                    ": best %s: ", search_label(search, &search->search.attempt[search->chosen]));
        text_add_result(&text, json_at(best->record, "held_out"));
    } else {
        add_reason(search, &text);
    }
    if (best && search->line->own.keep_best) {
        status = deliver(search, best, recipe);
        text_format(&text, "; written to '%s' all the same", search->line->target.out);
    } else {
        search->result = best ? best->record : NULL;
        status = write_json(search, NULL);
    }
    if (status == OK)
        status = context_fail(context, ERR_NUMERIC, "%s", text.at);
    text_clear(&text);
    return status;
}

static enum status dry_run(struct student_search *search)
{
    struct text text;
    enum status status = write_json(search, NULL);

    if (status != OK || streams_use_stdout(&search->invocation->streams))
        return status;
    text_init(&text);
    search_forecast_table(search, &text);
    status = print_result(search->invocation->context, &text);
    text_clear(&text);
    return status;
}

static enum status find_student(struct student_search *search, const char *recipe)
{
    TRY(search_check_energy(search));
    TRY(search_propose(search));
    if (search->line->own.dry_run)
        return dry_run(search);
    if (search->forecast_count) {
        TRY(work_open(search));
        TRY(try_candidates(search));
    }
    search->chosen = search_best(&search->search);
    search->is_finished = true;
    if (search->chosen < 0 ||
        !search_meets(&search->search, &search->search.attempt[search->chosen]))
        return miss(search, recipe);
    return deliver(search, &search->candidate[search->chosen], recipe);
}

// Other bytes than the recipe's are an error where nothing explains them.
static enum status check_bytes(struct student_search *search, const struct candidate *candidate)
{
    static const char what[] =
        "%s: made other bytes than its model's (sha256 %.16s..., not %.16s...)";
    struct context *context = search->invocation->context;
    const char *expected = search->recipe->model_sha256;
    char made[SHA256_HEX_BYTES];

    TRY(content_hash(context, candidate->model, made));
    if (strcmp(made, expected) == 0)
        return OK;
    if (!recipe_binds(search)) {
        context_warn(context, what, search->line->own.recipe, made, expected);
        return OK;
    }
    search->is_finished = true; // running it again would come to the same
    return context_fail(context, ERR_NUMERIC, what, search->line->own.recipe, made, expected);
}

static enum status follow_recipe(struct student_search *search, const char *path)
{
    struct context *context = search->invocation->context;
    struct candidate *candidate = &search->candidate[0];
    const struct json *chain;
    enum status status;

    TRY(recipe_take(search, &chain));
    TRY(work_open(search));
    status = work_run(search, chain, "recipe", candidate);
    if (candidate->record)
        arena_defer(search->invocation->arena, json_release, candidate->record);
    TRY(status);
    if (json_is_text(json_at(candidate->record, "error")))
        return context_fail(context, ERR_NUMERIC, "%s: %s", search->line->own.recipe,
                            json_text(json_at(candidate->record, "error")));
    search->chosen = 0;
    TRY(check_bytes(search, candidate));
    TRY(deliver(search, candidate, path));
    search->is_finished = true;
    return OK;
}

static enum status work(struct student_search *search)
{
    const char *recipe;

    TRY(search_open(search, &recipe));
    return search->line->own.recipe ? follow_recipe(search, recipe) : find_student(search, recipe);
}

static enum status run(struct invocation *invocation)
{
    struct student_search *search = arena_alloc(invocation->arena, sizeof *search);
    enum status status;

    search->invocation = invocation;
    search->line = invocation->options;
    search->seed = invocation->global->seed;
    search->isa_given = invocation->global->isa;
    search->max_drop = NAN;
    search->search.goal = (struct goal){NAN, NAN};
    search->contents = contents_new();
    search->meter = meter_new(NULL);
    meter_start(search->meter);
    search->chosen = search->lock = -1;
    text_init(&search->warnings);
    invocation->console->warnings = &search->warnings;
    status = work(search);
    if (!may_go(search) && search->lock >= 0)
        context_note(invocation->context,
                     "what is finished stays in '%s': the same line goes on from there",
                     search->folder);
    work_close(search, may_go(search));
    search_close_shapes(search);
    figures_clear(&search->teacher_figures);
    model_close(&search->teacher);
    device_clear(&search->device);
    cost_close(&search->cost);
    meter_free(search->meter);
    contents_free(search->contents);
    invocation->console->warnings = NULL;
    text_clear(&search->warnings);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct compress_own_options, teacher, NULL, 0, 0, "MODEL: what is to become smaller"),
    FIELD(struct compress_own_options, energy_ratio, NULL, 1, 1e9,
          "energy of teacher / student to reach"),
    FIELD(struct compress_own_options, max_drop, NULL, 0, 0,
          "LOSS: accuracy that may go, on samples held back (0.5%)"),
    FIELD(struct compress_own_options, device, NULL, 0, 0,
          "NAME: energy profile of the goal (default: the recipe's, else asic-45nm)"),
    FIELD(struct compress_own_options, eval_data, NULL, 0, 0,
          "SOURCE: opened once, for the finished student, and only reported"),
    FIELD(struct compress_own_options, holdout, "0", 0, 1e12,
          "samples at the end of --data to judge by, never trained on (0: a tenth, at most 5000)"),
    FIELD(struct compress_own_options, tries, "4", 0, 200, "candidates that may be trained"),
    FIELD(struct compress_own_options, time_limit, "0", 0, 1e9,
          "SECONDS: after which no candidate is begun (0: none)"),
    FIELD(struct compress_own_options, epochs, "0", 0, 100000,
          "of each training (0: as the method has it)"),
    FIELD(struct compress_own_options, strategy, NULL, 0, 0,
          "NAME: only this one: quantize, prune, retrain or student"),
    FIELD(struct compress_own_options, option, NULL, 0, 0,
          "STEP.NAME=VALUE: an option of a step, such as distill.flip=true"),
    FIELD(struct compress_own_options, recipe, NULL, 0, 0,
          "FILE: do again what a recipe says, in place of a goal"),
    FIELD(struct compress_own_options, keep_best, "no", 0, 0,
          "a goal that cannot be met: write the best candidate all the same"),
    FIELD(struct compress_own_options, dry_run, "no", 0, 0,
          "print the candidates with their forecasts, run nothing"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"goal", own_fields, offsetof(struct compress_line, own)},
    {"output", target_fields, offsetof(struct compress_line, target)},
    {"cost", cost_fields, offsetof(struct compress_line, cost)},
    {"report", json_fields, offsetof(struct compress_line, json)},
    {"data", source_fields, offsetof(struct compress_line, source)},
    {"preprocessing", preprocess_fields, offsetof(struct compress_line, preprocess)},
    {"running", run_fields, offsetof(struct compress_line, run)},
    {"model", input_fields, offsetof(struct compress_line, input)},
    {NULL, NULL, 0},
};

const struct command command_compress = {
    .operands = "--teacher MODEL --data SOURCE --energy-ratio R|--max-drop P -o OUT",
    .details =
        "Proposes candidates (integers; zeros and integers; the teacher trained on with zeros; "
        "narrower or shallower students), forecasts their energy, and runs them as processes of "
        "their own, cheap ones first. --energy-ratio alone takes the one that loses least, with "
        "--max-drop the first that keeps to it; --max-drop alone takes the least energy that it "
        "allows. All are judged on samples held back from --data. OUT.recipe.json says how OUT was "
        "made: with --recipe it gives the same bytes again. Interrupted, finished candidates stay "
        "in OUT.work, and the same line goes on. A goal that is missed is an error, and nothing is "
        "written without --keep-best.",
    .examples =
        "  ecai compress --teacher big.onnx --data fashion-mnist:train --energy-ratio 100 \\\n"
        "      --eval-data fashion-mnist:test -o small.onnx\n"
        "  ecai compress --teacher big.onnx --data fashion-mnist:train --max-drop 0.5% -o s.onnx\n"
        "  ecai compress --recipe small.onnx.recipe.json --teacher big.onnx \\\n"
        "      --data fashion-mnist:train -o again.onnx\n",
    .groups = groups,
    .option_bytes = sizeof(struct compress_line),
    .run = run,
};
