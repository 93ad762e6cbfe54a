static void model_dequantize_i8(long count, float scale, int zero, const int8_t *x, float *y)
{
    long i;

    for (i = 0; i < count; i++)
        y[i] = (float)(x[i] - zero) * scale;
}
