#include "dot.h"
#include "half.h"
#include <math.h>

#pragma STDC FP_CONTRACT OFF

// Every pair has one accumulator of eight lanes: lane l sums the products at positions l, l + 8, l + 16 ..., and the
// lanes are added in a fixed order at the end. Blocks of pairs only keep the processor busy; they change no sum.

INLINE float sum_lanes(const float lanes[8]) {
    float a = lanes[0] + lanes[4], b = lanes[1] + lanes[5], c = lanes[2] + lanes[6], d = lanes[3] + lanes[7];
    return (a + c) + (b + d);
}

/// The bytes before a row's numbers.
INLINE size_t row_head(const trawl_row_type type) { return type == TRAWL_ROW_INT8 ? sizeof(float) : 0; }

INLINE size_t number_size(const trawl_row_type type) {
    return type == TRAWL_ROW_F32 ? 4 : type == TRAWL_ROW_F16 ? 2 : 1;
}

/// What a row's numbers are multiplied with.
INLINE float row_factor(const trawl_row_type type, const uint8_t *row) {
    float factor = 1;
    if (type == TRAWL_ROW_INT8) memcpy(&factor, row, sizeof factor);
    return factor;
}

INLINE float number_at(const trawl_row_type type, const uint8_t *numbers, size_t i) {
    if (type == TRAWL_ROW_F16) return half_at(numbers + 2 * i);
    if (type == TRAWL_ROW_INT8) return (float)(int8_t)numbers[i];
    float value;
    memcpy(&value, numbers + 4 * i, 4);
    return value;
}

INLINE void dots_portable(
    const trawl_row_type type, const uint8_t *rows, size_t row_size, size_t row_count, const float *queries,
    size_t query_count, size_t dimension, float *scores
) {
    for (size_t q = 0; q < query_count; q++)
        for (size_t r = 0; r < row_count; r++) {
            const float *query = queries + q * dimension;
            const uint8_t *numbers = rows + r * row_size + row_head(type);
            float lanes[8] = {0};
            for (size_t i = 0; i < dimension; i++) lanes[i % 8] += number_at(type, numbers, i) * query[i];
            scores[q * row_count + r] = sum_lanes(lanes) * row_factor(type, rows + r * row_size);
        }
}

#if defined(__x86_64__)

AVX2 INLINE __m256 eight_numbers(const trawl_row_type type, const uint8_t *numbers) {
    if (type == TRAWL_ROW_F16) return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)numbers));
    if (type == TRAWL_ROW_INT8)
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)numbers)));
    return _mm256_loadu_ps((const float *)numbers);
}

/// Fewer than eight numbers, then zeros. Nothing behind the last row is read, which may be the end of the map.
AVX2 INLINE __m256 last_numbers(const trawl_row_type type, const uint8_t *numbers, size_t count) {
    uint8_t padded[32] = {0};
    memcpy(padded, numbers, count * number_size(type));
    return eight_numbers(type, padded);
}

/// All pairs of R rows and Q queries, with R and Q known to the compiler so that the accumulators stay in registers.
AVX2 INLINE void dot_block(
    const trawl_row_type type, const int R, const int Q, const uint8_t *rows, size_t row_size, const float *queries,
    size_t dimension, float *scores, size_t row_count
) {
    const size_t size = number_size(type);
    const uint8_t *numbers = rows + row_head(type);
    __m256 sums[4][2];
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int q = 0; q < Q; q++) sums[r][q] = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= dimension; i += 8) {
        __m256 query[2];
        UNROLL for (int q = 0; q < Q; q++) query[q] = _mm256_loadu_ps(queries + q * dimension + i);
        // The next block, which the processor's own prefetching sees too late. What lies behind the last row is not read.
        if (Q == 1 && i * size % 64 == 0)
            UNROLL for (int r = 0; r < R; r++) __builtin_prefetch(numbers + (R + r) * row_size + i * size);
        UNROLL for (int r = 0; r < R; r++) {
            const __m256 row = eight_numbers(type, numbers + r * row_size + i * size);
            UNROLL for (int q = 0; q < Q; q++) sums[r][q] = _mm256_fmadd_ps(row, query[q], sums[r][q]);
        }
    }
    if (i < dimension) {
        __m256 query[2];
        UNROLL for (int q = 0; q < Q; q++)
            query[q] = last_numbers(TRAWL_ROW_F32, (const uint8_t *)(queries + q * dimension + i), dimension - i);
        UNROLL for (int r = 0; r < R; r++) {
            const __m256 row = last_numbers(type, numbers + r * row_size + i * size, dimension - i);
            UNROLL for (int q = 0; q < Q; q++) sums[r][q] = _mm256_fmadd_ps(row, query[q], sums[r][q]);
        }
    }
    UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int q = 0; q < Q; q++) {
            float lanes[8];
            _mm256_storeu_ps(lanes, sums[r][q]);
            scores[q * row_count + r] = sum_lanes(lanes) * row_factor(type, rows + r * row_size);
        }
}

AVX2 INLINE void dots_avx2(
    const trawl_row_type type, const uint8_t *rows, size_t row_size, size_t row_count, const float *queries,
    size_t query_count, size_t dimension, float *scores
) {
    size_t r = 0;
    // Four rows stay in the first cache while all queries pass over them.
    for (; r + 4 <= row_count; r += 4) {
        const uint8_t *block = rows + r * row_size;
        size_t q = 0;
        for (; q + 2 <= query_count; q += 2)
            dot_block(type, 4, 2, block, row_size, queries + q * dimension, dimension, scores + q * row_count + r,
                      row_count);
        if (q < query_count)
            dot_block(type, 4, 1, block, row_size, queries + q * dimension, dimension, scores + q * row_count + r,
                      row_count);
    }
    for (; r < row_count; r++)
        for (size_t q = 0; q < query_count; q++)
            dot_block(type, 1, 1, rows + r * row_size, row_size, queries + q * dimension, dimension,
                      scores + q * row_count + r, row_count);
}

#define dots_avx512 dots_avx2
#else
#define dots_avx2 dots_portable
#define dots_avx512 dots_portable
#endif

#define DOT_ROWS(VERSION, TARGET)                                                                                   \
    TARGET static void trawl_dot_rows_##VERSION(                                                                   \
        trawl_row_type type, const void *rows, size_t row_size, size_t row_count, const float *queries,            \
        size_t query_count, size_t dimension, float *scores                                                        \
    ) {                                                                                                            \
        /* The type is spelt out so that each has a loop of its own. */                                            \
        if (type == TRAWL_ROW_F16)                                                                                 \
            dots_##VERSION(TRAWL_ROW_F16, rows, row_size, row_count, queries, query_count, dimension, scores);     \
        else if (type == TRAWL_ROW_INT8)                                                                           \
            dots_##VERSION(TRAWL_ROW_INT8, rows, row_size, row_count, queries, query_count, dimension, scores);    \
        else                                                                                                       \
            dots_##VERSION(TRAWL_ROW_F32, rows, row_size, row_count, queries, query_count, dimension, scores);     \
    }
VERSION_OF_EACH(DOT_ROWS)
CHOICE(void, , trawl_dot_rows,
       (trawl_row_type type, const void *rows, size_t row_size, size_t row_count, const float *queries,
        size_t query_count, size_t dimension, float *scores),
       type, rows, row_size, row_count, queries, query_count, dimension, scores)

void trawl_decode_row(trawl_row_type type, const void *row, size_t dimension, float *out) {
    const float factor = row_factor(type, row);
    const uint8_t *numbers = (const uint8_t *)row + row_head(type);
    for (size_t i = 0; i < dimension; i++) out[i] = factor * number_at(type, numbers, i);
}

void trawl_encode_row(trawl_row_type type, const float *values, size_t dimension, void *row) {
    uint8_t *out = row;
    switch (type) {
    case TRAWL_ROW_F32: memcpy(out, values, dimension * sizeof *values); break;
    case TRAWL_ROW_F16:
        for (size_t i = 0; i < dimension; i++) {
            const uint16_t h = half_of(values[i]);
            memcpy(out + 2 * i, &h, 2);
        }
        break;
    case TRAWL_ROW_INT8: {
        float greatest = 0;
        for (size_t i = 0; i < dimension; i++) greatest = fmaxf(greatest, fabsf(values[i]));
        const float factor = greatest / 127;
        memcpy(out, &factor, sizeof factor);
        for (size_t i = 0; i < dimension; i++)
            out[sizeof factor + i] = (uint8_t)(int8_t)(factor > 0 ? rintf(values[i] / factor) : 0);
        break;
    }
    }
}
