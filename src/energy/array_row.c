// Row stationary: a row of a filter stays in a processing element and slides over a row of the
// input; elements above each other add up the rows of a window (Chen, Emer, Sze, ISCA 2016). The
// names of the tiles are those of Chen et al., JSSC 52(1), 2017, table III. See array_map.h.
#include "energy/array_map.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// Part of the elements that could work that a mapping must use to be looked at (CHOICE_BUSY).
#define BUSY_PART 0.9

// Strips are of so many rows at most, or of all.
#define STRIP_ROWS_MAX 256

// A kernel that is higher than the array or wider than an element's registers is cut, and a row
// that is too long for the buffer too: the parts are further channels, and further images.
static struct layer_shape cut_to_fit(const struct array_spec *spec, const struct layer_shape *layer,
                                     double parts)
{
    struct layer_shape cut = *layer;
    double high = ceil(layer->kernel_height / spec->rows);
    double wide = ceil(layer->kernel_width / fmin(spec->input_words, spec->filter_words));

    cut.kernel_height = ceil(layer->kernel_height / high);
    cut.kernel_width = ceil(layer->kernel_width / wide);
    cut.in_channels *= high * wide;
    cut.out_width = ceil(layer->out_width / parts);
    cut.batch *= parts;
    cut.in_height = (cut.out_height - 1) * cut.stride_height + cut.kernel_height;
    cut.in_width = (cut.out_width - 1) * cut.stride_width + cut.kernel_width;
    return cut;
}

// Sizes to cut a dimension to, the smallest first. No number below 2^31 has more divisors.
enum { SIZES_MAX = 1536 + 31 };

struct sizes {
    double at[SIZES_MAX];
    int count;
};

struct search {
    const struct array_spec *spec;
    struct sizes channels, filters, images;
    const struct layer_shape *layer;            // cut to fit
    double macs;                                // of the layer as it was
    double input_word_bytes, output_word_bytes; // in DRAM
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

// Filters whose sums the buffer has room for beside the inputs of a pass.
static double filters_that_fit(const struct search *search, const struct array_mapping *map)
{
    const struct array_spec *spec = search->spec;
    const struct layer_shape *layer = search->layer;
    double words = floor(spec->buffer_bytes * 8 / spec->word_bits);
    double inputs = map->n * map->q * map->r * input_rows(layer, map->e) * layer->in_width;

    return floor((words - inputs) / (map->n * map->e * layer->out_width));
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

// How often a mapping goes over the layer.
struct rounds {
    double whole, rest; // strips of e rows, and the rows of one more
    double batches;     // of n images, in all groups
    double blocks;      // of m filters
    double deep;        // of q * r channels
    double rows;        // of inputs that all strips look at: some are looked at twice
};

static struct rounds rounds_of(const struct layer_shape *layer, const struct array_mapping *map)
{
    struct rounds rounds = {.whole = floor(layer->out_height / map->e),
                            .batches = layer->groups * ceil(layer->batch / map->n),
                            .blocks = ceil(layer->out_channels / map->m),
                            .deep = ceil(layer->in_channels / (map->q * map->r))};

    rounds.rest = layer->out_height - rounds.whole * map->e;
    rounds.rows = rounds.whole * input_rows(layer, map->e) +
                  (rounds.rest > 0 ? input_rows(layer, rounds.rest) : 0);
    return rounds;
}

static double strips_of(const struct rounds *rounds)
{
    return rounds->whole + (rounds->rest > 0);
}

// Words that cross between DRAM and the buffer, zeros included: mappings are chosen before anybody
// knows where zeros will be.
static struct array_traffic traffic_of(const struct layer_shape *layer,
                                       const struct array_mapping *map, const struct rounds *rounds)
{
    return (struct array_traffic){.inputs = map->n * rounds->rows * layer->in_width *
                                            layer->in_channels * rounds->batches * rounds->blocks,
                                  .weights = layer_weights(layer) * ceil(layer->batch / map->n) *
                                             strips_of(rounds),
                                  .outputs = layer_outputs(layer)};
}

static void evaluate(const struct search *search, const struct rounds *rounds,
                     const struct array_traffic *traffic, struct array_mapping *map)
{
    const struct array_spec *spec = search->spec;
    const struct layer_shape *layer = search->layer;
    // Over one strip.
    double passes =
        rounds->batches * rounds->blocks * ceil(map->m / (map->p * map->t)) * rounds->deep;
    double inputs = map->n * map->q * map->r * rounds->rows * layer->in_width;
    double filters = map->p * map->t * map->q * map->r * layer->kernel_height *
                     layer->kernel_width * strips_of(rounds);
    double sums = map->n * map->p * map->t * layer->out_height * layer->out_width * passes;

    map->macs = search->macs;
    map->cycles = passes * (rounds->whole * pass_cycles(search, map, map->e) +
                            (rounds->rest > 0 ? pass_cycles(search, map, rounds->rest) : 0));
    map->input_bytes = traffic->inputs * search->input_word_bytes;
    map->weight_bytes = traffic->weights * spec->word_bits / 8;
    map->output_bytes = traffic->outputs * search->output_word_bytes;
    // Of a multiply-accumulate: input, filter, sum read, sum written. A sum that leaves a set has
    // gone through all elements of its column.
    map->register_words = 4 * map->macs;
    map->neighbour_words = sums * (map->r * layer->kernel_height - 1);
    map->buffer_words = sums * (2 - 1 / rounds->deep) + (inputs + filters) * passes;
    array_finish(spec, map);
}

// ---- sizes -------------------------------------------------------------------------------------

static int by_size(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return (first > second) - (first < second);
}

static void add_size(struct sizes *sizes, double size)
{
    if (sizes->count < SIZES_MAX)
        sizes->at[sizes->count++] = size;
}

// Even parts; with_powers: and powers of two, as channels and filters are cut in the mappings that
// were published.
static void set_sizes(struct sizes *sizes, double of, bool with_powers)
{
    sizes->count = 0;
    for (double size = 1; size * size <= of; size++)
        if (fmod(of, size) == 0) {
            add_size(sizes, size);
            if (size * size != of)
                add_size(sizes, of / size);
        }
    for (double size = 2; with_powers && size < of; size *= 2)
        if (fmod(of, size) != 0)
            add_size(sizes, size);
    qsort(sizes->at, (size_t)sizes->count, sizeof *sizes->at, by_size);
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

// The most filters whose sums the buffer holds, in whole passes: more of them only save traffic.
static void try_filters(struct search *search, struct array_mapping *map)
{
    const struct layer_shape *layer = search->layer;
    const double room = filters_that_fit(search, map), pass = map->p * map->t;
    struct array_traffic traffic;
    struct rounds rounds;
    double words;

    map->m = 0;
    for (int i = search->filters.count; map->m == 0 && i-- > 0;)
        if (search->filters.at[i] <= room && fmod(search->filters.at[i], pass) == 0)
            map->m = search->filters.at[i];
    if (map->m == 0)
        return;
    rounds = rounds_of(layer, map);
    traffic = traffic_of(layer, map, &rounds);
    words = traffic.inputs + traffic.weights + traffic.outputs;
    if (search->spec->choice != CHOICE_CYCLES && words > search->best_words)
        return;
    evaluate(search, &rounds, &traffic, map);
    if (is_better(search, map, words)) {
        search->best = *map;
        search->best_words = words;
    }
}

static void try_registers(struct search *search, struct array_mapping *map)
{
    const struct array_spec *spec = search->spec;
    const struct sizes *channels = &search->channels, *filters = &search->filters;
    const double wide = search->layer->kernel_width;

    for (int i = 0; i < channels->count; i++) {
        map->q = channels->at[i] / map->r;
        if (map->q * wide > spec->input_words)
            break;
        if (map->q != floor(map->q))
            continue;
        for (int k = 0; k < filters->count; k++) {
            map->p = filters->at[k] / map->t;
            if (map->p > spec->sum_words || map->p * map->q * wide > spec->filter_words)
                break;
            if (map->p == floor(map->p))
                try_filters(search, map);
        }
    }
}

// Published mappings take several images at a time only where all rows of one go together.
static double images_together(const struct search *search, double e)
{
    bool strips = e < search->layer->out_height;

    return search->spec->choice == CHOICE_BUSY && strips ? 1 : search->layer->batch;
}

static void visit(struct search *search, struct array_mapping *map)
{
    const double most = images_together(search, map->e);

    for (int i = 0; i < search->images.count && search->images.at[i] <= most; i++) {
        map->n = search->images.at[i];
        try_registers(search, map);
    }
}

// Every way to cover the array with sets of e rows. is_survey: only looks for the most elements
// that could work, whatever the buffer.
static void cover_rows(struct search *search, struct array_mapping *map, bool is_survey)
{
    double below, sets = sets_that_fit(search->spec, search->layer, map->e, &below);

    for (int i = 0; i < search->channels.count && search->channels.at[i] <= below; i++)
        for (int k = 0; k < search->filters.count; k++) {
            map->r = search->channels.at[i];
            map->t = search->filters.at[k];
            if (map->r * map->t > sets)
                break;
            map->active = search->layer->kernel_height * map->e * map->r * map->t;
            if (is_survey)
                search->least_active = fmax(search->least_active, BUSY_PART * map->active);
            else if (map->active >= search->least_active)
                visit(search, map);
        }
}

static void cover(struct search *search, bool is_survey)
{
    const double rows = search->layer->out_height;
    struct array_mapping map;

    memset(&map, 0, sizeof map);
    for (map.e = 1; map.e <= fmin(rows, STRIP_ROWS_MAX); map.e++)
        cover_rows(search, &map, is_survey);
    map.e = rows;
    if (rows > STRIP_ROWS_MAX)
        cover_rows(search, &map, is_survey);
}

void array_map_row(const struct array_spec *spec, const struct layer_shape *layer,
                   const struct array_zeros *zeros, struct array_mapping *out)
{
    struct search search = {.spec = spec,
                            .macs = out->macs,
                            .input_word_bytes = array_coded_bytes(spec, 1, zeros->inputs),
                            .output_word_bytes = array_coded_bytes(spec, 1, zeros->outputs),
                            .best_words = INFINITY,
                            .best = *out};
    struct layer_shape cut;

    for (double parts = 1; isnan(search.best.cycles) && parts < 2 * layer->out_width; parts *= 2) {
        cut = cut_to_fit(spec, layer, parts);
        search.layer = &cut;
        set_sizes(&search.channels, cut.in_channels, true);
        set_sizes(&search.filters, cut.out_channels, true);
        set_sizes(&search.images, cut.batch, false);
        search.least_active = 0;
        if (spec->choice == CHOICE_BUSY)
            cover(&search, true);
        cover(&search, false);
        if (isnan(search.best.cycles) && search.least_active > 0) {
            search.least_active = 0;
            cover(&search, false);
        }
    }
    *out = search.best;
    if (isnan(out->cycles))
        out->reason = "the buffer is too small for a single row of it";
}
