/* tests/fuzz/replay.c - makes an ordinary test of a fuzz target (A29): runs it on each file of a
 * folder, on truncations of the file and on the file with single bits flipped. It passes if nothing
 * crashes, and fails if the folder holds no file: a test that runs nothing proves nothing.
 * Limit: FLIPS_MAX and CUTS_MAX runs a file, or the fewer that are asked for (valgrind is slow); in
 * a longer file they are spread over its length. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUTS_MAX 4096u
#define FLIPS_MAX 16384u
#define FILE_BYTES_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t cuts_max = CUTS_MAX, flips_max = FLIPS_MAX;
static unsigned long runs_count;

/* Each run gets its own allocation of exact size, so that a sanitizer sees a step over the end. */
static void run_copy(const uint8_t *data, size_t size, size_t flip_bit, int flip)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        fputs("replay: out of memory\n", stderr);
        exit(1);
    }
    if (size > 0)
        memcpy(copy, data, size);
    if (flip)
        copy[flip_bit / 8] = (uint8_t)(copy[flip_bit / 8] ^ (1u << (flip_bit % 8)));
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    runs_count++;
}

static void run_all(const uint8_t *data, size_t size)
{
    size_t cut_step = size / cuts_max + 1;
    size_t flip_step = size * 8 / flips_max + 1;

    run_copy(data, size, 0, 0);
    for (size_t cut = 0; cut < size; cut += cut_step)
        run_copy(data, cut, 0, 0);
    for (size_t bit = 0; bit < size * 8; bit += flip_step)
        run_copy(data, size, bit, 1);
}

/* 1: replayed, 0: not a file to replay, -1: could not be read. */
static int replay_file(const char *folder, const char *name)
{
    static uint8_t data[FILE_BYTES_MAX];
    char path[4096];
    int path_len = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (name[0] == '.')
        return 0;
    if (path_len < 0 || (size_t)path_len >= sizeof path)
        return -1;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    size_t size = fread(data, 1, sizeof data, file);
    int bad = ferror(file) || fgetc(file) != EOF;
    fclose(file);
    if (bad)
        return -1;
    printf("%s: %zu bytes\n", name, size);
    fflush(stdout);
    run_all(data, size);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned files_count = 0;
    struct dirent *entry;
    DIR *dir;

    if (argc == 3)
        cuts_max = flips_max = strtoul(argv[2], NULL, 10);
    if (argc < 2 || argc > 3 || cuts_max == 0) {
        fprintf(stderr, "usage: %s FOLDER [CUTS AND FLIPS A FILE]\n", argv[0]);
        return 2;
    }
    dir = opendir(argv[1]);
    if (dir == NULL) {
        fprintf(stderr, "replay: no corpus folder %s\n", argv[1]);
        return 1;
    }
    while ((entry = readdir(dir)) != NULL) {
        int did = replay_file(argv[1], entry->d_name);
        if (did < 0) {
            fprintf(stderr, "replay: cannot read %s whole\n", entry->d_name);
            closedir(dir);
            return 1;
        }
        files_count += (unsigned)did;
    }
    closedir(dir);
    if (files_count == 0) {
        fprintf(stderr, "replay: corpus folder %s is empty\n", argv[1]);
        return 1;
    }
    printf("%u files replayed, %lu runs\n", files_count, runs_count);
    return 0;
}
