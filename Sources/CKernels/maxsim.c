#include "maxsim.h"
#include "versions.h"
#include <string.h>

// All versions do the same operations on each token in the same order, so that they give the same bits.
#pragma STDC FP_CONTRACT OFF

enum {
    TILE = TRAWL_MAXSIM_TILE,
    HEAD = TRAWL_MAXSIM_HEAD,
    BLOCK = TRAWL_MAXSIM_BLOCK,
    // The bytes of a line's tables.
    STEP = BLOCK * 32,
    // Sums of two entries stay in 16 bits over this many lines: 256 * 2 * 127 < 2^16.
    SECTION = 256
};

INLINE uint32_t word_at(const uint8_t *p, size_t i) { return p[2 * i] | (uint32_t)p[2 * i + 1] << 8; }

INLINE size_t centroid_of(const trawl_maxsim_query *query, const uint8_t *tile, size_t token) {
    const size_t centroid = word_at(tile, token);
    return centroid < query->centroid_count ? centroid : 0;
}

INLINE void block_portable(
    const trawl_maxsim_query *query, size_t block, const uint8_t *tile, size_t first, size_t end, float *best
) {
    const uint8_t *tables = query->tables + block * query->line_count * STEP;
    const size_t stride = query->block_count * BLOCK;
    uint32_t sums[BLOCK][TILE] = {{0}};
    for (size_t l = 0; l < query->line_count; l++)
        for (size_t t = first; t < end; t++) {
            const uint8_t byte = tile[HEAD + l * TILE + t];
            for (size_t q = 0; q < BLOCK; q++) {
                const uint8_t *table = tables + l * STEP + q * 32;
                sums[q][t] += table[byte & 15] + table[16 + (byte >> 4)];
            }
        }
    for (size_t t = first; t < end; t++) {
        const float *dots = query->centroids + centroid_of(query, tile, t) * stride + block * BLOCK;
        const float factor = (float)word_at(tile + 2 * TILE, t) * 0x1p-15f;
        for (size_t q = 0; q < BLOCK; q++) {
            const float residual = (float)sums[q][t] * query->units[block * BLOCK + q] - query->offsets[block * BLOCK + q];
            const float dot = factor * (dots[q] + residual);
            if (dot > best[block * BLOCK + q]) best[block * BLOCK + q] = dot;
        }
    }
}

#if defined(__x86_64__)

/// The sums of the four tokens of a block with the 32 tokens of a tile: even and odd bytes as 16-bit words, then in order as
/// floats, sums[q][g] those of tokens 8 g ... 8 g + 7.
AVX2 INLINE void sums_avx2(const uint8_t *lines, const uint8_t *tables, size_t count, __m256 sums[BLOCK][4]) {
    const __m256i low = _mm256_set1_epi8(15);
    for (size_t start = 0; start < count || start == 0; start += SECTION) {
        const size_t end = start + SECTION < count ? start + SECTION : count;
        // The sum of words takes odd bytes 256 times; those alone are added up beside it.
        __m256i all[BLOCK], odd[BLOCK];
        UNROLL for (int q = 0; q < BLOCK; q++) all[q] = odd[q] = _mm256_setzero_si256();
        for (size_t l = start; l < end; l++) {
            const __m256i bytes = _mm256_loadu_si256((const __m256i *)(lines + TILE * l));
            const __m256i first = _mm256_and_si256(bytes, low);
            const __m256i second = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low);
            const uint8_t *table = tables + STEP * l;
            UNROLL for (int q = 0; q < BLOCK; q++) {
                const __m256i a = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 32 * q)));
                const __m256i b = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 32 * q + 16)));
                const __m256i pair = _mm256_add_epi8(_mm256_shuffle_epi8(a, first), _mm256_shuffle_epi8(b, second));
                all[q] = _mm256_add_epi16(all[q], pair);
                odd[q] = _mm256_add_epi16(odd[q], _mm256_srli_epi16(pair, 8));
            }
        }
        UNROLL for (int q = 0; q < BLOCK; q++) {
            const __m256i even = _mm256_sub_epi16(all[q], _mm256_slli_epi16(odd[q], 8));
            // Within 128 bits, interleaving restores the order: tokens 0-7 and 16-23, then 8-15 and 24-31.
            const __m256i a = _mm256_unpacklo_epi16(even, odd[q]), b = _mm256_unpackhi_epi16(even, odd[q]);
            const __m128i parts[4] = {
                _mm256_castsi256_si128(a), _mm256_castsi256_si128(b), _mm256_extracti128_si256(a, 1),
                _mm256_extracti128_si256(b, 1)};
            UNROLL for (int g = 0; g < 4; g++) {
                // Whole numbers below 2^24, so that adding floats is exact.
                const __m256 part = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(parts[g]));
                sums[q][g] = start == 0 ? part : _mm256_add_ps(sums[q][g], part);
            }
        }
    }
}

/// The block's dot products with the centroids of eight tokens: out[q] those of token q of the block.
AVX2 INLINE void centroids_avx2(
    const trawl_maxsim_query *query, size_t block, const uint8_t *tile, size_t token, __m256 out[BLOCK]
) {
    const size_t stride = query->block_count * BLOCK;
    const float *dots = query->centroids + block * BLOCK;
    __m256 rows[4];
    UNROLL for (int i = 0; i < 4; i++)
        rows[i] = _mm256_insertf128_ps(
            _mm256_castps128_ps256(_mm_loadu_ps(dots + centroid_of(query, tile, token + i) * stride)),
            _mm_loadu_ps(dots + centroid_of(query, tile, token + i + 4) * stride), 1);
    const __m256 a = _mm256_unpacklo_ps(rows[0], rows[1]), b = _mm256_unpackhi_ps(rows[0], rows[1]);
    const __m256 c = _mm256_unpacklo_ps(rows[2], rows[3]), d = _mm256_unpackhi_ps(rows[2], rows[3]);
    out[0] = _mm256_shuffle_ps(a, c, 0x44);
    out[1] = _mm256_shuffle_ps(a, c, 0xee);
    out[2] = _mm256_shuffle_ps(b, d, 0x44);
    out[3] = _mm256_shuffle_ps(b, d, 0xee);
}

AVX2 INLINE void block_avx2(
    const trawl_maxsim_query *query, size_t block, const uint8_t *tile, size_t first, size_t end, float *best
) {
    __m256 sums[BLOCK][4];
    sums_avx2(tile + HEAD, query->tables + block * query->line_count * STEP, query->line_count, sums);
    const __m256i from = _mm256_set1_epi32((int)first), to = _mm256_set1_epi32((int)end);
    const __m256 none = _mm256_set1_ps(-__builtin_inff());
    __m256 largest[BLOCK];
    UNROLL for (int q = 0; q < BLOCK; q++) largest[q] = none;
    UNROLL for (int g = 0; g < 4; g++) {
        const __m256 factors = _mm256_mul_ps(
            _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(tile + 2 * TILE + 16 * g)))),
            _mm256_set1_ps(0x1p-15f));
        const __m256i tokens = _mm256_add_epi32(_mm256_set1_epi32(8 * g), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        const __m256 wanted = _mm256_castsi256_ps(
            _mm256_andnot_si256(_mm256_cmpgt_epi32(from, tokens), _mm256_cmpgt_epi32(to, tokens)));
        __m256 dots[BLOCK];
        centroids_avx2(query, block, tile, 8 * g, dots);
        UNROLL for (int q = 0; q < BLOCK; q++) {
            const __m256 unit = _mm256_set1_ps(query->units[block * BLOCK + q]);
            const __m256 offset = _mm256_set1_ps(query->offsets[block * BLOCK + q]);
            const __m256 residual = _mm256_sub_ps(_mm256_mul_ps(sums[q][g], unit), offset);
            const __m256 dot = _mm256_mul_ps(factors, _mm256_add_ps(dots[q], residual));
            largest[q] = _mm256_max_ps(largest[q], _mm256_blendv_ps(none, dot, wanted));
        }
    }
    UNROLL for (int q = 0; q < BLOCK; q++) {
        __m128 four = _mm_max_ps(_mm256_castps256_ps128(largest[q]), _mm256_extractf128_ps(largest[q], 1));
        four = _mm_max_ps(four, _mm_movehl_ps(four, four));
        const float dot = _mm_cvtss_f32(_mm_max_ss(four, _mm_shuffle_ps(four, four, 1)));
        if (dot > best[block * BLOCK + q]) best[block * BLOCK + q] = dot;
    }
}

// Wider vectors would hold two lines with other tables for each half: more shuffles for the same lookups.
#define block_avx512 block_avx2
#else
#define block_avx2 block_portable
#define block_avx512 block_portable
#endif

// The inner loop runs over tiles: the tables of a block then stay in the first-level cache.
#define MAXSIM(VERSION, TARGET)                                                                                        \
    TARGET static void trawl_maxsim_##VERSION(                                                                        \
        const trawl_maxsim_query *query, const uint8_t *tiles, size_t first, size_t end, float *best                   \
    ) {                                                                                                                \
        const size_t size = HEAD + query->line_count * TILE;                                                           \
        for (size_t block = 0; block < query->block_count; block++)                                                    \
            for (size_t tile = first / TILE; tile * TILE < end; tile++) {                                              \
                const size_t start = tile * TILE;                                                                      \
                const size_t from = first > start ? first - start : 0, to = end - start < TILE ? end - start : TILE;   \
                block_##VERSION(query, block, tiles + tile * size, from, to, best);                                    \
            }                                                                                                          \
    }
VERSION_OF_EACH(MAXSIM)
CHOICE(void, , trawl_maxsim,
       (const trawl_maxsim_query *query, const uint8_t *tiles, size_t first, size_t end, float *best), query, tiles,
       first, end, best)
