static void model_add_i8(long count, int a_zero, int b_zero, float a_scale, float b_scale,
                         struct model_grid grid, const int8_t *a, const int8_t *b, int8_t *y)
{
    long i;

    for (i = 0; i < count; i++) {
        double sum = (double)(a[i] - a_zero) * a_scale + (double)(b[i] - b_zero) * b_scale, rest;
        int q;

        if (!(sum > grid.low - grid.zero)) {
            y[i] = (int8_t)grid.low;
            continue;
        }
        if (sum > grid.high - grid.zero) {
            y[i] = (int8_t)grid.high;
            continue;
        }
        q = (int)sum;
        rest = sum - q;
        if (rest > 0.5 || (rest == 0.5 && q % 2 != 0))
            q++;
        if (rest < -0.5 || (rest == -0.5 && q % 2 != 0))
            q--;
        y[i] = (int8_t)(q + grid.zero);
    }
}
