// IEEE half precision where no instruction converts it.
#pragma once
#include "versions.h"
#include <string.h>

/// Half to single. Scaling by 2^112 moves the exponent's bias and makes subnormals come out right.
INLINE float half(uint32_t h) {
    const uint32_t magnitude = (h & 0x7fff) << 13;
    float value;
    memcpy(&value, &magnitude, 4);
    value *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &value, 4);
    const uint32_t special = (h & 0x7c00) == 0x7c00 ? (h & 0x3ff) << 13 | 0x7f800000 : bits;
    bits = special | (h & 0x8000) << 16;
    memcpy(&value, &bits, 4);
    return value;
}

INLINE float half_at(const uint8_t *p) { return half(p[0] | (uint32_t)p[1] << 8); }

/// Single to half, to the nearest, ties to even; what is too great for a half becomes the greatest one.
INLINE uint16_t half_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7bff);
    if (magnitude < 0x38800000) {
        // Below 2^-14 a half counts multiples of 2^-24, which adding one half to the value rounds to.
        float shifted;
        memcpy(&shifted, &magnitude, 4);
        shifted += 0.5f;
        memcpy(&bits, &shifted, 4);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    return (uint16_t)(sign | ((magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13));
}
