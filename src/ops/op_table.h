// Declares the descriptor `op_<row>` of every row of op_table.def. An operator's file includes it
// and ends with that descriptor.
#ifndef OPS_OP_TABLE_H
#define OPS_OP_TABLE_H

#include "ir/op.h"

#define OP(name) extern const struct op op_##name;
#include "ops/op_table.def"
#undef OP

#endif
