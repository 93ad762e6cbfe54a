// A pass rewrites or annotates a graph in place. Prune, quantize and distill methods are passes,
// and so are the clean-ups. pipeline_run makes them transactional: it clones, runs, verifies,
// swaps.
#ifndef PASS_PASS_H
#define PASS_PASS_H

#include "base/field.h"
#include "base/report.h"
#include "ir/graph.h"
#include "kernels/kernels.h"

struct dataset;
struct preprocess;
struct work;

enum pass_needs { NEEDS_CALIBRATION = 1, NEEDS_TRAINING = 2, NEEDS_TEACHER = 4 };

// Which nodes a compressor may touch, by name (--only, --exclude); lists of shell globs. A pattern
// that matches no node is an error (selection_check).
struct selection {
    struct strings only, exclude;
};

struct pass_run {
    struct context *context;
    struct graph *graph;
    const void *option;
    const struct selection *selection; // NULL: all nodes
    const struct strings *layer;       // --layer 'GLOB=BITS|SPARSITY', NULL: none
    const struct graph *teacher;       // NULL: none
    // The teacher's logits of every sample of data, computed before: [data->count][classes]. NULL:
    // none. Then teacher is not run.
    const float *teacher_logits;
    int64_t teacher_classes;
    const struct dataset *data;          // NULL: none
    const struct preprocess *preprocess; // of the student and the graph; NULL: none
    const struct preprocess *teacher_preprocess;
    enum isa isa;
    struct report *report;  // NULL: none
    struct work *work;      // where the arithmetic that is done is counted; NULL: nobody asks
    const char *checkpoint; // file for resumable state, NULL: none
};

struct pass {
    const char *name, *summary; // method word and one line for --help
    const struct field *option; // NULL: none
    size_t option_bytes;
    unsigned needs;
    enum status (*run)(struct pass_run *);
};

// Runs pass on *graph: on a clone, verified; *graph is replaced (the old one freed) only when all
// went well. ERR_INTERNAL names the pass if the verifier finds a fault.
MUST_CHECK enum status pipeline_run(struct context *context, const struct pass *pass,
                                    struct pass_run run, struct graph **graph);

// Looks at a pattern list before work starts: ERR_USAGE "'--only X' matches no node".
MUST_CHECK enum status selection_check(struct context *context, const struct selection *selection,
                                       const struct strings *layer, const struct graph *graph);
bool selection_has(const struct selection *selection, const struct node *node);
// The text behind the last '=' of the last --layer entry whose glob matches, NULL: none.
const char *layer_setting(const struct strings *layer, const struct node *node,
                          struct arena *arena);

extern const struct pass pass_fold_batchnorm;  // Conv/Gemm + BatchNormalization -> Conv/Gemm
extern const struct pass pass_fold_constants;  // nodes whose inputs are all known
extern const struct pass pass_remove_dead;     // identities, dropouts, unused nodes
extern const struct pass pass_absorb_quant;    // Q/DQ nodes and integer weights -> annotations
extern const struct pass pass_materialise;     // annotations -> integer weights and Q/DQ nodes
extern const struct pass pass_explicit_clamps; // Relu nodes where a grid alone cuts off at zero
extern const struct pass pass_simplify;        // fold_constants, fold_batchnorm, remove_dead

#endif
