/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of formats, and which of them a file's first bytes are. */
#include "datasets/events/codec.h"

static const snn_event_codec *const CODECS[] = {
    &snn_codec_text,   &snn_codec_bin,  &snn_codec_dat,    &snn_codec_evt2,
    &snn_codec_evt21,  &snn_codec_evt3, &snn_codec_aedat2, &snn_codec_aedat3,
    &snn_codec_aedat4, &snn_codec_hdf5, &snn_codec_es,     &snn_codec_evt4,
};

static const struct {
    snn_event_format format;
    const char *name;
} NAMES[] = {
#define ROW(code, value, name, extension, text) {code, name},
    SNN_EVENT_FORMATS(ROW)
#undef ROW
};

const snn_event_codec *snn_event_codec_of(snn_event_format format)
{
    for (size_t i = 0; i < SNN_COUNT(CODECS); i++)
        if (CODECS[i]->format == format)
            return CODECS[i];
    return NULL;
}

/* 20 is less than any probe says of what it knows. */
#define LEAST_FIT 20

const snn_event_codec *snn_event_codec_guess(const unsigned char *head, size_t n, bool whole,
                                             int *fit)
{
    const snn_event_codec *best = NULL;
    int most = LEAST_FIT - 1;

    for (size_t i = 0; i < SNN_COUNT(CODECS); i++) {
        const int own = CODECS[i]->probe(head, n, whole);

        if (own > most) {
            most = own;
            best = CODECS[i];
        }
    }
    *fit = most;
    return best;
}

const char *snn_event_format_name(snn_event_format format)
{
    for (size_t i = 0; i < SNN_COUNT(NAMES); i++)
        if (NAMES[i].format == format)
            return NAMES[i].name;
    return "auto";
}

snn_event_format snn_event_format_find(const char *name)
{
    for (size_t i = 0; i < SNN_COUNT(NAMES); i++)
        if (strcmp(NAMES[i].name, name) == 0)
            return NAMES[i].format;
    return SNN_EVENTS_AUTO;
}

int snn_event_format_writable(snn_event_format format)
{
    const snn_event_codec *codec = snn_event_codec_of(format);

    return codec != NULL && codec->begin != NULL;
}
