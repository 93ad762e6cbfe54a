// What a CI reads: the verdicts of a run as JUnit XML (--junit) and as GitHub's annotations
// (--annotate). Both are made in any case, so that a run that fails is not taken for one that was
// never asked.
#ifndef CLI_CI_H
#define CLI_CI_H

#include "cli/command.h"
#include "cli/gate.h"
#include "cli/groups.h"

struct ci {
    const struct ci_options *options;
    const char *subject; // the file that is judged, as on the line
    const char *summary; // one line for a notice once the run is over; NULL: how many hold
    bool is_ready;       // set by ci_check
};

// Before work starts, once all inputs are named: whether the file can be written.
MUST_CHECK enum status ci_check(struct invocation *invocation, struct ci *ci);

// Last thing of a run: tells what became of it; nothing before ci_check succeeded, nor after an
// interruption. status: of the run, whose error text the context holds. Returns it and keeps the
// text, or what went wrong here if the run was OK.
MUST_CHECK enum status ci_report(struct invocation *invocation, const struct ci *ci,
                                 const struct gate *gate, enum status status);

// The XML of a run. failure NULL: it went well; else the error text. warnings: one a line.
void junit_xml(const struct ci *ci, const char *command, const struct gate *gate,
               const char *failure, const char *warnings, struct text *out);

#endif
