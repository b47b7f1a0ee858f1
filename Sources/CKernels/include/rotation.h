// A random rotation in O(n log n).
#pragma once
#include <stddef.h>
#include <stdint.h>

#define TRAWL_ROTATION_ROUNDS 4

/// Rotates x, `dimension` floats: in each round signs are flipped and a Hadamard transform of the greatest power of two
/// that fits mixes the first or, in every other round, the last numbers (as in the RaBitQ library, after Kac's walk).
///
/// flips: [rounds][dimension] words that are xored to the numbers, 0 or the sign bit. dimension: 2 at least.
void trawl_rotate_vector(float *x, size_t dimension, const uint32_t *flips);
void trawl_rotate_vector_portable(float *x, size_t dimension, const uint32_t *flips);
