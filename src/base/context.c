// Errors, messages and progress of one run.
#include "base/context.h"

#include <stdio.h>
#include <string.h>

void context_init(struct context *context)
{
    memset(context, 0, sizeof *context);
    context->threads = 1;
}

enum status context_fail(struct context *context, enum status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(context->error, sizeof context->error, format, arguments);
    va_end(arguments);
    return status;
}

enum status context_fail_in(struct context *context, enum status status, const char *format, ...)
{
    char where[ERROR_TEXT_BYTES], before[ERROR_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(where, sizeof where, format, arguments);
    va_end(arguments);
    snprintf(before, sizeof before, "%s", context->error);
    snprintf(context->error, sizeof context->error, "%s: %s", where, before);
    return status;
}

__attribute__((format(printf, 3, 0))) static void message(struct context *context, enum level level,
                                                          const char *format, va_list arguments)
{
    char text[ERROR_TEXT_BYTES];

    if (!context->sink.message)
        return;
    vsnprintf(text, sizeof text, format, arguments);
    context->sink.message(context->sink.self, level, text);
}

void context_note(struct context *context, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    message(context, LEVEL_NOTE, format, arguments);
    va_end(arguments);
}

void context_warn(struct context *context, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    message(context, LEVEL_WARNING, format, arguments);
    va_end(arguments);
}

enum status context_tick(struct context *context, const char *stage, uint64_t done, uint64_t total)
{
    struct progress now = {stage, done, total};

    if (context->cancelled && *context->cancelled)
        return context_fail(context, ERR_CANCELLED, "interrupted");
    if (context->sink.progress)
        context->sink.progress(context->sink.self, &now);
    return OK;
}
