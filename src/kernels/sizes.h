// Small arithmetic on sizes, for cutting work into parts.
#ifndef KERNELS_SIZES_H
#define KERNELS_SIZES_H

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int max_int(int a, int b)
{
    return a > b ? a : b;
}

static inline int clamp_int(int x, int low, int high)
{
    return x < low ? low : x > high ? high : x;
}

static inline int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

static inline int round_up(int n, int to)
{
    return divide_up(n, to) * to;
}

// The size of parts of like size, none larger than `most` (at least 1).
static inline int even_parts(int n, int most)
{
    return divide_up(n, divide_up(n, max_int(1, most)));
}

#endif
