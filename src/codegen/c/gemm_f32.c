// y[m][n] = alpha * a[m][k] * b[k][n], or b[n][k] where b_is_turned.
static void model_gemm_f32(int m, int n, int k, int b_is_turned, float alpha, const float *a,
                           const float *b, float *y)
{
    int i, j, l;

    for (i = 0; i < m; i++, a += k)
        for (j = 0; j < n; j++) {
            float sum = 0;
            for (l = 0; l < k; l++)
                sum += a[l] * (b_is_turned ? b[j * k + l] : b[l * n + j]);
            *y++ = alpha * sum;
        }
}
