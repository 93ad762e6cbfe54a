static void model_quantize_i8(long count, float scale, struct model_grid grid, const float *x,
                              int8_t *y)
{
    long i;

    for (i = 0; i < count; i++)
        y[i] = (int8_t)model_round(x[i] / scale, grid);
}
