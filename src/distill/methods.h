// The distillation methods that exist.
#ifndef DISTILL_METHODS_H
#define DISTILL_METHODS_H

#include "pass/pass.h"

#define METHOD(name) extern const struct pass distill_##name;
#include "distill/methods.def"
#undef METHOD

const struct pass *distill_method_at(int index); // NULL behind the last

#endif
