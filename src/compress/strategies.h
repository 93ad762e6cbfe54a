// Strategies propose chains of subcommands (chain/chain.h) that make a smaller network of a
// teacher. Each has a few variants; what stays open in one is how sparse it gets.
#ifndef COMPRESS_STRATEGIES_H
#define COMPRESS_STRATEGIES_H

#include <stdbool.h>

#include "base/json.h"

// One setting of a strategy, sparsity left open.
struct variant {
    int weight_bits, activation_bits;
    double width, depth; // of the network, as shares of the teacher's
    double least, most;  // sparsity; both 0: nothing is pruned
    bool is_global;      // all layers are ranked together
};

// What the chains are made for.
struct material {
    const char *teacher;    // file
    const char *train_data; // never what is judged on
    const char *few_data;   // a part of it: to calibrate with
    int64_t epochs;         // of a training; 0: the method's own choice
};

// How a network will look next to the teacher.
struct outlook {
    double parameters; // dense: its share of the teacher's
    double nonzero;    // what stays of the teacher's, zeros left out
};

struct strategy {
    const char *name, *summary;
    bool is_trained;
    const struct variant *variant; // ends with weight_bits 0
    // The chain as a document; the caller frees.
    struct json *(*chain)(const struct variant *variant, double sparsity,
                          const struct material *material);
    // Loss of accuracy, as a rough guess from experience: it orders candidates, and promises
    // nothing. What is measured counts.
    double (*expected_loss)(const struct variant *variant, double sparsity,
                            const struct outlook *outlook);
};

#define STRATEGY(name) extern const struct strategy strategy_##name;
#include "compress/strategies.def"
#undef STRATEGY

const struct strategy *strategy_at(int index);          // NULL behind the last
const struct strategy *strategy_find(const char *name); // NULL: none

#endif
