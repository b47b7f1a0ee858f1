#include "isa.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static trawl_isa supported_isa(void) {
    if (!__builtin_cpu_supports("popcnt") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2")
        || !__builtin_cpu_supports("lzcnt") || !__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")
        || !__builtin_cpu_supports("f16c"))
        return TRAWL_ISA_PORTABLE;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni")
            && __builtin_cpu_supports("avx512vpopcntdq")
        ? TRAWL_ISA_AVX512
        : TRAWL_ISA_AVX2;
}
#else
static trawl_isa supported_isa(void) { return TRAWL_ISA_PORTABLE; }
#endif

/// OpenBLAS outruns the portable loops where it has AVX or another processor's vectors, but not with SSE alone.
static bool blas_is_faster(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx");
#else
    return true;
#endif
}

static trawl_isa best_isa;
static trawl_blas_use use_of_blas;
__attribute__((constructor)) static void choose(void) {
    best_isa = supported_isa();
    use_of_blas = best_isa == TRAWL_ISA_PORTABLE && blas_is_faster() ? TRAWL_BLAS_IF_INSTALLED : TRAWL_BLAS_NEVER;
    const char *wanted = getenv("TRAWL_ISA");
    if (!wanted) return;
    if (!strcmp(wanted, "portable")) {
        best_isa = TRAWL_ISA_PORTABLE;
        use_of_blas = TRAWL_BLAS_NEVER;
    }
    if (!strcmp(wanted, "blas")) {
        best_isa = TRAWL_ISA_PORTABLE;
        use_of_blas = TRAWL_BLAS_ALWAYS;
    }
    if (!strcmp(wanted, "avx2") && best_isa > TRAWL_ISA_AVX2) best_isa = TRAWL_ISA_AVX2;
}

trawl_isa trawl_best_isa(void) { return best_isa; }

trawl_blas_use trawl_use_of_blas(void) { return use_of_blas; }
