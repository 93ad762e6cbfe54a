// Reproducible random numbers (splitmix64: Steele, Lea, Flood 2014).
#include "base/random.h"

#include <math.h>

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

struct random random_stream(uint64_t seed, uint64_t a, uint64_t b)
{
    struct random random = {
        mix(mix(mix(seed + 0x9E3779B97F4A7C15ull) ^ (a + 0x632BE59BD9B4E019ull)) +
            (b ^ 0xD1B54A32D192ED03ull))};

    return random;
}

uint64_t random_bits(struct random *random)
{
    random->state += 0x9E3779B97F4A7C15ull;
    return mix(random->state);
}

double random_unit(struct random *random)
{
    return (double)(random_bits(random) >> 11) * 0x1p-53;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    // Rejection keeps it free of bias (2^64 mod bound values are redrawn).
    uint64_t limit = -bound % bound, bits;

    do
        bits = random_bits(random);
    while (bits < limit);
    return bits % bound;
}

double random_normal(struct random *random)
{
    // Box and Muller 1958; the second value is dropped so that a draw leaves no hidden state.
    double radius = sqrt(-2.0 * log(1.0 - random_unit(random)));

    return radius * cos(6.283185307179586 * random_unit(random));
}

void random_shuffle(struct random *random, uint32_t *index, uint64_t count)
{
    for (uint64_t i = count; i > 1; i--) {
        uint64_t j = random_below(random, i);
        uint32_t kept = index[i - 1];

        index[i - 1] = index[j];
        index[j] = kept;
    }
}
