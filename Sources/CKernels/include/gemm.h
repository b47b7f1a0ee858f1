// Matrix products over row-major float32 matrices whose rows may lie apart (`ld*` = floats from row to row).
//
// Every element of a result is summed in an order that depends on nothing but the inner length: not on how many rows
// there are, not on where a tile begins. So a row gives the same bits alone, in any batch and on any number of threads.
#pragma once
#include <stddef.h>

/// y[i, j] = sum over p of x[i, p] * w[j, p], plus bias[j] when `bias` is not NULL.
/// x: [m, k], w: [n, k], y: [m, n].
void trawl_gemm_nt(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w, size_t ldw,
                   const float *bias, float *y, size_t ldy);
void trawl_gemm_nt_portable(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w, size_t ldw,
                            const float *bias, float *y, size_t ldy);

/// y[i, j] = scale * sum over p of x[i, p] * b[p, j]. x: [m, k], b: [k, n], y: [m, n].
void trawl_gemm_nn(size_t m, size_t n, size_t k, float scale, const float *x, size_t ldx, const float *b, size_t ldb,
                   float *y, size_t ldy);
void trawl_gemm_nn_portable(size_t m, size_t n, size_t k, float scale, const float *x, size_t ldx, const float *b,
                            size_t ldb, float *y, size_t ldy);
