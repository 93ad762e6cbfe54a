// What a model is and what can be done with it, found out by looking: its family by its structure,
// how it runs, and what each compressor would touch.
#ifndef CLI_ABOUT_H
#define CLI_ABOUT_H

#include "base/json.h"
#include "cli/figures.h"
#include "cli/groups.h"
#include "cli/model_args.h"
#include "kernels/kernels.h"

// Above so many weights nothing is copied, or made float, to find out more.
enum { COPIED_COUNT_MAX = 16000000 };

struct about {
    struct text family; // "convolutional classifier of 10 classes, residual"
    // Running.
    struct text given;     // " --set sr=16000": what the line said
    struct text wants;     // "--set sr=16000 --shape input=1,?"; "": nothing has to be given
    struct text refused;   // why it cannot run at all; "": it can
    bool is_batched;       // 16 samples side by side on lowered code
    bool is_opened;        // though the file fixes its batch
    struct text apart;     // not batched: why
    bool is_integer;       // some nodes run on exact integers
    int lowered, fallback; // nodes that run kernels; that run their operator's reference
    struct text slow;      // "3 Transpose, 2 Concat": those
    // Compressing.
    int weights, prunable, quantizable; // matrices; of them
    double weight_elements, prunable_elements, quantizable_elements;
    struct text kept;        // weights that are no layer's matrix: "'embed' (Gather)"
    struct text kept_float;  // of int8: "'lstm_4' (LSTM)"
    bool has_integers;       // QDQ or integer weights already
    bool has_integer_inputs; // activations too
    const char *source;      // a data source that would fit, for an example
    struct text untrainable; // the node that has no gradient, or why not; "": can be trained
};

// graph: as it will run (specialised). figures: its figures. Nothing is printed; what cannot be
// told stays empty.
void about_init(struct context *context, const struct graph *graph, const struct figures *figures,
                const struct infer_options *infer, enum isa isa, struct about *out);
void about_clear(struct about *about);

// about_family.c: the family by structure.
void about_family(const struct graph *graph, const struct figures *figures, struct text *out);

void about_text(const struct about *about, const struct named_model *model, struct text *out);
void about_json(const struct about *about, struct json *document);

#endif
