// Messages and progress on a terminal, or on whatever stderr is.
#include "cli/console.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static const double redraw_seconds = 1.0 / 6, silent_seconds = 5, line_seconds = 10;

void console_init(struct console *console)
{
    const char *term = getenv("TERM");

    memset(console, 0, sizeof *console);
    console->verb = "working";
    // NO_COLOR asks for plain text. There are no colours here, and what moves the cursor goes too.
    console->can_redraw = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0 &&
                          !(getenv("NO_COLOR") && *getenv("NO_COLOR"));
}

void console_clear(struct console *console)
{
    if (console->shown_columns)
        fputs("\r\033[K", stderr);
    console->shown_columns = 0;
}

// Messages quote names out of files, which can hold anything; the newlines of our own lists stay
// and begin a line with the prefix again.
static void print_lines(struct console *console, const char *prefix, const char *text)
{
    struct text safe;

    console_clear(console);
    text_init(&safe);
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        text_add(&safe, prefix);
        text_add_escaped(&safe, line, strcspn(line, "\n"));
        text_add(&safe, "\n");
    }
    fwrite(safe.at, 1, safe.length, stderr);
    fflush(stderr);
    text_clear(&safe);
}

void console_error(struct console *console, const char *text)
{
    print_lines(console, "ecai: ", text);
}

void console_note(struct console *console, const char *text)
{
    if (!console->quiet)
        print_lines(console, "ecai: ", text);
}

void console_annotate(struct console *console, const char *prefix, const char *text)
{
    print_lines(console, prefix, text);
}

static void message(void *self, enum level level, const char *text)
{
    struct console *console = self;

    if (level == LEVEL_WARNING) {
        print_lines(console, "ecai: warning: ", text);
        if (console->warnings) {
            text_add(console->warnings, text);
            text_add(console->warnings, "\n");
        }
    } else if (level == LEVEL_NOTE) {
        console_note(console, text);
    } else if (console->verbose) {
        print_lines(console, "ecai: ", text);
    }
}

static void add_duration(double seconds, struct text *text)
{
    long whole = (long)(seconds + 0.5);

    if (whole < 120)
        text_format(text, "%ld s", whole);
    else if (whole < 7200)
        text_format(text, "%ld min", (whole + 30) / 60);
    else
        text_format(text, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
}

// Share of the stage that is done; 0 where the whole is not known.
static double share_of(const struct progress *now)
{
    return now->total ? (double)now->done / (double)now->total : 0;
}

void progress_text(const struct progress *now, double elapsed, struct text *text)
{
    double share = share_of(now);

    text_add(text, now->stage);
    if (now->total)
        text_format(text, " %d %%", (int)(100 * share));
    if (share > 0 && share < 1 && !isnan(elapsed)) {
        text_add(text, ", ");
        add_duration(elapsed / share - elapsed, text);
        text_add(text, " left");
    }
}

// Seconds since the stage began, as if it had begun at nothing done: a run that goes on (training
// after a pause, from a checkpoint) started with some of it done. NaN: too early to tell.
static double fair_elapsed(const struct console *console, const struct progress *now, double time)
{
    double share = share_of(now), done = share - console->start_share;

    return done > 0 ? (time - console->start) * share / done : (double)NAN;
}

static void redraw(struct console *console, const struct text *text)
{
    console_clear(console);
    fprintf(stderr, "ecai: %s", text->at);
    fflush(stderr);
    console->shown_columns = (int)text->length + 6;
}

// Whether anything may be shown at this moment, and marks it as shown.
static bool is_due(struct console *console, double now, bool in_place)
{
    double wait = in_place                               ? redraw_seconds
                  : console->shown_any                   ? line_seconds
                  : console->progress == PROGRESS_ALWAYS ? 0
                                                         : silent_seconds;

    if (now - console->last < wait)
        return false;
    console->last = now;
    console->shown_any = true;
    return true;
}

static void progress(void *self, const struct progress *now)
{
    struct console *console = self;
    bool in_place = console->can_redraw && !console->carries_model;
    double time = clock_seconds();
    struct progress named = *now;
    struct text text;

    if (console->quiet || console->progress == PROGRESS_NEVER)
        return;
    if (!named.stage || !*named.stage)
        named.stage = console->verb;
    if (strncmp(console->stage, named.stage, sizeof console->stage - 1) != 0) {
        snprintf(console->stage, sizeof console->stage, "%s", named.stage);
        console->start = time;
        console->start_share = share_of(&named);
        if (console->last == 0)
            console->last = time;
    }
    if (!is_due(console, time, in_place))
        return;
    text_init(&text);
    progress_text(&named, fair_elapsed(console, &named, time), &text);
    if (in_place)
        redraw(console, &text);
    else
        print_lines(console, "ecai: ", text.at);
    text_clear(&text);
}

struct sink console_sink(struct console *console)
{
    return (struct sink){message, progress, console};
}
