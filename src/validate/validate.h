// Predicted against published: the tests that say how far the energy model can be trusted. A row of
// validations.def each, with its bars; the measurements are tables (table.h). Coefficients are
// fitted on the way and scored on what they have not seen, or the test is called a fit.
#ifndef VALIDATE_VALIDATE_H
#define VALIDATE_VALIDATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/json.h"
#include "base/text.h"

// What a score rests on. HELD_OUT: nothing that is predicted was used in fitting. IN_PART: some of
// the model is held out so, but some was found with a look at what is predicted. FIT: it was used.
// LAW: figures of other measurements or of data sheets, and a law between them; nothing is fitted
// here, or one figure of all rows.
enum validation_basis { BASIS_HELD_OUT, BASIS_IN_PART, BASIS_FIT, BASIS_LAW };

struct validation_row {
    const char *series, *name;   // "rpi4 float32", "v1-1.0-224"; series never NULL
    double predicted, published; // in the test's unit
    bool is_aside;               // told and drawn, in no score
};

// A number that the test came to, with the bar that it must clear where there is one.
struct validation_figure {
    const char *name, *unit; // "mean error", "%"; unit "": a plain number
    double value;            // NaN: not known
    bool has_bar, is_at_least;
    double limit;       // at least or at most
    const char *reason; // why the bar is missed, as far as is known; NULL: it should hold
};

struct validation {
    struct arena *arena;
    const char *id, *title, *tables; // tables: names of files, comma-separated
    enum validation_basis basis;
    const char *unit; // of the rows: "J", "s", ... as charts know it (chart/frame.h)
    const char *told; // what was fitted on what, in a sentence
    struct validation_row *row;
    int row_count, row_capacity;
    struct validation_figure *figure; // those with bars first
    int figure_count;
};

// 0 .. validation_count() - 1, in the order of the table.
int validation_count(void);
const char *validation_id(int index);
// -1: none of that name; in any case of letters.
int validation_find(const char *id);
const char *validation_basis_name(enum validation_basis basis); // "held-out", "in part", ...

// Runs one test. The tables are found as table.h says; ERR_IO, ERR_FORMAT name what is wrong there.
// A bar that is missed is no error. Clear it in any case.
MUST_CHECK enum status validation_run(struct context *context, int index,
                                      struct validation *validation);
void validation_clear(struct validation *validation);

bool figure_holds(const struct validation_figure *figure); // true without a bar
// False where a bar is missed that no reason stands at.
bool validation_holds(const struct validation *validation);

// An object of "tests" of ecai/validation/1.
void validation_to_json(struct json *object, const struct validation *validation);
// Published across, predicted up, with the line on which they agree. False: nothing to draw.
bool validation_draw(const struct validation *validation, struct text *out);

#endif
