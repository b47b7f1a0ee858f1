// Times products of few rows with packed weights and with weights as they lie, on one thread:
//
//   clang -O2 -Wno-psabi -ISources/CKernels/include -ISources/CKernels eval/speed/products/products.c Sources/CKernels/*.c -lm \
//       -o products && ./products
//
// 576 inputs and so many outputs that the weights come from memory. Prints milliseconds, the best of five; both ways must
// give the same bits. The rows from which on packing is quicker are in WeightMatrix+Multiply.swift.
#include "direct.h"
#include "gemm.h"
#include "int8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INPUTS = 576, TILE = 64, MAX_ROWS = 64 };

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static float x[MAX_ROWS * INPUTS], scales[MAX_ROWS * INPUTS / 16];
static int8_t q[MAX_ROWS * INPUTS];
static float panels[TILE * INPUTS];

static void packed(trawl_block_type type, bool is_int8, size_t m, size_t n, const uint8_t *w, size_t row_size, float *y) {
    for (size_t j = 0; j < n; j += TILE) {
        if (type == TRAWL_BLOCK_F32) trawl_pack_outputs((const float *)w + j * INPUTS, INPUTS, TILE, INPUTS, 1, panels);
        for (size_t p = 0; p < TILE / 16 && type != TRAWL_BLOCK_F32; p++) {
            const uint8_t *rows = w + (j + 16 * p) * row_size;
            uint8_t *bytes = (uint8_t *)panels + p * trawl_int8_panel_size(INPUTS);
            if (is_int8) trawl_int8_pack_blocks_on(trawl_best_isa(), type, rows, row_size, INPUTS / 32, bytes);
            else trawl_pack_blocks_on(trawl_best_isa(), type, rows, row_size, INPUTS / 32, panels + 16 * p * INPUTS);
        }
        if (is_int8) trawl_int8_gemm(m, TILE, INPUTS, q, scales, (const uint8_t *)panels, false, y + j, n);
        else trawl_gemm(m, TILE, INPUTS, x, INPUTS, panels, false, y + j, n);
    }
}

static void direct(trawl_block_type type, bool is_int8, size_t m, size_t n, const uint8_t *w, size_t row_size, float *y) {
    if (is_int8) trawl_direct_int8_gemm(type, m, n, INPUTS, q, scales, w, row_size, false, y, n);
    else trawl_direct_gemm(type, m, n, INPUTS, x, INPUTS, w, row_size, false, y, n);
}

static void measure(const char *name, trawl_block_type type, size_t block_size, bool is_int8) {
    const size_t row_size = INPUTS / 32 * block_size, n = 100000000 / row_size / TILE * TILE;
    uint8_t *w = aligned_alloc(64, n * row_size + 65536);
    float *y = malloc(MAX_ROWS * n * sizeof *y), *z = malloc(MAX_ROWS * n * sizeof *z);
    for (size_t i = 0; i < n * row_size; i++) w[i] = (uint8_t)rand();
    for (size_t b = 0; b < n * row_size / block_size; b++)  // Numbers of modest size: scales, offsets, floats.
        for (size_t i = 0; i < block_size; i++)
            if (type == TRAWL_BLOCK_F32 ? i % 4 == 3 : i == 1 || (i == 3 && type == TRAWL_BLOCK_Q4_1))
                w[b * block_size + i] = 0x2c;
    static const size_t counts[] = {1, 2, 4, 8, 12, 15, 16, 17, 24, 30, 32, 48, 60};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double best[2] = {1e30, 1e30};
        for (int turn = 0; turn < 5; turn++) {
            const double start = milliseconds();
            packed(type, is_int8, counts[c], n, w, row_size, y);
            const double middle = milliseconds();
            direct(type, is_int8, counts[c], n, w, row_size, z);
            const double end = milliseconds();
            if (memcmp(y, z, counts[c] * n * sizeof *y)) printf("the results differ\n");
            best[0] = middle - start < best[0] ? middle - start : best[0];
            best[1] = end - middle < best[1] ? end - middle : best[1];
        }
        printf("| %s | %zu | %.1f | %.1f |\n", name, counts[c], best[0], best[1]);
    }
    free(w), free(y), free(z);
}

int main(void) {
    for (size_t i = 0; i < MAX_ROWS * INPUTS; i++) x[i] = (float)(rand() % 1001 - 500) / 500;
    trawl_int8_quantise(MAX_ROWS, INPUTS, x, q, scales);
    if (!trawl_has_direct_gemm(trawl_best_isa(), TRAWL_BLOCK_F32, INPUTS, 4 * INPUTS)) {
        fprintf(stderr, "this processor has no direct products: they need AVX-512\n");
        return 2;
    }
    printf("| weights, arithmetic | rows | packed, ms | as they lie, ms |\n|---|---:|---:|---:|\n");
    measure("F32, f32", TRAWL_BLOCK_F32, 128, false);
    measure("Q4_1, f32", TRAWL_BLOCK_Q4_1, 20, false);
    measure("Q8_0, f32", TRAWL_BLOCK_Q8_0, 34, false);
    measure("Q4_1, int8", TRAWL_BLOCK_Q4_1, 20, true);
    measure("Q8_0, int8", TRAWL_BLOCK_Q8_0, 34, true);
}
