// Runs a fuzz target over files and folders without libFuzzer, so that the corpus is replayed in
// every check and with any compiler. Fails when a folder holds nothing to replay.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { PATH_BYTES = 4096 };

// Exactly as many bytes as the file has, so that the sanitizer sees reads past the end.
static int replay_file(const char *path, size_t count)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(count ? count : 1);
    int done = file && bytes && fread(bytes, 1, count, file) == count;

    if (done)
        LLVMFuzzerTestOneInput(bytes, count);
    else
        perror(path);
    free(bytes);
    if (file)
        fclose(file);
    return done;
}

static int replay(const char *path)
{
    struct stat about;
    struct dirent *entry;
    DIR *folder;
    int count = 0;

    if (stat(path, &about) != 0) {
        perror(path);
        return 0;
    }
    if (!S_ISDIR(about.st_mode))
        return replay_file(path, (size_t)about.st_size);
    folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        char inside[PATH_BYTES];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (!replay(inside)) {
            count = 0;
            break;
        }
        count++;
    }
    if (folder)
        closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);

        if (!count) {
            fprintf(stderr, "%s: nothing replayed\n", argv[i]);
            return EXIT_FAILURE;
        }
        printf("%s: %d replayed\n", argv[i], count);
    }
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
