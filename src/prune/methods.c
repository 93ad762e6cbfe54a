// The table of methods.
#include "prune/methods.h"

#include <stddef.h>

const struct pass *prune_method_at(int index)
{
    static const struct pass *const methods[] = {
#define METHOD(name) &prune_##name,
#include "prune/methods.def"
#undef METHOD
        NULL,
    };

    return methods[index];
}
