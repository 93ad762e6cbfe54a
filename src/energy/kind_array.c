// The array kind: an accelerator of processing elements. Layers are mapped onto it; what draws
// power as long as it runs, multiply-accumulates whose input is not zero, and where the profile
// has figures for them accesses to memories, add up to joules.
#include "energy/array.h"

#include <math.h>

#include "energy/kinds.h"

#define SPEC(path, member, unit, min, max, flags)                                                  \
    PROFILE_NUMBER(struct array, "array." path, spec.member, unit, min, max, flags)
// Ranges: below, joules stand for picojoules; 0 is none.
#define POWER(path, member, unit, min, max)                                                        \
    PROFILE_NUMBER(struct array, "power." path, power.member, unit, min, max, PROFILE_OR_ZERO)

static const struct profile_number numbers[] = {
    SPEC("rows", rows, 1, 1, 65536, PROFILE_NEEDED),
    SPEC("columns", columns, 1, 1, 65536, PROFILE_NEEDED),
    SPEC("clock_mhz", hertz, 1e6, 1e-3, 1e5, PROFILE_NEEDED),
    SPEC("word_bits", word_bits, 1, 1, 32, PROFILE_NEEDED),
    SPEC("buffer_bytes", buffer_bytes, 1, 1, 1e12, PROFILE_NEEDED),
    SPEC("dram_bytes_per_second", dram_bytes_per_second, 1, 1e3, 1e15, PROFILE_OPTIONAL),
    SPEC("run_bits", run_bits, 1, 0, 16, PROFILE_OPTIONAL),
    SPEC("registers.filter_words", filter_words, 1, 1, 1e6, PROFILE_OPTIONAL),
    SPEC("registers.input_words", input_words, 1, 1, 1e6, PROFILE_OPTIONAL),
    SPEC("registers.sum_words", sum_words, 1, 1, 1e6, PROFILE_OPTIONAL),
    SPEC("bus_words.filter", filter_bus, 1, 1e-3, 1e6, PROFILE_OPTIONAL),
    SPEC("bus_words.input", input_bus, 1, 1e-3, 1e6, PROFILE_OPTIONAL),
    SPEC("bus_words.sum", sum_bus, 1, 1e-3, 1e6, PROFILE_OPTIONAL),
    PROFILE_NUMBER(struct array, "array.zero_activations", zero_activations, 1, 0, 1,
                   PROFILE_OPTIONAL),
    POWER("static_watts", watts, 1, 1e-4, 1e6),
    POWER("nonzero_mac_pj", nonzero_mac, 1e-12, 1e-3, 1e6),
    POWER("dram_byte_pj", dram_byte, 1e-12, 1e-3, 1e6),
    POWER("register_word_pj", register_word, 1e-12, 1e-3, 1e6),
    POWER("neighbour_word_pj", neighbour_word, 1e-12, 1e-3, 1e6),
    POWER("buffer_word_pj", buffer_word, 1e-12, 1e-3, 1e6),
};

static enum status read_choices(struct profile *profile, struct array_spec *spec)
{
    static const char *const dataflows[] = {"weight", "output", "row", NULL};
    static const char *const overlaps[] = {"weights", "memory", "all", NULL};
    static const char *const choices[] = {"cycles", "traffic", "busy", NULL};
    static const char *const tiles[] = {"exact", "whole", NULL};
    static const char *const places[] = {"dram", "buffer", NULL};
    int dataflow, overlap, choice, tile, place;

    TRY(profile_choice(profile, "array.dataflow", dataflows, true, &dataflow));
    TRY(profile_choice(profile, "array.overlap", overlaps, true, &overlap));
    TRY(profile_choice(profile, "array.mapping", choices, false, &choice));
    TRY(profile_choice(profile, "array.weight_tiles", tiles, false, &tile));
    TRY(profile_choice(profile, "array.activations", places, false, &place));
    spec->whole_tiles = tile == 1;
    spec->keeps_activations = place == 1;
    spec->dataflow = (enum array_dataflow)dataflow;
    spec->overlap = (enum array_overlap)overlap;
    spec->choice = choice < 0 ? CHOICE_CYCLES : (enum array_choice)choice;
    if (spec->dataflow == ARRAY_ROW &&
        isnan(spec->filter_words + spec->input_words + spec->sum_words + spec->filter_bus +
              spec->input_bus + spec->sum_bus))
        return context_fail(profile->context, ERR_FORMAT,
                            "'array.registers' and 'array.bus_words' are needed where "
                            "'array.dataflow' is 'row'");
    return OK;
}

// Elements and words are counted.
static enum status check_whole(struct profile *profile, const struct array_spec *spec)
{
    const struct {
        const char *path;
        double number;
    } row[] = {{"array.rows", spec->rows},
               {"array.columns", spec->columns},
               {"array.word_bits", spec->word_bits},
               {"array.run_bits", spec->run_bits},
               {"array.registers.filter_words", spec->filter_words},
               {"array.registers.input_words", spec->input_words},
               {"array.registers.sum_words", spec->sum_words}};

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        if (!isnan(row[i].number) && row[i].number != floor(row[i].number))
            return context_fail(profile->context, ERR_FORMAT, "'%s' wants a whole number",
                                row[i].path);
    return OK;
}

static void set_missing(double *number, double to)
{
    if (isnan(*number))
        *number = to;
}

static enum status read(struct profile *profile, struct device *device)
{
    struct array *array = arena_array(device->arena, struct array, 1);
    struct array_power *power = &array->power;
    double *const optional[] = {&power->watts,
                                &power->nonzero_mac,
                                &power->dram_byte,
                                &power->register_word,
                                &power->neighbour_word,
                                &power->buffer_word,
                                &array->zero_activations,
                                &array->spec.run_bits};

    TRY(profile_numbers(profile, "", numbers, PROFILE_ROWS(numbers), array));
    TRY(check_whole(profile, &array->spec));
    TRY(read_choices(profile, &array->spec));
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        set_missing(optional[i], 0);
    set_missing(&array->spec.dram_bytes_per_second, INFINITY);
    for (int i = 0; i < PRECISION_COUNT; i++)
        set_missing(&device->peak_macs_per_second[i],
                    array->spec.rows * array->spec.columns * array->spec.hertz);
    device->own = array;
    return OK;
}

const struct array *device_array(const struct device *device)
{
    return device->kind == DEVICE_KIND_array ? device->own : NULL;
}

struct array_joules array_joules(const struct array *array, const struct array_mapping *mapping,
                                 double macs_nonzero)
{
    const struct array_power *power = &array->power;

    if (isnan(mapping->seconds))
        return (struct array_joules){NAN, NAN, NAN};
    return (struct array_joules){
        .compute = power->watts * mapping->seconds + power->nonzero_mac * macs_nonzero +
                   power->register_word * mapping->register_words +
                   power->neighbour_word * mapping->neighbour_words +
                   power->buffer_word * mapping->buffer_words,
        .weights = power->dram_byte * mapping->weight_bytes,
        .activations = power->dram_byte * (mapping->input_bytes + mapping->output_bytes)};
}

static void add_layer(struct energy *energy, const struct energy_question *question, uint32_t at)
{
    const struct node_count *node = &question->counts->node[at];
    const struct array *array = question->device->own;
    const double batch = question->scenario->batch;
    struct array_mapping *mapping = arena_array(energy->arena, struct array_mapping, 1);
    struct energy_layer *layer = &energy->layer[at];
    struct layer_shape shape = node->shape;
    struct array_zeros zeros = {node->reads_rectified ? array->zero_activations : 0,
                                node->writes_rectified ? array->zero_activations : 0};
    struct array_joules joules;

    if (!(shape.groups > 0)) {
        layer->mac = NAN;
        energy_no_estimate(energy, node, "the mapper does not know its loops");
        return;
    }
    shape.batch *= batch;
    array_map(&array->spec, &shape, &zeros, mapping);
    if (mapping->reason)
        energy_no_estimate(energy, node, mapping->reason);
    joules =
        array_joules(array, mapping, scenario_macs(question, node) * batch * (1 - zeros.inputs));
    layer->mac = joules.compute / batch;
    layer->weights = joules.weights / batch;
    layer->activations = joules.activations / batch;
    layer->mapping = mapping;
    energy->seconds += mapping->seconds / batch;
}

// Numbers of every type travel as words of the array: narrower ones save nothing, wider ones are
// taken as if they had been converted.
static void estimate(struct energy *energy, const struct energy_question *question)
{
    energy->seconds = 0;
    for (uint32_t i = 0; i < question->counts->node_count; i++)
        if (question->counts->node[i].macs > 0)
            add_layer(energy, question, i);
}

const struct device_kind kind_array = {
    .name = "array",
    .read = read,
    .estimate = estimate,
};
