// Two compilations of one function body: with the baseline's instructions and with AVX2, which the compiler vectorises
// by itself. The bodies keep their sums in eight explicit lanes, because the compiler may not reorder sums.
#pragma once
#include "cpu.h"

#define TRAWL_BODY static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define TRAWL_TWINS(name, parameters, arguments)                                                                       \
    TRAWL_AVX2 static void name##_avx2 parameters { name##_body arguments; }                                           \
    void name##_portable parameters { name##_body arguments; }                                                         \
    void name parameters {                                                                                             \
        if (trawl_has_avx2()) name##_avx2 arguments;                                                                   \
        else name##_portable arguments;                                                                                \
    }
#else
#define TRAWL_TWINS(name, parameters, arguments)                                                                       \
    void name##_portable parameters { name##_body arguments; }                                                         \
    void name parameters { name##_body arguments; }
#endif
