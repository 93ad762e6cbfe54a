// Joules from counts: what every kind of profile has in common; see estimate.h.
#include "energy/estimate.h"

#include <math.h>
#include <string.h>

#include "energy/format.h"
#include "energy/kinds.h"

struct number_type scenario_type(const struct energy_scenario *scenario, struct number_type type)
{
    if (scenario->reference_bits == 0)
        return type;
    return number_type_of(scenario->reference_bits == 32 ? DT_F32 : DT_I8);
}

bool scenario_skips_zeros(const struct energy_scenario *scenario, const struct device *device)
{
    return device->zero_weights == ZEROS_SKIP && !scenario->is_dense;
}

double scenario_macs(const struct energy_question *question, const struct node_count *node)
{
    return scenario_skips_zeros(question->scenario, question->device) ? node->macs_nonzero
                                                                      : node->macs;
}

bool scenario_is_on_chip(const struct energy_question *question)
{
    if (question->scenario->level == LEVEL_OWN)
        return question->weight_bytes <= question->device->on_chip_bytes;
    return question->scenario->level == LEVEL_ON_CHIP;
}

// In the smallest of the formats that the device knows; a dense one where it knows none.
static double weight_bytes(const struct weight_count *weight,
                           const struct energy_scenario *scenario, const struct device *device)
{
    struct number_type type = scenario_type(scenario, weight->type);
    double columns = weight->rows > 0 ? weight->elements / weight->rows : NAN;
    struct format_weight as = {weight->elements, weight->nonzero,    type.bits, weight->rows,
                               columns,          device->index_bits, NAN,       weight->is_2_4};
    double bits = weight->elements * type.bits;

    if (scenario->reference_bits && weight->is_scale)
        return 0;
    for (int i = 0; i < FORMAT_COUNT && !scenario->is_dense; i++)
        if (device->weight_formats >> i & 1)
            bits = fmin(bits, format_bits((enum weight_format)i, &as));
    return ceil(bits / 8);
}

int precision_of(const struct number_type *weight, const struct number_type *activation)
{
    bool integers = number_is_integer(weight) && number_is_integer(activation);

    if (integers)
        return weight->bits <= 8 && activation->bits <= 8 ? PRECISION_I8 : -1;
    if (weight->dtype == DT_F16 && activation->dtype == DT_F16)
        return PRECISION_F16;
    if (weight->dtype == DT_F32 || activation->dtype == DT_F32)
        return PRECISION_F32;
    return -1;
}

void energy_no_estimate(struct energy *energy, const struct node_count *node, const char *what)
{
    struct text text;

    if (energy->reason)
        return;
    text_init(&text);
    text_add(&text, "node '");
    text_add_escaped(&text, node->name, strlen(node->name));
    text_format(&text, "' (%s): %s", node->op, what);
    energy->reason = arena_copy_text(energy->arena, text.at);
    text_clear(&text);
}

void energy_no_figure(struct energy *energy, const struct node_count *node,
                      const struct number_type *weight, const struct number_type *activation)
{
    energy_no_estimate(
        energy, node,
        arena_format(energy->arena,
                     "the profile has no figure for %s%d weights by %s%d activations",
                     number_is_integer(weight) ? "int" : "float", weight->bits,
                     number_is_integer(activation) ? "int" : "float", activation->bits));
}

// What every layer is told with, whatever the profile.
static void name_layers(struct energy *energy, const struct counts *counts,
                        const struct energy_scenario *scenario)
{
    for (uint32_t i = 0; i < counts->node_count; i++) {
        const struct node_count *node = &counts->node[i];
        struct energy_layer *layer = &energy->layer[i];

        layer->name = node->name;
        layer->op = node->op;
        layer->macs = node->macs;
        if (isnan(node->macs))
            layer->mac = NAN;
        if (!(node->macs > 0))
            continue;
        layer->weight_bits = scenario_type(scenario, node->weight).bits;
        layer->activation_bits = scenario_type(scenario, node->activation).bits;
    }
}

static double add_weights(struct energy *energy, const struct counts *counts,
                          const struct energy_scenario *scenario, const struct device *device)
{
    double sum = 0;

    for (uint32_t i = 0; i < counts->weight_count; i++) {
        const struct weight_count *weight = &counts->weight[i];
        struct energy_layer *layer = &energy->layer[weight->layer];
        double bytes = weight_bytes(weight, scenario, device);

        layer->bytes += bytes;
        layer->parameters += weight->is_parameter ? weight->elements : 0;
        layer->nonzero += weight->is_parameter ? weight->nonzero : 0;
        sum += bytes;
    }
    return sum;
}

static void add_up(struct energy *energy, const struct counts *counts)
{
    for (uint32_t i = 0; i < energy->layer_count; i++) {
        struct energy_layer *layer = &energy->layer[i];
        layer->joules = layer->mac + layer->weights + layer->activations;
        energy->mac += layer->mac;
        energy->weights += layer->weights;
        energy->activations += layer->activations;
    }
    energy->joules = energy->mac + energy->weights + energy->activations + energy->fixed;
    if (counts->reason) {
        energy->reason = counts->reason;
        energy->joules = NAN;
    }
}

// Seconds at the profile's peak; NaN where a precision has no peak.
static double seconds_at_peak(const struct energy_question *question)
{
    double seconds = 0;

    for (uint32_t i = 0; i < question->counts->node_count; i++) {
        const struct node_count *node = &question->counts->node[i];
        struct number_type weight = scenario_type(question->scenario, node->weight);
        struct number_type activation = scenario_type(question->scenario, node->activation);
        int precision = node->macs > 0 ? precision_of(&weight, &activation) : -1;

        if (isnan(node->macs) || (node->macs > 0 && precision < 0))
            return NAN;
        if (node->macs > 0)
            seconds += node->macs / question->device->peak_macs_per_second[precision];
    }
    return seconds;
}

// A board that runs draws nearly the same power whatever it runs: time follows from joules.
static double seconds_at_power(double joules, const struct device *device)
{
    return device->run_watts > 0 ? joules / device->run_watts : NAN;
}

static void add_time(struct energy *energy, const struct energy_question *question)
{
    if (isnan(energy->seconds))
        energy->seconds = seconds_at_power(energy->joules, question->device);
    if (isnan(energy->joules) || question->scenario->batch != 1)
        energy->seconds = NAN;
    energy->watts = energy->joules / energy->seconds;
    if (isnan(energy->utilisation))
        energy->utilisation = seconds_at_peak(question) / energy->seconds;
}

// Weights lie in the flash, activations in the RAM; without a flash both lie in the RAM. One memory
// that is too small is enough to know that a network does not fit; that it does takes all.
static void judge_fit(struct energy *energy, const struct energy_question *question)
{
    double flash = question->device->flash_bytes, ram = question->device->ram_bytes;
    double peak = question->counts->peak_activation_bytes * question->scenario->batch;

    energy->flash_needed = isnan(flash) ? NAN : question->weight_bytes;
    energy->ram_needed = isnan(flash) ? peak + question->weight_bytes : peak;
    energy->fits = FITS_UNKNOWN;
    if (energy->ram_needed <= ram && (isnan(flash) || energy->flash_needed <= flash))
        energy->fits = FITS;
    if (energy->flash_needed > flash || energy->ram_needed > ram)
        energy->fits = FITS_NOT;
}

void energy_of_scenario(struct energy *energy, const struct counts *counts,
                        const struct energy_scenario *scenario, const struct device *device)
{
    struct energy_scenario at = *scenario;
    struct energy_question question = {counts, device, &at, 0};

    at.batch = fmax(at.batch, device->batch);
    *energy = (struct energy){.arena = arena_new(),
                              .layer_count = counts->node_count,
                              .batch = at.batch,
                              .seconds = NAN,
                              .seconds_low = NAN,
                              .seconds_high = NAN,
                              .utilisation = NAN};
    energy->layer = arena_array(energy->arena, struct energy_layer, counts->node_count);
    question.weight_bytes = add_weights(energy, counts, scenario, device);
    energy->weights_are_on_chip = scenario_is_on_chip(&question);
    name_layers(energy, counts, scenario);
    device_kinds[device->kind]->estimate(energy, &question);
    add_up(energy, counts);
    add_time(energy, &question);
    judge_fit(energy, &question);
}

void energy_init_batch(struct energy *energy, const struct counts *counts,
                       const struct device *device, double batch)
{
    struct energy_scenario as_is = {0, false, LEVEL_OWN, batch};
    double factor = 1 + device->error_percent / 100, dram;

    energy_of_scenario(energy, counts, &as_is, device);
    // DRAM of one kind differs from maker to maker; the profile's error comes on top.
    dram = energy->weights_are_on_chip ? 0 : energy->weights;
    energy->low = (energy->joules - dram * (1 - device->dram_least)) / factor;
    energy->high = (energy->joules + dram * (device->dram_most - 1)) * factor;
    if (energy->seconds ==
        seconds_at_power(energy->joules,
                         device)) { // time that follows from joules is as uncertain as they are
        energy->seconds_low = seconds_at_power(energy->low, device);
        energy->seconds_high = seconds_at_power(energy->high, device);
    }
}

void energy_init(struct energy *energy, const struct counts *counts, const struct device *device)
{
    energy_init_batch(energy, counts, device, 1);
}

struct energy_sum energy_of_work(const struct device *device, const struct energy_work *work,
                                 double batch)
{
    struct energy_sum sum = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};

    if (!device_kinds[device->kind]->work)
        return sum;
    device_kinds[device->kind]->work(device, work, batch, &sum);
    sum.joules = sum.mac + sum.weights + sum.activations + sum.fixed;
    if (isnan(sum.seconds))
        sum.seconds = seconds_at_power(sum.joules, device);
    sum.watts = sum.joules / sum.seconds;
    return sum;
}

void energy_clear(struct energy *energy)
{
    if (energy->arena)
        arena_free(energy->arena);
    *energy = (struct energy){.arena = NULL};
}
