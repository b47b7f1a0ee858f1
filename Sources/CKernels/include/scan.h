// Scans of sign bits: for each vector one bit a dimension, and a factor that makes the dot product of the signs with a
// query an estimate of the vector's own (RaBitQ, Gao and Long 2024, arXiv 2405.12497). Sums are looked up four dimensions at
// a time, for 64 vectors at once (Andre et al. 2015, VLDB 9(4)).
#pragma once
#include "isa.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAWL_SCAN_WIDTH 64

/// A query's tables: for each four dimensions the sums of +-values by the sign bits of the four, as bytes.
typedef struct {
    /// [dimension / 4][16]; bit j of an entry's number is the sign of dimension 4 g + j, 1 for plus.
    const uint8_t *tables;
    /// A multiple of 8, at most 2^16.
    size_t dimension;
    /// A sum of entries s stands for the dot product unit * s - offset.
    float unit, offset;
} trawl_scan_query;

/// A hit of a scan.
typedef struct {
    float score;
    uint32_t row;
} trawl_scan_hit;

/// Where a scan stands.
typedef struct {
    size_t tile;
    size_t hits;
} trawl_scan_state;

/// Scores tiles of 64 vectors and collects those that score more than `threshold`, until fewer than 64 hits have room or
/// all tiles are done.
///
/// A tile is 64 factors f32 | with `has_biases` 64 biases f32 | dimension / 8 lines of 64 bytes. Byte v of line l holds the
/// signs of vector v in the dimensions 8 l ... 8 l + 3 (low half) and 8 l + 4 ... 8 l + 7. A vector scores factor * (unit *
/// sum - offset) + bias.
/// allowed: a word for each tile, bit v for vector v of it; without it, all rows below `row_count`.
/// first_row: the number of the first tile's first vector. hits: room for `capacity` of them.
trawl_scan_state trawl_scan(
    const trawl_scan_query *query, const uint8_t *tiles, size_t tile_count, size_t row_count, bool has_biases,
    const uint64_t *allowed, uint32_t first_row, float threshold, trawl_scan_state state, trawl_scan_hit *hits,
    size_t capacity);
trawl_scan_state trawl_scan_on(
    trawl_isa isa, const trawl_scan_query *query, const uint8_t *tiles, size_t tile_count, size_t row_count,
    bool has_biases, const uint64_t *allowed, uint32_t first_row, float threshold, trawl_scan_state state,
    trawl_scan_hit *hits, size_t capacity);
