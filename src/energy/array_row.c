// Row stationary: a row of a filter stays in a processing element and slides over a row of the
// input; elements above each other add up the rows of a window (Chen, Emer, Sze, ISCA 2016). The
// names of the tiles are those of Chen et al., JSSC 52(1), 2017, table III. See array_map.h.
#include "energy/array_map.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

// Part of the elements that could work that a mapping must use to be looked at (CHOICE_BUSY).
#define BUSY_PART 0.9

// A kernel that is higher than the array or wider than an element's registers is cut, and a row
// that is too long for the buffer too: the parts are further channels, and further images.
static struct layer_shape cut_to_fit(const struct array_spec *spec, const struct layer_shape *layer,
                                     double parts)
{
    struct layer_shape cut = *layer;
    double high = ceil(layer->kernel_height / spec->rows);
    double wide = ceil(layer->kernel_width / spec->input_words);

    cut.kernel_height = ceil(layer->kernel_height / high);
    cut.kernel_width = ceil(layer->kernel_width / wide);
    cut.in_channels *= high * wide;
    cut.out_width = ceil(layer->out_width / parts);
    cut.batch *= parts;
    cut.in_height = (cut.out_height - 1) * cut.stride_height + cut.kernel_height;
    cut.in_width = (cut.out_width - 1) * cut.stride_width + cut.kernel_width;
    return cut;
}

struct search {
    const struct array_spec *spec;
    const struct array_zeros *zeros;
    const struct layer_shape *layer; // cut to fit
    double macs;                     // of the layer as it was
    double least_active;
    double best_words; // between DRAM and the buffer, zeros included
    struct array_mapping best;
};

// ---- one mapping -------------------------------------------------------------------------------

// Sets of elements, each as high as the kernel and e wide, that the array holds; where e is more
// than its width, a set takes several bands. below: of those, in one column.
static double sets_that_fit(const struct array_spec *spec, const struct layer_shape *layer,
                            double e, double *below)
{
    double bands = ceil(e / spec->columns);

    *below = floor(spec->rows / (layer->kernel_height * bands));
    return bands > 1 ? *below : *below * floor(spec->columns / e);
}

static double input_rows(const struct layer_shape *layer, double e)
{
    return (e - 1) * layer->stride_height + layer->kernel_height;
}

static bool fits(const struct search *search, const struct array_mapping *map)
{
    const struct array_spec *spec = search->spec;
    const struct layer_shape *layer = search->layer;
    double inputs = map->n * map->q * map->r * input_rows(layer, map->e) * layer->in_width;
    double sums = map->m * map->n * map->e * layer->out_width;

    return (inputs + sums) * spec->word_bits / 8 <= spec->buffer_bytes;
}

// A pass runs p * t filters and q * r channels over n images and a strip of rows. Its cycles: the
// filters are loaded, then elements compute while inputs come and sums come and go; the slowest of
// these is waited for.
static double pass_cycles(const struct search *search, const struct array_mapping *map, double rows)
{
    const struct array_spec *spec = search->spec;
    const struct layer_shape *layer = search->layer;
    double filters = map->p * map->q * map->r * map->t * layer->kernel_height * layer->kernel_width;
    double computes = map->n * map->p * map->q * layer->kernel_width * layer->out_width;
    double sums = map->n * map->p * map->t * rows * layer->out_width;
    double inputs = map->n * map->q * map->r * input_rows(layer, rows) * layer->in_width;

    return filters / spec->filter_bus +
           fmax(computes, fmax(sums / spec->sum_bus, inputs / spec->input_bus));
}

// Returns the words that cross between DRAM and the buffer, zeros included: mappings are chosen
// before anybody knows where zeros will be.
static double evaluate(const struct search *search, struct array_mapping *map)
{
    const struct array_spec *spec = search->spec;
    const struct layer_shape *layer = search->layer;
    const double kernel = layer->kernel_height * layer->kernel_width;
    double strips = ceil(layer->out_height / map->e), whole = floor(layer->out_height / map->e);
    double rest = layer->out_height - whole * map->e;
    double batches = layer->groups * ceil(layer->batch / map->n);
    double deep = ceil(layer->in_channels / (map->q * map->r));
    double blocks = ceil(layer->out_channels / map->m);
    double passes = batches * blocks * ceil(map->m / (map->p * map->t)) * deep; // over one strip
    // Rows of inputs that all strips look at, those that two look at twice.
    double rows = whole * input_rows(layer, map->e) + (rest > 0 ? input_rows(layer, rest) : 0);
    double inputs = map->n * rows * layer->in_width;
    double filters = map->p * map->t * map->q * map->r * kernel;
    double sums = map->n * map->p * map->t * layer->out_height * layer->out_width * passes;
    double in = inputs * layer->in_channels * batches * blocks;
    double weights = layer_weights(layer) * ceil(layer->batch / map->n) * strips;

    map->macs = search->macs;
    map->cycles = passes * (whole * pass_cycles(search, map, map->e) +
                            (rest > 0 ? pass_cycles(search, map, rest) : 0));
    map->input_bytes = array_coded_bytes(spec, in, search->zeros->inputs);
    map->weight_bytes = weights * spec->word_bits / 8;
    map->output_bytes = array_coded_bytes(spec, layer_outputs(layer), search->zeros->outputs);
    // Of a multiply-accumulate: input, filter, sum read, sum written. A sum that leaves a set has
    // gone through all elements of its column.
    map->register_words = 4 * map->macs;
    map->neighbour_words = sums * (map->r * layer->kernel_height - 1);
    map->buffer_words =
        sums * (2 - 1 / deep) + inputs * map->q * map->r * passes + filters * passes * strips;
    array_finish(spec, map);
    return in + weights + layer_outputs(layer);
}

// ---- the search --------------------------------------------------------------------------------

static bool is_better(const struct search *search, const struct array_mapping *one, double words)
{
    const struct array_mapping *best = &search->best;
    double now = one->cycles + one->stall_cycles, before = best->cycles + best->stall_cycles;

    if (isnan(best->cycles))
        return true;
    if (search->spec->choice != CHOICE_CYCLES && words != search->best_words)
        return words < search->best_words;
    if (now != before)
        return now < before;
    if (words != search->best_words)
        return words < search->best_words;
    return one->buffer_words < best->buffer_words;
}

// Channels and filters are cut evenly or by powers of two, as in the mappings that were published.
static bool is_tile(double tile, double of)
{
    int exponent;

    return fmod(of, tile) == 0 || (tile < of && frexp(tile, &exponent) == 0.5);
}

// The most filters whose sums the buffer holds, in whole passes: more of them only save traffic.
static void try_filters(struct search *search, struct array_mapping *map)
{
    const double filters = search->layer->out_channels, pass = map->p * map->t;
    double most = 0, words;

    for (map->m = pass; map->m < filters + pass && fits(search, map); map->m += pass)
        if (is_tile(map->m, filters))
            most = map->m;
    if (most == 0)
        return;
    map->m = most;
    words = evaluate(search, map);
    if (is_better(search, map, words)) {
        search->best = *map;
        search->best_words = words;
    }
}

static void try_registers(struct search *search, struct array_mapping *map)
{
    const struct array_spec *spec = search->spec;
    const struct layer_shape *layer = search->layer;
    const double wide = layer->kernel_width;

    for (map->q = 1; map->q * wide <= spec->input_words; map->q++) {
        if (!is_tile(map->q * map->r, layer->in_channels))
            continue;
        for (map->p = 1; map->p <= spec->sum_words && map->p * map->q * wide <= spec->filter_words;
             map->p++)
            if (is_tile(map->p * map->t, layer->out_channels))
                try_filters(search, map);
    }
}

// Published mappings take several images at a time only where all rows of one go together.
static double images_together(const struct search *search, double e)
{
    bool strips = e < search->layer->out_height;

    return search->spec->choice == CHOICE_BUSY && strips ? 1 : search->layer->batch;
}

// Every way to cover the array with sets; with `visit` false only the most that could work is
// looked for.
static double cover(struct search *search, bool visit)
{
    const struct array_spec *spec = search->spec;
    const struct layer_shape *layer = search->layer;
    struct array_mapping map;
    double most = 0;

    memset(&map, 0, sizeof map);
    for (map.e = 1; map.e <= layer->out_height; map.e++) {
        double below, sets = sets_that_fit(spec, layer, map.e, &below);
        for (map.r = 1; map.r <= below && map.r <= layer->in_channels; map.r++)
            for (map.t = 1; map.r * map.t <= sets && map.t <= layer->out_channels; map.t++) {
                map.active = layer->kernel_height * map.e * map.r * map.t;
                most = fmax(most, map.active);
                if (!visit || map.active < search->least_active)
                    continue;
                for (map.n = 1; map.n <= images_together(search, map.e); map.n++)
                    if (fmod(layer->batch, map.n) == 0)
                        try_registers(search, &map);
            }
        if (sets == 0)
            break;
    }
    return most;
}

void array_map_row(const struct array_spec *spec, const struct layer_shape *layer,
                   const struct array_zeros *zeros, struct array_mapping *out)
{
    struct search search = {.spec = spec, .zeros = zeros, .macs = out->macs, .best = *out};
    struct layer_shape cut;

    for (double parts = 1; isnan(search.best.cycles) && parts < 2 * layer->out_width; parts *= 2) {
        cut = cut_to_fit(spec, layer, parts);
        search.layer = &cut;
        search.least_active = spec->choice == CHOICE_BUSY ? BUSY_PART * cover(&search, false) : 0;
        cover(&search, true);
        if (isnan(search.best.cycles) && search.least_active > 0) {
            search.least_active = 0;
            cover(&search, true);
        }
    }
    *out = search.best;
    if (isnan(out->cycles))
        out->reason = "the buffer is too small for a single row of it";
}
