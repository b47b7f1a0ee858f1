// GGUF's blocks of 32 weights, taken straight into the panels of a product.
#pragma once
#include "isa.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The types that have kernels of their own; single precision counts as blocks of 32. Layouts: see dequantise.c.
typedef enum { TRAWL_BLOCK_F32, TRAWL_BLOCK_Q4_0, TRAWL_BLOCK_Q4_1, TRAWL_BLOCK_Q8_0 } trawl_block_type;

/// Decodes 16 rows of `blocks` blocks, `row_size` bytes apart, into one panel: [32 blocks][16] floats, the same bits that
/// trawl_dequantise gives. False, with nothing written, where this instruction set has no kernel for it.
bool trawl_pack_blocks_on(
    trawl_isa isa, trawl_block_type type, const uint8_t *rows, size_t row_size, size_t blocks, float *panel);
