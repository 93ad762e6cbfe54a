// Models in and out, whatever their format: known by content, never by name.
#ifndef IO_MODEL_H
#define IO_MODEL_H

#include "base/context.h"
#include "base/sha256.h"
#include "io/file.h"
#include "io/pieces.h"
#include "io/span.h"
#include "ir/graph.h"

struct model_options {
    const char *external_data; // folder of external data; NULL: beside the model
    // For commands that walk over the weights and run little: from a model of 64 MB on, the
    // context lets large tensors go to temporary files (context->spill_from).
    bool is_streamed;
};

// What a format's reader gets.
struct model_source {
    struct span bytes;
    struct mapped *mapped;   // holder of the bytes; weights may share it
    const char *folder;      // where external data lie; NULL: there is none (standard input)
    uint64_t *outside_bytes; // out: size of the external data; NULL: not wanted
    bool is_streamed;        // as in model_options
};
// What a reader of a streamed model says once it knows how large it is.
void model_save_memory(struct context *context, uint64_t bytes);

// What a format's writer fills. Weights in the lists of pieces are the graph's: write before it is
// freed.
struct model_target {
    const char *outside_name; // in: what a file of external data would be called; NULL: not allowed
    size_t outside_from;      // in: from how many bytes of weights on it is used
    size_t piece_from;        // in: weights of so many bytes may be left out of bytes; 0: none
    struct arena *arena;      // in: of the lists
    struct text bytes;        // out: the file, but for
    struct piece_list inside; // out: weights that stand in it, before position `at` of bytes
    struct piece_list outside; // out: external data, empty if there are none
};

// The caller's storage; clears what format->write made.
void model_target_init(struct model_target *target);
void model_target_clear(struct model_target *target);

// A row of formats.def, named format_NAME in its own file.
struct format {
    const char *name, *summary;
    // How sure the first bytes (up to 64) make that the file has this format: 0 to 100.
    int (*probe)(struct span head);
    enum status (*read)(struct context *, const struct model_source *, struct graph **);
    // NULL: cannot be written.
    enum status (*write)(struct context *, const struct graph *, struct model_target *);
};

#define FORMAT(name) extern const struct format format_##name;
#include "io/formats.def"
#undef FORMAT

const struct format *format_find(const char *name); // NULL: none
const struct format *format_at(int index);          // row of formats.def, NULL behind the last

// What is known about the file that a model came from or went to.
struct model_file {
    char sha256[SHA256_HEX_BYTES]; // of the file itself
    uint64_t bytes;                // external data included
    const struct format *format;
};

// path "-": standard input. options and file may be NULL. The caller frees the graph and puts the
// file's name (or "stdin") in front of the error.
MUST_CHECK enum status model_read(struct context *context, const char *path,
                                  const struct model_options *options, struct graph **out,
                                  struct model_file *file);
// From bytes at hand; external data are an error.
MUST_CHECK enum status model_read_bytes(struct context *context, struct span bytes,
                                        struct graph **out);

// path "-": standard output. The graph is verified and written (see io/file.h), weights straight
// from where they are. Over 2 GB the weights go to PATH.data beside it. file may be NULL.
MUST_CHECK enum status model_write(struct context *context, const struct format *format,
                                   const struct graph *graph, const char *path,
                                   const struct output_options *options, struct model_file *file);

#endif
