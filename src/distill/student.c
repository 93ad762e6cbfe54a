// A smaller network of the teacher's kind.
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "distill/recipe.h"
#include "exec/infer.h"
#include "ops/attr.h"

enum { CHANNEL_MULTIPLE = 8 };

static uint64_t hash_name(const char *name)
{
    uint64_t hash = 14695981039346656037ull; // FNV-1a

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211ull;
    return hash;
}

static int64_t scaled(int64_t channels, double width)
{
    int64_t rounded =
        (int64_t)floor((double)channels * width / CHANNEL_MULTIPLE + 0.5) * CHANNEL_MULTIPLE;

    if (rounded < CHANNEL_MULTIPLE)
        rounded = CHANNEL_MULTIPLE;
    return rounded < channels ? rounded : channels;
}

// ---- depth --------------------------------------------------------------------------------------

// The number of inputs of a node that depend on the data.
static int data_inputs(const struct graph *graph, const struct node *node, int *slot)
{
    int count = 0;

    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]) &&
            graph_value(graph, node->input[i])->role != VALUE_WEIGHT) {
            *slot = i;
            count++;
        }
    return count;
}

// Whether going up from `from` along single-input nodes leads to `to`.
static bool leads_to(const struct graph *graph, struct value_id from, struct value_id to)
{
    for (int depth = 0; depth < 64; depth++) {
        struct node_id producer = graph_value(graph, from)->producer;
        int slot = 0;
        if (value_is(from, to))
            return depth > 0;
        if (!node_exists(producer) || data_inputs(graph, graph_node(graph, producer), &slot) != 1)
            return false;
        from = graph_node(graph, producer)->input[slot];
    }
    return false;
}

// The input of a residual block that ends at this Add; NO_VALUE: it is none that can be dropped.
static struct value_id shortcut(const struct graph *graph, const struct node *node)
{
    if (!node_is(node, "Add"))
        return NO_VALUE;
    for (int i = 0; i < 2; i++)
        if (leads_to(graph, node->input[1 - i], node->input[i]))
            return node->input[i];
    return NO_VALUE;
}

static void drop_blocks(struct graph *graph, double depth)
{
    int blocks = 0, kept = 0, keep;

    for (uint32_t n = 0; n < graph->node_count; n++)
        blocks += value_exists(shortcut(graph, &graph->node[n]));
    keep = (int)ceil(depth * blocks - 1e-9);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        struct value_id x = shortcut(graph, &graph->node[n]);
        if (value_exists(x) && ++kept > keep)
            graph_replace_uses(graph, graph->node[n].output[0], x);
    }
    graph_remove_unused(graph);
}

// ---- width --------------------------------------------------------------------------------------

static enum status draw(struct context *context, struct graph *graph, struct value_id id,
                        const struct shape *shape, double deviation, double mean)
{
    struct value *value = graph_value(graph, id);
    struct random random = random_stream(context->seed, hash_name(value->name), 0);
    struct tensor fresh;

    TRY(tensor_alloc(context, &fresh, DT_F32, shape));
    for (int64_t i = 0; i < tensor_count(&fresh); i++)
        tensor_set(&fresh, i, deviation > 0 ? mean + deviation * random_normal(&random) : mean);
    tensor_release(&value->tensor);
    value->tensor = fresh;
    value->quant = NULL;
    value->sparsity = NULL;
    return OK;
}

static enum status draw_vector(struct context *context, struct graph *graph,
                               const struct node *node, int slot, int64_t count, double mean)
{
    if (!graph_weight(graph, node, slot))
        return OK;
    return draw(context, graph, node->input[slot], &SHAPE(count), 0, mean);
}

static enum status resize_conv(struct context *context, struct graph *graph, struct node *node,
                               const struct shape *x, double width, bool is_last)
{
    struct shape w = graph_weight(graph, node, 1)->tensor.shape;
    struct conv_attr *attr = arena_copy(graph->arena, node->attr, sizeof *attr);
    bool is_depthwise = attr->group > 1 && attr->group == w.dim[0];
    int64_t fan_in = 1;

    if (attr->group > 1 && !is_depthwise)
        return context_fail(context, ERR_UNSUPPORTED, "grouped convolution cannot be derived");
    w.dim[0] = is_last ? w.dim[0] : is_depthwise ? x->dim[1] : scaled(w.dim[0], width);
    if (is_depthwise)
        attr->group = x->dim[1];
    else
        w.dim[1] = x->dim[1];
    for (int i = 1; i < w.rank; i++)
        fan_in *= w.dim[i];
    node->attr = attr;
    TRY(draw(context, graph, node->input[1], &w, sqrt(2.0 / (double)fan_in), 0));
    return draw_vector(context, graph, node, 2, w.dim[0], 0);
}

static enum status resize_matrix(struct context *context, struct graph *graph,
                                 const struct node *node, const struct shape *x, double width,
                                 bool is_last)
{
    struct shape w = graph_weight(graph, node, 1)->tensor.shape;
    bool out_first = node_is(node, "Gemm") && ((const struct gemm_attr *)node->attr)->transB;
    int out = out_first ? 0 : 1;

    if (w.rank != 2 || x->rank != 2)
        return context_fail(context, ERR_UNSUPPORTED, "only matrices of rank 2 can be derived");
    w.dim[out] = is_last ? w.dim[out] : scaled(w.dim[out], width);
    w.dim[1 - out] = x->dim[1];
    TRY(draw(context, graph, node->input[1], &w, sqrt(2.0 / (double)w.dim[1 - out]), 0));
    return node_is(node, "Gemm") ? draw_vector(context, graph, node, 2, w.dim[out], 0) : OK;
}

static enum status resize_batchnorm(struct context *context, struct graph *graph,
                                    const struct node *node, const struct shape *x)
{
    static const double start[] = {0, 1, 0, 0, 1};

    for (int i = 1; i < 5; i++)
        TRY(draw_vector(context, graph, node, i, x->dim[1], start[i]));
    return OK;
}

static bool is_weighted(const struct graph *graph, const struct node *node)
{
    return (node_is(node, "Conv") || node_is(node, "Gemm") || node_is(node, "MatMul")) &&
           graph_weight(graph, node, 1);
}

// Shape of what node n reads: inferred over the nodes before it, which are settled by now.
static enum status input_shape(struct context *context, struct graph *graph, uint32_t n,
                               struct shape *out)
{
    struct infer_options options = {.batch = 1};
    uint32_t count = graph->node_count;
    struct inference inference;
    enum status status;

    graph->node_count = n;
    status = graph_infer(context, graph, &options, &inference);
    graph->node_count = count;
    TRY(status);
    *out = inference.of_value[graph->node[n].input[0].at].shape;
    inference_clear(&inference);
    if (!shape_is_static(out) || out->rank < 2)
        return context_fail(context, ERR_UNSUPPORTED, "its input's shape is not known");
    return OK;
}

static enum status resize_node(struct context *context, struct graph *graph, uint32_t n,
                               double width, bool is_last)
{
    struct node *node = &graph->node[n];
    struct shape x;

    if (!is_weighted(graph, node) && !node_is(node, "BatchNormalization"))
        return OK;
    TRY(input_shape(context, graph, n, &x));
    if (node_is(node, "Conv"))
        return resize_conv(context, graph, node, &x, width, is_last);
    if (node_is(node, "BatchNormalization"))
        return resize_batchnorm(context, graph, node, &x);
    return resize_matrix(context, graph, node, &x, width, is_last);
}

enum status student_derive(struct context *context, const struct graph *teacher, double width,
                           double depth, struct graph **out)
{
    struct graph *graph = graph_clone(teacher);
    uint32_t last = UINT32_MAX;
    enum status status = OK;

    drop_blocks(graph, depth);
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (is_weighted(graph, &graph->node[n]))
            last = n;
    for (uint32_t n = 0; n < graph->node_count && status == OK; n++) {
        status = resize_node(context, graph, n, width, n == last);
        if (status != OK)
            graph_fail_at(context, &graph->node[n], status);
    }
    if (status != OK) {
        graph_free(graph);
        return context_fail_in(context, status, "deriving a student");
    }
    graph_set_metadata(graph, "ecai.history", NULL);
    *out = graph;
    return OK;
}
