// Which instruction set's kernels run.
#include "kernels/kernels.h"

#include <string.h>

static const char *const names[ISA_COUNT] = {"auto", "generic", "avx2", "avx512"};

extern const struct kernels kernels_generic;

#if defined(__x86_64__)
extern const struct kernels kernels_avx2, kernels_avx512;

const struct kernels *kernels_select(enum isa isa)
{
    int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl");

    if (isa == ISA_GENERIC)
        return &kernels_generic;
    if (isa == ISA_AVX2)
        return has_avx2 ? &kernels_avx2 : NULL;
    if (isa == ISA_AVX512)
        return has_avx512 ? &kernels_avx512 : NULL;
    return has_avx512 ? &kernels_avx512 : has_avx2 ? &kernels_avx2 : &kernels_generic;
}
#else
const struct kernels *kernels_select(enum isa isa)
{
    return isa == ISA_AUTO || isa == ISA_GENERIC ? &kernels_generic : NULL;
}
#endif

const char *isa_name(enum isa isa)
{
    return names[isa];
}

int isa_from_name(const char *name)
{
    for (int i = 0; i < ISA_COUNT; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}
