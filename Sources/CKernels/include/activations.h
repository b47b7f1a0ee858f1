// The functions between a transformer's matrix products. Relative errors are against exact arithmetic and tested.
#pragma once
#include <stddef.h>

#define TRAWL_KERNEL(name, ...)                                                                                        \
    void name(__VA_ARGS__);                                                                                            \
    void name##_portable(__VA_ARGS__);

/// x = exp(x); relative error below 3e-7; 0 below -87.33, clamped above 88.37.
TRAWL_KERNEL(trawl_exp, float *x, size_t n)
/// x = x Phi(x), the exact (erf) form of GELU; relative error below 3e-6 for |x| < 8, absolute below 1e-6.
TRAWL_KERNEL(trawl_gelu_erf, float *x, size_t n)
/// x = x sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3): the tanh form of GELU.
TRAWL_KERNEL(trawl_gelu_tanh, float *x, size_t n)
/// x = max(x, 0).
TRAWL_KERNEL(trawl_relu, float *x, size_t n)
/// x = tanh(x); absolute error below 2e-7.
TRAWL_KERNEL(trawl_tanh, float *x, size_t n)
/// x = x sigmoid(x).
TRAWL_KERNEL(trawl_silu, float *x, size_t n)
/// gate = gate sigmoid(gate) up: the inside of SwiGLU.
TRAWL_KERNEL(trawl_silu_multiply, float *gate, const float *up, size_t n)
/// x += y.
TRAWL_KERNEL(trawl_add, float *x, const float *y, size_t n)
/// x *= y, element by element.
TRAWL_KERNEL(trawl_multiply, float *x, const float *y, size_t n)
/// x += a y.
TRAWL_KERNEL(trawl_add_scaled, float *x, float a, const float *y, size_t n)
/// *out = sum of a b, in eight lanes.
TRAWL_KERNEL(trawl_dot, const float *a, const float *b, size_t n, float *out)
/// Each row of x: [rows, columns] becomes its softmax.
TRAWL_KERNEL(trawl_softmax, float *x, size_t rows, size_t columns, size_t ld)
/// *out = log of the sum of exp(x).
TRAWL_KERNEL(trawl_log_sum_exp, const float *x, size_t n, double *out)
/// x = layer norm of (x + residual), for each row; `residual` may be NULL; sums in double precision.
TRAWL_KERNEL(trawl_layer_norm, float *x, const float *residual, const float *weight, const float *bias, float epsilon,
             size_t rows, size_t columns)
/// out = x / rms(x) * weight, for each row.
TRAWL_KERNEL(trawl_rms_norm, const float *x, const float *weight, float epsilon, size_t rows, size_t columns, float *out)
/// Rotates the first `dimension` elements of each of `heads` heads by the angles of one position; `cosines` and `sines`:
/// [dimension / 2]. Pair p is (2p, 2p + 1) when interleaved, else (p, p + dimension / 2).
TRAWL_KERNEL(trawl_rope_interleaved, float *x, size_t heads, size_t head_dimension, size_t dimension,
             const float *cosines, const float *sines)
TRAWL_KERNEL(trawl_rope_halves, float *x, size_t heads, size_t head_dimension, size_t dimension, const float *cosines,
             const float *sines)
#undef TRAWL_KERNEL
