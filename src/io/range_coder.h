// Adaptive binary range coder (G. N. N. Martin 1979; carry as in LZMA, I. Pavlov), with the
// two-rate probability estimate of CABAC-like coders: the mean of a fast and a slow average.
#ifndef IO_RANGE_CODER_H
#define IO_RANGE_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

// How likely the next bit of one context is a 1, in units of 2^-15.
struct bit_model {
    uint16_t fast, slow, seen;
};
void bit_models_init(struct bit_model *model, size_t count); // even odds

struct range_encoder {
    uint64_t low;
    uint32_t range;
    unsigned char cache;
    uint64_t pending; // bytes held back until it is known whether a carry reaches them
    bool has_begun;
    struct text *out;
};

// Appends to out; end it with range_encoder_finish, which writes at most 4 bytes more.
void range_encoder_init(struct range_encoder *coder, struct text *out);
void range_encode(struct range_encoder *coder, struct bit_model *model, bool bit);
// The low `bits` bits of value (1 to 16), at even odds.
void range_encode_plain(struct range_encoder *coder, uint32_t value, int bits);
void range_encoder_finish(struct range_encoder *coder);

struct range_decoder {
    uint32_t range, code;
    const unsigned char *at, *end;
};

// Reads zeros behind the end: any bytes decode to something, never out of bounds.
void range_decoder_init(struct range_decoder *coder, const void *bytes, size_t count);
bool range_decode(struct range_decoder *coder, struct bit_model *model);
uint32_t range_decode_plain(struct range_decoder *coder, int bits);

// Most bits that a stream of `bytes` bytes can hold: every one costs at least 0.002 bits.
double range_coder_most_bits(double bytes);

#endif
