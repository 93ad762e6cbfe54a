// Typed reading of a device profile; see profile.h.
#include "energy/profile.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"

static void note_misplaced(struct profile *profile, const char *message)
{
    if (!profile->misplaced)
        profile->misplaced = message;
}

static const char *dotted(struct profile *profile, const char *key)
{
    return arena_format(profile->arena,
                        "'%s' is one key with a dot in it: dots stand for objects in objects", key);
}

// A part of the path that holds no keys ("memory": 5), or several parts written as one key.
static void check_place(struct profile *profile, const char *path)
{
    const struct json *group = profile->json;

    for (const char *rest = path, *dot; group && (dot = strchr(rest, '.')); rest = dot + 1) {
        if (json_member(group, rest))
            note_misplaced(profile, dotted(profile, rest));
        group =
            json_at(profile->json, arena_copy_bytes(profile->arena, path, (size_t)(dot - path)));
        if (json_is_null(group))
            return;
        if (json_is_object(group) || (json_is_array(group) && isdigit((unsigned char)dot[1])))
            continue;
        note_misplaced(profile,
                       arena_format(profile->arena, "'%.*s' wants an object with '%s' in it",
                                    (int)(dot - path), path, dot + 1));
        return;
    }
}

const struct json *profile_item(struct profile *profile, const char *path)
{
    const struct json *item = json_at(profile->json, path);

    if (profile->asked_count == profile->asked_capacity) {
        profile->asked_capacity = profile->asked_capacity ? 2 * profile->asked_capacity : 64;
        profile->asked =
            must_realloc(profile->asked, profile->asked_capacity * sizeof *profile->asked);
    }
    profile->asked[profile->asked_count++] =
        (struct profile_key){arena_copy_text(profile->arena, path), false};
    check_place(profile, path);
    return item && !json_is_null(item) ? item : NULL;
}

void profile_clear(struct profile *profile)
{
    free(profile->asked);
    *profile = (struct profile){.asked = NULL};
}

static enum status read_number(struct profile *profile, const struct profile_number *row,
                               const char *path, double *out)
{
    const struct json *item = profile_item(profile, path);
    double number = item ? json_number(item) : NAN;

    *out = NAN;
    profile->asked[profile->asked_count - 1].is_number = true;
    if (!item && !(row->flags & PROFILE_NEEDED))
        return OK;
    if (!item || !json_is_number(item) || !isfinite(number) || (number < 0 && row->min >= 0))
        return context_fail(profile->context, ERR_FORMAT,
                            "'%s' wants a number that is not negative", path);
    if ((number < row->min || number > row->max) && !(number == 0 && row->flags & PROFILE_OR_ZERO))
        return context_fail(profile->context, ERR_FORMAT,
                            "'%s' is %g, which is not within %g to %g: is it in another unit?",
                            path, number, row->min, row->max);
    *out = number * row->unit;
    return OK;
}

enum status profile_number(struct profile *profile, const struct profile_number *row, void *at)
{
    return profile_numbers(profile, "", row, 1, at);
}

enum status profile_numbers(struct profile *profile, const char *prefix,
                            const struct profile_number *row, size_t rows, void *at)
{
    for (size_t i = 0; i < rows; i++)
        TRY(read_number(profile, &row[i], arena_format(profile->arena, "%s%s", prefix, row[i].path),
                        (double *)(void *)((char *)at + row[i].offset)));
    return OK;
}

enum status profile_text(struct profile *profile, const char *path, const char **out)
{
    const struct json *item = profile_item(profile, path);

    *out = NULL;
    if (!item)
        return OK;
    if (!json_is_text(item))
        return context_fail(profile->context, ERR_FORMAT, "'%s' wants a text", path);
    *out = json_text(item);
    return OK;
}

enum status profile_word(struct profile *profile, const char *path, const char **out)
{
    TRY(profile_text(profile, path, out));
    if (!*out)
        return context_fail(profile->context, ERR_FORMAT, "'%s' wants a text", path);
    return OK;
}

enum status profile_choice(struct profile *profile, const char *path, const char *const *choices,
                           bool is_needed, int *out)
{
    const char *word;
    struct text text;

    *out = -1;
    TRY(profile_text(profile, path, &word));
    if (!word && !is_needed)
        return OK;
    for (int i = 0; word && choices[i]; i++)
        if (strcmp(word, choices[i]) == 0) {
            *out = i;
            return OK;
        }
    text_init(&text);
    for (int i = 0; choices[i]; i++)
        text_format(&text, "%s'%s'", i == 0 ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
    context_fail(profile->context, ERR_FORMAT, "'%s' is %s, not %s%s%s", path, text.at,
                 word ? "'" : "", word ? word : "missing", word ? "'" : "");
    text_clear(&text);
    return ERR_FORMAT;
}

enum status profile_texts(struct profile *profile, const char *path, const char **out)
{
    const struct json *item = profile_item(profile, path);
    const char *all = item ? json_text(item) : NULL;

    *out = NULL;
    if (item && !json_is_text(item) && !json_is_array(item))
        return context_fail(profile->context, ERR_FORMAT, "'%s' wants texts", path);
    for (size_t i = 0; item && json_is_array(item) && i < json_count(item); i++) {
        const char *one = json_text(json_child(item, i));
        if (!one)
            return context_fail(profile->context, ERR_FORMAT, "'%s' wants texts", path);
        all = all ? arena_format(profile->arena, "%s, %s", all, one) : one;
    }
    *out = all ? arena_copy_text(profile->arena, all) : NULL;
    return OK;
}

// ---- keys that nobody knows
// ----------------------------------------------------------------------

static enum status fail_key(const struct profile *profile, const char *path)
{
    struct suggestion suggestion;
    struct text text;

    suggestion_init(&suggestion, path);
    for (size_t i = 0; i < profile->asked_count; i++)
        suggestion_offer(&suggestion, profile->asked[i].path);
    text_init(&text);
    suggestion_add(&suggestion, "", &text);
    context_fail(profile->context, ERR_FORMAT, "no profile of this kind has a key '%s'%s", path,
                 text.at);
    text_clear(&text);
    return ERR_FORMAT;
}

// Whether path was asked for, or leads to something that was.
static bool is_known(const struct profile *profile, const char *path, bool *leads_on)
{
    size_t length = strlen(path);
    bool known = false;

    *leads_on = false;
    for (size_t i = 0; i < profile->asked_count; i++) {
        const char *asked = profile->asked[i].path;
        if (strncmp(asked, path, length) != 0)
            continue;
        known |= asked[length] == '\0';
        *leads_on |= asked[length] == '.';
    }
    return known || *leads_on;
}

static enum status check_object(struct profile *profile, const struct json *object,
                                const char *prefix)
{
    for (size_t i = 0; i < json_count(object); i++) {
        const struct json *child = json_child(object, i);
        const char *path = arena_format(profile->arena, "%s%s", prefix, json_key(child));
        bool leads_on;

        if (strchr(json_key(child), '.'))
            return context_fail(profile->context, ERR_FORMAT, "%s",
                                dotted(profile, json_key(child)));
        if (!is_known(profile, path, &leads_on))
            return fail_key(profile, path);
        if (json_member(object, json_key(child)) != child)
            return context_fail(profile->context, ERR_FORMAT, "'%s' is given twice", path);
        if (!leads_on || json_is_null(child))
            continue;
        if (json_is_object(child))
            TRY(check_object(profile, child, arena_format(profile->arena, "%s.", path)));
    }
    return OK;
}

enum status profile_finish(struct profile *profile, enum status status)
{
    if (profile->misplaced)
        return context_fail(profile->context, ERR_FORMAT, "%s", profile->misplaced);
    return status == OK ? check_object(profile, profile->json, "") : status;
}

bool profile_has_number(const struct profile *profile, const char *path)
{
    for (size_t i = 0; i < profile->asked_count; i++)
        if (profile->asked[i].is_number && strcmp(profile->asked[i].path, path) == 0)
            return true;
    return false;
}
