// What tests claim of one operator in a line: that it refuses, gives, links. All are texts as
// op_case_of (op_case.h) takes them.
#ifndef TESTS_SUPPORT_OP_CLAIMS_H
#define TESTS_SUPPORT_OP_CLAIMS_H

#include "ir/axis_map.h"

// Inference or forward fails so, with `text` as part of the message.
void assert_refuses(const char *op, const char *attributes, const char *inputs, enum status status,
                    const char *text);
// Output 0 of `outputs` is exactly this tensor; NaN equals NaN.
void assert_gives(const char *op, const char *attributes, const char *inputs, int outputs,
                  const char *expected);
// How many links run from a to b, or the other way round.
int op_links(const char *op, const char *attributes, const char *inputs, struct axis_end a,
             struct axis_end b);
// Output 0 has no shape as long as input `without` has no data.
void assert_waits(const char *op, const char *attributes, const char *inputs, int without);

#endif
