// What the tests of the compression engine share: small models and data, and running passes.
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <check.h>

#include "data/dataset.h"
#include "pass/pass.h"

#define ck_ok(call)                                                                                \
    do {                                                                                           \
        enum status status_ = (call);                                                              \
        ck_assert_msg(status_ == OK, "%s: %s", #call, context.error);                              \
    } while (0)

struct graph *fixture_graph(struct context *context, const char *text);
struct dataset *fixture_data(struct context *context, const char *spec);
// Options from "name=value" words; NULL-terminated list. The arena holds them.
void *fixture_options(struct context *context, const struct pass *pass, const char *const *words,
                      struct arena *arena);
// Runs a pass with such options on *graph.
enum status fixture_run(struct context *context, const struct pass *pass, const char *const *words,
                        const struct dataset *data, struct graph **graph);
// Written as ONNX and read back.
struct graph *fixture_reread(struct context *context, const struct graph *graph);
// The weight of that name.
const struct value *fixture_weight(const struct graph *graph, const char *name);

// conv, batch norm, two residual blocks, mean, matrix; 4 classes of 1x8x8.
extern const char fixture_residual[];

#endif
