// Joules from counts: sums of operations and memory accesses (Horowitz, ISSCC 2014; Han et al.
// 2015 for the memory levels), or coefficients fitted to a board; see estimate.h.
#include "energy/estimate.h"

#include <math.h>
#include <string.h>

// What is asked about counts: as they are, or with something undone.
struct scenario {
    int reference_bits; // 32, 8: every number in float32 or int8, without scales; 0: as they are
    bool is_dense;      // no zero is left out
    enum { LEVEL_OWN, LEVEL_ON_CHIP, LEVEL_OFF_CHIP } level; // of the weights
};

static struct number_type type_in(const struct scenario *scenario, struct number_type type)
{
    if (scenario->reference_bits == 0)
        return type;
    return number_type_of(scenario->reference_bits == 32 ? DT_F32 : DT_I8);
}

static bool leaves_zeros_out(const struct scenario *scenario, const struct device *device)
{
    return device->skips_zero_weights && !scenario->is_dense;
}

static double weight_bytes(const struct weight_count *weight, const struct scenario *scenario,
                           const struct device *device)
{
    struct number_type type = type_in(scenario, weight->type);

    if (scenario->reference_bits && weight->is_scale)
        return 0;
    return stored_bytes(weight->elements,
                        leaves_zeros_out(scenario, device) ? weight->nonzero : weight->elements,
                        type.bits);
}

static double float_mac(const struct device *device, const struct number_type *a,
                        const struct number_type *b)
{
    enum dtype x = number_is_integer(a) ? b->dtype : a->dtype;
    enum dtype y = number_is_integer(b) ? a->dtype : b->dtype;

    if (x == DT_F64 || y == DT_F64 || x == DT_NONE || y == DT_NONE)
        return NAN;
    if (x == y && x == DT_F16)
        return device->mac_f16;
    if (x == y && x == DT_BF16)
        return device->mac_bf16;
    return device->mac_f32;
}

static double primitive_mac(const struct device *device, const struct number_type *weight,
                            const struct number_type *activation)
{
    if (!number_is_integer(weight) || !number_is_integer(activation))
        return float_mac(device, weight, activation);
    if ((weight->is_ternary || activation->is_ternary) && !isnan(device->mac_ternary))
        return device->mac_ternary;
    return device->integer_product *
               pow(weight->bits * activation->bits / 64.0, device->integer_exponent) +
           device->integer_accumulate;
}

// Processors without narrower multipliers compute in the container: int4 costs what int8 does.
static const struct device_fit *fit_of(const struct device *device,
                                       const struct number_type *weight,
                                       const struct number_type *activation)
{
    bool integers = number_is_integer(weight) && number_is_integer(activation);

    if (integers)
        return weight->bits <= 8 && activation->bits <= 8 ? &device->fit[PRECISION_I8] : NULL;
    if (weight->dtype == DT_F16 && activation->dtype == DT_F16)
        return &device->fit[PRECISION_F16];
    if (weight->dtype == DT_F32 || activation->dtype == DT_F32)
        return &device->fit[PRECISION_F32];
    return NULL;
}

static void set_reason(struct energy *energy, const struct node_count *node,
                       const struct number_type *weight, const struct number_type *activation)
{
    struct text text;

    if (energy->reason)
        return;
    text_init(&text);
    text_add(&text, "node '");
    text_add_escaped(&text, node->name, strlen(node->name));
    text_format(&text, "' (%s): the profile has no figure for %s%d weights by %s%d activations",
                node->op, number_is_integer(weight) ? "int" : "float", weight->bits,
                number_is_integer(activation) ? "int" : "float", activation->bits);
    energy->reason = arena_copy_text(energy->arena, text.at);
    text_clear(&text);
}

static void add_primitive_mac(struct energy *energy, const struct node_count *node,
                              const struct scenario *scenario, const struct device *device,
                              struct energy_layer *layer)
{
    struct number_type weight = type_in(scenario, node->weight);
    struct number_type activation = type_in(scenario, node->activation);
    double macs = leaves_zeros_out(scenario, device) ? node->macs_nonzero : node->macs;
    double each = primitive_mac(device, &weight, &activation);

    layer->mac = macs * each;
    if (isnan(each))
        set_reason(energy, node, &weight, &activation);
}

static void add_fitted_mac(struct energy *energy, const struct node_count *node,
                           const struct scenario *scenario, const struct device *device,
                           struct energy_layer *layer)
{
    struct number_type weight = type_in(scenario, node->weight);
    struct number_type activation = type_in(scenario, node->activation);
    const struct device_fit *fit = fit_of(device, &weight, &activation);
    double macs = leaves_zeros_out(scenario, device) ? node->macs_nonzero : node->macs;
    int output_bits = scenario->reference_bits ? scenario->reference_bits : node->output_bits;

    if (!fit || isnan(fit->fixed)) {
        layer->mac = NAN;
        set_reason(energy, node, &weight, &activation);
        return;
    }
    layer->mac = macs * (node->is_depthwise ? fit->depthwise_mac : fit->mac);
    layer->weights = layer->bytes * (fit->weight_byte + fit->byte);
    layer->activations =
        (node->input_elements * activation.bits + node->output_elements * output_bits) / 8 *
        fit->byte;
    energy->fixed = fit->fixed > energy->fixed ? fit->fixed : energy->fixed;
}

static void add_macs(struct energy *energy, const struct counts *counts,
                     const struct scenario *scenario, const struct device *device)
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
        layer->weight_bits = type_in(scenario, node->weight).bits;
        layer->activation_bits = type_in(scenario, node->activation).bits;
        if (device->kind == DEVICE_PRIMITIVE)
            add_primitive_mac(energy, node, scenario, device, layer);
        else
            add_fitted_mac(energy, node, scenario, device, layer);
    }
}

static double add_weights(struct energy *energy, const struct counts *counts,
                          const struct scenario *scenario, const struct device *device)
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

static void add_memory(struct energy *energy, const struct counts *counts, double bytes,
                       const struct scenario *scenario, const struct device *device)
{
    double each;

    energy->weights_are_on_chip = scenario->level == LEVEL_OWN ? bytes <= device->on_chip_bytes
                                                               : scenario->level == LEVEL_ON_CHIP;
    each = (energy->weights_are_on_chip ? device->sram_32_bits : device->dram_32_bits) / 4;
    for (uint32_t i = 0; i < counts->node_count; i++)
        energy->layer[i].weights = energy->layer[i].bytes * each;
    for (uint32_t i = 0; i < counts->activation_count; i++) {
        const struct activation_count *tensor = &counts->activation[i];
        int bits = scenario->reference_bits ? scenario->reference_bits : tensor->bits;
        // Written once and read once.
        energy->layer[tensor->layer].activations +=
            2 * ceil(tensor->elements * bits / 8) * device->sram_32_bits / 4;
    }
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

static void estimate(struct energy *energy, const struct counts *counts,
                     const struct scenario *scenario, const struct device *device)
{
    double bytes;

    *energy = (struct energy){.arena = arena_new(), .layer_count = counts->node_count};
    energy->layer = arena_array(energy->arena, struct energy_layer, counts->node_count);
    bytes = add_weights(energy, counts, scenario, device);
    add_macs(energy, counts, scenario, device);
    if (device->kind == DEVICE_PRIMITIVE)
        add_memory(energy, counts, bytes, scenario, device);
    add_up(energy, counts);
    energy->fits = FITS_UNKNOWN;
    if (!isnan(device->flash_bytes) && !isnan(device->ram_bytes) &&
        !isnan(counts->peak_activation_bytes))
        energy->fits =
            bytes <= device->flash_bytes && counts->peak_activation_bytes <= device->ram_bytes
                ? FITS
                : FITS_NOT;
}

void energy_init(struct energy *energy, const struct counts *counts, const struct device *device)
{
    struct scenario as_is = {0, false, LEVEL_OWN};
    double factor = 1 + device->error_percent / 100;

    estimate(energy, counts, &as_is, device);
    energy->low = energy->joules / factor;
    energy->high = energy->joules * factor;
}

void energy_clear(struct energy *energy)
{
    if (energy->arena)
        arena_free(energy->arena);
    *energy = (struct energy){.arena = NULL};
}

static double joules_of(const struct counts *counts, const struct device *device,
                        const struct scenario *scenario, bool *on_chip)
{
    struct energy energy;
    double joules;

    estimate(&energy, counts, scenario, device);
    joules = energy.joules;
    if (on_chip)
        *on_chip = energy.weights_are_on_chip;
    energy_clear(&energy);
    return joules;
}

struct steps {
    double own, reference, dense, moved;
};

static struct steps steps_of(const struct counts *counts, const struct device *device, int bits,
                             bool baseline_is_on_chip)
{
    struct steps steps;
    bool on_chip;

    steps.own = joules_of(counts, device, &(struct scenario){0, false, LEVEL_OWN}, &on_chip);
    // The memory stays where the whole network has it until the step that moves it.
    struct scenario at = {bits, false, on_chip ? LEVEL_ON_CHIP : LEVEL_OFF_CHIP};
    steps.reference = joules_of(counts, device, &at, NULL);
    at.is_dense = true;
    steps.dense = joules_of(counts, device, &at, NULL);
    at.level = baseline_is_on_chip ? LEVEL_ON_CHIP : LEVEL_OFF_CHIP;
    steps.moved = joules_of(counts, device, &at, NULL);
    return steps;
}

void energy_compare(const struct counts *baseline, const struct device *baseline_device,
                    const struct counts *model, const struct device *device,
                    struct energy_ratio *ratio)
{
    const struct scenario as_is = {0, false, LEVEL_OWN};
    double factor = 1 + device->ratio_error_percent / 100, at_home;
    struct steps a, b;
    bool on_chip;

    at_home = joules_of(baseline, baseline_device, &as_is, NULL);
    joules_of(baseline, device, &as_is, &on_chip);
    a = steps_of(baseline, device, 32, on_chip);
    b = steps_of(model, device, 32, on_chip);
    if (isnan(a.moved) || isnan(b.moved)) {
        a = steps_of(baseline, device, 8, on_chip);
        b = steps_of(model, device, 8, on_chip);
    }
    ratio->hardware = strcmp(baseline_device->sha256, device->sha256) ? at_home / a.own : 1;
    ratio->energy = ratio->hardware == 1 ? a.own / b.own : at_home / b.own;
    ratio->low = ratio->energy / factor;
    ratio->high = ratio->energy * factor;
    ratio->bits = (a.own / a.reference) / (b.own / b.reference);
    ratio->sparsity = (a.reference / a.dense) / (b.reference / b.dense);
    ratio->memory = (a.dense / a.moved) / (b.dense / b.moved);
    ratio->architecture = a.moved / b.moved;
}
