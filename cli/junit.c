// Verdicts as JUnit XML, as Jenkins, GitLab and GitHub's actions read it: a test case a
// requirement, a failure where it is missed, an error where it could not be judged. No time and no
// host: the same run gives the same bytes.
#include <ctype.h>
#include <string.h>

#include "cli/ci.h"

struct suite {
    const char *class_name; // "ecai.eval.small_onnx"
    int tests, failures, errors;
    struct text cases;
};

static void add_case(struct suite *suite, const char *name, const char *verdict, const char *type,
                     const char *message)
{
    struct text *out = &suite->cases;

    suite->tests++;
    text_format(out, "    <testcase classname=\"%s\" name=\"", suite->class_name);
    text_add_xml(out, name);
    text_format(out, "\">\n      <%s", verdict);
    if (type) {
        text_format(out, " type=\"%s\" message=\"", type);
        text_add_xml(out, message);
        text_add(out, "\"");
    }
    text_add(out, ">");
    text_add_xml(out, message);
    text_format(out, "</%s>\n    </testcase>\n", verdict);
}

static void add_error(struct suite *suite, const char *name, const char *message)
{
    suite->errors++;
    add_case(suite, name, "error", "error", message);
}

static void add_requirement(struct suite *suite, const char *expression,
                            const struct gate_result *result)
{
    struct text message;

    text_init(&message);
    text_format(&message, "%s: the report has ", expression);
    if (result->verdict == VERDICT_UNKNOWN) {
        text_add(&message, "null");
        add_error(suite, expression, message.at);
    } else {
        text_format(&message, "%.10g", result->value);
        if (result->doubt)
            text_format(&message, "; not certain: %s", result->doubt);
        if (result->verdict == VERDICT_HOLDS) {
            add_case(suite, expression, "system-out", NULL, message.at);
        } else {
            suite->failures++;
            add_case(suite, expression, "failure", "missed", message.at);
        }
    }
    text_clear(&message);
}

// Every requirement is told, whatever became of the run; a run without any is a case of its own.
static void add_cases(struct suite *suite, const struct gate *gate, const char *failure)
{
    for (int i = 0; i < gate->count; i++)
        if (gate->result)
            add_requirement(suite, gate->requirement[i].expression, &gate->result[i]);
        else
            add_error(suite, gate->requirement[i].expression, failure ? failure : "not judged");
    if (failure && (gate->count == 0 || gate->result))
        add_error(suite, "run", failure);
    else if (gate->count == 0)
        add_case(suite, "run", "system-out", NULL, "done");
}

// Dots part names into packages, so the file's own become underscores, like all that is no letter.
static const char *class_name_of(struct arena *arena, const char *command, const char *subject)
{
    char *name = arena_copy_text(arena, subject);

    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    return arena_format(arena, "ecai.%s.%s", command, name);
}

void junit_xml(const struct ci *ci, const char *command, const struct gate *gate,
               const char *failure, const char *warnings, struct text *out)
{
    struct arena *arena = arena_new();
    struct suite suite = {.class_name = class_name_of(arena, command, ci->subject)};

    text_init(&suite.cases);
    add_cases(&suite, gate, failure);
    text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ecai\">\n");
    text_format(out, "  <testsuite name=\"ecai %s ", command);
    text_add_xml(out, ci->subject);
    text_format(out, "\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"0\">\n", suite.tests,
                suite.failures, suite.errors);
    text_add(out, suite.cases.at);
    if (*warnings) {
        text_add(out, "    <system-err>");
        for (const char *line = warnings; *line;) {
            size_t length = strcspn(line, "\n");
            text_add_xml(out, arena_copy_bytes(arena, line, length));
            text_add(out, "\n");
            line += length + (line[length] == '\n');
        }
        text_add(out, "</system-err>\n");
    }
    text_add(out, "  </testsuite>\n</testsuites>\n");
    text_clear(&suite.cases);
    arena_free(arena);
}
