// Base64 (RFC 4648), with padding and without line breaks.
#include "io/base64.h"

#include <stdbool.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct text *out, struct span bytes)
{
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        unsigned group = (unsigned)bytes.at[i] << 16 |
                         (left > 1 ? (unsigned)bytes.at[i + 1] << 8 : 0) |
                         (left > 2 ? bytes.at[i + 2] : 0);
        char four[4] = {digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
                        digits[group & 63]};
        if (left < 3)
            four[3] = '=';
        if (left < 2)
            four[2] = '=';
        text_add_bytes(out, four, sizeof four);
    }
}

static int digit_of(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

enum status base64_read(struct context *context, const char *text, struct text *out)
{
    size_t length = strlen(text), padding = 0;

    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    if (length % 4)
        return context_fail(context, ERR_FORMAT, "base64 text of %zu letters", length);
    for (size_t i = 0; i < length; i += 4) {
        unsigned char three[3];
        unsigned group = 0;
        bool is_last = i + 4 == length;
        for (size_t k = 0; k < 4; k++) {
            int digit = is_last && k >= 4 - padding ? 0 : digit_of(text[i + k]);
            if (digit < 0)
                return context_fail(context, ERR_FORMAT, "no base64 text at letter %zu", i + k);
            group = group << 6 | (unsigned)digit;
        }
        for (int k = 0; k < 3; k++)
            three[k] = (unsigned char)(group >> (16 - 8 * k));
        text_add_bytes(out, three, 3 - (is_last ? padding : 0));
    }
    return OK;
}
