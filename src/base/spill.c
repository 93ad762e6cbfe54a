// Mapped temporary files.
#define _DEFAULT_SOURCE // madvise: posix_madvise keeps the pages
#include "base/spill.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int open_in(const char *folder)
{
    char path[4096];
    int fd;

    if (!folder || !*folder || strnlen(folder, sizeof path) > sizeof path - 32)
        return -1;
    snprintf(path, sizeof path, "%s/ecai-XXXXXX", folder);
    fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

// /tmp may itself be memory: /var/tmp is asked first.
static int open_file(void)
{
    int fd = open_in(getenv("TMPDIR"));

    if (fd < 0)
        fd = open_in("/var/tmp");
    return fd < 0 ? open_in("/tmp") : fd;
}

void *spill_alloc(size_t bytes)
{
    int fd = bytes && bytes <= INT64_MAX ? open_file() : -1;
    void *at = MAP_FAILED;

    if (fd < 0)
        return NULL;
    // A full disk has to show here: a write through the mapping could only kill the program.
    if (posix_fallocate(fd, 0, (off_t)bytes) == 0)
        at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

void spill_free(void *at, size_t bytes)
{
    if (at)
        munmap(at, bytes);
}

void pages_drop(const void *at, size_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)at + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)at + bytes) / page * page;

    if (start < end)
        madvise((void *)start, end - start, MADV_DONTNEED);
}
