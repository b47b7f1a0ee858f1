// Products of a few rows with weights as they lie in the file: a block of weights is transposed and decoded in registers
// and used there, where packing it would write and read it once more.
//
// Results have the same bits as those of trawl_pack_outputs or trawl_pack_blocks followed by trawl_gemm, and of
// trawl_int8_pack_blocks followed by trawl_int8_gemm.
#pragma once
#include "blocks.h"
#include "isa.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether there is a kernel for weights of `type` in rows of k inputs that take `row_size` bytes.
bool trawl_has_direct_gemm(trawl_isa isa, trawl_block_type type, size_t k, size_t row_size);

/// y[i, j] = sum over p of x[i, p] w[j, p], added to what y holds when `accumulate`. x: [m, k], rows `ldx` floats apart;
/// w: [n, k] in `type`, rows `row_size` bytes apart, n a multiple of 16; y: [m, n], rows `ldy` floats apart.
void trawl_direct_gemm(
    trawl_block_type type, size_t m, size_t n, size_t k, const float *x, size_t ldx, const uint8_t *w, size_t row_size,
    bool accumulate, float *y, size_t ldy);

/// The same with quantised x, as trawl_int8_quantise makes it; not for TRAWL_BLOCK_F32.
void trawl_direct_int8_gemm(
    trawl_block_type type, size_t m, size_t n, size_t k, const int8_t *q, const float *scales, const uint8_t *w,
    size_t row_size, bool accumulate, float *y, size_t ldy);
