/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file of a split whose spool is complete: spikes, labels, speakers, sources, and among
 * its attributes the settings and a digest of the input.  It gets its name when it is whole.
 */
#include "datasets/encode_job.h"
#include "datasets/spikes_write.h"

#include <math.h>
#include <stdlib.h>

#define CLIPS_A_WRITE 64 /* fixed: how a file is written must not depend on threads */

/* All samples, a fixed number at a time. */
static snn_status write_spikes(const snn_encode_part *part, snn_spool *spool, snn_spike_writer *w,
                               snn_error *err)
{
    snn_spike_list list[CLIPS_A_WRITE] = {{0}};
    double ticks_per_s[CLIPS_A_WRITE];
    snn_status st;

    TRY(st, snn_spool_rewind(spool, err));
    for (uint32_t first = 0; first < part->n; first += CLIPS_A_WRITE) {
        const uint32_t n = part->n - first < CLIPS_A_WRITE ? part->n - first : CLIPS_A_WRITE;

        for (uint32_t i = 0; i < n; i++) {
            TRY(st, snn_spool_next(spool, first + i, &list[i], &ticks_per_s[i], err));
            part->events[first + i] = (uint32_t)list[i].n;
        }
        TRY(st, snn_spike_writer_add(w, first, n, list, ticks_per_s, err));
        for (uint32_t i = 0; i < n; i++)
            snn_spike_list_free(&list[i]);
    }

done:
    for (uint32_t i = 0; i < CLIPS_A_WRITE; i++)
        if (list[i].ctx != NULL)
            snn_spike_list_free(&list[i]);
    return st;
}

/* extra/meta_info, by speaker: an age that is not known is -1, a height not a number. */
static snn_status write_facts(const snn_recordings *rec, snn_spike_writer *w, snn_error *err)
{
    const uint32_t n = (uint32_t)rec->speakers.n;
    const snn_names *gender = &rec->fact[SNN_FACT_GENDER], *age = &rec->fact[SNN_FACT_AGE],
                    *height = &rec->fact[SNN_FACT_HEIGHT];
    int16_t *years = NULL;
    double *high = NULL;
    snn_status st = SNN_OK;

    if (gender->n + age->n + height->n == 0)
        return SNN_OK;
    TRY_ALLOC(st, rec->ctx, years, n, err);
    TRY_ALLOC(st, rec->ctx, high, n, err);
    TRY(st, snn_spike_writer_group(w, "extra/meta_info", err));
    if (gender->n > 0)
        TRY(st, snn_spike_writer_texts(w, "extra/meta_info/gender", gender->name, n, err));
    for (size_t s = 0; s < age->n; s++)
        years[s] = (int16_t)(age->name[s][0] != '\0' ? strtol(age->name[s], NULL, 10) : -1);
    if (age->n > 0)
        TRY(st, snn_spike_writer_numbers(w, "extra/meta_info/age", H5T_NATIVE_INT16, H5T_STD_I16LE,
                                         years, n, err));
    for (size_t s = 0; s < height->n; s++)
        high[s] = height->name[s][0] != '\0' ? strtod(height->name[s], NULL) : (double)NAN;
    if (height->n > 0)
        TRY(st, snn_spike_writer_numbers(w, "extra/meta_info/body_height", H5T_NATIVE_DOUBLE,
                                         H5T_IEEE_F64LE, high, n, err));

done:
    snn_free(rec->ctx, high);
    snn_free(rec->ctx, years);
    return st;
}

/* Where one speaker is unknown or there are too many for SHD's 16 bits, none is told. */
static snn_status write_speakers(const snn_encode_part *part, snn_spike_writer *w, snn_error *err)
{
    const snn_recordings *rec = &part->job->rec;
    bool known = rec->speakers.n > 0 && rec->speakers.n < UINT16_MAX;
    uint16_t *number = NULL;
    snn_status st;

    TRY_ALLOC(st, rec->ctx, number, part->n, err);
    for (uint32_t i = 0; i < part->n; i++) {
        known &= rec->at[part->index[i]].speaker != SNN_NO_SPEAKER;
        number[i] = (uint16_t)rec->at[part->index[i]].speaker;
    }
    if (!known)
        goto done;
    TRY(st, snn_spike_writer_numbers(w, "extra/speaker", H5T_NATIVE_UINT16, H5T_STD_U16LE, number,
                                     part->n, err));
    TRY(st, snn_spike_writer_texts(w, "extra/speaker_names", rec->speakers.name,
                                   (uint32_t)rec->speakers.n, err));
    TRY(st, write_facts(rec, w, err));

done:
    snn_free(rec->ctx, number);
    return st;
}

/* Labels, speakers, sources and digests of the samples. */
static snn_status write_samples(const snn_encode_part *part, snn_spike_writer *w, snn_error *err)
{
    const snn_encode_job *job = part->job;
    const char **source = NULL;
    uint64_t *digest = NULL;
    uint16_t *label = NULL;
    snn_status st;

    TRY_ALLOC(st, job->ctx, source, part->n, err);
    TRY_ALLOC(st, job->ctx, digest, part->n, err);
    TRY_ALLOC(st, job->ctx, label, part->n, err);
    for (uint32_t i = 0; i < part->n; i++) {
        label[i] = (uint16_t)job->rec.at[part->index[i]].label;
        source[i] = job->rec.at[part->index[i]].key;
        digest[i] = job->digest[part->index[i]];
    }
    TRY(st, snn_spike_writer_numbers(w, "labels", H5T_NATIVE_UINT16, H5T_STD_U16LE, label, part->n,
                                     err));
    TRY(st, write_speakers(part, w, err));
    TRY(st, snn_spike_writer_texts(w, "extra/source", source, part->n, err));
    TRY(st, snn_spike_writer_numbers(w, "extra/digest", H5T_NATIVE_UINT64, H5T_STD_U64LE, digest,
                                     part->n, err));
    TRY(st, snn_spike_writer_texts(w, "extra/keys", job->rec.classes.name,
                                   (uint32_t)job->rec.classes.n, err));

done:
    snn_free(job->ctx, label);
    snn_free(job->ctx, digest);
    snn_free(job->ctx, source);
    return st;
}

snn_status snn_encode_write(snn_encode_part *part, snn_spool *spool, snn_error *err)
{
    snn_encode_job *job = part->job;
    snn_spike_writer w = {0};
    snn_status st;

    TRY(st, snn_spike_writer_open(job->ctx, part->path, part->n, job->params->times, &w, err));
    TRY(st, write_spikes(part, spool, &w, err));
    TRY(st, write_samples(part, &w, err));
    TRY(st, snn_spike_writer_attribute(&w, "snn_version", snn_version(), err));
    TRY(st, snn_spike_writer_attribute(&w, "settings", job->settings, err));
    TRY(st, snn_spike_writer_attribute(&w, "source", job->rec.name, err));
    TRY(st, snn_spike_writer_attribute(&w, "source_digest", part->digest, err));
    TRY(st, snn_spike_writer_commit(&w, err));

done:
    snn_spike_writer_close(&w);
    return st;
}
