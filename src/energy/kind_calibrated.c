// The calibrated kind: coefficients that were fitted to measurements of a board with one runtime.
#include <math.h>

#include "energy/kinds.h"

// Ranges: below, joules stand for picojoules (as src/validate/terms.def); 0 is none.
#define NUMBER(path, member, unit, min, max, flags)                                                \
    PROFILE_NUMBER(struct device_fit, path, member, unit, min, max, PROFILE_OR_ZERO | (flags))

static const struct profile_number fit_numbers[] = {
    NUMBER("mac_pj", mac, 1e-12, 1e-2, 1e6, PROFILE_NEEDED),
    NUMBER("fixed_mj", fixed, 1e-3, 1e-7, 1e9, 0),
    NUMBER("depthwise_mac_pj", depthwise_mac, 1e-12, 1e-2, 1e6, 0),
    NUMBER("weight_byte_pj", weight_byte, 1e-12, 1e-2, 1e7, 0),
    NUMBER("byte_pj", byte, 1e-12, 1e-2, 1e7, 0),
};

#define MEMORY(path, member, unit, min, max)                                                       \
    PROFILE_NUMBER(struct device, "memory." path, member, unit, min, max, PROFILE_OR_ZERO)

static const struct profile_number memory_numbers[] = {
    MEMORY("on_chip_bytes", on_chip_bytes, 1, 1, 1e15),
    MEMORY("off_chip_byte_pj", off_chip_byte, 1e-12, 1e-2, 1e7),
};

static double or_else(double number, double other)
{
    return isnan(number) ? other : number;
}

static enum status read_fit(struct profile *profile, enum device_precision precision,
                            struct device_fit *fit)
{
    const char *path = arena_format(profile->arena, "fit.%s", precision_name[precision]);
    const struct json *item = profile_item(profile, path);

    *fit = (struct device_fit){NAN, NAN, NAN, NAN, NAN};
    if (!item)
        return OK;
    TRY(profile_numbers(profile, arena_format(profile->arena, "%s.", path), fit_numbers,
                        PROFILE_ROWS(fit_numbers), fit));
    fit->fixed = or_else(fit->fixed, 0);
    fit->weight_byte = or_else(fit->weight_byte, 0);
    fit->byte = or_else(fit->byte, 0);
    fit->depthwise_mac = or_else(fit->depthwise_mac, fit->mac);
    return OK;
}

static enum status read(struct profile *profile, struct device *device)
{
    static const char *const ways[] = {"sum", "max", NULL};
    int combine;

    for (int i = 0; i < PRECISION_COUNT; i++)
        TRY(read_fit(profile, (enum device_precision)i, &device->fit[i]));
    TRY(profile_choice(profile, "combine", ways, false, &combine));
    device->combine = combine == COMBINE_MAX ? COMBINE_MAX : COMBINE_SUM;
    TRY(profile_numbers(profile, "", memory_numbers, PROFILE_ROWS(memory_numbers), device));
    device->on_chip_bytes = or_else(device->on_chip_bytes, INFINITY);
    device->off_chip_byte = or_else(device->off_chip_byte, 0);
    return OK;
}

// What is left of a layer's arithmetic and weights in spite of its zeros.
static double part_left(const struct device *device, const struct energy_work *work)
{
    double floor = device->zero_weights_floor;

    switch (device->zero_weights) {
    case ZEROS_SKIP:
        return work->nonzero;
    case ZEROS_AFFINE:
        return floor + (1 - floor) * work->nonzero;
    case ZEROS_2_4:
        return work->is_2_4 ? floor + (1 - floor) / 2 : 1;
    case ZEROS_COST:
        break;
    }
    return 1;
}

// Of one layer, or of a network as if it were one.
static void layer_of_work(const struct device *device, const struct energy_work *work, bool on_chip,
                          double batch, struct energy_sum *sum)
{
    const struct device_fit *fit = &device->fit[work->precision];
    double each = fit->weight_byte + fit->byte + (on_chip ? 0 : device->off_chip_byte);

    sum->mac = ((work->macs - work->depthwise_macs) * fit->mac +
                work->depthwise_macs * fit->depthwise_mac) *
               part_left(device, work);
    // That law was fitted to whole joules of a network. Elsewhere less is stored: bytes tell.
    sum->weights = work->weight_bytes * each / batch *
                   (device->zero_weights == ZEROS_AFFINE ? part_left(device, work) : 1);
    sum->activations = work->activation_bytes * fit->byte;
    sum->fixed = fit->fixed / batch;
    if (device->combine == COMBINE_SUM)
        return;
    // The coefficients were fitted with the other part going on beside: the longer one counts.
    if (sum->mac >= sum->weights + sum->activations)
        sum->weights = sum->activations = 0;
    else
        sum->mac = 0;
}

static void of_work(const struct device *device, const struct energy_work *work, double batch,
                    struct energy_sum *sum)
{
    layer_of_work(device, work, work->weight_bytes <= device->on_chip_bytes, batch, sum);
}

static void add_layer(struct energy *energy, const struct energy_question *question, uint32_t at)
{
    const struct energy_scenario *scenario = question->scenario;
    const struct node_count *node = &question->counts->node[at];
    struct energy_layer *layer = &energy->layer[at];
    struct number_type weight = scenario_type(scenario, node->weight);
    struct number_type activation = scenario_type(scenario, node->activation);
    int output_bits = scenario->reference_bits ? scenario->reference_bits : node->output_bits;
    int precision = precision_of(&weight, &activation);
    struct energy_sum sum;

    if (precision < 0 || isnan(question->device->fit[precision].mac)) {
        layer->mac = NAN;
        energy_no_figure(energy, node, &weight, &activation);
        return;
    }
    const struct energy_work work = {
        .macs = node->macs,
        .depthwise_macs = node->is_depthwise ? node->macs : 0,
        .weight_bytes = layer->bytes,
        .activation_bytes =
            (node->input_elements * activation.bits + node->output_elements * output_bits) / 8,
        .precision = (enum device_precision)precision,
        .nonzero = scenario->is_dense ? 1 : node->macs_nonzero / node->macs,
        .is_2_4 = node->is_2_4 && !scenario->is_dense,
    };
    layer_of_work(question->device, &work, energy->weights_are_on_chip, scenario->batch, &sum);
    layer->mac = sum.mac;
    layer->weights = sum.weights;
    layer->activations = sum.activations;
    energy->fixed = sum.fixed > energy->fixed ? sum.fixed : energy->fixed;
}

static void estimate(struct energy *energy, const struct energy_question *question)
{
    for (uint32_t i = 0; i < question->counts->node_count; i++)
        if (question->counts->node[i].macs > 0)
            add_layer(energy, question, i);
}

const struct device_kind kind_calibrated = {
    .name = "calibrated",
    .has_zero_laws = true,
    .read = read,
    .estimate = estimate,
    .work = of_work,
};
