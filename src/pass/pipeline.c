// Running passes so that a failure leaves the caller's graph as it was.
#include "pass/pass.h"

enum status pipeline_run(struct context *context, const struct pass *pass, struct pass_run run,
                         struct graph **graph)
{
    struct graph *clone = graph_clone(*graph);
    enum status status;

    run.context = context;
    run.graph = clone;
    status = pass->run(&run);
    if (status == OK && (status = graph_verify(context, clone)) != OK)
        context_fail_in(context, status, "after pass '%s'", pass->name);
    if (status != OK) {
        graph_free(clone);
        return status;
    }
    graph_free(*graph);
    *graph = clone;
    return OK;
}
