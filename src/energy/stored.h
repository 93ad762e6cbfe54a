// How a tensor's numbers are stored and how many of them are zero: what a weight costs to keep and
// to read, and which multiplier works on it.
#ifndef ENERGY_STORED_H
#define ENERGY_STORED_H

#include <stdbool.h>

#include "ir/graph.h"

// The type that numbers are kept in. bits may be fewer than dtype's own (annotations).
struct number_type {
    enum dtype dtype; // DT_NONE: not known
    int bits;
    bool is_ternary; // integers of which every one is -1, 0 or 1
};

struct number_type number_type_of(enum dtype dtype);
// As an annotation says; NULL quant: number_type_of(dtype).
struct number_type number_type_annotated(const struct quant *quant, enum dtype dtype);
bool number_is_integer(const struct number_type *type);

// What was found in a weight's numbers.
struct zeros {
    int64_t nonzero;    // elements that are no zero once dequantised
    bool small_numbers; // integers, and no |q - zero_point| is above 1
};

// zero_point: of the DequantizeLinear that reads the weight, or NULL; one element, or one per index
// of axis. The weight has data.
struct zeros zeros_count(const struct tensor *weight, const struct tensor *zero_point,
                         int64_t axis);
// Of a float weight that is to be quantised as annotated: what rounds to zero is zero.
struct zeros zeros_count_annotated(const struct tensor *weight, const struct quant *quant);

// Whether of every four elements along an axis at most two are not zero, as sparse tensor cores
// want it (Mishra et al. 2021). False for an axis of fewer than four.
bool zeros_are_2_4(const struct tensor *weight, int64_t axis);

// Bytes of count elements, dense or as a bitmask and the non-zero ones, whichever is smaller.
double stored_bytes(double count, double nonzero, int bits);

#endif
