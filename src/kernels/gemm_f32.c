// The one door to OpenBLAS. C (M, N) = alpha op(A) (M, K) op(B) (K, N) + beta C, row-major.
#include "kernels/kernels.h"

#include <cblas.h>

void gemm_f32(const struct gemm *v, const float *a, const float *b, float *c)
{
    cblas_sgemm(CblasRowMajor, v->transpose_a ? CblasTrans : CblasNoTrans,
                v->transpose_b ? CblasTrans : CblasNoTrans, v->m, v->n, v->k, v->alpha, a, v->lda,
                b, v->ldb, v->beta, c, v->ldc);
}

void blas_single_thread(void)
{
    openblas_set_num_threads(1);
}
