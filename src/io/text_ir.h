// The IR as text: for tests, for architectures to train, for --dump-after.
//
//     # a comment, to the end of the line
//     graph student                          name of the graph
//     x:f32[n,3,8,8]                         an input; open dims have names, or are '?'
//     w:f32[16,3,3,3] init=he                a weight: init=he|zeros|ones|0.5|uniform(a,b)|[1,2,..]
//     b:f32[16] init=zeros
//     conv1: a = Conv(x, w, b) pads=1,1,1,1  a node; its name is optional, attributes follow
//     y = Clip(a, _, m)                      '_': left out
//     o, i = MaxPool(a) kernel_shape=2,2
//     z = com.acme::Blur(y | w) raw=0a01     another's operator: captured values, raw attributes
//     output y, o                            the last node's outputs if there is no such line
//     meta key=text                          metadata
//     opset com.acme=1                       of a foreign domain
//
// Several statements may stand on a line, separated by two spaces or ';'. A name that is more than
// letters, digits and _ . / - is quoted: "input:0". Values are defined before they are used.
#ifndef IO_TEXT_IR_H
#define IO_TEXT_IR_H

#include "base/context.h"
#include "base/text.h"
#include "ir/graph.h"

// he: normal, deviation sqrt(2 / fan-in) (He, Zhang, Ren, Sun 2015), reproducible from the
// context's seed and the weight's name. The caller frees the graph. ERR_FORMAT with
// "line 3: what is wrong".
MUST_CHECK enum status graph_from_text(struct context *context, const char *text,
                                       struct graph **out);

// Weights of more than 64 elements are printed as init=hash:..., which tells whether two are
// equal but cannot be read back; annotations are printed as comments.
void graph_to_text(const struct graph *graph, struct text *out);

#endif
