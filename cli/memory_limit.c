// --max-memory. A limit of the system's (setrlimit) would do, but OpenBLAS waits for ever for the
// buffers that it does not get.
#include "cli/memory_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/file.h"

static int64_t limit_bytes;

// Resident pages that are not of files: the second number of statm less the third. 0: not known.
static int64_t own_bytes(void)
{
    char text[128], *at = text;
    int file = open("/proc/self/statm", O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    long long pages[3] = {0};

    if (file >= 0)
        close(file);
    text[length > 0 ? length : 0] = '\0';
    for (int i = 0; i < 3; i++)
        pages[i] = strtoll(at, &at, 10);
    return (int64_t)(pages[1] - pages[2]) * sysconf(_SC_PAGESIZE);
}

static void *watch(void *unused)
{
    static const char message[] = "ecai: needs more memory than '--max-memory' allows\n";
    const struct timespec pause = {0, 10000000};

    while (own_bytes() <= limit_bytes)
        nanosleep(&pause, NULL);
    outputs_abandon();
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(1); // nobody listens
    _exit(1);
    return unused;
}

enum status memory_limit_start(struct context *context, int64_t bytes)
{
    pthread_t thread;
    int error;

    limit_bytes = bytes;
    error = pthread_create(&thread, NULL, watch, NULL);
    if (error)
        return context_fail(context, ERR_IO, "'--max-memory': %s", strerror(error));
    pthread_detach(thread);
    return OK;
}
