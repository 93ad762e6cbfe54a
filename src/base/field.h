// One table describes the members of a struct; from it come command-line options, --help, the man
// page, ONNX attributes, JSON recipes and the history in a file.
//
//     struct options { double sparsity; bool global; };
//     static const struct field option_fields[] = {
//         FIELD(struct options, sparsity, "0.5", 0, 1, "fraction of the weights to zero"),
//         FIELD(struct options, global, "no", 0, 0, "rank all layers together"),
//         FIELDS_END,
//     };
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/text.h"

struct graph;
struct tensor;

// Lists: `at` NULL and count 0 mean "not given".
struct ints {
    int64_t count;
    const int64_t *at;
};
struct floats {
    int64_t count;
    const double *at;
};
struct strings {
    int64_t count;
    const char *const *at;
};

enum field_type {
    FIELD_BOOL,
    FIELD_INT,
    FIELD_DOUBLE,
    FIELD_STRING, // NULL: not given
    FIELD_INTS,
    FIELD_FLOATS,
    FIELD_STRINGS,
    FIELD_TENSOR, // struct tensor *, attributes only
    FIELD_GRAPH,  // struct graph *, attributes only
};

struct field {
    const char *name; // learning_rate; --learning-rate on the line
    enum field_type type;
    size_t offset;
    const char *preset;  // default as the user would type it; NULL: none (zero, NULL, NaN)
    double min, max;     // inclusive range of numbers; both 0: any
    const char *choices; // "a|b|c" for a string that is one of these, else NULL
    const char *help;
};

#define FIELD_TYPE_OF(member)                                                                      \
    _Generic((member),                                                                             \
        bool: FIELD_BOOL,                                                                          \
        int64_t: FIELD_INT,                                                                        \
        double: FIELD_DOUBLE,                                                                      \
        const char *: FIELD_STRING,                                                                \
        struct ints: FIELD_INTS,                                                                   \
        struct floats: FIELD_FLOATS,                                                               \
        struct strings: FIELD_STRINGS,                                                             \
        struct tensor *: FIELD_TENSOR,                                                             \
        struct graph *: FIELD_GRAPH)

#define FIELD(type, member, preset, min, max, help)                                                \
    {                                                                                              \
#member, FIELD_TYPE_OF(((type *)0)->member), offsetof(type, member), preset, min, max,     \
            NULL, help                                                                             \
    }
#define FIELD_CHOICE(type, member, preset, choices, help)                                          \
    {                                                                                              \
#member, FIELD_TYPE_OF(((type *)0)->member), offsetof(type, member), preset, 0, 0,         \
            choices, help                                                                          \
    }
#define FIELDS_END                                                                                 \
    {                                                                                              \
        NULL, FIELD_BOOL, 0, NULL, 0, 0, NULL, NULL                                                \
    }

// Fills every member with its default. at: the struct; lists and strings go to the arena.
void fields_preset(const struct field *fields, void *at, struct arena *arena);

// "learning_rate" -> "learning-rate", as on the line; into the arena.
const char *option_name(struct arena *arena, const char *field_name);
bool option_names_equal(const char *a, const char *b); // '-' and '_' are the same

// NULL if there is none of that name. '-' and '_' in the name are the same.
const struct field *field_find(const struct field *fields, const char *name);

// Parses text as the user typed it. ERR_USAGE with "'--name' wants ..., got 'text'" otherwise.
// FIELD_STRINGS appends (repeatable options); FIELD_INTS and FIELD_FLOATS take comma-separated
// lists (floats also accept fractions such as 1/255).
MUST_CHECK enum status field_parse(struct context *context, const struct field *field,
                                   const char *text, void *at, struct arena *arena);

// The value as field_parse would take it; appends nothing for "not given".
void field_print(const struct field *field, const void *at, struct text *text);
bool field_is_preset(const struct field *field, const void *at); // still at its default

// Whether two structs of the same table hold equal values (tensors and graphs by identity).
bool fields_equal(const struct field *fields, const void *a, const void *b);

// A deep copy of a struct of `bytes` bytes into the arena; tensors and graphs are shared.
void *fields_copy(const struct field *fields, const void *at, size_t bytes, struct arena *arena);

// "1/255", ".5", "1e-3": a number or a fraction, with '.' in every locale. False: not a number.
bool parse_number(const char *text, double *out);

#endif
