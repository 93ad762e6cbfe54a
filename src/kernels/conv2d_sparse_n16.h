// What the register tiles of the sparse convolutions share: they run over the lists of one block of
// channels for a rectangle of outputs.
#ifndef KERNELS_CONV2D_SPARSE_N16_H
#define KERNELS_CONV2D_SPARSE_N16_H

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "kernels/conv2d_sparse.h"
#include "kernels/n16_internal.h"

struct lists {
    const union sparse_word *first, *end;
    const float *panel; // of the first output
    ptrdiff_t pitch;    // floats between rows of outputs
    const float *bias;  // of the group, or NULL
    float *sums;        // between blocks of channels
    ptrdiff_t sums_plane, sums_pitch;
    float *y;
    const float *add; // or NULL
    ptrdiff_t y_plane, y_pitch;
    float low, high;
    int is_first, is_last; // block of channels
    int is_streamed;       // y is large
};

// Ordered by falling columns, then falling rows; every width ends with a single row, and all with a
// single pixel.
struct sparse_tile {
    int rows, columns;
    void (*run)(const struct lists *t);
};

void N16(sparse_walk)(const struct conv2d *v, const struct sparse_tile *tiles, const float *x,
                      const void *packed, const struct epilogue *e, float *y, void *scratch);

// What the list after this one adds to its sums comes from far away where y is large.
ALWAYS_INLINE void fetch_add(const struct lists *t, const union sparse_word *next, const int unit,
                             const int rows, const int columns)
{
    if (!t->is_last || !t->is_streamed || !t->add || next >= t->end)
        return;
    for (int i = 0; i < unit * rows * columns; i++) {
        int channel = next[0].i + i / (rows * columns), r = i / columns % rows;

        __builtin_prefetch(t->add + channel * t->y_plane + r * t->y_pitch +
                           i % columns * N16_LANES);
    }
}

// The sums of one output channel, before and after its list.
ALWAYS_INLINE void sums_begin(const struct lists *t, int channel, int lane, vf sum[][8],
                              const int rows, const int columns)
{
    const float *from = t->sums + channel * t->sums_plane + lane;

    if (t->is_first) {
        vf bias = vf_set(t->bias ? t->bias[channel] : 0);

        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int q = 0; q < columns; q++)
                sum[r][q] = bias;
        }
    } else {
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int q = 0; q < columns; q++)
                sum[r][q] = vf_load(from + r * t->sums_pitch + q * N16_LANES);
        }
    }
}

ALWAYS_INLINE void sums_end(const struct lists *t, int channel, int lane, vf sum[][8],
                            const int rows, const int columns)
{
    ptrdiff_t plane = t->is_last ? t->y_plane : t->sums_plane;
    ptrdiff_t pitch = t->is_last ? t->y_pitch : t->sums_pitch;
    float *to = (t->is_last ? t->y : t->sums) + channel * plane + lane;

    if (t->is_last && t->add) {
        const float *add = t->add + channel * plane + lane;

        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int q = 0; q < columns; q++)
                sum[r][q] += vf_load(add + r * pitch + q * N16_LANES);
        }
    }
    if (t->is_last) {
        vf low = vf_set(t->low), high = vf_set(t->high);

        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int q = 0; q < columns; q++)
                sum[r][q] = vf_clamp(sum[r][q], low, high);
        }
    }
    if (t->is_last && t->is_streamed) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int q = 0; q < columns; q++)
                vf_stream(to + r * pitch + q * N16_LANES, sum[r][q]);
        }
        return;
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int q = 0; q < columns; q++)
            vf_store(to + r * pitch + q * N16_LANES, sum[r][q]);
    }
}

#endif
