#include "blocks.h"
#include "int8.h"
#include "versions.h"

#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF

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

/// The first two halves of 16 rows' blocks: scales, and what follows them.
AVX512 INLINE void halves_of_rows(const uint8_t *rows, __m512i offsets, __m512 *first, __m512 *second) {
    const __m512i both = _mm512_i32gather_epi32(offsets, rows, 1);
    *first = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(both));
    *second = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16)));
}

AVX512 INLINE void pack_blocks(
    const trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, float *panel
) {
    const size_t header = type == TRAWL_BLOCK_Q4_1 ? 4 : 2;
    const size_t block_size = header + (type == TRAWL_BLOCK_Q8_0 ? 32 : 16);
    const __m512i offsets = _mm512_mullo_epi32(
        _mm512_set1_epi32((int)row_size), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const __m512i nibble = _mm512_set1_epi32(15), eight = _mm512_set1_epi32(8);
    // Sixteen rows are more streams than the processor follows by itself, but they lie together, and so do the next ones.
    const uint8_t *next = rows + 16 * row_size;
    for (size_t b = 0; b < blocks; b++, rows += block_size, panel += 32 * 16, next += 16 * block_size) {
        for (size_t line = 0; line < 16 * block_size; line += 64) __builtin_prefetch(next + line);
        __m512 scale, minimum;
        halves_of_rows(rows, offsets, &scale, &minimum);
        for (int part = 0; part < (type == TRAWL_BLOCK_Q8_0 ? 2 : 1); part++) {
            __m512i word[4];
            words_of_rows(rows + header + 16 * part, row_size, word);
            for (int q = 0; q < 4; q++)
                for (int t = 0; t < 4; t++) {
                    float *out = panel + 16 * (4 * q + t);
                    if (type == TRAWL_BLOCK_Q8_0) {
                        const __m512i value = _mm512_srai_epi32(_mm512_slli_epi32(word[q], 24 - 8 * t), 24);
                        _mm512_storeu_ps(out + 16 * 16 * part, _mm512_mul_ps(_mm512_cvtepi32_ps(value), scale));
                        continue;
                    }
                    __m512i low = _mm512_and_si512(_mm512_srli_epi32(word[q], 8 * t), nibble);
                    __m512i high = _mm512_and_si512(_mm512_srli_epi32(word[q], 8 * t + 4), nibble);
                    if (type == TRAWL_BLOCK_Q4_0) {
                        low = _mm512_sub_epi32(low, eight);
                        high = _mm512_sub_epi32(high, eight);
                    }
                    __m512 a = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(low));
                    __m512 b = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(high));
                    if (type == TRAWL_BLOCK_Q4_1) {
                        a = _mm512_add_ps(a, minimum);
                        b = _mm512_add_ps(b, minimum);
                    }
                    _mm512_storeu_ps(out, a);
                    _mm512_storeu_ps(out + 16 * 16, b);
                }
        }
    }
}

/// As above, the numbers left as they are: u of 0...15, or of 0...255 with 128 for zero.
AVX512 INLINE void pack_blocks_int8(
    const trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, uint8_t *panel
) {
    const size_t header = type == TRAWL_BLOCK_Q4_1 ? 4 : 2;
    const size_t block_size = header + (type == TRAWL_BLOCK_Q8_0 ? 32 : 16);
    const __m512i offsets = _mm512_mullo_epi32(
        _mm512_set1_epi32((int)row_size), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const __m512i nibbles = _mm512_set1_epi8(15), sign = _mm512_set1_epi8((char)0x80);
    const uint8_t *next = rows + 16 * row_size;
    for (size_t b = 0; b < blocks; b++, rows += block_size, next += 16 * block_size) {
        for (size_t line = 0; line < 16 * block_size; line += 64) __builtin_prefetch(next + line);
        __m512 scale, offset;
        halves_of_rows(rows, offsets, &scale, &offset);
        if (type != TRAWL_BLOCK_Q4_1)
            offset = _mm512_mul_ps(scale, _mm512_set1_ps(type == TRAWL_BLOCK_Q4_0 ? -8.0f : -128.0f));
        _mm512_storeu_ps(panel, scale);
        _mm512_storeu_ps(panel + 64, offset);
        panel += 128;
        for (int part = 0; part < (type == TRAWL_BLOCK_Q8_0 ? 2 : 1); part++) {
            __m512i word[4];
            words_of_rows(rows + header + 16 * part, row_size, word);
            for (int q = 0; q < 4; q++) {
                if (type == TRAWL_BLOCK_Q8_0) {
                    _mm512_storeu_si512(panel + 64 * (4 * part + q), _mm512_xor_si512(word[q], sign));
                    continue;
                }
                _mm512_storeu_si512(panel + 64 * q, _mm512_and_si512(word[q], nibbles));
                _mm512_storeu_si512(
                    panel + 64 * (4 + q), _mm512_and_si512(_mm512_srli_epi16(word[q], 4), nibbles));
            }
        }
        panel += 512;
    }
}

#define PACKING(TYPE, NAME)                                                                                            \
    AVX512 static void pack_##NAME(const uint8_t *rows, size_t row_size, size_t blocks, float *panel) {                \
        pack_blocks(TYPE, rows, row_size, blocks, panel);                                                              \
    }                                                                                                                  \
    AVX512 static void pack_int8_##NAME(const uint8_t *rows, size_t row_size, size_t blocks, uint8_t *panel) {         \
        pack_blocks_int8(TYPE, rows, row_size, blocks, panel);                                                         \
    }
PACKING(TRAWL_BLOCK_Q4_0, q4_0)
PACKING(TRAWL_BLOCK_Q4_1, q4_1)
PACKING(TRAWL_BLOCK_Q8_0, q8_0)

/// Offsets of rows are 32-bit.
static bool has_kernel(isa_t isa, size_t row_size) { return isa == TRAWL_ISA_AVX512 && row_size <= 1 << 26; }
#endif

bool trawl_pack_blocks_on(
    isa_t isa, trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, float *panel
) {
#if defined(__x86_64__)
    if (!has_kernel(isa, row_size)) return false;
    switch (type) {
    case TRAWL_BLOCK_Q4_0: pack_q4_0(rows, row_size, blocks, panel); return true;
    case TRAWL_BLOCK_Q4_1: pack_q4_1(rows, row_size, blocks, panel); return true;
    case TRAWL_BLOCK_Q8_0: pack_q8_0(rows, row_size, blocks, panel); return true;
    }
#endif
    return false;
}

bool trawl_int8_pack_blocks_on(
    isa_t isa, trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, uint8_t *panel
) {
#if defined(__x86_64__)
    if (!has_kernel(isa, row_size)) return false;
    switch (type) {
    case TRAWL_BLOCK_Q4_0: pack_int8_q4_0(rows, row_size, blocks, panel); return true;
    case TRAWL_BLOCK_Q4_1: pack_int8_q4_1(rows, row_size, blocks, panel); return true;
    case TRAWL_BLOCK_Q8_0: pack_int8_q8_0(rows, row_size, blocks, panel); return true;
    }
#endif
    return false;
}
