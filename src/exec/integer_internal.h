// What the steps on integers share: values on 8-bit grids live in bytes, in the layout N16C4
// (kernels/kernels.h).
#ifndef EXEC_INTEGER_INTERNAL_H
#define EXEC_INTEGER_INTERNAL_H

#include "exec/program_internal.h"

// A value of SLOT_U8 as channels by pixels, the way a kernel counts them: its own bytes, or a copy
// in scratch where its maker counted otherwise (a Reshape stands between).
struct view_u8 {
    uint32_t slot;
    size_t channels, pixels;
    size_t scratch_at; // bytes
    bool is_copied;
};

// Sets the step's slots to those of the plan and checks that they are where integers can be.
MUST_CHECK enum status integer_open(struct context *context, struct program *program,
                                    struct step *step);
// q as a byte is q + this: 128 for signed types, 0 for unsigned ones.
int offset_u8(const struct program *program, uint32_t slot);
struct grid_u8 grid_u8_of(const struct program *program, uint32_t slot,
                          const struct integer_grid *grid);
// The sum of at->x and at->x2; is_swapped: of at->x2 and at->x.
struct sum_u8 sum_u8_of(const struct program *program, const struct integer_node *at,
                        bool is_swapped);
// *scratch_bytes: what the step needs before; grows where a copy is needed.
struct view_u8 view_u8_of(const struct program *program, uint32_t slot, size_t channels,
                          size_t *scratch_bytes);
const uint8_t *view_u8_bytes(const struct program *program, int group, const struct view_u8 *view);

extern const struct lowering lowering_integer_conv, lowering_integer_conv_wide;

bool integer_reads(const struct integer_node *node, struct value_id value);
// Nobody reads the value after this step, so that the step may write over it.
bool is_last_reader(const struct program *program, const struct step *step, struct value_id value);

// From the node's attributes and shapes; a Gemm is a convolution whose window is the whole value,
// since flattening counts channel by channel.
MUST_CHECK enum status integer_conv_shape(struct context *context, const struct program *program,
                                          const struct step *step, struct conv2d *out);

#endif
