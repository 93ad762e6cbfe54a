// Device profiles of the kind `array`: the array, what its parts draw, and the joules of a layer.
#ifndef ENERGY_ARRAY_H
#define ENERGY_ARRAY_H

#include "energy/array_map.h"
#include "energy/device.h"

// In watts and joules; 0 where a profile tells none.
struct array_power {
    double watts;       // as long as it runs
    double nonzero_mac; // beyond that, of a multiply-accumulate whose operands are not zero
    double dram_byte;   // many chips are measured without their DRAM
    double register_word, neighbour_word, buffer_word; // read or written
};

struct array {
    struct array_spec spec;
    struct array_power power;
    double zero_activations; // part of those that come out of a ReLU, where nobody knows better
};

struct array_joules {
    double compute, weights, activations; // the latter two: DRAM. Of the whole batch; NaN: unknown
};

// NULL for another kind of profile. Lives as long as the device.
const struct array *device_array(const struct device *device);

// Of a mapping of which so many multiply-accumulates have no operand that is zero.
struct array_joules array_joules(const struct array *array, const struct array_mapping *mapping,
                                 double macs_nonzero);

#endif
