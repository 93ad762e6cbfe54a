// What a trial is called; see label.h.
#include "chain/label.h"

#include <string.h>

#include "chain/chain.h"

static const char *last_part(const char *key)
{
    const char *dot = strrchr(key, '.');

    return dot && dot[1] ? dot + 1 : key;
}

static bool is_only_one(const struct json *parameters, size_t index)
{
    const char *name = last_part(json_key(json_child(parameters, index)));

    for (size_t i = 0; i < json_count(parameters); i++)
        if (i != index && strcmp(last_part(json_key(json_child(parameters, i))), name) == 0)
            return false;
    return true;
}

static const char *words_of(struct arena *arena, const struct json *value)
{
    const char *list = "";

    if (!json_is_array(value))
        return chain_value_text(arena, value);
    for (size_t i = 0; i < json_count(value); i++)
        list = arena_format(arena, "%s%s%s", list, i ? "," : "",
                            words_of(arena, json_child(value, i)));
    return list;
}

const char *chain_label_part(struct arena *arena, const struct json *parameters, size_t index,
                             bool with_name)
{
    const struct json *value = json_child(parameters, index);
    const char *key = json_key(value), *words = words_of(arena, value);
    bool is_command = strcmp(last_part(key), "run") == 0;

    if (is_command && json_is_null(value))
        return "";
    if (with_name && !is_command)
        words = arena_format(arena, "%s %s", is_only_one(parameters, index) ? last_part(key) : key,
                             words);
    return words;
}

const char *chain_label(struct arena *arena, const struct json *parameters)
{
    const char *label = "";

    for (size_t i = 0; i < json_count(parameters); i++) {
        const char *part = chain_label_part(arena, parameters, i, true);
        if (*part)
            label = arena_format(arena, "%s%s%s", label, *label ? ", " : "", part);
    }
    return *label || json_count(parameters) == 0 ? label : "unchanged";
}
