// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017) where Debian's dataset-fashion-mnist puts it, or under
// $ECAI_DATA.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/source.h"

static const char *const class_names[] = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                          "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                          "Bag",         "Ankle boot"};

// The first of the places that has the file; NULL if none has. Who says where data lie gets no
// others.
static const char *find_file(struct arena *arena, const char *name)
{
    const char *folder = getenv("ECAI_DATA");
    bool is_given = folder && *folder;
    const char *place = is_given ? folder : "/usr/share/datasets";
    const char *const under[] = {"/fashion-mnist", ""};

    for (int i = 0; i < (is_given ? 2 : 1); i++)
        for (int packed = 1; packed >= 0; packed--) {
            const char *path =
                arena_format(arena, "%s%s/%s%s", place, under[i], name, packed ? ".gz" : "");
            if (access(path, F_OK) == 0)
                return path;
        }
    return NULL;
}

static enum status open_fashion_mnist(struct context *context, struct dataset *dataset,
                                      const struct source_call *call)
{
    bool is_train = strcmp(call->path[0], "train") == 0;
    const char *images, *labels;

    if (!is_train && strcmp(call->path[0], "test") != 0)
        return context_fail(context, ERR_USAGE,
                            "'%s': there are fashion-mnist:train and fashion-mnist:test",
                            dataset->name);
    images =
        find_file(dataset->arena, is_train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte");
    labels =
        find_file(dataset->arena, is_train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte");
    if (!images || !labels)
        return context_fail(
            context, ERR_IO,
            getenv("ECAI_DATA") && *getenv("ECAI_DATA")
                ? "'%s': the data set is not in the folder that ECAI_DATA names"
                : "'%s': the data set is not here: apt-get install dataset-fashion-mnist, or set "
                  "ECAI_DATA to the folder that has it",
            dataset->name);
    dataset->classes = 10;
    dataset->class_name = class_names;
    TRY(idx_open_files(context, dataset, images, labels));
    if (dataset->classes != 10)
        return context_fail(context, ERR_FORMAT, "%s: label %lld, but there are 10 classes", labels,
                            (long long)dataset->classes - 1);
    return OK;
}

const struct source source_fashion_mnist = {.name = "fashion-mnist",
                                            .form = "fashion-mnist:train|test",
                                            .min_paths = 1,
                                            .max_paths = 1,
                                            .finds_files = true,
                                            .open = open_fashion_mnist};
