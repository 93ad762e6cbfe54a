// What a pass has to tell: figures (name, value, unit), per layer or for the whole model. Passes
// print nothing; the command turns the report into text and JSON.
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include <stddef.h>

#include "base/arena.h"

struct figure {
    const char *node; // name of the node, NULL: about the whole model
    const char *op;   // its operator, NULL with node
    const char *name; // "sparsity"
    double value;     // NaN: unknown
    const char *unit; // "" for counts and fractions
};

struct report {
    struct arena *arena;
    struct figure *figure;
    size_t count, capacity;
};

void report_init(struct report *report);
void report_clear(struct report *report);
// Strings are copied. report NULL: nothing is kept.
void report_add(struct report *report, const char *node, const char *op, const char *name,
                double value, const char *unit);

#endif
