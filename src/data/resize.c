// Antialiased bilinear resizing, separably: across first, then down, 8 bits in between. A pixel is
// the weighted mean of those under a triangle that is as wide as the step between output pixels,
// and at least two pixels; weights are rounded to 22 bits behind the point. Pillow's contract
// (A. Murray, J. A. Clark and contributors, src/libImaging/Resample.c describes it).
#include "data/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRACTION_BITS = 22, HALF = 1 << (FRACTION_BITS - 1) };

// What each output pixel is made of: weight[i * most ..] for the pixels first[i] .. + count[i].
struct filter {
    int32_t most;
    int32_t *first, *count, *weight;
};

static void filter_clear(struct filter *filter)
{
    free(filter->first);
    free(filter->count);
    free(filter->weight);
}

static double triangle(double x)
{
    return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

// The weights of one output pixel whose middle is at `center`.
static void weigh(struct filter *filter, int32_t i, double center, double support, int32_t from)
{
    int32_t first = (int32_t)fmax(center - support + 0.5, 0);
    int32_t end = (int32_t)fmin(center + support + 0.5, from);
    int32_t *weight = filter->weight + (size_t)i * (size_t)filter->most;
    double sum = 0;

    filter->first[i] = first;
    filter->count[i] = end - first;
    for (int32_t k = first; k < end; k++)
        sum += triangle((k - center + 0.5) * (1 / support));
    for (int32_t k = first; k < end; k++) {
        double share = triangle((k - center + 0.5) * (1 / support));
        share = sum != 0 ? share / sum : share;
        weight[k - first] = (int32_t)(0.5 + share * (1 << FRACTION_BITS));
    }
}

static enum status filter_init(struct context *context, struct filter *filter, int32_t from,
                               int32_t to)
{
    double step = (double)from / to, support = fmax(step, 1);
    size_t most = (size_t)ceil(support) * 2 + 1;

    filter->most = (int32_t)most;
    filter->first = malloc((size_t)to * sizeof *filter->first);
    filter->count = malloc((size_t)to * sizeof *filter->count);
    filter->weight = calloc((size_t)to * most, sizeof *filter->weight);
    if (!filter->first || !filter->count || !filter->weight) {
        filter_clear(filter);
        return context_fail(context, ERR_MEMORY, "no memory to resize a picture");
    }
    for (int32_t i = 0; i < to; i++)
        weigh(filter, i, (i + 0.5) * step, support, from);
    return OK;
}

static unsigned char rounded(int32_t sum)
{
    int32_t value = sum >> FRACTION_BITS;

    return (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void resize_across(const struct picture *from, const struct filter *filter,
                          struct picture *to)
{
    int32_t channels = from->channels;

    for (int32_t y = 0; y < to->height; y++) {
        const unsigned char *row = from->pixel + (size_t)y * (size_t)from->width * (size_t)channels;
        unsigned char *out = to->pixel + (size_t)y * (size_t)to->width * (size_t)channels;
        for (int32_t x = 0; x < to->width; x++) {
            const int32_t *weight = filter->weight + (size_t)x * (size_t)filter->most;
            for (int32_t c = 0; c < channels; c++) {
                const unsigned char *at = row + filter->first[x] * channels + c;
                int32_t sum = HALF;
                for (int32_t k = 0; k < filter->count[x]; k++)
                    sum += weight[k] * at[k * channels];
                *out++ = rounded(sum);
            }
        }
    }
}

// sum: one number a column.
static void resize_down(const struct picture *from, const struct filter *filter, int32_t *sum,
                        struct picture *to)
{
    size_t stride = (size_t)from->width * (size_t)from->channels;

    for (int32_t y = 0; y < to->height; y++) {
        const int32_t *weight = filter->weight + (size_t)y * (size_t)filter->most;
        unsigned char *out = to->pixel + (size_t)y * stride;
        for (size_t i = 0; i < stride; i++)
            sum[i] = HALF;
        for (int32_t k = 0; k < filter->count[y]; k++) {
            const unsigned char *row = from->pixel + (size_t)(filter->first[y] + k) * stride;
            for (size_t i = 0; i < stride; i++)
                sum[i] += weight[k] * row[i];
        }
        for (size_t i = 0; i < stride; i++)
            out[i] = rounded(sum[i]);
    }
}

static enum status across(struct context *context, const struct picture *from, int64_t width,
                          struct picture *to)
{
    struct filter filter;

    TRY(picture_alloc(context, to, width, from->height, from->channels));
    TRY(filter_init(context, &filter, from->width, to->width));
    resize_across(from, &filter, to);
    filter_clear(&filter);
    return OK;
}

static enum status down(struct context *context, const struct picture *from, int64_t height,
                        struct picture *to)
{
    int32_t *sum;
    struct filter filter;

    TRY(picture_alloc(context, to, from->width, height, from->channels));
    TRY(filter_init(context, &filter, from->height, to->height));
    sum = malloc((size_t)from->width * (size_t)from->channels * sizeof *sum);
    if (sum)
        resize_down(from, &filter, sum, to);
    free(sum);
    filter_clear(&filter);
    return sum ? OK : context_fail(context, ERR_MEMORY, "no memory to resize a picture");
}

// What need not change in one direction is not filtered there.
enum status picture_resize(struct context *context, const struct picture *picture, int64_t width,
                           int64_t height, struct picture *out)
{
    struct picture wide = {0};
    enum status status = OK;

    *out = (struct picture){0};
    if (picture->width != width)
        status = across(context, picture, width, &wide);
    if (status == OK)
        status = down(context, wide.pixel ? &wide : picture, height, out);
    picture_clear(&wide);
    if (status != OK)
        picture_clear(out);
    return status;
}
