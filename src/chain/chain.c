// Reading chains: what a document says, and who reads whose output.
#include "chain/chain.h"

#include <string.h>

#include "base/json_check.h"

static const char *const step_keys[] = {"run", "name", "input", "options", NULL};

static enum status parse_run(struct context *context, struct arena *arena, const char *run,
                             const char *path, struct chain_step *step)
{
    const char *blank = strchr(run, ' ');

    if (!*run || *run == ' ' || (blank && (!blank[1] || strchr(blank + 1, ' '))))
        return context_fail(context, ERR_USAGE,
                            "%s.run: wants a subcommand and a method such as 'prune magnitude', "
                            "got '%s'",
                            path, run);
    step->verb = blank ? arena_copy_bytes(arena, run, (size_t)(blank - run)) : run;
    step->method = blank ? blank + 1 : NULL;
    return OK;
}

static enum status parse_options(struct context *context, struct arena *arena,
                                 const struct json *options, const char *path,
                                 struct chain_step *step)
{
    struct chain_option *option;

    if (!options)
        return OK;
    TRY(json_check_kind(context, options, JSON_OBJECT, json_path(arena, path, "options")));
    option = arena_array(arena, struct chain_option, json_count(options));
    step->option = option;
    for (size_t i = 0; i < json_count(options); i++) {
        const struct json *value = json_child(options, i);
        const char *name = option_name(arena, json_key(value));

        if (chain_find_option(step, name))
            return context_fail(context, ERR_USAGE, "%s.options.%s: given twice", path,
                                json_key(value));
        if (json_is_null(value))
            continue;
        option[step->option_count++] = (struct chain_option){name, value};
    }
    return OK;
}

enum status chain_parse_step(struct context *context, struct arena *arena, const struct json *step,
                             const char *run, const char *path, struct chain_step *out)
{
    const struct json *name = json_member(step, "name");

    *out = (struct chain_step){.input = -1};
    TRY(json_check_keys(context, step, path, step_keys));
    TRY(parse_run(context, arena, run, path, out));
    out->name = out->verb;
    if (name) {
        TRY(json_check_kind(context, name, JSON_TEXT, json_path(arena, path, "name")));
        out->name = json_text(name);
        if (!*out->name || strpbrk(out->name, ". ="))
            return context_fail(context, ERR_USAGE,
                                "%s.name: wants a word without '.', '=' and blanks, got '%s'", path,
                                out->name);
    }
    return parse_options(context, arena, json_member(step, "options"), path, out);
}

static int find_step(const struct chain_step *step, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(step[i].name, name) == 0)
            return i;
    return -1;
}

// Whether the option has a value, whichever of those it is varied over is taken.
static bool is_always_given(const struct json *value)
{
    if (json_is_object(value)) // {"choice": [...]} and its like
        return is_always_given(json_child(value, 0));
    for (size_t i = 0; json_is_array(value) && i < json_count(value); i++)
        if (json_is_null(json_child(value, i)))
            return false;
    return value && !json_is_null(value);
}

// Training takes its input as the one of its two models that the options do not name.
static bool reads_no_input(const struct chain_step *step)
{
    return strcmp(step->verb, "distill") == 0 &&
           is_always_given(chain_find_option(step, "student")) &&
           (is_always_given(chain_find_option(step, "teacher")) ||
            is_always_given(chain_find_option(step, "teacher-logits")));
}

static enum status set_input(struct context *context, struct arena *arena, const struct json *list,
                             const char *where, int index, struct chain_step *step)
{
    const struct json *input = json_member(json_child(list, (size_t)index), "input");

    step[index].input = index - 1;
    if (!input)
        return OK;
    TRY(json_check_kind(context, input, JSON_TEXT | JSON_NULL, json_path(arena, where, "input")));
    step[index].input =
        json_is_null(input) ? -1 : find_step(step, (int)json_count(list), json_text(input));
    if (!json_is_null(input) && step[index].input < 0)
        return context_fail(context, ERR_USAGE, "%s.input: no step is called '%s'", where,
                            json_text(input));
    return OK;
}

enum status chain_connect(struct context *context, struct arena *arena, const struct json *list,
                          const char *path, int index, struct chain_step *step)
{
    const char *where = json_path_index(arena, path, (size_t)index);

    if (find_step(step, (int)json_count(list), step[index].name) < index)
        return context_fail(context, ERR_USAGE,
                            "%s.name: '%s' is another step's name too: give one of them a 'name'",
                            where, step[index].name);
    TRY(set_input(context, arena, list, where, index, step));
    if (step[index].input >= 0 && reads_no_input(&step[index]))
        return context_fail(context, ERR_USAGE,
                            "%s: has 'teacher' and 'student': nothing reads what '%s' writes",
                            where, step[step[index].input].name);
    return OK;
}

// 'a' reads 'b' reads 'a', from a step that is known to be on the cycle.
static enum status name_cycle(struct context *context, const struct chain_step *step, int start,
                              const char *path)
{
    struct text text;
    int at = start;

    text_init(&text);
    do {
        text_format(&text, "'%s' reads ", step[at].name);
        at = step[at].input;
    } while (at != start);
    text_format(&text, "'%s'", step[start].name);
    context_fail(context, ERR_USAGE, "%s: the steps are a cycle: %s", path, text.at);
    text_clear(&text);
    return ERR_USAGE;
}

// Every step has one input, so that steps on a cycle are those from which count moves do not lead
// out.
static enum status check_cycles(struct context *context, const struct chain_step *step, int count,
                                const char *path)
{
    for (int i = 0; i < count; i++) {
        int at = i;

        for (int moves = 0; at >= 0 && moves < count; moves++)
            at = step[at].input;
        if (at >= 0)
            return name_cycle(context, step, at, path);
    }
    return OK;
}

static enum status check_readers(struct context *context, const struct chain_step *step, int count,
                                 const char *path)
{
    for (int i = 0; i < count - 1; i++) {
        bool is_read = false;

        for (int reader = 0; reader < count; reader++)
            is_read = is_read || step[reader].input == i;
        if (!is_read)
            return context_fail(context, ERR_USAGE,
                                "%s.%d: nothing reads what '%s' writes, and it is not the last "
                                "step",
                                path, i, step[i].name);
    }
    return OK;
}

enum status chain_order(struct context *context, struct arena *arena, const struct chain_step *step,
                        int count, const char *path, struct chain *out)
{
    int *order = arena_array(arena, int, (size_t)count);
    bool *is_placed = arena_array(arena, bool, (size_t)count);
    int placed = 0;

    TRY(check_cycles(context, step, count, path));
    TRY(check_readers(context, step, count, path));
    while (placed < count)
        for (int i = 0; i < count; i++)
            if (!is_placed[i] && (step[i].input < 0 || is_placed[step[i].input])) {
                is_placed[i] = true;
                order[placed++] = i;
                break;
            }
    *out = (struct chain){count, step, order};
    return OK;
}

enum status chain_parse(struct context *context, struct arena *arena, const struct json *list,
                        const char *path, struct chain *out)
{
    struct chain_step *step;

    TRY(json_check_kind(context, list, JSON_LIST, path));
    if (json_count(list) == 0)
        return context_fail(context, ERR_USAGE, "%s: is empty", path);
    step = arena_array(arena, struct chain_step, json_count(list));
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *item = json_child(list, i);
        const char *where = json_path_index(arena, path, i);
        const struct json *run = json_member(item, "run");

        TRY(json_check_kind(context, item, JSON_OBJECT, where));
        TRY(json_check_kind(context, run, JSON_TEXT, json_path(arena, where, "run")));
        TRY(chain_parse_step(context, arena, item, json_text(run), where, &step[i]));
    }
    for (size_t i = 0; i < json_count(list); i++)
        TRY(chain_connect(context, arena, list, path, (int)i, step));
    return chain_order(context, arena, step, (int)json_count(list), path, out);
}

const struct json *chain_find_option(const struct chain_step *step, const char *name)
{
    for (int i = 0; i < step->option_count; i++)
        if (option_names_equal(step->option[i].name, name))
            return step->option[i].value;
    return NULL;
}
