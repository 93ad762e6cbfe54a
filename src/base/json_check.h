// Documents that people write: what is wrong with one is told by its path, "chain.0.optoins:
// unknown key (did you mean 'options'?)". All failures are ERR_USAGE; the caller names the file.
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include "base/arena.h"
#include "base/json.h"

enum json_kind {
    JSON_TEXT = 1,
    JSON_NUMBER = 2,
    JSON_BOOL = 4,
    JSON_OBJECT = 8,
    JSON_LIST = 16,
    JSON_NULL = 32,
};

bool json_is(const struct json *json, unsigned kinds); // one of the kinds, or'ed

// That it is one of the kinds; path "" is the document itself.
MUST_CHECK enum status json_check_kind(struct context *context, const struct json *json,
                                       unsigned kinds, const char *path);
// That it is an object whose keys are all among these (ends with NULL), none of them twice.
MUST_CHECK enum status json_check_keys(struct context *context, const struct json *json,
                                       const char *path, const char *const *keys);
// "path.key", or "key" where path is "".
const char *json_path(struct arena *arena, const char *path, const char *key);
const char *json_path_index(struct arena *arena, const char *path, size_t index);

#endif
