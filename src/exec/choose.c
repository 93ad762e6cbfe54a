// Which algorithm a step gets, where the kernels know several.
#include "exec/program_internal.h"
#include "exec/tune.h"

// A program that shall stay small lets its packed weights grow past the weights by this share of
// them all and this many bytes; its first layers, large maps with few weights, come first: there
// Winograd's copies, four times the weights, pay most for their size.
static const double spare_share = 0.4;
static const size_t spare_bytes_min = (size_t)1 << 20;

size_t choose_spare_bytes(const struct program *program)
{
    const struct graph *graph = program->graph;
    double bytes = 0;

    if (!program->options.is_small)
        return SIZE_MAX;
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (graph->value[i].role == VALUE_WEIGHT)
            bytes += (double)tensor_bytes(&graph->value[i].tensor);
    return (size_t)(spare_share * bytes) + spare_bytes_min;
}

const struct conv2d_algorithm *choose_conv2d(struct context *context, struct program *program,
                                             const struct conv2d *shape, const float *weight)
{
    size_t plain = conv2d_weight_count(shape) * sizeof(float), packed;
    bool is_bounded = program->spare_bytes < SIZE_MAX - plain;
    struct conv2d_bounds bounds = {.is_plain = context->is_plain,
                                   .packed_bytes =
                                       is_bounded ? plain + program->spare_bytes : SIZE_MAX};
    const struct conv2d_algorithm *algorithm =
        context->tuning ? tuning_conv2d(context->tuning, program->kernels, shape, weight, &bounds)
                        : conv2d_choose(program->kernels, shape, weight, &bounds);

    packed = algorithm->packed_bytes(shape, weight);
    if (is_bounded && packed > plain)
        program->spare_bytes -=
            packed - plain < program->spare_bytes ? packed - plain : program->spare_bytes;
    return algorithm;
}

const struct conv2d_u8_algorithm *choose_conv2d_u8(struct context *context,
                                                   const struct program *program,
                                                   const struct conv2d *shape,
                                                   const struct conv2d_u8_weights *weights)
{
    return context->tuning ? tuning_conv2d_u8(context->tuning, program->kernels, shape, weights)
                           : conv2d_u8_choose(program->kernels, shape, weights);
}
