#include "gemm.h"
#include "tile.h"

enum { WIDTH = TRAWL_PANEL_WIDTH };

/// The results of a few rows and a few panels; `last` columns of the last panel count.
typedef void block_kernel(
    size_t k, const float *x, size_t ldx, const float *panels, size_t last, bool accumulate, float *y, size_t ldy);

/// The kernels of an instruction set: `blocks[rows][log2 panels]`, NULL where the sums would not fit the registers.
typedef struct {
    size_t max_rows;
    block_kernel *blocks[13][4];
} block_kernels;

INLINE void gemm_portable(
    size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *panels, bool accumulate, float *y, size_t ldy
) {
    for (size_t j = 0; j < n; j += WIDTH, panels += WIDTH * k) {
        const size_t columns = n - j < WIDTH ? n - j : WIDTH;
        for (size_t i = 0; i < m; i++) {
            float sum[WIDTH] = {0};
            for (size_t p = 0; p < k; p++)
                for (size_t c = 0; c < WIDTH; c++) sum[c] += x[i * ldx + p] * panels[WIDTH * p + c];
            float *out = y + i * ldy + j;
            for (size_t c = 0; c < columns; c++) out[c] = accumulate ? out[c] + sum[c] : sum[c];
        }
    }
}

#if defined(__x86_64__)

AVX512 INLINE void block_avx512(
    const int rows, const int panel_count, size_t k, const float *x, size_t ldx, const float *panels, size_t last,
    bool accumulate, float *y, size_t ldy
) {
    __m512 sum[12][8];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < panel_count; j++) sum[i][j] = _mm512_setzero_ps();
    for (size_t p = 0; p < k; p++) {
        __m512 w[8];
        UNROLL for (int j = 0; j < panel_count; j++) w[j] = _mm512_loadu_ps(panels + WIDTH * (j * k + p));
        UNROLL for (int i = 0; i < rows; i++) {
            const __m512 a = _mm512_set1_ps(x[i * ldx + p]);
            UNROLL for (int j = 0; j < panel_count; j++) sum[i][j] = _mm512_fmadd_ps(a, w[j], sum[i][j]);
        }
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < panel_count; j++)
            store_results(y + i * ldy + WIDTH * j, sum[i][j], j == panel_count - 1 ? last : WIDTH, accumulate);
}

AVX2 INLINE void block_avx2(
    const int rows, const int panel_count, size_t k, const float *x, size_t ldx, const float *panels, size_t last,
    bool accumulate, float *y, size_t ldy
) {
    __m256 sum[6][8];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < 2 * panel_count; j++) sum[i][j] = _mm256_setzero_ps();
    for (size_t p = 0; p < k; p++) {
        __m256 w[8];
        UNROLL for (int j = 0; j < 2 * panel_count; j++)
            w[j] = _mm256_loadu_ps(panels + WIDTH * (j / 2 * k + p) + j % 2 * 8);
        UNROLL for (int i = 0; i < rows; i++) {
            const __m256 a = _mm256_broadcast_ss(x + i * ldx + p);
            UNROLL for (int j = 0; j < 2 * panel_count; j++) sum[i][j] = _mm256_fmadd_ps(a, w[j], sum[i][j]);
        }
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < 2 * panel_count; j++) {
            float *out = y + i * ldy + 8 * j;
            const int first = 8 * (j % 2);
            const int left = j / 2 == panel_count - 1 ? (int)last - first : 8;
            const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(left), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
            __m256 value = sum[i][j];
            if (accumulate) value = _mm256_add_ps(_mm256_maskload_ps(out, mask), value);
            _mm256_maskstore_ps(out, mask, value);
        }
}

#define BLOCK_PARAMETERS                                                                                               \
    (size_t k, const float *x, size_t ldx, const float *panels, size_t last, bool accumulate, float *y, size_t ldy)
#define BLOCK(TARGET, ISA, ROWS, PANELS)                                                                               \
    TARGET static void ISA##_##ROWS##x##PANELS BLOCK_PARAMETERS {                                                      \
        block_##ISA(ROWS, PANELS, k, x, ldx, panels, last, accumulate, y, ldy);                                        \
    }
// Twelve rows by two panels of 512 bits: 24 sums, two weights and an input in 32 registers. Four sums at least hide the
// latency of one multiply-add a cycle, so few rows take more panels.
BLOCK(AVX512, avx512, 1, 1) BLOCK(AVX512, avx512, 1, 2) BLOCK(AVX512, avx512, 1, 4) BLOCK(AVX512, avx512, 1, 8)
BLOCK(AVX512, avx512, 2, 1) BLOCK(AVX512, avx512, 2, 2) BLOCK(AVX512, avx512, 2, 4) BLOCK(AVX512, avx512, 2, 8)
BLOCK(AVX512, avx512, 3, 1) BLOCK(AVX512, avx512, 3, 2) BLOCK(AVX512, avx512, 3, 4)
BLOCK(AVX512, avx512, 4, 1) BLOCK(AVX512, avx512, 4, 2) BLOCK(AVX512, avx512, 4, 4)
BLOCK(AVX512, avx512, 5, 1) BLOCK(AVX512, avx512, 5, 2) BLOCK(AVX512, avx512, 5, 4)
BLOCK(AVX512, avx512, 6, 1) BLOCK(AVX512, avx512, 6, 2) BLOCK(AVX512, avx512, 6, 4)
BLOCK(AVX512, avx512, 7, 1) BLOCK(AVX512, avx512, 7, 2) BLOCK(AVX512, avx512, 8, 1) BLOCK(AVX512, avx512, 8, 2)
BLOCK(AVX512, avx512, 9, 1) BLOCK(AVX512, avx512, 9, 2) BLOCK(AVX512, avx512, 10, 1) BLOCK(AVX512, avx512, 10, 2)
BLOCK(AVX512, avx512, 11, 1) BLOCK(AVX512, avx512, 11, 2) BLOCK(AVX512, avx512, 12, 1) BLOCK(AVX512, avx512, 12, 2)
// A panel is two registers of 256 bits: six rows by one panel make twelve sums of sixteen registers.
BLOCK(AVX2, avx2, 1, 1) BLOCK(AVX2, avx2, 1, 2) BLOCK(AVX2, avx2, 1, 4) BLOCK(AVX2, avx2, 2, 1) BLOCK(AVX2, avx2, 2, 2)
BLOCK(AVX2, avx2, 3, 1) BLOCK(AVX2, avx2, 4, 1) BLOCK(AVX2, avx2, 5, 1) BLOCK(AVX2, avx2, 6, 1)

static const block_kernels AVX512_BLOCKS = {
    12,
    {{0},
     {avx512_1x1, avx512_1x2, avx512_1x4, avx512_1x8}, {avx512_2x1, avx512_2x2, avx512_2x4, avx512_2x8},
     {avx512_3x1, avx512_3x2, avx512_3x4}, {avx512_4x1, avx512_4x2, avx512_4x4}, {avx512_5x1, avx512_5x2, avx512_5x4},
     {avx512_6x1, avx512_6x2, avx512_6x4}, {avx512_7x1, avx512_7x2}, {avx512_8x1, avx512_8x2}, {avx512_9x1, avx512_9x2},
     {avx512_10x1, avx512_10x2}, {avx512_11x1, avx512_11x2}, {avx512_12x1, avx512_12x2}}};
static const block_kernels AVX2_BLOCKS = {
    6,
    {{0}, {avx2_1x1, avx2_1x2, avx2_1x4}, {avx2_2x1, avx2_2x2}, {avx2_3x1}, {avx2_4x1}, {avx2_5x1}, {avx2_6x1}}};

static void gemm_blocks(
    const block_kernels *kernels, size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *panels,
    bool accumulate, float *y, size_t ldy
) {
    if (!m) return;
    // The panels of a step stay in the caches while all rows pass.
    const size_t rows = rows_of_block(m, kernels->max_rows);
    int most = 3;
    while (!kernels->blocks[rows][most]) most--;
    for (size_t j = 0; j < n;) {
        const size_t left = (n - j + WIDTH - 1) / WIDTH;
        int log = most;
        while ((size_t)1 << log > left) log--;
        const size_t columns = n - j < (size_t)WIDTH << log ? n - j : (size_t)WIDTH << log;
        const size_t last = columns - WIDTH * (((size_t)1 << log) - 1);
        for (size_t i = 0; i < m;) {
            const size_t count = m - i < rows ? m - i : rows;
            kernels->blocks[count][log](k, x + i * ldx, ldx, panels, last, accumulate, y + i * ldy + j, ldy);
            i += count;
        }
        panels += k * WIDTH << log;
        j += columns;
    }
}

#endif

void trawl_gemm_on(
    isa_t isa, size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *panels, bool accumulate, float *y,
    size_t ldy
) {
#if defined(__x86_64__)
    if (isa == TRAWL_ISA_AVX512) return gemm_blocks(&AVX512_BLOCKS, m, n, k, x, ldx, panels, accumulate, y, ldy);
    if (isa == TRAWL_ISA_AVX2) return gemm_blocks(&AVX2_BLOCKS, m, n, k, x, ldx, panels, accumulate, y, ldy);
#endif
    gemm_portable(m, n, k, x, ldx, panels, accumulate, y, ldy);
}

void trawl_gemm(
    size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *panels, bool accumulate, float *y, size_t ldy
) {
    trawl_gemm_on(trawl_best_isa(), m, n, k, x, ldx, panels, accumulate, y, ldy);
}
