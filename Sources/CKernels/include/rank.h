#pragma once
#include <stdbool.h>
#include <stdint.h>

// Rank by population count over blocks of one cache line, for succinct indexes.
//
// A quad vector is a sequence of digits 0...3 in blocks of 64 bytes, 224 digits each:
//   word 0      four 16-bit counts: how often each digit occurs before the block in its superblock
//   words 1-3   high bits of digits 0...191        words 4-6   low bits of digits 0...191
//   word 7      high bits of digits 192...223 in its low half, low bits in its high half
// A superblock is 256 blocks and has four 32-bit counts of what occurs before it in the vector.
// A quad wavelet matrix is one quad vector a level, the most significant digits first; from level to level the
// symbols are sorted stably by their digit.
//
// Blocks and superblocks lie in chunks of 1 MiB (2^14 blocks, 2^16 superblocks), as the store keeps them.
//
// Every function keeps positions within 0...length whatever the blocks hold, so that a damaged block gives a wrong
// answer and never a read out of bounds. The caller checks its arguments and the shape (levels, blocks, chunks).

#define TRAWL_QUAD_DIGITS 224
#define TRAWL_QUAD_SUPERBLOCK_SHIFT 8
#define TRAWL_QUAD_MAX_LEVELS 16

typedef struct {
    const void *const *block_chunks;
    const void *const *superblock_chunks;
    uint32_t levels;
    /// Symbols on each level.
    uint32_t length;
    /// `length / 224 + 1`, so that the position `length` has a block too.
    uint32_t blocks_per_level;
    /// `(blocks_per_level + 255) / 256`.
    uint32_t superblocks_per_level;
    /// `starts[4 * level + digit]`: how many symbols of the level have a smaller digit.
    uint32_t starts[4 * TRAWL_QUAD_MAX_LEVELS];
} trawl_quad_matrix;

/// Follows `symbol` through all levels: on return `*low` and `*high` are where the symbols before the given positions
/// that equal it end in the order after the last level. False, as soon as it is known, when the range holds none.
bool trawl_quad_follow(const trawl_quad_matrix *matrix, uint32_t symbol, uint32_t *low, uint32_t *high);
bool trawl_quad_follow_portable(const trawl_quad_matrix *matrix, uint32_t symbol, uint32_t *low, uint32_t *high);

/// `trawl_quad_follow` for `count` ranges at once, level by level, so that their cache misses overlap.
/// An empty range comes back with `lows[i] == highs[i]`.
void trawl_quad_follow_batch(
    const trawl_quad_matrix *matrix, uint32_t count, const uint32_t *symbols, uint32_t *lows, uint32_t *highs);
void trawl_quad_follow_batch_portable(
    const trawl_quad_matrix *matrix, uint32_t count, const uint32_t *symbols, uint32_t *lows, uint32_t *highs);

/// A range of positions of one level, not empty, and the digits of the levels before it that all its symbols share.
typedef struct {
    uint32_t prefix;
    uint32_t low;
    uint32_t high;
} trawl_quad_node;

/// The nodes of the next level below `nodes`, whose positions must be those of `level`; in ascending order of prefixes
/// when `nodes` are. Returns how many, at most `capacity`, which the lesser of the symbols that the nodes span and the
/// distinct symbols of the matrix always is enough for.
uint32_t trawl_quad_expand(
    const trawl_quad_matrix *matrix, uint32_t level, const trawl_quad_node *nodes, uint32_t count,
    trawl_quad_node *children, uint32_t capacity);
uint32_t trawl_quad_expand_portable(
    const trawl_quad_matrix *matrix, uint32_t level, const trawl_quad_node *nodes, uint32_t count,
    trawl_quad_node *children, uint32_t capacity);

/// The symbol at `position` of `level`, where `prefix` holds its digits of the levels before: at the start of the first
/// level, level and prefix are 0.
uint32_t trawl_quad_access(const trawl_quad_matrix *matrix, uint32_t level, uint32_t prefix, uint32_t position);
uint32_t trawl_quad_access_portable(
    const trawl_quad_matrix *matrix, uint32_t level, uint32_t prefix, uint32_t position);

// A ranked bitmap is blocks of 64 bytes: a 32-bit count of the ones before the block, then 480 bits.
#define TRAWL_BITMAP_BITS 480

/// How many ones stand before bit `bit` (0...480) of `block`, its own count included.
uint32_t trawl_bitmap_rank(const void *block, uint32_t bit);
uint32_t trawl_bitmap_rank_portable(const void *block, uint32_t bit);

static inline bool trawl_bitmap_test(const void *block, uint32_t bit) {
    return ((const uint32_t *)block)[1 + bit / 32] >> (bit % 32) & 1;
}

static inline void trawl_prefetch(const void *address) { __builtin_prefetch(address); }
static inline void trawl_prefetch_write(const void *address) { __builtin_prefetch(address, 1); }
