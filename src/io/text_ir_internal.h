// What the reader and the printer of the text IR share.
#ifndef IO_TEXT_IR_INTERNAL_H
#define IO_TEXT_IR_INTERNAL_H

#include "io/text_ir.h"

// Elements that are printed one by one, and that all `init` of a text together may make: a few
// letters must not take minutes and gigabytes.
enum { TEXT_IR_LIST_MAX = 64, TEXT_IR_ELEMENTS_MAX = 1 << 25 };

// Letters, digits and _ . / -, not beginning with a digit or '-' and not "_" alone.
bool text_ir_is_plain(const char *name);

struct parser {
    struct context *context;
    struct graph *graph;
    struct arena *arena; // scratch
    const char *at;
    int line;
    int64_t element_count; // that were initialised so far
    struct value_id *he;   // weights to draw at the end
    size_t he_count;
    struct value_id *input, *output;
    uint32_t input_count, output_count, room; // of both lists
    bool has_output;
};

struct names {
    const char **at;           // NULL: left out
    int count, explicit_count; // those after '|' are captured by subgraphs
};

// text_ir_words.c. Results lie in the scratch arena; NULL: nothing of the kind stands there.
bool parser_is_name_char(char c);
int parser_hex_digit(char c); // -1: none
void parser_skip_spaces(struct parser *parser);
void parser_skip_between(struct parser *parser); // spaces, ';', newlines and comments
const char *parser_quoted(struct parser *parser);
const char *parser_name(struct parser *parser);
const char *parser_word(struct parser *parser); // what stands after '='
enum status parser_want_name(struct parser *parser, const char **out);
// "'NAME' what", ERR_FORMAT.
enum status parser_fail(struct parser *parser, const char *name, const char *what);
// A copy of a list with room for as many again.
void *parser_grown(struct parser *parser, const void *list, size_t count, size_t item);

// text_ir.c. "f32[1,3]" into the value's tensor and dim names.
enum status parser_type(struct parser *parser, const char *dtype, struct value *out);
// Whether a weight of that shape may be made, counting all so far.
enum status parser_check_size(struct parser *parser, const char *name, const struct shape *shape);

// text_ir_node.c.
enum status parser_names(struct parser *parser, struct names *out, char end);
enum status parser_find_values(struct parser *parser, const struct names *names,
                               struct value_id *out);
enum status parser_node(struct parser *parser, const char *node_name);

// text_ir_init.c.
uint64_t text_ir_hash(const char *name);

// Fills a weight as `init=` says. is_he: to be drawn once its use is known.
enum status text_ir_init(struct context *context, const char *name, const char *init,
                         struct tensor *tensor, bool *is_he);
void text_ir_draw(const struct context *context, const struct graph *graph, struct value *value);

#endif
