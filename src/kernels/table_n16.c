// The table of one instruction set's kernels.
#include "kernels/n16_internal.h"

enum {
    is_generic = ISA_GENERIC,
    is_avx2 = ISA_AVX2,
    is_avx512 = ISA_AVX512,
    is_avx512_vnni = ISA_AVX512_VNNI
};

extern const struct kernels N16(kernels);

#define PASTE_IS(isa) is_##isa
#define EXPAND_IS(isa) PASTE_IS(isa)
#define KERNEL(result, name, arguments) .name = N16(name),
const struct kernels N16(kernels) = {
    .isa = (enum isa)EXPAND_IS(ISA),
#include "kernels/kernels.def"
};

// Compiled as avx512-vnni is; algorithms on tiles run with this table alone.
#if HAS_TILES
extern const struct kernels kernels_amx;
const struct kernels kernels_amx = {
    .isa = ISA_AMX,
#include "kernels/kernels.def"
};
#endif
