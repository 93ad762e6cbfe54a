// Channels of N16C4 values copied from one value to another.
#include "kernels/u8_internal.h"

// The line that holds channel c of a pixel.
static size_t line_of(int c, size_t pixels, size_t pixel)
{
    return ((size_t)c / 4 * pixels + pixel) * LINE;
}

// Channel `from` of four in the line x becomes channel `to` of those in y.
static void copy_channel(int from, const uint8_t *x, int to, uint8_t *y)
{
    vi others = vi_set((int32_t) ~(255U << (8 * to)));

    for (int i = 0; i < LINE; i += VF * 4)
        vi_store(y + i, (vi_load(y + i) & others) | (channel_of(vi_load(x + i), from) << (8 * to)));
}

void N16(copy_channels_u8)(int c, size_t pixels, int from, const uint8_t *x, int to, uint8_t *y)
{
    while (c > 0) {
        int is_whole = from % 4 == 0 && to % 4 == 0 && c >= 4;

        if (is_whole) {
            memcpy(y + line_of(to, pixels, 0), x + line_of(from, pixels, 0), pixels * LINE);
        } else {
            for (size_t i = 0; i < pixels; i++)
                copy_channel(from % 4, x + line_of(from, pixels, i), to % 4,
                             y + line_of(to, pixels, i));
        }
        c -= is_whole ? 4 : 1;
        from += is_whole ? 4 : 1;
        to += is_whole ? 4 : 1;
    }
}
