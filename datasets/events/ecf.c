/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/events/ecf.h"

#include "datasets/events/codec.h"

/* A cursor that never passes its end. */
struct cursor {
    const unsigned char *at, *end;
};

static bool take8(struct cursor *c, uint32_t *v)
{
    if (c->at == c->end)
        return false;
    *v = *c->at++;
    return true;
}

static bool take16(struct cursor *c, uint32_t *v)
{
    if (c->end - c->at < 2)
        return false;
    *v = snn_le16(c->at);
    c->at += 2;
    return true;
}

/* The larger counts have a word of their own. */
static bool take_count(struct cursor *c, uint32_t most, uint32_t *count)
{
    return *count != most || take16(c, count);
}

static bool take_times(struct cursor *c, int64_t t, snn_event *out, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t byte, count;
        uint64_t step = 0;
        unsigned shift = 0;

        if (!take8(c, &byte))
            return false;
        for (; byte >> 4 == 15; shift += 4) {
            if (shift >= 60)
                return false;
            step |= (uint64_t)(byte & 15) << shift;
            if (!take8(c, &byte))
                return false;
        }
        count = byte & 15;
        if (!take_count(c, 15, &count) || count > n - i)
            return false;
        /* Unsigned: damaged steps may sum up beyond int64. */
        t = (int64_t)((uint64_t)t + (shift > 0 ? step + (byte >> 4) : byte >> 4));
        for (; count > 0; count--)
            out[i++].t = t;
    }
    return true;
}

static void set_xyp(snn_event *e, uint32_t word)
{
    e->y = (uint16_t)(word >> 12);
    e->x = word >> 1 & 2047;
    e->p = word & 1;
}

static bool take_yxp(struct cursor *c, snn_event *out, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint32_t w[3], e[4];

        if (c->end - c->at < 12)
            return false;
        for (int k = 0; k < 3; k++)
            w[k] = snn_le32(c->at + 4 * k);
        c->at += 12;
        e[0] = w[0] >> 8;
        e[1] = (w[0] & 0xff) | w[1] >> 16 << 8;
        e[2] = (w[1] & 0xffff) | w[2] >> 24 << 16;
        e[3] = w[2] & 0xffffff;
        for (size_t k = 0; k < 4 && i + k < n; k++)
            set_xyp(&out[i + k], e[k]);
    }
    return true;
}

static bool take_rows(struct cursor *c, snn_event *out, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t word, count;

        if (!take16(c, &word))
            return false;
        count = word & 31;
        if (!take_count(c, 31, &count) || count > n - i)
            return false;
        for (; count > 0; count--)
            out[i++].y = (uint16_t)(word >> 5);
    }
    return true;
}

static bool take_xp(struct cursor *c, snn_event *out, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint32_t h[3], e[4];

        for (int k = 0; k < 3; k++)
            if (!take16(c, &h[k]))
                return false;
        e[0] = h[0] >> 4;
        e[1] = (h[0] & 15) | h[1] >> 8 << 4;
        e[2] = (h[1] & 255) | h[2] >> 12 << 8;
        e[3] = h[2] & 4095;
        for (size_t k = 0; k < 4 && i + k < n; k++) {
            out[i + k].x = (uint16_t)(e[k] >> 1);
            out[i + k].p = e[k] & 1;
        }
    }
    return true;
}

static bool take_columns(struct cursor *c, snn_event *out, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t word;

        if (!take16(c, &word))
            return false;
        out[i++].x = (uint16_t)(word >> 5);
        for (uint32_t k = 1; k <= 5; k++)
            if ((word >> (5 - k) & 1) != 0) {
                if (i == n)
                    return false;
                out[i++].x = (uint16_t)((word >> 5) + k);
            }
    }
    for (size_t i = 0; i < n;) {
        uint32_t byte, count;

        if (!take8(c, &byte))
            return false;
        count = byte & 127;
        if (!take_count(c, 127, &count) || count > n - i)
            return false;
        for (; count > 0; count--)
            out[i++].p = byte >> 7 & 1;
    }
    return true;
}

bool snn_ecf_decode(const unsigned char *bytes, size_t n, snn_event *out, size_t *events)
{
    struct cursor c;
    uint32_t head;
    size_t count;

    if (n < 12)
        return false;
    c = (struct cursor){bytes + 12, bytes + n};
    head = snn_le32(bytes);
    count = head >> 2;
    if (count > SNN_ECF_MOST)
        return false;
    memset(out, 0, count * sizeof *out);
    if (!take_times(&c, (int64_t)snn_le64(bytes + 4), out, count))
        return false;
    if ((head & 2) != 0) {
        if (!take_yxp(&c, out, count))
            return false;
    } else if (!take_rows(&c, out, count) ||
               !((head & 1) != 0 ? take_xp : take_columns)(&c, out, count)) {
        return false;
    }
    *events = count;
    return true;
}
