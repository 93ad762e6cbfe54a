// Writing one file: a temporary beside the target, fsync, rename.
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "io/output_internal.h"

enum { TEMPORARIES_MAX = 64, LINKS_MAX = 40 };

// The one piece of mutable state outside cli/: a signal handler can reach nothing else.
static char *volatile temporaries[TEMPORARIES_MAX];

static char *copy_text(const char *text)
{
    size_t bytes = strlen(text) + 1;

    return memcpy(must_alloc(bytes), text, bytes);
}

void temporary_add(const char *path)
{
    for (int i = 0; i < TEMPORARIES_MAX; i++)
        if (!temporaries[i]) {
            temporaries[i] = copy_text(path);
            return;
        }
}

void temporary_remove(const char *path)
{
    for (int i = TEMPORARIES_MAX - 1; i >= 0; i--)
        if (temporaries[i] && strcmp(temporaries[i], path) == 0) {
            char *gone = temporaries[i];
            temporaries[i] = NULL;
            free(gone);
            return;
        }
}

void outputs_abandon(void)
{
    for (int i = TEMPORARIES_MAX - 1; i >= 0; i--) {
        const char *path = temporaries[i];
        if (path && unlink(path) != 0)
            rmdir(path);
    }
}

enum status output_fail(struct context *context, const char *what)
{
    return context_fail(context, ERR_IO, "%s: %s", what, strerror(errno));
}

char *output_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = must_alloc(length + 1);

    memcpy(folder, slash ? path : ".", length);
    return folder;
}

char *output_beside(const char *path)
{
    static volatile sig_atomic_t number; // several outputs of one program
    char *folder = output_folder_of(path);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t bytes = strlen(folder) + 300;
    char *beside = must_alloc(bytes);

    snprintf(beside, bytes, "%s/.%.200s.ecai-%ld-%d", folder, name, (long)getpid(), (int)++number);
    free(folder);
    return beside;
}

// The path that a symbolic link holds, relative to where the link is.
static char *follow(const char *path)
{
    char held[4096];
    ssize_t length = readlink(path, held, sizeof held - 1);
    char *folder, *next;

    if (length <= 0)
        return NULL;
    held[length] = '\0';
    if (held[0] == '/')
        return copy_text(held);
    folder = output_folder_of(path);
    next = must_alloc(strlen(folder) + (size_t)length + 2);
    snprintf(next, strlen(folder) + (size_t)length + 2, "%s/%s", folder, held);
    free(folder);
    return next;
}

enum status output_resolve(struct context *context, const char *path, char **out)
{
    char *at = copy_text(path);
    size_t length = strlen(at);
    struct stat about;

    while (length > 1 && at[length - 1] == '/')
        at[--length] = '\0';
    for (int i = 0; lstat(at, &about) == 0 && S_ISLNK(about.st_mode); i++) {
        char *next = i < LINKS_MAX ? follow(at) : NULL;
        free(at);
        at = next;
        if (!at)
            return context_fail(context, ERR_IO, "its links lead nowhere");
    }
    *out = at;
    return OK;
}

enum status output_check_beside(struct context *context, const char *path)
{
    char *folder = output_folder_of(path);
    enum status status = OK;
    struct stat about;

    if (stat(folder, &about) != 0)
        status = errno == ENOENT ? context_fail(context, ERR_IO, "its folder does not exist")
                                 : output_fail(context, "its folder");
    else if (!S_ISDIR(about.st_mode))
        status = context_fail(context, ERR_IO, "its folder is not a folder");
    else if (access(folder, W_OK | X_OK) != 0)
        status = output_fail(context, "its folder cannot be written to");
    free(folder);
    return status;
}

static bool is_straight(const struct stat *about)
{
    return S_ISCHR(about->st_mode) || S_ISBLK(about->st_mode) || S_ISFIFO(about->st_mode) ||
           S_ISSOCK(about->st_mode);
}

enum status output_check(struct context *context, const char *path,
                         const struct output_options *options)
{
    struct stat about;
    enum status status;
    char *target;

    if (strcmp(path, "-") == 0)
        return OK;
    if (!*path)
        return context_fail(context, ERR_IO, "an output needs a name");
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode))
            return context_fail(context, ERR_IO, "is a folder");
        if (!is_straight(&about) && options && options->no_clobber)
            return context_fail(context, ERR_IO, "exists already");
        if (access(path, W_OK) != 0)
            return output_fail(context, "cannot be written");
        if (is_straight(&about))
            return OK;
    } else if (path[strlen(path) - 1] == '/') {
        return context_fail(context, ERR_IO, "names a folder");
    }
    TRY(output_resolve(context, path, &target));
    status = output_check_beside(context, target);
    free(target);
    return status;
}

struct output {
    struct text held; // for what is written straight: all of it, until close
    char *target;     // NULL: standard output
    char *temporary;  // NULL: written straight
    int fd;
    bool no_clobber;
};

static void output_free(struct output *output)
{
    if (output->fd >= 0)
        close(output->fd);
    if (output->temporary) {
        unlink(output->temporary);
        temporary_remove(output->temporary);
    }
    text_clear(&output->held);
    free(output->target);
    free(output->temporary);
    free(output);
}

void output_discard(struct output *output)
{
    if (output)
        output_free(output);
}

static enum status open_temporary(struct context *context, struct output *output)
{
    struct stat about;

    output->temporary = output_beside(output->target);
    temporary_add(output->temporary);
    output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (output->fd < 0)
        return output_fail(context, "cannot be written");
    if (stat(output->target, &about) == 0 && fchmod(output->fd, about.st_mode & 07777) != 0)
        return output_fail(context, "cannot be given its mode");
    return OK;
}

enum status output_open(struct context *context, const char *path,
                        const struct output_options *options, struct output **out)
{
    struct output *output;
    enum status status = OK;
    struct stat about;

    *out = NULL;
    TRY(output_check(context, path, options));
    output = must_alloc(sizeof *output);
    output->fd = -1;
    output->no_clobber = options && options->no_clobber;
    text_init(&output->held);
    if (strcmp(path, "-") == 0) {
        *out = output;
        return OK;
    }
    if (stat(path, &about) == 0 && is_straight(&about)) {
        output->target = copy_text(path);
    } else {
        status = output_resolve(context, path, &output->target);
        if (status == OK)
            status = open_temporary(context, output);
    }
    if (status != OK)
        output_free(output);
    else
        *out = output;
    return status;
}

enum status output_write_fd(struct context *context, int fd, const void *bytes, size_t count)
{
    const char *at = bytes;

    while (count) {
        ssize_t written = write(fd, at, count < (1u << 30) ? count : 1u << 30);
        if (written < 0 && errno == EINTR && !(context->cancelled && *context->cancelled))
            continue;
        if (written < 0)
            return errno == EINTR ? context_fail(context, ERR_CANCELLED, "interrupted")
                                  : output_fail(context, "cannot be written");
        at += written;
        count -= (size_t)written;
    }
    return OK;
}

enum status output_write(struct context *context, struct output *output, const void *bytes,
                         size_t count)
{
    if (output->temporary)
        return output_write_fd(context, output->fd, bytes, count);
    text_add_bytes(&output->held, bytes, count);
    return OK;
}

void output_sync_folder(const char *path)
{
    char *folder = output_folder_of(path);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
    } else {
        memcpy(address.sun_path, path, strlen(path));
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
            return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static enum status close_straight(struct context *context, struct output *output)
{
    struct stat about;

    if (!output->target)
        return output_write_fd(context, STDOUT_FILENO, output->held.at, output->held.length);
    if (stat(output->target, &about) == 0 && S_ISSOCK(about.st_mode))
        output->fd = open_socket(output->target);
    else
        output->fd = open(output->target, O_WRONLY | O_CLOEXEC);
    if (output->fd < 0)
        return output_fail(context, "cannot be written");
    return output_write_fd(context, output->fd, output->held.at, output->held.length);
}

// link() refuses to replace what appeared meanwhile; rename() would not.
static bool put_in_place(const struct output *output)
{
    if (output->no_clobber) {
        if (link(output->temporary, output->target) == 0)
            return true;
        if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP)
            return false;
    }
    return rename(output->temporary, output->target) == 0;
}

static enum status close_temporary(struct context *context, struct output *output)
{
    if (fsync(output->fd) != 0 && errno != EINVAL && errno != EROFS)
        return output_fail(context, "cannot be written");
    if (close(output->fd) != 0) {
        output->fd = -1;
        return output_fail(context, "cannot be written");
    }
    output->fd = -1;
    if (!put_in_place(output))
        return output_fail(context, "cannot be put in place");
    output_sync_folder(output->target);
    return OK;
}

enum status output_close(struct context *context, struct output *output)
{
    enum status status =
        output->temporary ? close_temporary(context, output) : close_straight(context, output);

    output_free(output);
    return status;
}

enum status output_file(struct context *context, const char *path,
                        const struct output_options *options, const void *bytes, size_t count)
{
    struct output *output;
    enum status status;

    TRY(output_open(context, path, options, &output));
    status = output_write(context, output, bytes, count);
    if (status != OK) {
        output_discard(output);
        return status;
    }
    return output_close(context, output);
}
