// How a layer is laid out on an array of processing elements with a buffer of its own between it
// and DRAM: cycles, utilisation and accesses to each level of memory. Three dataflows: systolic
// arrays that keep weights or outputs in place (cycles: Samajdar et al., ISPASS 2020, equations of
// SCALE-Sim) and row stationary (Chen, Emer, Sze, ISCA 2016; Chen et al., JSSC 52(1), 2017). Tiles
// are searched for, with no knowledge of measurements. docs/energy.md, Accelerators.
#ifndef ENERGY_ARRAY_MAP_H
#define ENERGY_ARRAY_MAP_H

#include <stdbool.h>

#include "energy/layer_shape.h"

enum array_dataflow { ARRAY_WEIGHT, ARRAY_OUTPUT, ARRAY_ROW };

// What goes on while the array works: nothing but weights coming from DRAM, all that goes to and
// from DRAM, or that and the shifting of the next weights into the array.
enum array_overlap { OVERLAP_WEIGHTS, OVERLAP_MEMORY, OVERLAP_ALL };

// Of several ways to lay a layer out (row stationary), which is taken: the one that is done first;
// the one with the least DRAM traffic; or, as published chips' own were, the least traffic among
// those that keep at least nine tenths of the processing elements busy that the layer could.
enum array_choice { CHOICE_CYCLES, CHOICE_TRAFFIC, CHOICE_BUSY };

struct array_spec {
    double rows, columns; // processing elements
    double hertz;
    enum array_dataflow dataflow;
    enum array_overlap overlap;
    enum array_choice choice;
    double word_bits;
    double buffer_bytes; // for all that waits there; row stationary: for inputs and partial sums
    double dram_bytes_per_second; // INFINITY: never waited for
    // Systolic: weights come as tiles of the array's size, padded; activations that the buffer has
    // room for stay there from layer to layer.
    bool whole_tiles, keeps_activations;
    // Row stationary: words that a processing element holds of filters, inputs and partial sums,
    // and words that the buffer's buses bring it in a cycle of each; partial sums leave as fast.
    double filter_words, input_words, sum_words;
    double filter_bus, input_bus, sum_bus;
    double run_bits; // zero activations go to DRAM as lengths of runs of so many bits; 0: dense
};

// Shares of zeros among the elements, 0 .. 1.
struct array_zeros {
    double inputs, outputs;
};

struct array_mapping {
    double macs;
    double cycles;       // that the array takes with all it needs in the buffer
    double stall_cycles; // that it waits for DRAM besides
    double seconds;      // of both, of the whole batch
    double active;       // processing elements that have work, of a full tile
    double utilisation;  // multiply-accumulates over those that all could do in `seconds`
    // Words read and written: registers of the elements, transfers between neighbours, the buffer.
    double register_words, neighbour_words, buffer_words;
    double input_bytes, weight_bytes, output_bytes; // to and from DRAM
    double dram_bytes;                              // their sum
    // Row stationary, the names of Chen et al.: filters, images and rows of outputs whose sums wait
    // in the buffer (m, n, e); filters and channels in an element (p, q); sets of elements for
    // channels and filters (r, t). 0 for systolic arrays.
    double m, n, e, p, q, r, t;
    const char *reason; // why there is none: cycles are NaN then; else NULL
};

void array_map(const struct array_spec *spec, const struct layer_shape *layer,
               const struct array_zeros *zeros, struct array_mapping *out);

// Least words that cross between DRAM and a buffer of so many words over all tilings and the three
// orders that keep weights, outputs or inputs in the buffer, by operand.
struct array_traffic {
    double inputs, weights, outputs;
};
struct array_traffic array_least_traffic(const struct layer_shape *layer, double buffer_words);

double layer_macs(const struct layer_shape *layer);
double layer_inputs(const struct layer_shape *layer); // elements, with padding
double layer_weights(const struct layer_shape *layer);
double layer_outputs(const struct layer_shape *layer);

// Bytes of so many activations in DRAM, of which a share is zero.
double array_coded_bytes(const struct array_spec *spec, double words, double zeros);

// What the parts share: seconds, stalls, utilisation and totals from cycles and bytes.
void array_finish(const struct array_spec *spec, struct array_mapping *mapping);
void array_map_row(const struct array_spec *spec, const struct layer_shape *layer,
                   const struct array_zeros *zeros, struct array_mapping *out);

#endif
