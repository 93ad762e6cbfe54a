// IEEE half precision and bfloat16 in integer arithmetic, round to nearest even.
#include <string.h>

#include "ir/tensor.h"

static uint32_t bits_of(float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

float f32_from_f16(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = (half >> 10) & 31, mantissa = half & 0x3FF;

    if (exponent == 31)
        return float_of(sign | 0x7F800000 | mantissa << 13);
    if (exponent)
        return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
    return float_of(sign | bits_of((float)mantissa * 0x1p-24f)); // subnormal: exact product
}

uint16_t f16_from_f32(float number)
{
    uint32_t bits = bits_of(number), magnitude = bits & 0x7FFFFFFF;
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);

    if (magnitude > 0x7F800000)
        return (uint16_t)(sign | 0x7E00);
    if (magnitude >= 0x477FF000) // rounds to 65536 or more
        return (uint16_t)(sign | 0x7C00);
    if (magnitude < 0x38800000) { // below 2^-14: adding 0.5 leaves the subnormal in the low bits
        uint32_t rounded = bits_of(float_of(magnitude) + 0.5f) - 0x3F000000;
        return (uint16_t)(sign | rounded);
    }
    magnitude += 0xC8000FFF + (magnitude >> 13 & 1); // rebias by -112 and round to nearest even
    return (uint16_t)(sign | magnitude >> 13);
}

float f32_from_bf16(uint16_t number)
{
    return float_of((uint32_t)number << 16);
}

uint16_t bf16_from_f32(float number)
{
    uint32_t bits = bits_of(number);

    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40); // stays NaN
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
