// Reproducible random numbers. Counter-based: a stream is a seed and a position, so work can be
// split over threads and resumed without keeping state (splitmix64 finaliser: Steele, Lea,
// Flood 2014).
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

// The stream of (seed, a, b): independent for different arguments.
struct random random_stream(uint64_t seed, uint64_t a, uint64_t b);
uint64_t random_bits(struct random *random);
double random_unit(struct random *random);                    // [0, 1)
uint64_t random_below(struct random *random, uint64_t bound); // 0 .. bound-1, bound > 0
double random_normal(struct random *random);                  // mean 0, deviation 1
void random_shuffle(struct random *random, uint32_t *index, uint64_t count);

#endif
