#include "blocks.h"
#include "int8.h"
#include "rows.h"

#if defined(__x86_64__)

AVX512 INLINE void pack_blocks(
    const trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, float *panel
) {
    const __m512i offsets = offsets_of_rows(row_size);
    const uint8_t *next = rows + 16 * row_size;
    for (size_t b = 0; b < blocks; b++, rows += block_bytes(type), next += 16 * block_bytes(type)) {
        prefetch_rows(type, next);
        __m512 factor, addend;
        factors_of_rows(type, rows, offsets, &factor, &addend);
        for (int part = 0; part < block_parts(type); part++) {
            __m512i word[4];
            words_of_rows(rows + block_header(type) + 16 * part, row_size, word);
            for (int half = 0; half < block_halves(type); half++)
                for (int q = 0; q < 4; q++)
                    for (int t = 0; t < word_numbers(type); t++, panel += 16)
                        _mm512_storeu_ps(
                            panel,
                            weight_of_number(type, number_of_word(type, word[q], half, t), factor, addend));
        }
    }
}

/// As above, the numbers left as they are: u of 0...15, or of 0...255 with 128 for zero.
AVX512 INLINE void pack_blocks_int8(
    const trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, uint8_t *panel
) {
    const __m512i offsets = offsets_of_rows(row_size);
    const uint8_t *next = rows + 16 * row_size;
    for (size_t b = 0; b < blocks; b++, rows += block_bytes(type), next += 16 * block_bytes(type)) {
        prefetch_rows(type, next);
        __m512 scale, offset;
        scales_of_rows(type, rows, offsets, &scale, &offset);
        _mm512_storeu_ps(panel, scale);
        _mm512_storeu_ps(panel + 64, offset);
        panel += 128;
        for (int part = 0; part < block_parts(type); part++) {
            __m512i word[4];
            words_of_rows(rows + block_header(type) + 16 * part, row_size, word);
            for (int half = 0; half < block_halves(type); half++)
                for (int q = 0; q < 4; q++, panel += 64) _mm512_storeu_si512(panel, bytes_of_word(type, word[q], half));
        }
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

static bool has_kernel(isa_t isa, size_t row_size) { return isa == TRAWL_ISA_AVX512 && rows_are_addressable(row_size); }
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
    case TRAWL_BLOCK_F32: break;
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
    case TRAWL_BLOCK_F32: break;
    }
#endif
    return false;
}
