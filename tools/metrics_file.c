/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/metrics_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_COLUMNS 32

/* Cell i of a row that ends at a newline or NUL; false where the row is shorter. */
static bool cell_at(const char *row, size_t i, const char **begin, size_t *length)
{
    for (; i > 0; i--) {
        row += strcspn(row, ",\n");
        if (*row != ',')
            return false;
        row++;
    }
    *begin = row;
    *length = strcspn(row, ",\n");
    return true;
}

static snn_status find_column(const char *text, const char *path, const char *name, size_t *out,
                              snn_error *err)
{
    const char *cell;
    size_t length;

    for (size_t i = 0; cell_at(text, i, &cell, &length); i++)
        if (length == strlen(name) && strncmp(cell, name, length) == 0) {
            *out = i;
            return SNN_OK;
        }
    return snn_error_set(err, SNN_EFORMAT, path, "has no column '%s'", name);
}

static double number_of(const char *cell, size_t length)
{
    char *end = NULL;
    const double value = strtod(cell, &end);

    return end == cell + length && length > 0 ? value : NAN;
}

static size_t count_rows(const char *text)
{
    size_t rows = 0;

    for (; *text != '\0'; text++)
        rows += *text == '\n';
    return rows > 0 ? rows - 1 : 0;
}

snn_status metrics_read(snn_context *ctx, const char *path, const char *const *names,
                        size_t n_names, double **column, size_t *n, snn_error *err)
{
    size_t place[MOST_COLUMNS], rows, length;
    const char *row, *cell;
    char *text = NULL;
    snn_status status = SNN_OK;

    TRY(status, read_whole_file(ctx, path, &text, err));
    rows = count_rows(text);
    if (rows == 0)
        TRY(status, snn_error_set(err, SNN_EFORMAT, path, "holds no rows yet"));
    for (size_t i = 0; i < n_names && i < MOST_COLUMNS; i++) {
        TRY(status, find_column(text, path, names[i], &place[i], err));
        column[i] = snn_alloc(ctx, rows, sizeof **column);
        if (column[i] == NULL)
            TRY(status, snn_error_set(err, SNN_ENOMEM, NULL, "out of memory"));
    }
    row = text;
    for (size_t r = 0; r < rows; r++) {
        row += strcspn(row, "\n") + 1;
        for (size_t i = 0; i < n_names && i < MOST_COLUMNS; i++) {
            if (!cell_at(row, place[i], &cell, &length))
                TRY(status, snn_error_set(err, SNN_EFORMAT, path, "row %zu has no cell %zu", r + 1,
                                          place[i] + 1));
            column[i][r] = number_of(cell, length);
        }
    }
    *n = rows;
done:
    snn_free(ctx, text);
    return status;
}
