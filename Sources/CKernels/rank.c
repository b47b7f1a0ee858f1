#include "rank.h"
#include "versions.h"

/// One word of each of four groups of digits.
typedef uint64_t four_t __attribute__((ext_vector_type(4)));
typedef int64_t signed_four_t __attribute__((ext_vector_type(4)));

/// How many bits of all four words are set.
INLINE uint32_t popcount_four(four_t x, isa_t isa) {
    if (isa == avx512) {
        four_t counts = __builtin_elementwise_popcount(x);
        return (uint32_t)(counts[0] + counts[1] + counts[2] + counts[3]);
    }
    return popcount(x[0], isa) + popcount(x[1], isa) + popcount(x[2], isa) + popcount(x[3], isa);
}

typedef trawl_wavelet_matrix matrix_t;
typedef trawl_wavelet_level level_t;
typedef trawl_wavelet_node node_t;

enum {
    degree = TRAWL_WAVELET_DEGREE,
    digit_bits = TRAWL_WAVELET_DIGIT_BITS,
    block_digits = TRAWL_WAVELET_BLOCK_DIGITS,
    half = block_digits / 2,
    /// Groups of 64 digits in half a block.
    half_groups = half / 64,
    /// The bytes of half a block's digits, three cache lines.
    half_bytes = half / 8 * digit_bits
};

/// A block of digits, as it is stored.
typedef struct {
    uint16_t counts[degree];
    /// For each half, a word for each bit of the digits and group, the bits of higher value first.
    uint64_t planes[2][digit_bits][half_groups];
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
    const char *planes = block + 2 * degree + (position % block_digits < half ? 0 : half_bytes);
    __builtin_prefetch(planes);
    __builtin_prefetch(planes + 64);
    __builtin_prefetch(planes + 128);
    __builtin_prefetch(superblock_at(m, level, position) + digit);
}

/// The half of a block that a rank counts in, and which of its digits lie between the middle and a position.
typedef struct {
    const uint64_t (*planes)[half_groups];
    four_t mask;
    /// All ones when the digits lie before the middle and are to be taken away, else 0.
    uint32_t negative;
} part_t;

INLINE part_t part_of(const block_t *block, uint32_t position) {
    int32_t offset = (int32_t)(position % block_digits);
    bool before = offset < half;
    // What lies before the position in the half; the middle is its end when it is the first one.
    signed_four_t bits = (signed_four_t)(before ? offset : offset - half) - (signed_four_t){0, 64, 128, 192};
    four_t some = ((four_t)1 << (four_t)(bits & 63)) - 1;
    four_t mask = (some | (four_t)(bits > 63)) & (four_t)(bits > 0);
    return (part_t){block->planes[before ? 0 : 1], before ? ~mask : mask, before ? ~(uint32_t)0 : 0};
}

INLINE four_t plane_of(const part_t *part, int bit) {
    four_t plane;
    __builtin_memcpy(&plane, part->planes[bit], sizeof plane);
    return plane;
}

/// The places of `digit` in the half of a block that `part` lies in.
INLINE four_t places_in(const part_t *part, uint32_t digit) {
    four_t equal = ~(four_t)0;
    for (int bit = 0; bit < digit_bits; ++bit) {
        uint64_t flip = (uint64_t)(digit >> (digit_bits - 1 - bit) & 1) - 1;
        equal &= plane_of(part, bit) ^ flip;
    }
    return equal;
}

/// How many of `places` lie in the part, negative when they are to be taken away.
INLINE uint32_t count_of(four_t places, const part_t *part, isa_t isa) {
    return (popcount_four(places & part->mask, isa) ^ part->negative) - part->negative;
}

INLINE uint32_t count_in(const part_t *part, uint32_t digit, isa_t isa) {
    return count_of(places_in(part, digit), part, isa);
}

/// Where the digits `digit` before `position` end on the next level.
INLINE uint32_t step(const matrix_t *m, const level_t *level, uint32_t position, uint32_t digit, isa_t isa) {
    const block_t *block = block_at(m, level, position);
    part_t part = part_of(block, position);
    uint32_t place = level->starts[digit] + superblock_at(m, level, position)[digit] + block->counts[digit]
        + count_in(&part, digit, isa);
    return least(place, level->length);
}

/// `step` for both ends of a range, which mostly lie in the same half of a block.
INLINE void step_both(
    const matrix_t *m, const level_t *level, uint32_t *low, uint32_t *high, uint32_t digit, isa_t isa
) {
    uint32_t l = *low, h = *high;
    if (l / half == h / half) {
        const block_t *block = block_at(m, level, l);
        part_t first = part_of(block, l), second = part_of(block, h);
        uint32_t base = level->starts[digit] + superblock_at(m, level, l)[digit] + block->counts[digit];
        four_t places = places_in(&first, digit);
        *low = least(base + count_of(places, &first, isa), level->length);
        *high = least(base + count_of(places, &second, isa), level->length);
    } else {
        *low = step(m, level, l, digit, isa);
        *high = step(m, level, h, digit, isa);
    }
}

/// Asks for what `step_both` reads.
INLINE void prefetch_both(const matrix_t *m, const level_t *level, uint32_t low, uint32_t high, uint32_t digit) {
    prefetch_rank(m, level, low, digit);
    if (low / half != high / half) prefetch_rank(m, level, high, digit);
}

/// The sums of the words of each of four vectors.
INLINE four_t sums(four_t a, four_t b, four_t c, four_t d) {
    four_t ab = __builtin_shufflevector(a, b, 0, 4, 2, 6) + __builtin_shufflevector(a, b, 1, 5, 3, 7);
    four_t cd = __builtin_shufflevector(c, d, 0, 4, 2, 6) + __builtin_shufflevector(c, d, 1, 5, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

/// `step` for all digits.
INLINE void steps(const matrix_t *m, const level_t *level, uint32_t position, uint32_t *places) {
    const block_t *block = block_at(m, level, position);
    const uint32_t *superblock = superblock_at(m, level, position);
    part_t part = part_of(block, position);
    // Halved by one bit of the digits after the other; the last two in the loop that counts.
    four_t sets[degree / 4];
    sets[0] = part.mask;
    for (int bit = 0; bit < digit_bits - 2; ++bit) {
        four_t plane = plane_of(&part, bit);
        for (int i = (1 << bit) - 1; i >= 0; --i) {
            four_t set = sets[i];
            sets[2 * i] = set & ~plane;
            sets[2 * i + 1] = set & plane;
        }
    }
    four_t high = plane_of(&part, digit_bits - 2), low = plane_of(&part, digit_bits - 1);
    for (uint32_t i = 0; i < degree / 4; ++i) {
        four_t without = sets[i] & ~high, with = sets[i] & high;
        four_t counts = sums(
            __builtin_elementwise_popcount(without & ~low), __builtin_elementwise_popcount(without & low),
            __builtin_elementwise_popcount(with & ~low), __builtin_elementwise_popcount(with & low));
        for (uint32_t j = 0; j < 4; ++j) places[4 * i + j] = (uint32_t)counts[j];
    }
    for (uint32_t digit = 0; digit < degree; ++digit) {
        uint32_t place = level->starts[digit] + superblock[digit] + block->counts[digit]
            + ((places[digit] ^ part.negative) - part.negative);
        places[digit] = least(place, level->length);
    }
}

INLINE bool follow(const matrix_t *m, uint32_t code, uint32_t *low, uint32_t *high, isa_t isa) {
    uint32_t l = least(*low, m->length), h = least(*high, m->length);
    if (l >= h) return false;
    for (uint32_t i = 0; code != TRAWL_WAVELET_CODE_END && i < m->levels; ++i, code <<= digit_bits) {
        const level_t *level = &m->level[i];
        uint32_t digit = code >> (32 - digit_bits);
        l = least(l, level->length);
        h = least(h, level->length);
        // Both ends' cache lines are asked for before either is waited for.
        prefetch_both(m, level, l, h, digit);
        step_both(m, level, &l, &h, digit, isa);
        if (l >= h) return false;
    }
    *low = l;
    *high = h;
    return true;
}

INLINE void prefetch_query(const trawl_wavelet_query *q, const level_t *level) {
    uint32_t digit = q->code >> (32 - digit_bits);
    prefetch_both(q->matrix, level, least(q->low, level->length), least(q->high, level->length), digit);
}

/// `follow` for so many ranges that what they ask for stays in the first cache until it is used.
INLINE void follow_group(trawl_wavelet_query *queries, uint32_t count, isa_t isa) {
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
            uint32_t l = least(q->low, level->length), h = least(q->high, level->length);
            step_both(m, level, &l, &h, digit, isa);
            q->code <<= digit_bits;
            q->low = l;
            q->high = h < l ? l : h;
            if (q->code == TRAWL_WAVELET_CODE_END || l >= h || depth + 1 >= m->levels) continue;
            prefetch_query(q, level + 1);
            going = true;
        }
    }
}

INLINE void follow_batch(trawl_wavelet_query *queries, uint32_t count, isa_t isa) {
    enum { group = 32 };
    for (uint32_t start = 0; start < count; start += group)
        follow_group(queries + start, least(group, count - start), isa);
}

/// Up to 64 digits from `position` on, one word for each bit of theirs; those behind `width` mean nothing.
typedef struct {
    uint64_t planes[digit_bits];
} window_t;

INLINE window_t window_at(const matrix_t *m, const level_t *level, uint32_t position, uint32_t width) {
    const block_t *block = block_at(m, level, position);
    uint32_t group = position % block_digits / 64, shift = position % 64;
    window_t window;
    for (int bit = 0; bit < digit_bits; ++bit)
        window.planes[bit] = block->planes[group / half_groups][bit][group % half_groups] >> shift;
    if (shift + width > 64) {
        group = (group + 1) % (2 * half_groups);
        if (group == 0) block = block_at(m, level, position + width - 1);
        for (int bit = 0; bit < digit_bits; ++bit)
            window.planes[bit] |= block->planes[group / half_groups][bit][group % half_groups] << (64 - shift);
    }
    return window;
}

/// The places of `digit` in a window.
INLINE uint64_t places_of(const window_t *window, uint32_t digit) {
    uint64_t equal = ~(uint64_t)0;
    for (int bit = 0; bit < digit_bits; ++bit) {
        uint64_t flip = (uint64_t)(digit >> (digit_bits - 1 - bit) & 1) - 1;
        equal &= window->planes[bit] ^ flip;
    }
    return equal;
}

INLINE uint32_t digit_of(const window_t *window, uint32_t place) {
    uint32_t digit = 0;
    for (int bit = 0; bit < digit_bits; ++bit) digit = digit << 1 | (uint32_t)(window->planes[bit] >> place & 1);
    return digit;
}

/// The child of `node` that the symbol at its `low` lies in. A damaged counter may lead behind the last position, which
/// holds nothing.
INLINE node_t only_child(const matrix_t *m, const level_t *level, node_t node, isa_t isa) {
    uint32_t position = least(node.low, level->length - 1);
    window_t window = window_at(m, level, position, 1);
    uint32_t digit = digit_of(&window, 0);
    uint32_t place = least(step(m, level, position, digit, isa), level->length - 1);
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
INLINE void expand_narrow(const matrix_t *m, const level_t *level, node_t node, children_t *to, isa_t isa) {
    uint32_t width = node.high - node.low;
    window_t window = window_at(m, level, node.low, width);
    const block_t *block = block_at(m, level, node.low);
    const uint32_t *superblock = superblock_at(m, level, node.low);
    part_t part = part_of(block, node.low);
    for (uint64_t left = low_bits((int32_t)width); left != 0;) {
        uint32_t digit = digit_of(&window, (uint32_t)__builtin_ctzll(left));
        uint64_t equal = places_of(&window, digit) & left;
        left &= ~equal;
        uint32_t low = level->starts[digit] + superblock[digit] + block->counts[digit]
            + count_in(&part, digit, isa);
        low = least(low, level->length);
        uint32_t high = least(low + popcount(equal, isa), level->length);
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

INLINE void expand_wide(const matrix_t *m, const level_t *level, node_t node, children_t *to) {
    uint32_t lows[degree], highs[degree];
    steps(m, level, node.low, lows);
    steps(m, level, node.high, highs);
    for (uint64_t left = occurring(lows, highs); left != 0; left &= left - 1) {
        uint32_t digit = (uint32_t)__builtin_ctzll(left);
        add_child(to, level, (node_t){digit * level->nodes + node.node, lows[digit], highs[digit]});
    }
}

/// Asks for what counting at `position` reads, but for the superblock.
INLINE void prefetch_counts(const matrix_t *m, const level_t *level, uint32_t position) {
    const char *block = (const char *)block_at(m, level, position);
    __builtin_prefetch(block);
    __builtin_prefetch(block + 64);
    const char *planes = block + 2 * degree + (position % block_digits < half ? 0 : half_bytes);
    __builtin_prefetch(planes);
    __builtin_prefetch(planes + 64);
    __builtin_prefetch(planes + 128);
}

/// Asks for what expanding `node` reads, as far as it is known without reading: not the superblocks.
INLINE void prefetch_node(const matrix_t *m, const level_t *level, node_t node) {
    uint32_t low = least(node.low, level->length), high = least(node.high, level->length);
    prefetch_counts(m, level, low);
    if (low / half != high / half) prefetch_counts(m, level, high);
}

INLINE uint32_t distinct(
    const matrix_t *m, uint32_t low, uint32_t high, uint32_t capacity, node_t *scratch, node_t *found, isa_t isa
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
            if (width == 1) add_child(&to, level, only_child(m, level, node, isa));
            else if (width <= narrow) expand_narrow(m, level, node, &to, isa);
            else expand_wide(m, level, node, &to);
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

INLINE node_t access_symbol(const matrix_t *m, uint32_t position, isa_t isa) {
    node_t node = {0, position, position + 1};
    for (uint32_t depth = 0; depth < m->levels; ++depth) {
        const level_t *level = &m->level[depth];
        node = only_child(m, level, node, isa);
        if (node.node < level->next_nodes) continue;
        node.node += level->first_leaf - level->next_nodes;
        break;
    }
    trawl_wavelet_leaf leaf = leaf_at(m, node.node);
    return (node_t){leaf.token, node.low + leaf.shift, node.high + leaf.shift};
}

VERSIONS(bool, return, trawl_wavelet_follow, follow,
    (const trawl_wavelet_matrix *matrix, uint32_t code, uint32_t *low, uint32_t *high), matrix, code, low, high)
VERSIONS(void, , trawl_wavelet_follow_batch, follow_batch, (trawl_wavelet_query *queries, uint32_t count), queries, count)
VERSIONS(uint32_t, return, trawl_wavelet_distinct, distinct,
    (const trawl_wavelet_matrix *matrix, uint32_t low, uint32_t high, uint32_t capacity, trawl_wavelet_node *scratch,
        trawl_wavelet_node *found),
    matrix, low, high, capacity, scratch, found)
VERSIONS(trawl_wavelet_node, return, trawl_wavelet_access, access_symbol,
    (const trawl_wavelet_matrix *matrix, uint32_t position), matrix, position)
