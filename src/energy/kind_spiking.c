// The spiking kind: energy by synaptic operation, one for each spike that arrives at a connection,
// by update of a neuron, and a fixed part. Davies et al., Loihi, IEEE Micro 2018; the fixed part
// is most of it where networks are small: Blouw et al., Benchmarking keyword spotting efficiency on
// neuromorphic hardware, NICE 2019.
#include <math.h>

#include "energy/kinds.h"

struct spiking {
    double synop, neuron, fixed;
    double spikes_per_connection; // in one inference, all time steps together
    double timesteps;
};

// Ranges: below, joules stand for picojoules (as src/validate/terms.def); 0 is none.
#define NUMBER(key, member, unit, min, max)                                                        \
    PROFILE_NUMBER(struct spiking, "spiking." key, member, unit, min, max,                         \
                   PROFILE_NEEDED | PROFILE_OR_ZERO)

static const struct profile_number numbers[] = {
    NUMBER("synop_pj", synop, 1e-12, 1e-2, 1e7),
    NUMBER("neuron_pj", neuron, 1e-12, 1e-2, 1e7),
    NUMBER("fixed_mj", fixed, 1e-3, 1e-7, 1e9),
    NUMBER("spikes_per_connection", spikes_per_connection, 1, 1e-6, 1e6),
    NUMBER("timesteps", timesteps, 1, 1, 1e6),
};

static enum status read(struct profile *profile, struct device *device)
{
    struct spiking *spiking = arena_alloc(device->arena, sizeof *spiking);

    device->own = spiking;
    return profile_numbers(profile, "", numbers, PROFILE_ROWS(numbers), spiking);
}

// A dense multiply-accumulate is a connection that is used once.
static void of_work(const struct device *device, const struct energy_work *work, double batch,
                    struct energy_sum *sum)
{
    const struct spiking *spiking = device->own;
    double connections = work->macs * (device->zero_weights == ZEROS_SKIP ? work->nonzero : 1);

    (void)batch; // one inference after the other: nothing is shared
    sum->mac = connections * spiking->spikes_per_connection * spiking->synop;
    sum->weights = 0; // they lie where they are used
    sum->activations = work->neurons * spiking->timesteps * spiking->neuron;
    sum->fixed = spiking->fixed;
}

static void estimate(struct energy *energy, const struct energy_question *question)
{
    const struct spiking *spiking = question->device->own;

    for (uint32_t i = 0; i < question->counts->node_count; i++) {
        const struct node_count *node = &question->counts->node[i];
        struct energy_work work = {
            .macs = scenario_macs(question, node), .neurons = node->output_elements, .nonzero = 1};
        struct energy_sum sum;

        if (!(node->macs > 0))
            continue;
        of_work(question->device, &work, 1, &sum);
        energy->layer[i].mac = sum.mac;
        energy->layer[i].activations = sum.activations;
    }
    energy->fixed = spiking->fixed;
}

const struct device_kind kind_spiking = {
    .name = "spiking",
    .read = read,
    .estimate = estimate,
    .work = of_work,
};
