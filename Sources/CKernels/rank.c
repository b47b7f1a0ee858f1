#include "rank.h"

#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))

// Both twins of every kernel are the same text; only the way to count bits differs, and the compiler's licence to use
// the instructions that come with it.

INLINE uint32_t popcount_portable(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (uint32_t)(x * 0x0101010101010101u >> 56);
}

INLINE uint32_t popcount_hardware(uint64_t x) {
#if defined(__x86_64__)
    // Spelt out, so that the compiler does not count four words at once with many more instructions.
    uint64_t count;
    __asm__("popcnt %1, %0" : "=r"(count) : "r"(x) : "cc");
    return (uint32_t)count;
#else
    return (uint32_t)__builtin_popcountll(x);
#endif
}

#define POPCOUNT(x) (hardware ? popcount_hardware(x) : popcount_portable(x))

/// The lowest `bits` bits set; none below 0, all from 64.
INLINE uint64_t low_bits(int32_t bits) {
    uint64_t mask = bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (bits & 63)) - 1;
    return bits <= 0 ? 0 : mask;
}

INLINE uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

typedef trawl_wavelet_matrix matrix_t;
typedef trawl_wavelet_level level_t;
typedef trawl_wavelet_node node_t;

enum {
    degree = TRAWL_WAVELET_DEGREE,
    digit_bits = TRAWL_WAVELET_DIGIT_BITS,
    block_digits = TRAWL_WAVELET_BLOCK_DIGITS,
    half = block_digits / 2,
    /// Groups of 64 digits in half a block.
    half_groups = half / 64
};

/// A block of digits, as it is stored.
typedef struct {
    uint16_t counts[degree];
    uint64_t planes[2 * half_groups][digit_bits];
} block_t;

INLINE const block_t *block_at(const matrix_t *m, const level_t *level, uint32_t position) {
    uint32_t block = level->first_block + position / block_digits;
    return (const block_t *)m->block_chunks[block >> 11] + (block & 0x7ff);
}

INLINE const uint32_t *superblock_at(const matrix_t *m, const level_t *level, uint32_t position) {
    uint32_t superblock = level->first_superblock + position / block_digits / TRAWL_WAVELET_SUPERBLOCK_BLOCKS;
    return (const uint32_t *)m->superblock_chunks[superblock >> 12] + (size_t)(superblock & 0xfff) * degree;
}

INLINE trawl_wavelet_leaf leaf_at(const matrix_t *m, uint32_t leaf) {
    return ((const trawl_wavelet_leaf *)m->leaf_chunks[leaf >> 17])[leaf & 0x1ffff];
}

/// Asks for what a rank of `digit` at `position` reads.
INLINE void prefetch_rank(const matrix_t *m, const level_t *level, uint32_t position, uint32_t digit) {
    const char *block = (const char *)block_at(m, level, position);
    __builtin_prefetch(block + 2 * digit);
    const char *planes = block + (position % block_digits < half ? 128 : 320);
    __builtin_prefetch(planes);
    __builtin_prefetch(planes + 64);
    __builtin_prefetch(planes + 128);
    __builtin_prefetch(superblock_at(m, level, position) + digit);
}

/// The half of a block that a rank counts in: its groups, and which of their digits lie between the middle and `offset`.
typedef struct {
    const uint64_t (*groups)[digit_bits];
    uint64_t masks[half_groups];
    /// All ones when the digits lie before the middle and are to be taken away, else 0.
    uint32_t negative;
} part_t;

INLINE part_t part_of(const block_t *block, uint32_t position) {
    int32_t offset = (int32_t)(position % block_digits);
    bool before = offset < half;
    part_t part = {block->planes + (before ? 0 : half_groups), {0}, before ? ~(uint32_t)0 : 0};
    uint64_t flip = before ? ~(uint64_t)0 : 0;
    int32_t bits = before ? offset : offset - half;
    for (int group = 0; group < half_groups; ++group) part.masks[group] = low_bits(bits - 64 * group) ^ flip;
    return part;
}

/// The places of `digit` among 64 digits.
INLINE uint64_t equal_digits(const uint64_t *planes, uint32_t digit) {
    uint64_t equal = ~(uint64_t)0;
    for (int bit = 0; bit < digit_bits; ++bit) {
        uint64_t flip = (uint64_t)(digit >> (digit_bits - 1 - bit) & 1) - 1;
        equal &= planes[bit] ^ flip;
    }
    return equal;
}

INLINE uint32_t count_in(const part_t *part, uint32_t digit, bool hardware) {
    uint32_t count = 0;
    for (int group = 0; group < half_groups; ++group)
        count += POPCOUNT(equal_digits(part->groups[group], digit) & part->masks[group]);
    return (count ^ part->negative) - part->negative;
}

/// Where the digits `digit` before `position` end on the next level.
INLINE uint32_t step(const matrix_t *m, const level_t *level, uint32_t position, uint32_t digit, bool hardware) {
    const block_t *block = block_at(m, level, position);
    part_t part = part_of(block, position);
    uint32_t place = level->starts[digit] + superblock_at(m, level, position)[digit] + block->counts[digit]
        + count_in(&part, digit, hardware);
    return least(place, level->length);
}

/// `step` for all digits.
INLINE void steps(const matrix_t *m, const level_t *level, uint32_t position, uint32_t *places, bool hardware) {
    const block_t *block = block_at(m, level, position);
    const uint32_t *superblock = superblock_at(m, level, position);
    part_t part = part_of(block, position);
    uint32_t counts[degree] = {0};
    for (int group = 0; group < half_groups; ++group) {
        if (part.masks[group] == 0) continue;
        const uint64_t *planes = part.groups[group];
        // Halved by one bit of the digits after the other.
        uint64_t sets[degree / 2];
        sets[0] = part.masks[group];
        for (int bit = 0; bit < digit_bits - 1; ++bit) {
            for (int i = (1 << bit) - 1; i >= 0; --i) {
                uint64_t set = sets[i];
                sets[2 * i] = set & ~planes[bit];
                sets[2 * i + 1] = set & planes[bit];
            }
        }
        for (int i = 0; i < degree / 2; ++i) {
            counts[2 * i] += POPCOUNT(sets[i] & ~planes[digit_bits - 1]);
            counts[2 * i + 1] += POPCOUNT(sets[i] & planes[digit_bits - 1]);
        }
    }
    for (uint32_t digit = 0; digit < degree; ++digit) {
        uint32_t place = level->starts[digit] + superblock[digit] + block->counts[digit]
            + ((counts[digit] ^ part.negative) - part.negative);
        places[digit] = least(place, level->length);
    }
}

INLINE bool follow(const matrix_t *m, uint32_t code, uint32_t *low, uint32_t *high, bool hardware) {
    uint32_t l = least(*low, m->length), h = least(*high, m->length);
    if (l >= h) return false;
    for (uint32_t i = 0; code != TRAWL_WAVELET_CODE_END && i < m->levels; ++i, code <<= digit_bits) {
        const level_t *level = &m->level[i];
        uint32_t digit = code >> (32 - digit_bits);
        l = least(l, level->length);
        h = least(h, level->length);
        // Both ends' cache lines are asked for before either is waited for.
        prefetch_rank(m, level, l, digit);
        prefetch_rank(m, level, h, digit);
        uint32_t next = step(m, level, l, digit, hardware);
        h = step(m, level, h, digit, hardware);
        l = next;
        if (l >= h) return false;
    }
    *low = l;
    *high = h;
    return true;
}

INLINE void prefetch_query(const trawl_wavelet_query *q, const level_t *level) {
    uint32_t digit = q->code >> (32 - digit_bits);
    prefetch_rank(q->matrix, level, least(q->low, level->length), digit);
    prefetch_rank(q->matrix, level, least(q->high, level->length), digit);
}

INLINE void follow_batch(trawl_wavelet_query *queries, uint32_t count, bool hardware) {
    for (uint32_t i = 0; i < count; ++i) {
        trawl_wavelet_query *q = &queries[i];
        q->high = least(q->high, q->matrix->length);
        q->low = least(q->low, q->high);
        if (q->matrix->levels > 0 && q->low < q->high) prefetch_query(q, &q->matrix->level[0]);
    }
    bool going = true;
    for (uint32_t depth = 0; going && depth < TRAWL_WAVELET_MAX_LEVELS; ++depth) {
        going = false;
        for (uint32_t i = 0; i < count; ++i) {
            trawl_wavelet_query *q = &queries[i];
            const matrix_t *m = q->matrix;
            if (q->code == TRAWL_WAVELET_CODE_END || q->low >= q->high || depth >= m->levels) continue;
            const level_t *level = &m->level[depth];
            uint32_t digit = q->code >> (32 - digit_bits);
            uint32_t l = step(m, level, least(q->low, level->length), digit, hardware);
            uint32_t h = step(m, level, least(q->high, level->length), digit, hardware);
            q->code <<= digit_bits;
            q->low = l;
            q->high = h < l ? l : h;
            if (q->code == TRAWL_WAVELET_CODE_END || l >= h || depth + 1 >= m->levels) continue;
            prefetch_query(q, level + 1);
            going = true;
        }
    }
}

/// Up to 64 digits from `position` on, one word for each bit of theirs; those behind `width` mean nothing.
typedef struct {
    uint64_t planes[digit_bits];
} window_t;

INLINE window_t window_at(const matrix_t *m, const level_t *level, uint32_t position, uint32_t width) {
    const block_t *block = block_at(m, level, position);
    uint32_t group = position % block_digits / 64, shift = position % 64;
    window_t window;
    for (int bit = 0; bit < digit_bits; ++bit) window.planes[bit] = block->planes[group][bit] >> shift;
    if (shift + width > 64) {
        const uint64_t *next =
            group + 1 < 2 * half_groups ? block->planes[group + 1] : block_at(m, level, position + width - 1)->planes[0];
        for (int bit = 0; bit < digit_bits; ++bit) window.planes[bit] |= next[bit] << (64 - shift);
    }
    return window;
}

INLINE uint32_t digit_of(const window_t *window, uint32_t place) {
    uint32_t digit = 0;
    for (int bit = 0; bit < digit_bits; ++bit) digit = digit << 1 | (uint32_t)(window->planes[bit] >> place & 1);
    return digit;
}

/// The child of `node` that the symbol at its `low` lies in. A damaged counter may lead behind the last position, which
/// holds nothing.
INLINE node_t only_child(const matrix_t *m, const level_t *level, node_t node, bool hardware) {
    uint32_t position = least(node.low, level->length - 1);
    window_t window = window_at(m, level, position, 1);
    uint32_t digit = digit_of(&window, 0);
    uint32_t place = least(step(m, level, position, digit, hardware), level->length - 1);
    return (node_t){digit * level->nodes + node.node, place, place + 1};
}

/// Where the children of a depth go: inner nodes, and leaves by their numbers among all.
typedef struct {
    node_t *inner;
    node_t *leaves;
    uint32_t inner_count;
    uint32_t leaf_count;
} children_t;

/// Both kinds are stored without a branch: what is not counted is overwritten.
INLINE void add_child(children_t *to, const level_t *level, node_t child) {
    bool is_inner = child.node < level->next_nodes;
    to->inner[to->inner_count] = child;
    to->inner_count += is_inner;
    child.node += level->first_leaf - level->next_nodes;
    to->leaves[to->leaf_count] = child;
    to->leaf_count += !is_inner;
}

/// The children of a node of a few symbols: only the digits that occur are ranked, and at one end only.
INLINE void expand_narrow(const matrix_t *m, const level_t *level, node_t node, children_t *to, bool hardware) {
    uint32_t width = node.high - node.low;
    window_t window = window_at(m, level, node.low, width);
    const block_t *block = block_at(m, level, node.low);
    const uint32_t *superblock = superblock_at(m, level, node.low);
    part_t part = part_of(block, node.low);
    for (uint64_t left = low_bits((int32_t)width); left != 0;) {
        uint32_t digit = digit_of(&window, (uint32_t)__builtin_ctzll(left));
        uint64_t equal = equal_digits(window.planes, digit) & left;
        left &= ~equal;
        uint32_t low = level->starts[digit] + superblock[digit] + block->counts[digit]
            + count_in(&part, digit, hardware);
        low = least(low, level->length);
        uint32_t high = least(low + POPCOUNT(equal), level->length);
        if (low < high) add_child(to, level, (node_t){digit * level->nodes + node.node, low, high});
    }
}

typedef uint32_t eight_t __attribute__((ext_vector_type(8)));
typedef bool eight_flags_t __attribute__((ext_vector_type(8)));

/// The digits whose ranges are not empty, as bits.
INLINE uint64_t occurring(const uint32_t *lows, const uint32_t *highs) {
    uint64_t digits = 0;
    for (int i = 0; i < degree / 8; ++i) {
        eight_t low, high;
        __builtin_memcpy(&low, lows + 8 * i, sizeof low);
        __builtin_memcpy(&high, highs + 8 * i, sizeof high);
        eight_flags_t flags = __builtin_convertvector(low < high, eight_flags_t);
        uint8_t bits;
        __builtin_memcpy(&bits, &flags, 1);
        digits |= (uint64_t)bits << (8 * i);
    }
    return digits;
}

INLINE void expand_wide(const matrix_t *m, const level_t *level, node_t node, children_t *to, bool hardware) {
    uint32_t lows[degree], highs[degree];
    steps(m, level, node.low, lows, hardware);
    steps(m, level, node.high, highs, hardware);
    for (uint64_t left = occurring(lows, highs); left != 0; left &= left - 1) {
        uint32_t digit = (uint32_t)__builtin_ctzll(left);
        add_child(to, level, (node_t){digit * level->nodes + node.node, lows[digit], highs[digit]});
    }
}

/// Asks for what expanding `node` reads, as far as it is known without reading: not the counts.
INLINE void prefetch_node(const matrix_t *m, const level_t *level, node_t node) {
    uint32_t position = least(node.low, level->length);
    const char *block = (const char *)block_at(m, level, position);
    __builtin_prefetch(block);
    __builtin_prefetch(block + 64);
    const char *planes = block + (position % block_digits < half ? 128 : 320);
    __builtin_prefetch(planes);
    __builtin_prefetch(planes + 64);
    __builtin_prefetch(planes + 128);
}

INLINE uint32_t distinct(
    const matrix_t *m, uint32_t low, uint32_t high, uint32_t capacity, node_t *scratch, node_t *found, bool hardware
) {
    // Nodes ahead whose blocks are asked for; the most symbols that are looked at one by one.
    enum { lookahead = 6, narrow = 24 };
    high = least(high, m->length);
    if (low >= high || capacity == 0) return 0;
    node_t *nodes = scratch;
    children_t to = {scratch + capacity + degree, found, 0, 0};
    nodes[0] = (node_t){0, low, high};
    uint32_t count = 1;
    if (m->levels == 0) found[to.leaf_count++] = nodes[0];
    for (uint32_t depth = 0; depth < m->levels && count > 0; ++depth) {
        const level_t *level = &m->level[depth];
        to.inner_count = 0;
        for (uint32_t i = 0; i < count; ++i) {
            if (i + lookahead < count) prefetch_node(m, level, nodes[i + lookahead]);
            // Only a damaged matrix has more nodes than symbols.
            if (to.inner_count > capacity || to.leaf_count > capacity) break;
            node_t node = nodes[i];
            node.low = least(node.low, level->length);
            node.high = least(node.high, level->length);
            uint32_t width = node.high - node.low;
            if (width == 1) add_child(&to, level, only_child(m, level, node, hardware));
            else if (width <= narrow) expand_narrow(m, level, node, &to, hardware);
            else expand_wide(m, level, node, &to, hardware);
        }
        count = least(to.inner_count, capacity);
        to.leaf_count = least(to.leaf_count, capacity);
        node_t *swap = nodes;
        nodes = to.inner;
        to.inner = swap;
    }
    for (uint32_t i = 0; i < to.leaf_count; ++i) {
        trawl_wavelet_leaf leaf = leaf_at(m, found[i].node);
        found[i] = (node_t){leaf.token, found[i].low + leaf.shift, found[i].high + leaf.shift};
    }
    return to.leaf_count;
}

INLINE node_t access_symbol(const matrix_t *m, uint32_t position, bool hardware) {
    node_t node = {0, position, position + 1};
    for (uint32_t depth = 0; depth < m->levels; ++depth) {
        const level_t *level = &m->level[depth];
        node = only_child(m, level, node, hardware);
        if (node.node < level->next_nodes) continue;
        node.node += level->first_leaf - level->next_nodes;
        break;
    }
    trawl_wavelet_leaf leaf = leaf_at(m, node.node);
    return (node_t){leaf.token, node.low + leaf.shift, node.high + leaf.shift};
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
#define HARDWARE __attribute__((target("popcnt,bmi,bmi2,lzcnt,avx2")))
INLINE bool has_hardware(void) {
    return __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("avx2");
}
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

TWINS(bool, return, trawl_wavelet_follow, follow,
    (const trawl_wavelet_matrix *matrix, uint32_t code, uint32_t *low, uint32_t *high), matrix, code, low, high)
TWINS(void, , trawl_wavelet_follow_batch, follow_batch, (trawl_wavelet_query *queries, uint32_t count), queries, count)
TWINS(uint32_t, return, trawl_wavelet_distinct, distinct,
    (const trawl_wavelet_matrix *matrix, uint32_t low, uint32_t high, uint32_t capacity, trawl_wavelet_node *scratch,
        trawl_wavelet_node *found),
    matrix, low, high, capacity, scratch, found)
TWINS(trawl_wavelet_node, return, trawl_wavelet_access, access_symbol,
    (const trawl_wavelet_matrix *matrix, uint32_t position), matrix, position)
TWINS(uint32_t, return, trawl_bitmap_rank, bitmap_rank, (const void *block, uint32_t bit), block, bit)
