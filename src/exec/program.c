// Compiles a graph into a lowered program: slots, steps, parameters.
#include "exec/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "base/parallel.h"
#include "exec/batch_axis.h"
#include "exec/program_internal.h"
#include "ops/attr.h"

struct block {
    struct block *next;
    void *at;
};

enum { PLAN_CLEARED_MAX = 1 << 20 };

static size_t block_bytes(size_t bytes)
{
    return (bytes + 127) / 64 * 64;
}

// A block as the system gives it.
static void *raw_block(struct program *program, size_t bytes)
{
    struct block *block = arena_alloc(program->arena, sizeof *block);

    block->at = pages_alloc(block_bytes(bytes));
    if (!block->at)
        return NULL;
    block->next = program->blocks;
    program->blocks = block;
    program->block_bytes += block_bytes(bytes);
    return block->at;
}

void *aligned_block(struct program *program, size_t bytes)
{
    void *at = raw_block(program, bytes);

    // A plan's large blocks stay address space that no memory stands behind.
    if (at && !(program->options.is_plan && block_bytes(bytes) > PLAN_CLEARED_MAX))
        memset(at, 0, block_bytes(bytes));
    return at;
}

enum status no_memory(struct context *context)
{
    return context_fail(context, ERR_MEMORY, "no memory to run the model");
}

void need_scratch(struct program *program, size_t bytes)
{
    if (bytes > program->scratch_bytes)
        program->scratch_bytes = bytes;
}

void need_scratch_backward(struct program *program, size_t bytes)
{
    if (program->options.is_training)
        need_scratch(program, bytes);
}

static const struct lowering *const rows[] = {
#define LOWERED(name) &lowering_##name,
#include "exec/lowered.def"
#undef LOWERED
};

bool program_lowers(const char *op_name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i]->op, op_name) == 0)
            return true;
    return false;
}

// ---- slots --------------------------------------------------------------------------------------

static void set_slot(struct program *program, uint32_t id, struct batch_axis axis)
{
    const struct tensor *at16 = &program->inference.of_value[id];
    struct slot *slot = &program->slot[id];

    *slot = (struct slot){.alias_of = id, .parameter = -1, .grad = NO_OFFSET, .first_use = -1};
    slot->is_per_sample = axis.axis == 0 && axis.repeat == 1;
    if (at16->buffer) {
        slot->kind = SLOT_SHARED;
    } else if (slot->is_per_sample && (at16->dtype == DT_F32 || at16->dtype == DT_F16)) {
        slot->kind = SLOT_LANES;
        slot->size = (size_t)(tensor_count(at16) / N16_LANES);
        slot->is_half = at16->dtype == DT_F16;
    } else if (at16->shape.rank >= 0) {
        slot->kind = SLOT_TENSOR;
    }
}

static enum status check_inputs(struct context *context, const struct program *program)
{
    const struct graph *graph = program->graph;

    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct slot *slot = &program->slot[graph->input[i].at];
        if (slot->kind != SLOT_LANES && slot->kind != SLOT_SHARED) // shared: set for all samples
            return context_fail(context, ERR_UNSUPPORTED, "input '%s' does not take floats",
                                graph_value(graph, graph->input[i])->name);
    }
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (program->slot[graph->output[i].at].kind != SLOT_LANES ||
            !dtype_info[program->inference.of_value[graph->output[i].at].dtype].is_float)
            return context_fail(context, ERR_UNSUPPORTED, "output '%s' does not give floats",
                                graph_value(graph, graph->output[i])->name);
    return OK;
}

// Shared halves become float32, which holds them exactly.
static enum status widen_halves(struct context *context, struct program *program)
{
    for (uint32_t i = 0; i < program->graph->value_count; i++) {
        struct tensor *tensor = &program->inference.of_value[i], wide;
        if (tensor->dtype != DT_F16)
            continue;
        if (!tensor->buffer) {
            tensor->dtype = DT_F32; // lanes of float32
            continue;
        }
        TRY(tensor_convert(context, &wide, tensor, DT_F32));
        tensor_release(tensor);
        *tensor = wide;
    }
    return OK;
}

static enum status infer_slots(struct context *context, struct program *program)
{
    struct open_batch open;

    TRY(graph_open_batch(context, program->graph, &program->options.infer, N16_LANES,
                         program->arena, &open));
    if (!open.is_proven)
        return context_fail(context, ERR_UNSUPPORTED, "samples of a batch are not independent: %s",
                            open.reason);
    program->inference = open.inference;
    // Behind the values' slots: one more each, for a value before its fake quantisation.
    program->slot = arena_array(program->arena, struct slot, 2 * program->graph->value_count + 1);
    for (uint32_t i = 0; i < program->graph->value_count; i++)
        set_slot(program, i, open.axis[i]);
    if (!program->options.is_training)
        carry_integers(program);
    TRY(widen_halves(context, program));
    return check_inputs(context, program);
}

// ---- parameters ---------------------------------------------------------------------------------

// A float weight that some node names among its weight inputs.
static bool is_trained(const struct graph *graph, uint32_t id)
{
    const struct value *value = &graph->value[id];

    if (value->role != VALUE_WEIGHT || value->tensor.dtype != DT_F32)
        return false;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        for (int i = 0; i < node->input_count && i < 32; i++)
            if (node->input[i].at == id && (node->op->weight_inputs >> i & 1) &&
                !(node_is(node, "BatchNormalization") && i > 2))
                return true;
    }
    return false;
}

static enum status add_parameter(struct context *context, struct program *program, uint32_t id)
{
    struct parameter *parameter = &program->parameter[program->parameter_count];
    struct tensor *tensor = &program->inference.of_value[id];
    const struct value *value = &program->graph->value[id];
    struct tensor copy;

    TRY(tensor_convert(context, &copy, tensor, DT_F32));
    tensor_release(tensor);
    *tensor = copy;
    *parameter = (struct parameter){.value = {id},
                                    .name = value->name,
                                    .count = (size_t)tensor_count(tensor),
                                    .is_matrix = tensor->shape.rank >= 2,
                                    .data = tensor_write(tensor),
                                    .quant = value->quant};
    parameter->grad = aligned_block(program, parameter->count * sizeof(float));
    if (!parameter->grad)
        return no_memory(context);
    if (value->quant) { // kernels read the quantised copy, the optimizer moves the master
        TRY(tensor_alloc(context, &copy, DT_F32, &tensor->shape));
        parameter->data = aligned_block(program, parameter->count * sizeof(float));
        if (!parameter->data)
            return no_memory(context);
        memcpy(parameter->data, tensor_data(tensor), parameter->count * sizeof(float));
        tensor_release(tensor);
        *tensor = copy;
        parameter->quantized = tensor_write(tensor);
        parameter->scale = arena_array(program->arena, float, parameter->count);
    }
    program->slot[id].parameter = program->parameter_count;
    program->slot[id].wants_grad = true;
    program->partial_offset[program->parameter_count++] = program->partial_count;
    program->partial_count += (parameter->count + 15) / 16 * 16;
    return OK;
}

static enum status find_parameters(struct context *context, struct program *program)
{
    uint32_t count = program->graph->value_count;

    program->parameter = arena_array(program->arena, struct parameter, count + 1);
    program->partial_offset = arena_array(program->arena, size_t, count + 1);
    for (uint32_t i = 0; i < count && program->options.is_training; i++)
        if (is_trained(program->graph, i))
            TRY(add_parameter(context, program, i));
    if (program->partial_count) {
        program->partial = aligned_block(program, program->partial_count * sizeof(float) *
                                                      (size_t)program->options.groups);
        if (!program->partial)
            return no_memory(context);
    }
    return OK;
}

// ---- steps --------------------------------------------------------------------------------------

static void open_step(struct program *program, struct step *step, const struct node *node)
{
    step->node = node;
    step->addend = step->bias = UINT32_MAX;
    step->low = -INFINITY;
    step->high = INFINITY;
    step->macs = NAN;
    inference_call(&program->inference, node, program->arena, &step->call);
    step->call.training = program->options.is_training;
    step->input = arena_array(program->arena, uint32_t, (size_t)node->input_count + 1);
    step->output = arena_array(program->arena, uint32_t, (size_t)node->output_count + 1);
    step->accumulate = arena_array(program->arena, bool, (size_t)node->input_count + 1);
    for (int i = 0; i < node->input_count; i++)
        step->input[i] = node->input[i].at;
    for (int i = 0; i < node->output_count; i++)
        step->output[i] = node->output[i].at;
}

static const struct lowering *choose(const struct program *program, const struct step *step)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !program->options.no_lowering; i++)
        if (node_is(step->node, rows[i]->op) && rows[i]->accepts(program, step))
            return rows[i];
    return &lowering_reference;
}

// All outputs known beforehand (or never wanted): nothing to run.
static bool is_settled(const struct program *program, const struct node *node)
{
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]) && program->slot[node->output[i].at].kind != SLOT_SHARED)
            return false;
    return true;
}

// A node whose inputs are all shared but whose output was too big to fold while inferring: run
// once.
static enum status settle(struct context *context, struct program *program, const struct node *node,
                          bool *is_done)
{
    struct op_call call;

    *is_done = false;
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]) && (program->slot[node->input[i].at].kind != SLOT_SHARED ||
                                             program->slot[node->input[i].at].parameter >= 0))
            return OK;
    if (node->op->traits & OP_RANDOM)
        return OK;
    inference_call(&program->inference, node, program->arena, &call);
    TRY(call_forward(context, node->op, &call));
    for (int i = 0; i < node->output_count; i++)
        if (call.output[i]) {
            program->inference.of_value[node->output[i].at] = *call.output[i];
            program->slot[node->output[i].at].kind = SLOT_SHARED;
        }
    *is_done = true;
    return OK;
}

static void mark_wants_grad(struct program *program, const struct step *step)
{
    bool wants = false;

    for (int i = 0; i < step->node->input_count; i++)
        wants |= step->input[i] != UINT32_MAX && program->slot[step->input[i]].wants_grad;
    for (int i = 0; i < step->node->output_count; i++)
        if (step->output[i] != UINT32_MAX)
            program->slot[step->output[i]].wants_grad = wants;
}

// Adds the rounding of a value whose annotation says so, from a slot of its own behind the values'.
static enum status add_fake_quant(struct context *context, struct program *program, uint32_t id)
{
    const struct value *value = &program->graph->value[id];
    struct step *step = &program->step[program->step_count];
    uint32_t raw = program->graph->value_count + id;
    struct node *node;

    if (!program->options.is_training || !value->quant || value->role == VALUE_WEIGHT ||
        program->slot[id].kind != SLOT_LANES || value->quant->dtype == DT_F16)
        return OK;
    program->slot[raw] = program->slot[id];
    program->slot[raw].alias_of = raw;
    node = arena_alloc(program->arena, sizeof *node);
    *node = (struct node){
        .name = value->name, .op = op_find("QuantizeLinear"), .input_count = 1, .output_count = 1};
    step->node = node;
    step->row = &lowering_fake_quant;
    step->macs = NAN;
    step->addend = step->bias = UINT32_MAX;
    step->input = arena_array(program->arena, uint32_t, 1);
    step->output = arena_array(program->arena, uint32_t, 1);
    step->accumulate = arena_array(program->arena, bool, 1);
    step->input[0] = raw;
    step->output[0] = id;
    program->step_count++;
    return step->row->prepare(context, program, step);
}

// After a step: its outputs that are rounded are written to their raw slots instead.
static enum status add_fake_quants(struct context *context, struct program *program,
                                   struct step *step)
{
    for (int i = 0; i < step->node->output_count; i++) {
        uint32_t id = step->output[i];
        int before = program->step_count;
        if (id == UINT32_MAX)
            continue;
        TRY(add_fake_quant(context, program, id));
        if (program->step_count > before) {
            step->output[i] = program->graph->value_count + id;
            if (program->slot[id].alias_of != id) { // a view, rounded: needs memory of its own
                program->slot[step->output[i]].alias_of = program->slot[id].alias_of;
                program->slot[id].alias_of = id;
            }
        }
    }
    return OK;
}

// What a step reads of weights while it runs: what it packed, or else the weights themselves.
static void count_weights(struct program *program, const struct step *step, size_t packed,
                          bool *is_counted)
{
    program->weight_bytes += packed;
    for (int i = 0; i < step->node->input_count && !packed; i++) {
        uint32_t id = step->input[i];
        if (id == UINT32_MAX || program->slot[id].kind != SLOT_SHARED || is_counted[id])
            continue;
        program->weight_bytes += tensor_bytes(&program->inference.of_value[id]);
        is_counted[id] = true;
    }
}

static enum status add_step(struct context *context, struct program *program, uint32_t n,
                            bool *swallowed, bool *is_counted)
{
    const struct node *node = &program->graph->node[n];
    const struct integer_node *integer = program->integer ? &program->integer->node[n] : NULL;
    struct step *step = &program->step[program->step_count];
    size_t blocks = program->block_bytes;
    bool is_done = false;

    if (swallowed[n] || is_settled(program, node) || (integer && integer->kind == INTEGER_SKIP))
        return OK;
    TRY(settle(context, program, node, &is_done));
    if (is_done)
        return OK;
    open_step(program, step, node);
    if (integer && integer->kind != INTEGER_NONE) {
        step->integer = integer;
        step->row = integer_lowering(integer);
    } else {
        step->row = choose(program, step);
    }
    if (!program->options.keeps_values && step->integer)
        fuse_integer_sum(program, step, swallowed);
    else if (!program->options.keeps_values)
        fuse_into(program, step, n, swallowed);
    mark_wants_grad(program, step);
    program->step_count++;
    if (step->row->prepare)
        TRY(step->row->prepare(context, program, step));
    count_weights(program, step, program->block_bytes - blocks, is_counted);
    return add_fake_quants(context, program, step);
}

static enum status add_steps(struct context *context, struct program *program)
{
    const struct graph *graph = program->graph;
    bool *swallowed = arena_array(program->arena, bool, graph->node_count + 1);
    bool *is_counted = arena_array(program->arena, bool, graph->value_count + 1);

    program->step =
        arena_array(program->arena, struct step, graph->node_count + graph->value_count + 1);
    for (uint32_t i = 0; i < graph->input_count; i++)
        TRY(add_fake_quant(context, program, graph->input[i].at));
    for (uint32_t n = 0; n < graph->node_count; n++) {
        enum status status = add_step(context, program, n, swallowed, is_counted);
        if (status != OK)
            return graph_fail_at(context, &graph->node[n], status);
    }
    return OK;
}

// The first step from the end that reads a value writes its gradient, the others add.
static void order_gradients(struct program *program)
{
    bool *written = arena_array(program->arena, bool, 2 * program->graph->value_count + 1);

    for (int s = program->step_count - 1; s >= 0; s--) {
        struct step *step = &program->step[s];
        for (int i = 0; i < step->node->input_count; i++) {
            uint32_t slot = step->input[i];
            if (slot == UINT32_MAX ||
                (program->slot[slot].kind != SLOT_LANES && program->slot[slot].kind != SLOT_TENSOR))
                continue;
            slot = program->slot[slot].alias_of;
            step->accumulate[i] = written[slot];
            written[slot] = true;
        }
    }
}

// ---- making and freeing -------------------------------------------------------------------------

// Most of the time that new memory takes is the system's, which gives pages at the first touch.
static void clear_group(void *state, long item, int worker)
{
    struct program *program = state;

    (void)worker;
    memset(program->group[item].memory, 0, block_bytes(program->group_bytes));
    memset(program->scratch[item], 0, block_bytes(program->scratch_bytes));
}

static enum status allocate_groups(struct context *context, struct program *program)
{
    size_t values = program->graph->value_count + 1;

    program->groups = program->options.groups > 0 ? program->options.groups : 1;
    program->group = arena_array(program->arena, struct group, (size_t)program->groups);
    program->scratch = arena_array(program->arena, void *, (size_t)program->groups);
    for (int g = 0; g < program->groups; g++) {
        program->group[g].samples = N16_LANES;
        program->group[g].tensor = arena_array(program->arena, struct tensor, values);
        program->group[g].grad = arena_array(program->arena, struct tensor, values);
        program->group[g].memory = raw_block(program, program->group_bytes);
        program->scratch[g] = raw_block(program, program->scratch_bytes);
        if (!program->group[g].memory || !program->scratch[g])
            return no_memory(context);
    }
    parallel_for(context->threads, program->groups, clear_group, program);
    return OK;
}

// Values on an integer grid live in bytes.
static enum status plan_integers(struct context *context, struct program *program)
{
    TRY(integer_plan_new(context, program->graph, &program->inference, &program->integer));
    for (uint32_t i = 0; i < program->graph->value_count; i++) {
        const struct tensor *tensor = &program->inference.of_value[i];
        if (!program->integer->value[i].is_set || program->slot[i].kind == SLOT_SHARED ||
            !program->slot[i].is_per_sample)
            continue;
        program->slot[i].kind = SLOT_U8;
        program->slot[i].size = (size_t)(tensor_count(tensor) / N16_LANES);
    }
    return OK;
}

static enum status make(struct context *context, struct program *program)
{
    TRY(graph_check_finite(context, program->graph));
    TRY(infer_slots(context, program));
    if (program->options.is_integer)
        TRY(plan_integers(context, program));
    TRY(find_parameters(context, program));
    program->spare_bytes = choose_spare_bytes(program);
    program->statistics =
        arena_array(program->arena, struct statistics, 2 * program->graph->node_count + 1);
    TRY(add_steps(context, program));
    order_gradients(program);
    plan_memory(program);
    if (program->options.is_plan)
        return OK;
    TRY(allocate_groups(context, program));
    program_refresh(context, program);
    return OK;
}

enum status program_new(struct context *context, const struct graph *graph,
                        const struct program_options *options, struct program **out)
{
    struct arena *arena = arena_new();
    struct program *program = arena_alloc(arena, sizeof *program);
    enum status status;

    program->arena = arena;
    program->graph = graph_clone(graph);
    program->options = *options;
    program->kernels = kernels_select(options->isa);
    status = program->kernels ? make(context, program)
                              : context_fail(context, ERR_UNSUPPORTED, "this processor has no %s",
                                             isa_name(options->isa));
    if (status != OK) {
        program_free(program);
        program = NULL;
    }
    *out = program;
    return status;
}

void program_free(struct program *program)
{
    if (!program)
        return;
    for (int g = 0; g < program->groups && program->group; g++)
        for (uint32_t i = 0; i < program->graph->value_count && program->group[g].grad; i++) {
            tensor_release(&program->group[g].tensor[i]);
            tensor_release(&program->group[g].grad[i]);
        }
    for (struct block *block = program->blocks; block; block = block->next)
        free(block->at);
    integer_plan_free(program->integer);
    inference_clear(&program->inference);
    graph_free(program->graph);
    arena_free(program->arena);
}
