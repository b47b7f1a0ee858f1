#pragma once
#include "isa.h"
#include <stdbool.h>
#include <stdint.h>

// Rank by population count over blocks with counters of their own, for succinct indexes.
//
// A digit vector is a sequence of digits 0...63 in blocks of 512 bytes, 512 digits each:
//   bytes 0-127     64 16-bit counts: how often each digit occurs in its superblock before the middle of the block
//   bytes 128-511   the halves of the block, four groups of 64 digits each: bit 5 of the four groups, four words, then
//                   bits 4 to 0 likewise
// A rank counts digits from the middle of a block, forwards or backwards, within one half.
// A superblock is 128 blocks and has 64 32-bit counts of what occurs before it in the vector.
//
// A wavelet matrix is one digit vector a level: digit d of the code of every symbol whose code is longer than d.
// From level to level the symbols are sorted stably by their digit. Codes are those of a tree of degree 64 whose
// nodes at one depth are numbered in the order in which that sorting puts their symbols: child `digit` of node k is
// node `digit * nodes + k` of the next depth. The first `next_nodes` of these are inner nodes, the others leaves, so
// that the symbols that go on to the next level are the first ones.
//
// A code is 32 bits: its digits from the top, then a one, then zeros.
//
// Blocks, superblocks and leaves lie in chunks of 1 MiB, as the store keeps them.
//
// Every function keeps positions within the level and nodes within the tree whatever the blocks hold, so that a
// damaged block gives a wrong answer and never a read out of bounds. The caller checks its arguments and the levels.

// Each kernel has versions for instruction sets, which all give the same; its plain name takes the best that this CPU
// has, and NAME_on the one that it is told.

#define TRAWL_WAVELET_DEGREE 64
#define TRAWL_WAVELET_DIGIT_BITS 6
#define TRAWL_WAVELET_BLOCK_DIGITS 512
#define TRAWL_WAVELET_SUPERBLOCK_BLOCKS 128
#define TRAWL_WAVELET_MAX_LEVELS 5
/// The code without digits: what is left of every code behind its last digit.
#define TRAWL_WAVELET_CODE_END 0x80000000u

/// One level of a matrix, as it is stored.
typedef struct {
    /// How many digits of the level are smaller than each digit.
    uint32_t starts[TRAWL_WAVELET_DEGREE];
    /// The digits of the level; its blocks are `length / 512 + 1`, so that the position `length` has one too.
    uint32_t length;
    uint32_t first_block;
    uint32_t first_superblock;
    /// The inner nodes at this depth and at the next.
    uint32_t nodes;
    uint32_t next_nodes;
    /// The number of the first leaf at the next depth among all leaves.
    uint32_t first_leaf;
    uint32_t unused[58];
} trawl_wavelet_level;

/// What a leaf stands for: a token, and what leads, added modulo 2^32, from a position behind its last level to a row.
typedef struct {
    uint32_t token;
    uint32_t shift;
} trawl_wavelet_leaf;

typedef struct {
    const void *const *block_chunks;
    const void *const *superblock_chunks;
    /// Every leaf, `trawl_wavelet_leaf`.
    const void *const *leaf_chunks;
    uint32_t levels;
    /// The symbols of the matrix.
    uint32_t length;
    trawl_wavelet_level level[TRAWL_WAVELET_MAX_LEVELS];
} trawl_wavelet_matrix;

/// Follows the symbol with this code through its levels: on return `*low` and `*high` are where the symbols before the
/// given positions that equal it end in the order behind its last level. False, as soon as it is known, when the range
/// holds none.
bool trawl_wavelet_follow(const trawl_wavelet_matrix *matrix, uint32_t code, uint32_t *low, uint32_t *high);
bool trawl_wavelet_follow_on(
    trawl_isa isa, const trawl_wavelet_matrix *matrix, uint32_t code, uint32_t *low, uint32_t *high);

/// A range of positions of a matrix and the code to follow in it.
typedef struct {
    const trawl_wavelet_matrix *matrix;
    uint32_t code;
    uint32_t low;
    uint32_t high;
} trawl_wavelet_query;

/// `trawl_wavelet_follow` for `count` ranges at once, level by level, so that their cache misses overlap. Codes are used
/// up; a range that holds none comes back with `low == high`.
void trawl_wavelet_follow_batch(trawl_wavelet_query *queries, uint32_t count);
void trawl_wavelet_follow_batch_on(trawl_isa isa, trawl_wavelet_query *queries, uint32_t count);

/// A node of one depth and a range of its positions, or a token and a range of rows; not empty.
typedef struct {
    uint32_t node;
    uint32_t low;
    uint32_t high;
} trawl_wavelet_node;

/// Fills `found` with the tokens of the distinct symbols of `low..<high`, each with the rows that following it leads to,
/// in an order that depends on the matrix alone. Returns how many, at most `capacity`, which the lesser of the range's
/// width and the number of leaves is enough for. `found` has room for `capacity` + 64 nodes, `scratch` for twice as many.
uint32_t trawl_wavelet_distinct(
    const trawl_wavelet_matrix *matrix, uint32_t low, uint32_t high, uint32_t capacity, trawl_wavelet_node *scratch,
    trawl_wavelet_node *found);
uint32_t trawl_wavelet_distinct_on(
    trawl_isa isa, const trawl_wavelet_matrix *matrix, uint32_t low, uint32_t high, uint32_t capacity,
    trawl_wavelet_node *scratch, trawl_wavelet_node *found);

/// The token of the symbol at `position`, which is below the length, and the row that following it leads to.
trawl_wavelet_node trawl_wavelet_access(const trawl_wavelet_matrix *matrix, uint32_t position);
trawl_wavelet_node trawl_wavelet_access_on(trawl_isa isa, const trawl_wavelet_matrix *matrix, uint32_t position);

/// The leaf that `digit` leads to from the inner node `*node` of `*depth`, whose token it stores, back at the root; or
/// false when it leads to an inner node.
static inline bool trawl_wavelet_descend(
    const trawl_wavelet_matrix *matrix, uint32_t *depth, uint32_t *node, uint32_t digit, uint32_t *token
) {
    const trawl_wavelet_level *level = &matrix->level[*depth];
    uint32_t child = (digit % TRAWL_WAVELET_DEGREE) * level->nodes + *node;
    if (child < level->next_nodes) {
        *node = child;
        ++*depth;
        return false;
    }
    uint32_t leaf = level->first_leaf + child - level->next_nodes;
    *token = ((const trawl_wavelet_leaf *)matrix->leaf_chunks[leaf >> 17])[leaf & 0x1ffff].token;
    *node = 0;
    *depth = 0;
    return true;
}

// A ranked bitmap is blocks of 64 bytes: a 32-bit count of the ones before the block, then 480 bits.
#define TRAWL_BITMAP_BITS 480

/// How many ones stand before bit `bit` (0...480) of `block`, its own count included.
uint32_t trawl_bitmap_rank(const void *block, uint32_t bit);
uint32_t trawl_bitmap_rank_on(trawl_isa isa, const void *block, uint32_t bit);

static inline bool trawl_bitmap_test(const void *block, uint32_t bit) {
    return ((const uint32_t *)block)[1 + bit / 32] >> (bit % 32) & 1;
}
