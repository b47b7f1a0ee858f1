#include "activations.h"
#include "functions.h"
#include "versions.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

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
