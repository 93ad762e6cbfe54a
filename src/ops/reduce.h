// Shapes of reductions, for the Reduce family and for normalisations over any axes.
#ifndef OPS_REDUCE_H
#define OPS_REDUCE_H

#include "ir/tensor.h"

// x without the axes whose bits are set in `mask`; `keep`: with size 1 there.
struct shape reduced_shape(const struct shape *x, unsigned mask, bool keep);

#endif
