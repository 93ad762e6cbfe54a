// Large pages where they pay.
#define _DEFAULT_SOURCE // madvise
#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 2 * 1024 * 1024, LARGE = 2 * PAGE };

void *pages_alloc(size_t bytes)
{
    size_t page = bytes >= LARGE ? PAGE : 64;
    void *at;

    if (bytes > SIZE_MAX - page)
        return NULL;
    at = aligned_alloc(page, (bytes + page - 1) / page * page);
#ifdef MADV_HUGEPAGE
    if (at && page == PAGE)
        madvise(at, bytes / PAGE * PAGE, MADV_HUGEPAGE);
#endif
    return at;
}
