#include "rank.h"
#include "versions.h"

INLINE uint32_t bitmap_rank(const void *data, uint32_t bit, isa_t isa) {
    const uint64_t *block = data;
    uint32_t count = (uint32_t)block[0];
    // The bits begin 32 bits into the block, after the count.
    int32_t end = (int32_t)least(bit, TRAWL_BITMAP_BITS) + 32;
    count += popcount(block[0] >> 32 & low_bits(end - 32), isa);
    for (int word = 1; word < 8; ++word) count += popcount(block[word] & low_bits(end - 64 * word), isa);
    return count;
}

VERSIONS(uint32_t, return, trawl_bitmap_rank, bitmap_rank, (const void *block, uint32_t bit), block, bit)
