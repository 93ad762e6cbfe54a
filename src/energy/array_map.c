// Layers on systolic arrays, and what all dataflows share; see array_map.h.
#include "energy/array_map.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

double layer_macs(const struct layer_shape *layer)
{
    return layer_outputs(layer) * layer->kernel_height * layer->kernel_width * layer->in_channels;
}

double layer_inputs(const struct layer_shape *layer)
{
    return layer->batch * layer->groups * layer->in_channels * layer->in_height * layer->in_width;
}

double layer_weights(const struct layer_shape *layer)
{
    return layer->groups * layer->out_channels * layer->in_channels * layer->kernel_height *
           layer->kernel_width;
}

double layer_outputs(const struct layer_shape *layer)
{
    return layer->batch * layer->groups * layer->out_channels * layer->out_height *
           layer->out_width;
}

// A pair is a run of zeros and the number behind it; a run longer than it can count needs one more
// pair. Pairs are packed into words of 64 bits.
double array_coded_bytes(const struct array_spec *spec, double words, double zeros)
{
    double dense = words * spec->word_bits / 8, long_runs, pairs;
    double pairs_in_64 = floor(64 / (spec->word_bits + spec->run_bits));

    if (!(spec->run_bits > 0) || !(zeros > 0))
        return dense;
    if (zeros >= 1)
        return words / exp2(spec->run_bits) / pairs_in_64 * 64 / 8;
    long_runs = pow(zeros, exp2(spec->run_bits));
    pairs = words * (1 - zeros) * (1 + long_runs / (1 - long_runs));
    return fmin(dense, pairs / pairs_in_64 * 64 / 8);
}

void array_finish(const struct array_spec *spec, struct array_mapping *mapping)
{
    double each = spec->hertz / spec->dram_bytes_per_second, behind, before = 0;

    mapping->dram_bytes = mapping->input_bytes + mapping->weight_bytes + mapping->output_bytes;
    behind = mapping->dram_bytes;
    if (spec->overlap == OVERLAP_WEIGHTS) {
        behind = mapping->weight_bytes;
        before = mapping->dram_bytes - behind;
    }
    mapping->stall_cycles = fmax(behind * each - mapping->cycles, 0) + before * each;
    mapping->seconds = (mapping->cycles + mapping->stall_cycles) / spec->hertz;
    mapping->utilisation =
        mapping->macs / (mapping->seconds * spec->hertz * spec->rows * spec->columns);
}

// ---- DRAM traffic of tilings -------------------------------------------------------------------

// Outputs as rows of a matrix of the whole batch, weights as columns, one group.
static double output_rows(const struct layer_shape *layer)
{
    return layer->batch * layer->out_height * layer->out_width;
}

static double taps(const struct layer_shape *layer)
{
    return layer->kernel_height * layer->kernel_width;
}

// Elements of one channel of the input that so many outputs in a row look at.
static double inputs_behind(const struct layer_shape *layer, double outputs)
{
    double rows = ceil(outputs / layer->out_width), images;

    if (outputs < layer->out_width)
        return layer->kernel_height *
               fmin((outputs - 1) * layer->stride_width + layer->kernel_width, layer->in_width);
    if (rows < layer->out_height)
        return layer->in_width *
               fmin((rows - 1) * layer->stride_height + layer->kernel_height, layer->in_height);
    images = ceil(rows / layer->out_height);
    return images * layer->in_height * layer->in_width;
}

// The next smaller tile to try: those that split a dimension into 1, 2, 3, 4, 6, 8 .. parts. The
// same for every buffer, so that a larger one has more to choose from, never less.
struct tiles {
    double of, parts;
};

static double tile_size(const struct tiles *tiles)
{
    return ceil(tiles->of / tiles->parts);
}

static bool tile_next(struct tiles *tiles)
{
    double before = tile_size(tiles);

    while (tiles->parts < tiles->of && tile_size(tiles) == before) {
        double power = exp2(floor(log2(tiles->parts)));
        tiles->parts =
            fmin(tiles->parts == power && power > 1 ? 1.5 * power : 2 * power, tiles->of);
    }
    return tile_size(tiles) != before;
}

static void keep_less(struct array_traffic *best, struct array_traffic one)
{
    if (!(best->inputs + best->weights + best->outputs <= one.inputs + one.weights + one.outputs))
        *best = one;
}

// All that a search needs to know of one group.
struct operands {
    const struct layer_shape *layer;
    double words; // of the buffer
    double weights, inputs, outputs;
};

// Weights of a tile stay; inputs and outputs stream by, a row at a time.
static void keep_weights(const struct operands *at, struct array_traffic *best)
{
    const struct layer_shape *layer = at->layer;
    struct tiles n = {layer->out_channels, 1};

    do {
        struct tiles c = {layer->in_channels, 1};
        double columns = tile_size(&n);
        do {
            double channels = tile_size(&c);
            double needs = channels * taps(layer) * columns + channels * inputs_behind(layer, 1) +
                           columns * layer->out_width;
            if (needs <= at->words) {
                keep_less(best, (struct array_traffic){
                                    at->inputs * ceil(layer->out_channels / columns), at->weights,
                                    at->outputs * (2 * ceil(layer->in_channels / channels) - 1)});
                break; // fewer channels only cost more
            }
        } while (tile_next(&c));
    } while (tile_next(&n));
}

// Sums of a tile stay (outputs), or its inputs do; the rest streams by.
static void keep_activations(const struct operands *at, struct array_traffic *best)
{
    const struct layer_shape *layer = at->layer;
    const double all = output_rows(layer);
    struct tiles m = {all, 1};

    do {
        double rows = tile_size(&m), looks = inputs_behind(layer, rows);
        double inputs = fmax(at->inputs, all / rows * looks * layer->in_channels);
        double weights = at->weights * ceil(all / rows);
        struct tiles n = {layer->out_channels, 1}, c = {layer->in_channels, 1};
        do {
            double columns = tile_size(&n);
            if (rows * columns + looks + taps(layer) * columns <= at->words) {
                double times = ceil(layer->out_channels / columns);
                keep_less(best, (struct array_traffic){inputs * times, weights, at->outputs});
                break;
            }
        } while (tile_next(&n));
        do {
            double channels = tile_size(&c);
            if (channels * looks + taps(layer) * channels + rows <= at->words) {
                double times = 2 * ceil(layer->in_channels / channels) - 1;
                keep_less(best, (struct array_traffic){inputs, weights, at->outputs * times});
                break;
            }
        } while (tile_next(&c));
    } while (tile_next(&m));
}

struct array_traffic array_least_traffic(const struct layer_shape *layer, double buffer_words)
{
    const double groups = layer->groups;
    struct operands at = {layer, buffer_words, layer_weights(layer) / groups,
                          layer_inputs(layer) / groups, layer_outputs(layer) / groups};
    struct array_traffic best = {NAN, NAN, NAN};

    keep_weights(&at, &best);
    keep_activations(&at, &best);
    return (struct array_traffic){best.inputs * groups, best.weights * groups,
                                  best.outputs * groups};
}

// ---- systolic arrays ---------------------------------------------------------------------------

// Cycles of one group that spreads `down` over the rows and `across` over the columns and streams
// `along`: a fold of r by c takes 2 r + c + along - 2 to fill, run and drain. Where filling goes on
// behind the fold before, a fold takes what it streams, or what filling takes if that is longer.
static double fold_cycles(const struct array_spec *spec, double down, double across, double along)
{
    double folds_down = ceil(down / spec->rows), folds_across = ceil(across / spec->columns);
    double whole = floor(down / spec->rows), rest = down - whole * spec->rows;

    if (spec->overlap == OVERLAP_ALL)
        return folds_across *
               (whole * fmax(along, spec->rows) + (rest > 0 ? fmax(along, rest) : 0));
    return 2 * down * folds_across + across * folds_down + folds_down * folds_across * (along - 2);
}

static void map_systolic(const struct array_spec *spec, const struct layer_shape *layer,
                         const struct array_zeros *zeros, struct array_mapping *out)
{
    double m = output_rows(layer), k = layer->in_channels * taps(layer), n = layer->out_channels;
    bool keeps_weights = spec->dataflow == ARRAY_WEIGHT;
    double down = keeps_weights ? k : m, along = keeps_weights ? m : k;
    double folds_down = ceil(down / spec->rows), folds_across = ceil(n / spec->columns);
    double bytes = spec->word_bits / 8;
    struct array_traffic traffic = array_least_traffic(layer, spec->buffer_bytes / bytes);

    if (isnan(traffic.weights)) {
        out->reason = "the buffer is too small for a single row of it";
        return;
    }
    out->cycles = layer->groups * fold_cycles(spec, down, n, along);
    out->active = fmin(down, spec->rows) * fmin(n, spec->columns);
    if (spec->keeps_activations &&
        (layer_inputs(layer) + layer_outputs(layer)) * bytes <= spec->buffer_bytes)
        traffic = (struct array_traffic){0, layer_weights(layer), 0};
    if (spec->whole_tiles)
        traffic.weights *=
            ceil(k / spec->rows) * spec->rows * ceil(n / spec->columns) * spec->columns / (k * n);
    out->weight_bytes = traffic.weights * bytes;
    out->input_bytes = array_coded_bytes(spec, traffic.inputs, zeros->inputs);
    out->output_bytes = array_coded_bytes(spec, traffic.outputs, zeros->outputs);
    // What stays is read (weights) or read and written (sums) in place; the two that move go from
    // neighbour to neighbour.
    out->register_words = (keeps_weights ? 1 : 2) * out->macs;
    out->neighbour_words = 2 * out->macs;
    out->buffer_words =
        layer->groups * (keeps_weights ? m * k * folds_across + m * n * (2 * folds_down - 1) + k * n
                                       : m * k * folds_across + k * n * folds_down + m * n);
}

static void map_now(const struct array_spec *spec, const struct layer_shape *layer,
                    const struct array_zeros *zeros, struct array_mapping *out)
{
    *out = (struct array_mapping){.macs = layer_macs(layer), .cycles = NAN};
    if (spec->dataflow == ARRAY_ROW)
        array_map_row(spec, layer, zeros, out);
    else
        map_systolic(spec, layer, zeros, out);
    if (!out->reason) {
        array_finish(spec, out);
        return;
    }
    *out = (struct array_mapping){.macs = out->macs,
                                  .cycles = NAN,
                                  .seconds = NAN,
                                  .utilisation = NAN,
                                  .dram_bytes = NAN,
                                  .reason = out->reason};
}

// ---- mappings found before ---------------------------------------------------------------------

// A network is estimated a dozen times for one comparison, and its layers repeat: what was mapped
// last is kept, by the numbers that it follows from.
enum { KEPT = 128, KEY_NUMBERS = 32 };

struct kept {
    double key[KEY_NUMBERS];
    struct array_mapping mapping;
};

static void key_of(const struct array_spec *s, const struct layer_shape *l,
                   const struct array_zeros *z, double *key)
{
    const double numbers[KEY_NUMBERS] = {
        s->rows,         s->columns,       s->hertz,
        s->dataflow,     s->overlap,       s->choice,
        s->word_bits,    s->buffer_bytes,  s->dram_bytes_per_second,
        s->whole_tiles,  s->filter_words,  s->keeps_activations,
        s->input_words,  s->sum_words,     s->filter_bus,
        s->input_bus,    s->sum_bus,       s->run_bits,
        l->batch,        l->groups,        l->in_channels,
        l->out_channels, l->in_height,     l->in_width,
        l->out_height,   l->out_width,     l->kernel_height,
        l->kernel_width, l->stride_height, l->stride_width,
        z->inputs,       z->outputs};

    memcpy(key, numbers, sizeof numbers);
}

// FNV-1a (Fowler, Noll, Vo).
static size_t slot_of(const double *key)
{
    const unsigned char *byte = (const void *)key;
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < KEY_NUMBERS * sizeof *key; i++)
        hash = (hash ^ byte[i]) * 1099511628211u;
    return hash % KEPT;
}

void array_map(const struct array_spec *spec, const struct layer_shape *layer,
               const struct array_zeros *zeros, struct array_mapping *out)
{
    static _Thread_local struct kept kept[KEPT];
    double key[KEY_NUMBERS];
    struct kept *at;

    key_of(spec, layer, zeros, key);
    at = &kept[slot_of(key)];
    if (memcmp(at->key, key, sizeof key) != 0) {
        memcpy(at->key, key, sizeof key);
        map_now(spec, layer, zeros, &at->mapping);
    }
    *out = at->mapping;
}
