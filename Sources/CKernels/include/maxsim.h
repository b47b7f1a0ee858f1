// Late interaction (ColBERT): for every token of a query, the largest dot product with a token of a passage. Stored tokens are a
// centroid and a residual of few bits a dimension, whose dot products are looked up four bits at a time for 32 tokens at once
// (Andre et al. 2015, VLDB 9(4)).
#pragma once
#include "isa.h"
#include <stddef.h>
#include <stdint.h>

/// The tokens of a tile.
#define TRAWL_MAXSIM_TILE 32
/// The bytes of a tile before its lines.
#define TRAWL_MAXSIM_HEAD (4 * TRAWL_MAXSIM_TILE)
/// The tokens of a query that are looked up together.
#define TRAWL_MAXSIM_BLOCK 4
/// The greatest entry of a table: the sum of two stays a byte.
#define TRAWL_MAXSIM_ENTRY 127

/// A query, padded to whole blocks of tokens.
typedef struct {
    /// [blocks][line_count][TRAWL_MAXSIM_BLOCK][2][16]: for each line the tables of its bytes' low and high halves.
    const uint8_t *tables;
    /// The bytes of a token's residual.
    size_t line_count;
    size_t block_count;
    /// The dot products with the centroids: [centroid_count][blocks * TRAWL_MAXSIM_BLOCK].
    const float *centroids;
    size_t centroid_count;
    /// For each token of the query: a sum of entries s stands for the dot product unit * s - offset.
    const float *units, *offsets;
} trawl_maxsim_query;

/// best[q] = the largest of best[q] and the dot products of token q of the query with the tokens first ..< end of the tiles,
/// counted from the first tile.
///
/// A tile is 32 centroids u16 | 32 factors u16 | line_count lines of 32 bytes; byte t of a line is of token t. A token's
/// dot product is factor / 2^15 * (centroid's + residual's). A centroid that does not exist counts as the first.
/// best: one for each token of the query's blocks. A tile without a token of the range is not read.
void trawl_maxsim(const trawl_maxsim_query *query, const uint8_t *tiles, size_t first, size_t end, float *best);
void trawl_maxsim_on(
    trawl_isa isa, const trawl_maxsim_query *query, const uint8_t *tiles, size_t first, size_t end, float *best);
