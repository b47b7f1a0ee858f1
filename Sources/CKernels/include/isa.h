// The instruction sets that kernels are compiled for.
#pragma once

/// AVX2 stands for x86-64-v3 (with FMA and F16C); AVX512 for that with AVX-512 F, VL, BW, DQ, VNNI and VPOPCNTDQ, as Ice
/// Lake and Zen 4 have them.
typedef enum { TRAWL_ISA_PORTABLE, TRAWL_ISA_AVX2, TRAWL_ISA_AVX512 } trawl_isa;

/// The best instruction set of this CPU, which has the lesser ones too; or a lesser one that the environment variable
/// TRAWL_ISA asks for: `portable` or `avx2`. With `blas` it is the portable one.
trawl_isa trawl_best_isa(void);

/// Whether products of weights in single precision are left to OpenBLAS.
typedef enum {
    TRAWL_BLAS_NEVER,
    TRAWL_BLAS_IF_INSTALLED,  // x86 with AVX but not AVX2, or another CPU than x86; not with TRAWL_ISA=portable
    TRAWL_BLAS_ALWAYS         // TRAWL_ISA says `blas`
} trawl_blas_use;

trawl_blas_use trawl_use_of_blas(void);
