// What the graph's own files share.
#ifndef IR_GRAPH_INTERNAL_H
#define IR_GRAPH_INTERNAL_H

#include "ir/graph.h"

void graph_index_names(struct graph *graph); // after value ids or names changed

#endif
