// Functions of one number, for the kernels that apply them to many.
#pragma once
#include "versions.h"
#include <stdint.h>
#include <string.h>

// Fused multiply-adds where the processor has them: faster, and no less exact. So the twins agree to a rounding.
#pragma STDC FP_CONTRACT ON

// e^x = 2^n e^r with |r| <= ln 2 / 2 and n found by adding 1.5 * 2^23, whose low bits then hold n. The polynomial is a
// Chebyshev fit of degree 6 (relative error 3e-9).
INLINE float exp_of(float x) {
    float c = x < -87.33f ? -87.33f : x;
    c = c > 88.37f ? 88.37f : c;
    const float shifted = c * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const float r = (c - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 0.00139485809f;
    p = p * r + 0.00837512889f;
    p = p * r + 0.0416662183f;
    p = p * r + 0.166664155f;
    p = p * r + 0.500000011f;
    p = p * r + 1.00000004f;
    p = p * r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, 4);
    bits = (bits + 127) << 23;
    float power;
    memcpy(&power, &bits, 4);
    return x < -87.33f ? 0.0f : p * power;
}

// Phi(-z) = e^(-z^2 / 2) Q(t), t = 1 / (1 + 0.4 z), z >= 0: a Chebyshev fit of degree 10 over z in 0...14 (relative error
// 6e-8).
INLINE float normal_tail_of(float z) {
    const float t = 1.0f / (1.0f + 0.4f * z);
    float q = 0.0231435113f;
    q = q * t - 0.125670349f;
    q = q * t + 0.256607652f;
    q = q * t - 0.197215914f;
    q = q * t - 0.037655012f;
    q = q * t + 0.0650476036f;
    q = q * t + 0.0556555982f;
    q = q * t + 0.142193919f;
    q = q * t + 0.158194455f;
    q = q * t + 0.159703374f;
    q = q * t - 4.83586309e-06f;
    return exp_of(-0.5f * z * z) * q;
}

// x Phi(x).
INLINE float gelu_of(float x) {
    const float tail = normal_tail_of(x < 0 ? -x : x);
    return x * (x < 0 ? tail : 1.0f - tail);
}

INLINE float sigmoid_of(float x) { return 1.0f / (1.0f + exp_of(-x)); }

// The sum of eight lanes.
INLINE float total_of(const float *lane) {
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}
