#include "rank.h"

typedef trawl_isa isa_t;

#if defined(__x86_64__)
static isa_t supported_isa(void) {
    if (!__builtin_cpu_supports("popcnt") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2")
        || !__builtin_cpu_supports("lzcnt") || !__builtin_cpu_supports("avx2"))
        return TRAWL_ISA_PORTABLE;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vpopcntdq")
        ? TRAWL_ISA_AVX512
        : TRAWL_ISA_AVX2;
}
#else
static isa_t supported_isa(void) { return TRAWL_ISA_PORTABLE; }
#endif

static isa_t best_isa;
__attribute__((constructor)) static void choose(void) { best_isa = supported_isa(); }
isa_t trawl_best_isa(void) { return best_isa; }
