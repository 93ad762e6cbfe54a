// Winograd's convolution F(4x4, 3x3) (Lavin, Gray 2016): how the work is cut. Outputs are computed
// in tiles of 4x4 from 6x6 inputs; at each of the 36 points the tiles of a block are one matrix
// product. A block's transformed inputs and sums stay in L2.
#ifndef KERNELS_CONV2D_WINOGRAD_INTERNAL_H
#define KERNELS_CONV2D_WINOGRAD_INTERNAL_H

#include "kernels/conv2d_internal.h"

enum { WINO_OUT = 4, WINO_IN = 6, WINO_POINTS = WINO_IN * WINO_IN, WINO_PANEL = 3 };

// The polynomial's roots 0, a, -a, b, -b and infinity. With a = 3/4 and b = 3/2 every factor below
// is exact in float, and the error is a quarter of what the usual 1 and 2 give (measured over 128
// channels: 1.7e-6 of the largest output).
#define WINO_A 0.75F
#define WINO_B 1.5F

struct winograd_plan {
    int c, oc;               // of one group
    int tiles_x, tiles;      // of the whole image
    int block_tiles;         // tiles at a time
    int oc_blocks;           // blocks of 8 output channels, the last one filled up with zeros
    int block_oc;            // of them at a time
    size_t v_point;          // floats from one point to the next: transformed inputs,
    size_t m_point;          // sums,
    size_t packed_point;     // and packed weights [36][oc_blocks][c][8]
    size_t v_first, m_first; // floats from the start of scratch
};

// A tile of the block at hand. Panels are up to 3 tiles side by side: [panel][channel][tile][16].
struct winograd_tile {
    ptrdiff_t x, y;              // floats from the start of a plane; x may lie before it
    int row0, row1;              // of the 6 source rows those inside the image
    uint16_t is_inside[WINO_IN]; // columns: all ones or zero
    int out_rows, out_cols;      // of 4x4
    int first, at, width;        // first tile of the panel, place in it, tiles of it
};

struct winograd_plan winograd_plan(const struct conv2d *v);
// Fills tile[0 .. plan->block_tiles) with tiles first.. ; returns how many there are.
int winograd_tiles(const struct conv2d *v, const struct winograd_plan *p, int first,
                   struct winograd_tile *tile);

#endif
