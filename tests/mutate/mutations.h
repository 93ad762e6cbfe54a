// Changes of an ONNX file that keep the wire format and break what stands above it.
#ifndef TESTS_MUTATE_MUTATIONS_H
#define TESTS_MUTATE_MUTATIONS_H

#include "base/random.h"
#include "tests/mutate/wire_tree.h"

// A whole number of those that code trips over, or a small one.
int64_t interesting_int(struct random *random);
// A float likewise: not a number, infinite, tiny, huge, or small.
double interesting_float(struct random *random);

// Applies one to four changes to the model; names of what was done go to told.
void mutate(struct message *model, struct random *random, struct text *told);

#endif
