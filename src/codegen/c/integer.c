struct model_grid { // of stored integers: real = (q - zero) * scale
    int zero, low, high;
};

// Half to even; beyond the bounds to the bounds.
static int model_round(float value, struct model_grid grid)
{
    int q;
    float rest;

    if (!(value > (float)(grid.low - grid.zero)))
        return grid.low;
    if (value > (float)(grid.high - grid.zero))
        return grid.high;
    q = (int)value;
    rest = value - (float)q;
    if (rest > 0.5f || (rest == 0.5f && q % 2 != 0))
        q++;
    if (rest < -0.5f || (rest == -0.5f && q % 2 != 0))
        q--;
    return q + grid.zero;
}
