// Tensors of `ecai run`: files for a model's inputs, files made of its outputs.
#ifndef CLI_TENSOR_FILES_H
#define CLI_TENSOR_FILES_H

#include "io/file.h"
#include "ir/graph.h"

// The file of "NAME=FILE" or "FILE". A name with '=' needs no care here: files that hold one are
// written ./a=b.
const char *tensor_file_path(const char *argument);

// Reads "NAME=FILE" or "FILE" into input[i] of the graph's input of that name; without a name, into
// the first one that has no data. Checks type and shape against the declared ones. input: one entry
// an input of the graph, released by the caller. is_stepped[i]: the file has one more axis in front
// than input i; NULL: none has. Errors name the file.
MUST_CHECK enum status tensor_file_read(struct context *context, const char *argument,
                                        const struct graph *graph, const bool *is_stepped,
                                        struct tensor *input);
// "NAME=VALUE": fills a scalar input, or every element of one with a static shape; it has no steps.
MUST_CHECK enum status tensor_set_input(struct context *context, const char *argument,
                                        const struct graph *graph, bool *is_stepped,
                                        struct tensor *input);
// FOLDER/NAME.npy with '/' and ':' of the name as '_'. ERR_UNSUPPORTED for a leading '.'.
MUST_CHECK enum status tensor_file_write(struct context *context, struct output_folder *folder,
                                         const char *name, const struct tensor *tensor);

#endif
