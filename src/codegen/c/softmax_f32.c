// Over n elements `inner` apart, for each of outer * inner rows.
static void model_softmax_f32(long outer, long n, long inner, int is_log, const float *x, float *y)
{
    long o, i, k;

    for (o = 0; o < outer; o++)
        for (k = 0; k < inner; k++) {
            const float *from = x + o * n * inner + k;
            float *to = y + o * n * inner + k, most = from[0], sum = 0;
            for (i = 1; i < n; i++)
                most = from[i * inner] > most ? from[i * inner] : most;
            for (i = 0; i < n; i++)
                sum += expf(from[i * inner] - most);
            for (i = 0; i < n; i++)
                to[i * inner] = is_log ? from[i * inner] - most - logf(sum)
                                       : expf(from[i * inner] - most) / sum;
        }
}
