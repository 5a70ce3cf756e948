/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tiny data set in the layout of Speech Commands: make_words FOLDER.  Three "words" are
 * tones of their own pitch that rises or falls, in noise; no library is needed for it.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define RATE    8000
#define SAMPLES 2400
#define CLIPS   20

static const struct {
    const char *name;
    double from_hz, to_hz;
} WORDS[] = {{"fall", 1800, 600}, {"flat", 1200, 1200}, {"rise", 600, 1800}};

static void put(FILE *file, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        fputc((int)(value >> 8 * i & 0xff), file);
}

static int write_clip(const char *path, int word, uint32_t seed)
{
    FILE *file = fopen(path, "wb");
    double phase = 0;

    if (file == NULL)
        return -1;
    fputs("RIFF", file);
    put(file, 36 + 2 * SAMPLES, 4);
    fputs("WAVEfmt ", file);
    put(file, 16, 4);
    put(file, 1, 2); /* PCM */
    put(file, 1, 2); /* mono */
    put(file, RATE, 4);
    put(file, 2 * RATE, 4);
    put(file, 2, 2);
    put(file, 16, 2);
    fputs("data", file);
    put(file, 2 * SAMPLES, 4);
    for (int i = 0; i < SAMPLES; i++) {
        double share = (double)i / SAMPLES;
        double hz = WORDS[word].from_hz + share * (WORDS[word].to_hz - WORDS[word].from_hz);
        seed = seed * 1664525u + 1013904223u;
        phase += 6.283185307179586 * hz / RATE;
        put(file, (uint32_t)(int32_t)(8000 * sin(phase) + (double)(seed >> 20) - 2048), 2);
    }
    return fclose(file);
}

int main(int argc, char **argv)
{
    char path[4096];
    FILE *test, *valid;

    if (argc != 2 || mkdir(argv[1], 0777) != 0)
        return 1;
    snprintf(path, sizeof path, "%s/testing_list.txt", argv[1]);
    test = fopen(path, "w");
    snprintf(path, sizeof path, "%s/validation_list.txt", argv[1]);
    valid = fopen(path, "w");
    if (test == NULL || valid == NULL)
        return 1;
    for (int word = 0; word < 3; word++) {
        snprintf(path, sizeof path, "%s/%s", argv[1], WORDS[word].name);
        if (mkdir(path, 0777) != 0)
            return 1;
        for (int clip = 0; clip < CLIPS; clip++) {
            snprintf(path, sizeof path, "%s/%s/s%d_nohash_%d.wav", argv[1], WORDS[word].name,
                     clip % 4, clip);
            if (write_clip(path, word, (uint32_t)(word * CLIPS + clip)) != 0)
                return 1;
            if (clip < 8)
                fprintf(clip < 4 ? test : valid, "%s/s%d_nohash_%d.wav\n", WORDS[word].name,
                        clip % 4, clip);
        }
    }
    return fclose(test) != 0 || fclose(valid) != 0;
}
