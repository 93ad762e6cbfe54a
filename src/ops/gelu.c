// Gelu: x * Phi(x), exactly or with tanh in place of erf (Hendrycks, Gimpel 2016).
#include <math.h>
#include <string.h>
#include <tgmath.h>

#include "ops/attr.h"
#include "ops/unary.h"

static const struct field gelu_fields[] = {
    FIELD_CHOICE(struct gelu_attr, approximate, "none", "none|tanh", "how erf is computed"),
    FIELDS_END,
};

#define ROOT_HALF 0.70710678118654752440    // sqrt(1/2)
#define ROOT_2_BY_PI 0.79788456080286535588 // sqrt(2/pi)
#define HALF_ROOT_2_BY_PI 0.39894228040143267794

#define CUBIC(x) (ROOT_2_BY_PI * (x + 0.044715 * x * x * x))
#define CUBIC_SLOPE(x) (ROOT_2_BY_PI * (1 + 3 * 0.044715 * x * x))

UNARY_KERNELS(exact, x *(0.5 + 0.5 * erf(ROOT_HALF * x)),
              0.5 + 0.5 * erf(ROOT_HALF * x) + x * HALF_ROOT_2_BY_PI * exp(-0.5 * x * x), NULL)
UNARY_KERNELS(by_tanh, 0.5 * x * (1 + tanh(CUBIC(x))),
              0.5 * (1 + tanh(CUBIC(x))) +
                  0.5 * x * (1 - tanh(CUBIC(x)) * tanh(CUBIC(x))) * CUBIC_SLOPE(x),
              NULL)

static const struct unary_kernels *kernels_of(const struct op_call *call)
{
    const struct gelu_attr *attr = call->attr;

    return attr->approximate && strcmp(attr->approximate, "tanh") == 0 ? &by_tanh_kernels
                                                                       : &exact_kernels;
}

static enum status gelu_forward(struct context *context, const struct op_call *call)
{
    if (dtype_is_half(call->input[0]->dtype))
        return forward_in_f32(context, call, gelu_forward);
    unary_forward(call, kernels_of(call), 0, 0);
    return OK;
}

static enum status gelu_backward(struct context *context, const struct op_call *call)
{
    return unary_backward(context, call, kernels_of(call), 0, 0);
}

UNARY_DESCRIPTOR(gelu, "Gelu", 20, infer_same_float, gelu_fields, sizeof(struct gelu_attr))
