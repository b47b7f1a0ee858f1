// What the kernels of products share: how rows are split, and how a tile's results are stored.
#pragma once
#include "versions.h"

/// The rows of a block, `most` at most, so that m rows make blocks as even as can be.
INLINE size_t rows_of_block(size_t m, size_t most) {
    const size_t blocks = (m + most - 1) / most;
    return (m + blocks - 1) / blocks;
}

#if defined(__x86_64__)
/// Stores the first `columns` of 16 results, or adds them to what is there.
AVX512 INLINE void store_results(float *out, __m512 value, size_t columns, bool accumulate) {
    const __mmask16 mask = (__mmask16)((1u << columns) - 1);
    if (accumulate) value = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, out), value);
    _mm512_mask_storeu_ps(out, mask, value);
}
#endif
