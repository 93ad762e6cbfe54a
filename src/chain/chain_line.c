// Chains against the tables of the commands, and as command lines.
#include <string.h>

#include "base/json_check.h"
#include "chain/chain.h"

// What the one who runs the steps gives himself.
static const char *const reserved[] = {"out",   "json",    "dry-run", "no-clobber", "progress",
                                       "quiet", "verbose", "help",    "version",    NULL};

bool chain_option_is_reserved(const char *name)
{
    for (const char *const *word = reserved; *word; word++)
        if (strcmp(*word, name) == 0)
            return true;
    return false;
}

bool chain_has_option(const struct chain_rules *rules, const struct chain_step *step,
                      const char *name)
{
    const struct field *field;
    struct context silent;

    context_init(&silent);
    return rules->find_option(rules->self, &silent, step->verb, step->method, name, &field) == OK;
}

bool chain_takes_option(const struct chain_rules *rules, const struct chain_step *step,
                        const char *name)
{
    return !chain_find_option(step, name) && chain_has_option(rules, step, name);
}

bool chain_option_repeats(const struct field *field)
{
    return field->type == FIELD_STRINGS;
}

const char *chain_value_text(struct arena *arena, const struct json *value)
{
    const char *copy;
    struct text text;

    if (json_is_text(value))
        return json_text(value);
    if (json_is_bool(value))
        return json_number(value) != 0 ? "true" : "false";
    text_init(&text);
    if (json_is_number(value))
        text_add_double(&text, json_number(value));
    else
        json_print(value, false, &text);
    copy = arena_copy_text(arena, text.at);
    text_clear(&text);
    return copy;
}

static enum status check_scalar(struct context *context, const struct field *field,
                                const struct json *value)
{
    union {
        struct strings list;
        double number;
        int64_t count;
        const char *text;
        bool is_on;
    } scratch;
    struct field here = *field;
    struct arena *arena;
    enum status status;

    if (json_is(value, JSON_BOOL) != (field->type == FIELD_BOOL))
        return context_fail(context, ERR_USAGE, "wants %s",
                            field->type == FIELD_BOOL ? "true or false" : "a number or a text");
    TRY(json_check_kind(context, value, JSON_TEXT | JSON_NUMBER | JSON_BOOL, ""));
    arena = arena_new();
    here.offset = 0;
    memset(&scratch, 0, sizeof scratch);
    status = field_parse(context, &here, chain_value_text(arena, value), &scratch, arena);
    arena_free(arena);
    return status;
}

enum status chain_check_value(struct context *context, const struct field *field,
                              const struct json *value)
{
    if (json_is_null(value))
        return OK;
    if (!json_is_array(value))
        return check_scalar(context, field, value);
    if (!chain_option_repeats(field))
        return context_fail(context, ERR_USAGE, "takes one value, got a list");
    for (size_t i = 0; i < json_count(value); i++)
        TRY(check_scalar(context, field, json_child(value, i)));
    return OK;
}

enum status chain_check_option(struct context *context, const struct chain_step *step,
                               const struct chain_rules *rules, const char *path, const char *name,
                               const struct field **out)
{
    enum status status;

    if (chain_option_is_reserved(name))
        return context_fail(context, ERR_USAGE, "%s: is no option of a step", path);
    status = rules->find_option(rules->self, context, step->verb, step->method, name, out);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

enum status chain_check_command(struct context *context, const struct chain_step *step,
                                const struct chain_rules *rules, const char *path)
{
    enum status status = rules->check_command(rules->self, context, step->verb, step->method);

    return status == OK ? OK : context_fail_in(context, status, "%s.run", path);
}

enum status chain_check(struct context *context, const struct chain *chain,
                        const struct chain_rules *rules, const char *path)
{
    struct arena *arena = arena_new();
    enum status status = OK;

    for (int i = 0; i < chain->count && status == OK; i++) {
        const struct chain_step *step = &chain->step[i];
        const char *where = json_path_index(arena, path, (size_t)i);

        status = chain_check_command(context, step, rules, where);
        for (int o = 0; o < step->option_count && status == OK; o++) {
            const struct chain_option *option = &step->option[o];
            const char *place = arena_format(arena, "%s.options.%s", where, option->name);
            const struct field *field;

            status = chain_check_option(context, step, rules, place, option->name, &field);
            if (status != OK)
                break;
            status = chain_check_value(context, field, option->value);
            if (status != OK)
                context_fail_in(context, status, "%s", place);
        }
    }
    arena_free(arena);
    return status;
}

void chain_line_add(struct arena *arena, struct chain_line *line, const char *word)
{
    if (line->count + 1 >= line->capacity) {
        char **more = arena_array(arena, char *, (size_t)line->capacity * 2 + 16);

        if (line->count)
            memcpy(more, line->word, (size_t)line->count * sizeof *more);
        line->word = more;
        line->capacity = line->capacity * 2 + 16;
    }
    line->word[line->count++] = arena_copy_text(arena, word);
    line->word[line->count] = NULL;
}

void chain_line_add_option(struct arena *arena, struct chain_line *line, const char *name,
                           const struct json *value)
{
    bool is_off = json_is_bool(value) && json_number(value) == 0;

    if (json_is_null(value))
        return;
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_count(value); i++)
            chain_line_add_option(arena, line, name, json_child(value, i));
        return;
    }
    chain_line_add(arena, line, arena_format(arena, is_off ? "--no-%s" : "--%s", name));
    if (!json_is_bool(value))
        chain_line_add(arena, line, chain_value_text(arena, value));
}

const char *chain_operand(struct arena *arena, const char *path)
{
    return path[0] == '-' ? arena_format(arena, "./%s", path) : path;
}

void chain_arguments(struct arena *arena, const struct chain_step *step, const char *input,
                     const char *output, struct chain_line *out)
{
    bool trains = strcmp(step->verb, "distill") == 0;
    bool has_teacher =
        chain_find_option(step, "teacher") || chain_find_option(step, "teacher-logits");

    *out = (struct chain_line){0};
    chain_line_add(arena, out, "ecai");
    chain_line_add(arena, out, step->verb);
    if (step->method)
        chain_line_add(arena, out, step->method);
    for (int i = 0; i < step->option_count; i++)
        chain_line_add_option(arena, out, step->option[i].name, step->option[i].value);
    if (input && trains && !(has_teacher && chain_find_option(step, "student")))
        chain_line_add(arena, out, has_teacher ? "--student" : "--teacher");
    else if (trains)
        input = NULL;
    if (input)
        chain_line_add(arena, out, chain_operand(arena, input));
    chain_line_add(arena, out, "-o");
    chain_line_add(arena, out, output);
}
