// Convolution pruned in blocks of 4 output channels that share their pattern: each entry of a list
// has four weights, and what it loads of the source serves four times; see conv2d_sparse.h.
// x: (C, H, W, 16), y: (OC, OH, OW, 16)
#include "kernels/conv2d_sparse_n16.h"

// A list's entries here are (offset, 4 weights).
ALWAYS_INLINE void lists_run(const struct lists *lists, const int columns)
{
    const struct lists copy = *lists, *t = &copy; // no store can alias a local

    for (const union sparse_word *at = t->first, *end; at < t->end; at = end) {
        int channel = at[0].i;

        end = at + 2 + 5 * (ptrdiff_t)at[1].i;
        fetch_add(t, end, 4, 1, columns);
        for (int lane = 0; lane < N16_LANES; lane += VF) {
            vf sum[4][1][8];

            UNROLL
            for (int i = 0; i < 4; i++)
                sums_begin(t, channel + i, lane, sum[i], 1, columns);
            for (const union sparse_word *e = at + 2; e < end; e += 5) {
                const float *x = t->panel + e[0].i + lane;
                vf v[8];

                UNROLL
                for (int q = 0; q < columns; q++)
                    v[q] = vf_load(x + q * N16_LANES);
                UNROLL
                for (int i = 0; i < 4; i++) {
                    vf w = vf_set(e[1 + i].f);

                    UNROLL
                    for (int q = 0; q < columns; q++)
                        sum[i][0][q] += w * v[q];
                }
            }
            UNROLL
            for (int i = 0; i < 4; i++)
                sums_end(t, channel + i, lane, sum[i], 1, columns);
        }
    }
}

#define TILE(columns)                                                                              \
    static void lists_##columns(const struct lists *t)                                             \
    {                                                                                              \
        lists_run(t, columns);                                                                     \
    }

#if defined(__AVX512F__)
TILE(4)
#endif
#if defined(__AVX__)
TILE(3)
#endif
TILE(2)
TILE(1)

static const struct sparse_tile tiles[] = {
#if defined(__AVX512F__)
    {1, 4, lists_4},
#endif
#if defined(__AVX__)
    {1, 3, lists_3},
#endif
    {1, 2, lists_2},
    {1, 1, lists_1},
};

void N16(conv2d_f32_sparse4x1)(const struct conv2d *v, const float *x, const void *packed,
                               const struct epilogue *e, float *y, void *scratch)
{
    N16(sparse_walk)(v, tiles, x, packed, e, y, scratch);
}
