// Seeded augmentation: flips, shifts, and random erasing (Zhong, Zheng, Kang, Li, Yang 2017).
#include "train/augment.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

const struct field augment_fields[] = {
    FIELD(struct augment, flip, "no", 0, 0, "mirror images left to right every other time"),
    FIELD(struct augment, shift, "0", 0, 1024, "shift images by up to so many pixels"),
    FIELD_CHOICE(struct augment, border, "reflect", "reflect|zero", "what a shift brings in"),
    FIELD(struct augment, erase, "0", 0, 1, "probability of erasing a rectangle"),
    FIELD_CHOICE(struct augment, erase_fill, "noise", "noise|zero", "what an erased pixel becomes"),
    FIELDS_END,
};

bool augment_is_on(const struct augment *augment)
{
    return augment->flip || augment->shift > 0 || augment->erase > 0;
}

// Position i of a line of n pixels that goes on behind its ends: mirrored about the last pixel, or
// -1 for zeros.
static int64_t beyond(int64_t i, int64_t n, bool is_mirrored)
{
    if (i >= 0 && i < n)
        return i;
    if (!is_mirrored)
        return -1;
    return i < 0 ? -i : 2 * n - 2 - i;
}

struct move {
    int64_t dy, dx;
    bool is_flipped, is_mirrored;
};

static void move_plane(const struct augment_image *image, const struct move *move, const float *in,
                       float *out)
{
    int64_t h = image->height, w = image->width;

    for (int64_t y = 0; y < h; y++) {
        int64_t from_y = beyond(y + move->dy, h, move->is_mirrored);
        for (int64_t x = 0; x < w; x++) {
            int64_t from_x = beyond(x + move->dx, w, move->is_mirrored);
            if (from_x >= 0 && move->is_flipped)
                from_x = w - 1 - from_x;
            out[y * w + x] = from_y < 0 || from_x < 0 ? 0 : in[from_y * w + from_x];
        }
    }
}

static int64_t draw_shift(struct random *random, int64_t shift, int64_t n)
{
    int64_t most = shift < n - 1 ? shift : n - 1;

    return most < 1 ? 0 : (int64_t)random_below(random, (uint64_t)(2 * most + 1)) - most;
}

// The side of a rectangle: at least one pixel, at most the image.
static int64_t side(double length, int64_t n)
{
    return length < 1 ? 1 : length > (double)n ? n : (int64_t)lrint(length);
}

static void erase(const struct augment *augment, const struct augment_image *image,
                  struct random *random, float *out)
{
    int64_t h = image->height, w = image->width;
    double area = (double)(h * w) * (0.02 + 0.23 * random_unit(random));
    double ratio = exp(2.4 * random_unit(random) - 1.2); // height to width
    int64_t rows = side(sqrt(area * ratio), h), columns = side(sqrt(area / ratio), w);
    int64_t top = (int64_t)random_below(random, (uint64_t)(h - rows + 1));
    int64_t left = (int64_t)random_below(random, (uint64_t)(w - columns + 1));
    bool is_noise = strcmp(augment->erase_fill, "noise") == 0;

    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t y = top; y < top + rows; y++)
            for (int64_t x = left; x < left + columns; x++)
                out[(c * h + y) * w + x] = is_noise ? (float)random_normal(random) : 0;
}

void augment_sample(const struct augment *augment, const struct augment_image *image, uint64_t seed,
                    uint64_t view, uint64_t sample, const float *in, float *out)
{
    // The constant keeps these draws apart from others of the same seed.
    struct random random = random_stream(seed ^ 0x6175676d656e74u, view, sample);
    int64_t pixels = image->height * image->width;
    struct move move = {.is_mirrored = strcmp(augment->border, "reflect") == 0};

    // All draws are made whatever the options, so that changing one leaves the others' alone.
    move.is_flipped = (random_bits(&random) >> 63) != 0 && augment->flip;
    move.dy = draw_shift(&random, augment->shift, image->height);
    move.dx = draw_shift(&random, augment->shift, image->width);
    bool is_erased = random_unit(&random) < augment->erase;
    for (int64_t c = 0; c < image->channels; c++)
        move_plane(image, &move, in + c * pixels, out + c * pixels);
    if (is_erased && pixels > 0)
        erase(augment, image, &random, out);
}
