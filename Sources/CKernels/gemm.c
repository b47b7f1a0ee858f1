#include "gemm.h"
#include "cpu.h"

// Neither operand is packed. With w stored [n, k] both operands run along k, so a block of 4 x 3 results keeps twelve
// vector sums in registers and loads seven vectors for twelve multiply-adds: bound by arithmetic, not by loads.
// Rows of x are taken in tiles that stay in the second-level cache while all of w streams past.
enum { ROW_TILE_FLOATS = 48 * 1024 };

// MARK: portable

// The lanes and their final order are those of the vector version; only fused rounding differs.
static float dot_portable(const float *a, const float *b, size_t k) {
    float lane[8] = {0};
    size_t p = 0;
    for (; p + 8 <= k; p += 8)
        for (int l = 0; l < 8; l++) lane[l] += a[p + l] * b[p + l];
    for (int l = 0; p < k; p++, l++) lane[l] += a[p] * b[p];
    float q[4];
    for (int l = 0; l < 4; l++) q[l] = lane[l] + lane[l + 4];
    return (q[0] + q[1]) + (q[2] + q[3]);
}

void trawl_gemm_nt_portable(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w, size_t ldw,
                            const float *bias, float *y, size_t ldy) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            y[i * ldy + j] = dot_portable(x + i * ldx, w + j * ldw, k) + (bias ? bias[j] : 0);
}

void trawl_gemm_nn_portable(size_t m, size_t n, size_t k, float scale, const float *x, size_t ldx, const float *b,
                            size_t ldb, float *y, size_t ldy) {
    for (size_t i = 0; i < m; i++) {
        float *row = y + i * ldy;
        for (size_t j = 0; j < n; j++) row[j] = 0;
        for (size_t p = 0; p < k; p++) {
            const float a = x[i * ldx + p];
            for (size_t j = 0; j < n; j++) row[j] += a * b[p * ldb + j];
        }
        for (size_t j = 0; j < n; j++) row[j] *= scale;
    }
}

#if defined(__x86_64__)

// MARK: AVX2

// The masks of the first 0..7 lanes: MASKS + 8 - count.
static const int MASKS[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

TRAWL_AVX2 static inline __m256i mask_of(size_t count) { return _mm256_loadu_si256((const __m256i *)(MASKS + 8 - count)); }

// The sums of four vectors, each (0+4 + 1+5) + (2+6 + 3+7).
TRAWL_AVX2 static inline __m128 sum4(__m256 a, __m256 b, __m256 c, __m256 d) {
    __m128 a4 = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    __m128 b4 = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    __m128 c4 = _mm_add_ps(_mm256_castps256_ps128(c), _mm256_extractf128_ps(c, 1));
    __m128 d4 = _mm_add_ps(_mm256_castps256_ps128(d), _mm256_extractf128_ps(d, 1));
    return _mm_hadd_ps(_mm_hadd_ps(a4, b4), _mm_hadd_ps(c4, d4));
}

// One block of ROWS x COLUMNS results; both are compile-time constants after inlining.
#define NT_BLOCK(ROWS, COLUMNS)                                                                                       \
    TRAWL_AVX2 static void nt_##ROWS##x##COLUMNS(size_t k, const float *x, size_t ldx, const float *w, size_t ldw,     \
                                                 const float *bias, float *y, size_t ldy) {                            \
        __m256 sum[COLUMNS][4];                                                                                        \
        for (int j = 0; j < COLUMNS; j++)                                                                              \
            for (int i = 0; i < 4; i++) sum[j][i] = _mm256_setzero_ps();                                               \
        size_t p = 0;                                                                                                  \
        for (; p + 8 <= k; p += 8) {                                                                                   \
            __m256 b[COLUMNS];                                                                                         \
            for (int j = 0; j < COLUMNS; j++) b[j] = _mm256_loadu_ps(w + j * ldw + p);                                 \
            for (int i = 0; i < ROWS; i++) {                                                                           \
                const __m256 a = _mm256_loadu_ps(x + i * ldx + p);                                                     \
                for (int j = 0; j < COLUMNS; j++) sum[j][i] = _mm256_fmadd_ps(a, b[j], sum[j][i]);                     \
            }                                                                                                          \
        }                                                                                                              \
        if (p < k) {                                                                                                   \
            const __m256i mask = mask_of(k - p);                                                                       \
            __m256 b[COLUMNS];                                                                                         \
            for (int j = 0; j < COLUMNS; j++) b[j] = _mm256_maskload_ps(w + j * ldw + p, mask);                        \
            for (int i = 0; i < ROWS; i++) {                                                                           \
                const __m256 a = _mm256_maskload_ps(x + i * ldx + p, mask);                                            \
                for (int j = 0; j < COLUMNS; j++) sum[j][i] = _mm256_fmadd_ps(a, b[j], sum[j][i]);                     \
            }                                                                                                          \
        }                                                                                                              \
        for (int j = 0; j < COLUMNS; j++) {                                                                            \
            __m128 total = sum4(sum[j][0], sum[j][1], sum[j][2], sum[j][3]);                                           \
            if (bias) total = _mm_add_ps(total, _mm_set1_ps(bias[j]));                                                 \
            float four[4];                                                                                             \
            _mm_storeu_ps(four, total);                                                                                \
            for (int i = 0; i < ROWS; i++) y[i * ldy + j] = four[i];                                                   \
        }                                                                                                              \
    }
NT_BLOCK(4, 3)
NT_BLOCK(4, 2)
NT_BLOCK(4, 1)
NT_BLOCK(3, 3)
NT_BLOCK(3, 2)
NT_BLOCK(3, 1)
NT_BLOCK(2, 3)
NT_BLOCK(2, 2)
NT_BLOCK(2, 1)
NT_BLOCK(1, 3)
NT_BLOCK(1, 2)
NT_BLOCK(1, 1)

typedef void nt_block(size_t, const float *, size_t, const float *, size_t, const float *, float *, size_t);
static nt_block *const NT[5][4] = {{0, 0, 0, 0},
                                   {0, nt_1x1, nt_1x2, nt_1x3},
                                   {0, nt_2x1, nt_2x2, nt_2x3},
                                   {0, nt_3x1, nt_3x2, nt_3x3},
                                   {0, nt_4x1, nt_4x2, nt_4x3}};

TRAWL_AVX2 static void gemm_nt_avx2(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w,
                                    size_t ldw, const float *bias, float *y, size_t ldy) {
    size_t tile = ROW_TILE_FLOATS / (k ? k : 1) & ~(size_t)3;
    if (tile < 4) tile = 4;
    for (size_t first = 0; first < m; first += tile) {
        const size_t end = m - first < tile ? m : first + tile;
        for (size_t j = 0; j < n; j += 3) {
            const size_t columns = n - j < 3 ? n - j : 3;
            for (size_t i = first; i < end; i += 4) {
                const size_t rows = end - i < 4 ? end - i : 4;
                NT[rows][columns](k, x + i * ldx, ldx, w + j * ldw, ldw, bias ? bias + j : 0, y + i * ldy + j, ldy);
            }
        }
    }
}

// Three rows by 32 columns: twelve sums, four vectors of b, one broadcast.
#define NN_BLOCK(ROWS)                                                                                                 \
    TRAWL_AVX2 static void nn_##ROWS##x32(size_t k, float scale, const float *x, size_t ldx, const float *b,            \
                                          size_t ldb, float *y, size_t ldy) {                                          \
        __m256 sum[ROWS][4];                                                                                           \
        for (int i = 0; i < ROWS; i++)                                                                                 \
            for (int j = 0; j < 4; j++) sum[i][j] = _mm256_setzero_ps();                                               \
        for (size_t p = 0; p < k; p++) {                                                                               \
            const __m256 b0 = _mm256_loadu_ps(b + p * ldb), b1 = _mm256_loadu_ps(b + p * ldb + 8);                     \
            const __m256 b2 = _mm256_loadu_ps(b + p * ldb + 16), b3 = _mm256_loadu_ps(b + p * ldb + 24);               \
            for (int i = 0; i < ROWS; i++) {                                                                           \
                const __m256 a = _mm256_broadcast_ss(x + i * ldx + p);                                                 \
                sum[i][0] = _mm256_fmadd_ps(a, b0, sum[i][0]);                                                         \
                sum[i][1] = _mm256_fmadd_ps(a, b1, sum[i][1]);                                                         \
                sum[i][2] = _mm256_fmadd_ps(a, b2, sum[i][2]);                                                         \
                sum[i][3] = _mm256_fmadd_ps(a, b3, sum[i][3]);                                                         \
            }                                                                                                          \
        }                                                                                                              \
        const __m256 s = _mm256_set1_ps(scale);                                                                        \
        for (int i = 0; i < ROWS; i++)                                                                                 \
            for (int j = 0; j < 4; j++) _mm256_storeu_ps(y + i * ldy + 8 * j, _mm256_mul_ps(s, sum[i][j]));            \
    }
NN_BLOCK(3)
NN_BLOCK(2)
NN_BLOCK(1)

// Up to eight columns at the right edge.
TRAWL_AVX2 static void nn_edge(size_t m, size_t columns, size_t k, float scale, const float *x, size_t ldx,
                               const float *b, size_t ldb, float *y, size_t ldy) {
    const __m256i mask = mask_of(columns);
    for (size_t i = 0; i < m; i++) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t p = 0; p < k; p++)
            sum = _mm256_fmadd_ps(_mm256_broadcast_ss(x + i * ldx + p), _mm256_maskload_ps(b + p * ldb, mask), sum);
        _mm256_maskstore_ps(y + i * ldy, mask, _mm256_mul_ps(_mm256_set1_ps(scale), sum));
    }
}

TRAWL_AVX2 static void gemm_nn_avx2(size_t m, size_t n, size_t k, float scale, const float *x, size_t ldx,
                                    const float *b, size_t ldb, float *y, size_t ldy) {
    size_t j = 0;
    for (; j + 32 <= n; j += 32) {
        size_t i = 0;
        for (; i + 3 <= m; i += 3) nn_3x32(k, scale, x + i * ldx, ldx, b + j, ldb, y + i * ldy + j, ldy);
        if (m - i == 2) nn_2x32(k, scale, x + i * ldx, ldx, b + j, ldb, y + i * ldy + j, ldy);
        if (m - i == 1) nn_1x32(k, scale, x + i * ldx, ldx, b + j, ldb, y + i * ldy + j, ldy);
    }
    for (; j < n; j += 8) nn_edge(m, n - j < 8 ? n - j : 8, k, scale, x, ldx, b + j, ldb, y + j, ldy);
}

void trawl_gemm_nt(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w, size_t ldw,
                   const float *bias, float *y, size_t ldy) {
    if (trawl_has_avx2()) gemm_nt_avx2(m, n, k, x, ldx, w, ldw, bias, y, ldy);
    else trawl_gemm_nt_portable(m, n, k, x, ldx, w, ldw, bias, y, ldy);
}

void trawl_gemm_nn(size_t m, size_t n, size_t k, float scale, const float *x, size_t ldx, const float *b, size_t ldb,
                   float *y, size_t ldy) {
    if (trawl_has_avx2()) gemm_nn_avx2(m, n, k, scale, x, ldx, b, ldb, y, ldy);
    else trawl_gemm_nn_portable(m, n, k, scale, x, ldx, b, ldb, y, ldy);
}

#else

void trawl_gemm_nt(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w, size_t ldw,
                   const float *bias, float *y, size_t ldy) {
    trawl_gemm_nt_portable(m, n, k, x, ldx, w, ldw, bias, y, ldy);
}

void trawl_gemm_nn(size_t m, size_t n, size_t k, float scale, const float *x, size_t ldx, const float *b, size_t ldb,
                   float *y, size_t ldy) {
    trawl_gemm_nn_portable(m, n, k, scale, x, ldx, b, ldb, y, ldy);
}

#endif
