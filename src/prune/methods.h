// The pruning methods that exist.
#ifndef PRUNE_METHODS_H
#define PRUNE_METHODS_H

#include "pass/pass.h"

#define METHOD(name) extern const struct pass prune_##name;
#include "prune/methods.def"
#undef METHOD

const struct pass *prune_method_at(int index); // NULL behind the last

#endif
