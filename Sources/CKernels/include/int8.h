// Products of 8-bit activations with 8-bit weights, in groups of 32 inputs that share scales, as GGUF's blocks are.
//
// A weight is scale * u + offset with u in 0...255, an activation scale * q with q in -127...127; so for a group
//   sum of x w = x_scale * (scale * sum of q u + offset * sum of q),
// where sum of q u is exact in 32 bits. Groups are added in order, in single precision. As with trawl_gemm a row gives the
// same bits in any batch.
//
// A panel holds 16 outputs, group after group: 16 scales, 16 offsets (float), then for each four inputs in turn 16 words of
// the four weights of each output.
#pragma once
#include "blocks.h"
#include "isa.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRAWL_INT8_GROUP = 32 };

/// The bytes of the panel of k inputs, whole groups.
static inline size_t trawl_int8_panel_size(size_t k) { return k / TRAWL_INT8_GROUP * (128 + 16 * TRAWL_INT8_GROUP); }

/// Quantises x: [m, k], without gaps, by groups: q: [m, k], and for each group its scale (the largest magnitude over 127)
/// and that times the sum of its q, scales: [m, k / 32, 2].
void trawl_int8_quantise(size_t m, size_t k, const float *x, int8_t *q, float *scales);
void trawl_int8_quantise_on(
    trawl_isa isa, size_t m, size_t k, const float *x, int8_t *q, float *scales);

/// Packs up to 16 rows of w: [n, k], each group of each row scaled to its largest magnitude.
void trawl_int8_pack(size_t n, size_t k, const float *w, size_t ldw, uint8_t *panel);

/// Takes 16 rows of GGUF blocks as they are. False, with nothing written, where there is no kernel for it.
bool trawl_int8_pack_blocks_on(
    trawl_isa isa, trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, uint8_t *panel);

/// y[i, j] = sum over p of x[i, p] w[p, j], added to what y holds when `accumulate`. q and scales: x as quantised above;
/// y: [m, n], rows `ldy` floats apart.
void trawl_int8_gemm(
    size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *panels,
    bool accumulate, float *y, size_t ldy);
void trawl_int8_gemm_on(
    trawl_isa isa, size_t m, size_t n, size_t k, const int8_t *q, const float *scales,
    const uint8_t *panels, bool accumulate, float *y, size_t ldy);
