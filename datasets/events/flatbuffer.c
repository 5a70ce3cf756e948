/* SPDX-License-Identifier: BSD-3-Clause */
#include "datasets/events/flatbuffer.h"

#include "datasets/events/codec.h"

/* Whether bytes place .. place + bytes - 1 are there. */
static bool inside(const snn_flat *f, size_t place, size_t bytes)
{
    return place <= f->n && bytes <= f->n - place;
}

/* A place `offset` further, 32 bits; false where that is outside. */
static bool follow(const snn_flat *f, size_t place, size_t *out)
{
    uint32_t offset;

    if (!inside(f, place, 4))
        return false;
    offset = snn_le32(f->at + place);
    if (offset > f->n - place)
        return false;
    *out = place + offset;
    return true;
}

bool snn_flat_root(const snn_flat *f, const char *identifier, size_t *table)
{
    return inside(f, 0, 8) && memcmp(f->at + 4, identifier, 4) == 0 && follow(f, 0, table) &&
           inside(f, *table, 4);
}

bool snn_flat_field(const snn_flat *f, size_t table, unsigned index, size_t bytes, size_t *place)
{
    const size_t entry = 4 + 2 * (size_t)index;
    int64_t vtable;
    size_t at, size, offset;

    *place = 0;
    if (!inside(f, table, 4))
        return false;
    /* The table of offsets lies a signed number of bytes before. */
    vtable = (int64_t)table - (int32_t)snn_le32(f->at + table);
    if (vtable < 0 || !inside(f, (size_t)vtable, 4))
        return false;
    at = (size_t)vtable;
    size = snn_le16(f->at + at);
    if (size < 4 || !inside(f, at, size))
        return false;
    if (entry + 2 > size)
        return true;
    offset = snn_le16(f->at + at + entry);
    if (offset == 0)
        return true;
    if (offset < 4 || !inside(f, table + offset, bytes))
        return false;
    *place = table + offset;
    return true;
}

bool snn_flat_vector(const snn_flat *f, size_t place, size_t bytes, size_t *first, size_t *n)
{
    size_t vector;

    *first = *n = 0;
    if (place == 0)
        return true;
    if (!follow(f, place, &vector) || !inside(f, vector, 4))
        return false;
    *n = snn_le32(f->at + vector);
    *first = vector + 4;
    return *n <= (f->n - *first) / bytes;
}
