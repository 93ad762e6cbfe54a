// The sparse-engine kind: processing elements that skip zeros of weights and of activations, and
// draw nearly the same power whatever they do. Han, Liu, Mao et al., EIE, ISCA 2016; power by
// part: the same paper, table II.
#include <math.h>

#include "energy/format.h"
#include "energy/kinds.h"

struct engine {
    double pes, clock_mhz, watts, utilisation;
    double sram_bytes;                   // of the weights; NaN: any
    double activation_nonzero;           // of what a layer reads, where nothing else tells
    double arithmetic_part, weight_part; // of the power; the rest reads and writes activations
};

#define NUMBER(key, unit, min, max, flags)                                                         \
    PROFILE_NUMBER(struct engine, "engine." #key, key, unit, min, max, flags)

static const struct profile_number numbers[] = {
    NUMBER(pes, 1, 1, 1e7, PROFILE_NEEDED),
    NUMBER(clock_mhz, 1e6, 1e-3, 1e5, PROFILE_NEEDED),
    NUMBER(watts, 1, 1e-4, 1e6, PROFILE_NEEDED),
    NUMBER(utilisation, 1, 1e-6, 1, PROFILE_NEEDED),
    NUMBER(sram_bytes, 1, 1, 1e15, PROFILE_OR_ZERO),
    NUMBER(activation_nonzero, 1, 0, 1, PROFILE_OPTIONAL),
    NUMBER(arithmetic_part, 1, 0, 1, PROFILE_NEEDED),
    NUMBER(weight_part, 1, 0, 1, PROFILE_NEEDED),
};

static enum status read(struct profile *profile, struct device *device)
{
    struct engine *engine = arena_alloc(device->arena, sizeof *engine);

    device->own = engine;
    TRY(profile_numbers(profile, "", numbers, PROFILE_ROWS(numbers), engine));
    if (engine->arithmetic_part + engine->weight_part > 1)
        return context_fail(profile->context, ERR_FORMAT,
                            "'engine.arithmetic_part' and 'engine.weight_part' are more than all");
    if (isnan(device->index_bits))
        return context_fail(profile->context, ERR_FORMAT,
                            "'kind' is 'sparse-engine', which wants 'index_bits'");
    if (isnan(engine->activation_nonzero))
        engine->activation_nonzero = 1;
    if (isnan(device->flash_bytes))
        device->flash_bytes = engine->sram_bytes;
    device->on_chip_bytes = isnan(engine->sram_bytes) ? INFINITY : engine->sram_bytes;
    return OK;
}

// time = pairs that are stored x activations that are not zero / (elements x clock x utilisation)
static void of_work(const struct device *device, const struct energy_work *work, double batch,
                    struct energy_sum *sum)
{
    const struct engine *engine = device->own;
    double stored = work->nonzero > 0
                        ? work->nonzero * format_run_padding(work->nonzero, device->index_bits)
                        : exp2(-device->index_bits);
    double each = engine->pes * engine->clock_mhz * engine->utilisation;
    double joules;

    (void)batch; // it takes one vector after the other
    sum->seconds = work->macs * fmin(stored, 1) * work->nonzero_activations / each;
    joules = sum->seconds * engine->watts;
    sum->mac = joules * engine->arithmetic_part;
    sum->weights = joules * engine->weight_part;
    sum->activations = joules - sum->mac - sum->weights;
    sum->fixed = 0;
}

static void estimate(struct energy *energy, const struct energy_question *question)
{
    const struct engine *engine = question->device->own;

    energy->seconds = 0;
    energy->utilisation = engine->utilisation;
    for (uint32_t i = 0; i < question->counts->node_count; i++) {
        const struct node_count *node = &question->counts->node[i];
        struct energy_work work = {.macs = node->macs, .nonzero = 1};
        struct energy_sum sum;

        if (!(node->macs > 0))
            continue;
        if (scenario_skips_zeros(question->scenario, question->device))
            work.nonzero = node->macs_nonzero / node->macs;
        work.nonzero_activations = engine->activation_nonzero;
        of_work(question->device, &work, 1, &sum);
        energy->layer[i].mac = sum.mac;
        energy->layer[i].weights = sum.weights;
        energy->layer[i].activations = sum.activations;
        energy->seconds += sum.seconds;
    }
}

const struct device_kind kind_sparse_engine = {
    .name = "sparse-engine",
    .read = read,
    .estimate = estimate,
    .work = of_work,
};
