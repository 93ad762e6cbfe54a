// Reading the JSON of a device profile: every key that is asked for is remembered, so that a key
// that nobody reads (a misspelt one, one in another unit) is refused by name. docs/devices.md.
#ifndef ENERGY_PROFILE_H
#define ENERGY_PROFILE_H

#include "energy/device.h"

struct profile {
    struct context *context;
    struct arena *arena; // the device's
    const struct json *json;
    const char **asked; // dotted paths
    size_t asked_count, asked_capacity;
};

// One number of a profile: the key's path, the member of a struct that takes it, its unit in SI
// (1e-12 for pJ), and the range in the key's own unit beyond which it must be a mistake.
struct profile_number {
    const char *path;
    size_t offset;
    double unit, min, max;
    bool is_needed; // else null or no such key gives NaN
};

#define PROFILE_NUMBER(type, path, member, unit, min, max, needed)                                 \
    {                                                                                              \
        path, offsetof(type, member), unit, min, max, needed                                       \
    }
#define PROFILE_ROWS(table) (sizeof(table) / sizeof((table)[0]))

// By dotted path; NULL if there is none or it is null. The path is copied.
const struct json *profile_item(struct profile *profile, const char *path);
MUST_CHECK enum status profile_number(struct profile *profile, const struct profile_number *row,
                                      void *at);
// prefix: of all the rows' paths, such as "fit.int8."; "" for none.
MUST_CHECK enum status profile_numbers(struct profile *profile, const char *prefix,
                                       const struct profile_number *row, size_t rows, void *at);
// A text that is needed, or NULL where there is none.
MUST_CHECK enum status profile_word(struct profile *profile, const char *path, const char **out);
MUST_CHECK enum status profile_text(struct profile *profile, const char *path, const char **out);
// The index of a word among choices (ends with NULL); -1: no such key, and not needed.
MUST_CHECK enum status profile_choice(struct profile *profile, const char *path,
                                      const char *const *choices, bool is_needed, int *out);
// A list of texts, or one of them; joined by ", ". NULL: none.
MUST_CHECK enum status profile_texts(struct profile *profile, const char *path, const char **out);
// Refuses what nobody has asked for, with the nearest key that is known.
MUST_CHECK enum status profile_check_keys(struct profile *profile);
void profile_clear(struct profile *profile);

#endif
