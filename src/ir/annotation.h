// What passes decide about a value without changing its numbers yet: how it will be quantised and
// which of its weights are pruned. Weights stay float; pass/materialise.c writes the integers.
#ifndef IR_ANNOTATION_H
#define IR_ANNOTATION_H

#include "ir/tensor.h"

enum { QUANT_WHOLE_TENSOR = -1 };

// real = (q - zero_point) * scale. One scale and zero point for the tensor, or one per index of
// axis. Owned by the graph's arena.
struct quant {
    enum dtype dtype; // the stored type: DT_I8, DT_U8; DT_F16 for half precision (no scale then)
    int bits;         // at most those of dtype
    int32_t axis;     // or QUANT_WHOLE_TENSOR
    int64_t count;    // of scales
    const float *scale;
    const int32_t *zero_point;
    int32_t low, high; // range of q, e.g. -127..127
};

enum sparsity_pattern { SPARSITY_UNSTRUCTURED };

struct sparsity {
    enum sparsity_pattern pattern;
    struct tensor mask; // DT_U8, 1 = kept; honoured by training. No data: the zeros are the mask
};

extern const char *const sparsity_pattern_name[];

#endif
