// Products of lanes with a matrix of int8, as Q/DQ nodes describe them, on exact integers: what the
// integer plan (exec/integer.h) leaves to floats because it has rows (tokens). And the pairs of
// QuantizeLinear and DequantizeLinear themselves, on lanes.
#include <math.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

// ---- grids --------------------------------------------------------------------------------------

static const struct node *maker(const struct program *program, struct value_id id)
{
    struct node_id node = graph_value(program->graph, id)->producer;

    return node_exists(node) ? graph_node(program->graph, node) : NULL;
}

static const struct tensor *known(const struct program *program, const struct node *node, int i)
{
    const struct tensor *tensor;

    if (i >= node->input_count || !value_exists(node->input[i]))
        return NULL;
    tensor = &program->inference.of_value[node->input[i].at];
    return tensor->buffer ? tensor : NULL;
}

// The 8-bit grid of a Q or DQ node with one scale; `dtype` is that of its integers.
static bool grid_of(const struct program *program, const struct node *node, enum dtype dtype,
                    struct quant_grid *out)
{
    const struct tensor *scale = known(program, node, 1), *zero = known(program, node, 2);
    bool is_signed = dtype == DT_I8;

    if (!scale || tensor_count(scale) != 1 || scale->dtype != DT_F32 ||
        (dtype != DT_I8 && dtype != DT_U8) ||
        (node->input_count > 2 && value_exists(node->input[2]) && !zero))
        return false;
    *out = (struct quant_grid){(float)tensor_get(scale, 0), zero ? (int)tensor_get_int(zero, 0) : 0,
                               is_signed ? -128 : 0, is_signed ? 127 : 255};
    return out->scale > 0 && isfinite(out->scale);
}

bool match_rounding(const struct program *program, const struct node *quantize,
                    struct quant_grid *grid, uint32_t *dequantize)
{
    struct quant_grid back;
    struct node_id id;
    enum dtype dtype;
    size_t n = (size_t)(quantize - program->graph->node);

    if (!node_is(quantize, "QuantizeLinear") || program->options.is_training)
        return false;
    dtype = program->inference.of_value[quantize->output[0].at].dtype;
    id = graph_only_consumer(program->graph, quantize->output[0]);
    if (!node_exists(id) || !node_is(graph_node(program->graph, id), "DequantizeLinear") ||
        !grid_of(program, quantize, dtype, grid) ||
        !grid_of(program, graph_node(program->graph, id), dtype, &back) ||
        grid->scale != back.scale || grid->zero_point != back.zero_point)
        return false;
    *dequantize = id.at;
    return (!program->integer || (program->integer->node[n].kind == INTEGER_NONE &&
                                  program->integer->node[id.at].kind == INTEGER_NONE)) &&
           program->slot[graph_node(program->graph, id)->output[0].at].kind == SLOT_LANES;
}

// ---- products -----------------------------------------------------------------------------------

struct u8_state {
    struct matmul_u8 v;
    void *packed;
};

// The weights of input 1: int8 with one scale, or one a column, and no zero point.
static bool has_weights(const struct program *program, const struct node *node)
{
    const struct node *dequantize = maker(program, node->input[1]);
    const struct tensor *q, *scale, *zero;
    int64_t axis, columns;

    if (!dequantize || !node_is(dequantize, "DequantizeLinear"))
        return false;
    q = known(program, dequantize, 0);
    scale = known(program, dequantize, 1);
    zero = known(program, dequantize, 2);
    if (!q || !scale || q->dtype != DT_I8 || q->shape.rank != 2 || scale->dtype != DT_F32 ||
        (!zero && dequantize->input_count > 2 && value_exists(dequantize->input[2])))
        return false;
    for (int64_t i = 0; zero && i < tensor_count(zero); i++)
        if (tensor_get_int(zero, i) != 0)
            return false;
    columns = q->shape.dim[1];
    axis = ((const struct quantize_attr *)dequantize->attr)->axis;
    return tensor_count(scale) == 1 ||
           (tensor_count(scale) == columns && scale->shape.rank == 1 && (axis == 1 || axis == -1));
}

// The grid of x: a DequantizeLinear behind nothing but views.
static bool x_grid(const struct program *program, struct value_id x, struct quant_grid *grid)
{
    const struct node *node = maker(program, x);

    while (node && (node_is(node, "Reshape") || node_is(node, "Unsqueeze") ||
                    node_is(node, "Squeeze") || node_is(node, "Identity")))
        node = maker(program, node->input[0]);
    return node && node_is(node, "DequantizeLinear") &&
           grid_of(program, node, program->inference.of_value[node->input[0].at].dtype, grid);
}

static bool is_u8_product(const struct program *program, const struct node *node)
{
    size_t n = (size_t)(node - program->graph->node);
    const struct tensor *x = &program->inference.of_value[node->input[0].at];
    struct quant_grid grid;

    return program->integer && node_is(node, "MatMul") &&
           program->integer->node[n].kind == INTEGER_NONE &&
           program->slot[node->input[0].at].kind == SLOT_LANES &&
           program->slot[node->output[0].at].kind == SLOT_LANES &&
           program->slot[node->output[0].at].size > 0 && x->shape.rank >= 2 &&
           program->inference.of_value[node->input[1].at].shape.rank == 2 &&
           x->shape.dim[x->shape.rank - 1] < 1 << 16 && // sums stay below 2^31
           x_grid(program, node->input[0], &grid) && has_weights(program, node);
}

static bool product_accepts(const struct program *program, const struct step *step)
{
    return runs_forward(program, step) && is_u8_product(program, step->node);
}

static enum status product_prepare(struct context *context, struct program *program,
                                   struct step *step)
{
    struct u8_state *state = arena_alloc(program->arena, sizeof *state);
    const struct node *dequantize = maker(program, step->node->input[1]);
    const struct tensor *weight = known(program, dequantize, 0);
    const struct tensor *scale = known(program, dequantize, 1);
    int shift; // u = q + shift
    struct quant_grid grid = {0};
    float *scales;

    x_grid(program, step->node->input[0], &grid);
    shift = grid.low < 0 ? 128 : 0;
    step->state = state;
    step->is_integer_product = true;
    state->v.shape =
        (struct matmul){(int)(step_input(program, step, 0)->size / (size_t)weight->shape.dim[0]),
                        (int)weight->shape.dim[0], (int)weight->shape.dim[1]};
    state->v.x = (struct grid_u8){grid.scale, grid.zero_point + shift, 0, 255};
    scales = arena_array(program->arena, float, (size_t)state->v.shape.m);
    for (int m = 0; m < state->v.shape.m; m++)
        scales[m] = grid.scale * (float)tensor_get(scale, tensor_count(scale) == 1 ? 0 : m);
    state->v.scale = scales;
    state->packed = aligned_block(program, matmul_u8_packed_bytes(&state->v.shape));
    if (!state->packed)
        return no_memory(context);
    matmul_u8_pack(&state->v, tensor_data(weight), state->packed);
    need_scratch(program, matmul_u8_scratch_bytes(&state->v.shape));
    return OK;
}

static enum status product_forward(struct context *context, struct program *program,
                                   struct step *step, int group)
{
    const struct u8_state *state = step->state;
    struct matmul_epilogue epilogue = matmul_epilogue(program, step, group);

    (void)context;
    program->kernels->matmul_u8(&state->v, lanes(program, group, step->input[0]), state->packed,
                                &epilogue, lanes(program, group, step->output[0]),
                                program->scratch[group]);
    return OK;
}

const struct lowering lowering_matmul_u8 = {.op = "MatMul",
                                            .algorithm = "tiles",
                                            .accepts = product_accepts,
                                            .prepare = product_prepare,
                                            .forward = product_forward};

// ---- rounding -----------------------------------------------------------------------------------

static bool rounding_accepts(const struct program *program, const struct step *step)
{
    struct quant_grid grid;
    uint32_t dequantize;

    return !program->options.keeps_values && is_lanes(program, step, 0) &&
           step->call.input[0]->dtype == DT_F32 && !step_input(program, step, 0)->step &&
           match_rounding(program, step->node, &grid, &dequantize);
}

// Every reader, seen through views, is an integer product, which rounds by itself.
static bool is_rounded_by_readers(const struct program *program, struct value_id id)
{
    const struct graph *graph = program->graph;
    bool is_read = false;

    if (graph_is_output(graph, id))
        return false;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++) {
            const struct node *node = &graph->node[n];
            if (node->input[i].at != id.at)
                continue;
            is_read = true;
            if (node_is(node, "Reshape") && i == 0
                    ? !is_rounded_by_readers(program, node->output[0])
                    : i != 0 || !is_u8_product(program, node))
                return false;
        }
    return is_read;
}

static enum status rounding_prepare(struct context *context, struct program *program,
                                    struct step *step)
{
    struct quant_grid *grid = arena_alloc(program->arena, sizeof *grid);
    uint32_t dequantize;

    (void)context;
    match_rounding(program, step->node, grid, &dequantize);
    if (!is_rounded_by_readers(program, (struct value_id){step->output[0]})) {
        step->state = grid;
        return OK;
    }
    step->algorithm = "view";
    program->slot[step->output[0]].alias_of = program->slot[step->input[0]].alias_of;
    return OK;
}

static enum status rounding_forward(struct context *context, struct program *program,
                                    struct step *step, int group)
{
    (void)context;
    if (step->state)
        program->kernels->fake_quant_f32(
            step->state, program->slot[step->output[0]].size * N16_LANES,
            lanes(program, group, step->input[0]), lanes(program, group, step->output[0]));
    return OK;
}

const struct lowering lowering_rounding = {.op = "QuantizeLinear",
                                           .algorithm = "rounding",
                                           .accepts = rounding_accepts,
                                           .prepare = rounding_prepare,
                                           .forward = rounding_forward};
