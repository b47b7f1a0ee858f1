#include "activations.h"
#include "versions.h"
#include <math.h>
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

// x Phi(x), with Phi(-z) = e^(-z^2 / 2) Q(t), t = 1 / (1 + 0.4 z), z >= 0: a Chebyshev fit of degree 10 over z in 0...14
// (relative error 6e-8).
INLINE float gelu_of(float x) {
    const float z = x < 0 ? -x : x;
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
    const float tail = exp_of(-0.5f * z * z) * q;
    return x * (x < 0 ? tail : 1.0f - tail);
}

INLINE float sigmoid_of(float x) { return 1.0f / (1.0f + exp_of(-x)); }

#define TWINS1(name) TRAWL_TWINS(name, (float *x, size_t n), (x, n))

INLINE void trawl_exp_body(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = exp_of(x[i]);
}
TWINS1(trawl_exp)

INLINE void trawl_gelu_erf_body(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = gelu_of(x[i]);
}
TWINS1(trawl_gelu_erf)

INLINE void trawl_gelu_tanh_body(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float v = x[i];
        x[i] = v * sigmoid_of(1.595769122f * (v + 0.044715f * v * v * v));
    }
}
TWINS1(trawl_gelu_tanh)

INLINE void trawl_relu_body(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i];
}
TWINS1(trawl_relu)

INLINE void trawl_tanh_body(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = 1.0f - 2.0f / (1.0f + exp_of(2.0f * x[i]));
}
TWINS1(trawl_tanh)

INLINE void trawl_silu_body(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] * sigmoid_of(x[i]);
}
TWINS1(trawl_silu)

INLINE void trawl_silu_multiply_body(float *restrict gate, const float *restrict up, size_t n) {
    for (size_t i = 0; i < n; i++) gate[i] = gate[i] * sigmoid_of(gate[i]) * up[i];
}
TRAWL_TWINS(trawl_silu_multiply, (float *gate, const float *up, size_t n), (gate, up, n))

INLINE void trawl_add_body(float *restrict x, const float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] += y[i];
}
TRAWL_TWINS(trawl_add, (float *x, const float *y, size_t n), (x, y, n))

INLINE void trawl_multiply_body(float *restrict x, const float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] *= y[i];
}
TRAWL_TWINS(trawl_multiply, (float *x, const float *y, size_t n), (x, y, n))

INLINE void trawl_add_scaled_body(float *restrict x, float a, const float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] += a * y[i];
}
TRAWL_TWINS(trawl_add_scaled, (float *x, float a, const float *y, size_t n), (x, a, y, n))

INLINE float total_of(const float *lane) {
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

INLINE void trawl_dot_body(const float *restrict a, const float *restrict b, size_t n, float *out) {
    float lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) lane[l] += a[i + l] * b[i + l];
    for (int l = 0; i < n; i++, l++) lane[l] += a[i] * b[i];
    *out = total_of(lane);
}
TRAWL_TWINS(trawl_dot, (const float *a, const float *b, size_t n, float *out), (a, b, n, out))

INLINE float maximum_of(const float *x, size_t n) {
    float lane[8];
    for (int l = 0; l < 8; l++) lane[l] = -INFINITY;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
    for (int l = 0; i < n; i++, l++) lane[l] = x[i] > lane[l] ? x[i] : lane[l];
    float top = lane[0];
    for (int l = 1; l < 8; l++) top = lane[l] > top ? lane[l] : top;
    return top;
}

INLINE void trawl_softmax_body(float *x, size_t rows, size_t columns, size_t ld) {
    for (size_t r = 0; r < rows; r++, x += ld) {
        const float top = maximum_of(x, columns);
        float lane[8] = {0};
        size_t i = 0;
        for (; i + 8 <= columns; i += 8)
            for (int l = 0; l < 8; l++) {
                x[i + l] = exp_of(x[i + l] - top);
                lane[l] += x[i + l];
            }
        for (int l = 0; i < columns; i++, l++) {
            x[i] = exp_of(x[i] - top);
            lane[l] += x[i];
        }
        const float scale = 1.0f / total_of(lane);
        for (i = 0; i < columns; i++) x[i] *= scale;
    }
}
TRAWL_TWINS(trawl_softmax, (float *x, size_t rows, size_t columns, size_t ld), (x, rows, columns, ld))

INLINE void trawl_log_sum_exp_body(const float *x, size_t n, double *out) {
    const float top = maximum_of(x, n);
    double sum = 0;
    // Short runs in single precision, their totals in double: a vocabulary is long.
    for (size_t start = 0; start < n; start += 512) {
        const size_t end = n - start < 512 ? n : start + 512;
        float lane[8] = {0};
        size_t i = start;
        for (; i + 8 <= end; i += 8)
            for (int l = 0; l < 8; l++) lane[l] += exp_of(x[i + l] - top);
        for (int l = 0; i < end; i++, l++) lane[l] += exp_of(x[i] - top);
        sum += total_of(lane);
    }
    *out = top + log(sum);
}
TRAWL_TWINS(trawl_log_sum_exp, (const float *x, size_t n, double *out), (x, n, out))

INLINE void trawl_layer_norm_body(float *restrict x, const float *restrict residual, const float *restrict weight,
                                      const float *restrict bias, float epsilon, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        if (residual) {
            for (size_t i = 0; i < columns; i++) x[i] += residual[i];
            residual += columns;
        }
        double lane[8] = {0};
        size_t i = 0;
        for (; i + 8 <= columns; i += 8)
            for (int l = 0; l < 8; l++) lane[l] += x[i + l];
        for (int l = 0; i < columns; i++, l++) lane[l] += x[i];
        double sum = 0;
        for (int l = 0; l < 8; l++) sum += lane[l];
        const float mean = (float)(sum / (double)columns);

        double square[8] = {0};
        for (i = 0; i + 8 <= columns; i += 8)
            for (int l = 0; l < 8; l++) {
                const double d = x[i + l] - mean;
                square[l] += d * d;
            }
        for (int l = 0; i < columns; i++, l++) {
            const double d = x[i] - mean;
            square[l] += d * d;
        }
        double variance = 0;
        for (int l = 0; l < 8; l++) variance += square[l];
        const float scale = (float)(1.0 / sqrt(variance / (double)columns + (double)epsilon));
        for (i = 0; i < columns; i++) x[i] = (x[i] - mean) * scale * weight[i] + bias[i];
    }
}
TRAWL_TWINS(trawl_layer_norm,
            (float *x, const float *residual, const float *weight, const float *bias, float epsilon, size_t rows,
             size_t columns),
            (x, residual, weight, bias, epsilon, rows, columns))

INLINE void trawl_rms_norm_body(const float *restrict x, const float *restrict weight, float epsilon, size_t rows,
                                    size_t columns, float *restrict out) {
    for (size_t r = 0; r < rows; r++, x += columns, out += columns) {
        double lane[8] = {0};
        size_t i = 0;
        for (; i + 8 <= columns; i += 8)
            for (int l = 0; l < 8; l++) {
                const double v = x[i + l];
                lane[l] += v * v;
            }
        for (int l = 0; i < columns; i++, l++) lane[l] += (double)x[i] * x[i];
        double sum = 0;
        for (int l = 0; l < 8; l++) sum += lane[l];
        const float scale = (float)(1.0 / sqrt(sum / (double)columns + (double)epsilon));
        for (i = 0; i < columns; i++) out[i] = x[i] * scale * weight[i];
    }
}
TRAWL_TWINS(trawl_rms_norm,
            (const float *x, const float *weight, float epsilon, size_t rows, size_t columns, float *out),
            (x, weight, epsilon, rows, columns, out))

INLINE void trawl_rope_interleaved_body(float *restrict x, size_t heads, size_t head_dimension, size_t dimension,
                                            const float *restrict cosines, const float *restrict sines) {
    for (size_t h = 0; h < heads; h++, x += head_dimension)
        for (size_t p = 0; p < dimension / 2; p++) {
            const float a = x[2 * p], b = x[2 * p + 1];
            x[2 * p] = a * cosines[p] - b * sines[p];
            x[2 * p + 1] = b * cosines[p] + a * sines[p];
        }
}
TRAWL_TWINS(trawl_rope_interleaved,
            (float *x, size_t heads, size_t head_dimension, size_t dimension, const float *cosines, const float *sines),
            (x, heads, head_dimension, dimension, cosines, sines))

INLINE void trawl_rope_halves_body(float *restrict x, size_t heads, size_t head_dimension, size_t dimension,
                                       const float *restrict cosines, const float *restrict sines) {
    const size_t half = dimension / 2;
    for (size_t h = 0; h < heads; h++, x += head_dimension)
        for (size_t p = 0; p < half; p++) {
            const float a = x[p], b = x[p + half];
            x[p] = a * cosines[p] - b * sines[p];
            x[p + half] = b * cosines[p] + a * sines[p];
        }
}
TRAWL_TWINS(trawl_rope_halves,
            (float *x, size_t heads, size_t head_dimension, size_t dimension, const float *cosines, const float *sines),
            (x, heads, head_dimension, dimension, cosines, sines))
