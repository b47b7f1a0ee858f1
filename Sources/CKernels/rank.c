#include "rank.h"

#define INLINE static inline __attribute__((always_inline))

// Both twins of every kernel are the same text; only the way to count bits differs, and the compiler's licence to use
// the instructions that come with it.

INLINE uint32_t popcount_portable(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (uint32_t)(x * 0x0101010101010101u >> 56);
}

INLINE uint32_t popcount_hardware(uint64_t x) { return (uint32_t)__builtin_popcountll(x); }

#define POPCOUNT(x) (hardware ? popcount_hardware(x) : popcount_portable(x))

/// The lowest `bits` bits set; none below 0, all from 64.
INLINE uint64_t low_bits(int32_t bits) {
    uint64_t mask = bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (bits & 63)) - 1;
    return bits <= 0 ? 0 : mask;
}

INLINE uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

INLINE const uint64_t *block_at(const trawl_quad_matrix *m, uint32_t level, uint32_t position) {
    uint64_t block = (uint64_t)level * m->blocks_per_level + position / TRAWL_QUAD_DIGITS;
    return (const uint64_t *)m->block_chunks[block >> 14] + (block & 0x3fff) * 8;
}

INLINE const uint32_t *superblock_at(const trawl_quad_matrix *m, uint32_t level, uint32_t position) {
    uint64_t superblock = (uint64_t)level * m->superblocks_per_level
        + (position / TRAWL_QUAD_DIGITS >> TRAWL_QUAD_SUPERBLOCK_SHIFT);
    return (const uint32_t *)m->superblock_chunks[superblock >> 16] + (superblock & 0xffff) * 4;
}

/// How many of the first `offset` digits of a block are `digit`.
INLINE uint32_t digits_before(const uint64_t *block, uint32_t offset, uint32_t digit, bool hardware) {
    uint64_t flip_high = digit & 2 ? 0 : ~(uint64_t)0;
    uint64_t flip_low = digit & 1 ? 0 : ~(uint64_t)0;
    int32_t bits = (int32_t)offset;
    uint32_t count = 0;
    for (int word = 0; word < 3; ++word) {
        uint64_t equal = (block[1 + word] ^ flip_high) & (block[4 + word] ^ flip_low);
        count += POPCOUNT(equal & low_bits(bits - 64 * word));
    }
    uint64_t equal = (block[7] ^ flip_high) & ((block[7] >> 32) ^ flip_low);
    // At most 32 digits are left, so the mask also clears the upper half of the word.
    return count + POPCOUNT(equal & low_bits(bits - 192));
}

/// Where the digits `digit` before `position` end on the next level.
INLINE uint32_t step(
    const trawl_quad_matrix *m, uint32_t level, uint32_t position, uint32_t digit, bool hardware
) {
    const uint64_t *block = block_at(m, level, position);
    uint32_t rank = superblock_at(m, level, position)[digit] + (uint32_t)(block[0] >> (16 * digit) & 0xffff)
        + digits_before(block, position % TRAWL_QUAD_DIGITS, digit, hardware);
    return least(m->starts[4 * level + digit] + rank, m->length);
}

INLINE bool follow(const trawl_quad_matrix *m, uint32_t symbol, uint32_t *low, uint32_t *high, bool hardware) {
    uint32_t l = least(*low, m->length), h = least(*high, m->length);
    for (uint32_t level = 0; level < m->levels; ++level) {
        uint32_t digit = symbol >> (2 * (m->levels - 1 - level)) & 3;
        // Both ends' cache lines are asked for before either is waited for.
        __builtin_prefetch(block_at(m, level, h));
        uint32_t next_low = step(m, level, l, digit, hardware);
        h = step(m, level, h, digit, hardware);
        l = next_low;
        if (l >= h) return false;
    }
    *low = l;
    *high = h;
    return true;
}

INLINE void follow_batch(
    const trawl_quad_matrix *m, uint32_t count, const uint32_t *symbols, uint32_t *lows, uint32_t *highs, bool hardware
) {
    for (uint32_t i = 0; i < count; ++i) {
        lows[i] = least(lows[i], m->length);
        highs[i] = least(highs[i], m->length);
        __builtin_prefetch(block_at(m, 0, lows[i]));
        __builtin_prefetch(block_at(m, 0, highs[i]));
    }
    for (uint32_t level = 0; level < m->levels; ++level) {
        for (uint32_t i = 0; i < count; ++i) {
            if (lows[i] >= highs[i]) {
                highs[i] = lows[i];
                continue;
            }
            uint32_t digit = symbols[i] >> (2 * (m->levels - 1 - level)) & 3;
            uint32_t l = step(m, level, lows[i], digit, hardware);
            uint32_t h = step(m, level, highs[i], digit, hardware);
            lows[i] = l;
            highs[i] = h < l ? l : h;
            if (level + 1 < m->levels && l < h) {
                __builtin_prefetch(block_at(m, level + 1, l));
                __builtin_prefetch(block_at(m, level + 1, h));
            }
        }
    }
}

INLINE uint32_t digit_at(const trawl_quad_matrix *m, uint32_t level, uint32_t position) {
    const uint64_t *block = block_at(m, level, position);
    uint32_t offset = position % TRAWL_QUAD_DIGITS;
    uint64_t high, low;
    if (offset < 192) {
        high = block[1 + offset / 64] >> (offset & 63);
        low = block[4 + offset / 64] >> (offset & 63);
    } else {
        high = block[7] >> (offset - 192);
        low = block[7] >> (offset - 160);
    }
    return (uint32_t)((high & 1) << 1 | (low & 1));
}

INLINE uint32_t expand(
    const trawl_quad_matrix *m, uint32_t level, const trawl_quad_node *nodes, uint32_t count, trawl_quad_node *children,
    uint32_t capacity, bool hardware
) {
    enum { lookahead = 12 };
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; ++i) {
        if (i + lookahead < count) {
            __builtin_prefetch(block_at(m, level, nodes[i + lookahead].low));
            __builtin_prefetch(block_at(m, level, nodes[i + lookahead].high));
        }
        uint32_t prefix = nodes[i].prefix << 2, low = nodes[i].low, high = nodes[i].high;
        if (high - low == 1) {
            // Most nodes of a wide range soon hold one symbol: one rank in the place of eight.
            if (found == capacity) return found;
            uint32_t digit = digit_at(m, level, low);
            uint32_t place = step(m, level, low, digit, hardware);
            // A damaged counter may lead behind the last position, which holds nothing.
            place = least(place, m->length - 1);
            children[found++] = (trawl_quad_node){prefix | digit, place, place + 1};
            continue;
        }
        for (uint32_t digit = 0; digit < 4; ++digit) {
            uint32_t l = step(m, level, low, digit, hardware);
            uint32_t h = step(m, level, high, digit, hardware);
            if (l >= h) continue;
            if (found == capacity) return found;
            children[found++] = (trawl_quad_node){prefix | digit, l, h};
        }
    }
    return found;
}

INLINE uint32_t access_symbol(
    const trawl_quad_matrix *m, uint32_t level, uint32_t symbol, uint32_t position, bool hardware
) {
    position = least(position, m->length);
    for (; level < m->levels; ++level) {
        uint32_t digit = digit_at(m, level, position);
        symbol = symbol << 2 | digit;
        position = step(m, level, position, digit, hardware);
    }
    return symbol;
}

INLINE uint32_t bitmap_rank(const void *data, uint32_t bit, bool hardware) {
    const uint64_t *block = data;
    uint32_t count = (uint32_t)block[0];
    // The bits begin 32 bits into the block, after the count.
    int32_t end = (int32_t)least(bit, TRAWL_BITMAP_BITS) + 32;
    count += POPCOUNT(block[0] >> 32 & low_bits(end - 32));
    for (int word = 1; word < 8; ++word) count += POPCOUNT(block[word] & low_bits(end - 64 * word));
    return count;
}

#if defined(__x86_64__)
#define HARDWARE __attribute__((target("popcnt,bmi,bmi2,lzcnt")))
INLINE bool has_hardware(void) { return __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi2"); }
#else
// Other processors count bits in their base instruction set.
#define HARDWARE
INLINE bool has_hardware(void) { return true; }
#endif

/// Defines NAME_portable, NAME_hardware and NAME, which chooses.
#define TWINS(TYPE, RETURN, NAME, BODY, PARAMETERS, ...)                                       \
    TYPE NAME##_portable PARAMETERS { RETURN BODY(__VA_ARGS__, false); }                        \
    HARDWARE static TYPE NAME##_hardware PARAMETERS { RETURN BODY(__VA_ARGS__, true); }         \
    TYPE NAME PARAMETERS {                                                                      \
        if (has_hardware()) RETURN NAME##_hardware(__VA_ARGS__);                                \
        else RETURN NAME##_portable(__VA_ARGS__);                                               \
    }

TWINS(bool, return, trawl_quad_follow, follow,
    (const trawl_quad_matrix *matrix, uint32_t symbol, uint32_t *low, uint32_t *high), matrix, symbol, low, high)
TWINS(void, , trawl_quad_follow_batch, follow_batch,
    (const trawl_quad_matrix *matrix, uint32_t count, const uint32_t *symbols, uint32_t *lows, uint32_t *highs),
    matrix, count, symbols, lows, highs)
TWINS(uint32_t, return, trawl_quad_expand, expand,
    (const trawl_quad_matrix *matrix, uint32_t level, const trawl_quad_node *nodes, uint32_t count,
        trawl_quad_node *children, uint32_t capacity),
    matrix, level, nodes, count, children, capacity)
TWINS(uint32_t, return, trawl_quad_access, access_symbol,
    (const trawl_quad_matrix *matrix, uint32_t level, uint32_t prefix, uint32_t position), matrix, level, prefix,
    position)
TWINS(uint32_t, return, trawl_bitmap_rank, bitmap_rank, (const void *block, uint32_t bit), block, bit)
