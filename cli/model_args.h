// Models as a command names them: read with `FILE: ` before every error, written with history.
#ifndef CLI_MODEL_ARGS_H
#define CLI_MODEL_ARGS_H

#include "base/sha256.h"
#include "cli/command.h"
#include "exec/infer.h"
#include "ir/graph.h"

struct named_model {
    const char *path; // as given; NULL: no file yet
    const char *name; // for messages: path, or "stdin"
    struct graph *graph;
    char sha256[SHA256_HEX_BYTES]; // "": not known
    int64_t bytes;                 // on disk, external data included; -1: not known
    const char *format;            // "onnx"
};

// Reads the model and adds it to the invocation's inputs. external_data NULL: beside the model.
// Close it in any case.
MUST_CHECK enum status model_open(struct invocation *invocation, const char *path,
                                  const char *external_data, struct named_model *out);
// For commands that walk over the weights and run little: a model larger than the memory will do.
MUST_CHECK enum status model_open_streamed(struct invocation *invocation, const char *path,
                                           const char *external_data, struct named_model *out);
void model_close(struct named_model *model); // zeroed is fine

enum specialising {
    SPECIALISE_TO_RUN,
    SPECIALISE_TO_WRITE, // says which inputs go
    SPECIALISE_TO_FOLD,  // and fixes the shapes given, whether or not anything branches on them
};
// What --shape and --set say is known from now on: the graph is replaced by one for it
// (exec/specialise.h). Where only shapes are given and nothing branches, the graph stays, and open
// dimensions stay open, unless to fold. A name that is no input is ERR_USAGE; is_one_of_several:
// it may be another model's.
MUST_CHECK enum status model_specialise(struct invocation *invocation,
                                        const struct infer_options *infer, enum specialising how,
                                        bool is_one_of_several, struct named_model *model);

// --shape alone: the inputs are declared so, and nothing else changes.
MUST_CHECK enum status model_declare_shapes(struct invocation *invocation,
                                            const struct strings *shape, struct named_model *model);

// Puts "FILE: " before the context's error; returns status.
enum status model_fail(struct context *context, const struct named_model *model,
                       enum status status);

// Appends what was done to the graph's history: the pass, the options in sets (a list of tables and
// structs; NULL: none), the seed, the sha256 of all inputs so far, the multiply-accumulates that it
// took (pass/work.h). Nothing that depends on the machine.
void history_append(struct invocation *invocation, struct graph *graph, const char *pass,
                    const struct option_set *sets, double macs);

// Writes the graph in that format; out gets path, name, sha256 and bytes, no graph.
MUST_CHECK enum status model_save(struct invocation *invocation, const struct graph *graph,
                                  const char *format, const char *path, bool no_clobber,
                                  struct named_model *out);
// Before work starts: whether the path can be written at all.
MUST_CHECK enum status model_check_output(struct invocation *invocation, const char *path,
                                          bool no_clobber);

#endif
