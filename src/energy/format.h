// Bytes of a weight in the formats that hardware keeps it in: dense, with a bitmask, in compressed
// rows (CSR), in run lengths (Eyeriss, EIE), with two of every four (2:4), through a palette.
// Expected values: zeros lie independently of each other, as pruning by magnitude leaves them.
#ifndef ENERGY_FORMAT_H
#define ENERGY_FORMAT_H

#include <stdbool.h>

struct format_weight {
    double elements, nonzero;
    double bits;          // of one number
    double rows, columns; // CSR: of the matrix; the columns are reduced over
    double index_bits;    // RLC: of a run of zeros
    double palette;       // numbers to choose from; NaN: there is no palette
    bool is_2_4;          // of every four along the reduction at most two are not zero
};

enum weight_format {
    FORMAT_DENSE,
    FORMAT_BITMASK,
    FORMAT_CSR,
    FORMAT_RLC,
    FORMAT_2_4,
    FORMAT_PALETTE,
    FORMAT_COUNT
};
extern const char *const weight_format_name[FORMAT_COUNT]; // as in profiles

// Bits, not rounded; NaN where the weight has no such format.
double format_bits(enum weight_format format, const struct format_weight *weight);

// Stored pairs of a run and a number for each number that is not zero: 1 and what runs longer than
// index_bits can tell add as zeros of their own (Han et al., EIE, ISCA 2016; Chen et al., Eyeriss,
// JSSC 2017). density: part that is not zero, above 0.
double format_run_padding(double density, double index_bits);

#endif
