// The primitive kind: sums of operations and memory accesses. Horowitz, ISSCC 2014; Han et al.,
// NIPS 2015, for the memory levels.
#include <math.h>

#include "energy/kinds.h"

// Ranges: below, joules stand for picojoules; 0 is none.
#define NUMBER(path, member, unit, min, max)                                                       \
    PROFILE_NUMBER(struct device, path, member, unit, min, max, PROFILE_OR_ZERO)

static const struct profile_number numbers[] = {
    NUMBER("mac_pj.float32", mac_f32, 1e-12, 1e-4, 1e6),
    NUMBER("mac_pj.float16", mac_f16, 1e-12, 1e-4, 1e6),
    NUMBER("mac_pj.bfloat16", mac_bf16, 1e-12, 1e-4, 1e6),
    NUMBER("mac_pj.ternary", mac_ternary, 1e-12, 1e-4, 1e6),
    NUMBER("mac_pj.integer.product", integer_product, 1e-12, 1e-4, 1e6),
    NUMBER("mac_pj.integer.exponent", integer_exponent, 1, 0, 4),
    NUMBER("mac_pj.integer.accumulate", integer_accumulate, 1e-12, 1e-4, 1e6),
    NUMBER("memory.sram_pj_per_32_bits", sram_32_bits, 1e-12, 1e-2, 1e6),
    NUMBER("memory.dram_pj_per_32_bits", dram_32_bits, 1e-12, 1e-1, 1e6),
    NUMBER("memory.on_chip_bytes", on_chip_bytes, 1, 1, 1e15),
};

// How the two memories may be told instead: an SRAM whose cost grows with its size, joules for 64
// bits = first * (bytes / at_bytes)^exponent; a DRAM with what is typical and how far it differs.
struct memory {
    double first, at_bytes, exponent, buffer_bytes;
    double least, typical, most; // joules for a byte
    double scale_to_nm;
};

#define MEMORY(path, member, unit, min, max)                                                       \
    PROFILE_NUMBER(struct memory, path, member, unit, min, max, PROFILE_OPTIONAL)

static const struct profile_number memory_numbers[] = {
    MEMORY("memory.sram.pj_per_64_bits", first, 1e-12, 1e-2, 1e6),
    MEMORY("memory.sram.at_bytes", at_bytes, 1, 64, 1e15),
    MEMORY("memory.sram.exponent", exponent, 1, 0, 2),
    MEMORY("memory.buffer_bytes", buffer_bytes, 1, 1, 1e15),
    MEMORY("memory.dram_pj_per_byte.min", least, 1e-12, 1e-2, 1e6),
    MEMORY("memory.dram_pj_per_byte.typ", typical, 1e-12, 1e-2, 1e6),
    MEMORY("memory.dram_pj_per_byte.max", most, 1e-12, 1e-2, 1e6),
    MEMORY("scale_to_nm", scale_to_nm, 1, 1, 1000),
};

static enum status read_sram(struct profile *profile, const struct memory *memory,
                             struct device *device)
{
    double buffer = memory->buffer_bytes;

    if (isnan(memory->first) == isnan(device->sram_32_bits))
        return context_fail(profile->context, ERR_FORMAT,
                            "'memory' wants one of 'sram_pj_per_32_bits' and 'sram'");
    device->buffer_32_bits = device->sram_32_bits;
    if (isnan(memory->first))
        return OK;
    if (isnan(memory->at_bytes) || isnan(memory->exponent) || isinf(device->on_chip_bytes))
        return context_fail(profile->context, ERR_FORMAT,
                            "'memory.sram' wants 'at_bytes', 'exponent' and, beside it, "
                            "'on_chip_bytes'");
    if (isnan(buffer))
        buffer = device->on_chip_bytes;
    device->sram_32_bits =
        memory->first / 2 * pow(device->on_chip_bytes / memory->at_bytes, memory->exponent);
    device->buffer_32_bits = memory->first / 2 * pow(buffer / memory->at_bytes, memory->exponent);
    return OK;
}

static enum status read_dram(struct profile *profile, const struct memory *memory,
                             struct device *device)
{
    if (isnan(memory->typical) == isnan(device->dram_32_bits))
        return context_fail(profile->context, ERR_FORMAT,
                            "'memory' wants one of 'dram_pj_per_32_bits' and 'dram_pj_per_byte'");
    if (isnan(memory->typical))
        return OK;
    if (!(memory->least <= memory->typical && memory->typical <= memory->most))
        return context_fail(profile->context, ERR_FORMAT,
                            "'memory.dram_pj_per_byte' wants 'min' <= 'typ' <= 'max'");
    device->dram_32_bits = memory->typical * 4;
    device->dram_least = memory->least / memory->typical;
    device->dram_most = memory->most / memory->typical;
    return OK;
}

// From one process to another: from 45 to 7 nm arithmetic and SRAM took 2.6 times less (Jouppi et
// al., ISCA 2021, geometric mean), and as much by each halving between. DRAM is another chip.
static enum status scale(struct profile *profile, const struct memory *memory,
                         struct device *device)
{
    double *const scaled[] = {&device->mac_f32,         &device->mac_f16,
                              &device->mac_bf16,        &device->mac_ternary,
                              &device->integer_product, &device->integer_accumulate,
                              &device->sram_32_bits,    &device->buffer_32_bits};
    double part;

    if (isnan(memory->scale_to_nm))
        return OK;
    if (isnan(device->node_nm))
        return context_fail(profile->context, ERR_FORMAT, "'scale_to_nm' wants a 'node_nm'");
    part = pow(2.6, -log2(device->node_nm / memory->scale_to_nm) / log2(45.0 / 7));
    for (size_t i = 0; i < sizeof scaled / sizeof scaled[0]; i++)
        *scaled[i] *= part;
    return OK;
}

static enum status read(struct profile *profile, struct device *device)
{
    struct memory memory;

    TRY(profile_numbers(profile, "", numbers, PROFILE_ROWS(numbers), device));
    TRY(profile_numbers(profile, "", memory_numbers, PROFILE_ROWS(memory_numbers), &memory));
    if (isnan(device->on_chip_bytes))
        device->on_chip_bytes = INFINITY;
    if (!device->boundary)
        device->boundary = "datapath";
    TRY(read_sram(profile, &memory, device));
    TRY(read_dram(profile, &memory, device));
    return scale(profile, &memory, device);
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

static void add_mac(struct energy *energy, const struct energy_question *question, uint32_t at)
{
    const struct node_count *node = &question->counts->node[at];
    struct number_type weight = scenario_type(question->scenario, node->weight);
    struct number_type activation = scenario_type(question->scenario, node->activation);
    double each = primitive_mac(question->device, &weight, &activation);

    energy->layer[at].mac = scenario_macs(question, node) * each;
    if (isnan(each))
        energy_no_figure(energy, node, &weight, &activation);
}

static void estimate(struct energy *energy, const struct energy_question *question)
{
    const struct counts *counts = question->counts;
    const struct energy_scenario *scenario = question->scenario;
    const struct device *device = question->device;
    double each = (energy->weights_are_on_chip ? device->sram_32_bits : device->dram_32_bits) / 4;

    for (uint32_t i = 0; i < counts->node_count; i++) {
        if (counts->node[i].macs > 0)
            add_mac(energy, question, i);
        energy->layer[i].weights = energy->layer[i].bytes * each / scenario->batch;
    }
    for (uint32_t i = 0; i < counts->activation_count; i++) {
        const struct activation_count *tensor = &counts->activation[i];
        int bits = scenario->reference_bits ? scenario->reference_bits : tensor->bits;
        // Written once and read once.
        energy->layer[tensor->layer].activations +=
            2 * ceil(tensor->elements * bits / 8) * device->buffer_32_bits / 4;
    }
}

static void of_work(const struct device *device, const struct energy_work *work, double batch,
                    struct energy_sum *sum)
{
    static const enum dtype types[PRECISION_COUNT] = {DT_F32, DT_F16, DT_I8};
    const struct number_type type = number_type_of(types[work->precision]);
    bool on_chip = work->weight_bytes <= device->on_chip_bytes;

    sum->mac = work->macs * (device->zero_weights == ZEROS_SKIP ? work->nonzero : 1) *
               primitive_mac(device, &type, &type);
    sum->weights =
        work->weight_bytes * ((on_chip ? device->sram_32_bits : device->dram_32_bits) / 4) / batch;
    sum->activations = work->activation_bytes * device->buffer_32_bits / 4;
    sum->fixed = 0;
}

const struct device_kind kind_primitive = {
    .name = "primitive",
    .read = read,
    .estimate = estimate,
    .work = of_work,
};
