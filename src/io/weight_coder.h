// Entropy coding of tensors for the packed format: integers of up to 8 bits by significance flag,
// sign and magnitude (as DeepCABAC: Wiedemann et al. 2020), everything else by a zero flag and the
// bytes of the numbers that are not zero. Exact: the same bytes come back.
#ifndef IO_WEIGHT_CODER_H
#define IO_WEIGHT_CODER_H

#include "io/range_coder.h"
#include "ir/tensor.h"

// What the coder must know of a tensor before its numbers.
struct weight_layout {
    enum dtype dtype;
    int64_t count;       // elements
    int64_t kernel, row; // elements of one filter plane, and of one output row; contexts look back
                         // so far. At least 1.
    int centre;          // of integers up to 8 bits: the number that is coded as zero
    unsigned plain;      // bit f: field f of the numbers is noise and stored as it is
};

// The layout that suits a tensor with data and whole bytes.
struct weight_layout weight_layout_of(const struct tensor *tensor);
// Bytes that the tensor takes in memory.
size_t weight_layout_bytes(const struct weight_layout *layout);

// Statistics that the coder gathers over all tensors of a file; the same order on both sides.
struct weight_models;
struct weight_models *weight_models_new(void);
void weight_models_free(struct weight_models *models);

void weight_encode(struct range_encoder *coder, struct weight_models *models,
                   const struct weight_layout *layout, const void *data);
// data: weight_layout_bytes(layout) bytes, zeroed.
void weight_decode(struct range_decoder *coder, struct weight_models *models,
                   const struct weight_layout *layout, void *data);

#endif
