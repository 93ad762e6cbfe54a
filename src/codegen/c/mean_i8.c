static void model_mean_i8(int channels, int pixels, int x_zero, float scale,
                          struct model_grid grid, const int8_t *x, int8_t *y)
{
    int c, i;

    for (c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (i = 0; i < pixels; i++)
            sum += *x++ - x_zero;
        y[c] = (int8_t)model_round((float)sum * scale, grid);
    }
}
