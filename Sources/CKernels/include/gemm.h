// Products of row-major float32 matrices with packed ones.
//
// A packed matrix is panels of 16 outputs: panel j holds, for each of the k inputs in turn, the weights of outputs
// 16 j ... 16 j + 15 in one vector, zeros behind the last output. The product broadcasts an input, multiplies it with
// that vector and adds: so every result is summed from the first input to the last, whatever the other rows are and
// wherever a tile begins, and a row gives the same bits alone, in any batch and on any number of threads.
#pragma once
#include "isa.h"
#include <stdbool.h>
#include <stddef.h>

#define TRAWL_PANEL_WIDTH 16

/// y[i, j] = sum over p of x[i, p] * w[p, j], added to what y holds when `accumulate`.
/// x: [m, k], rows `ldx` floats apart; panels: those of w, [k, n], one behind the other; y: [m, n], rows `ldy` apart.
void trawl_gemm(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *panels, bool accumulate, float *y,
                size_t ldy);
void trawl_gemm_on(trawl_isa isa, size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *panels,
                   bool accumulate, float *y, size_t ldy);

/// Packs scale * w with w: [n, k], an output a row, rows `ldw` floats apart. `panels`: 16 k floats for each 16 outputs.
void trawl_pack_outputs(const float *w, size_t ldw, size_t n, size_t k, float scale, float *panels);
void trawl_pack_outputs_on(trawl_isa isa, const float *w, size_t ldw, size_t n, size_t k, float scale, float *panels);

/// Packs w: [k, n], an input a row, rows `ldw` floats apart.
void trawl_pack_inputs(const float *w, size_t ldw, size_t n, size_t k, float *panels);
