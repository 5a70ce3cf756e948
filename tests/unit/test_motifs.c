/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Motif data as written: units fire alike in all classes, the patterns are there, the same
 * bytes on any number of threads, and what is refused.
 */
#include "tests/data_help.h"

#include "datasets/spikes_file.h"

#include <snn/motifs.h>

#define CLASSES 5u
#define UNITS   12u

struct tally {
    uint32_t samples[CLASSES];
    uint64_t events[CLASSES][UNITS];
    double chi_square, degrees, nearest_ms;
    int calls;
};

static snn_motifs_params small(void)
{
    snn_motifs_params p;

    snn_motifs_params_init(&p);
    p.classes = CLASSES;
    p.units = UNITS;
    p.count[SNN_SPLIT_TRAIN] = 600;
    p.count[SNN_SPLIT_VALID] = 0;
    p.count[SNN_SPLIT_TEST] = 33;
    return p;
}

static void take(void *user, const snn_motifs_report *r)
{
    struct tally *t = user;

    assert_int_equal(r->classes, CLASSES);
    assert_int_equal(r->units, UNITS);
    memcpy(t->samples, r->samples, sizeof t->samples);
    memcpy(t->events, r->events, sizeof t->events);
    t->chi_square = r->chi_square;
    t->degrees = r->degrees;
    t->nearest_ms = r->nearest_ms;
    t->calls++;
}

/* Counts of units in one split of a folder, as a network would get them. */
static void count_split(struct data_test *t, const char *name, snn_split split, struct tally *out)
{
    snn_dataset *data;
    snn_sample s;

    t->params.units = UNITS;
    t->params.channel_bin = 1;
    data_ok(t, snn_dataset_open(t->ctx, data_path(t, name), &t->params, &data, &t->err));
    for (uint32_t i = 0; i < snn_dataset_get_info(data)->count[split]; i++) {
        void *scratch = snn_alloc(t->ctx, 1, snn_dataset_get_info(data)->scratch_bytes);

        data_ok(t, snn_dataset_read(data, split, i, scratch, &s, &t->err));
        out->samples[s.label]++;
        for (uint32_t k = s.first[0]; k < s.first[s.steps]; k++)
            out->events[s.label][s.unit[k]] += s.count[k];
        snn_free(t->ctx, scratch);
    }
    snn_dataset_destroy(data);
}

/*
 * One motif spike a sample and unit, and noise of a known mean: the sum over classes and
 * units of (noise - mean)^2 / mean is chi-square of `degrees`, up to the discreteness of
 * counts of hundreds.  Beyond k + 2 sqrt(k x) + 2 x, or below k - 2 sqrt(k x), it is with
 * probability e^-x (Laurent and Massart, 2000); x = 20.
 */
static bool alike(const struct tally *t, const snn_motifs_params *p, double *out)
{
    const double k = CLASSES * UNITS, x = 20;
    double sum = 0;

    for (uint32_t c = 0; c < CLASSES; c++)
        for (uint32_t u = 0; u < UNITS; u++) {
            const double mean = t->samples[c] * p->noise_hz * p->duration_s;
            const double noise = (double)t->events[c][u] - t->samples[c];

            sum += (noise - mean) * (noise - mean) / mean;
        }
    *out = sum;
    return sum <= k + 2 * sqrt(k * x) + 2 * x && sum >= k - 2 * sqrt(k * x);
}

static void rates(void **state)
{
    struct data_test *t = *state;
    snn_motifs_params p = small();
    struct tally told = {.calls = 0}, read = {.calls = 0};
    double sum;

    p.report = take;
    p.user = &told;
    p.count[SNN_SPLIT_VALID] = 7;
    data_ok(t, snn_make_motifs(t->ctx, data_path(t, "a"), &p, &t->err));
    assert_int_equal(told.calls, 1);
    for (int s = 0; s < SNN_SPLITS; s++)
        count_split(t, "a", (snn_split)s, &read);
    assert_memory_equal(read.samples, told.samples, sizeof read.samples);
    assert_memory_equal(read.events, told.events, sizeof read.events);
    assert_true(alike(&read, &p, &sum));
    assert_true(told.degrees == CLASSES * UNITS);
    assert_true(fabs(sum - told.chi_square) <= 1e-9 * sum);
    /* Two units of a class that fire 2 Hz more and less often do not pass. */
    read.events[2][3] += (uint64_t)(2 * read.samples[2] * p.duration_s);
    read.events[2][4] -= (uint64_t)(2 * read.samples[2] * p.duration_s);
    assert_false(alike(&read, &p, &sum));
}

/* Without noise and jitter a sample is its class's pattern, at one place. */
static void patterns(void **state)
{
    struct data_test *t = *state;
    snn_motifs_params p = small();
    struct tally told = {.calls = 0};
    snn_spike_file file = {0};
    snn_spike_block block = {0};
    double ms[CLASSES][UNITS], nearest = INFINITY;
    const char *path;
    hid_t set;

    p.noise_hz = p.jitter_ms = 0;
    p.report = take;
    p.user = &told;
    data_ok(t, snn_make_motifs(t->ctx, data_path(t, "a"), &p, &t->err));
    assert_true(told.degrees == 0 && told.chi_square == 0);
    path = data_path(t, "a/motifs_train.h5");
    data_ok(t, snn_spike_file_open(t->ctx, path, &file, &t->err));
    assert_int_equal(file.n_samples, 600);
    assert_int_equal(file.keys.n, CLASSES);
    assert_string_equal(file.keys.name[4], "motif-4");
    set = H5Dopen2(file.file, "extra/motif_ms", H5P_DEFAULT);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, ms) >= 0);
    H5Dclose(set);
    data_ok(t, snn_spike_file_read(&file, 0, 256, &block, &t->err));
    for (uint32_t i = 0; i < 256; i++) {
        double low = INFINITY, high = -INFINITY;
        uint32_t seen = 0;

        assert_int_equal(file.label[i], i % CLASSES);
        for (size_t k = block.first[i]; k < block.first[i + 1]; k++) {
            const double place = 1000.0 * block.time_s[k] - ms[i % CLASSES][block.unit[k]];

            assert_true(k == block.first[i] || block.time_s[k] >= block.time_s[k - 1]);
            seen |= 1u << block.unit[k];
            low = fmin(low, place);
            high = fmax(high, place);
        }
        assert_int_equal(block.first[i + 1] - block.first[i], UNITS);
        assert_int_equal(seen, (1u << UNITS) - 1);
        /* A tick, and float16's step of 0.98 ms from 1.024 s on. */
        assert_true(high - low <= 0.1 + 0.98);
        assert_true(low >= -0.6 && high <= 1000 * p.duration_s - p.motif_ms + 0.6);
    }
    /* Units 0 and 1 are of the two parts: gap and difference of classes are kept. */
    for (uint32_t c = 0; c < CLASSES; c++) {
        const double offset = (ms[0][1] - ms[0][3]) - (ms[0][0] - ms[0][2]);

        assert_true(fabs(ms[c][0] - ms[c][1]) >= p.gap_ms - p.spread_ms);
        assert_true(fabs((ms[c][1] - ms[c][3]) - (ms[c][0] - ms[c][2]) - offset) < 1e-9);
        for (uint32_t b = 0; b < c; b++)
            nearest = fmin(nearest, fabs((ms[c][0] - ms[c][1]) - (ms[b][0] - ms[b][1])));
    }
    assert_true(nearest >= told.nearest_ms && nearest > 20);
    snn_spike_block_free(t->ctx, &block);
    snn_spike_file_close(&file);
}

static bool same_file(const struct data_test *t, const char *a, const char *b)
{
    size_t n, m;
    char *x = data_slurp(data_path(t, a), &n), *y = data_slurp(data_path(t, b), &m);
    const bool same = n == m && memcmp(x, y, n) == 0;

    free(x);
    free(y);
    return same;
}

static void same_bytes(void **state)
{
    struct data_test *t = *state;
    snn_motifs_params p = small();
    snn_context_params one;
    snn_context *ctx;

    snn_context_params_init(&one);
    one.threads = 1;
    data_ok(t, snn_context_create(&one, &ctx, &t->err));
    data_ok(t, snn_make_motifs(t->ctx, data_path(t, "a"), &p, &t->err));
    data_ok(t, snn_make_motifs(ctx, data_path(t, "b"), &p, &t->err));
    assert_int_equal(snn_context_bytes(ctx), 0);
    snn_context_destroy(ctx);
    assert_true(same_file(t, "a/motifs_train.h5", "b/motifs_train.h5"));
    assert_true(same_file(t, "a/motifs_test.h5", "b/motifs_test.h5"));
    data_ok(t, snn_make_motifs(t->ctx, data_path(t, "b"), &p, &t->err)); /* again, over it */
    assert_true(same_file(t, "a/motifs_train.h5", "b/motifs_train.h5"));
    p.seed = 1;
    data_ok(t, snn_make_motifs(t->ctx, data_path(t, "c"), &p, &t->err));
    assert_false(same_file(t, "a/motifs_train.h5", "c/motifs_train.h5"));
}

static int stop_soon(void *user, uint32_t done, uint32_t total)
{
    (void)user;
    return done > total / 3;
}

static void refused(void **state)
{
    static const struct {
        size_t offset;
        bool whole; /* a uint32_t, else a double */
        double value;
        const char *where;
    } wrong[] = {
        {offsetof(snn_motifs_params, classes), true, 1, "classes"},
        {offsetof(snn_motifs_params, parts), true, 1, "parts"},
        {offsetof(snn_motifs_params, parts), true, 17, "parts"},
        {offsetof(snn_motifs_params, units), true, 1, "units"},
        {offsetof(snn_motifs_params, units), true, 65536, "units"},
        {offsetof(snn_motifs_params, count), true, 0, "count"},
        {offsetof(snn_motifs_params, duration_s), false, 61, "duration"},
        {offsetof(snn_motifs_params, duration_s), false, 0.3, "motif"},
        {offsetof(snn_motifs_params, motif_ms), false, 1201, "motif"},
        {offsetof(snn_motifs_params, motif_ms), false, NAN, "motif"},
        {offsetof(snn_motifs_params, gap_ms), false, 570, "motif"}, /* no room */
        {offsetof(snn_motifs_params, gap_ms), false, -1, "gap"},
        {offsetof(snn_motifs_params, spread_ms), false, -1, "spread"},
        {offsetof(snn_motifs_params, jitter_ms), false, 1001, "jitter"},
        {offsetof(snn_motifs_params, noise_hz), false, -1, "noise"},
    };
    struct data_test *t = *state;
    snn_motifs_params p;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const uint32_t whole = (uint32_t)(wrong[i].whole ? wrong[i].value : 0);

        p = small();
        if (wrong[i].whole)
            memcpy((char *)&p + wrong[i].offset, &whole, sizeof whole);
        else
            memcpy((char *)&p + wrong[i].offset, &wrong[i].value, sizeof wrong[i].value);
        data_expect(t, snn_make_motifs(t->ctx, data_path(t, "x"), &p, &t->err), SNN_EINVAL,
                    wrong[i].where, "");
        assert_int_equal(access(data_path(t, "x"), F_OK), -1);
    }
    p.size = 0;
    assert_int_equal(snn_make_motifs(t->ctx, data_path(t, "x"), &p, &t->err), SNN_EINVAL);
}

/* Files of other settings stay, a stop leaves no half file. */
static void files(void **state)
{
    struct data_test *t = *state;
    snn_motifs_params p = small();

    p.progress = stop_soon;
    data_expect(t, snn_make_motifs(t->ctx, data_path(t, "a"), &p, &t->err), SNN_EINTERRUPTED,
                "motifs_train.h5", "stopped after");
    assert_int_equal(access(data_path(t, "a/motifs_train.h5"), F_OK), -1);
    assert_int_equal(access(data_path(t, "a/motifs_train.h5.part"), F_OK), -1);
    p.progress = NULL;
    data_ok(t, snn_make_motifs(t->ctx, data_path(t, "a"), &p, &t->err));
    p.seed = 9;
    data_expect(t, snn_make_motifs(t->ctx, data_path(t, "a"), &p, &t->err), SNN_EINVAL,
                "motifs_train.h5", "other settings");
    mkdir(data_path(t, "b"), 0777);
    data_text(t, "b/motifs_valid.h5", "mine");
    data_expect(t, snn_make_motifs(t->ctx, data_path(t, "b"), &p, &t->err), SNN_EINVAL,
                "motifs_valid.h5", "other settings");
    data_text(t, "c", "a file");
    data_expect(t, snn_make_motifs(t->ctx, data_path(t, "c"), &p, &t->err), SNN_EIO, "c", "folder");
}

/* SNN_ENOMEM at every block, nothing kept. */
static void memory(void **state)
{
    struct data_test *t = *state;
    struct data_scarce scarce = {0};
    snn_context *ctx = data_scarce_context(t, &scarce, 2);
    snn_motifs_params p = small();
    snn_status st = SNN_ENOMEM;
    long k;

    p.count[SNN_SPLIT_TRAIN] = p.count[SNN_SPLIT_TEST] = 3;
    for (k = 0; st != SNN_OK && k < 1000; k++) {
        scarce.left = k;
        st = snn_make_motifs(ctx, data_path(t, "a"), &p, &t->err);
        if (st != SNN_OK)
            data_expect(t, st, SNN_ENOMEM, "", "memory");
        assert_int_equal(scarce.held, 1); /* the context */
    }
    assert_int_equal(st, SNN_OK);
    assert_true(k > 10);
    snn_context_destroy(ctx);
}

#define test(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(rates), test(patterns), test(same_bytes), test(refused), test(files), test(memory),
    };

    return cmocka_run_group_tests_name("motifs", tests, NULL, NULL);
}
