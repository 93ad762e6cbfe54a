// Sizes of weights by format; see format.h.
#include "energy/format.h"

#include <math.h>

const char *const weight_format_name[FORMAT_COUNT] = {"dense", "bitmask", "csr",
                                                      "rlc",   "2:4",     "palette"};

double format_run_padding(double density, double index_bits)
{
    // A run of 2^bits zeros needs a zero that is stored; q of the gaps are at least that long.
    double q = pow(1 - density, exp2(index_bits));

    return 1 + q / (1 - q);
}

// Column numbers take as many bits as the widest needs, row pointers as many as the last one.
static double csr_bits(const struct format_weight *weight)
{
    double column = ceil(log2(weight->columns > 1 ? weight->columns : 2));
    double pointer = ceil(log2(weight->nonzero + 1 > 2 ? weight->nonzero + 1 : 2));

    return weight->nonzero * (weight->bits + column) + (weight->rows + 1) * pointer;
}

double format_bits(enum weight_format format, const struct format_weight *weight)
{
    double n = weight->elements, density = n > 0 ? weight->nonzero / n : 1;

    switch (format) {
    case FORMAT_DENSE:
        return n * weight->bits;
    case FORMAT_BITMASK:
        return n + weight->nonzero * weight->bits;
    case FORMAT_CSR:
        return csr_bits(weight);
    case FORMAT_RLC:
        return density > 0 ? weight->nonzero * format_run_padding(density, weight->index_bits) *
                                 (weight->bits + weight->index_bits)
                           : n / exp2(weight->index_bits) * (weight->bits + weight->index_bits);
    case FORMAT_2_4:
        return weight->is_2_4 ? n / 2 * (weight->bits + 2) : NAN;
    case FORMAT_PALETTE:
        return n * ceil(log2(weight->palette)) + weight->palette * weight->bits;
    case FORMAT_COUNT:
        break;
    }
    return NAN;
}
