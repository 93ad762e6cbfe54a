// The pieces that generated C is put together from (codegen/c_kernels.def), as text.
#ifndef CODEGEN_C_TEMPLATES_H
#define CODEGEN_C_TEMPLATES_H

#include <stdbool.h>

enum c_template {
#define C_TEMPLATE(name, needs_math, base) C_TEMPLATE_##name,
#include "codegen/c_kernels.def"
#undef C_TEMPLATE
    C_TEMPLATE_COUNT
};

const char *c_template_text(enum c_template which);
bool c_template_needs_math(enum c_template which);
enum c_template c_template_base(enum c_template which); // itself: none

#endif
