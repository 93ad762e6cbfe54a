// How a spec walks through its settings: all of them, so many at random, by successive halving.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/spec_internal.h"

static const char *const search_keys[] = {"random", "halving", NULL};
static const char *const halving_keys[] = {"option", "from", "to", "eta", "trials", NULL};

double spec_rounded(double number, double low, double high)
{
    double unit = pow(10, floor(log10(fabs(number) > 0 ? fabs(number) : 1)) - 3);
    double near = nearbyint(number / unit) * unit;
    char digits[40];

    snprintf(digits, sizeof digits, "%.4g", near);
    near = strtod(digits, NULL);
    return near < low ? low : near > high ? high : near;
}

// "distill.epochs": the step and the option of it that grows from rung to rung.
static enum status find_budget(struct spec_reader *reader, const char *name)
{
    struct sweep_halving *halving = &reader->spec->halving;
    const char *dot = strchr(name, '.'), *path = "search.halving.option";
    const struct field *field;

    for (int i = 0; dot && i < reader->spec->step_count; i++) {
        const struct chain_step *step = &reader->spec->chain.step[i];

        if (strlen(step->name) != (size_t)(dot - name) ||
            strncmp(step->name, name, (size_t)(dot - name)) != 0)
            continue;
        if (chain_find_option(step, dot + 1))
            return context_fail(reader->context, ERR_USAGE,
                                "%s: '%s' is set in the chain as well: leave it to one of them",
                                path, name);
        TRY(chain_check_option(reader->context, step, reader->host->rules, path, dot + 1, &field));
        if (field->type != FIELD_INT && field->type != FIELD_DOUBLE)
            return context_fail(reader->context, ERR_USAGE, "%s: '%s' is no number", path, name);
        halving->field = field;
        halving->step = i;
        halving->option = arena_copy_text(reader->arena, dot + 1);
        halving->name = name;
        return OK;
    }
    return context_fail(reader->context, ERR_USAGE,
                        "%s: wants STEP.OPTION with the name of a step, got '%s'", path, name);
}

// from, from * eta ... to, whole where both ends are. Two rungs that would round to one budget are
// one.
static enum status set_rungs(struct spec_reader *reader, const char *path)
{
    struct sweep_halving *halving = &reader->spec->halving;
    bool is_whole = halving->from == floor(halving->from) && halving->to == floor(halving->to);
    double at = halving->from, budget = at;

    for (; at < halving->to * (1 - 1e-9); at *= halving->eta) {
        budget = is_whole ? nearbyint(at) : spec_rounded(at, halving->from, halving->to);
        if (budget >= halving->to)
            break;
        if (halving->rungs && budget <= halving->budget[halving->rungs - 1])
            continue;
        if (halving->rungs == HALVING_RUNGS_MAX - 1)
            return context_fail(reader->context, ERR_USAGE, "%s: has more than %d rungs", path,
                                HALVING_RUNGS_MAX);
        halving->budget[halving->rungs++] = budget;
    }
    halving->budget[halving->rungs++] = halving->to;
    return OK;
}

// One end of the budgets, which the option must be able to take.
static enum status read_end(struct spec_reader *reader, const struct json *json, const char *path,
                            const char *key, double *out)
{
    enum status status;

    TRY(spec_number(reader, json, path, key, 1e-9, (double)NAN, out));
    status =
        chain_check_value(reader->context, reader->spec->halving.field, json_member(json, key));
    return status == OK ? OK : context_fail_in(reader->context, status, "%s.%s", path, key);
}

static enum status read_halving(struct spec_reader *reader, const struct json *json)
{
    struct sweep_halving *halving = &reader->spec->halving;
    const char *path = "search.halving";
    const struct json *option;
    double trials;

    TRY(json_check_keys(reader->context, json, path, halving_keys));
    option = json_member(json, "option");
    TRY(json_check_kind(reader->context, option, JSON_TEXT, "search.halving.option"));
    TRY(find_budget(reader, json_text(option)));
    TRY(read_end(reader, json, path, "from", &halving->from));
    TRY(read_end(reader, json, path, "to", &halving->to));
    TRY(spec_number(reader, json, path, "eta", 1.1, 3, &halving->eta));
    TRY(spec_whole(reader, json, path, "trials", 1, 0, &trials));
    if (trials > 0 && reader->spec->random_trials)
        return context_fail(reader->context, ERR_USAGE,
                            "%s.trials: 'search.random' is given as well: leave it to one of them",
                            path);
    if (trials > 0)
        reader->spec->random_trials = (int64_t)trials;
    if (halving->to <= halving->from)
        return context_fail(reader->context, ERR_USAGE, "%s: wants from < to, got %g and %g", path,
                            halving->from, halving->to);
    TRY(set_rungs(reader, path));
    halving->is_on = true;
    return OK;
}

static enum status check_ranges(struct spec_reader *reader)
{
    const struct sweep_spec *spec = reader->spec;

    for (int i = 0; i < spec->axis_count && spec->random_trials == 0; i++)
        if (spec->axis[i].kind != AXIS_VALUES)
            return context_fail(reader->context, ERR_USAGE,
                                "chain.%d.options.%s: a range has no grid: list its values, or "
                                "search at random ({\"random\": N})",
                                spec->axis[i].step, spec->axis[i].option);
    return OK;
}

enum status spec_read_search(struct spec_reader *reader)
{
    const struct json *search = json_member(reader->document, "search"), *halving;
    double random = 0;

    if (!search || (json_is_text(search) && strcmp(json_text(search), "grid") == 0))
        return check_ranges(reader);
    if (json_is_text(search))
        return context_fail(reader->context, ERR_USAGE,
                            "search: wants \"grid\", {\"random\": N} or {\"halving\": {...}}, got "
                            "'%s'",
                            json_text(search));
    TRY(json_check_keys(reader->context, search, "search", search_keys));
    TRY(spec_whole(reader, search, "search", "random", 1, 0, &random));
    reader->spec->random_trials = (int64_t)random;
    halving = json_member(search, "halving");
    if (halving && !json_is_null(halving))
        TRY(read_halving(reader, halving));
    return check_ranges(reader);
}
