// What training needs beside the forward kernels: derivatives, and the optimiser's step. "+=" adds to what is there, so
// that a value used twice gets both gradients.
#pragma once
#include <stddef.h>

#define TRAWL_KERNEL(name, ...)                                                                                        \
    void name(__VA_ARGS__);                                                                                            \
    void name##_portable(__VA_ARGS__);

/// dx += dy (Phi(x) + x phi(x)): the derivative of the exact GELU.
TRAWL_KERNEL(trawl_gelu_erf_backward, const float *x, const float *dy, float *dx, size_t n)
/// dp = scale p (dp - sum of p dp), for one row of probabilities: the derivative of softmax.
TRAWL_KERNEL(trawl_softmax_backward, const float *p, float *dp, float scale, size_t n)
/// For y = silu(gate) up: dgate += and dup +=.
TRAWL_KERNEL(trawl_silu_multiply_backward, const float *gate, const float *up, const float *dy, float *dgate, float *dup,
             size_t n)
/// For y = layer norm of z: [rows, columns]: dz +=, dweight += and dbias += (those of all rows).
TRAWL_KERNEL(trawl_layer_norm_backward, const float *z, const float *weight, float epsilon, const float *dy, size_t rows,
             size_t columns, float *dz, float *dweight, float *dbias)
/// x = scale exp(x - normaliser) - uniform: the derivative of a cross entropy by its logits, but for the target's.
TRAWL_KERNEL(trawl_cross_entropy_backward, float *x, float normaliser, float scale, float uniform, size_t n)
/// *out = the sum of x, in eight lanes of double precision.
TRAWL_KERNEL(trawl_sum, const float *x, size_t n, double *out)
/// out: [columns, rows] = x: [rows, columns], whose rows are `ldx` floats apart.
TRAWL_KERNEL(trawl_transpose, const float *x, size_t ldx, size_t rows, size_t columns, float *out)
/// out: [m, n], rows `ldo` floats apart, += aᵀ b with a: [k, m] and b: [k, n], rows `lda` and `ldb` floats apart, of which one
/// is narrow: nothing is packed. Sums run over k in order.
TRAWL_KERNEL(trawl_add_transposed_product, const float *a, size_t lda, const float *b, size_t ldb, size_t m, size_t n,
             size_t k, float *out, size_t ldo)
/// A step of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2): m = beta1 m + (1 - beta1) g,
/// v = beta2 v + (1 - beta2) g^2, w -= rate (correction1 m / (sqrt(correction2 v) + epsilon) + decay w), with g read as
/// scale times the gradient.
TRAWL_KERNEL(trawl_adamw, float *w, const float *g, float *m, float *v, size_t n, float scale, float rate, float beta1,
             float beta2, float epsilon, float decay, float correction1, float correction2)
#undef TRAWL_KERNEL
