// Who reads stdin, who writes stdout, and which files a command reads and writes: `-` at most once
// a side, no output that is also an input, no model on a terminal.
#ifndef CLI_STREAMS_H
#define CLI_STREAMS_H

#include <stdbool.h>

#include "base/context.h"

enum { STREAM_NAMES_MAX = 64 };

struct stream_name {
    const char *role, *path; // role: "MODEL", "--json", as the user knows it
    bool is_model;
};

struct streams {
    struct stream_name input[STREAM_NAMES_MAX], output[STREAM_NAMES_MAX];
    int input_count, output_count;
};

static inline bool is_dash(const char *path)
{
    return path[0] == '-' && path[1] == '\0';
}

// Before anything is read or written. path NULL: not given, nothing happens. ERR_USAGE if the path
// is empty, if it is a second `-`, or `-` is a terminal; for an output also if it is one of the
// inputs or outputs named so far (so name inputs first). is_model: carries a model, not text.
MUST_CHECK enum status streams_add_input(struct context *context, struct streams *streams,
                                         const char *role, const char *path);
MUST_CHECK enum status streams_add_output(struct context *context, struct streams *streams,
                                          const char *role, const char *path, bool is_model);

// Whether stdin or stdout carries a model.
bool streams_carry_model(const struct streams *streams);
bool streams_use_stdout(const struct streams *streams);

#endif
