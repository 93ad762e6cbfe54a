// ecai sweep SPEC.json -o FOLDER: trials over chains of subcommands, their front and the choice.
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/json_check.h"
#include "cli/cost.h"
#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/shell.h"
#include "cli/sweep_host.h"
#include "cli/sweep_text.h"
#include "cli/version.h"
#include "io/file.h"
#include "sweep/run.h"

struct sweep_line {
    struct sweep_own_options {
        const char *out, *cache;
        int64_t jobs, limit;
        bool dry_run, retry_failed;
    } own;
    struct json_options json;
    struct cost_options cost;
};

// One run of the command.
struct sweeping {
    struct invocation *invocation;
    const struct sweep_line *line;
    struct sweep_host host;
    struct json *document;
    struct cost_basis cost;
    struct sweep_spec spec;
    struct store *store;
    struct contents *contents;
    struct sweep sweep;
    struct strings doubts; // of what the chosen trial is required to be
};

static enum status check_line(struct sweeping *sweeping)
{
    struct invocation *invocation = sweeping->invocation;
    const struct sweep_own_options *own = &sweeping->line->own;

    TRY(streams_add_input(invocation->context, &invocation->streams, "SPEC",
                          invocation->operand[0]));
    TRY(json_check_output(invocation, sweeping->line->json.json));
    if (!own->out && !own->dry_run)
        return context_fail(invocation->context, ERR_USAGE,
                            "'-o FOLDER' is needed (or '--dry-run')");
    if (own->out && is_dash(own->out))
        return context_fail(invocation->context, ERR_USAGE, "'-o' wants a folder, got '-'");
    return OK;
}

static enum status parse_spec(struct sweeping *sweeping, struct span bytes)
{
    struct invocation *invocation = sweeping->invocation;
    struct context *context = invocation->context;

    if (bytes.length == 0)
        return context_fail(context, ERR_USAGE, "is empty");
    if (json_parse(context, (const char *)bytes.at, bytes.length, &sweeping->document) != OK)
        return ERR_USAGE;
    TRY(spec_read(context, invocation->arena, sweeping->document, &sweeping->host,
                  &sweeping->spec));
    if (!json_member(sweeping->document, "seed"))
        sweeping->spec.seed = context->seed;
    return OK;
}

// Puts the spec's name before the error.
static enum status in_spec(struct sweeping *sweeping, enum status status)
{
    const char *path = sweeping->invocation->operand[0];

    return status == OK ? OK
                        : context_fail_in(sweeping->invocation->context, status, "%s",
                                          is_dash(path) ? "stdin" : path);
}

static enum status read_spec(struct sweeping *sweeping)
{
    struct context *context = sweeping->invocation->context;
    const char *path = sweeping->invocation->operand[0];
    char sha256[SHA256_HEX_BYTES];
    struct mapped *file;
    enum status status = mapped_open(context, path, &file);

    if (status == OK) {
        mapped_sha256(file, sha256);
        invocation_add_input(sweeping->invocation, path, sha256);
        status = parse_spec(sweeping, mapped_bytes(file));
        mapped_release(file);
    }
    return in_spec(sweeping, status);
}

// Whether a path leads into the folder: whether one of the folders on it is that one.
static bool lies_in(struct arena *arena, const char *folder, const char *path)
{
    char *start = arena_copy_text(arena, path), *slash;
    struct stat whole, part;

    if (stat(folder, &whole) != 0)
        return false;
    while ((slash = strrchr(start, '/')) && slash != start) {
        *slash = '\0';
        if (stat(start, &part) == 0 && part.st_dev == whole.st_dev && part.st_ino == whole.st_ino)
            return true;
    }
    return false;
}

static enum status check_value_cycle(struct sweeping *sweeping, const char *where,
                                     const struct json *value)
{
    const char *folder = sweeping->line->own.out, *text = json_text(value);

    for (size_t i = 0; json_is_array(value) && i < json_count(value); i++)
        TRY(check_value_cycle(sweeping, where, json_child(value, i)));
    if (text && folder && lies_in(sweeping->invocation->arena, folder, text))
        return context_fail(sweeping->invocation->context, ERR_USAGE,
                            "%s: %s: a cycle: '%s' lies in the sweep's own folder",
                            sweeping->invocation->operand[0], where, text);
    return OK;
}

// What the sweep writes is nothing that it may read.
static enum status check_cycles(struct sweeping *sweeping)
{
    const struct sweep_spec *spec = &sweeping->spec;
    struct arena *arena = sweeping->invocation->arena;
    const struct json *model = json_member(sweeping->document, "model");

    if (model)
        TRY(check_value_cycle(sweeping, "model", model));
    for (int i = 0; i < spec->step_count; i++)
        for (int o = 0; o < spec->chain.step[i].option_count; o++) {
            const struct chain_option *option = &spec->chain.step[i].option[o];
            TRY(check_value_cycle(sweeping,
                                  arena_format(arena, "chain.%d.options.%s", i, option->name),
                                  option->value));
        }
    return OK;
}

static enum status add_content(struct sweeping *sweeping, struct json *inputs, const char *key,
                               const char *name, bool is_data)
{
    struct invocation *invocation = sweeping->invocation;
    char sha256[SHA256_HEX_BYTES];
    struct json *input;
    enum status status;

    if (!name)
        return OK;
    status = is_data ? contents_data(sweeping->contents, invocation->context, name, sha256)
                     : contents_file(sweeping->contents, invocation->context, name, sha256);
    if (status != OK)
        return context_fail_in(invocation->context, status, "%s", key);
    invocation_add_input(invocation, name, sha256);
    input = json_add_object(inputs, NULL);
    json_add_text(input, "file", name);
    json_add_text(input, "sha256", sha256);
    return OK;
}

// The folder, for this spec with these inputs and no other. Data that steps read are looked at as
// well, so that a name that is wrong is found out now; the test data are not.
static enum status open_store(struct sweeping *sweeping)
{
    struct context *context = sweeping->invocation->context;
    const struct sweep_own_options *own = &sweeping->line->own;
    struct json *canonical = spec_canonical(&sweeping->spec), *inputs;
    struct text text;
    enum status status;

    json_add_text(canonical, "ecai", ECAI_VERSION);
    inputs = json_add_array(canonical, "inputs");
    status = add_content(sweeping, inputs, "model", sweeping->spec.model, false);
    if (status == OK && sweeping->spec.baseline != sweeping->spec.model)
        status = add_content(sweeping, inputs, "baseline", sweeping->spec.baseline, false);
    if (status == OK)
        status = add_content(sweeping, inputs, "search_data", sweeping->spec.search_data, true);
    if (status == OK)
        status = sweep_check_data(&sweeping->sweep);
    status = in_spec(sweeping, status);
    if (status == OK) {
        text_init(&text);
        json_print(canonical, true, &text);
        status = store_open(context, own->out, own->cache, text.at, &sweeping->store);
        text_clear(&text);
    }
    json_free(canonical);
    sweeping->sweep.store = sweeping->store;
    return status;
}

static void set_options(struct sweeping *sweeping)
{
    const struct sweep_own_options *own = &sweeping->line->own;
    int threads = sweeping->invocation->context->threads;
    int jobs = own->jobs ? (int)own->jobs : threads < CHILDREN_MAX ? threads : CHILDREN_MAX;

    sweeping->sweep.options = (struct sweep_options){.jobs = jobs,
                                                     .threads = jobs < threads ? threads / jobs : 1,
                                                     .retry_failed = own->retry_failed,
                                                     .limit = (long)own->limit};
}

// Of the whole search, and paid back by the one that was chosen.
static struct cost cost_of_sweep(const struct sweeping *sweeping)
{
    const struct sweep *sweep = &sweeping->sweep;
    struct cost cost = cost_of(&sweeping->cost, sweep->work.macs);

    cost_tell_silent(&cost, &sweep->work);
    if (sweep->chosen < 0)
        cost_because(&cost, "no trial is chosen");
    else
        cost_pay_back(&cost, sweep->before, sweep->after, sweep->spec->devices[0]);
    return cost;
}

static enum status write_json(struct sweeping *sweeping)
{
    const struct cost cost = cost_of_sweep(sweeping);
    struct json *document = sweep_json(&sweeping->sweep);
    const char *path = sweeping->line->json.json;
    struct json *warnings = json_copy(json_member(document, "warnings"));
    struct text text;
    enum status status;

    for (int64_t i = 0; i < sweeping->doubts.count; i++)
        json_add_text(warnings, NULL, sweeping->doubts.at[i]);
    json_replace(document, "warnings", warnings);
    cost_to_json(json_add_object(document, "cost"), &cost);
    json_add_provenance(document, sweeping->invocation);
    text_init(&text);
    json_print(document, true, &text);
    status = store_write(sweeping->invocation->context, sweeping->store, "sweep.json", text.at,
                         text.length);
    text_clear(&text);
    if (status == OK && path)
        status = json_write(sweeping->invocation, document, path);
    json_free(document);
    return status;
}

// What went wrong though results are written: the first of these.
static enum status find_failure(struct sweeping *sweeping)
{
    struct context *context = sweeping->invocation->context;
    struct sweep *sweep = &sweeping->sweep;
    const struct sweep_spec *spec = sweep->spec;

    if (sweep->test_error)
        return in_spec(sweeping,
                       context_fail(context, sweep->test_status, "%s", sweep->test_error));
    TRY(sweep_first_failure(sweep));
    if (sweeping->invocation->requirement_missed && sweep->unjudged)
        return context_fail(context, ERR_NUMERIC,
                            "requirement '%s' cannot be judged: a report has null",
                            sweep->unjudged);
    if (sweep->unknown)
        return context_fail(context, ERR_NUMERIC, "the front is empty: '%s' is null in the reports",
                            sweep->unknown);
    if (spec->require.count && sweep->feasible && sweep->chosen < 0)
        return context_fail(context, ERR_NUMERIC,
                            "none can be chosen: '%s' is null where the requirements hold",
                            spec->minimise);
    return OK;
}

static enum status tell(struct sweeping *sweeping)
{
    struct invocation *invocation = sweeping->invocation;
    struct sweep *sweep = &sweeping->sweep;
    struct text text;
    enum status status = OK;

    if (!sweep->is_complete) {
        context_note(invocation->context, "%ld of %ld trials have ended; the same line goes on",
                     sweep->ended, sweep->total);
        return OK;
    }
    TRY(sweep_doubts(invocation, sweep, &sweeping->doubts));
    TRY(write_json(sweeping));
    if (sweep->warning && !sweep->test_error) // which is told at the end
        context_warn(invocation->context, "%s", sweep->warning);
    text_init(&text);
    sweep_summary_text(sweep, &text);
    console_note(invocation->console, text.at);
    text_clear(&text);
    text_init(&text);
    status = sweep_front_text(sweep, &text);
    if (status == OK && !streams_use_stdout(&invocation->streams))
        status = print_result(invocation->context, &text);
    text_clear(&text);
    invocation->requirement_missed =
        sweep->spec->require.count > 0 && sweep->chosen < 0 && !sweep->feasible;
    return status == OK ? find_failure(sweeping) : status;
}

static enum status list_trials(struct sweeping *sweeping)
{
    struct text text;
    enum status status;

    text_init(&text);
    sweep_plan_text(&sweeping->sweep, &text);
    status = print_result(sweeping->invocation->context, &text);
    text_clear(&text);
    return status;
}

static enum status work(struct sweeping *sweeping)
{
    struct sweep *sweep = &sweeping->sweep;

    TRY(cost_open(sweeping->invocation->context, &sweeping->line->cost, &sweeping->cost));
    TRY(check_cycles(sweeping));
    set_options(sweeping);
    TRY(in_spec(sweeping, trials_expand(&sweep->trials)));
    if (sweeping->line->own.dry_run)
        return list_trials(sweeping);
    TRY(open_store(sweeping));
    TRY(sweep_run(sweep));
    return tell(sweeping);
}

static enum status run(struct invocation *invocation)
{
    struct sweeping sweeping = {.invocation = invocation, .line = invocation->options};
    enum status status;

    TRY(check_line(&sweeping));
    TRY(sweep_host_init(invocation, &sweeping.host));
    status = read_spec(&sweeping);
    if (status == OK) {
        sweeping.contents = contents_new();
        sweep_init(&sweeping.sweep, invocation->context, &sweeping.host, &sweeping.spec, NULL,
                   sweeping.contents);
        status = work(&sweeping);
        sweep_clear(&sweeping.sweep);
        store_close(sweeping.store);
        contents_free(sweeping.contents);
        cost_close(&sweeping.cost);
    }
    json_free(sweeping.document);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct sweep_own_options, out, NULL, 0, 0,
          "FOLDER: where cache, trials and results lie; one that exists is gone on with"),
    FIELD(struct sweep_own_options, jobs, "0", 0, CHILDREN_MAX,
          "trials at a time, which share --threads; 0: one a thread"),
    FIELD(struct sweep_own_options, cache, NULL, 0, 0,
          "FOLDER: a cache that several sweeps share (default: FOLDER/cache)"),
    FIELD(struct sweep_own_options, limit, "0", 0, 1e9,
          "end after so many trials, though more are left; 0: none"),
    FIELD(struct sweep_own_options, retry_failed, "no", 0, 0, "run trials that failed again"),
    FIELD(struct sweep_own_options, dry_run, "no", 0, 0,
          "list the trials and their command lines, run nothing"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"sweep", own_fields, offsetof(struct sweep_line, own)},
    {"report", json_fields, offsetof(struct sweep_line, json)},
    {"cost", cost_fields, offsetof(struct sweep_line, cost)},
    {NULL, NULL, 0},
};

const struct command command_sweep = {
    .operands = "SPEC.json -o FOLDER",
    .details =
        "SPEC.json names a chain of subcommands, lists of values for their options, the data to "
        "choose on (search_data) and those that only the front is judged on (test_data); "
        "docs/sweep.md has all of it. Each step is run once, whatever number of trials begin with "
        "it. Interrupted, the same line goes on; several processes on several machines may work "
        "on one FOLDER at once. Exit 1 if a trial failed, 3 if none meets 'require'.",
    .examples = "  ecai sweep sweep.json -o trials\n"
                "  ecai sweep sweep.json --dry-run\n"
                "  ecai report trials -o trials.html\n",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .option_bytes = sizeof(struct sweep_line),
    .run = run,
};
