#include "dequantise.h"
#include "half.h"

// No fused rounding: the reference multiplies, then adds.
#pragma STDC FP_CONTRACT OFF

// Keeps the compiler from unrolling a block into scalar code before it can vectorise.
#define VECTORISE _Pragma("clang loop vectorize(enable) unroll(disable)")

#define TWINS(type)                                                                                                    \
    TRAWL_TWINS(trawl_dequantise_##type, (const uint8_t *blocks, size_t count, float *out), (blocks, count, out))
#define BODY(type)                                                                                                     \
    INLINE void trawl_dequantise_##type##_body(const uint8_t *restrict blocks, size_t count, float *restrict out)

// MARK: plain types; `count` counts elements

BODY(f16) {
    for (size_t i = 0; i < count; i++) out[i] = half(blocks[2 * i] | (uint32_t)blocks[2 * i + 1] << 8);
}
TWINS(f16)

BODY(bf16) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)blocks[2 * i] << 16 | (uint32_t)blocks[2 * i + 1] << 24;
        memcpy(out + i, &bits, 4);
    }
}
TWINS(bf16)

// MARK: blocks of 32; `count` counts blocks

// Scale; 16 bytes that hold elements 0..15 in their low halves and 16..31 in their high halves.
BODY(q4_0) {
    for (; count > 0; count--, blocks += 18, out += 32) {
        const float d = half_at(blocks);
        const uint8_t *q = blocks + 2;
        VECTORISE
        for (int i = 0; i < 16; i++) out[i] = d * (float)((q[i] & 15) - 8);
        VECTORISE
        for (int i = 0; i < 16; i++) out[i + 16] = d * (float)((q[i] >> 4) - 8);
    }
}
TWINS(q4_0)

// Scale, minimum; nibbles as above.
BODY(q4_1) {
    for (; count > 0; count--, blocks += 20, out += 32) {
        const float d = half_at(blocks), m = half_at(blocks + 2);
        const uint8_t *q = blocks + 4;
        VECTORISE
        for (int i = 0; i < 16; i++) out[i] = d * (float)(q[i] & 15) + m;
        VECTORISE
        for (int i = 0; i < 16; i++) out[i + 16] = d * (float)(q[i] >> 4) + m;
    }
}
TWINS(q4_1)

INLINE uint32_t word_at(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// Scale; the fifth bits of all elements; nibbles as above.
BODY(q5_0) {
    for (; count > 0; count--, blocks += 22, out += 32) {
        const float d = half_at(blocks);
        const uint32_t high = word_at(blocks + 2);
        const uint8_t *q = blocks + 6;
        VECTORISE
        for (int i = 0; i < 16; i++) out[i] = d * (float)((int)((q[i] & 15u) | (high >> i & 1) << 4) - 16);
        VECTORISE
        for (int i = 0; i < 16; i++) out[i + 16] = d * (float)((int)((q[i] >> 4) | (high >> (i + 16) & 1) << 4) - 16);
    }
}
TWINS(q5_0)

BODY(q5_1) {
    for (; count > 0; count--, blocks += 24, out += 32) {
        const float d = half_at(blocks), m = half_at(blocks + 2);
        const uint32_t high = word_at(blocks + 4);
        const uint8_t *q = blocks + 8;
        VECTORISE
        for (int i = 0; i < 16; i++) out[i] = d * (float)(int)((q[i] & 15u) | (high >> i & 1) << 4) + m;
        VECTORISE
        for (int i = 0; i < 16; i++) out[i + 16] = d * (float)(int)((q[i] >> 4) | (high >> (i + 16) & 1) << 4) + m;
    }
}
TWINS(q5_1)

BODY(q8_0) {
    for (; count > 0; count--, blocks += 34, out += 32) {
        const float d = half_at(blocks);
        VECTORISE
        for (int i = 0; i < 32; i++) out[i] = (float)(int8_t)blocks[2 + i] * d;
    }
}
TWINS(q8_0)

// MARK: super-blocks of 256; `count` counts super-blocks

// The six-bit scale and minimum of group `g` of eight, packed in twelve bytes.
INLINE void scale_and_minimum(const uint8_t *packed, int g, uint32_t *scale, uint32_t *minimum) {
    if (g < 4) {
        *scale = packed[g] & 63;
        *minimum = packed[g + 4] & 63;
    } else {
        *scale = (packed[g + 4] & 15) | (packed[g - 4] >> 6) << 4;
        *minimum = (packed[g + 4] >> 4) | (packed[g] >> 6) << 4;
    }
}

// Scale, scale of the minima, twelve packed bytes, 128 bytes of nibbles: group 2j low, group 2j + 1 high.
BODY(q4_k) {
    for (; count > 0; count--, blocks += 144) {
        const float d = half_at(blocks), dmin = half_at(blocks + 2);
        for (int g = 0; g < 8; g++, out += 32) {
            uint32_t scale, minimum;
            scale_and_minimum(blocks + 4, g, &scale, &minimum);
            const float a = d * (float)(int)scale, b = dmin * (float)(int)minimum;
            const uint8_t *q = blocks + 16 + 32 * (g / 2);
            const int shift = 4 * (g & 1);
            VECTORISE
            for (int i = 0; i < 32; i++) out[i] = a * (float)(q[i] >> shift & 15) - b;
        }
    }
}
TWINS(q4_k)

// As Q4_K with 32 bytes of fifth bits before the nibbles: bit g of byte i belongs to element i of group g.
BODY(q5_k) {
    for (; count > 0; count--, blocks += 176) {
        const float d = half_at(blocks), dmin = half_at(blocks + 2);
        const uint8_t *high = blocks + 16;
        for (int g = 0; g < 8; g++, out += 32) {
            uint32_t scale, minimum;
            scale_and_minimum(blocks + 4, g, &scale, &minimum);
            const float a = d * (float)(int)scale, b = dmin * (float)(int)minimum;
            const uint8_t *q = blocks + 48 + 32 * (g / 2);
            const int shift = 4 * (g & 1);
            VECTORISE
            for (int i = 0; i < 32; i++)
                out[i] = a * (float)((q[i] >> shift & 15) | (high[i] >> g & 1) << 4) - b;
        }
    }
}
TWINS(q5_k)

// 128 bytes of low nibbles, 64 bytes of two high bits, 16 signed scales, scale. Each half of 128 elements is four rows of
// 32: rows 0 and 1 are the low nibbles of its 64 bytes, rows 2 and 3 the high ones; row r has bits 2r of its 32 bytes.
BODY(q6_k) {
    for (; count > 0; count--, blocks += 210) {
        const float d = half_at(blocks + 208);
        for (int row = 0; row < 8; row++, out += 32) {
            const int part = row / 4, r = row % 4;
            const uint8_t *low = blocks + 64 * part + 32 * (r & 1);
            const uint8_t *high = blocks + 128 + 32 * part;
            VECTORISE
            for (int i = 0; i < 32; i++) {
                const float a = d * (float)(int8_t)blocks[192 + 2 * row + i / 16];
                const int q = (low[i] >> 4 * (r / 2) & 15) | (high[i] >> 2 * r & 3) << 4;
                out[i] = a * (float)(q - 32);
            }
        }
    }
}
TWINS(q6_k)
