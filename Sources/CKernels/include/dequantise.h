// GGUF tensor types to float32, bit for bit what the `gguf` Python package computes. `blocks` needs no alignment.
// Layouts: github.com/ggml-org/ggml, docs/gguf.md and ggml-common.h.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define TRAWL_DEQUANTISE(type)                                                                                         \
    void trawl_dequantise_##type(const uint8_t *blocks, size_t count, float *out);                                     \
    void trawl_dequantise_##type##_portable(const uint8_t *blocks, size_t count, float *out);

TRAWL_DEQUANTISE(f16)
TRAWL_DEQUANTISE(bf16)
TRAWL_DEQUANTISE(q4_0)
TRAWL_DEQUANTISE(q4_1)
TRAWL_DEQUANTISE(q5_0)
TRAWL_DEQUANTISE(q5_1)
TRAWL_DEQUANTISE(q8_0)
TRAWL_DEQUANTISE(q4_k)
TRAWL_DEQUANTISE(q5_k)
TRAWL_DEQUANTISE(q6_k)
#undef TRAWL_DEQUANTISE
