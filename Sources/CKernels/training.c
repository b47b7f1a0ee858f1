#include "training.h"
#include "functions.h"
#include "versions.h"
#include <math.h>

INLINE void trawl_gelu_erf_backward_body(const float *restrict x, const float *restrict dy, float *restrict dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float v = x[i];
        const float tail = normal_tail_of(v < 0 ? -v : v);
        const float density = 0.398942280f * exp_of(-0.5f * v * v);
        dx[i] += dy[i] * ((v < 0 ? tail : 1.0f - tail) + v * density);
    }
}
TRAWL_TWINS(trawl_gelu_erf_backward, (const float *x, const float *dy, float *dx, size_t n), (x, dy, dx, n))

INLINE void trawl_silu_multiply_backward_body(const float *restrict gate, const float *restrict up,
                                              const float *restrict dy, float *restrict dgate, float *restrict dup,
                                              size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float s = sigmoid_of(gate[i]);
        dgate[i] += dy[i] * up[i] * s * (1.0f + gate[i] * (1.0f - s));
        dup[i] += dy[i] * gate[i] * s;
    }
}
TRAWL_TWINS(trawl_silu_multiply_backward,
            (const float *gate, const float *up, const float *dy, float *dgate, float *dup, size_t n),
            (gate, up, dy, dgate, dup, n))

INLINE float dot_of(const float *restrict a, const float *restrict b, size_t n) {
    float lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) lane[l] += a[i + l] * b[i + l];
    for (int l = 0; i < n; i++, l++) lane[l] += a[i] * b[i];
    return total_of(lane);
}

INLINE double sum_of(const float *x, size_t n) {
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) lane[l] += x[i + l];
    for (int l = 0; i < n; i++, l++) lane[l] += x[i];
    double sum = 0;
    for (int l = 0; l < 8; l++) sum += lane[l];
    return sum;
}

INLINE void trawl_softmax_backward_body(const float *restrict p, float *restrict dp, float scale, size_t n) {
    const float mean = dot_of(p, dp, n);
    for (size_t i = 0; i < n; i++) dp[i] = scale * p[i] * (dp[i] - mean);
}
TRAWL_TWINS(trawl_softmax_backward, (const float *p, float *dp, float scale, size_t n), (p, dp, scale, n))

INLINE void trawl_layer_norm_backward_body(const float *restrict z, const float *restrict weight, float epsilon,
                                           const float *restrict dy, size_t rows, size_t columns, float *restrict dz,
                                           float *restrict dweight, float *restrict dbias) {
    const double count = (double)columns;
    for (size_t r = 0; r < rows; r++, z += columns, dy += columns, dz += columns) {
        const float mean = (float)(sum_of(z, columns) / count);
        double square[8] = {0};
        float plain[8] = {0}, along[8] = {0};
        size_t i = 0;
        for (; i + 8 <= columns; i += 8)
            for (int l = 0; l < 8; l++) {
                const float d = z[i + l] - mean, g = dy[i + l] * weight[i + l];
                square[l] += (double)d * d;
                plain[l] += g;
                along[l] += g * d;
            }
        for (int l = 0; i < columns; i++, l++) {
            const float d = z[i] - mean, g = dy[i] * weight[i];
            square[l] += (double)d * d;
            plain[l] += g;
            along[l] += g * d;
        }
        double variance = 0;
        for (int l = 0; l < 8; l++) variance += square[l];
        const float scale = (float)(1.0 / sqrt(variance / count + (double)epsilon));
        const float level = total_of(plain) / (float)columns;
        const float slope = total_of(along) * scale * scale / (float)columns;
        for (i = 0; i < columns; i++) {
            const float d = z[i] - mean;
            dz[i] += scale * (dy[i] * weight[i] - level - d * slope);
            dweight[i] += dy[i] * d * scale;
            dbias[i] += dy[i];
        }
    }
}
TRAWL_TWINS(trawl_layer_norm_backward,
            (const float *z, const float *weight, float epsilon, const float *dy, size_t rows, size_t columns, float *dz,
             float *dweight, float *dbias),
            (z, weight, epsilon, dy, rows, columns, dz, dweight, dbias))

INLINE void trawl_cross_entropy_backward_body(float *restrict x, float normaliser, float scale, float uniform, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = scale * exp_of(x[i] - normaliser) - uniform;
}
TRAWL_TWINS(trawl_cross_entropy_backward, (float *x, float normaliser, float scale, float uniform, size_t n),
            (x, normaliser, scale, uniform, n))

INLINE void trawl_sum_body(const float *x, size_t n, double *out) { *out = sum_of(x, n); }
TRAWL_TWINS(trawl_sum, (const float *x, size_t n, double *out), (x, n, out))

INLINE void trawl_transpose_body(const float *restrict x, size_t ldx, size_t rows, size_t columns, float *restrict out) {
    // Squares of one cache line's side: every line is read and written once.
    const size_t side = 16;
    for (size_t c = 0; c < columns; c += side)
        for (size_t r = 0; r < rows; r += side) {
            const size_t width = columns - c < side ? columns - c : side, height = rows - r < side ? rows - r : side;
            for (size_t j = 0; j < width; j++)
                for (size_t i = 0; i < height; i++) out[(c + j) * rows + r + i] = x[(r + i) * ldx + c + j];
        }
}
TRAWL_TWINS(trawl_transpose, (const float *x, size_t ldx, size_t rows, size_t columns, float *out),
            (x, ldx, rows, columns, out))

typedef float lanes16 __attribute__((vector_size(64), aligned(4), may_alias));

// A block of 8 x 16 sums, each row of them a vector that stays in a register.
INLINE void transposed_block(const float *restrict a, size_t lda, const float *restrict b, size_t ldb, size_t k,
                             float *restrict out, size_t ldo) {
    lanes16 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0}, s5 = {0}, s6 = {0}, s7 = {0};
    for (size_t p = 0; p < k; p++, a += lda, b += ldb) {
        const lanes16 v = *(const lanes16 *)b;
        s0 += a[0] * v;
        s1 += a[1] * v;
        s2 += a[2] * v;
        s3 += a[3] * v;
        s4 += a[4] * v;
        s5 += a[5] * v;
        s6 += a[6] * v;
        s7 += a[7] * v;
    }
    *(lanes16 *)out += s0;
    *(lanes16 *)(out + ldo) += s1;
    *(lanes16 *)(out + 2 * ldo) += s2;
    *(lanes16 *)(out + 3 * ldo) += s3;
    *(lanes16 *)(out + 4 * ldo) += s4;
    *(lanes16 *)(out + 5 * ldo) += s5;
    *(lanes16 *)(out + 6 * ldo) += s6;
    *(lanes16 *)(out + 7 * ldo) += s7;
}

INLINE void trawl_add_transposed_product_body(const float *restrict a, size_t lda, const float *restrict b, size_t ldb,
                                              size_t m, size_t n, size_t k, float *restrict out, size_t ldo) {
    const size_t rows = m / 8 * 8, lanes = n / 16 * 16;
    for (size_t j = 0; j < lanes; j += 16)
        for (size_t i = 0; i < rows; i += 8) transposed_block(a + i, lda, b + j, ldb, k, out + i * ldo + j, ldo);
    for (size_t p = 0; p < k; p++)
        for (size_t i = 0; i < m; i++)
            for (size_t j = i < rows ? lanes : 0; j < n; j++) out[i * ldo + j] += a[p * lda + i] * b[p * ldb + j];
}
TRAWL_TWINS(trawl_add_transposed_product,
            (const float *a, size_t lda, const float *b, size_t ldb, size_t m, size_t n, size_t k, float *out, size_t ldo),
            (a, lda, b, ldb, m, n, k, out, ldo))

INLINE void trawl_adamw_body(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, size_t n,
                             float scale, float rate, float beta1, float beta2, float epsilon, float decay,
                             float correction1, float correction2) {
    for (size_t i = 0; i < n; i++) {
        const float gradient = scale * g[i];
        m[i] = beta1 * m[i] + (1.0f - beta1) * gradient;
        v[i] = beta2 * v[i] + (1.0f - beta2) * gradient * gradient;
        w[i] -= rate * (correction1 * m[i] / (__builtin_elementwise_sqrt(correction2 * v[i]) + epsilon) + decay * w[i]);
    }
}
TRAWL_TWINS(trawl_adamw,
            (float *w, const float *g, float *m, float *v, size_t n, float scale, float rate, float beta1, float beta2,
             float epsilon, float decay, float correction1, float correction2),
            (w, g, m, v, n, scale, rate, beta1, beta2, epsilon, decay, correction1, correction2))
