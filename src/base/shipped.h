// Folders of files that ecai brings along, such as its profiles and tables.
#ifndef BASE_SHIPPED_H
#define BASE_SHIPPED_H

#include "base/arena.h"

// The folder that the environment's `variable` names; else share/ecai/`installed` beside the
// program or under the prefix it was built for; else `source` of the source tree, as seen from the
// program there, or from the working folder where nothing is found. Into the arena.
const char *shipped_folder(struct arena *arena, const char *variable, const char *installed,
                           const char *source);

#endif
