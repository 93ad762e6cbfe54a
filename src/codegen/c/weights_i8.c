// Weights as stored: value_bits each (1: plus or minus one), lowest bits first; with a mask only
// those that are not zero.
struct model_weights {
    const unsigned char *mask, *value;
    int value_bits;
};

struct model_reader {
    struct model_weights weights;
    long at, value_at;
};

static void model_read_row(struct model_reader *reader, int count, int16_t *row)
{
    const int bits = reader->weights.value_bits;
    const unsigned char *mask = reader->weights.mask, *value = reader->weights.value;
    int i;

    for (i = 0; i < count; i++, reader->at++) {
        long bit = reader->value_at * bits;
        int q;

        row[i] = 0;
        if (mask && !(mask[reader->at / 8] >> reader->at % 8 & 1))
            continue;
        q = value[bit / 8] >> bit % 8;
        if (bits == 1)
            q = q & 1 ? -1 : 1;
        else if (bits < 8)
            q = ((q & ((1 << bits) - 1)) ^ 1 << (bits - 1)) - (1 << (bits - 1));
        else if (bits == 8)
            q = (q ^ 128) - 128;
        else
            q = ((q | value[bit / 8 + 1] << 8) ^ 32768) - 32768;
        row[i] = (int16_t)q;
        reader->value_at++;
    }
}
