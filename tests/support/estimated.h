// What tests of estimates share: one graph, its counts, a device and the energy of one on the
// other. The names are short because tests, and ck_ok of fixture.h, write little else.
#ifndef TESTS_SUPPORT_ESTIMATED_H
#define TESTS_SUPPORT_ESTIMATED_H

#include "energy/estimate.h"
#include "ir/graph.h"

extern struct context context;
extern struct graph *graph; // NULL: none yet
extern struct counts counts;
extern struct device device;
extern struct energy energy;

// Fixtures.
void estimated_set_up(void);
void estimated_tear_down(void);

// Counts `graph` as it is inferred; a graph of that text (io/text_ir.h), in the place of the last.
void count_graph(struct counts *out);
void count_text(const char *text);

#endif
