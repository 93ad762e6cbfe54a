// Numbers of a profile changed for a what-if; see overrides.h.
#include "energy/overrides.h"

#include <math.h>
#include <string.h>

const char *overrides_of(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon && strchr(colon, '=') ? colon + 1 : NULL;
}

// One KEY=NUMBER. What holds the key must be there; the key itself may be null or absent, and is
// judged with all others once the profile is read.
static enum status override(struct context *context, struct device *device, char *word)
{
    char *equals = strchr(word, '='), *dot;
    struct json *parent = device->json;
    const struct json *old;
    const char *key = word;
    double number;

    if (!equals || equals == word || !parse_number(equals + 1, &number))
        return context_fail(context, ERR_USAGE, "'%s' is no KEY=NUMBER", word);
    *equals = '\0';
    dot = strrchr(word, '.');
    if (dot) {
        const char *path = arena_copy_bytes(device->arena, word, (size_t)(dot - word));
        parent = json_find(parent, path);
        if (!parent || !json_is_object(parent))
            return context_fail(context, ERR_USAGE, "there is no '%s' to change in it", path);
        key = dot + 1;
    }
    old = json_member(parent, key);
    if (old && !json_is_number(old) && !json_is_null(old))
        return context_fail(context, ERR_USAGE, "'%s' is no number to change", word);
    json_set_number(parent, key, number);
    return OK;
}

// The next "KEY=NUMBER" of the list, in the arena.
static char *next_of(struct arena *arena, const char **list)
{
    size_t length = strcspn(*list, ",");
    char *word = arena_copy_bytes(arena, *list, length);

    *list += length + ((*list)[length] == ',');
    return word;
}

enum status overrides_apply(struct context *context, struct device *device, const char *overrides)
{
    while (overrides && *overrides)
        TRY(override(context, device, next_of(device->arena, &overrides)));
    return OK;
}

// Notes and the like take anything, and would not be a what-if.
enum status overrides_check(const struct profile *profile, const char *overrides)
{
    while (overrides && *overrides) {
        char *key = next_of(profile->arena, &overrides);

        key[strcspn(key, "=")] = '\0';
        if (!profile_has_number(profile, key))
            return context_fail(profile->context, ERR_USAGE, "'%s' is no number to change", key);
    }
    return OK;
}

// Whether the overrides give `key` themselves.
static bool gives(const char *overrides, const char *key)
{
    size_t length = strlen(key);

    for (const char *at = overrides; (at = strstr(at, key)) != NULL; at++)
        if (at[length] == '=' && (at == overrides || at[-1] == ','))
            return true;
    return false;
}

void overrides_mark(struct device *device, const char *overrides)
{
    device->changed = arena_copy_text(device->arena, overrides);
    device->name = arena_format(device->arena, "%s:%s", device->name, overrides);
    device->validated_by = NULL;
    device->error_basis = NULL;
    if (!gives(overrides, "error_percent"))
        device->error_percent = NAN;
    if (!gives(overrides, "ratio_error_percent"))
        device->ratio_error_percent = NAN;
    if (!gives(overrides, "mean_error_percent"))
        device->mean_error_percent = NAN;
}
