// Bulk memory that need not stay in memory: an unlinked temporary file, mapped. The system writes
// it out and takes the pages back as it likes; a reader gets them back by looking.
#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include <stddef.h>

// Zeroed, aligned to pages, in $TMPDIR, else /var/tmp or /tmp; the disk's blocks are reserved, so
// that writing cannot fail later. NULL: no file or no room.
void *spill_alloc(size_t bytes);
void spill_free(void *at, size_t bytes);

// The whole pages of a file's mapping (shared, or private and never written) leave memory until
// somebody looks at them again. Nothing else may lie in [at, at + bytes): its data would be lost.
void pages_drop(const void *at, size_t bytes);

#endif
