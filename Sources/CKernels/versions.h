// The versions of a kernel: one text, compiled for each instruction set.
#pragma once
#include "isa.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors are passed between functions that are all inlined, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// All versions of a kernel are the same text; the way to count bits differs, and the compiler's licence to use the
// instructions that come with it.
typedef trawl_isa isa_t;
enum { portable = TRAWL_ISA_PORTABLE, avx2 = TRAWL_ISA_AVX2, avx512 = TRAWL_ISA_AVX512 };

INLINE uint32_t popcount(uint64_t x, isa_t isa) {
#if defined(__x86_64__)
    if (isa != portable) {
        // Spelt out, so that the compiler does not count four words at once with many more instructions.
        uint64_t count;
        __asm__("popcnt %1, %0" : "=r"(count) : "r"(x) : "cc");
        return (uint32_t)count;
    }
#endif
    return (uint32_t)__builtin_popcountll(x);
}

/// The lowest `bits` bits set; none below 0, all from 64.
INLINE uint64_t low_bits(int32_t bits) {
    uint64_t mask = bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (bits & 63)) - 1;
    return bits <= 0 ? 0 : mask;
}

INLINE uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

#if defined(__x86_64__)
#define AVX2 __attribute__((target("popcnt,bmi,bmi2,lzcnt,avx2,fma,f16c")))
#define AVX512 __attribute__((target("popcnt,bmi,bmi2,lzcnt,avx2,fma,f16c,avx512f,avx512vl,avx512bw,avx512dq,avx512vnni,avx512vpopcntdq")))
#else
#define AVX2
#define AVX512
#endif

#define UNWRAP(...) __VA_ARGS__

/// Defines NAME_on, which takes the version of a kernel that it is told, NAME_portable, NAME_avx2 or NAME_avx512, and NAME,
/// which takes the best.
#define CHOICE(TYPE, RETURN, NAME, PARAMETERS, ...)                                            \
    TYPE NAME##_on(isa_t isa, UNWRAP PARAMETERS) {                                              \
        switch (isa) {                                                                          \
        case TRAWL_ISA_AVX512: RETURN NAME##_avx512(__VA_ARGS__); break;                        \
        case TRAWL_ISA_AVX2: RETURN NAME##_avx2(__VA_ARGS__); break;                            \
        default: RETURN NAME##_portable(__VA_ARGS__); break;                                    \
        }                                                                                       \
    }                                                                                           \
    TYPE NAME PARAMETERS { RETURN NAME##_on(trawl_best_isa(), __VA_ARGS__); }

/// TEXT(VERSION, TARGET) for each version: for kernels whose versions differ in the functions that they call.
#define VERSION_OF_EACH(TEXT) TEXT(portable, ) TEXT(avx2, AVX2) TEXT(avx512, AVX512)

/// Defines the versions of a kernel that are all one text, and the choice between them.
#define VERSIONS(TYPE, RETURN, NAME, BODY, PARAMETERS, ...)                                    \
    static TYPE NAME##_portable PARAMETERS { RETURN BODY(__VA_ARGS__, portable); }              \
    AVX2 static TYPE NAME##_avx2 PARAMETERS { RETURN BODY(__VA_ARGS__, avx2); }                 \
    AVX512 static TYPE NAME##_avx512 PARAMETERS { RETURN BODY(__VA_ARGS__, avx512); }           \
    CHOICE(TYPE, RETURN, NAME, PARAMETERS, __VA_ARGS__)

/// Defines NAME and NAME_portable, whose bodies the compiler vectorises by itself. Sums stand in eight explicit lanes,
/// because it may not reorder them.
#define TRAWL_TWINS(NAME, PARAMETERS, ARGUMENTS)                                               \
    AVX2 static void NAME##_avx2 PARAMETERS { NAME##_body ARGUMENTS; }                          \
    AVX512 static void NAME##_avx512 PARAMETERS { NAME##_body ARGUMENTS; }                      \
    void NAME##_portable PARAMETERS { NAME##_body ARGUMENTS; }                                  \
    void NAME PARAMETERS {                                                                      \
        switch (trawl_best_isa()) {                                                             \
        case TRAWL_ISA_AVX512: NAME##_avx512 ARGUMENTS; break;                                  \
        case TRAWL_ISA_AVX2: NAME##_avx2 ARGUMENTS; break;                                      \
        default: NAME##_portable ARGUMENTS; break;                                              \
        }                                                                                       \
    }
