// Reading the JSON of a device profile: every key that is asked for is remembered, so that a key
// that nobody reads (a misspelt one, one in another unit, one at the wrong place) is refused by
// name. docs/devices.md.
#ifndef ENERGY_PROFILE_H
#define ENERGY_PROFILE_H

#include "energy/device.h"

struct profile {
    struct context *context;
    struct arena *arena; // the device's
    const struct json *json;
    struct profile_key *asked;
    size_t asked_count, asked_capacity;
    const char *misplaced; // what is wrong with where a key stands, the first; NULL: nothing
};

struct profile_key {
    const char *path; // dotted
    bool is_number;
};

// Of a number. NEEDED: else null or no such key gives NaN. OR_ZERO: below its range, 0 is none.
enum { PROFILE_OPTIONAL = 0, PROFILE_NEEDED = 1, PROFILE_OR_ZERO = 2 };

// One number of a profile: the key's path, the member of a struct that takes it, its unit in SI
// (1e-12 for pJ), and the range in the key's own unit beyond which it must be a mistake, such as
// joules for picojoules or a fraction for a percentage.
struct profile_number {
    const char *path;
    size_t offset;
    double unit, min, max;
    unsigned flags;
};

#define PROFILE_NUMBER(type, path, member, unit, min, max, flags)                                  \
    {                                                                                              \
        path, offsetof(type, member), unit, min, max, flags                                        \
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
// Whether the key was asked for as a number.
bool profile_has_number(const struct profile *profile, const char *path);
// Ends the reading, which came out as `status`: refuses what nobody has asked for, with the nearest
// key that is known, what is given twice, and, whatever else failed because of it, a key that
// stands at the wrong place ("memory": 5, or "memory.on_chip_bytes" as one key).
MUST_CHECK enum status profile_finish(struct profile *profile, enum status status);
void profile_clear(struct profile *profile);

#endif
