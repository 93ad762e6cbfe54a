// SHA-256 (FIPS 180-4), to name inputs and outputs in history and provenance.
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
};

enum { SHA256_HEX_BYTES = 65 }; // with the closing NUL

void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t bytes);
void sha256_hex(struct sha256 *hash, char hex[SHA256_HEX_BYTES]); // ends the hash

#endif
