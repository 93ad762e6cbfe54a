// The text of the templates. The assembler takes the files in as they are, so that what is
// compiled here, what is tested and what is generated are one text.
#include "codegen/c_templates.h"

// clang-format off
#define C_TEMPLATE(name, needs_math, base)                                                         \
    extern const char c_text_##name[];                                                             \
    __asm__(".pushsection .rodata\n"                                                               \
            ".globl c_text_" #name "\n"                                                            \
            "c_text_" #name ":\n"                                                                  \
            ".incbin \"src/codegen/c/" #name ".c\"\n"                                              \
            ".byte 0\n"                                                                            \
            ".popsection\n");
#include "codegen/c_kernels.def"
#undef C_TEMPLATE
// clang-format on

static const struct {
    const char *text;
    bool needs_math;
    enum c_template base;
} templates[] = {
#define C_TEMPLATE(name, needs_math, base) {c_text_##name, needs_math, C_TEMPLATE_##base},
#include "codegen/c_kernels.def"
#undef C_TEMPLATE
};

const char *c_template_text(enum c_template which)
{
    return templates[which].text;
}

bool c_template_needs_math(enum c_template which)
{
    return templates[which].needs_math;
}

enum c_template c_template_base(enum c_template which)
{
    return templates[which].base;
}
