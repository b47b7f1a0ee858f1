// The OpenBLAS functions that Trawl calls. The module links nothing: Sources/Tensors loads the library when it first
// needs it, and says there why.
#pragma once
#include <cblas.h>
#include <stddef.h>

typedef __typeof__(&cblas_sgemm) trawl_sgemm_function;
typedef __typeof__(&cblas_dgemm) trawl_dgemm_function;
typedef void (*trawl_set_threads_function)(int count);

// LAPACK has no header in Debian's libopenblas-dev (it is built with NO_LAPACKE), so its Fortran interface is declared
// here. Fortran takes everything by address, and after the arguments the length of each string. The inline functions
// take values and return `info`: 0, or the number of a wrong argument below 0, or what the routine says above 0.
#define TRAWL_LAPACK(prefix, real)                                                                                     \
    typedef void (*trawl_##prefix##syevd_function)(                                                                    \
        const char *jobz, const char *uplo, const blasint *n, real *a, const blasint *lda, real *w, real *work,        \
        const blasint *lwork, blasint *iwork, const blasint *liwork, blasint *info, size_t jobz_length,                \
        size_t uplo_length);                                                                                           \
    typedef void (*trawl_##prefix##gesdd_function)(                                                                    \
        const char *jobz, const blasint *m, const blasint *n, real *a, const blasint *lda, real *s, real *u,           \
        const blasint *ldu, real *vt, const blasint *ldvt, real *work, const blasint *lwork, blasint *iwork,           \
        blasint *info, size_t jobz_length);                                                                            \
    typedef void (*trawl_##prefix##posv_function)(                                                                     \
        const char *uplo, const blasint *n, const blasint *nrhs, real *a, const blasint *lda, real *b,                 \
        const blasint *ldb, blasint *info, size_t uplo_length);                                                        \
                                                                                                                       \
    /* Eigenvalues w, ascending, and eigenvectors, over a: [n, n], of which the upper triangle by columns is read. */  \
    static inline blasint trawl_##prefix##syevd(                                                                       \
        trawl_##prefix##syevd_function syevd, blasint n, real *a, real *w, real *work, blasint lwork, blasint *iwork,  \
        blasint liwork                                                                                                 \
    ) {                                                                                                                \
        blasint info = 0;                                                                                              \
        syevd("V", "U", &n, a, &n, w, work, &lwork, iwork, &liwork, &info, 1, 1);                                      \
        return info;                                                                                                   \
    }                                                                                                                  \
                                                                                                                       \
    /* The thin decomposition of a: [m, n] by columns, which is lost; without u and vt the singular values s alone. */  \
    /* lwork -1: writes the best one to work[0]. */                                                                    \
    static inline blasint trawl_##prefix##gesdd(                                                                       \
        trawl_##prefix##gesdd_function gesdd, blasint m, blasint n, real *a, real *s, real *u, real *vt, real *work,   \
        blasint lwork, blasint *iwork                                                                                  \
    ) {                                                                                                                \
        blasint info = 0;                                                                                              \
        const blasint least = m < n ? m : n;                                                                           \
        gesdd(u ? "S" : "N", &m, &n, a, &m, s, u, &m, vt, &least, work, &lwork, iwork, &info, 1);                      \
        return info;                                                                                                   \
    }                                                                                                                  \
                                                                                                                       \
    /* Solves a x = b over b: [n, nrhs] by columns; of a: [n, n] the upper triangle by columns is read, and lost. */   \
    static inline blasint trawl_##prefix##posv(                                                                        \
        trawl_##prefix##posv_function posv, blasint n, blasint nrhs, real *a, real *b                                  \
    ) {                                                                                                                \
        blasint info = 0;                                                                                              \
        posv("U", &n, &nrhs, a, &n, b, &n, &info, 1);                                                                  \
        return info;                                                                                                   \
    }

TRAWL_LAPACK(s, float)
TRAWL_LAPACK(d, double)
