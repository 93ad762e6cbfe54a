// What a product of matrices swallows when the program only runs forward. With a shared matrix: a
// vector, an activation, a sum. Of two values: a scale, and with Softmax and the next product all
// of an attention; and the Transpose of the result.
#include <math.h>
#include <string.h>

#include "exec/program_internal.h"
#include "ops/attr.h"

const struct activation plain_gelu = {ACTIVATION_GELU, 0, 0};
static const struct activation plain_relu = {ACTIVATION_RELU, 0, 0};

static const struct node *reader(const struct program *program, struct value_id id, uint32_t *n)
{
    struct node_id node = graph_only_consumer(program->graph, id);

    *n = node.at;
    return node_exists(node) ? graph_node(program->graph, node) : NULL;
}

static void swallow(struct step *step, const struct node *node, uint32_t n, bool *swallowed)
{
    swallowed[n] = true;
    step->output[0] = node->output[0].at;
}

// The operand of a node of two that is not `id`.
static struct value_id other_input(const struct node *node, struct value_id id)
{
    return node->input[node->input[0].at == id.at];
}

// A shared number that the node combines `id` with; NaN: there is none such.
static double number_beside(const struct program *program, const struct node *node,
                            struct value_id id)
{
    struct value_id other = other_input(node, id);
    const struct tensor *tensor = &program->inference.of_value[other.at];

    if (!value_exists(other) || program->slot[other.at].kind != SLOT_SHARED || !tensor->buffer ||
        tensor_count(tensor) != 1)
        return (double)NAN;
    return tensor_get(tensor, 0);
}

// ---- GELU in pieces -----------------------------------------------------------------------------

static bool is_near(double x, double wanted)
{
    return fabs(x - wanted) <= 1e-3 * wanted;
}

// The reader of `id`, where it is its only one, with that operator and such a number.
static bool follow(const struct program *program, struct value_id *id, const char *op,
                   double number, uint32_t *n)
{
    const struct node *node = reader(program, *id, n);

    if (!node || !node_is(node, op) ||
        !(isnan(number) || is_near(number_beside(program, node, *id), number)))
        return false;
    *id = node->output[0];
    return true;
}

// From x / sqrt 2 on: Erf, + 1.
static bool match_normal(const struct program *program, uint32_t n, struct value_id x,
                         struct erf_gelu *out, struct value_id *result)
{
    const struct node *node = &program->graph->node[n];

    if (!(node_is(node, "Div") && node->input[0].at == x.at &&
          is_near(number_beside(program, node, x), 1.41421356)) &&
        !(node_is(node, "Mul") && is_near(number_beside(program, node, x), 0.70710678)))
        return false;
    *result = node->output[0];
    out->node[0] = n;
    return follow(program, result, "Erf", (double)NAN, &out->node[1]) &&
           follow(program, result, "Add", 1, &out->node[2]);
}

static bool is_half_of(const struct program *program, const struct node *node, struct value_id x)
{
    return node_is(node, "Mul") && is_near(number_beside(program, node, x), 0.5);
}

// x's other reader, then the rest: (x * normal) * 0.5, or (x * 0.5) * normal.
static bool match_rest(const struct program *program, uint32_t n, struct value_id x,
                       struct value_id normal, struct erf_gelu *out)
{
    const struct node *node = &program->graph->node[n];
    struct value_id result = node->output[0];

    out->node[3] = n;
    if (is_half_of(program, node, x)) {
        uint32_t with;
        const struct node *product = reader(program, normal, &with);
        if (!follow(program, &result, "Mul", (double)NAN, &out->node[4]) || !product ||
            with != out->node[4])
            return false;
    } else if (!node_is(node, "Mul") || other_input(node, x).at != normal.at ||
               graph_use_count(program->graph, normal) != 1 ||
               !follow(program, &result, "Mul", 0.5, &out->node[4])) {
        return false;
    }
    out->result = result;
    return true;
}

bool match_erf_gelu(const struct program *program, struct value_id x, struct erf_gelu *out)
{
    const struct graph *graph = program->graph;
    uint32_t found[2] = {0}, count = 0;
    struct value_id normal;

    if (!value_exists(x) || graph_use_count(graph, x) != 2 || graph_is_output(graph, x))
        return false;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->node[n].input_count; i++)
            if (graph->node[n].input[i].at == x.at && count < 2)
                found[count++] = n;
    if (count != 2 || found[0] == found[1])
        return false;
    for (int k = 0; k < 2; k++)
        if (match_normal(program, found[k], x, out, &normal) &&
            match_rest(program, found[1 - k], x, normal, out)) {
            if (found[1 - k] < out->node[0]) { // the first of all goes first
                out->node[3] = out->node[0];
                out->node[0] = found[1 - k];
            }
            return program->slot[out->result.at].kind == SLOT_LANES;
        }
    return false;
}

void swallow_erf_gelu(struct step *step, const struct erf_gelu *gelu, bool *swallowed)
{
    for (int i = 0; i < 5; i++)
        swallowed[gelu->node[i]] = true;
    step->output[0] = gelu->result.at;
}

// ---- behind a product with a shared matrix ------------------------------------------------------

static void fuse_bias(const struct program *program, struct step *step, bool *swallowed)
{
    uint32_t n;
    struct value_id y = {step->output[0]}, other;
    const struct node *node = reader(program, y, &n);
    const struct tensor *vector;

    if (!node || !node_is(node, "Add"))
        return;
    other = other_input(node, y);
    vector = &program->inference.of_value[other.at];
    if (program->slot[other.at].kind != SLOT_SHARED || vector->dtype != DT_F32 ||
        vector->shape.rank != 1 || vector->shape.dim[0] != step->call.input[1]->shape.dim[1])
        return;
    step->bias = other.at;
    swallow(step, node, n, swallowed);
}

static void fuse_activation(const struct program *program, struct step *step, bool *swallowed)
{
    uint32_t n;
    struct value_id y = {step->output[0]};
    const struct node *node = reader(program, y, &n);
    struct erf_gelu gelu;

    if (match_erf_gelu(program, y, &gelu)) {
        step->activation = &plain_gelu;
        swallow_erf_gelu(step, &gelu, swallowed);
    } else if (node && node_is(node, "Gelu") &&
               ((const struct gelu_attr *)node->attr)->approximate[0] == 'n') {
        step->activation = &plain_gelu;
        swallow(step, node, n, swallowed);
    } else if (node && node_is(node, "Relu")) {
        step->activation = &plain_relu;
        swallow(step, node, n, swallowed);
    }
}

static void fuse_rounding(struct program *program, struct step *step, bool *swallowed)
{
    uint32_t n, dequantize;
    struct value_id y = {step->output[0]};
    const struct node *node = reader(program, y, &n), *next;
    struct quant_grid grid;

    if (!node || !match_rounding(program, node, &grid, &dequantize))
        return;
    next = reader(program, program->graph->node[dequantize].output[0], &n);
    if (!next || !node_is(next, "Add")) // a product would round by itself
        return;
    step->rounding = arena_copy(program->arena, &grid, sizeof grid);
    swallowed[node - program->graph->node] = true;
    swallow(step, &program->graph->node[dequantize], dequantize, swallowed);
}

static void fuse_sum(const struct program *program, struct step *step, uint32_t at, bool *swallowed)
{
    uint32_t n;
    struct value_id y = {step->output[0]}, other;
    const struct node *node = reader(program, y, &n);
    struct node_id producer;

    if (!node || !node_is(node, "Add"))
        return;
    other = other_input(node, y);
    producer = graph_value(program->graph, other)->producer;
    if (other.at == y.at || program->slot[other.at].kind != SLOT_LANES ||
        program->slot[other.at].step || program->slot[other.at].size != program->slot[y.at].size ||
        program->slot[node->output[0].at].size != program->slot[y.at].size ||
        (node_exists(producer) && producer.at >= at))
        return;
    step->addend = other.at;
    swallow(step, node, n, swallowed);
}

// ---- behind a product of two values -------------------------------------------------------------

// Scales behind the product, and what they lead to.
static struct value_id fuse_scale(const struct program *program, struct value_id y, double *scale,
                                  bool *swallowed)
{
    uint32_t n;
    const struct node *node;

    while ((node = reader(program, y, &n)) && (node_is(node, "Mul") || node_is(node, "Div"))) {
        double number = number_beside(program, node, y);
        if (isnan(number) || (node_is(node, "Div") && node->input[0].at != y.at))
            break;
        *scale = node_is(node, "Mul") ? *scale * number : *scale / number;
        swallowed[n] = true;
        y = node->output[0];
    }
    return y;
}

struct attention_match {
    struct fused_attention fused;
    uint32_t node[3]; // mask (or UINT32_MAX), Softmax, product
};

static bool match_mask(const struct program *program, struct value_id *scores, uint32_t before,
                       struct attention_match *match)
{
    uint32_t n;
    const struct node *node = reader(program, *scores, &n);
    ptrdiff_t ignored[SHAPE_MAX_RANK];
    struct value_id other;
    struct node_id producer;

    match->node[0] = match->fused.mask = UINT32_MAX;
    if (!node || !node_is(node, "Add"))
        return true;
    other = other_input(node, *scores);
    producer = graph_value(program->graph, other)->producer;
    if ((program->slot[other.at].kind != SLOT_LANES &&
         program->slot[other.at].kind != SLOT_SHARED) ||
        program->inference.of_value[other.at].dtype != DT_F32 ||
        (program->slot[other.at].kind == SLOT_LANES && node_exists(producer) &&
         producer.at >= before) ||
        !operand_steps(program, other.at, &program->inference.of_value[scores->at].shape, ignored))
        return false;
    match->node[0] = n;
    match->fused.mask = other.at;
    *scores = node->output[0];
    return true;
}

// scores: behind the scale. The values must be there before node `before`.
static bool match_attention(const struct program *program, struct value_id scores, uint32_t before,
                            struct attention_match *match)
{
    const struct shape *shape = &program->inference.of_value[scores.at].shape;
    const struct node *softmax, *product;
    int64_t axis;

    if (!match_mask(program, &scores, before, match) ||
        !(softmax = reader(program, scores, &match->node[1])) || !node_is(softmax, "Softmax"))
        return false;
    axis = ((const struct softmax_attr *)softmax->attr)->axis;
    product = reader(program, softmax->output[0], &match->node[2]);
    if ((axis != -1 && axis != shape->rank - 1) || !product || !is_lane_product(program, product) ||
        product->input[0].at != softmax->output[0].at)
        return false;
    struct node_id producer = graph_value(program->graph, product->input[1])->producer;
    if (node_exists(producer) && producer.at >= before)
        return false;
    match->fused.values = product->input[1].at;
    match->fused.product = product;
    match->fused.has_softmax = true;
    return true;
}

static void fuse_transpose(const struct program *program, struct step *step, bool *swallowed)
{
    uint32_t n;
    const struct node *node = reader(program, (struct value_id){step->output[0]}, &n);

    if (!node || !node_is(node, "Transpose") ||
        program->slot[node->output[0].at].kind != SLOT_LANES)
        return;
    const struct transpose_attr *attr = node->attr;
    if (attr->perm.count == 0 || attr->perm.at[0] != 0)
        return;
    step->transpose = node;
    swallow(step, node, n, swallowed);
}

static void fuse_product(struct program *program, struct step *step, uint32_t at, bool *swallowed)
{
    struct attention_match match = {.fused = {.mask = UINT32_MAX, .values = UINT32_MAX}};
    double scale = 1;
    struct value_id scores =
        fuse_scale(program, (struct value_id){step->output[0]}, &scale, swallowed);

    match.fused.scale = (float)scale;
    step->output[0] = scores.at;
    if (match_attention(program, scores, at, &match)) {
        for (int i = 0; i < 3; i++)
            if (match.node[i] != UINT32_MAX)
                swallowed[match.node[i]] = true;
        step->output[0] = match.fused.product->output[0].at;
    } else {
        match.fused.mask = match.fused.values = UINT32_MAX;
        match.fused.has_softmax = false;
    }
    step->attention = arena_copy(program->arena, &match.fused, sizeof match.fused);
    step->algorithm = match.fused.has_softmax ? "attention" : NULL;
    fuse_transpose(program, step, swallowed);
}

void fuse_matmul(struct program *program, struct step *step, uint32_t n, bool *swallowed)
{
    struct erf_gelu gelu;

    if (step->row == &lowering_matmul_rows || step->row == &lowering_matmul_u8) {
        fuse_bias(program, step, swallowed);
        fuse_activation(program, step, swallowed);
        fuse_rounding(program, step, swallowed);
        fuse_sum(program, step, n, swallowed);
    } else if (step->row == &lowering_rounding) {
        struct quant_grid grid;
        uint32_t dequantize;
        if (match_rounding(program, step->node, &grid, &dequantize))
            swallow(step, &program->graph->node[dequantize], dequantize, swallowed);
    } else if (step->row == &lowering_matmul_lanes) {
        fuse_product(program, step, n, swallowed);
    } else if (step->row == &lowering_erf_gelu_div || step->row == &lowering_erf_gelu_mul) {
        for (int i = 0; i < 2; i++)
            if (match_erf_gelu(program, step->node->input[i], &gelu) && gelu.node[0] == n)
                swallow_erf_gelu(step, &gelu, swallowed);
    }
}
