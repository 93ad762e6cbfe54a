// Decides which values of a float graph become 8-bit integers and on which grids: annotations only,
// pass/materialise.c writes them.
#ifndef CALIBRATE_ANNOTATE_H
#define CALIBRATE_ANNOTATE_H

#include "calibrate/ranges.h"
#include "pass/pass.h"

struct annotate_options {
    struct range_options range;
    int weight_bits, activation_bits; // 2..8
    bool layers_may_be_sparsities;    // --layer entries up to 1 are somebody else's
};

// Weights of Conv, Gemm and MatMul: symmetric, one scale per output channel. What these, Add, pools
// and means read: one asymmetric grid a tensor, over the data; a MaxPool's output shares its
// input's. The graph's outputs stay float, and so does what a final (Log)Softmax reads.
// --layer 'GLOB=4' gives the weights of a node their own bits. ERR_NUMERIC naming a weight that is
// not finite. Values that are annotated already keep their activation grids where data is NULL
// (with a warning) and get new ones where not. ERR_USAGE without data where a range is needed.
MUST_CHECK enum status annotate_integers(struct pass_run *run,
                                         const struct annotate_options *options);
// "8/8": bits of weights and activations, 2 to 8 each. ERR_USAGE otherwise.
MUST_CHECK enum status parse_bits(struct context *context, const char *text, int *weight,
                                  int *activation);
// Axis of the output channels in the weight at an input of a node (prunable_slot); -1: the
// operator's weights are not quantised.
int quantizable_axis(const struct graph *graph, const struct node *node, int slot);
// The weights alone: scales anew from the present numbers.
void annotate_weight(struct graph *graph, struct value_id id, int axis, int bits);

#endif
