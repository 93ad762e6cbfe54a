// Which instruction set's kernels run.
#include "kernels/kernels.h"

#include <string.h>

static const char *const names[ISA_COUNT] = {"auto",   "generic",     "avx2",
                                             "avx512", "avx512-vnni", "amx"};

extern const struct kernels kernels_generic;

#if defined(__x86_64__)
extern const struct kernels kernels_avx2, kernels_avx512, kernels_avx512_vnni, kernels_amx;

static int has(enum isa isa)
{
    switch (isa) {
    case ISA_GENERIC:
        return 1;
    case ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case ISA_AVX512:
        return has(ISA_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    case ISA_AVX512_VNNI:
        return has(ISA_AVX512) && __builtin_cpu_supports("avx512vnni");
    case ISA_AMX:
        return has(ISA_AVX512_VNNI) && processor_has_tiles();
    case ISA_AUTO:
    case ISA_COUNT:
        break;
    }
    return 0;
}

const struct kernels *kernels_select(enum isa isa)
{
    static const struct kernels *const tables[ISA_COUNT] = {
        NULL, &kernels_generic, &kernels_avx2, &kernels_avx512, &kernels_avx512_vnni, &kernels_amx};

    if (isa != ISA_AUTO)
        return has(isa) ? tables[isa] : NULL;
    isa = ISA_COUNT - 1;
    while (!has(isa))
        isa--;
    return tables[isa];
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
