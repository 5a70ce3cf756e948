/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A recording of a texture that moves in a known way, as an event camera would make it:
 *
 *     make_recording KIND VX VY SECONDS SIDE SEED  > recording.txt
 *
 * KIND is bars (across the motion), leaves (opaque discs of all sizes, "dead leaves") or
 * cloud (waves of random direction and length); VX, VY pixels a second right and down; the
 * sensor has SIDE x SIDE pixels.  A pixel sends an event each time that its logarithmic
 * brightness has moved by THRESHOLD from where it was at its last event, at the time at
 * which it crossed, and NOISE events a second on its own.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRID      1024 /* cells of the texture, a torus */
#define FINE      4    /* cells a pixel */
#define THRESHOLD 0.3
#define NOISE     0.2 /* a pixel and second */
#define STEP      0.1 /* pixels between two looks at the texture */

typedef struct {
    int64_t t;
    int x, y, p;
} event;

static float texture[GRID][GRID];
static event *events;
static size_t n_events, room;

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static void make_leaves(uint64_t *state)
{
    for (int i = 0; i < 4000; i++) {
        const double r = FINE * 2.0 * pow(1 - 0.97 * uniform(state), -0.5); /* 2 to 12 pixels */
        const int x = (int)(GRID * uniform(state)), y = (int)(GRID * uniform(state));
        const float grey = (float)(1.5 * uniform(state));

        for (int dy = (int)-r; dy <= (int)r; dy++)
            for (int dx = (int)-r; dx <= (int)r; dx++)
                if (dx * dx + dy * dy <= r * r)
                    texture[(y + dy) & (GRID - 1)][(x + dx) & (GRID - 1)] = grey;
    }
}

static void make_cloud(uint64_t *state)
{
    for (int i = 0; i < 60; i++) {
        const double angle = 6.283185307179586 * uniform(state), phase = 6.3 * uniform(state);
        const double waves = GRID / FINE * 0.04 * pow(6, uniform(state)); /* 4 to 25 pixels long */
        const double kx = rint(waves * cos(angle)), ky = rint(waves * sin(angle));

        for (int y = 0; y < GRID; y++)
            for (int x = 0; x < GRID; x++)
                texture[y][x] +=
                    (float)(0.16 * sin(6.283185307179586 * (kx * x + ky * y) / GRID + phase));
    }
}

/* A pixel is as wide as FINE cells: the mean over them, one direction after the other. */
static void blur(void)
{
    static float row[GRID];

    for (int pass = 0; pass < 2; pass++)
        for (int a = 0; a < GRID; a++) {
            for (int b = 0; b < GRID; b++) {
                row[b] = 0;
                for (int k = 0; k < FINE; k++) {
                    const int c = (b + k) & (GRID - 1);

                    row[b] += (pass == 0 ? texture[a][c] : texture[c][a]) / FINE;
                }
            }
            for (int b = 0; b < GRID; b++)
                *(pass == 0 ? &texture[a][b] : &texture[b][a]) = row[b];
        }
}

/* Brightness at (x, y) pixels; bars: row 0 of the texture along the motion. */
static double look(int bars, double x, double y, double angle)
{
    const double u = FINE * (bars ? x * cos(angle) + y * sin(angle) : x), v = bars ? 0 : FINE * y;
    const double u0 = floor(u), v0 = floor(v), a = u - u0, b = v - v0;
    const int i = (int)u0 & (GRID - 1), j = (int)v0 & (GRID - 1);
    const int i1 = (i + 1) & (GRID - 1), j1 = (j + 1) & (GRID - 1);

    return (1 - b) * ((1 - a) * (double)texture[j][i] + a * (double)texture[j][i1]) +
           b * ((1 - a) * (double)texture[j1][i] + a * (double)texture[j1][i1]);
}

static void send(double t, int x, int y, int p)
{
    if (n_events == room) {
        room = room > 0 ? 2 * room : 65536;
        events = realloc(events, room * sizeof *events);
        if (events == NULL)
            exit(1);
    }
    events[n_events++] = (event){(int64_t)(1e6 * t), x, y, p};
}

static int by_time(const void *a, const void *b)
{
    const event *e = a, *f = b;

    if (e->t != f->t)
        return e->t < f->t ? -1 : 1;
    return e->y != f->y ? e->y - f->y : e->x != f->x ? e->x - f->x : e->p - f->p;
}

static void record(int bars, double vx, double vy, double seconds, int side, uint64_t *state)
{
    const double speed = hypot(vx, vy), angle = atan2(vy, vx);
    const double dt = speed > 0 ? STEP / speed : seconds;

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double before = look(bars, x, y, angle), level = before + THRESHOLD * uniform(state);
            for (double t = 0; t < seconds; t += dt) {
                const double now = look(bars, x - vx * (t + dt), y - vy * (t + dt), angle);

                while (fabs(now - level) >= THRESHOLD) {
                    level += now > level ? THRESHOLD : -THRESHOLD;
                    send(t + dt * fmin(1, fmax(0, (level - before) / (now - before))), x, y,
                         now > before);
                }
                before = now;
                if (uniform(state) < NOISE * dt)
                    send(t, x, y, uniform(state) < 0.5);
            }
        }
}

/* A number that is all of an argument. */
static double number(const char *text)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || *end != '\0') {
        fprintf(stderr, "make_recording: '%s' is no number\n", text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    const char *const kinds[] = {"bars", "leaves", "cloud"};
    uint64_t state;
    int kind = 0, side;

    while (argc == 7 && kind < 3 && strcmp(argv[1], kinds[kind]) != 0)
        kind++;
    if (argc != 7 || kind == 3) {
        fprintf(stderr, "usage: make_recording bars|leaves|cloud VX VY SECONDS SIDE SEED\n");
        return 2;
    }
    side = (int)number(argv[5]);
    state = (uint64_t)number(argv[6]) * 0x9e3779b97f4a7c15u + 1;
    if (kind == 2)
        make_cloud(&state);
    else
        make_leaves(&state);
    blur();
    record(kind == 0, number(argv[2]), number(argv[3]), number(argv[4]), side, &state);
    qsort(events, n_events, sizeof *events, by_time);
    printf("# geometry:%d,%d\n", side, side);
    for (size_t i = 0; i < n_events; i++)
        printf("%lld.%06lld %d %d %d\n", (long long)events[i].t / 1000000,
               (long long)events[i].t % 1000000, events[i].x, events[i].y, events[i].p);
    free(events);
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
