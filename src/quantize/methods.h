// The quantisation methods that exist.
#ifndef QUANTIZE_METHODS_H
#define QUANTIZE_METHODS_H

#include "pass/pass.h"

#define METHOD(name) extern const struct pass quantize_##name;
#include "quantize/methods.def"
#undef METHOD

const struct pass *quantize_method_at(int index); // NULL behind the last

#endif
