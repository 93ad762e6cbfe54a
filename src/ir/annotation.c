// Names of the annotations' kinds, as files spell them.
#include "ir/annotation.h"

const char *const sparsity_pattern_name[] = {[SPARSITY_UNSTRUCTURED] = "unstructured"};
