// Checks of documents that people write.
#include "base/json_check.h"

#include <string.h>

#include "base/suggest.h"

static const struct {
    enum json_kind kind;
    const char *name;
} kind_names[] = {{JSON_TEXT, "a text"},        {JSON_NUMBER, "a number"},
                  {JSON_BOOL, "true or false"}, {JSON_OBJECT, "an object"},
                  {JSON_LIST, "a list"},        {JSON_NULL, "null"}};
enum { KIND_COUNT = sizeof kind_names / sizeof kind_names[0] };

static enum json_kind kind_of(const struct json *json)
{
    return json_is_text(json)     ? JSON_TEXT
           : json_is_number(json) ? JSON_NUMBER
           : json_is_bool(json)   ? JSON_BOOL
           : json_is_object(json) ? JSON_OBJECT
           : json_is_array(json)  ? JSON_LIST
                                  : JSON_NULL;
}

bool json_is(const struct json *json, unsigned kinds)
{
    return json && kind_of(json) & kinds;
}

enum status json_check_kind(struct context *context, const struct json *json, unsigned kinds,
                            const char *path)
{
    struct text wanted;
    unsigned left = kinds;

    if (json_is(json, kinds))
        return OK;
    text_init(&wanted);
    for (int i = 0; i < KIND_COUNT; i++) {
        if (!(left & kind_names[i].kind))
            continue;
        left &= ~(unsigned)kind_names[i].kind;
        text_format(&wanted, "%s%s",
                    wanted.length == 0 ? ""
                    : left             ? ", "
                                       : " or ",
                    kind_names[i].name);
    }
    if (json)
        for (int i = 0; i < KIND_COUNT; i++)
            if (kind_names[i].kind == kind_of(json))
                text_format(&wanted, ", got %s", kind_names[i].name);
    context_fail(context, ERR_USAGE, "%s%swants %s", path, *path ? ": " : "", wanted.at);
    text_clear(&wanted);
    return ERR_USAGE;
}

static enum status unknown_key(struct context *context, const char *path, const char *key,
                               const char *const *keys)
{
    struct suggestion suggestion;
    struct text text;

    text_init(&text);
    text_format(&text, "%s%s", path, *path ? "." : "");
    text_add_escaped(&text, key, strlen(key));
    text_add(&text, ": unknown key");
    suggestion_init(&suggestion, key);
    for (const char *const *known = keys; *known; known++)
        suggestion_offer(&suggestion, *known);
    suggestion_add(&suggestion, "", &text);
    context_fail(context, ERR_USAGE, "%s", text.at);
    text_clear(&text);
    return ERR_USAGE;
}

enum status json_check_keys(struct context *context, const struct json *json, const char *path,
                            const char *const *keys)
{
    TRY(json_check_kind(context, json, JSON_OBJECT, path));
    for (size_t i = 0; i < json_count(json); i++) {
        const struct json *child = json_child(json, i);
        const char *key = json_key(child);
        bool is_known = false;

        for (const char *const *known = keys; *known; known++)
            is_known = is_known || strcmp(*known, key) == 0;
        if (!is_known)
            return unknown_key(context, path, key, keys);
        if (json_member(json, key) != child)
            return context_fail(context, ERR_USAGE, "%s%s%s: given twice", path, *path ? "." : "",
                                key);
    }
    return OK;
}

const char *json_path(struct arena *arena, const char *path, const char *key)
{
    return *path ? arena_format(arena, "%s.%s", path, key) : key;
}

const char *json_path_index(struct arena *arena, const char *path, size_t index)
{
    return arena_format(arena, "%s%s%zu", path, *path ? "." : "", index);
}
