// What Reshape, Flatten, Squeeze, Unsqueeze and Identity have in common.
#include "ops/view.h"

#include <string.h>

#include "ops/walk.h"

enum status view_forward(struct context *context, const struct op_call *call)
{
    (void)context;
    memmove(tensor_write(call->output[0]), tensor_data(call->input[0]),
            tensor_bytes(call->output[0]));
    return OK;
}

static enum status view_walk(struct context *context, const struct op_call *call, struct walk *walk)
{
    (void)context;
    *walk = walk_of(&call->input[0]->shape);
    return OK;
}

enum status view_backward(struct context *context, const struct op_call *call)
{
    return walk_backward(context, call, view_walk);
}

// Axis k of the input and axis j of the output lead groups of axes with equal products (axes of one
// element apart). An index of the coarser one is a run of indices of the finer one.
static void link_leaders(const struct op_call *call, struct axis_map *map, int k, int j)
{
    struct axis_end in = {AXIS_INPUT, 0, k}, out = {AXIS_OUTPUT, 0, j};
    int64_t p = call->input[0]->shape.dim[k], q = call->output[0]->shape.dim[j];

    if (q % p == 0)
        axis_link(map, in, out, p, 0, q / p);
    else if (p % q == 0)
        axis_link(map, out, in, q, 0, p / q);
}

static int skip_ones(const struct shape *shape, int axis)
{
    while (axis < shape->rank && shape->dim[axis] == 1)
        axis++;
    return axis;
}

enum status view_axes(struct context *context, const struct op_call *call, struct axis_map *map)
{
    const struct shape *in = &call->input[0]->shape, *out = &call->output[0]->shape;
    int k = 0, j = 0;

    (void)context;
    if (shape_count(in) == 0)
        return OK;
    while ((k = skip_ones(in, k)) < in->rank && (j = skip_ones(out, j)) < out->rank) {
        link_leaders(call, map, k, j);
        int64_t p = in->dim[k++], q = out->dim[j++];
        while (p != q) {
            if (p < q)
                p *= in->dim[k++];
            else
                q *= out->dim[j++];
        }
    }
    return OK;
}
