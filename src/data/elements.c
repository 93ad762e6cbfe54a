// Stored elements of any type as float32.
#include <string.h>

#include "data/dataset.h"

// Data in files have no alignment: memcpy, which compilers turn into a plain load.
#define TO_F32(type)                                                                               \
    for (int64_t i = 0; i < count; i++) {                                                          \
        type element;                                                                              \
        memcpy(&element, (const unsigned char *)from + (size_t)i * sizeof element,                 \
               sizeof element);                                                                    \
        to[i] = (float)element;                                                                    \
    }

static void halves_to_f32(const unsigned char *from, int64_t count, float (*convert)(uint16_t),
                          float *to)
{
    for (int64_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, from + (size_t)i * 2, 2);
        to[i] = convert(half);
    }
}

void elements_to_f32(enum dtype dtype, const void *from, int64_t count, float *to)
{
    if (dtype == DT_F16)
        halves_to_f32(from, count, f32_from_f16, to);
    else if (dtype == DT_BF16)
        halves_to_f32(from, count, f32_from_bf16, to);
    else
        FOR_TYPES(dtype, TO_F32)
}

static const char *const layout_names[] = {
    [LAYOUT_NONE] = NULL, [LAYOUT_NCHW] = "nchw", [LAYOUT_NHWC] = "nhwc"};

const char *image_layout_name(enum image_layout layout)
{
    return layout_names[layout];
}

enum image_layout image_layout_from_name(const char *name)
{
    if (name && strcmp(name, "nchw") == 0)
        return LAYOUT_NCHW;
    return name && strcmp(name, "nhwc") == 0 ? LAYOUT_NHWC : LAYOUT_NONE;
}
