// Counts as a compressor will leave them, without running it: budgets and forecasts cannot wait for
// a training.
#ifndef ENERGY_COUNT_CHANGE_H
#define ENERGY_COUNT_CHANGE_H

#include "energy/count.h"

// An independent copy with an arena of its own; names are borrowed from where `from` has them.
void counts_copy(const struct counts *from, struct counts *out);

// Zeros that share of the matrices' weights, evenly but for layers that keep a least share (keep,
// and keep_ends of the first and the last): what comes out differs by some per cent.
void counts_prune(struct counts *counts, double sparsity, double keep, double keep_ends);
// Matrices, and all activations, as integers of these bits, stored as ONNX files have them: in
// bytes, whatever fewer bits they are rounded to; but two bits are ternary.
void counts_quantize(struct counts *counts, int weight_bits, int activation_bits);
// The totals anew, after the above.
void counts_sum_up(struct counts *counts);

#endif
