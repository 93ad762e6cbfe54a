// Where values live in a group's memory. Running only: values whose lifetimes do not overlap share
// memory (greedy by size, best fit: Pisarchyk and Lee 2020). Training keeps every value; gradients
// share memory: one lives, backwards, from the last step that reads its value to the one that makes
// it.
#include "exec/program_internal.h"

static void use(struct program *program, uint32_t slot, int step)
{
    struct slot *at;

    if (slot == UINT32_MAX)
        return;
    at = &program->slot[program->slot[slot].alias_of];
    if (at->first_use < 0 || step < at->first_use)
        at->first_use = step < 0 ? 0 : step;
    if (step > at->last_use)
        at->last_use = step;
}

static void find_lifetimes(struct program *program)
{
    for (uint32_t i = 0; i < program->graph->input_count; i++)
        use(program, program->graph->input[i].at, 0);
    for (uint32_t i = 0; i < program->graph->input_count; i++) {
        const struct step *entry = program->slot[program->graph->input[i].at].entry;
        use(program, entry ? entry->output[0] : UINT32_MAX, 0);
    }
    for (int s = 0; s < program->step_count; s++) {
        const struct step *step = &program->step[s];
        for (int i = 0; i < step->node->input_count; i++)
            use(program, step->input[i], s);
        for (int i = 0; i < step->node->output_count; i++)
            use(program, step->output[i], s);
        use(program, step->addend, s);
        if (step->attention) {
            use(program, step->attention->mask, s);
            use(program, step->attention->values, s);
        }
    }
    for (uint32_t i = 0; i < program->graph->output_count; i++)
        use(program, program->graph->output[i].at, program->step_count);
}

// Of 16 samples: a multiple of 64.
static size_t slot_bytes(const struct slot *slot)
{
    size_t pixels = slot->channels ? slot->size / slot->channels : 0;

    return slot->kind == SLOT_U8 ? n16c4_bytes((int)slot->channels, pixels)
                                 : slot->size * N16_LANES * sizeof(float);
}

static bool overlap(const struct slot *a, const struct slot *b)
{
    return a->first_use <= b->last_use && b->first_use <= a->last_use;
}

static size_t *place_of(struct slot *slot, bool is_grad)
{
    return is_grad ? &slot->grad : &slot->offset;
}

// The lowest offset from `at` on where `slot` fits beside those placed before it.
static size_t find_place(const struct program *program, const uint32_t *placed, uint32_t count,
                         const struct slot *slot, bool is_grad, size_t at)
{
    size_t need = slot_bytes(slot);

    for (uint32_t tries = 0; tries <= count; tries++) {
        bool is_free = true;
        for (uint32_t i = 0; i < count; i++) {
            struct slot *other = &program->slot[placed[i]];
            size_t start = *place_of(other, is_grad), end = start + slot_bytes(other);
            if (overlap(slot, other) && at < end && start < at + need) {
                at = end;
                is_free = false;
            }
        }
        if (is_free)
            break;
    }
    return at;
}

// Largest first, then by id: insertion sort, the lists are short.
static void sort_by_size(const struct program *program, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t id = order[i], j = i;
        for (; j > 0 && slot_bytes(&program->slot[order[j - 1]]) < slot_bytes(&program->slot[id]);
             j--)
            order[j] = order[j - 1];
        order[j] = id;
    }
}

static void place_shared(struct program *program, uint32_t *order, uint32_t count, bool is_grad)
{
    size_t from = program->group_bytes;

    sort_by_size(program, order, count);
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = &program->slot[order[i]];
        size_t at = find_place(program, order, i, slot, is_grad, from);
        *place_of(slot, is_grad) = at;
        if (at + slot_bytes(slot) > program->group_bytes)
            program->group_bytes = at + slot_bytes(slot);
    }
}

// Whether its last reader surely writes the gradient before anyone adds to it or reads it. Others
// count on finding zeros.
static bool is_grad_written(const struct program *program, uint32_t id)
{
    const struct slot *slot = &program->slot[id];
    const struct lowering *row;

    if (slot->last_use >= program->step_count || slot->last_use == slot->first_use)
        return false;
    row = program->step[slot->last_use].row;
    return row->backward && row != &lowering_reference;
}

static void place_apart(struct program *program, const uint32_t *order, uint32_t count)
{
    uint32_t *shared = arena_array(program->arena, uint32_t, count + 1), shared_count = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = &program->slot[order[i]];
        slot->offset = program->group_bytes;
        program->group_bytes += slot_bytes(slot);
        if (!program->options.is_training ||
            (!slot->wants_grad && !graph_is_output(program->graph, (struct value_id){order[i]})))
            continue;
        if (is_grad_written(program, order[i])) {
            shared[shared_count++] = order[i];
            continue;
        }
        slot->grad = program->group_bytes;
        program->group_bytes += slot_bytes(slot);
    }
    place_shared(program, shared, shared_count, true);
}

static bool has_memory(const struct program *program, uint32_t id)
{
    const struct slot *slot = &program->slot[id];

    return (slot->kind == SLOT_LANES || slot->kind == SLOT_U8) && slot->alias_of == id &&
           slot->first_use >= 0;
}

void plan_memory(struct program *program)
{
    uint32_t *order = arena_array(program->arena, uint32_t, 2 * program->graph->value_count + 1);
    uint32_t count = 0;

    find_lifetimes(program);
    for (uint32_t i = 0; i < 2 * program->graph->value_count; i++)
        if (has_memory(program, i))
            order[count++] = i;
    if (program->options.is_training || program->options.keeps_values)
        place_apart(program, order, count);
    else
        place_shared(program, order, count, false);
}

// ---- looking at it ------------------------------------------------------------------------------

static size_t alive_at(const struct program *program, int step)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < 2 * program->graph->value_count; i++) {
        const struct slot *slot = &program->slot[i];
        if (has_memory(program, i) && slot->first_use <= step && step <= slot->last_use)
            bytes += slot_bytes(slot);
    }
    return bytes;
}

struct program_memory program_memory(const struct program *program)
{
    struct program_memory memory = {.weights = program->weight_bytes,
                                    .group = program->group_bytes,
                                    .scratch = program->scratch_bytes};

    for (int s = 0; s < program->step_count; s++) {
        size_t alive = alive_at(program, s);
        if (alive <= memory.alive)
            continue;
        memory.alive = alive;
        memory.peak = program->step[s].node;
    }
    return memory;
}
