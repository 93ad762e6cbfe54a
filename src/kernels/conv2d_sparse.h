// How a sparse convolution is cut, shared by packing and kernels. The outputs of a group are walked
// in tiles of a few rows and columns; a block of input channels of the source of a tile is copied
// into a panel that stays in L1 and holds the borders as zeros; then every output channel, or four
// of them that share their pattern, runs over its list of (offset in the panel, weights).
#ifndef KERNELS_CONV2D_SPARSE_H
#define KERNELS_CONV2D_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

// One axis of the panel. Source position p of a tile lies at place (p mod stride) * phase_size + p
// / stride, so that neighbouring outputs read neighbouring places whatever the stride.
struct panel_axis {
    int outputs; // of the convolution, as the tiles walk them
    int tile;    // of these in a tile
    int source;
    int stride, pad, dilation;
    int phases, phase_size;
};

struct sparse_plan {
    struct panel_axis y, x;
    int c, oc;            // of one group
    int channels, blocks; // input channels of a block
    int pitch, plane;     // pixels of a row and of a channel of the panel
};

// Packed weights. First words[i].i, i = group * blocks + block, is where its lists start; the word
// after the last is where they all end. A list is its first output channel, its length, and as many
// entries of an offset into the panel in floats and `unit` weights. The first and the last block
// hold every output channel, those between only what is not empty.
union sparse_word {
    int32_t i;
    float f;
};

struct sparse_plan sparse_plan(const struct conv2d *v);
// Room for the panel, then for the sums of a tile of all output channels of a group.
size_t sparse_scratch_bytes(const struct conv2d *v);
static inline size_t sparse_panel_floats(const struct sparse_plan *p)
{
    return (size_t)p->channels * (size_t)p->plane * N16_LANES;
}

// unit: output channels that share a list.
size_t sparse_packed_bytes(const struct conv2d *v, int unit, const float *weight);
void sparse_pack(const struct conv2d *v, int unit, const float *weight, void *packed);
// Entries over weights / unit.
double sparse_share(const struct conv2d *v, int unit, const float *weight);

#endif
