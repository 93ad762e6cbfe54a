// A body in the place of the node that would run it.
#ifndef EXEC_INLINE_H
#define EXEC_INLINE_H

#include "ir/graph.h"

// Adds the nodes of a body without inputs of its own (a branch of If) behind the others, so that
// they give the node's outputs; the caller then removes the node and sorts. Values and nodes get
// fresh names where theirs are taken; names of the node's outputs stay.
void graph_inline_body(struct graph *graph, struct node_id id, const struct graph *body);

#endif
