// Decoding pictures: all samples of a set into one block of pixels, on all threads.
#include "data/pictures.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/parallel.h"
#include "base/spill.h"
#include "data/source.h"
#include "io/file.h"

// Pixels beyond this lie in a file that the system pages in and out.
static const size_t MEMORY_LIMIT = (size_t)256 << 20;

// What the threads share.
struct decoding {
    const struct dataset *source;
    const struct picture_plan *plan;
    unsigned char *pixel; // of sample 0
    size_t bytes;         // of a sample
    int64_t first;        // sample of item 0
    atomic_llong failed;  // the first sample that cannot be used
};

static const char *name_of(const struct dataset *source, int64_t sample)
{
    return source->files->name[dataset_record(source, sample)];
}

static enum status read_picture(struct context *context, const struct picture_plan *plan,
                                const char *path, struct picture *out)
{
    struct mapped *file;
    enum status status;

    *out = (struct picture){0};
    TRY(mapped_open(context, path, &file));
    status = picture_read(context, mapped_bytes(file), out);
    mapped_release(file);
    if (status == OK)
        status = picture_apply(context, plan, out);
    if (status != OK)
        picture_clear(out);
    return status;
}

// The sample's picture, ready; errors name the file.
static enum status open_picture(struct context *context, const struct decoding *decoding,
                                int64_t sample, struct picture *out)
{
    const struct dataset *source = decoding->source;
    struct text path;
    enum status status;

    text_init(&path);
    text_format(&path, "%s/%s", source->files->folder, name_of(source, sample));
    status = read_picture(context, decoding->plan, path.at, out);
    if (status != OK)
        context_fail_in(context, status, "%s", path.at);
    text_clear(&path);
    return status;
}

static enum status wrong_size(struct context *context, const struct decoding *decoding,
                              int64_t sample, const struct picture *picture)
{
    const struct picture_plan *plan = decoding->plan;
    const struct dataset *source = decoding->source;

    return context_fail(context, ERR_SHAPE,
                        "%s/%s: %dx%d pixels where %lldx%lld are wanted: give '--resize N' and "
                        "'--crop N', or '--resize WIDTHxHEIGHT'",
                        source->files->folder, name_of(source, sample), picture->width,
                        picture->height, (long long)plan->wanted_width,
                        (long long)plan->wanted_height);
}

// Channel by channel, blue first where the model wants it so.
static void put_planes(const struct picture *picture, bool is_bgr, unsigned char *to)
{
    size_t pixels = (size_t)picture->width * (size_t)picture->height;
    int32_t channels = picture->channels;

    for (int32_t c = 0; c < channels; c++) {
        const unsigned char *from = picture->pixel + (is_bgr ? channels - 1 - c : c);
        for (size_t i = 0; i < pixels; i++)
            to[(size_t)c * pixels + i] = from[i * (size_t)channels];
    }
}

static enum status decode_sample(struct context *context, const struct decoding *decoding,
                                 int64_t sample)
{
    const struct picture_plan *plan = decoding->plan;
    struct picture picture;
    enum status status;

    TRY(open_picture(context, decoding, sample, &picture));
    if (picture.width != plan->wanted_width || picture.height != plan->wanted_height)
        status = wrong_size(context, decoding, sample, &picture);
    else
        status = OK;
    if (status == OK)
        put_planes(&picture, plan->order == ORDER_BGR,
                   decoding->pixel + (size_t)sample * decoding->bytes);
    picture_clear(&picture);
    return status;
}

// Threads have no context to speak to: they note the first sample that fails, and it is decoded
// once more for its message. So the message is the same at any number of threads.
static void decode_item(void *state, long item, int worker)
{
    struct decoding *decoding = state;
    long long sample = decoding->first + item, least = atomic_load(&decoding->failed);
    struct context quiet;

    (void)worker;
    if (sample > least)
        return;
    context_init(&quiet);
    if (decode_sample(&quiet, decoding, sample) == OK)
        return;
    while (sample < least && !atomic_compare_exchange_weak(&decoding->failed, &least, sample))
        continue;
}

static enum status decode_all(struct context *context, struct decoding *decoding)
{
    int64_t count = decoding->source->count, chunk = 16 * (int64_t)context->threads;

    atomic_store(&decoding->failed, INT64_MAX);
    for (int64_t first = 0; first < count; first += chunk) {
        TRY(context_tick(context, "decoding", (uint64_t)first, (uint64_t)count));
        decoding->first = first;
        parallel_for(context->threads, (long)(count - first < chunk ? count - first : chunk),
                     decode_item, decoding);
        if (atomic_load(&decoding->failed) != INT64_MAX)
            return decode_sample(context, decoding, atomic_load(&decoding->failed));
    }
    return context_tick(context, "decoding", (uint64_t)count, (uint64_t)count);
}

// ---- room for the pixels ------------------------------------------------------------------------

struct room {
    void *at;
    size_t bytes;
};

static void unmap(void *owner)
{
    struct room *room = owner;

    spill_free(room->at, room->bytes);
    free(room);
}

static enum status make_room(struct context *context, const struct shape *shape, struct tensor *out)
{
    struct room *room;
    size_t bytes = (size_t)shape_count(shape);
    enum status status;
    void *at;

    if (bytes <= MEMORY_LIMIT)
        return tensor_alloc(context, out, DT_U8, shape);
    at = spill_alloc(bytes);
    if (!at)
        return context_fail(context, ERR_IO,
                            "no room for %zu bytes of decoded pictures: let TMPDIR name a folder "
                            "that has it",
                            bytes);
    room = must_alloc(sizeof *room);
    *room = (struct room){at, bytes};
    status = tensor_wrap(context, out, DT_U8, shape, at, unmap, room);
    if (status != OK)
        unmap(room);
    return status;
}

// ---- the decoded set ----------------------------------------------------------------------------

// What nobody fixed is as large as the first picture is.
static enum status settle_size(struct context *context, const struct decoding *decoding,
                               struct picture_plan *plan)
{
    struct picture picture;

    if (plan->wanted_width && plan->wanted_height)
        return OK;
    TRY(open_picture(context, decoding, 0, &picture));
    if (!plan->wanted_width)
        plan->wanted_width = picture.width;
    if (!plan->wanted_height)
        plan->wanted_height = picture.height;
    picture_clear(&picture);
    return OK;
}

// Output of a folder's class; -1: it has none.
static int64_t find_class(const struct strings *classes, const char *name)
{
    for (int64_t i = 0; i < classes->count; i++)
        if (strcmp(classes->at[i], name) == 0)
            return i;
    return -1;
}

static enum status set_classes(struct context *context, const struct dataset *source,
                               const struct strings *classes, struct dataset *out)
{
    bool is_mapped = classes->count > 0;
    int64_t count = is_mapped ? classes->count : source->classes;
    const char **name = arena_array(out->arena, const char *, (size_t)count + 1);
    int64_t *output = arena_array(out->arena, int64_t, (size_t)source->classes + 1), *label;

    for (int64_t i = 0; i < source->classes; i++) {
        output[i] = is_mapped ? find_class(classes, source->class_name[i]) : i;
        if (output[i] < 0)
            return context_fail(context, ERR_USAGE, "%s: '--classes' has no line for folder '%s'",
                                source->files->folder, source->class_name[i]);
    }
    for (int64_t i = 0; i < count; i++)
        name[i] = arena_copy_text(out->arena, is_mapped ? classes->at[i] : source->class_name[i]);
    out->class_name = name;
    out->classes = count;
    out->classes_are_exact = true;
    TRY(source_add_labels(context, out, &label));
    for (int64_t i = 0; i < source->count; i++)
        label[i] = output[dataset_label(source, i)];
    return source_end_labels(context, out);
}

static enum status fill(struct context *context, struct decoding *decoding,
                        struct picture_plan *plan, struct dataset *out)
{
    const struct dataset *source = decoding->source;
    struct data_column column = {.dtype = DT_U8, .layout = LAYOUT_NCHW};
    struct tensor pixels = {0};
    struct shape shape;
    int64_t dim[4];
    enum status status;

    TRY(settle_size(context, decoding, plan));
    dim[0] = source->count;
    dim[1] = plan->order == ORDER_GRAY ? 1 : 3;
    dim[2] = plan->wanted_height;
    dim[3] = plan->wanted_width;
    TRY(shape_set(context, &shape, 4, dim));
    TRY(shape_set(context, &column.shape, 3, dim + 1));
    TRY(make_room(context, &shape, &pixels));
    decoding->bytes = (size_t)shape_count(&column.shape);
    decoding->pixel = (unsigned char *)(uintptr_t)tensor_data(&pixels);
    out->is_pictures = true;
    out->record_count = out->count = source->count;
    status = decode_all(context, decoding);
    if (status == OK)
        status = source_add_input(context, out, &column, &pixels, 0);
    if (status == OK && source->is_labelled)
        status = set_classes(context, source, &plan->classes, out);
    tensor_release(&pixels);
    return status;
}

enum status pictures_decode(struct context *context, const struct dataset *source,
                            const struct picture_plan *plan, struct dataset **out)
{
    struct picture_plan settled = *plan;
    struct decoding decoding = {.source = source, .plan = &settled};
    struct dataset *made = dataset_new(source->name);
    enum status status = fill(context, &decoding, &settled, made);

    if (status == OK)
        *out = made;
    else
        dataset_free(made);
    return status;
}

enum status pictures_settle(struct context *context, const struct preprocess *preprocess,
                            const struct graph *graph, struct arena *arena, struct dataset **data)
{
    struct picture_plan plan;
    struct dataset *decoded;

    if (!*data || !(*data)->files)
        return OK;
    TRY(picture_plan_init(context, preprocess, graph, arena, &plan));
    TRY(pictures_decode(context, *data, &plan, &decoded));
    dataset_free(*data);
    *data = decoded;
    return OK;
}
