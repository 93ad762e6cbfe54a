// A piece of bytes that somebody else owns.
#ifndef IO_SPAN_H
#define IO_SPAN_H

#include <stddef.h>

struct span {
    const unsigned char *at; // NULL: not there
    size_t length;
};

#endif
