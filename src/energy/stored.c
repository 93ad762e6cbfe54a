// Zeros and storage of weights; see stored.h.
#include "energy/stored.h"

#include <math.h>
#include <stdlib.h>

struct number_type number_type_of(enum dtype dtype)
{
    if (dtype < 0 || dtype >= DT_COUNT)
        return (struct number_type){DT_NONE, 0, false};
    return (struct number_type){dtype, dtype_info[dtype].bits, false};
}

struct number_type number_type_annotated(const struct quant *quant, enum dtype dtype)
{
    struct number_type type = number_type_of(quant ? quant->dtype : dtype);

    if (quant && quant->bits > 0 && quant->bits < type.bits)
        type.bits = quant->bits;
    if (quant && number_is_integer(&type) && quant->low >= -1 && quant->high <= 1) {
        type.is_ternary = true;
        type.bits = 2;
    }
    return type;
}

bool number_is_integer(const struct number_type *type)
{
    return type->dtype != DT_NONE && !dtype_info[type->dtype].is_float;
}

// Elements behind one step of axis, and steps; a weight without that axis is one step.
static void axis_steps(const struct shape *shape, int64_t axis, int64_t *inner, int64_t *steps)
{
    *inner = 1;
    *steps = 1;
    if (axis < 0)
        axis += shape->rank;
    if (axis < 0 || axis >= shape->rank)
        return;
    for (int32_t i = (int32_t)axis + 1; i < shape->rank; i++)
        *inner *= shape->dim[i];
    *steps = shape->dim[axis];
}

static struct zeros count_floats(const struct tensor *weight, int64_t count)
{
    struct zeros zeros = {0, false};

    if (weight->dtype == DT_F32) {
        const float *at = tensor_f32(weight);
        for (int64_t i = 0; i < count; i++)
            zeros.nonzero += at[i] != 0;
        return zeros;
    }
    if (dtype_info[weight->dtype].bits == 16) { // zero but for the sign
        const unsigned char *at = tensor_data(weight);
        for (int64_t i = 0; i < count; i++)
            zeros.nonzero += at[2 * i] || (at[2 * i + 1] & 127);
        return zeros;
    }
    for (int64_t i = 0; i < count; i++)
        zeros.nonzero += tensor_get(weight, i) != 0;
    return zeros;
}

// int8 without zero points: most of a quantised model.
static struct zeros count_bytes(const int8_t *at, int64_t count)
{
    struct zeros zeros = {0, true};

    for (int64_t i = 0; i < count; i++) {
        zeros.nonzero += at[i] != 0;
        zeros.small_numbers &= at[i] >= -1 && at[i] <= 1;
    }
    return zeros;
}

static bool is_all_zero(const struct tensor *tensor)
{
    for (int64_t i = 0; i < tensor_count(tensor); i++)
        if (tensor_get_int(tensor, i) != 0)
            return false;
    return true;
}

struct zeros zeros_count(const struct tensor *weight, const struct tensor *zero_point, int64_t axis)
{
    int64_t count = tensor_count(weight), inner, steps;
    struct zeros zeros = {0, true};

    if (dtype_info[weight->dtype].is_float)
        return count_floats(weight, count);
    const bool has_zero = zero_point && zero_point->buffer && !is_all_zero(zero_point);
    if (weight->dtype == DT_I8 && !has_zero)
        return count_bytes(tensor_data(weight), count);
    axis_steps(&weight->shape, axis, &inner, &steps);
    const bool per_axis = has_zero && tensor_count(zero_point) == steps && inner > 0;
    const int64_t whole =
        has_zero && tensor_count(zero_point) == 1 ? tensor_get_int(zero_point, 0) : 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t zero = per_axis ? tensor_get_int(zero_point, i / inner % steps) : whole;
        double distance = (double)tensor_get_int(weight, i) - (double)zero;
        zeros.nonzero += distance != 0;
        zeros.small_numbers &= fabs(distance) <= 1;
    }
    return zeros;
}

struct zeros zeros_count_annotated(const struct tensor *weight, const struct quant *quant)
{
    int64_t count = tensor_count(weight), inner, steps;
    struct zeros zeros = {0, false};

    if (!quant || !quant->scale || quant->count < 1)
        return zeros_count(weight, NULL, 0);
    axis_steps(&weight->shape, quant->axis == QUANT_WHOLE_TENSOR ? weight->shape.rank : quant->axis,
               &inner, &steps);
    const bool per_axis = quant->count == steps && inner > 0 && count > 0;
    const float *number = weight->dtype == DT_F32 ? tensor_f32(weight) : NULL;
    if (!per_axis) {
        inner = count;
        steps = 1;
    }
    for (int64_t i = 0; i < count;)
        for (int64_t c = 0; c < steps; c++) {
            // Half a step is a tie, and ties go to the even number: zero.
            double half = 0.5 * fabs((double)quant->scale[c]);
            for (int64_t k = 0; k < inner; k++, i++)
                zeros.nonzero += fabs(number ? (double)number[i] : tensor_get(weight, i)) > half;
        }
    return zeros;
}

bool zeros_are_2_4(const struct tensor *weight, int64_t axis)
{
    int64_t count = tensor_count(weight), inner, steps;

    axis_steps(&weight->shape, axis, &inner, &steps);
    if (steps < 4 || inner < 1)
        return false;
    for (int64_t row = 0; row < count; row += inner * steps)
        for (int64_t i = row; i < row + inner; i++)
            for (int64_t k = 0; k < steps; k += 4) {
                int nonzero = 0;
                for (int64_t j = k; j < k + 4 && j < steps; j++)
                    nonzero += tensor_get(weight, i + j * inner) != 0;
                if (nonzero > 2)
                    return false;
            }
    return true;
}

double stored_bytes(double count, double nonzero, int bits)
{
    double dense = count * bits, sparse = count + nonzero * bits;

    return ceil((sparse < dense ? sparse : dense) / 8);
}
