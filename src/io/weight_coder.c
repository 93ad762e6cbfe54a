// Context models over the range coder; see weight_coder.h. Encoder and decoder are one code: a
// coder of bits that either writes the bit it is given or returns the one it reads.
#include "io/weight_coder.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

enum {
    NEIGHBOURS = 81, // how large the four neighbours are: 0, 1 or more
    LENGTHS = 9,     // bits of a magnitude, 1 to 8 (9: 256 itself does not occur)
    LEADING = 8,     // tree over the three bits behind the first one
    FIELDS = 8,      // of a wider number
    FIELD_TREE = 512,
};

struct weight_models {
    struct bit_model significant[NEIGHBOURS], sign[3], length[3][LENGTHS],
        mantissa[LENGTHS][LEADING];
    struct bit_model zero[NEIGHBOURS], field[4][FIELDS][FIELD_TREE];
};

// Either side: encoder NULL reads, else `bit` is written and returned.
struct bit_coder {
    struct range_encoder *encoder;
    struct range_decoder *decoder;
};

struct weight_models *weight_models_new(void)
{
    struct weight_models *models = must_alloc(sizeof *models);

    bit_models_init((struct bit_model *)(void *)models, sizeof *models / sizeof(struct bit_model));
    return models;
}

void weight_models_free(struct weight_models *models)
{
    free(models);
}

static bool code_bit(struct bit_coder *coder, struct bit_model *model, bool bit)
{
    if (!coder->encoder)
        return range_decode(coder->decoder, model);
    range_encode(coder->encoder, model, bit);
    return bit;
}

static uint32_t code_plain(struct bit_coder *coder, uint32_t value, int bits)
{
    if (bits == 0)
        return 0;
    if (!coder->encoder)
        return range_decode_plain(coder->decoder, bits);
    range_encode_plain(coder->encoder, value, bits);
    return value & ((1u << bits) - 1);
}

// The upper `bits` bits first, each in the context of those above it; model has 1 << bits entries.
static uint32_t code_tree(struct bit_coder *coder, struct bit_model *model, uint32_t value,
                          int bits)
{
    uint32_t node = 1;

    for (int i = bits - 1; i >= 0; i--)
        node = node << 1 | code_bit(coder, &model[node], value >> i & 1);
    return node - (1u << bits);
}

// ---- layout ------------------------------------------------------------------------------------

static bool is_level(enum dtype dtype) // integers of up to 8 bits
{
    return dtype_info[dtype].bits <= 8;
}

static bool is_nibble(enum dtype dtype)
{
    return dtype_info[dtype].bits == 4;
}

static int element_bytes(enum dtype dtype)
{
    return dtype_info[dtype].bits / 8;
}

size_t weight_layout_bytes(const struct weight_layout *layout)
{
    return is_nibble(layout->dtype) ? (size_t)(layout->count + 1) / 2
                                    : (size_t)layout->count * (size_t)element_bytes(layout->dtype);
}

// Padding behind an odd number of nibbles is coded like an element, so that it comes back.
static int64_t level_count(const struct weight_layout *layout)
{
    return is_nibble(layout->dtype) ? (layout->count + 1) / 2 * 2 : layout->count;
}

static int level_at(const struct weight_layout *layout, const unsigned char *data, int64_t i)
{
    int byte = is_nibble(layout->dtype) ? data[i / 2] >> (i % 2 * 4) & 15 : data[i];
    int half = is_nibble(layout->dtype) ? 8 : 128;

    return dtype_info[layout->dtype].is_signed && byte >= half ? byte - 2 * half : byte;
}

static void level_put(const struct weight_layout *layout, unsigned char *data, int64_t i, int level)
{
    if (is_nibble(layout->dtype))
        data[i / 2] = (unsigned char)(data[i / 2] | (level & 15) << (i % 2 * 4));
    else
        data[i] = (unsigned char)level;
}

static int most_common(const struct weight_layout *layout, const unsigned char *data)
{
    int64_t seen[512] = {0};
    int best = 0;

    for (int64_t i = 0; i < layout->count; i++)
        seen[level_at(layout, data, i) + 128]++;
    for (int level = -128; level < 256; level++)
        if (seen[level + 128] > seen[best + 128])
            best = level;
    return best;
}

// Wider numbers are cut into fields, the highest first: sign and exponent of a float together.
static int field_bits(enum dtype dtype, int field)
{
    bool splits = dtype_info[dtype].is_float && dtype_info[dtype].bits >= 32;

    return splits && field == 0 ? 9 : splits && field == 1 ? 7 : 8;
}

static uint64_t number_at(const struct weight_layout *layout, const unsigned char *data, int64_t i)
{
    const int bytes = element_bytes(layout->dtype);
    uint64_t number = 0;

    for (int k = bytes - 1; k >= 0; k--) // files are little-endian
        number = number << 8 | data[i * bytes + k];
    return number;
}

static void number_put(const struct weight_layout *layout, unsigned char *data, int64_t i,
                       uint64_t number)
{
    const int bytes = element_bytes(layout->dtype);

    for (int k = 0; k < bytes; k++)
        data[i * bytes + k] = (unsigned char)(number >> 8 * k);
}

// The bit position of a field.
static int field_shift(enum dtype dtype, int field)
{
    int shift = dtype_info[dtype].bits;

    for (int i = 0; i <= field; i++)
        shift -= field_bits(dtype, i);
    return shift;
}

// Fields that use almost all of their bits of entropy gain nothing by a model.
static bool is_noise(const struct weight_layout *layout, const unsigned char *data, int field)
{
    const int bits = field_bits(layout->dtype, field), shift = field_shift(layout->dtype, field);
    int64_t seen[FIELD_TREE] = {0}, total = 0;
    double entropy = 0;

    for (int64_t i = 0; i < layout->count; i++) {
        uint64_t number = number_at(layout, data, i);
        if (number) {
            seen[number >> shift & ((1u << bits) - 1)]++;
            total++;
        }
    }
    for (int i = 0; i < FIELD_TREE; i++)
        if (seen[i])
            entropy -= (double)seen[i] / (double)total * log2((double)seen[i] / (double)total);
    // A short tensor has low entropy by chance, and a model must see about 256 numbers to learn.
    return total < 512 ? field >= 2 && entropy > 0.7 * log2((double)total + 1)
                       : entropy > bits - 0.15;
}

struct weight_layout weight_layout_of(const struct tensor *tensor)
{
    struct weight_layout layout = {tensor->dtype, tensor_count(tensor), 1, 1, 0, 0};
    const struct shape *shape = &tensor->shape;
    const unsigned char *data = tensor_data(tensor);

    for (int32_t i = 1; i < shape->rank; i++) {
        layout.row *= shape->dim[i];
        if (i > 1)
            layout.kernel *= shape->dim[i];
    }
    layout.row = layout.row > 0 ? layout.row : 1;
    layout.kernel = layout.kernel > 0 ? layout.kernel : 1;
    if (is_level(tensor->dtype)) {
        layout.centre = most_common(&layout, data);
        return layout;
    }
    for (int field = 0; field < element_bytes(tensor->dtype); field++)
        if (is_noise(&layout, data, field))
            layout.plain |= 1u << field;
    return layout;
}

// ---- contexts ----------------------------------------------------------------------------------

// How large a number is: 0, 1 or more. Wider numbers: 0 or not.
static unsigned size_at(const struct weight_layout *layout, const unsigned char *data, int64_t i)
{
    if (!is_level(layout->dtype))
        return number_at(layout, data, i) != 0;
    int level = level_at(layout, data, i) - layout->centre;
    return level == 0 ? 0 : level == 1 || level == -1 ? 1 : 2;
}

// Of the last two numbers, the one a filter plane back and the one an output row back.
static unsigned context_of(const struct weight_layout *layout, const unsigned char *data, int64_t i)
{
    const int64_t back[4] = {1, 2, layout->kernel > 1 ? layout->kernel : 3,
                             layout->row > 2 ? layout->row : 4};
    unsigned context = 0;

    for (int k = 0; k < 4; k++)
        context = 3 * context + (i >= back[k] ? size_at(layout, data, i - back[k]) : 0);
    return context;
}

// ---- integers of up to 8 bits ------------------------------------------------------------------

static int bit_length(unsigned number)
{
    int length = 0;

    for (; number; number >>= 1)
        length++;
    return length;
}

// 1 or more: its length in bits, one flag per bit, then the bits behind the first one.
static unsigned code_magnitude(struct bit_coder *coder, struct weight_models *models,
                               unsigned context, unsigned magnitude)
{
    const unsigned near = context / 27 % 3, other = context / 9 % 3;
    struct bit_model *flag = models->length[near > other ? near : other];
    int length = bit_length(magnitude), n = 1, leading, rest;
    unsigned number;

    while (n < LENGTHS && code_bit(coder, &flag[n - 1], n < length))
        n++;
    leading = n - 1 < 3 ? n - 1 : 3;
    rest = n - 1 - leading;
    number = 1u << leading | code_tree(coder, models->mantissa[n - 1],
                                       magnitude >> rest & ((1u << leading) - 1), leading);
    return number << rest | code_plain(coder, magnitude, rest);
}

static int code_level(struct bit_coder *coder, struct weight_models *models, unsigned context,
                      unsigned last_sign, int level)
{
    unsigned magnitude;
    bool negative;

    if (!code_bit(coder, &models->significant[context], level != 0))
        return 0;
    negative = code_bit(coder, &models->sign[last_sign], level < 0);
    magnitude = code_magnitude(coder, models, context, (unsigned)(level < 0 ? -level : level));
    return negative ? -(int)magnitude : (int)magnitude;
}

static void code_levels(struct bit_coder *coder, struct weight_models *models,
                        const struct weight_layout *layout, unsigned char *data)
{
    const int64_t count = level_count(layout);
    unsigned last_sign = 0;

    for (int64_t i = 0; i < count; i++) {
        int level = coder->encoder ? level_at(layout, data, i) - layout->centre : 0;

        level = code_level(coder, models, context_of(layout, data, i), last_sign, level);
        last_sign = level < 0 ? 1 : level > 0 ? 2 : last_sign;
        if (!coder->encoder)
            level_put(layout, data, i, level + layout->centre);
    }
}

// ---- wider numbers -----------------------------------------------------------------------------

static struct bit_model *field_models(struct weight_models *models, enum dtype dtype, int field)
{
    int kind = dtype_info[dtype].is_float  ? element_bytes(dtype) == 2 ? 0 : 1
               : element_bytes(dtype) == 4 ? 2
                                           : 3;

    return models->field[kind][field];
}

static uint64_t code_number(struct bit_coder *coder, struct weight_models *models,
                            const struct weight_layout *layout, uint64_t number)
{
    const int fields = element_bytes(layout->dtype);
    uint64_t out = 0;

    for (int field = 0; field < fields; field++) {
        int bits = field_bits(layout->dtype, field), shift = field_shift(layout->dtype, field);
        uint32_t part = (uint32_t)(number >> shift) & ((1u << bits) - 1);

        part = layout->plain >> field & 1
                   ? code_plain(coder, part, bits)
                   : code_tree(coder, field_models(models, layout->dtype, field), part, bits);
        out |= (uint64_t)part << shift;
    }
    return out;
}

static void code_numbers(struct bit_coder *coder, struct weight_models *models,
                         const struct weight_layout *layout, unsigned char *data)
{
    for (int64_t i = 0; i < layout->count; i++) {
        uint64_t number = coder->encoder ? number_at(layout, data, i) : 0;
        unsigned context = context_of(layout, data, i);

        if (!code_bit(coder, &models->zero[context], number != 0))
            continue;
        number = code_number(coder, models, layout, number);
        if (!coder->encoder)
            number_put(layout, data, i, number);
    }
}

static void code_weight(struct bit_coder *coder, struct weight_models *models,
                        const struct weight_layout *layout, unsigned char *data)
{
    if (is_level(layout->dtype))
        code_levels(coder, models, layout, data);
    else
        code_numbers(coder, models, layout, data);
}

void weight_encode(struct range_encoder *encoder, struct weight_models *models,
                   const struct weight_layout *layout, const void *data)
{
    // An encoding coder only reads.
    code_weight(&(struct bit_coder){encoder, NULL}, models, layout,
                (unsigned char *)(uintptr_t)data);
}

void weight_decode(struct range_decoder *decoder, struct weight_models *models,
                   const struct weight_layout *layout, void *data)
{
    code_weight(&(struct bit_coder){NULL, decoder}, models, layout, data);
}
