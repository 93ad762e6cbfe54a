// JSON documents: the only door to cJSON. A value that is NaN or infinite becomes null: unknown is
// null, never 0.
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/context.h"
#include "base/text.h"

struct json; // a value; children belong to their parent

struct json *json_object(void);
struct json *json_array(void);
void json_free(struct json *json);

// All return what was added. key NULL: appends to an array.
struct json *json_add(struct json *parent, const char *key, struct json *child); // takes child
struct json *json_add_object(struct json *parent, const char *key);
struct json *json_add_array(struct json *parent, const char *key);
void json_add_number(struct json *parent, const char *key, double number);
void json_add_int(struct json *parent, const char *key, int64_t number);
void json_add_text(struct json *parent, const char *key, const char *text); // NULL: null
void json_add_bool(struct json *parent, const char *key, bool value);
void json_add_null(struct json *parent, const char *key);
// [low, high]; null if one of them is not known.
void json_add_interval(struct json *parent, const char *key, double low, double high);
struct json *json_copy(const struct json *json);
// In the place of the object's value of that key, which is freed; takes child. A key that is not
// there is added at the end.
struct json *json_replace(struct json *object, const char *key, struct json *child);
// Takes object.key.member away, where there is one.
void json_remove(struct json *object, const char *key, const char *member);
void json_set_number(struct json *object, const char *key, double number); // replaces it, too

// Parses a whole document; ERR_FORMAT naming the byte where it breaks. Depth at most 64. Printed
// again, every number is the same double.
MUST_CHECK enum status json_parse(struct context *context, const char *text, size_t length,
                                  struct json **out);
// pretty: two-space indentation and a newline at the end; otherwise one line.
void json_print(const struct json *json, bool pretty, struct text *out);

// By dotted path, a number indexes a list: "accuracy.ci95.0". NULL: no such key.
const struct json *json_at(const struct json *json, const char *path);
struct json *json_find(struct json *json, const char *path); // the same, to change it
// By one key as it is, dots and all; NULL: no such key, or no object.
const struct json *json_member(const struct json *object, const char *key);
bool json_is_null(const struct json *json);
bool json_is_number(const struct json *json);
bool json_is_bool(const struct json *json);
bool json_is_text(const struct json *json);
bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);
double json_number(const struct json *json);    // NaN if it is none; true is 1, false 0
const char *json_text(const struct json *json); // NULL if it is none
size_t json_count(const struct json *json);     // children of an object or array
const struct json *json_child(const struct json *json, size_t index);
const char *json_key(const struct json *json); // of a child of an object

#endif
