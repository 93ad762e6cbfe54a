// Messages and progress on stderr: every line starts `ecai: `, warnings `ecai: warning: `.
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include <stdbool.h>

#include "base/context.h"
#include "base/text.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct console {
    bool quiet, verbose;
    enum progress_mode progress;
    bool carries_model;    // stdin or stdout does: progress is never redrawn in place then
    bool can_redraw;       // stderr is a terminal that understands it
    const char *verb;      // "eval", said where a stage has no name
    struct text *warnings; // NULL, or every warning is also kept here, one a line
    double start, last;    // seconds: the stage began, something was shown last
    double start_share;    // of the stage, done when it began
    char stage[64];        // of the progress shown last
    int shown_columns;     // of the line that stands on the terminal, 0: none
    bool shown_any;
};

void console_init(struct console *console);
struct sink console_sink(struct console *console);

// "ecai: text" on a line of its own; control bytes in it are made visible.
void console_error(struct console *console, const char *text);
void console_note(struct console *console, const char *text);
// A line that begins as a reader of stderr demands; for what --annotate asked for, else every line
// begins `ecai: `. prefix: printed as it is.
void console_annotate(struct console *console, const char *prefix, const char *text);
// Takes the progress line off the terminal.
void console_clear(struct console *console);

// The words for progress: "evaluating 45 %, 12 s left". Public for tests. elapsed in seconds.
void progress_text(const struct progress *now, double elapsed, struct text *text);

#endif
