/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings: the front ends against direct computation, the folder, the cache. */
#include "tests/data_help.h"

#include "datasets/frontend.h"

#include <dirent.h>

#define PI 3.14159265358979323846

/* A small data set: two words of two recordings, one listed for testing. */
static void make_set(const struct data_test *t)
{
    static float x[8000];
    uint64_t random = 5;

    for (int i = 0; i < 8000; i++)
        x[i] = test_uniform(&random, -0.5f, 0.5f);
    data_clip(t, "up/ann_nohash_0.wav", SF_FORMAT_WAV, 8000, 1, x, 8000);
    data_clip(t, "up/bob_nohash_0.flac", SF_FORMAT_FLAC, 8000, 1, x + 1000, 4000);
    data_clip(t, "down/ann_nohash_0.wav", SF_FORMAT_WAV, 8000, 1, x + 2000, 4001);
    data_clip(t, "down/cid.wav", SF_FORMAT_WAV, 8000, 1, x + 3000, 160);
    data_clip(t, "_background_noise_/noise.wav", SF_FORMAT_WAV, 8000, 1, x, 8000);
    data_text(t, "testing_list.txt", "up/bob_nohash_0.wav\r\n\n");
}

static snn_status open_set(struct data_test *t, snn_dataset **data)
{
    *data = NULL;
    return snn_dataset_open(t->ctx, t->folder, &t->params, data, &t->err);
}

static void layout(void **state)
{
    struct data_test *t = *state;
    const snn_dataset_info *info;
    char key[64], name[32];
    snn_dataset *data;
    snn_sample s;

    make_set(t);
    data_ok(t, open_set(t, &data));
    info = snn_dataset_get_info(data);
    assert_string_equal(info->kind, "audio");
    assert_int_equal(info->n_classes, 2);
    assert_int_equal(info->n_inputs, 40);
    assert_int_equal(info->count[SNN_SPLIT_TRAIN], 3);
    assert_int_equal(info->count[SNN_SPLIT_VALID], 0);
    assert_int_equal(info->count[SNN_SPLIT_TEST], 1);
    assert_int_equal(info->max_steps, 100);
    assert_string_equal(snn_dataset_class_name(data, 0, name), "down");
    data_ok(t, snn_dataset_key(data, SNN_SPLIT_TEST, 0, key, sizeof key));
    assert_string_equal(key, "up/bob_nohash_0.flac"); /* listed as .wav */
    data_ok(t, snn_dataset_read(data, SNN_SPLIT_TEST, 0, NULL, &s, &t->err));
    assert_int_equal(s.label, 1);
    assert_int_equal(s.speaker, 1);
    assert_int_equal(s.steps, 50);
    data_ok(t, snn_dataset_read(data, SNN_SPLIT_TRAIN, 0, NULL, &s, &t->err));
    assert_int_equal(s.speaker, 0);
    assert_int_equal(s.steps, 51); /* 4001 samples */
    data_ok(t, snn_dataset_read(data, SNN_SPLIT_TRAIN, 1, NULL, &s, &t->err));
    assert_int_equal(s.speaker, SNN_NO_SPEAKER);
    assert_int_equal(s.steps, 2);
    snn_dataset_destroy(data);
}

/* Each band of the training split has mean 0 and deviation 1. */
static void standardised(void **state)
{
    struct data_test *t = *state;
    snn_dataset *data;
    double sum[40] = {0}, square[40] = {0};
    uint32_t n = 0;

    make_set(t);
    data_ok(t, open_set(t, &data));
    for (uint32_t i = 0; i < 3; i++) {
        snn_sample s;

        data_ok(t, snn_dataset_read(data, SNN_SPLIT_TRAIN, i, NULL, &s, &t->err));
        for (uint32_t k = 0; k < s.steps * 40; k++) {
            sum[k % 40] += (double)s.frames[k];
            square[k % 40] += (double)s.frames[k] * (double)s.frames[k];
        }
        n += s.steps;
    }
    for (int b = 0; b < 40; b++) {
        assert_true(fabs(sum[b] / n) < 1e-4);
        assert_true(fabs(square[b] / n - 1) < 1e-3);
    }
    snn_dataset_destroy(data);
}

/* Frames of a clip by the front end alone, before standardisation. */
static uint32_t run(struct data_test *t, uint32_t rate, const float *x, size_t n, float *frames)
{
    snn_frontend *f = NULL;
    void *scratch;
    uint32_t steps;

    data_ok(t, snn_frontend_create(t->ctx, &t->params, rate, &f, &t->err));
    scratch = snn_alloc(t->ctx, 1, snn_frontend_scratch(f));
    assert_non_null(scratch);
    steps = snn_frontend_steps(f, n);
    snn_frontend_run(f, x, n, scratch, frames);
    snn_free(t->ctx, scratch);
    snn_frontend_destroy(f);
    return steps;
}

/* A sine is loudest in the band whose triangle is centred next to it. */
static void sine_in_its_band(void **state)
{
    struct data_test *t = *state;
    static float x[16000], frames[128 * 40];
    const uint32_t rates[] = {8000, 16000};

    for (int r = 0; r < 2; r++) {
        const double low = 2595 * log10(1 + 50 / 700.0),
                     high = 2595 * log10(1 + rates[r] / 2 / 700.0);

        for (int band = 1; band < 40; band += 6) {
            const double mel = low + (high - low) * (band + 1) / 41;
            const double hz = 700 * (pow(10, mel / 2595) - 1);
            uint32_t best = 0;

            for (uint32_t i = 0; i < rates[r]; i++)
                x[i] = 0.3f * (float)sin(2 * PI * hz * i / rates[r]);
            assert_int_equal(run(t, rates[r], x, rates[r], frames), 100);
            for (uint32_t b = 0; b < 40; b++)
                best = frames[50 * 40 + b] > frames[50 * 40 + best] ? b : best;
            assert_int_equal(best, band);
        }
    }
}

/* A click at sample k reaches only frames whose window of 200 covers it; silence is the floor. */
static void click_in_its_frame(void **state)
{
    struct data_test *t = *state;
    static float x[8000], frames[100 * 40];
    const float floor_value = logf(1e-9f);
    uint32_t loudest = 0;

    x[4040] = 1; /* in the middle of frame 50 = samples 4000..4079 */
    assert_int_equal(run(t, 8000, x, 8000, frames), 100);
    for (uint32_t s = 0; s < 100; s++) {
        const bool covered = s >= 49 && s <= 51;

        if ((frames[s * 40] > floor_value + 1e-3f) != covered)
            fail_msg("frame %u", s);
        loudest = frames[s * 40] > frames[loudest * 40] ? s : loudest;
    }
    assert_int_equal(loudest, 50);
}

/* ---- gsc-paper, straight from its definition in double -------------------- */

static double golden_band(double mel_index)
{
    const double low = 2595 * log10(1 + 50 / 700.0), high = 2595 * log10(1 + 14000 / 700.0);

    return 700 * (pow(10, (low + (high - low) * mel_index / 141) / 2595) - 1);
}

static double golden_sample(const float *x, int j)
{
    double y = 0;

    for (int i = 2 * j - 13; i <= 2 * j + 14; i++) {
        const double u = (i - 2 * j) / 2.0 * 0.99, c = cos(PI * u / 12);

        if (i >= 0 && i < 16000 && fabs(u) < 6)
            y += 0.495 * c * c * (u == 0 ? 1 : sin(PI * u) / (PI * u)) * (double)x[i];
    }
    return y;
}

static double golden_power(const double *y, int frame, int k)
{
    double re = 0, im = 0;

    for (int i = 0; i < 256; i++) {
        int at = abs(frame * 80 + i - 128);
        double v;

        at = at > 7999 ? 15998 - at : at;
        v = y[at] * (0.5 - 0.5 * cos(2 * PI * i / 256));
        re += v * cos(2 * PI * k * i / 256);
        im -= v * sin(2 * PI * k * i / 256);
    }
    return re * re + im * im;
}

/* Bound: a power is a sum of 256 products in float32 twice over (signal, transform),
 * relative error below 1e-4 of the frame's largest, that is 0.001 dB near it. */
static void gsc_paper_values(void **state)
{
    struct data_test *t = *state;
    static float x[16000], frames[101 * 140];
    static double y[8000], power[129];
    uint64_t random = test_seed(11);
    struct test_near near = test_near_begin("gsc-paper", 11);
    const int steps[] = {0, 1, 37, 99, 100};

    for (int i = 0; i < 16000; i++)
        x[i] = (float)(0.3 * sin(i * 0.05) + 0.1 * sin(i * (0.2 + i * 2e-5))) +
               test_uniform(&random, -0.01f, 0.01f);
    t->params.front_end = SNN_FRONT_END_GSC_PAPER;
    assert_int_equal(run(t, 16000, x, 15000, frames), 101);
    memset(x + 15000, 0, 1000 * sizeof *x); /* what is missing is silence */
    for (int j = 0; j < 8000; j++)
        y[j] = golden_sample(x, j);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        for (int k = 0; k < 129; k++)
            power[k] = golden_power(y, steps[s], k);
        for (int b = 0; b < 140; b++) {
            const double left = golden_band(b), centre = golden_band(b + 1),
                         right = golden_band(b + 2);
            double sum = 0;

            for (int k = 0; k < 129; k++)
                sum += power[k] * fmax(0, fmin((k * 31.25 - left) / (centre - left),
                                               (right - k * 31.25) / (right - centre)));
            check_near(&near, (size_t)(steps[s] * 140 + b), 10 * log10(fmax(sum, 1e-10)),
                       (double)frames[steps[s] * 140 + b], 0.01);
            if (b > 86)
                assert_true(frames[steps[s] * 140 + b] == -100.0f);
        }
    }
    test_near_end(&near);
}

static void gsc_paper_settings(void **state)
{
    struct data_test *t = *state;
    snn_dataset *data;
    snn_sample s;

    make_set(t);
    t->params.front_end = SNN_FRONT_END_GSC_PAPER;
    data_ok(t, open_set(t, &data)); /* from 8 kHz by way of 16 kHz */
    assert_int_equal(snn_dataset_get_info(data)->n_inputs, 140);
    data_ok(t, snn_dataset_read(data, SNN_SPLIT_TRAIN, 1, NULL, &s, &t->err));
    assert_int_equal(s.steps, 101);
    assert_true(s.frames[90] == -100.0f);
    snn_dataset_destroy(data);
    t->params.time_step_ms = 5;
    data_expect(t, open_set(t, &data), SNN_ECONFIG, "data.time_step_ms", "set it to 10");
}

/* ---- bad input ------------------------------------------------------------ */

static void bad_recordings(void **state)
{
    struct data_test *t = *state;
    static float x[2000];
    snn_dataset *data;
    size_t n;
    char *bytes;

    make_set(t);
    data_clip(t, "up/two.wav", SF_FORMAT_WAV, 8000, 2, x, 1000);
    data_expect(t, open_set(t, &data), SNN_EFORMAT, "up/two.wav", "has 2 channels");
    remove(data_path(t, "up/two.wav"));
    bytes = data_slurp(data_path(t, "up/ann_nohash_0.wav"), &n);
    data_write(t, "up/cut.wav", bytes, n / 2);
    free(bytes);
    data_expect(t, open_set(t, &data), SNN_EFORMAT, "up/cut.wav", "shorter than its header says");
    remove(data_path(t, "up/cut.wav"));
    bytes = data_slurp(data_path(t, "up/bob_nohash_0.flac"), &n);
    data_write(t, "up/cut.flac", bytes, n / 2);
    free(bytes);
    data_expect(t, open_set(t, &data), SNN_EFORMAT, "up/cut.flac", "");
    remove(data_path(t, "up/cut.flac"));
    data_text(t, "up/text.wav", "no sound");
    data_expect(t, open_set(t, &data), SNN_EFORMAT, "up/text.wav", "cannot be read as a recording");
    remove(data_path(t, "up/text.wav"));
    data_clip(t, "up/ann_nohash_0.flac", SF_FORMAT_FLAC, 8000, 1, x, 100);
    data_expect(t, open_set(t, &data), SNN_EFORMAT, "/up", "remove one");
    remove(data_path(t, "up/ann_nohash_0.flac"));
    data_clip(t, "up/silent.wav", SF_FORMAT_WAV, 8000, 1, x, 0);
    data_ok(t, open_set(t, &data));
    assert_non_null(strstr(t->log, "1 recordings without a sample"));
    snn_dataset_destroy(data);
}

static void bad_lists(void **state)
{
    struct data_test *t = *state;
    snn_dataset *data;

    make_set(t);
    data_text(t, "validation_list.txt", "up/ann_nohash_0.wav\nup/gone_nohash_0.wav\n");
    data_expect(t, open_set(t, &data), SNN_ENOTFOUND, "validation_list.txt:2",
                "up/gone_nohash_0.wav");
    data_text(t, "validation_list.txt", "up/ann_nohash_0.wav\nsideways/x.wav\n");
    data_expect(t, open_set(t, &data), SNN_ENOTFOUND, "validation_list.txt:2", "sideways/x.wav");
    data_text(t, "validation_list.txt", "no slash\n");
    data_expect(t, open_set(t, &data), SNN_ENOTFOUND, "validation_list.txt:1", "no slash");
    data_text(t, "validation_list.txt", "up/bob_nohash_0.flac\n");
    data_expect(t, open_set(t, &data), SNN_EFORMAT, "validation_list.txt:1", "listed twice");
    data_text(t, "validation_list.txt",
              "up/ann_nohash_0.wav\ndown/ann_nohash_0.wav\ndown/cid.wav\n");
    data_expect(t, open_set(t, &data), SNN_EFORMAT, "", "none is left to train on");
    remove(data_path(t, "testing_list.txt"));
    data_expect(t, snn_dataset_open_audio(t->ctx, t->folder, &t->params, &data, &t->err),
                SNN_ENOTFOUND, "testing_list.txt", "is missing");
}

static void bad_settings(void **state)
{
    struct data_test *t = *state;
    snn_dataset *data;

    make_set(t);
    t->params.mel_bands = 200;
    data_expect(t, open_set(t, &data), SNN_ECONFIG, "data.mel_bands", "too many at 8000 Hz");
    t->params.mel_bands = 40;
    t->params.time_step_ms = 0.01f;
    data_expect(t, open_set(t, &data), SNN_ECONFIG, "data", "every 0.01 ms");
    t->params.time_step_ms = 10;
    t->params.max_time_ms = 250;
    data_ok(t, open_set(t, &data));
    assert_int_equal(snn_dataset_get_info(data)->max_steps, 25);
    assert_non_null(strstr(t->log, "1 3 recordings are longer than 250 ms"));
    snn_dataset_destroy(data);
}

/* ---- cache ---------------------------------------------------------------- */

/* Path of the one file in the cache; fails if there is not exactly one. */
static const char *cached(const struct data_test *t)
{
    static char path[1024];
    DIR *dir = opendir(t->params.cache);
    struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", t->params.cache, entry->d_name);
            n++;
        }
    closedir(dir);
    assert_int_equal(n, 1);
    return path;
}

/* All frames of the training split, in order. */
static size_t all_frames(struct data_test *t, float *out)
{
    snn_dataset *data;
    size_t n = 0;

    data_ok(t, open_set(t, &data));
    for (uint32_t i = 0; i < snn_dataset_get_info(data)->count[SNN_SPLIT_TRAIN]; i++) {
        snn_sample s;

        data_ok(t, snn_dataset_read(data, SNN_SPLIT_TRAIN, i, NULL, &s, &t->err));
        memcpy(out + n, s.frames, s.steps * 40 * sizeof *out);
        n += s.steps * 40;
    }
    snn_dataset_destroy(data);
    return n;
}

static void broken_cache_is_rebuilt(void **state)
{
    struct data_test *t = *state;
    static float fresh[8000], again[8000];
    const size_t n = (make_set(t), all_frames(t, fresh));
    char *good;
    size_t bytes;

    snprintf(t->params.cache, sizeof t->params.cache, "%s/.cache/deep", t->folder);
    assert_int_equal(all_frames(t, again), n);
    check_array_bits("written to the cache", fresh, again, n, 0);
    assert_null(strstr(t->log, "frames from"));
    assert_int_equal(all_frames(t, again), n);
    check_array_bits("read from the cache", fresh, again, n, 0);
    assert_non_null(strstr(t->log, "frames from"));
    good = data_slurp(cached(t), &bytes);
    /* A bit flipped in each field of the header, the table, the deviations and the
     * frames; then a byte missing, half the file, and only its header. */
    const size_t flips[] = {0, 9, 12, 17, 25, 29, 33, 41, 66, 70, 100, 415, 5000, bytes - 1};
    const size_t lengths[] = {bytes - 1, bytes / 2, 64, 3, 0};
    const size_t n_flips = sizeof flips / sizeof flips[0];

    for (size_t k = 0; k < n_flips + sizeof lengths / sizeof lengths[0]; k++) {
        const size_t length = k < n_flips ? bytes : lengths[k - n_flips];
        char path[1024];
        FILE *file;

        snprintf(path, sizeof path, "%s", cached(t));
        file = fopen(path, "wb");
        assert_non_null(file);
        if (k < n_flips)
            good[flips[k]] ^= 16;
        assert_int_equal(fwrite(good, 1, length, file), length);
        fclose(file);
        if (k < n_flips)
            good[flips[k]] ^= 16;
        t->log[0] = '\0';
        memset(again, 0, sizeof again);
        assert_int_equal(all_frames(t, again), n);
        if (memcmp(fresh, again, n * sizeof *fresh) != 0 ||
            strstr(t->log, "it is made anew") == NULL)
            fail_msg("damage number %zu was not seen: %s", k, t->log);
        cached(t); /* one file, no temporary beside it */
    }
    free(good);
}

static void cache_follows_content(void **state)
{
    struct data_test *t = *state;
    static float x[4000], a[8000], b[8000];
    char first[1024];
    snn_dataset *data;

    make_set(t);
    snprintf(t->params.cache, sizeof t->params.cache, "%s/.cache", t->folder);
    all_frames(t, a);
    snprintf(first, sizeof first, "%s", cached(t));
    data_clip(t, "up/ann_nohash_0.wav", SF_FORMAT_WAV, 8000, 1, x, 4000);
    remove(first);
    all_frames(t, b);
    assert_string_not_equal(first, cached(t));
    remove(cached(t));
    t->params.mel_bands = 20;
    data_ok(t, open_set(t, &data)); /* other settings, another file */
    assert_int_equal(snn_dataset_get_info(data)->n_inputs, 20);
    snn_dataset_destroy(data);
}

static void cache_cannot_be_written(void **state)
{
    struct data_test *t = *state;
    snn_dataset *data;

    make_set(t);
    data_text(t, "file", "");
    snprintf(t->params.cache, sizeof t->params.cache, "%s/file/cache", t->folder);
    data_expect(t, open_set(t, &data), SNN_EIO, "file", "");
}

/* Real speech: counts, and frames that are finite (snn_dataset_read looks). */
static void recorded(void **state)
{
    struct data_test *t = *state;
    const char *path;
    char folder[1024];
    snn_dataset *data;

    require_shared(path, "data/fsdd/testing_list.txt");
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    data_ok(t, snn_dataset_open(t->ctx, folder, &t->params, &data, &t->err));
    assert_int_equal(snn_dataset_get_info(data)->count[SNN_SPLIT_TRAIN], 2400);
    assert_int_equal(snn_dataset_get_info(data)->count[SNN_SPLIT_VALID], 300);
    assert_int_equal(snn_dataset_get_info(data)->count[SNN_SPLIT_TEST], 300);
    for (uint32_t i = 0; i < 300; i++) {
        snn_sample s;

        data_ok(t, snn_dataset_read(data, SNN_SPLIT_TEST, i, NULL, &s, &t->err));
        assert_true(s.speaker < 6);
    }
    snn_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(layout, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(standardised, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(sine_in_its_band, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(click_in_its_frame, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(gsc_paper_values, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(gsc_paper_settings, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(bad_recordings, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(bad_lists, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(bad_settings, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(broken_cache_is_rebuilt, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(cache_follows_content, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(cache_cannot_be_written, data_setup, data_teardown),
        cmocka_unit_test_setup_teardown(recorded, data_setup, data_teardown),
    };

    return cmocka_run_group_tests_name("audio", tests, NULL, NULL);
}
