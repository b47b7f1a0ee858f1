#include "scan.h"
#include "versions.h"
#include <string.h>

#pragma STDC FP_CONTRACT OFF

// Sums of bytes stay in 16 bits over this many lines of two lookups each: 128 * 2 * 255 < 2^16.
enum { WIDTH = TRAWL_SCAN_WIDTH, SECTION = 128 };

INLINE void sums_portable(const uint8_t *lines, const uint8_t *tables, size_t count, uint32_t sums[WIDTH]) {
    memset(sums, 0, WIDTH * sizeof *sums);
    for (size_t l = 0; l < count; l++, lines += WIDTH, tables += 32)
        for (size_t v = 0; v < WIDTH; v++) sums[v] += tables[lines[v] & 15] + tables[16 + (lines[v] >> 4)];
}

INLINE uint64_t score_words(
    const trawl_scan_query *query, const uint8_t *tile, bool has_biases, const uint32_t sums[WIDTH], float threshold,
    float scores[WIDTH]
) {
    uint64_t mask = 0;
    for (int v = 0; v < WIDTH; v++) {
        float factor, bias = 0;
        memcpy(&factor, tile + 4 * v, 4);
        const float product = (float)sums[v] * query->unit - query->offset;
        float score = factor * product;
        if (has_biases) {
            memcpy(&bias, tile + 256 + 4 * v, 4);
            score += bias;
        }
        scores[v] = score;
        mask |= (uint64_t)(score > threshold) << v;
    }
    return mask;
}

INLINE uint64_t score_portable(
    const trawl_scan_query *query, const uint8_t *tile, bool has_biases, const uint8_t *lines, float threshold,
    float scores[WIDTH]
) {
    uint32_t sums[WIDTH];
    sums_portable(lines, query->tables, query->dimension / 8, sums);
    return score_words(query, tile, has_biases, sums, threshold, scores);
}

#if defined(__x86_64__)

// Bytes are added as 16-bit words: one sum takes the words as they are, to which the odd bytes add 256 times too much;
// the other takes the odd bytes alone.

AVX2 INLINE void sums_avx2(const uint8_t *lines, const uint8_t *tables, size_t count, uint32_t sums[WIDTH]) {
    const __m256i low = _mm256_set1_epi8(15);
    memset(sums, 0, WIDTH * sizeof *sums);
    for (size_t start = 0; start < count; start += SECTION) {
        const size_t end = start + SECTION < count ? start + SECTION : count;
        __m256i all[2], odd[2];
        for (int h = 0; h < 2; h++) all[h] = odd[h] = _mm256_setzero_si256();
        for (size_t l = start; l < end; l++) {
            const __m256i first = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(tables + 32 * l)));
            const __m256i second = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(tables + 32 * l + 16)));
            for (int h = 0; h < 2; h++) {
                const __m256i bytes = _mm256_loadu_si256((const __m256i *)(lines + WIDTH * l + 32 * h));
                const __m256i a = _mm256_shuffle_epi8(first, _mm256_and_si256(bytes, low));
                const __m256i b = _mm256_shuffle_epi8(second, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low));
                all[h] = _mm256_add_epi16(all[h], _mm256_add_epi16(a, b));
                odd[h] = _mm256_add_epi16(odd[h], _mm256_add_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8)));
            }
        }
        for (int h = 0; h < 2; h++) {
            uint16_t even_words[16], odd_words[16];
            _mm256_storeu_si256((__m256i *)even_words, _mm256_sub_epi16(all[h], _mm256_slli_epi16(odd[h], 8)));
            _mm256_storeu_si256((__m256i *)odd_words, odd[h]);
            for (int w = 0; w < 16; w++) {
                sums[32 * h + 2 * w] += even_words[w];
                sums[32 * h + 2 * w + 1] += odd_words[w];
            }
        }
    }
}

AVX2 INLINE uint64_t score_avx2(
    const trawl_scan_query *query, const uint8_t *tile, bool has_biases, const uint8_t *lines, float threshold,
    float scores[WIDTH]
) {
    uint32_t sums[WIDTH];
    sums_avx2(lines, query->tables, query->dimension / 8, sums);
    return score_words(query, tile, has_biases, sums, threshold, scores);
}

/// The sums of vectors 16 p ... 16 p + 15 in out[p].
AVX512 INLINE void sums_avx512(const uint8_t *lines, const uint8_t *tables, size_t count, __m512i out[4]) {
    const __m512i low = _mm512_set1_epi8(15);
    UNROLL for (int p = 0; p < 4; p++) out[p] = _mm512_setzero_si512();
    for (size_t start = 0; start < count; start += SECTION) {
        const size_t end = start + SECTION < count ? start + SECTION : count;
        __m512i all = _mm512_setzero_si512(), odd = all;
        for (size_t l = start; l < end; l++) {
            const __m512i bytes = _mm512_loadu_si512(lines + WIDTH * l);
            const __m512i a = _mm512_shuffle_epi8(
                _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(tables + 32 * l))),
                _mm512_and_si512(bytes, low));
            const __m512i b = _mm512_shuffle_epi8(
                _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(tables + 32 * l + 16))),
                _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low));
            all = _mm512_add_epi16(all, _mm512_add_epi16(a, b));
            odd = _mm512_add_epi16(odd, _mm512_add_epi16(_mm512_srli_epi16(a, 8), _mm512_srli_epi16(b, 8)));
        }
        const __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
        // Words 4 i of 128 bits hold vectors 16 i ...: interleaving within them restores their order.
        const __m512i first = _mm512_unpacklo_epi16(even, odd), second = _mm512_unpackhi_epi16(even, odd);
        UNROLL for (int p = 0; p < 4; p++) {
            const __m128i a = p == 0 ? _mm512_extracti32x4_epi32(first, 0)
                : p == 1             ? _mm512_extracti32x4_epi32(first, 1)
                : p == 2             ? _mm512_extracti32x4_epi32(first, 2)
                                     : _mm512_extracti32x4_epi32(first, 3);
            const __m128i b = p == 0 ? _mm512_extracti32x4_epi32(second, 0)
                : p == 1             ? _mm512_extracti32x4_epi32(second, 1)
                : p == 2             ? _mm512_extracti32x4_epi32(second, 2)
                                     : _mm512_extracti32x4_epi32(second, 3);
            out[p] = _mm512_add_epi32(out[p], _mm512_cvtepu16_epi32(_mm256_set_m128i(b, a)));
        }
    }
}

/// Which of 64 vectors score more than the threshold; their scores.
AVX512 INLINE uint64_t score_avx512(
    const trawl_scan_query *query, const uint8_t *tile, bool has_biases, const uint8_t *lines, float threshold,
    float scores[WIDTH]
) {
    __m512i sums[4];
    sums_avx512(lines, query->tables, query->dimension / 8, sums);
    uint64_t mask = 0;
    UNROLL for (int p = 0; p < 4; p++) {
        const __m512 product = _mm512_sub_ps(
            _mm512_mul_ps(_mm512_cvtepi32_ps(sums[p]), _mm512_set1_ps(query->unit)), _mm512_set1_ps(query->offset));
        __m512 score = _mm512_mul_ps(_mm512_loadu_ps(tile + 64 * p), product);
        if (has_biases) score = _mm512_add_ps(score, _mm512_loadu_ps(tile + 256 + 64 * p));
        _mm512_storeu_ps(scores + 16 * p, score);
        mask |= (uint64_t)_mm512_cmp_ps_mask(score, _mm512_set1_ps(threshold), _CMP_GT_OQ) << 16 * p;
    }
    return mask;
}
#else
#define score_avx2 score_portable
#define score_avx512 score_portable
#endif

#define SCAN(VERSION, TARGET)                                                                                       \
    TARGET static trawl_scan_state trawl_scan_##VERSION(                                                           \
        const trawl_scan_query *query, const uint8_t *tiles, size_t tile_count, size_t row_count, bool has_biases, \
        const uint64_t *allowed, uint32_t first_row, float threshold, trawl_scan_state state,                      \
        trawl_scan_hit *hits, size_t capacity                                                                      \
    ) {                                                                                                            \
        const size_t head = (has_biases ? 2 : 1) * WIDTH * sizeof(float);                                          \
        const size_t tile_size = head + query->dimension * (WIDTH / 8);                                            \
        for (; state.tile < tile_count && state.hits + WIDTH <= capacity; state.tile++) {                          \
            const size_t row = state.tile * WIDTH;                                                                 \
            uint64_t wanted = low_bits(row_count - row >= WIDTH ? WIDTH : (int32_t)(row_count - row));             \
            if (allowed) wanted &= allowed[state.tile];                                                            \
            if (!wanted) continue;                                                                                 \
            const uint8_t *tile = tiles + state.tile * tile_size;                                                  \
            float scores[WIDTH];                                                                                   \
            uint64_t mask =                                                                                        \
                wanted & score_##VERSION(query, tile, has_biases, tile + head, threshold, scores);                 \
            for (; mask; mask &= mask - 1) {                                                                       \
                const int v = __builtin_ctzll(mask);                                                               \
                hits[state.hits++] = (trawl_scan_hit){scores[v], first_row + (uint32_t)(row + v)};                 \
            }                                                                                                      \
        }                                                                                                          \
        return state;                                                                                              \
    }
VERSION_OF_EACH(SCAN)
CHOICE(trawl_scan_state, return, trawl_scan,
       (const trawl_scan_query *query, const uint8_t *tiles, size_t tile_count, size_t row_count, bool has_biases,
        const uint64_t *allowed, uint32_t first_row, float threshold, trawl_scan_state state, trawl_scan_hit *hits,
        size_t capacity),
       query, tiles, tile_count, row_count, has_biases, allowed, first_row, threshold, state, hits, capacity)
