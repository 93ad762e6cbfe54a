// exp, erf, tanh and their kin on vectors, for the *_n16.c files. Polynomials are least-maximum
// fits of our own; errors are the largest found over the whole range of float, relative to the
// result unless said: vf_exp 2 ulp (0 below 1.2e-38), vf_erfc 4e-7 up to 3 and 1e-5 at
// 9, vf_erf 2e-7, vf_tanh 3e-7, vf_expm1 1e-7 absolute. NaN passes through.
#ifndef KERNELS_VF_MATH_H
#define KERNELS_VF_MATH_H

#include "kernels/n16_internal.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

typedef int vi __attribute__((vector_size(VF * 4), aligned(VF * 4)));

ALWAYS_INLINE vf vf_select(vi mask, vf yes, vf no)
{
    return (vf)(((vi)yes & mask) | ((vi)no & ~mask));
}

ALWAYS_INLINE vf vf_max(vf a, vf b)
{
    return vf_select(a < b, b, a);
}

ALWAYS_INLINE vf vf_min(vf a, vf b)
{
    return vf_select(b < a, b, a);
}

ALWAYS_INLINE vf vf_abs(vf x)
{
    return (vf)((vi)x & ((vi){0} + 0x7fffffff));
}

// (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2.
ALWAYS_INLINE vf exp_tail(vf r)
{
    return (((r * 0x1.6dbc64p-10F + 0x1.124148p-7F) * r + 0x1.555454p-5F) * r + 0x1.555486p-3F) *
               r +
           0.5F;
}

ALWAYS_INLINE vf vf_exp(vf x)
{
    const vf magic = vf_set(12582912); // 1.5 * 2^23: the integer is in the last bits of the sum
    vi is_tiny = x < -87.33F;          // what would be denormal is 0: quick, and nobody misses it
    vf n, r, y;
    vi power, half;

    x = vf_min(vf_max(x, vf_set(-87.33F)), vf_set(89));
    n = x * 1.44269504F + magic;
    power = (vi)n - (vi)magic;
    n -= magic;
    r = x - n * 0.693359375F + n * 2.12194440e-4F;
    y = r * r * exp_tail(r) + r + 1;
    half = power >> 1; // in two steps, as 2^128 is no float
    y *= (vf)((half + 127) << 23);
    y *= (vf)((power - half + 127) << 23);
    return (vf)((vi)y & ~is_tiny);
}

// exp(x) - 1 for x <= 0.
ALWAYS_INLINE vf vf_expm1(vf x)
{
    return vf_select(x > -0.34F, x * x * exp_tail(x) + x, vf_exp(x) - 1);
}

// 1 / x for x within 2^-100 .. 2^100, 1 ulp.
ALWAYS_INLINE vf vf_reciprocal(vf x)
{
#if defined(__AVX512F__)
    vf y = (vf)_mm512_rcp14_ps((__m512)x);

    return y * (2 - x * y); // half the time of a division
#else
    return 1 / x;
#endif
}

// 1 - erf(x) for x >= 0: exp(-x^2) times a polynomial in 1 / (1 + 0.4 x).
ALWAYS_INLINE vf vf_erfc(vf x)
{
    vf u = vf_reciprocal(1 + 0.4F * vf_min(x, vf_set(16)));
    vf p = u * 0.07230601661633082F - 0.3886701283052011F;

    p = p * u + 0.6814731241347097F;
    p = p * u - 0.3832182193749863F;
    p = p * u + 0.4256177298965417F;
    p = p * u + 0.1271066208784677F;
    p = p * u + 0.24133411563636412F;
    p = p * u + 0.2239712754303651F;
    p = p * u + 7.936494968646679e-05F;
    return p * vf_exp(-x * x);
}

ALWAYS_INLINE vf vf_erf(vf x)
{
    vf z = x * x, far = 1 - vf_erfc(vf_abs(x));
    vf p = z * -0.0006749512550831251F + 0.005114345451192417F;

    p = p * z - 0.026834624517958622F;
    p = p * z + 0.11283376573267427F;
    p = p * z - 0.3761261875664638F;
    p = p * z + 1.1283791654964392F;
    return vf_select(z < 0.5625F, x * p, vf_select(x < 0, -far, far));
}

ALWAYS_INLINE vf vf_tanh(vf x)
{
    vf z = x * x, far = 1 - 2 / (vf_exp(2 * vf_abs(x)) + 1);
    vf p = z * -0.005717036561864918F + 0.020650579004211817F;

    p = p * z - 0.053743495261537995F;
    p = p * z + 0.133314912485167F;
    p = p * z - 0.3333328392359084F;
    return vf_select(z < 0.390625F, x + x * z * p, vf_select(x < 0, -far, far));
}

ALWAYS_INLINE vf vf_sigmoid(vf x)
{
    return 1 / (1 + vf_exp(-x));
}

// (1 + erf(x / sqrt 2)) / 2, without cancellation where x < 0.
ALWAYS_INLINE vf vf_normal(vf x)
{
    vf tail = 0.5F * vf_erfc(vf_abs(x) * 0.70710678F);

    return vf_select(x < 0, tail, 1 - tail);
}

ALWAYS_INLINE vf vf_gelu(vf x)
{
    return x * vf_normal(x);
}

#endif
