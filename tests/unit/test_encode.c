/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snn_encode_folder gives the same bytes for 1, 2 and 3 threads.  And what
 * it writes is read back by the data set of SHD's layout, times exact to their type.
 */
#include "tests/context_threads.h"

#include "datasets/half.h"

#include <snn/encode.h>

#include <sndfile.h>

#include <sys/stat.h>
#include <unistd.h>

#define PATH 1024

struct fixture {
    snn_context *ctx;
    char folder[PATH]; /* scratch; holds words/ */
    char words[PATH + 16];
    snn_error err;
};

static const char *const CLIPS[] = {"no/ann_nohash_0", "no/bob_nohash_0", "no/bob_nohash_1",
                                    "yes/ann_nohash_0", "yes/bob_nohash_0"};

/* A gliding tone of 0.12 s and more. */
static void write_clip(const char *path, int number, int channels)
{
    static float x[8000];
    SF_INFO about = {.samplerate = number == 2 ? 8000 : 16000,
                     .channels = channels,
                     .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(path, SFM_WRITE, &about);
    const int n = 2000 + 150 * number;

    assert_non_null(file);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < channels; c++)
            x[i * channels + c] =
                0.2f * sinf(0.02f * (float)(number + 2) * (float)i + 2e-5f * (float)i * (float)i);
    assert_int_equal(sf_writef_float(file, x, n), n);
    sf_close(file);
}

static void write_list(const char *folder, const char *name, const char *text)
{
    char path[PATH + 64];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int begin(void **state)
{
    const char *base = getenv("TMPDIR");
    struct fixture *f = calloc(1, sizeof *f);
    char path[2 * PATH];

    snprintf(f->folder, sizeof f->folder, "%s/snn-encode.XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->words, sizeof f->words, "%s/words", f->folder);
    mkdir(f->words, 0777);
    for (int w = 0; w < 2; w++) {
        snprintf(path, sizeof path, "%s/%s", f->words, w == 0 ? "no" : "yes");
        mkdir(path, 0777);
    }
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s.wav", f->words, CLIPS[i]);
        write_clip(path, i, 1);
    }
    write_list(f->words, "testing_list.txt", "yes/bob_nohash_0.wav\n");
    f->ctx = context_threads(2);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    char command[PATH + 32];

    snn_context_destroy(f->ctx);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static snn_encode_params small(void)
{
    snn_encode_params params;

    snn_encode_params_init(&params);
    params.channels = 40;
    params.seed = 7;
    return params;
}

static size_t read_file(const char *path, unsigned char **out)
{
    FILE *file = fopen(path, "rb");
    long n;

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    n = ftell(file);
    rewind(file);
    *out = malloc((size_t)n + 1);
    assert_int_equal(fread(*out, 1, (size_t)n, file), n);
    fclose(file);
    return (size_t)n;
}

static void same_bytes_for_any_threads(void **state)
{
    struct fixture *f = *state;
    snn_encode_params params = small();
    unsigned char *one = NULL, *other = NULL;
    char out[PATH + 32], path[PATH + 64];
    size_t n = 0;

    for (int threads = 1; threads <= 3; threads++) {
        snn_context *ctx = context_threads(threads);

        snprintf(out, sizeof out, "%s/out%d", f->folder, threads);
        assert_int_equal(snn_encode_folder(ctx, f->words, out, &params, &f->err), SNN_OK);
        snn_context_destroy(ctx);
        snprintf(path, sizeof path, "%s/words_train.h5", out);
        if (threads == 1) {
            n = read_file(path, &one);
            continue;
        }
        assert_int_equal(read_file(path, &other), n);
        assert_memory_equal(one, other, n);
        free(other);
    }
    free(one);
    snprintf(path, sizeof path, "%s/words_valid.h5", out);
    assert_int_equal(access(path, F_OK), -1);
}

/* Cells of all samples of a split, against snn_encode_clip of the same recordings. */
static void files_read_back(void **state)
{
    struct fixture *f = *state;
    snn_encode_params params = small();
    char out[PATH + 32];

    for (int way = 0; way < 2; way++) {
        snn_data_params how;
        snn_dataset *data = NULL;
        const snn_dataset_info *info;
        snn_sample sample;
        void *scratch;

        params.times = way == 0 ? SNN_TIMES_FLOAT16 : SNN_TIMES_FLOAT32;
        snprintf(out, sizeof out, "%s/%d", f->folder, way);
        assert_int_equal(snn_encode_folder(f->ctx, f->words, out, &params, &f->err), SNN_OK);
        snn_data_params_init(&how);
        how.units = 40;
        how.channel_bin = 1;
        how.time_step_ms = 1;
        how.max_time_ms = 0;
        assert_int_equal(snn_dataset_open(f->ctx, out, &how, &data, &f->err), SNN_OK);
        info = snn_dataset_get_info(data);
        assert_int_equal(info->count[SNN_SPLIT_TRAIN], 4);
        assert_int_equal(info->count[SNN_SPLIT_TEST], 1);
        assert_int_equal(info->n_classes, 2);
        scratch = snn_alloc(f->ctx, info->scratch_bytes, 1);
        /* no/bob_nohash_0: 16 kHz and 2150 samples, so all can be made anew here */
        assert_int_equal(snn_dataset_read(data, SNN_SPLIT_TRAIN, 1, scratch, &sample, &f->err),
                         SNN_OK);
        assert_int_equal(sample.label, 0);
        assert_int_equal(sample.speaker, 1);
        {
            static float sound[8000];
            static uint32_t expected[400][40];
            char path[2 * PATH];
            snn_encoder *encoder = NULL;
            snn_spikes spikes;
            SF_INFO about = {0};
            SNDFILE *file;
            size_t cells = 0;

            snprintf(path, sizeof path, "%s/no/bob_nohash_0.wav", f->words);
            file = sf_open(path, SFM_READ, &about);
            assert_int_equal(sf_readf_float(file, sound, about.frames), about.frames);
            sf_close(file);
            assert_int_equal(snn_encoder_create(f->ctx, &params, &encoder, &f->err), SNN_OK);
            assert_int_equal(snn_encode_clip(encoder, sound, (size_t)about.frames, 16000,
                                             "no/bob_nohash_0.wav", &spikes, &f->err),
                             SNN_OK);
            assert_true(spikes.n > 50);
            memset(expected, 0, sizeof expected);
            for (size_t i = 0; i < spikes.n; i++) {
                const double t = spikes.tick[i] / spikes.ticks_per_s;
                const float stored = way == 0 ? (float)snn_half_round(t) : (float)t;

                expected[(int)floorf(1000.0f * stored)][spikes.unit[i]]++;
            }
            for (uint32_t t = 0; t < sample.steps; t++)
                for (uint32_t k = sample.first[t]; k < sample.first[t + 1]; k++, cells++) {
                    assert_int_equal(expected[t][sample.unit[k]], sample.count[k]);
                    expected[t][sample.unit[k]] = 0;
                }
            for (size_t t = 0; t < 400; t++)
                for (size_t u = 0; u < 40; u++)
                    assert_int_equal(expected[t][u], 0);
            snn_spikes_free(f->ctx, &spikes);
            snn_encoder_destroy(encoder);
        }
        snn_free(f->ctx, scratch);
        snn_dataset_destroy(data);
    }
}

static int stop_at_once(void *user, uint32_t done, uint32_t total)
{
    (void)user;
    return done > 0 && done < total;
}

static void count_kept(void *user, const snn_encode_report *report)
{
    *(int *)user += report->kept ? 100 : 1;
}

/* Stopped: no file under its name.  Again: the same as never stopped.  Complete: kept.
 * Other settings: an error that names the file. */
static void runs_go_on(void **state)
{
    struct fixture *f = *state;
    snn_encode_params params = small();
    char out[PATH + 32], path[PATH + 64];
    int seen = 0;

    snprintf(out, sizeof out, "%s/out", f->folder);
    snprintf(path, sizeof path, "%s/words_train.h5", out);
    params.progress = stop_at_once;
    params.report = count_kept;
    params.user = &seen;
    assert_int_equal(snn_encode_folder(f->ctx, f->words, out, &params, &f->err), SNN_EINTERRUPTED);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(seen, 0);
    write_list(out, "words_train.h5.part", "what a killed run leaves");
    params.progress = NULL;
    assert_int_equal(snn_encode_folder(f->ctx, f->words, out, &params, &f->err), SNN_OK);
    assert_int_equal(seen, 2);
    assert_int_equal(snn_encode_folder(f->ctx, f->words, out, &params, &f->err), SNN_OK);
    assert_int_equal(seen, 202);
    params.seed++;
    assert_int_equal(snn_encode_folder(f->ctx, f->words, out, &params, &f->err), SNN_EINVAL);
    assert_non_null(strstr(f->err.where, "words_train.h5"));
}

static void channels_are_mixed_on_request(void **state)
{
    struct fixture *f = *state;
    snn_encode_params params = small();
    char path[2 * PATH], out[PATH + 32];

    snprintf(path, sizeof path, "%s/%s.wav", f->words, CLIPS[3]);
    write_clip(path, 3, 2);
    snprintf(out, sizeof out, "%s/out", f->folder);
    assert_int_equal(snn_encode_folder(f->ctx, f->words, out, &params, &f->err), SNN_EFORMAT);
    assert_non_null(strstr(f->err.what, "--mono"));
    params.mono = 1;
    assert_int_equal(snn_encode_folder(f->ctx, f->words, out, &params, &f->err), SNN_OK);
}

/* Empty, silent, slow and broken clips; and parameters out of range. */
static void clips_of_any_kind(void **state)
{
    struct fixture *f = *state;
    static float silence[4000], broken[100] = {[50] = NAN};
    snn_encode_params params = small();
    snn_encoder *encoder = NULL;
    snn_spikes spikes;

    params.duration_s = 0.25;
    assert_int_equal(snn_encoder_create(f->ctx, &params, &encoder, &f->err), SNN_OK);
    assert_int_equal(snn_encode_clip(encoder, silence, 0, 16000, "x", &spikes, &f->err), SNN_OK);
    snn_spikes_free(f->ctx, &spikes);
    assert_int_equal(snn_encode_clip(encoder, silence, 4000, 8000, "x", &spikes, &f->err), SNN_OK);
    /* silence: only what fibres do on their own, a few events a second and channel */
    assert_true(spikes.n < 40 * 0.25 * 20);
    assert_true(spikes.ticks_per_s == 8000);
    for (size_t i = 0; i < spikes.n; i++)
        assert_in_range(spikes.tick[i], 0, 2000);
    snn_spikes_free(f->ctx, &spikes);
    assert_int_equal(snn_encode_clip(encoder, broken, 100, 16000, "x", &spikes, &f->err),
                     SNN_EFORMAT);
    assert_int_equal(snn_encode_clip(encoder, silence, 10, 0, "x", &spikes, &f->err), SNN_EINVAL);
    snn_encoder_destroy(encoder);
    params.channels = 70000;
    assert_int_equal(snn_encoder_create(f->ctx, &params, &encoder, &f->err), SNN_EINVAL);
    params.channels = 40;
    params.rate = 8000;
    assert_int_equal(snn_encoder_create(f->ctx, &params, &encoder, &f->err), SNN_EINVAL);
}

/* A tone that grows by a factor of e^2 in amplitude rises 4 in ln(power): its band sends
 * four events of rise at steps of 1, and none of fall. */
static void level_crossings_are_counted(void **state)
{
    struct fixture *f = *state;
    static float x[16000];
    snn_encode_params params;
    snn_encoder *encoder = NULL;
    snn_spikes spikes;
    uint32_t up[40] = {0}, down[40] = {0};

    snn_encode_params_init(&params);
    params.encoder = SNN_ENCODER_LEVEL;
    assert_int_equal(snn_encoder_create(f->ctx, &params, &encoder, &f->err), SNN_OK);
    for (int i = 0; i < 16000; i++)
        x[i] = 0.1f *
               expf(2.1f *
                    (float)(i < 2000    ? 0
                            : i > 14000 ? 12000
                                        : i - 2000) /
                    12000.0f) *
               sinf((float)i * 0.6f);
    assert_int_equal(snn_encode_clip(encoder, x, 16000, 16000, "x", &spikes, &f->err), SNN_OK);
    for (size_t i = 0; i < spikes.n; i++) {
        /* the window is cut at the clip's ends: look inside */
        if (spikes.tick[i] < 2000 || spikes.tick[i] > 98000)
            continue;
        if (spikes.unit[i] < 40)
            up[spikes.unit[i]]++;
        else
            down[spikes.unit[i] - 40]++;
    }
    /* 0.6 rad a sample is 1528 Hz, in mel the middle of band 17 */
    assert_in_range(up[17], 4, 5);
    assert_int_equal(down[17], 0);
    snn_spikes_free(f->ctx, &spikes);
    snn_encoder_destroy(encoder);
}

/* Every finite float16 there and back. */
static void half_there_and_back(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x10000; bits++)
        if ((bits & 0x7C00) != 0x7C00)
            assert_int_equal(snn_half_encode((double)snn_half_decode((uint16_t)bits)), bits);
    assert_int_equal(snn_half_encode(1e9), 0x7C00);
    assert_int_equal(snn_half_encode(-1e9), 0xFC00);
    assert_int_equal(snn_half_encode(65519.9), 0x7BFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_bytes_for_any_threads, begin, end),
        cmocka_unit_test_setup_teardown(files_read_back, begin, end),
        cmocka_unit_test_setup_teardown(runs_go_on, begin, end),
        cmocka_unit_test_setup_teardown(channels_are_mixed_on_request, begin, end),
        cmocka_unit_test_setup_teardown(clips_of_any_kind, begin, end),
        cmocka_unit_test_setup_teardown(level_crossings_are_counted, begin, end),
        cmocka_unit_test(half_there_and_back),
    };

    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
