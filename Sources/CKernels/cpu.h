// Which instructions the running CPU has, asked once.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#define TRAWL_AVX2 __attribute__((target("avx2,fma,f16c")))

static inline int trawl_has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
#endif
