// Blocks of 16 rows in registers: what packing and direct products share.
#pragma once
#include "blocks.h"
#include "versions.h"

#if defined(__x86_64__)

/// Bytes 16 of each of 16 rows, transposed: word c of out[q] is word q of row c.
AVX512 INLINE void words_of_rows(const uint8_t *rows, size_t row_size, __m512i out[4]) {
    // Lane l of part j is row 4 l + j, so that a transposition within lanes puts the rows in order.
    __m512i part[4];
    for (int j = 0; j < 4; j++) {
        const uint8_t *first = rows + j * row_size;
        part[j] = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)first));
        part[j] = _mm512_inserti32x4(part[j], _mm_loadu_si128((const __m128i *)(first + 4 * row_size)), 1);
        part[j] = _mm512_inserti32x4(part[j], _mm_loadu_si128((const __m128i *)(first + 8 * row_size)), 2);
        part[j] = _mm512_inserti32x4(part[j], _mm_loadu_si128((const __m128i *)(first + 12 * row_size)), 3);
    }
    const __m512i low01 = _mm512_unpacklo_epi32(part[0], part[1]), low23 = _mm512_unpacklo_epi32(part[2], part[3]);
    const __m512i high01 = _mm512_unpackhi_epi32(part[0], part[1]), high23 = _mm512_unpackhi_epi32(part[2], part[3]);
    out[0] = _mm512_unpacklo_epi64(low01, low23);
    out[1] = _mm512_unpackhi_epi64(low01, low23);
    out[2] = _mm512_unpacklo_epi64(high01, high23);
    out[3] = _mm512_unpackhi_epi64(high01, high23);
}

/// Where each of 16 rows begins. Rows are short: see `rows_are_addressable`.
AVX512 INLINE __m512i offsets_of_rows(size_t row_size) {
    return _mm512_mullo_epi32(
        _mm512_set1_epi32((int)row_size), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/// The first two halves of 16 rows' blocks: scales, and what follows them.
AVX512 INLINE void halves_of_rows(const uint8_t *rows, __m512i offsets, __m512 *first, __m512 *second) {
    const __m512i both = _mm512_i32gather_epi32(offsets, rows, 1);
    *first = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(both));
    *second = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16)));
}

/// Weight `t` of the four, or the eight nibbles, of each word, as a float that still wants its row's scale: a weight is
/// factor * number + addend, where every product is exact.
AVX512 INLINE __m512 number_of_word(const trawl_block_type type, __m512i word, int half, int t) {
    if (type == TRAWL_BLOCK_F32) return _mm512_castsi512_ps(word);
    if (type == TRAWL_BLOCK_Q8_0) {
        // The byte on top of the word, 2^24 times too large.
        const __m512i top = _mm512_and_si512(_mm512_slli_epi32(word, 24 - 8 * t), _mm512_set1_epi32((int)0xff000000));
        return _mm512_cvtepi32_ps(top);
    }
    // The table looks at the four lowest bits of a word alone.
    const __m512 q4_0 = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    const __m512 q4_1 = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_permutexvar_ps(
        _mm512_srli_epi32(word, 8 * t + 4 * half), type == TRAWL_BLOCK_Q4_0 ? q4_0 : q4_1);
}

/// The factors and, for Q4_1, addends of 16 rows' next block.
AVX512 INLINE void factors_of_rows(
    const trawl_block_type type, const uint8_t *rows, __m512i offsets, __m512 *factor, __m512 *addend
) {
    if (type == TRAWL_BLOCK_F32) return;
    halves_of_rows(rows, offsets, factor, addend);
    if (type == TRAWL_BLOCK_Q8_0) *factor = _mm512_mul_ps(*factor, _mm512_set1_ps(1.0f / (1 << 24)));
}

AVX512 INLINE __m512 weight_of_number(const trawl_block_type type, __m512 number, __m512 factor, __m512 addend) {
    if (type == TRAWL_BLOCK_F32) return number;
    return type == TRAWL_BLOCK_Q4_1 ? _mm512_fmadd_ps(factor, number, addend) : _mm512_mul_ps(factor, number);
}

/// Numbers 0...15 or, with 128 for zero, 0...255 of the block's word as four bytes.
AVX512 INLINE __m512i bytes_of_word(const trawl_block_type type, __m512i word, int half) {
    if (type == TRAWL_BLOCK_Q8_0) return _mm512_xor_si512(word, _mm512_set1_epi8((char)0x80));
    return _mm512_and_si512(half ? _mm512_srli_epi16(word, 4) : word, _mm512_set1_epi8(15));
}

/// Scales and offsets of the numbers that `bytes_of_word` gives.
AVX512 INLINE void scales_of_rows(
    const trawl_block_type type, const uint8_t *rows, __m512i offsets, __m512 *scale, __m512 *offset
) {
    halves_of_rows(rows, offsets, scale, offset);
    if (type != TRAWL_BLOCK_Q4_1)
        *offset = _mm512_mul_ps(*scale, _mm512_set1_ps(type == TRAWL_BLOCK_Q4_0 ? -8.0f : -128.0f));
}

/// The layout of a block: bytes before its numbers, groups of 16 bytes of numbers, numbers in a byte, in a word.
INLINE size_t block_header(trawl_block_type type) {
    return type == TRAWL_BLOCK_Q4_1 ? 4 : type == TRAWL_BLOCK_F32 ? 0 : 2;
}
INLINE int block_parts(trawl_block_type type) {
    return type == TRAWL_BLOCK_Q8_0 ? 2 : type == TRAWL_BLOCK_F32 ? 8 : 1;
}
INLINE int block_halves(trawl_block_type type) {
    return type == TRAWL_BLOCK_Q4_0 || type == TRAWL_BLOCK_Q4_1 ? 2 : 1;
}
INLINE int word_numbers(trawl_block_type type) { return type == TRAWL_BLOCK_F32 ? 1 : 4; }
INLINE size_t block_bytes(trawl_block_type type) { return block_header(type) + 16 * block_parts(type); }

/// Fetches a block's share of the next 16 rows. Sixteen rows are more streams than the processor foresees, but they lie
/// together, and so do the next ones; in single precision they are more than the first-level cache should hold.
INLINE void prefetch_rows(trawl_block_type type, const uint8_t *next) {
    for (size_t line = 0; line < 16 * block_bytes(type); line += 64)
        if (type == TRAWL_BLOCK_F32) __builtin_prefetch(next + line, 0, 2);
        else __builtin_prefetch(next + line);
}

/// Offsets of rows are 32-bit.
INLINE bool rows_are_addressable(size_t row_size) { return row_size <= 1 << 26; }

#endif
