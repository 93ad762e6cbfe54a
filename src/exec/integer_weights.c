// Weights and biases of a node that runs on integers.
#include "exec/integer_plan_internal.h"

#include <math.h>
#include <string.h>

#include "ops/attr.h"

bool plan_find_weights(const struct planner *p, const struct node *node, int axis,
                       struct weights *out)
{
    const struct node *dequantize = plan_producer(p, node, 1);
    const struct quantize_attr *attr;
    int64_t channels;

    if (!dequantize || !node_is(dequantize, "DequantizeLinear"))
        return false;
    out->q = plan_constant(p, dequantize, 0);
    out->scale = plan_constant(p, dequantize, 1);
    out->zero = plan_constant(p, dequantize, 2);
    attr = dequantize->attr;
    if (!out->q || !out->scale || (out->q->dtype != DT_I8 && out->q->dtype != DT_U8) ||
        out->scale->dtype != DT_F32 || out->q->shape.rank <= axis)
        return false;
    if (dequantize->input_count > 2 && value_exists(dequantize->input[2]) && !out->zero)
        return false;
    channels = out->q->shape.dim[axis];
    out->axis = (int)(attr->axis < 0 ? attr->axis + out->q->shape.rank : attr->axis);
    return tensor_count(out->scale) == 1 ||
           (tensor_count(out->scale) == channels && out->axis == axis);
}

static float weight_scale(const struct weights *w, int64_t channel)
{
    return (float)tensor_get(w->scale, tensor_count(w->scale) == 1 ? 0 : channel);
}

static int64_t weight_zero(const struct weights *w, int64_t channel)
{
    if (!w->zero)
        return 0;
    return tensor_get_int(w->zero, tensor_count(w->zero) == 1 ? 0 : channel);
}

// Copies q - zero_point; [in][out] matrices (axis 1) are turned to [out][in].
void plan_copy_weights(struct planner *p, const struct weights *w, int axis,
                       struct integer_node *out)
{
    int64_t channels = w->q->shape.dim[axis], count = tensor_count(w->q);
    int64_t each = channels ? count / channels : 0;

    out->weight_count = count;
    out->weight = arena_array(p->plan->arena, int16_t, (size_t)count);
    out->is_weight_i8 = true;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < each; i++) {
            int64_t from = axis == 0 ? c * each + i : i * channels + c;
            int64_t q = tensor_get_int(w->q, from) - weight_zero(w, c);
            out->weight[c * each + i] = (int16_t)q;
            out->is_weight_i8 = out->is_weight_i8 && q >= -128 && q <= 127;
        }
}

// Bias as int32 with scale x_scale * w_scale, as DequantizeLinear of a constant. Without a bias:
// zeros. False for any other bias.
bool plan_copy_bias(struct planner *p, const struct node *node, const struct weights *w,
                    struct integer_node *out)
{
    const struct node *dequantize = plan_producer(p, node, 2);
    const struct tensor *q, *scale;

    out->bias = arena_array(p->plan->arena, int32_t, (size_t)out->channels);
    if (node->input_count < 3 || !value_exists(node->input[2]))
        return true;
    if (!dequantize || !node_is(dequantize, "DequantizeLinear"))
        return false;
    q = plan_constant(p, dequantize, 0);
    scale = plan_constant(p, dequantize, 1);
    if (!q || !scale || q->dtype != DT_I32 || tensor_count(q) != out->channels ||
        scale->dtype != DT_F32)
        return false;
    for (int c = 0; c < out->channels; c++) {
        double want = (double)out->x_grid.scale * weight_scale(w, c);
        double got = tensor_get(scale, tensor_count(scale) == 1 ? 0 : c);
        int64_t bias = tensor_get_int(q, c);
        if (fabs(got - want) > 1e-5 * want || bias > (1 << 30) || bias < -(1 << 30))
            return false;
        out->bias[c] = (int32_t)bias;
    }
    return true;
}

void plan_set_scales(struct planner *p, const struct weights *w, struct integer_node *out)
{
    out->scale = arena_array(p->plan->arena, float, (size_t)out->channels);
    for (int c = 0; c < out->channels; c++) {
        out->scale[c] = out->x_grid.scale * weight_scale(w, c);
        if (out->y_grid.is_set)
            out->scale[c] = out->scale[c] / out->y_grid.scale;
    }
}
