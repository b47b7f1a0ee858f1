// Dot products of a query of signed bytes with vectors of few bits. All sums are integers, so that every instruction set
// gives the same bits.
#pragma once
#include "isa.h"
#include <stddef.h>
#include <stdint.h>

/// The dimensions of a block of codes; vectors are filled up with zeros to whole blocks.
#define TRAWL_CODE_BLOCK 128

/// Records of one size that lie in chunks.
typedef struct {
    const void *const *chunks;
    size_t record_size;
    uint32_t per_chunk;
    /// ceil(2^64 / per_chunk), which stands in for a division; 0 when all records are in one chunk.
    uint64_t reciprocal;
} trawl_records;

/// Scores records of 4 bits a dimension: step f32 | bias f32 | dimension / 2 bytes. Byte i of block b holds the dimensions
/// 128 b + i (low half) and 128 b + 64 + i; the number n stands for the value (2 n - 15) step.
///
/// scores[i] = scale * step * (sum of (2 n - 15) query) + bias, for each of the `count` records `ids`.
/// query: `dimension` bytes whose sum is `query_sum`; dimension: a multiple of 128, at most 2^16.
void trawl_nibble_scores(
    const int8_t *query, int32_t query_sum, float scale, size_t dimension, trawl_records records, const uint32_t *ids,
    size_t count, float *scores);
void trawl_nibble_scores_on(
    trawl_isa isa, const int8_t *query, int32_t query_sum, float scale, size_t dimension, trawl_records records,
    const uint32_t *ids, size_t count, float *scores);

/// products[i] = the dot product of `query` and row ids[i] of `rows`, both signed bytes from -127 to 127.
/// query_sum and dimension: as above; rows: [.., dimension].
void trawl_byte_products(
    const int8_t *query, int32_t query_sum, size_t dimension, const int8_t *rows, const uint32_t *ids, size_t count,
    int32_t *products);
void trawl_byte_products_on(
    trawl_isa isa, const int8_t *query, int32_t query_sum, size_t dimension, const int8_t *rows, const uint32_t *ids,
    size_t count, int32_t *products);
