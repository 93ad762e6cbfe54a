// Whether a request is better answered in a data centre or on the user's device: joules and grams
// of both, and the size of a request from which on the device is the better place. The network's
// average and marginal figure give two answers, which are never mixed. Formulae: docs/energy.md.
#ifndef ENERGY_PLACE_H
#define ENERGY_PLACE_H

#include <stdbool.h>

// A figure and where the truth is expected. value NaN: not known; low and high NaN: no spread
// known.
struct spread {
    double value, low, high;
};

struct network_figure {
    struct spread joules; // a byte
    const char *source;
};

// Two ways to share out what a network draws.
enum place_basis { PLACE_AVERAGE, PLACE_MARGINAL, PLACE_BASES };
extern const char *const place_basis_name[PLACE_BASES];

struct network {
    const char *name, *summary;
    int year; // of the average
    struct network_figure figure[PLACE_BASES], radio;
};

// Row of energy/networks.def; NULL behind the last.
const struct network *network_at(int index);
const struct network *network_find(const char *name); // NULL: there is none

struct placement {
    struct spread cloud, edge; // joules of an inference at the machine, as estimated
    double pue;                // of the data centre
    double charger_efficiency; // of the device's supply, 1: is in `edge` already
    // Grams of CO2 equivalent for a kilowatt-hour where each of them stands.
    double cloud_grid, network_grid, edge_grid;
    const struct network *network;
    double bytes;         // of request and response together
    const char *obstacle; // why the two are not compared, borrowed; NULL: they are
};

struct place_cost {
    struct spread joules, grams;
};

// On a grid of so many grams for a kilowatt-hour.
struct place_cost place_cost_of(struct spread joules, double grid);

enum place { PLACE_UNKNOWN, PLACE_CLOUD, PLACE_EDGE, PLACE_TOO_CLOSE };

// One request on one basis.
struct place_answer {
    // `cloud` is the sum of the three. Its interval takes a part that has none as exact.
    struct place_cost computing, carrying, radio;
    struct place_cost cloud, edge;
    bool has_exact_part; // `cloud` holds a part that is not 0 and has no interval
    // Bytes above which the edge takes less: 0 if it always does, infinite if it never does, NaN
    // where the two cannot be compared, or take the same at any size.
    struct spread break_even_joules, break_even_grams;
    enum place by_joules, by_grams; // too close if the intervals meet
};

// What a break-even says of requests of a byte and more.
enum place_from { PLACE_FROM_UNKNOWN, PLACE_FROM_ANY, PLACE_FROM_BYTES, PLACE_FROM_NEVER };
enum place_from place_from(double break_even);

void place_answer(const struct placement *placement, enum place_basis basis,
                  struct place_answer *answer);

// Of all of a spread: the sum, and the product with a number that is not negative.
struct spread spread_sum(struct spread a, struct spread b);
struct spread spread_times(struct spread spread, double factor);

#endif
