// How a source of data is spelt: NAME:PATH,...,key=value,... and a slice behind it.
#ifndef DATA_SPEC_H
#define DATA_SPEC_H

#include "data/source.h"

struct data_spec {
    const struct source *source;
    const char *source_text; // without the slice
    const char *const *path;
    int path_count;
    void *option; // filled from source->option
    bool has_slice;
    int64_t first, end; // end -1: up to the last
};

// All in the arena. ERR_USAGE saying what a right spelling is.
MUST_CHECK enum status data_spec_parse(struct context *context, const char *text,
                                       struct arena *arena, struct data_spec *spec);

#endif
