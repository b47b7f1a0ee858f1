#include "dot.h"
#include "versions.h"

// Every pair has one accumulator of eight lanes: lane l sums the products at positions l, l + 8, l + 16 ..., and the
// lanes are added in a fixed order at the end. Blocks of pairs only keep the processor busy; they change no sum.

static float sum_lanes(const float lanes[8]) {
    float a = lanes[0] + lanes[4], b = lanes[1] + lanes[5], c = lanes[2] + lanes[6], d = lanes[3] + lanes[7];
    return (a + c) + (b + d);
}

void trawl_dot_rows_portable(const float *rows, size_t row_count, const float *queries, size_t query_count,
                        size_t dimension, float *scores) {
    for (size_t q = 0; q < query_count; q++) {
        const float *query = queries + q * dimension;
        for (size_t r = 0; r < row_count; r++) {
            const float *row = rows + r * dimension;
            float lanes[8] = {0};
            size_t i = 0;
            for (; i + 8 <= dimension; i += 8)
                for (size_t lane = 0; lane < 8; lane++) lanes[lane] += row[i + lane] * query[i + lane];
            for (size_t lane = 0; i + lane < dimension; lane++) lanes[lane] += row[i + lane] * query[i + lane];
            scores[q * row_count + r] = sum_lanes(lanes);
        }
    }
}

#if defined(__x86_64__)

/// All pairs of R rows and Q queries, with R and Q known to the compiler so that the accumulators stay in registers.
AVX2 INLINE void dot_block(const int R, const int Q, const float *rows, const float *queries,
                                  size_t dimension, __m256i tail, float *scores, size_t row_count) {
    __m256 sums[4][2];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int q = 0; q < Q; q++) sums[r][q] = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= dimension; i += 8) {
        __m256 query[2];
#pragma clang loop unroll(full)
        for (int q = 0; q < Q; q++) query[q] = _mm256_loadu_ps(queries + q * dimension + i);
#pragma clang loop unroll(full)
        for (int r = 0; r < R; r++) {
            __m256 row = _mm256_loadu_ps(rows + r * dimension + i);
#pragma clang loop unroll(full)
            for (int q = 0; q < Q; q++) sums[r][q] = _mm256_fmadd_ps(row, query[q], sums[r][q]);
        }
    }
    if (i < dimension) {
        // Masked loads read nothing behind the last row, which may be the end of the map.
#pragma clang loop unroll(full)
        for (int r = 0; r < R; r++) {
            __m256 row = _mm256_maskload_ps(rows + r * dimension + i, tail);
#pragma clang loop unroll(full)
            for (int q = 0; q < Q; q++)
                sums[r][q] = _mm256_fmadd_ps(row, _mm256_maskload_ps(queries + q * dimension + i, tail), sums[r][q]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int q = 0; q < Q; q++) {
            float lanes[8];
            _mm256_storeu_ps(lanes, sums[r][q]);
            scores[q * row_count + r] = sum_lanes(lanes);
        }
}

AVX2 static void trawl_dot_rows_avx2(const float *rows, size_t row_count, const float *queries, size_t query_count,
                                size_t dimension, float *scores) {
    int left = (int)(dimension % 8);
    __m256i tail = _mm256_cmpgt_epi32(_mm256_set1_epi32(left), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    size_t r = 0;
    // Four rows stay in the first cache while all queries pass over them.
    for (; r + 4 <= row_count; r += 4) {
        const float *block = rows + r * dimension;
        size_t q = 0;
        for (; q + 2 <= query_count; q += 2)
            dot_block(4, 2, block, queries + q * dimension, dimension, tail, scores + q * row_count + r, row_count);
        if (q < query_count)
            dot_block(4, 1, block, queries + q * dimension, dimension, tail, scores + q * row_count + r, row_count);
    }
    for (; r < row_count; r++)
        for (size_t q = 0; q < query_count; q++)
            dot_block(1, 1, rows + r * dimension, queries + q * dimension, dimension, tail,
                      scores + q * row_count + r, row_count);
}

void trawl_dot_rows(const float *rows, size_t row_count, const float *queries, size_t query_count, size_t dimension,
               float *scores) {
    if (trawl_best_isa() >= TRAWL_ISA_AVX2)
        trawl_dot_rows_avx2(rows, row_count, queries, query_count, dimension, scores);
    else
        trawl_dot_rows_portable(rows, row_count, queries, query_count, dimension, scores);
}

#else

void trawl_dot_rows(const float *rows, size_t row_count, const float *queries, size_t query_count, size_t dimension,
               float *scores) {
    trawl_dot_rows_portable(rows, row_count, queries, query_count, dimension, scores);
}

#endif
