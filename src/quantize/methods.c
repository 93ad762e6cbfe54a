// The table of methods.
#include "quantize/methods.h"

#include <stddef.h>

const struct pass *quantize_method_at(int index)
{
    static const struct pass *const methods[] = {
#define METHOD(name) &quantize_##name,
#include "quantize/methods.def"
#undef METHOD
        NULL,
    };

    return methods[index];
}
