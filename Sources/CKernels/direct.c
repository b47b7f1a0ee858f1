#include "direct.h"
#include "rows.h"
#include "tile.h"
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { WIDTH = 16 };

bool trawl_has_direct_gemm(isa_t isa, trawl_block_type type, size_t k, size_t row_size) {
#if defined(__x86_64__)
    (void)type;
    return isa == TRAWL_ISA_AVX512 && k % 32 == 0 && rows_are_addressable(row_size);
#else
    return false;
#endif
}

#if defined(__x86_64__)

// The most rows whose sums, with what decodes a word, fit the registers.
enum { MAX_ROWS = 16 };


AVX512 INLINE void finish(const int rows, const __m512 sum[MAX_ROWS], bool accumulate, float *y, size_t ldy) {
    UNROLL for (int i = 0; i < rows; i++) store_results(y + i * ldy, sum[i], WIDTH, accumulate);
}

AVX512 INLINE void floats(
    const trawl_block_type type, const int rows, const int panels, size_t k, const float *x, size_t ldx,
    const uint8_t *w, size_t row_size, bool accumulate, float *y, size_t ldy
) {
    const __m512i offsets = offsets_of_rows(row_size);
    const size_t panel_size = WIDTH * row_size;
    const uint8_t *next = w + panels * panel_size;
    __m512 sum[2][MAX_ROWS];
    UNROLL for (int j = 0; j < panels; j++)
        UNROLL for (int i = 0; i < rows; i++) sum[j][i] = _mm512_setzero_ps();
    for (size_t b = 0; b < k / 32; b++, w += block_bytes(type), next += panels * WIDTH * block_bytes(type)) {
        UNROLL for (int j = 0; j < panels; j++) prefetch_rows(type, next + j * WIDTH * block_bytes(type));
        __m512 factor[2], addend[2];
        UNROLL for (int j = 0; j < panels; j++)
            factors_of_rows(type, w + j * panel_size, offsets, factor + j, addend + j);
        for (int part = 0; part < block_parts(type); part++) {
            __m512i word[2][4];
            UNROLL for (int j = 0; j < panels; j++)
                words_of_rows(w + j * panel_size + block_header(type) + 16 * part, row_size, word[j]);
            UNROLL for (int half = 0; half < block_halves(type); half++)
                UNROLL for (int q = 0; q < 4; q++)
                    UNROLL for (int t = 0; t < word_numbers(type); t++, x++)
                        UNROLL for (int j = 0; j < panels; j++) {
                            const __m512 weight =
                                weight_of_number(type, number_of_word(type, word[j][q], half, t), factor[j], addend[j]);
                            UNROLL for (int i = 0; i < rows; i++)
                                sum[j][i] = _mm512_fmadd_ps(_mm512_set1_ps(x[i * ldx]), weight, sum[j][i]);
                        }
        }
    }
    UNROLL for (int j = 0; j < panels; j++) finish(rows, sum[j], accumulate, y + WIDTH * j, ldy);
}

AVX512 INLINE void integers(
    const trawl_block_type type, const int rows, size_t k, const int8_t *x, const float *scales, const uint8_t *w,
    size_t row_size, bool accumulate, float *y, size_t ldy
) {
    const __m512i offsets = offsets_of_rows(row_size);
    const uint8_t *next = w + WIDTH * row_size;
    __m512 sum[MAX_ROWS];
    UNROLL for (int i = 0; i < rows; i++) sum[i] = _mm512_setzero_ps();
    for (size_t b = 0; b < k / 32; b++, w += block_bytes(type), next += WIDTH * block_bytes(type)) {
        prefetch_rows(type, next);
        __m512i exact[MAX_ROWS];
        UNROLL for (int i = 0; i < rows; i++) exact[i] = _mm512_setzero_si512();
        UNROLL for (int part = 0; part < block_parts(type); part++) {
            __m512i word[4];
            words_of_rows(w + block_header(type) + 16 * part, row_size, word);
            UNROLL for (int half = 0; half < block_halves(type); half++)
                UNROLL for (int q = 0; q < 4; q++, x += 4) {
                    const __m512i bytes = bytes_of_word(type, word[q], half);
                    UNROLL for (int i = 0; i < rows; i++) {
                        int32_t four;
                        memcpy(&four, x + i * k, 4);
                        exact[i] = _mm512_dpbusd_epi32(exact[i], bytes, _mm512_set1_epi32(four));
                    }
                }
        }
        __m512 scale, offset;
        scales_of_rows(type, w, offsets, &scale, &offset);
        UNROLL for (int i = 0; i < rows; i++) {
            const float *s = scales + i * (k / 16);
            const __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(exact[i]), scale);
            sum[i] = _mm512_fmadd_ps(value, _mm512_set1_ps(s[0]), sum[i]);
            sum[i] = _mm512_fmadd_ps(offset, _mm512_set1_ps(s[1]), sum[i]);
        }
        scales += 2;
    }
    finish(rows, sum, accumulate, y, ldy);
}

typedef void float_kernel(
    size_t k, const float *x, size_t ldx, const uint8_t *w, size_t row_size, bool accumulate, float *y, size_t ldy);
typedef void integer_kernel(
    size_t k, const int8_t *x, const float *scales, const uint8_t *w, size_t row_size, bool accumulate, float *y,
    size_t ldy);

#define FLOATS(TYPE, ROWS) FLOATS_OF(TYPE, ROWS, 1, floats_##TYPE##_##ROWS)
#define FLOATS_OF(TYPE, ROWS, PANELS, NAME)                                                                            \
    AVX512 static void NAME(                                                                         \
        size_t k, const float *x, size_t ldx, const uint8_t *w, size_t row_size, bool accumulate, float *y, size_t ldy \
    ) {                                                                                                                \
        floats(TRAWL_BLOCK_##TYPE, ROWS, PANELS, k, x, ldx, w, row_size, accumulate, y, ldy);                                  \
    }
#define INTEGERS(TYPE, ROWS)                                                                                           \
    AVX512 static void integers_##TYPE##_##ROWS(                                                                       \
        size_t k, const int8_t *x, const float *scales, const uint8_t *w, size_t row_size, bool accumulate, float *y,  \
        size_t ldy                                                                                                     \
    ) {                                                                                                                \
        integers(TRAWL_BLOCK_##TYPE, ROWS, k, x, scales, w, row_size, accumulate, y, ldy);                             \
    }
#define EACH_COUNT(KIND, TYPE)                                                                                         \
    KIND(TYPE, 1) KIND(TYPE, 2) KIND(TYPE, 3) KIND(TYPE, 4) KIND(TYPE, 5) KIND(TYPE, 6) KIND(TYPE, 7) KIND(TYPE, 8)    \
    KIND(TYPE, 9) KIND(TYPE, 10) KIND(TYPE, 11) KIND(TYPE, 12) KIND(TYPE, 13) KIND(TYPE, 14) KIND(TYPE, 15)            \
    KIND(TYPE, 16)
EACH_COUNT(FLOATS, F32) EACH_COUNT(FLOATS, Q4_0) EACH_COUNT(FLOATS, Q4_1) EACH_COUNT(FLOATS, Q8_0)
// The multiply-adds of one row wait for each other, so two panels take turns; of eight bits they would be more than the
// first-level cache should hold.
FLOATS_OF(Q4_0, 1, 2, pair_Q4_0) FLOATS_OF(Q4_1, 1, 2, pair_Q4_1)
EACH_COUNT(INTEGERS, Q4_0) EACH_COUNT(INTEGERS, Q4_1) EACH_COUNT(INTEGERS, Q8_0)

#define COUNTS(NAME)                                                                                                   \
    {0,      NAME##_1, NAME##_2, NAME##_3,  NAME##_4,  NAME##_5, NAME##_6,                                             \
     NAME##_7, NAME##_8, NAME##_9, NAME##_10, NAME##_11, NAME##_12, NAME##_13, NAME##_14, NAME##_15, NAME##_16}
// By type and rows.
static float_kernel *const FLOAT_KERNELS[4][MAX_ROWS + 1] = {
    COUNTS(floats_F32), COUNTS(floats_Q4_0), COUNTS(floats_Q4_1), COUNTS(floats_Q8_0)};
static float_kernel *const PAIR_KERNELS[4] = {0, pair_Q4_0, pair_Q4_1, 0};
static integer_kernel *const INTEGER_KERNELS[4][MAX_ROWS + 1] = {
    {0}, COUNTS(integers_Q4_0), COUNTS(integers_Q4_1), COUNTS(integers_Q8_0)};

#endif

void trawl_direct_gemm(
    trawl_block_type type, size_t m, size_t n, size_t k, const float *x, size_t ldx, const uint8_t *w, size_t row_size,
    bool accumulate, float *y, size_t ldy
) {
#if defined(__x86_64__)
    if (!m) return;
    size_t j = 0;
    if (m == 1 && PAIR_KERNELS[type])
        for (; j + 2 * WIDTH <= n; j += 2 * WIDTH)
            PAIR_KERNELS[type](k, x, ldx, w + j * row_size, row_size, accumulate, y + j, ldy);
    const size_t rows = rows_of_block(m, MAX_ROWS);
    for (; j < n; j += WIDTH)
        for (size_t i = 0; i < m; i += rows)
            FLOAT_KERNELS[type][m - i < rows ? m - i : rows](
                k, x + i * ldx, ldx, w + j * row_size, row_size, accumulate, y + i * ldy + j, ldy);
#endif
}

void trawl_direct_int8_gemm(
    trawl_block_type type, size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *w,
    size_t row_size, bool accumulate, float *y, size_t ldy
) {
#if defined(__x86_64__)
    if (!m) return;
    const size_t rows = rows_of_block(m, MAX_ROWS);
    for (size_t j = 0; j < n; j += WIDTH)
        for (size_t i = 0; i < m; i += rows)
            INTEGER_KERNELS[type][m - i < rows ? m - i : rows](
                k, q + i * k, scales + i * (k / 16), w + j * row_size, row_size, accumulate, y + i * ldy + j, ldy);
#endif
}
