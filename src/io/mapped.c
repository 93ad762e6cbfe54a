// Reading a file: mapped if it is a regular one, taken in whole if it is a pipe or a terminal.
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/spill.h"

struct mapped {
    atomic_int holders;
    bool is_mapping; // else on the heap
    void *at;
    size_t length;
};

static struct mapped *mapped_new(void *at, size_t length, bool is_mapping)
{
    struct mapped *mapped = must_alloc(sizeof *mapped);

    atomic_init(&mapped->holders, 1);
    mapped->is_mapping = is_mapping;
    mapped->at = at;
    mapped->length = length;
    return mapped;
}

struct mapped *mapped_from_heap(void *bytes, size_t count)
{
    return mapped_new(bytes, count, false);
}

void mapped_share(struct mapped *mapped)
{
    atomic_fetch_add(&mapped->holders, 1);
}

void mapped_release(struct mapped *mapped)
{
    if (!mapped || atomic_fetch_sub(&mapped->holders, 1) != 1)
        return;
    if (mapped->is_mapping)
        munmap(mapped->at, mapped->length);
    else
        free(mapped->at);
    free(mapped);
}

struct span mapped_bytes(const struct mapped *mapped)
{
    static const unsigned char nothing[1];

    return (struct span){mapped->at ? mapped->at : nothing, mapped->length};
}

bool mapped_is_file(const struct mapped *mapped)
{
    return mapped->is_mapping;
}

// Piece by piece: a file may be larger than the memory.
void mapped_sha256(const struct mapped *mapped, char hex[SHA256_HEX_BYTES])
{
    const size_t piece = 1 << 24;
    struct span bytes = mapped_bytes(mapped);
    struct sha256 hash;

    sha256_init(&hash);
    for (size_t at = 0, count; at < bytes.length; at += count) {
        count = bytes.length - at < piece ? bytes.length - at : piece;
        sha256_add(&hash, bytes.at + at, count);
        if (mapped->is_mapping && bytes.length > piece)
            pages_drop(bytes.at + at, count);
    }
    sha256_hex(&hash, hex);
}

static enum status fail_read(struct context *context)
{
    return context_fail(context, ERR_IO, "cannot be read: %s", strerror(errno));
}

// Everything up to the end of a stream.
static enum status read_all(struct context *context, int fd, struct mapped **out)
{
    size_t capacity = 1 << 16, length = 0;
    unsigned char *at = malloc(capacity);

    for (;;) {
        ssize_t got;
        if (at && length == capacity) {
            unsigned char *grown = capacity < SIZE_MAX / 2 ? realloc(at, 2 * capacity) : NULL;
            if (!grown)
                free(at);
            at = grown;
            capacity *= 2;
        }
        if (!at)
            return context_fail(context, ERR_MEMORY, "no memory for %zu bytes", capacity);
        got = read(fd, at + length, capacity - length);
        if (got < 0 && errno == EINTR) {
            if (!context->cancelled || !*context->cancelled)
                continue;
            free(at);
            return context_fail(context, ERR_CANCELLED, "interrupted");
        }
        if (got < 0) {
            free(at);
            return fail_read(context);
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    *out = mapped_new(at, length, false);
    return OK;
}

static enum status open_fd(struct context *context, int fd, struct mapped **out)
{
    struct stat about;
    void *at;

    if (fstat(fd, &about) != 0)
        return fail_read(context);
    if (S_ISDIR(about.st_mode))
        return context_fail(context, ERR_IO, "is a folder");
    // A redirected standard input may stand in the middle of a file: that is read, not mapped.
    if (!S_ISREG(about.st_mode) || about.st_size == 0 || lseek(fd, 0, SEEK_CUR) != 0)
        return read_all(context, fd, out);
    if ((uint64_t)about.st_size > SIZE_MAX)
        return context_fail(context, ERR_MEMORY, "is too large to be mapped");
    at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return read_all(context, fd, out);
    *out = mapped_new(at, (size_t)about.st_size, true);
    return OK;
}

enum status mapped_open(struct context *context, const char *path, struct mapped **out)
{
    enum status status;
    int fd;

    *out = NULL;
    if (strcmp(path, "-") == 0)
        return open_fd(context, STDIN_FILENO, out);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return context_fail(context, ERR_IO, "cannot be opened: %s", strerror(errno));
    status = open_fd(context, fd, out);
    close(fd);
    return status;
}
