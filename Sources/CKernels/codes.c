#include "codes.h"
#include "prefetch.h"
#include "versions.h"
#include <string.h>

#pragma STDC FP_CONTRACT OFF

/// How many records ahead of its use a record is fetched into the cache.
enum { AHEAD = 4 };

INLINE const uint8_t *record(trawl_records records, uint32_t id) {
    uint32_t chunk = records.reciprocal ? (uint32_t)(((unsigned __int128)id * records.reciprocal) >> 64) : 0;
    return (const uint8_t *)records.chunks[chunk] + (size_t)(id - chunk * records.per_chunk) * records.record_size;
}

// MARK: 4 bits

INLINE int32_t nibble_product_portable(const int8_t *query, const uint8_t *code, size_t dimension) {
    int32_t sum = 0;
    for (size_t b = 0; b < dimension; b += TRAWL_CODE_BLOCK, code += TRAWL_CODE_BLOCK / 2)
        for (size_t i = 0; i < TRAWL_CODE_BLOCK / 2; i++)
            sum += (code[i] & 15) * query[b + i] + (code[i] >> 4) * query[b + TRAWL_CODE_BLOCK / 2 + i];
    return sum;
}

#if defined(__x86_64__)
AVX2 INLINE int32_t sum_of_words(__m256i x) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

AVX2 INLINE int32_t nibble_product_avx2(const int8_t *query, const uint8_t *code, size_t dimension) {
    const __m256i low = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
    __m256i sum = _mm256_setzero_si256();
    for (size_t b = 0; b < dimension; b += TRAWL_CODE_BLOCK, code += TRAWL_CODE_BLOCK / 2)
        for (size_t i = 0; i < TRAWL_CODE_BLOCK / 2; i += 32) {
            const __m256i bytes = _mm256_loadu_si256((const __m256i *)(code + i));
            const __m256i first = _mm256_loadu_si256((const __m256i *)(query + b + i));
            const __m256i second = _mm256_loadu_si256((const __m256i *)(query + b + TRAWL_CODE_BLOCK / 2 + i));
            // At most 4 * 15 * 127 in 16 bits.
            const __m256i pairs = _mm256_add_epi16(
                _mm256_maddubs_epi16(_mm256_and_si256(bytes, low), first),
                _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(bytes, 4), low), second));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
        }
    return sum_of_words(sum);
}

AVX512 INLINE int32_t nibble_product_avx512(const int8_t *query, const uint8_t *code, size_t dimension) {
    const __m512i low = _mm512_set1_epi8(15);
    __m512i first = _mm512_setzero_si512(), second = first;
    for (size_t b = 0; b < dimension; b += TRAWL_CODE_BLOCK, code += TRAWL_CODE_BLOCK / 2) {
        const __m512i bytes = _mm512_loadu_si512(code);
        first = _mm512_dpbusd_epi32(first, _mm512_and_si512(bytes, low), _mm512_loadu_si512(query + b));
        second = _mm512_dpbusd_epi32(
            second, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low), _mm512_loadu_si512(query + b + 64));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
}
#else
#define nibble_product_avx2 nibble_product_portable
#define nibble_product_avx512 nibble_product_portable
#endif

#define NIBBLE_SCORES(VERSION, TARGET)                                                                                \
    TARGET static void trawl_nibble_scores_##VERSION(                                                                 \
        const int8_t *query, int32_t query_sum, float scale, size_t dimension, trawl_records records,                 \
        const uint32_t *ids, size_t count, float *scores                                                              \
    ) {                                                                                                               \
        const size_t size = 2 * sizeof(float) + dimension / 2;                                                        \
        for (size_t i = 0; i < count && i < AHEAD; i++) trawl_prefetch_bytes(record(records, ids[i]), size);          \
        for (size_t i = 0; i < count; i++) {                                                                          \
            if (i + AHEAD < count) trawl_prefetch_bytes(record(records, ids[i + AHEAD]), size);                       \
            const uint8_t *start = record(records, ids[i]);                                                           \
            float factors[2];                                                                                         \
            memcpy(factors, start, sizeof factors);                                                                   \
            const int32_t product = nibble_product_##VERSION(query, start + sizeof factors, dimension);               \
            scores[i] = scale * factors[0] * (float)(2 * product - 15 * query_sum) + factors[1];                      \
        }                                                                                                             \
    }
VERSION_OF_EACH(NIBBLE_SCORES)
CHOICE(void, , trawl_nibble_scores,
       (const int8_t *query, int32_t query_sum, float scale, size_t dimension, trawl_records records,
        const uint32_t *ids, size_t count, float *scores),
       query, query_sum, scale, dimension, records, ids, count, scores)

// MARK: 8 bits

INLINE int32_t byte_product_portable(const int8_t *query, int32_t query_sum, const int8_t *row, size_t dimension) {
    (void)query_sum;
    int32_t sum = 0;
    for (size_t i = 0; i < dimension; i++) sum += query[i] * row[i];
    return sum;
}

#if defined(__x86_64__)
AVX2 INLINE int32_t byte_product_avx2(const int8_t *query, int32_t query_sum, const int8_t *row, size_t dimension) {
    (void)query_sum;
    __m256i sum = _mm256_setzero_si256();
    for (size_t i = 0; i < dimension; i += 16) {
        const __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + i)));
        const __m256i b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + i)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
    }
    return sum_of_words(sum);
}

/// The instruction takes one factor without a sign: 128 is added to the row's, and 128 times the query's sum too much
/// comes out.
AVX512 INLINE int32_t byte_product_avx512(const int8_t *query, int32_t query_sum, const int8_t *row, size_t dimension) {
    const __m512i sign = _mm512_set1_epi8((char)0x80);
    __m512i first = _mm512_setzero_si512(), second = first;
    for (size_t i = 0; i < dimension; i += TRAWL_CODE_BLOCK) {
        first = _mm512_dpbusd_epi32(
            first, _mm512_xor_si512(_mm512_loadu_si512(row + i), sign), _mm512_loadu_si512(query + i));
        second = _mm512_dpbusd_epi32(
            second, _mm512_xor_si512(_mm512_loadu_si512(row + i + 64), sign), _mm512_loadu_si512(query + i + 64));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(first, second)) - 128 * query_sum;
}
#else
#define byte_product_avx2 byte_product_portable
#define byte_product_avx512 byte_product_portable
#endif

#define BYTE_PRODUCTS(VERSION, TARGET)                                                                                \
    TARGET static void trawl_byte_products_##VERSION(                                                                 \
        const int8_t *query, int32_t query_sum, size_t dimension, const int8_t *rows, const uint32_t *ids,            \
        size_t count, int32_t *products                                                                               \
    ) {                                                                                                               \
        for (size_t i = 0; i < count; i++) {                                                                          \
            if (i + 2 < count) trawl_prefetch_bytes(rows + ids[i + 2] * dimension, dimension);                        \
            products[i] = byte_product_##VERSION(query, query_sum, rows + ids[i] * dimension, dimension);             \
        }                                                                                                             \
    }
VERSION_OF_EACH(BYTE_PRODUCTS)
CHOICE(void, , trawl_byte_products,
       (const int8_t *query, int32_t query_sum, size_t dimension, const int8_t *rows, const uint32_t *ids, size_t count,
        int32_t *products),
       query, query_sum, dimension, rows, ids, count, products)
