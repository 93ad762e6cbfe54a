// Channels and pixels of N16C4 values moved about.
#include "kernels/u8_internal.h"

static size_t byte_of(int c, size_t pixels, size_t pixel)
{
    return (((size_t)c / 4 * pixels + pixel) * N16_LANES) * 4 + (size_t)c % 4;
}

static void copy_channel(const uint8_t *x, uint8_t *y)
{
    for (size_t lane = 0; lane < LINE; lane += 4)
        y[lane] = x[lane];
}

void N16(relayout_u8)(int c, size_t pixels, const uint8_t *x, uint8_t *y)
{
    int to = 0;

    for (int from = 0; from < c; from++)
        for (size_t i = 0; i < pixels; i++, to++)
            copy_channel(x + byte_of(from, pixels, i), y + byte_of(to, 1, 0));
}

void N16(copy_channels_u8)(int c, size_t pixels, int from, const uint8_t *x, int to, uint8_t *y)
{
    while (c > 0) {
        int is_whole = from % 4 == 0 && to % 4 == 0 && c >= 4;

        if (is_whole) {
            memcpy(y + byte_of(to, pixels, 0), x + byte_of(from, pixels, 0), pixels * LINE);
        } else {
            for (size_t i = 0; i < pixels; i++)
                copy_channel(x + byte_of(from, pixels, i), y + byte_of(to, pixels, i));
        }
        c -= is_whole ? 4 : 1;
        from += is_whole ? 4 : 1;
        to += is_whole ? 4 : 1;
    }
}
