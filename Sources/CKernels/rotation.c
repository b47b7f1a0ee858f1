#include "rotation.h"
#include "versions.h"
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

/// Steps of one, two and four numbers, within eight of them.
INLINE void hadamard_8(float *x) {
    for (size_t h = 1; h < 8; h *= 2)
        for (size_t i = 0; i < 8; i += 2 * h)
            for (size_t j = i; j < i + h; j++) {
                const float a = x[j], b = x[j + h];
                x[j] = a + b;
                x[j + h] = a - b;
            }
}

INLINE void hadamard(float *restrict x, size_t n) {
    size_t h = 1;
    if (n >= 8) {
        for (size_t i = 0; i < n; i += 8) hadamard_8(x + i);
        h = 8;
    }
    for (; h < n; h *= 2)
        for (size_t i = 0; i < n; i += 2 * h)
            for (size_t j = i; j < i + h; j++) {
                const float a = x[j], b = x[j + h];
                x[j] = a + b;
                x[j + h] = a - b;
            }
}

INLINE void trawl_rotate_vector_body(float *restrict x, size_t dimension, const uint32_t *restrict flips) {
    size_t power = 1;
    while (2 * power <= dimension) power *= 2;
    const float scale = 1 / sqrtf((float)power);
    for (size_t round = 0; round < TRAWL_ROTATION_ROUNDS; round++, flips += dimension) {
        for (size_t i = 0; i < dimension; i++) {
            uint32_t bits;
            memcpy(&bits, x + i, 4);
            bits ^= flips[i];
            memcpy(x + i, &bits, 4);
        }
        float *part = x + (round % 2 ? dimension - power : 0);
        hadamard(part, power);
        for (size_t i = 0; i < power; i++) part[i] *= scale;
    }
}

TRAWL_TWINS(trawl_rotate_vector, (float *x, size_t dimension, const uint32_t *flips), (x, dimension, flips))
