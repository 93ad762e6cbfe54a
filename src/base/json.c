// The door to cJSON.
#include "base/json.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { DEPTH_MAX = 64 };

static cJSON *plain(const struct json *json)
{
    return (cJSON *)(uintptr_t)json;
}

static struct json *wrap(cJSON *item)
{
    if (!item)
        must_realloc(NULL, SIZE_MAX); // cJSON returns NULL only without memory: the one way out
    return (struct json *)item;
}

struct json *json_object(void)
{
    return wrap(cJSON_CreateObject());
}

struct json *json_array(void)
{
    return wrap(cJSON_CreateArray());
}

void json_free(struct json *json)
{
    cJSON_Delete(plain(json));
}

void json_add_interval(struct json *parent, const char *key, double low, double high)
{
    struct json *interval;

    if (isnan(low) || isnan(high)) {
        json_add_null(parent, key);
        return;
    }
    interval = json_add_array(parent, key);
    json_add_number(interval, NULL, low);
    json_add_number(interval, NULL, high);
}

struct json *json_copy(const struct json *json)
{
    return wrap(cJSON_Duplicate(plain(json), 1));
}

struct json *json_add(struct json *parent, const char *key, struct json *child)
{
    if (key)
        cJSON_AddItemToObject(plain(parent), key, plain(child));
    else
        cJSON_AddItemToArray(plain(parent), plain(child));
    return child;
}

struct json *json_replace(struct json *object, const char *key, struct json *child)
{
    if (!cJSON_ReplaceItemInObjectCaseSensitive(plain(object), key, plain(child)))
        json_add(object, key, child);
    return child;
}

struct json *json_add_object(struct json *parent, const char *key)
{
    return json_add(parent, key, json_object());
}

struct json *json_add_array(struct json *parent, const char *key)
{
    return json_add(parent, key, json_array());
}

void json_add_number(struct json *parent, const char *key, double number)
{
    struct text digits;

    if (!isfinite(number)) {
        json_add_null(parent, key);
        return;
    }
    text_init(&digits);
    text_add_double(&digits, number);
    json_add(parent, key, wrap(cJSON_CreateRaw(digits.at))); // cJSON would print 17 digits
    text_clear(&digits);
}

void json_remove(struct json *object, const char *key, const char *member)
{
    cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(plain(object), key),
                                            member);
}

void json_set_number(struct json *object, const char *key, double number)
{
    cJSON_DeleteItemFromObjectCaseSensitive(plain(object), key);
    json_add_number(object, key, number);
}

void json_add_int(struct json *parent, const char *key, int64_t number)
{
    struct text digits;

    text_init(&digits);
    text_format(&digits, "%lld", (long long)number);
    json_add(parent, key, wrap(cJSON_CreateRaw(digits.at))); // exact beyond 2^53
    text_clear(&digits);
}

void json_add_text(struct json *parent, const char *key, const char *text)
{
    json_add(parent, key, wrap(text ? cJSON_CreateString(text) : cJSON_CreateNull()));
}

void json_add_bool(struct json *parent, const char *key, bool value)
{
    json_add(parent, key, wrap(cJSON_CreateBool(value)));
}

void json_add_null(struct json *parent, const char *key)
{
    json_add(parent, key, wrap(cJSON_CreateNull()));
}

// cJSON's own limit is 1000 levels; ours keeps recursion over foreign text shallow.
static bool too_deep(const char *text, size_t length)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < length; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return false;
}

// Numbers as short as they can be and be read back exactly: cJSON would print 15 digits or 17.
static void keep_exact(cJSON *item)
{
    struct text digits;

    for (cJSON *child = item->child; child; child = child->next)
        keep_exact(child);
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
        return;
    text_init(&digits);
    text_add_double(&digits, item->valuedouble);
    item->valuestring = cJSON_malloc(digits.length + 1);
    if (item->valuestring) {
        memcpy(item->valuestring, digits.at, digits.length + 1);
        item->type = cJSON_Raw;
    }
    text_clear(&digits);
}

enum status json_parse(struct context *context, const char *text, size_t length, struct json **out)
{
    const char *end = text;
    cJSON *item;

    *out = NULL;
    if (too_deep(text, length))
        return context_fail(context, ERR_FORMAT, "JSON is nested deeper than %d", DEPTH_MAX);
    item = cJSON_ParseWithLengthOpts(text, length, &end, 0);
    if (!item)
        return context_fail(context, ERR_FORMAT, "not JSON at byte %zu",
                            end ? (size_t)(end - text) : 0);
    for (; end < text + length; end++)
        if (*end && !isspace((unsigned char)*end)) {
            cJSON_Delete(item);
            return context_fail(context, ERR_FORMAT, "more than one JSON document, at byte %zu",
                                (size_t)(end - text));
        }
    keep_exact(item);
    *out = (struct json *)item;
    return OK;
}

void json_print(const struct json *json, bool pretty, struct text *out)
{
    char *text = pretty ? cJSON_Print(plain(json)) : cJSON_PrintUnformatted(plain(json));

    if (!text) {
        must_realloc(NULL, SIZE_MAX);
        return;
    }
    for (const char *c = text; *c; c++) { // cJSON indents with tabs
        if (*c == '\t' && pretty && c > text && (c[-1] == '\n' || c[-1] == '\t'))
            text_add(out, "  ");
        else if (*c == '\t' && pretty && c > text && c[-1] == ':')
            text_add(out, " ");
        else
            text_add_bytes(out, c, 1);
    }
    if (pretty)
        text_add(out, "\n");
    cJSON_free(text);
}

static const cJSON *step(const cJSON *item, const char *name, size_t length)
{
    char key[256];
    char *end;
    long index;

    if (length == 0 || length >= sizeof key)
        return NULL;
    memcpy(key, name, length);
    key[length] = '\0';
    if (cJSON_IsObject(item))
        return cJSON_GetObjectItemCaseSensitive(item, key);
    index = strtol(key, &end, 10);
    if (cJSON_IsArray(item) && *end == '\0' && isdigit((unsigned char)*key) && index < 1000000)
        return cJSON_GetArrayItem(item, (int)index);
    return NULL;
}

const struct json *json_at(const struct json *json, const char *path)
{
    const cJSON *item = plain(json);

    while (item && *path) {
        size_t length = strcspn(path, ".");
        item = step(item, path, length);
        path += length + (path[length] == '.');
    }
    return (const struct json *)item;
}

struct json *json_find(struct json *json, const char *path)
{
    return (struct json *)(uintptr_t)json_at(json, path);
}

const struct json *json_member(const struct json *object, const char *key)
{
    return (const struct json *)cJSON_GetObjectItemCaseSensitive(plain(object), key);
}

bool json_is_null(const struct json *json)
{
    return !json || cJSON_IsNull(plain(json));
}

bool json_is_number(const struct json *json)
{
    return cJSON_IsNumber(plain(json)) || cJSON_IsRaw(plain(json));
}

bool json_is_bool(const struct json *json)
{
    return cJSON_IsBool(plain(json));
}

bool json_is_text(const struct json *json)
{
    return cJSON_IsString(plain(json));
}

bool json_is_object(const struct json *json)
{
    return cJSON_IsObject(plain(json));
}

bool json_is_array(const struct json *json)
{
    return cJSON_IsArray(plain(json));
}

double json_number(const struct json *json)
{
    if (cJSON_IsRaw(plain(json)))
        return strtod(plain(json)->valuestring, NULL);
    if (cJSON_IsBool(plain(json)))
        return cJSON_IsTrue(plain(json)) ? 1 : 0;
    return cJSON_IsNumber(plain(json)) ? plain(json)->valuedouble : NAN;
}

const char *json_text(const struct json *json)
{
    return cJSON_GetStringValue(plain(json));
}

size_t json_count(const struct json *json)
{
    return (size_t)cJSON_GetArraySize(plain(json));
}

const struct json *json_child(const struct json *json, size_t index)
{
    return (const struct json *)cJSON_GetArrayItem(plain(json), (int)index);
}

const char *json_key(const struct json *json)
{
    return plain(json)->string;
}
