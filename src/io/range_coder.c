// The range coder; see range_coder.h.
#include "io/range_coder.h"

enum { ONE = 1 << 15, FAST = 5, SLOW = 8 };
#define RANGE_MIN ((uint32_t)1 << 24)

void bit_models_init(struct bit_model *model, size_t count)
{
    for (size_t i = 0; i < count; i++)
        model[i] = (struct bit_model){ONE / 2, ONE / 2, 0};
}

// Never 0 and never ONE: the averages stop short of both.
static uint32_t part_of_one(uint32_t range, const struct bit_model *model)
{
    return (range >> 15) * (((uint32_t)model->fast + model->slow) / 2);
}

// Moves p by 1/rate of the way to the bit; at least 1 and at most ONE - 1 is left.
static uint16_t moved(uint16_t p, bool bit, uint32_t rate)
{
    return (uint16_t)(bit ? p + (ONE - p) / rate : p - p / rate);
}

// The first bits are averaged (Krichevsky-Trofimov), later ones count with a fixed weight.
static void adapt(struct bit_model *model, bool bit)
{
    uint32_t rate = model->seen + 2u;

    model->fast = moved(model->fast, bit, rate < 1 << FAST ? rate : 1 << FAST);
    model->slow = moved(model->slow, bit, rate < 1 << SLOW ? rate : 1 << SLOW);
    model->seen = (uint16_t)(model->seen + (model->seen < 1 << SLOW));
}

double range_coder_most_bits(double bytes)
{
    return (bytes + 8) * 8 / 0.002;
}

// ---- encoder -----------------------------------------------------------------------------------

void range_encoder_init(struct range_encoder *coder, struct text *out)
{
    *coder = (struct range_encoder){.range = UINT32_MAX, .pending = 1, .out = out};
}

static void shift_low(struct range_encoder *coder)
{
    if ((uint32_t)coder->low < 0xFF000000u || coder->low >> 32) {
        unsigned char carry = (unsigned char)(coder->low >> 32), byte = coder->cache;

        for (; coder->pending > 0; coder->pending--) {
            unsigned char sum = (unsigned char)(byte + carry);
            if (coder->has_begun) // the byte before the first holds nothing
                text_add_bytes(coder->out, &sum, 1);
            coder->has_begun = true;
            byte = 0xFF;
        }
        coder->cache = (unsigned char)(coder->low >> 24);
        coder->pending = 1;
    } else {
        coder->pending++;
    }
    coder->low = (coder->low & 0x00FFFFFF) << 8;
}

static void refill(struct range_encoder *coder)
{
    while (coder->range < RANGE_MIN) {
        coder->range <<= 8;
        shift_low(coder);
    }
}

void range_encode(struct range_encoder *coder, struct bit_model *model, bool bit)
{
    uint32_t bound = part_of_one(coder->range, model);

    if (bit) {
        coder->range = bound;
    } else {
        coder->low += bound;
        coder->range -= bound;
    }
    adapt(model, bit);
    refill(coder);
}

void range_encode_plain(struct range_encoder *coder, uint32_t value, int bits)
{
    coder->range >>= bits;
    coder->low += (uint64_t)coder->range * (value & ((1u << bits) - 1));
    refill(coder);
}

void range_encoder_finish(struct range_encoder *coder)
{
    size_t start = coder->out->length;

    // The number inside the last range with most zeros behind: the decoder reads zeros at the end.
    for (int zeros = 24; zeros > 0; zeros--) {
        uint64_t mask = ((uint64_t)1 << zeros) - 1, number = (coder->low + mask) & ~mask;
        if (number < coder->low + coder->range) {
            coder->low = number;
            break;
        }
    }
    for (int i = 0; i < 5; i++)
        shift_low(coder);
    while (coder->out->length > start && coder->out->at[coder->out->length - 1] == '\0')
        coder->out->length--;
    coder->out->at[coder->out->length] = '\0';
}

// ---- decoder -----------------------------------------------------------------------------------

static void shift_in(struct range_decoder *coder)
{
    coder->code = coder->code << 8 | (coder->at < coder->end ? *coder->at++ : 0);
}

void range_decoder_init(struct range_decoder *coder, const void *bytes, size_t count)
{
    *coder = (struct range_decoder){UINT32_MAX, 0, bytes, (const unsigned char *)bytes + count};
    for (int i = 0; i < 4; i++)
        shift_in(coder);
}

static void take_in(struct range_decoder *coder)
{
    while (coder->range < RANGE_MIN) {
        coder->range <<= 8;
        shift_in(coder);
    }
}

bool range_decode(struct range_decoder *coder, struct bit_model *model)
{
    uint32_t bound = part_of_one(coder->range, model);
    bool bit = coder->code < bound;

    if (bit) {
        coder->range = bound;
    } else {
        coder->code -= bound;
        coder->range -= bound;
    }
    adapt(model, bit);
    take_in(coder);
    return bit;
}

uint32_t range_decode_plain(struct range_decoder *coder, int bits)
{
    uint32_t most = (1u << bits) - 1, value;

    coder->range >>= bits;
    value = coder->code / coder->range;
    value = value > most ? most : value; // only damaged bytes say more
    coder->code -= value * coder->range;
    take_in(coder);
    return value;
}
