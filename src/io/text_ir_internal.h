// What the reader and the printer of the text IR share.
#ifndef IO_TEXT_IR_INTERNAL_H
#define IO_TEXT_IR_INTERNAL_H

#include "io/text_ir.h"

// Weights that `init` in a text may make.
enum { TEXT_IR_LIST_MAX = 64, TEXT_IR_ELEMENTS_MAX = 1 << 28 };

// Letters, digits and _ . / -, not beginning with a digit or '-' and not "_" alone.
bool text_ir_is_plain(const char *name);

uint64_t text_ir_hash(const char *name);

// Fills a weight as `init=` says. is_he: to be drawn once its use is known.
enum status text_ir_init(struct context *context, const char *name, const char *init,
                         struct tensor *tensor, bool *is_he);
void text_ir_draw(const struct context *context, const struct graph *graph, struct value *value);

#endif
