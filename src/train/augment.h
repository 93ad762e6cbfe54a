// Seeded augmentation of single images: what happens to an image depends on (seed, view, sample)
// alone, so that training resumes, runs on any number of threads and can cache a teacher's answers
// for a view. Works on floats in planes [channels][height][width], before or after normalisation.
#ifndef TRAIN_AUGMENT_H
#define TRAIN_AUGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/field.h"

struct augment {
    bool flip;              // left to right, every other time
    int64_t shift;          // by up to so many pixels in both directions
    const char *border;     // "reflect" or "zero": what comes in at the edge
    double erase;           // probability of erasing a rectangle of 2 to 25 % of the image
    const char *erase_fill; // "noise" (normal, deviation 1) or "zero"
};
extern const struct field augment_fields[];

struct augment_image {
    int64_t channels, height, width;
};

bool augment_is_on(const struct augment *augment);

// view: the epoch, or the number of a cached view. in and out hold channels * height * width floats
// and must not overlap. A shift is cut to what the image's size allows.
void augment_sample(const struct augment *augment, const struct augment_image *image, uint64_t seed,
                    uint64_t view, uint64_t sample, const float *in, float *out);

#endif
