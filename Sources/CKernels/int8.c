#include "int8.h"
#include "tile.h"
#include <math.h>
#include <string.h>

enum { WIDTH = 16, GROUP = TRAWL_INT8_GROUP };

#pragma STDC FP_CONTRACT OFF

// MARK: quantising

INLINE float largest_magnitude(const float *x, size_t n) {
    float lane[16] = {0};
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++) {
            const float a = fabsf(x[i + l]);
            lane[l] = a > lane[l] ? a : lane[l];
        }
    float top = 0;
    for (int l = 0; l < 16; l++) top = lane[l] > top ? lane[l] : top;
    for (; i < n; i++) top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
    return top;
}

/// x times `inverse`, rounded to even by adding 1.5 * 2^23.
INLINE int32_t rounded(float x, float inverse) {
    const float shifted = x * inverse + 12582912.0f;
    int32_t bits;
    memcpy(&bits, &shifted, 4);
    return bits - 0x4b400000;
}

INLINE void quantise(size_t m, size_t k, const float *x, int8_t *q, float *scales, isa_t isa) {
    (void)isa;
    for (size_t g = 0; g < m * k / GROUP; g++, x += GROUP, q += GROUP, scales += 2) {
        const float top = largest_magnitude(x, GROUP);
        // Not-a-number and infinities become a scale that shows.
        const float scale = top < INFINITY ? top / 127 : NAN;
        const float inverse = top > 1e-30f && top < INFINITY ? 127 / top : 0;
        int32_t sum = 0;
        for (size_t i = 0; i < GROUP; i++) {
            const int32_t value = rounded(x[i], inverse);
            sum += value;
            q[i] = (int8_t)value;
        }
        scales[0] = scale;
        scales[1] = scale * (float)sum;
    }
}
VERSIONS(void, , trawl_int8_quantise, quantise,
         (size_t m, size_t k, const float *x, int8_t *q, float *scales), m, k, x, q, scales)

void trawl_int8_pack(size_t n, size_t k, const float *w, size_t ldw, uint8_t *panel) {
    for (size_t first = 0; first < k; first += GROUP, panel += 128 + 16 * GROUP) {
        float *scale = (float *)panel, *offset = scale + WIDTH;
        uint8_t *weights = panel + 128;
        for (size_t c = 0; c < WIDTH; c++) {
            const float *row = w + c * ldw + first;
            const float top = c < n ? largest_magnitude(row, GROUP) : 0;
            scale[c] = top / 127;
            offset[c] = -128 * scale[c];
            const float inverse = top > 1e-30f ? 127 / top : 0;
            for (size_t p = 0; p < GROUP; p++)
                weights[p / 4 * 64 + 4 * c + p % 4] = (uint8_t)(128 + (c < n ? rounded(row[p], inverse) : 0));
        }
    }
}

// MARK: products

static void gemm_portable(
    size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *panels,
    bool accumulate, float *y, size_t ldy
) {
    const size_t groups = k / GROUP;
    for (size_t j = 0; j < n; j += WIDTH, panels += trawl_int8_panel_size(k)) {
        const size_t columns = n - j < WIDTH ? n - j : WIDTH;
        for (size_t i = 0; i < m; i++) {
            float sum[WIDTH] = {0};
            for (size_t g = 0; g < groups; g++) {
                const uint8_t *at = panels + g * (128 + 16 * GROUP);
                const float *scale = (const float *)at, *offset = scale + WIDTH;
                const int8_t *x = q + i * k + g * GROUP;
                int32_t exact[WIDTH] = {0};
                for (size_t p = 0; p < GROUP; p += 4)
                    for (size_t c = 0; c < WIDTH; c++)
                        for (size_t t = 0; t < 4; t++) exact[c] += x[p + t] * at[128 + 16 * p + 4 * c + t];
                const float *s = scales + 2 * (i * groups + g);
                for (size_t c = 0; c < WIDTH; c++) {
                    sum[c] = fmaf((float)exact[c] * scale[c], s[0], sum[c]);
                    sum[c] = fmaf(offset[c], s[1], sum[c]);
                }
            }
            float *out = y + i * ldy + j;
            for (size_t c = 0; c < columns; c++) out[c] = accumulate ? out[c] + sum[c] : sum[c];
        }
    }
}

#if defined(__x86_64__)

/// A few rows and one panel. Weights go through 16 bits, for two products of bytes may not fit them.
AVX2 INLINE void block_avx2(
    const int rows, size_t k, const int8_t *q, const float *scales, const uint8_t *panel, size_t columns,
    bool accumulate, float *y, size_t ldy
) {
    const size_t groups = k / GROUP;
    const __m256i even = _mm256_set1_epi32(0x00ff00ff);
    __m256 sum[3][2];
    UNROLL for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = _mm256_setzero_ps();
    for (size_t g = 0; g < groups; g++, q += GROUP, panel += 128 + 16 * GROUP) {
        __m256i exact[3][2];
        UNROLL for (int i = 0; i < rows; i++) exact[i][0] = exact[i][1] = _mm256_setzero_si256();
        for (size_t p = 0; p < GROUP; p += 4) {
            __m256i w[2], w02[2], w13[2];
            UNROLL for (int h = 0; h < 2; h++) {
                w[h] = _mm256_loadu_si256((const __m256i *)(panel + 128 + 16 * p + 32 * h));
                w02[h] = _mm256_and_si256(w[h], even);
                w13[h] = _mm256_srli_epi16(w[h], 8);
            }
            UNROLL for (int i = 0; i < rows; i++) {
                int32_t four;
                memcpy(&four, q + i * k + p, 4);
                const __m256i x = _mm256_set1_epi32(four);
                const __m256i x02 = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8), x13 = _mm256_srai_epi16(x, 8);
                UNROLL for (int h = 0; h < 2; h++)
                    exact[i][h] = _mm256_add_epi32(
                        exact[i][h],
                        _mm256_add_epi32(_mm256_madd_epi16(w02[h], x02), _mm256_madd_epi16(w13[h], x13)));
            }
        }
        UNROLL for (int h = 0; h < 2; h++) {
            const __m256 scale = _mm256_loadu_ps((const float *)panel + 8 * h);
            const __m256 offset = _mm256_loadu_ps((const float *)panel + WIDTH + 8 * h);
            UNROLL for (int i = 0; i < rows; i++) {
                const float *s = scales + 2 * (i * groups + g);
                const __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(exact[i][h]), scale);
                sum[i][h] = _mm256_fmadd_ps(value, _mm256_set1_ps(s[0]), sum[i][h]);
                sum[i][h] = _mm256_fmadd_ps(offset, _mm256_set1_ps(s[1]), sum[i][h]);
            }
        }
    }
    UNROLL for (int i = 0; i < rows; i++) {
        float all[WIDTH];
        _mm256_storeu_ps(all, sum[i][0]);
        _mm256_storeu_ps(all + 8, sum[i][1]);
        for (size_t c = 0; c < columns; c++) y[i * ldy + c] = accumulate ? y[i * ldy + c] + all[c] : all[c];
    }
}

AVX2 static void gemm_avx2(
    size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *panels, bool accumulate,
    float *y, size_t ldy
) {
    for (size_t j = 0; j < n; j += WIDTH, panels += trawl_int8_panel_size(k)) {
        const size_t columns = n - j < WIDTH ? n - j : WIDTH;
        for (size_t i = 0; i < m; i += 3) {
            const int8_t *x = q + i * k;
            const float *s = scales + 2 * i * (k / GROUP);
            float *out = y + i * ldy + j;
            if (m - i >= 3) block_avx2(3, k, x, s, panels, columns, accumulate, out, ldy);
            else if (m - i == 2) block_avx2(2, k, x, s, panels, columns, accumulate, out, ldy);
            else block_avx2(1, k, x, s, panels, columns, accumulate, out, ldy);
        }
    }
}

AVX512 INLINE void block_avx512(
    const int rows, const int panel_count, size_t k, const int8_t *q, const float *scales,
    const uint8_t *panels, size_t last, bool accumulate, float *y, size_t ldy
) {
    const size_t groups = k / GROUP, panel_size = trawl_int8_panel_size(k);
    __m512 sum[12][4];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < panel_count; j++) sum[i][j] = _mm512_setzero_ps();
    for (size_t g = 0; g < groups; g++, panels += 128 + 16 * GROUP) {
        __m512i exact[12][4];
        UNROLL for (int i = 0; i < rows; i++)
            UNROLL for (int j = 0; j < panel_count; j++) exact[i][j] = _mm512_setzero_si512();
        const int8_t *x = q + g * GROUP;
        UNROLL for (size_t p = 0; p < GROUP; p += 4) {
            __m512i w[4];
            UNROLL for (int j = 0; j < panel_count; j++)
                w[j] = _mm512_loadu_si512(panels + j * panel_size + 128 + 16 * p);
            UNROLL for (int i = 0; i < rows; i++) {
                int32_t four;
                memcpy(&four, x + i * k + p, 4);
                const __m512i a = _mm512_set1_epi32(four);
                UNROLL for (int j = 0; j < panel_count; j++) exact[i][j] = _mm512_dpbusd_epi32(exact[i][j], w[j], a);
            }
        }
        UNROLL for (int j = 0; j < panel_count; j++) {
            const __m512 scale = _mm512_loadu_ps(panels + j * panel_size);
            const __m512 offset = _mm512_loadu_ps(panels + j * panel_size + 64);
            UNROLL for (int i = 0; i < rows; i++) {
                const float *s = scales + 2 * (i * groups + g);
                const __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(exact[i][j]), scale);
                sum[i][j] = _mm512_fmadd_ps(value, _mm512_set1_ps(s[0]), sum[i][j]);
                sum[i][j] = _mm512_fmadd_ps(offset, _mm512_set1_ps(s[1]), sum[i][j]);
            }
        }
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < panel_count; j++)
            store_results(y + i * ldy + WIDTH * j, sum[i][j], j == panel_count - 1 ? last : WIDTH, accumulate);
}

typedef void block_kernel(
    size_t k, const int8_t *q, const float *scales, const uint8_t *panels, size_t last, bool accumulate,
    float *y, size_t ldy);

#define BLOCK(ROWS, PANELS)                                                                                            \
    AVX512 static void block_##ROWS##x##PANELS(                                                                        \
        size_t k, const int8_t *q, const float *scales, const uint8_t *panels, size_t last, bool accumulate, float *y, \
        size_t ldy) {                                                                                                  \
        block_avx512(ROWS, PANELS, k, q, scales, panels, last, accumulate, y, ldy);                                    \
    }
BLOCK(1, 1) BLOCK(1, 4) BLOCK(2, 1) BLOCK(2, 4) BLOCK(3, 1) BLOCK(4, 1) BLOCK(5, 1) BLOCK(6, 1) BLOCK(7, 1) BLOCK(8, 1)
BLOCK(9, 1) BLOCK(10, 1) BLOCK(11, 1) BLOCK(12, 1)

enum { MAX_ROWS = 12 };
static block_kernel *const ONE_PANEL[MAX_ROWS + 1] = {
    0,          block_1x1, block_2x1, block_3x1, block_4x1,  block_5x1,  block_6x1,
    block_7x1, block_8x1, block_9x1, block_10x1, block_11x1, block_12x1};
static block_kernel *const FOUR_PANELS[3] = {0, block_1x4, block_2x4};

static void gemm_avx512(
    size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *panels,
    bool accumulate, float *y, size_t ldy
) {
    if (!m) return;
    const size_t rows = rows_of_block(m, MAX_ROWS);
    for (size_t j = 0; j < n;) {
        const size_t panel_count = rows < 3 && n - j > 3 * WIDTH ? 4 : 1;
        const size_t columns = n - j < WIDTH * panel_count ? n - j : WIDTH * panel_count;
        for (size_t i = 0; i < m; i += rows) {
            const size_t count = m - i < rows ? m - i : rows;
            (panel_count == 4 ? FOUR_PANELS : ONE_PANEL)[count](
                k, q + i * k, scales + 2 * i * (k / GROUP), panels, columns - WIDTH * (panel_count - 1),
                accumulate, y + i * ldy + j, ldy);
        }
        panels += panel_count * trawl_int8_panel_size(k);
        j += columns;
    }
}
#endif

void trawl_int8_gemm_on(
    isa_t isa, size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *panels,
    bool accumulate, float *y, size_t ldy
) {
#if defined(__x86_64__)
    if (isa == TRAWL_ISA_AVX512) return gemm_avx512(m, n, k, q, scales, panels, accumulate, y, ldy);
    if (isa == TRAWL_ISA_AVX2) return gemm_avx2(m, n, k, q, scales, panels, accumulate, y, ldy);
#endif
    gemm_portable(m, n, k, q, scales, panels, accumulate, y, ldy);
}

void trawl_int8_gemm(
    size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *panels,
    bool accumulate, float *y, size_t ldy
) {
    trawl_int8_gemm_on(trawl_best_isa(), m, n, k, q, scales, panels, accumulate, y, ldy);
}
