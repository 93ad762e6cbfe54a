// Identity.
#include "ops/view.h"

static enum status identity_infer(struct context *context, const struct op_call *call)
{
    TRY(check_given(context, call, 0));
    return infer_same_shape(context, call);
}

VIEW_DESCRIPTOR(identity, "Identity", 1, 1, NULL, 0)
