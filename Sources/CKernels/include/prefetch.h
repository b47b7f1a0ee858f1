#pragma once
#include <stddef.h>
#include <stdint.h>

/// Asks for the line of `address` to be brought into the cache.
static inline void trawl_prefetch(const void *address) { __builtin_prefetch(address); }

/// Asks for `size` bytes from `start` on, at least one, to be brought into the cache.
static inline void trawl_prefetch_bytes(const void *start, size_t size) {
    const uint8_t *bytes = (const uint8_t *)start;
    for (size_t i = 0; i < size; i += 64) __builtin_prefetch(bytes + i);
    __builtin_prefetch(bytes + size - 1);
}
