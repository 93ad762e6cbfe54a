// Shared by the parts that read a spec.
#ifndef SWEEP_SPEC_INTERNAL_H
#define SWEEP_SPEC_INTERNAL_H

#include "base/json_check.h"
#include "sweep/spec.h"

struct spec_reader {
    struct context *context;
    struct arena *arena;
    const struct sweep_host *host;
    const struct json *document;
    struct sweep_spec *spec;
};

// "chain": steps, who reads whom, and every option that is varied.
MUST_CHECK enum status spec_read_chain(struct spec_reader *reader);
// "search"; after the chain.
MUST_CHECK enum status spec_read_search(struct spec_reader *reader);
// A positive number under a key of an object, fallback if it is not there.
MUST_CHECK enum status spec_number(struct spec_reader *reader, const struct json *object,
                                   const char *path, const char *key, double least, double fallback,
                                   double *out);
// The same of a whole number.
MUST_CHECK enum status spec_whole(struct spec_reader *reader, const struct json *object,
                                  const char *path, const char *key, double least, double fallback,
                                  double *out);

#endif
