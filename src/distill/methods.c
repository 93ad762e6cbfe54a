// The table of methods.
#include "distill/methods.h"

#include <stddef.h>

const struct pass *distill_method_at(int index)
{
    static const struct pass *const methods[] = {
#define METHOD(name) &distill_##name,
#include "distill/methods.def"
#undef METHOD
        NULL,
    };

    return methods[index];
}
