// Dot products of stored vectors with queries of 32-bit floats, for exact vector search.
#pragma once
#include "isa.h"
#include <stddef.h>
#include <stdint.h>

/// How a vector is stored: floats, IEEE halves, or a factor (f32) and signed bytes that it multiplies.
typedef enum { TRAWL_ROW_F32, TRAWL_ROW_F16, TRAWL_ROW_INT8 } trawl_row_type;

/// Writes scores[q * row_count + r] = the dot product of query q and row r.
///
/// rows: row_count of them, `row_size` bytes apart, of `dimension` numbers, unaligned; queries: [query_count, dimension];
/// scores: [query_count, row_count]. The value of a pair does not depend on which other rows and queries stand in the call.
void trawl_dot_rows(
    trawl_row_type type, const void *rows, size_t row_size, size_t row_count, const float *queries, size_t query_count,
    size_t dimension, float *scores);
void trawl_dot_rows_on(
    trawl_isa isa, trawl_row_type type, const void *rows, size_t row_size, size_t row_count, const float *queries,
    size_t query_count, size_t dimension, float *scores);

/// The numbers of a row, `dimension` floats.
void trawl_decode_row(trawl_row_type type, const void *row, size_t dimension, float *out);

/// Stores `dimension` finite floats as a row; one beyond the greatest half becomes it.
void trawl_encode_row(trawl_row_type type, const float *values, size_t dimension, void *row);
