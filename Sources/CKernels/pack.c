#include "gemm.h"
#include "versions.h"
#include <string.h>

enum { WIDTH = TRAWL_PANEL_WIDTH };

/// Inputs `from ..< k` of up to 16 outputs.
INLINE void pack_rest(const float *w, size_t ldw, size_t n, size_t from, size_t k, float scale, float *panel) {
    for (size_t p = from; p < k; p++)
        for (size_t c = 0; c < WIDTH; c++) panel[WIDTH * p + c] = c < n ? scale * w[c * ldw + p] : 0;
}

#if defined(__x86_64__)
/// Eight inputs of eight outputs: a transposition in registers.
AVX2 INLINE void pack_8x8(const float *w, size_t ldw, __m256 scale, float *panel) {
    __m256 row[8], pair[8], four[8];
    for (int i = 0; i < 8; i++) row[i] = _mm256_mul_ps(scale, _mm256_loadu_ps(w + i * ldw));
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            four[i + 2 * j] = _mm256_shuffle_ps(pair[i + j], pair[i + 2 + j], 0x44);
            four[i + 2 * j + 1] = _mm256_shuffle_ps(pair[i + j], pair[i + 2 + j], 0xee);
        }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(panel + WIDTH * i, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
        _mm256_storeu_ps(panel + WIDTH * (i + 4), _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
    }
}

AVX2 static void pack_panel_avx2(const float *w, size_t ldw, size_t k, float scale, float *panel) {
    const __m256 s = _mm256_set1_ps(scale);
    // Weights without gaps come from memory, in sixteen streams that the processor does not foresee: see rows.h.
    const float *next = ldw == k ? w + WIDTH * ldw : NULL;
    size_t p = 0;
    for (; p + 8 <= k; p += 8) {
        if (next)
            for (size_t line = 0; line < 8; line++) __builtin_prefetch(next + WIDTH * p + 16 * line, 0, 2);
        pack_8x8(w + p, ldw, s, panel + WIDTH * p);
        pack_8x8(w + 8 * ldw + p, ldw, s, panel + WIDTH * p + 8);
    }
    pack_rest(w, ldw, WIDTH, p, k, scale, panel);
}
#endif

void trawl_pack_outputs_on(
    isa_t isa, const float *w, size_t ldw, size_t n, size_t k, float scale, float *panels
) {
    for (size_t j = 0; j < n; j += WIDTH, w += WIDTH * ldw, panels += WIDTH * k) {
#if defined(__x86_64__)
        if (isa != TRAWL_ISA_PORTABLE && n - j >= WIDTH) {
            pack_panel_avx2(w, ldw, k, scale, panels);
            continue;
        }
#endif
        pack_rest(w, ldw, n - j < WIDTH ? n - j : WIDTH, 0, k, scale, panels);
    }
}

void trawl_pack_outputs(const float *w, size_t ldw, size_t n, size_t k, float scale, float *panels) {
    trawl_pack_outputs_on(trawl_best_isa(), w, ldw, n, k, scale, panels);
}

void trawl_pack_inputs(const float *w, size_t ldw, size_t n, size_t k, float *panels) {
    // Four panels side by side, so that four cache lines are read of each row; copies of a known size are single moves.
    enum { GROUP = 4 };
    size_t j = 0;
    for (; j + GROUP * WIDTH <= n; j += GROUP * WIDTH, panels += GROUP * WIDTH * k)
        for (size_t p = 0; p < k; p++)
            for (size_t g = 0; g < GROUP; g++)
                memcpy(panels + WIDTH * (g * k + p), w + p * ldw + j + g * WIDTH, WIDTH * sizeof *w);
    for (; j + WIDTH <= n; j += WIDTH, panels += WIDTH * k)
        for (size_t p = 0; p < k; p++) memcpy(panels + WIDTH * p, w + p * ldw + j, WIDTH * sizeof *w);
    if (j == n) return;
    memset(panels, 0, WIDTH * k * sizeof *panels);
    for (size_t p = 0; p < k; p++) memcpy(panels + WIDTH * p, w + p * ldw + j, (n - j) * sizeof *w);
}
