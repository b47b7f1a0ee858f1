// Dot products of rows of 32-bit floats, for exact vector search.
#pragma once
#include <stddef.h>

/// Writes scores[q * row_count + r] = the dot product of query q and row r.
///
/// rows: row_count x dimension, queries: query_count x dimension, both row-major and unaligned; scores: query_count x
/// row_count. The value of a pair does not depend on which other rows and queries stand in the call.
void trawl_dot_rows(const float *rows, size_t row_count, const float *queries, size_t query_count, size_t dimension,
               float *scores);
void trawl_dot_rows_portable(const float *rows, size_t row_count, const float *queries, size_t query_count,
                        size_t dimension, float *scores);
