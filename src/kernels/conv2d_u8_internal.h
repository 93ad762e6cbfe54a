// How integer convolutions are cut. The input of a band of output rows is copied, with borders of
// x_zero, into columns: all 4-groups of channels of a pixel lie together, and where kernels are
// small so do the rows of taps. A sum then runs over few runs of neighbouring 64-byte lines.
#ifndef KERNELS_CONV2D_U8_INTERNAL_H
#define KERNELS_CONV2D_U8_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "kernels/sizes.h"

enum {
    LINE = N16_LANES * 4, // bytes: four channels of 16 samples
    U8_SPARE_LINES = 16,  // behind the copy, for reads past its end that meet zero weights
};

struct conv2d_u8_plan {
    struct conv2d shape; // as walked: a 1x1 kernel sees one row of all pixels
    int groups, c, oc;   // conv groups merged until c and oc of each divide by 4, or all of them
    int c4;              // lines of a pixel
    int rows;            // output rows of a band
    int columns;         // output columns of a band: all, or some where there is one row
    int kept_rows;       // rows of taps a column holds: kh, or 1
    int runs, run_lines;
    int step_x, copy_x; // columns between outputs; source pixels between columns
    int step_y, copy_y;
    size_t column, row; // bytes
    int padded_w, padded_h;
    size_t band_bytes;
};

struct conv2d_u8_plan conv2d_u8_plan(const struct conv2d *v);

// Which weight a line of a run meets: channels 4 * c4 on, tap (ky, kx).
struct conv2d_u8_line {
    int c4, ky, kx;
};
struct conv2d_u8_line conv2d_u8_line(const struct conv2d_u8_plan *p, int run, int line);
// Weight of merged output channel oc (of group g) and channel c of the group; 0 where there is
// none.
int8_t conv2d_u8_weight_at(const struct conv2d *v, const struct conv2d_u8_plan *p,
                           const int8_t *weight, int g, int oc, int c, int ky, int kx);
// Where run r of an output starts relative to its first column in its first row.
size_t conv2d_u8_run_offset(const struct conv2d_u8_plan *p, int r);

// What packed weights start with; then int32 bias[oc rounded up to 16], bias less x_zero times the
// weights of the channel; then the algorithm's own from a 64-byte boundary on.
struct conv2d_u8_head {
    int32_t x_zero;
    int32_t bias_count;
    int32_t spare[14];
};
size_t conv2d_u8_head_bytes(const struct conv2d *v);
// Writes head and bias, returns where the weights start.
void *conv2d_u8_pack_head(const struct conv2d *v, const struct conv2d_u8_weights *w, void *packed);
static inline const int32_t *conv2d_u8_bias(const void *packed)
{
    return (const int32_t *)packed + sizeof(struct conv2d_u8_head) / sizeof(int32_t);
}
static inline const int8_t *conv2d_u8_packed(const void *packed)
{
    const struct conv2d_u8_head *head = packed;

    return (const int8_t *)(conv2d_u8_bias(packed) + head->bias_count);
}

// Scratch of conv2d_u8_bands; what an algorithm needs itself lies behind.
size_t conv2d_u8_band_scratch(const struct conv2d_u8_plan *p);
// The same, for algorithms that need no more.
size_t conv2d_u8_scratch_bytes(const struct conv2d *v);

// How AMX cuts it: blocks of `channels` output channels, runs in run_chunks pieces of `lines`
// lines. Packed weights are tiles of 1024 bytes: per group and block the bias, then a tile a chunk.
struct conv2d_u8_tiles {
    int channels, blocks;
    int lines, run_chunks, chunks;
};
struct conv2d_u8_tiles conv2d_u8_tiles(const struct conv2d_u8_plan *p);

// One block of 4 output by 4 input channels that is not all 0. Packed sparse weights are int32
// first[groups * blocks + 1], blocks = ceil(oc / 4), then the entries of all blocks of outputs.
struct conv2d_u8_entry {
    int32_t offset; // bytes from the first column of the output
    int8_t weight[16];
};

// The row conv2d_u8_<called>, run by the kernel of that name; accepts, cost, packed_bytes and pack
// stand above it in its file.
#define CONV2D_U8_ROW(called, kernel, scratch_of, has_tiles)                                       \
    static void run(const struct kernels *kernels, const struct conv2d *v, const uint8_t *x,       \
                    const void *packed, const struct epilogue_u8 *e, uint8_t *y, void *scratch)    \
    {                                                                                              \
        kernels->kernel(v, x, packed, e, y, scratch);                                              \
    }                                                                                              \
    const struct conv2d_u8_algorithm conv2d_u8_##called = {.name = #called,                        \
                                                           .accepts = accepts,                     \
                                                           .cost = cost,                           \
                                                           .packed_bytes = packed_bytes,           \
                                                           .pack = pack,                           \
                                                           .scratch_bytes = scratch_of,            \
                                                           .run = run,                             \
                                                           .uses_tiles = has_tiles}

#endif
