// C99 source of a network for devices without an operating system: no malloc, static buffers,
// integers exactly those of the integer plan (exec/integer.h), with a self-test. Templates in
// codegen/c/ are what the source is put together from; they are compiled into ecai too and tested.
#ifndef CODEGEN_CODEGEN_H
#define CODEGEN_CODEGEN_H

#include "base/text.h"
#include "exec/infer.h"
#include "kernels/kernels.h"

struct codegen_options {
    struct infer_options infer; // the batch is 1
    enum isa isa;
    uint64_t seed;
    int samples;         // of the self-test: 1 to 16
    const float *sample; // [samples][elements of input 0] for networks with one input; NULL: random
};

enum { CODEGEN_FILES = 4 };

struct codegen {
    // model.h, model.c, model_weights.c, model_test.c
    struct codegen_file {
        const char *name;
        struct text text;
    } file[CODEGEN_FILES];
    int64_t ram_bytes;    // static buffers
    int64_t weight_bytes; // constants
    bool is_integer;      // some nodes run on integers: the self-test asks for equality
};

// ERR_UNSUPPORTED names the node that has no C form. Clear it in any case.
MUST_CHECK enum status codegen_run(struct context *context, const struct graph *graph,
                                   const struct codegen_options *options, struct codegen *out);
void codegen_clear(struct codegen *code);

// Whether an operator of that name has a C form, in float or as part of an integer network. Those
// without one are still fine where all that they read is constant.
bool codegen_emits(const char *op_name);

#endif
