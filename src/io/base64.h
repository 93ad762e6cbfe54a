// Base64 (RFC 4648), for binary masks in the metadata of a model.
#ifndef IO_BASE64_H
#define IO_BASE64_H

#include "base/context.h"
#include "base/text.h"
#include "io/span.h"

void base64_add(struct text *out, struct span bytes);
// Appends what the text stands for. ERR_FORMAT if it is no base64.
MUST_CHECK enum status base64_read(struct context *context, const char *text, struct text *out);

#endif
