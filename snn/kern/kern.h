/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numeric kernels: contracts and the table that selects one build of them.
 *
 * The same bodies (*_body.h) are compiled once per instruction set; a context
 * points to one table.  Kernels know no threads, files or heap: each is a
 * function over a half-open range, the layer above divides the work.  Arrays of
 * one call do not overlap unless said; no alignment is assumed.
 *
 * `ref.c` holds the plainest form of each kernel in double precision: the
 * specification that tests/kern compares every table with.
 */
#ifndef SNN_KERN_KERN_H
#define SNN_KERN_KERN_H

#include <snn/params.h>

#include <math.h>
#include <stdbool.h>

/* Arrays that are larger are not in the caches when they are read next: what writes them need
 * not read their lines first. */
#define SNN_PAST_FLOATS ((size_t)1 << 24)

/* ---- taps ------------------------------------------------------------- */

/*
 * From weights and positions to taps, and back (DCLS in one dimension).
 *
 * With c = floor(D/2), p = P + c, tap coordinate k = 0 .. D-1 and delay d = D-1-k:
 *
 *     y_k = x_k / (sum_j x_j + 1e-7),    kernel[d] = sum_m W_m y_{k,m}
 *
 *     gauss  x_k = exp(-((k-p)/s)^2 / 2)      s = |sigma| + 0.27
 *     max    x_k = max(0, s - |k-p|)          s = |sigma| + 1
 *     v1     max with sigma = 0
 *     v0     x_floor(p) = 1-r, x_floor(p)+1 = r, r = p - floor(p); no division
 *
 * The sum covers the kernel's own taps only, so a bump cut by an end is
 * renormalised.  Gradients are those of Khalfaoui-Hassani et al. (DCLS), with
 * sign(0) = 0 and zero slope at the corner of max(0, .).
 *
 * Dense taps stand in [D][S], summed over m.  Narrow ones, of width K <= D, are those
 * of a window of K taps about each position, k0 <= k < k0 + K with
 *
 *     k0 = floor(p) (v0), round(p - (K-1)/2) (others), in float, moved into 0 .. D-K
 *
 * and stand in [K][M][S] by growing delay, the first of them that of first[m][s].
 * Sums go over the window alone: whoever asks for K knows that the rest is nothing.
 */
typedef struct snn_taps {
    snn_kernel_version version;
    bool one_hot;      /* evaluation: positions rounded (ties to even), version max, sigma 0 */
    uint32_t n_taps;   /* D */
    uint32_t width;    /* K, or 0: dense */
    uint32_t elements; /* M delayed weights a synapse */
    size_t synapses;   /* S = n_out * n_in */
    const float *weight, *position, *sigma; /* [M][S] */
    uint16_t *first;                        /* narrow: [M][S], written by taps_forward */
    float *kernel;                          /* [D][S], delay 0 first, or [K][M][S] */
    const float *g_kernel;                  /* as kernel */
    float *g_weight, *g_position, *g_sigma; /* [M][S]; g_sigma may be NULL */
} snn_taps;

/* k0 of a window of `width` taps for p = P + c. */
static inline float snn_taps_start(float p, uint32_t width, uint32_t n_taps, bool v0)
{
    const float start = v0 ? floorf(p) : rintf(p - 0.5f * (float)(width - 1));
    const float last = (float)(n_taps - width);

    return !(start > 0.0f) ? 0.0f : start > last ? last : start;
}

/* Synapses that one inner loop treats together, and the scratch it needs. */
#define SNN_TAPS_LANES           64
#define SNN_TAPS_SCRATCH(n_taps) ((size_t)(n_taps)*SNN_TAPS_LANES)

/* ---- shifts ------------------------------------------------------------- */

/*
 * Taps of each channel by itself, along time:
 *
 *     forward    y[t, b, c]  = sum_d taps[d, c] x[t - d, b, c]       0 <= t < T'
 *     backward   gx[t, b, c] = sum_d taps[d, c] gy[t + d, b, c]      0 <= t < T
 *     gradient   g_taps[d, c] = sum_t sum_b gy[t, b, c] x[t - d, b, c]
 *
 * x, gx [T, B, C], y, gy [T', B, C]; what lies outside of them counts as zero.
 */
typedef struct snn_shift {
    uint32_t n_taps;         /* D */
    size_t steps, steps_out; /* T, T' */
    size_t batch, channels;  /* B, C */
    const float *taps;       /* [D][stride], the first C of each row */
    size_t stride;
} snn_shift;

/* ---- shifted rows --------------------------------------------------------- */

/*
 * Rows of numbers, and terms that point into other rows: the terms first[r] ..
 * first[r+1] - 1 belong to row r, and with in_n[j] = in[offset[n] + j], 0 <= j < columns,
 *
 *     rows_add   out[r][j] += sum_n weight[n] in_n[j]
 *     rows_dot   g[n] += sum_j row[r][j] in_n[j]
 *
 * columns is a multiple of SNN_ROWS_GRAIN.  With `lines`, a hint, rows_add may read all of a
 * line of 64 bytes that holds a number of in_n: faster where offsets are no multiples of the
 * grain, slower where they all are.
 */
#define SNN_ROWS_GRAIN 16

typedef struct snn_row_terms {
    const float *in;
    const uint32_t *first; /* [rows + 1] */
    const int32_t *offset;
    const float *weight;
    size_t columns;
    bool lines;
} snn_row_terms;

/* ---- sums of spikes from tables -------------------------------------------- */

/*
 * Where a synapse is one tap and its input a spike or none, K synapses of a neuron give one of
 * 2^K sums.  With 2^K the numbers of a vector, L, a table fits a register, and one permutation
 * looks up the sums of L samples: K multiply-adds, and their loads, become one addition.
 *
 * A block is SNN_LOOKUP_GROUPS groups of L samples; sample p of it is lane p % L of group p / L.
 * A source's row has L words a step: nibble g (bits 4 g ..) of word l is that of sample g L + l,
 * and source i of a layer tells by bit i % K of it whether it fires; all other bits are 0.
 * Table k of a neuron is about K sources, those of other bits j each, at offset[k K + j] words:
 *
 *     index[s, p] = the nibbles of p in x[offset[k K + j] + s L + p % L], j < K, or-ed
 *     sum[s, p] = sum_k table[k][index[s, p]]            by growing k, table [tables][L]
 *
 * Sums and spikes of neurons stand in sub-blocks of SNN_LOOKUP_LANES samples side by side, a
 * sub-block's spikes of a step as bits of one number.
 */
#define SNN_LOOKUP_GROUPS 8u
#define SNN_LOOKUP_LANES  16u

typedef struct snn_lookup_terms {
    const uint32_t *x;
    const int32_t *offset; /* [tables][K] */
    const float *table;    /* [tables][L] */
    size_t tables;
} snn_lookup_terms;

/* ---- products in bf16 --------------------------------------------------------- */

/*
 * bf16 is the upper half of a float: its exponent, and 8 significant bits.  Numbers are
 * rounded to it, to the nearest, ties to even: a relative error of at most 2^-8; small
 * whole numbers, so spikes, stay exact; NaN stays NaN.
 *
 *     c[i][j] += sum_l a[i][l] b[l][j]          0 <= i < m, 0 <= j < n, 0 <= l < k
 *
 * in float, one term after the other by growing l, each sum rounded once.
 *
 * a and b are packed.  The lines of a are its rows, those of b its columns, each of k
 * numbers.  A panel holds SNN_BF16_ROWS or SNN_BF16_COLUMNS lines, and of each pair of
 * numbers along k in turn that of all its lines, the number of even l in the upper half of
 * a word:
 *
 *     panel[h][r] = line_r[2h] << 16 | line_r[2h + 1]
 *
 * Panels follow one another; lines that do not exist, and l = k where k is odd, hold 0.
 *
 * Where bf16_tiles, the table packs in another way, 32 lines a panel on both sides and 32
 * numbers at a time, filled up with 0: the left side as panel[h / 16][r][h % 16].  And it
 * adds in another order: of 32 numbers in turn the sum of those of odd l and the sum of those
 * of even l, each from 0, then both together, then to c.
 */
#define SNN_BF16_ROWS    12 /* where bf16_tiles: says which side it is */
#define SNN_BF16_COLUMNS 32

typedef struct snn_bf16_lines {
    const float *in;
    size_t lines, k, stride;
    bool turned; /* line r is column r of in [k][stride]; else row r of in [lines][stride] */
    float scale; /* of all numbers, before they are rounded */
} snn_bf16_lines;

/* Words of packed lines. */
static inline size_t snn_bf16_words(size_t lines, size_t k, size_t panel)
{
    return (lines + panel - 1) / panel * panel * ((k + 1) / 2);
}

/* Where bf16_tiles. */
static inline size_t snn_bf16_tile_words(size_t lines, size_t k)
{
    return (lines + 31) / 32 * 32 * ((k + 31) / 32 * 16);
}

/* ---- events ---------------------------------------------------------------- */

/* The cells of one sample that are not zero, by channel, each channel's by step: those of
 * channel c are first[c] .. first[c+1] - 1.  The found_ ones are scratch of event_find. */
typedef struct snn_cells {
    uint32_t *first; /* [channels + 2] */
    uint32_t *step;  /* this and all below: [steps * channels] */
    float *value;
    uint32_t *found_step, *found_channel;
    float *found_value;
} snn_cells;

/*
 * Delayed weights onto four rows r = 0 .. 3 that lie `stride` apart: entry i has a
 * channel, and for each row a delay and a weight.  Over the events (t, v) of its channel,
 *
 *     event_scatter   row[r][t + delay[i][r]] += weight[i][r] v
 *     event_gather    g[i][r] += sum v row[r][t + delay[i][r]]
 */
typedef struct snn_event_block {
    const uint32_t *channel; /* [n] */
    const uint32_t *delay;   /* [n][4] */
    const float *weight;     /* [n][4] */
} snn_event_block;

/* ---- spans ------------------------------------------------------------------ */

/* A span: SNN_SPAN steps of a channel, the first of them a multiple of it. */
#define SNN_SPAN 4

/* Spans of one sample, by channel, each channel's by step: those of channel c are first[c] ..
 * first[c+1] - 1.  The found_ ones are scratch of span_find. */
typedef struct snn_spans {
    uint32_t *first; /* [channels + 2] */
    uint32_t *step;  /* of a span the first; this and all below: [spans + 15] */
    uint32_t *found_step, *found_channel; /* spans: channels ceil(steps / SNN_SPAN) */
} snn_spans;

/* ---- transforms ------------------------------------------------------------ */

/*
 * A real Fourier transform of even length n along rows: of columns x[t], t < rows <= n, the
 * rest zeros, or back,
 *
 *     hat[Re f] = sum_t x[t] cos(2 pi f t / n)    hat[Im f] = - sum_t x[t] sin(2 pi f t / n)
 *     y[t] = 1/n sum_f c_f (hat[Re f] cos(2 pi f t / n) - hat[Im f] sin(2 pi f t / n))
 *
 * with c_f = 1 for f = 0 and n/2, which have no Im, else 2.  A spectrum has n rows in four
 * parts: Re of even f, Im of even f, Re of odd f, Im of odd f, each by growing f.
 *
 * The tables: for each part a square matrix of the waves of its frequencies (rows) at the
 * steps snn_dft_part_first .. n/4 (columns), one behind the other; synthesis has steps as rows,
 * and c_f / n in it.
 */
enum { SNN_DFT_EVEN_COS, SNN_DFT_EVEN_SIN, SNN_DFT_ODD_COS, SNN_DFT_ODD_SIN, SNN_DFT_PARTS };

typedef struct snn_dft_tables {
    size_t n;
    const float *analysis, *synthesis;
} snn_dft_tables;

/* Rows of a part, and as many steps, from 0 for cosines and 1 for sines. */
static inline size_t snn_dft_part_rows(size_t n, size_t part)
{
    const size_t h = n / 2;

    switch (part) {
    case SNN_DFT_EVEN_COS:
        return h / 2 + 1;
    case SNN_DFT_EVEN_SIN:
        return (h - 1) / 2;
    case SNN_DFT_ODD_COS:
        return (h + 1) / 2;
    default:
        return h / 2;
    }
}

static inline size_t snn_dft_part_first(size_t part)
{
    return part == SNN_DFT_EVEN_SIN || part == SNN_DFT_ODD_SIN ? 1 : 0;
}

/* Floats of scratch for a transform of that many columns. */
#define SNN_DFT_WIDEN            32u
#define SNN_DFT_WORK(n, columns) (2 * (size_t)(n) * ((size_t)(columns) + 2 * SNN_DFT_WIDEN))

/* ---- leaky integrate and fire ------------------------------------------ */

/*
 * For each column j (sample b, channel c; j = b * channels + c) and step t:
 *
 *     x = (conv - mean[c]) * scale[c] + shift[c]     (plain conv where mean is NULL)
 *     i = syn_decay * i + x                          (x itself where syn_decay is 0)
 *     h = decay * v + leak + gain * i
 *     s = 1[h >= threshold]
 *     v = (1-s) h + s v_reset     (hard)   or   h - s threshold     (soft)
 *     output = s * mask[j]
 *
 * with v = start and i = 0 before the first step.  decay = 1 - 1/tau; gain = 1/tau with
 * decay_input, else 1.  The rest is v_reset where the reset is hard (start = v_reset,
 * leak = v_reset/tau), and 0 where it is soft.
 * Backward, with gs the gradient at s and r = surrogate'(h - threshold):
 *
 *     gh = gs r + gv dv/dh,   gx = gain gh + syn_decay gx',   gv' = decay gh
 *     dv/dh = 1-s (hard), 1 (soft);  not detached: minus (h - v_reset) r, threshold r
 *
 * where gx' is that of the next step: the filter runs backward in time.
 *
 * Backward gives the sums of batch normalisation on the way, of all steps and columns of a
 * channel, where they are wanted:
 *
 *     sum_g[c] += sum gx,   sum_gx[c] += sum gx centred,   centred = conv - mean, kept by forward
 *
 * `smooth` puts the surrogate's integral in the place of s in both directions.
 *
 * `mark`: forward writes -0 in the place of +0 where the gradient at the output may count: gs r
 * is not 0, for r is not (a compact surrogate has r = 0 beyond its foot) and neither is the mask.
 * A number is a spike, and counts.  A few cells too many may be marked, none too few.
 */
/* Surrogates with a foot: r = 0 where alpha |h - threshold| >= 1. */
static inline bool snn_surrogate_is_compact(snn_surrogate kind)
{
    return kind == SNN_SURROGATE_TRIANGLE;
}

/* Words for so many bits. */
static inline size_t snn_bit_words(size_t channels)
{
    return (channels + 31) / 32;
}

typedef struct snn_lif {
    float decay, gain, leak, start, threshold, v_reset, alpha;
    float syn_decay; /* in [0, 1) */
    snn_reset reset;
    snn_surrogate surrogate;
    bool detach_reset, smooth;
    bool past;    /* forward: output is larger than caches; a hint */
    bool mark;    /* forward, not with keep_: see above */
    bool carry;   /* forward: `state` is what the last call left, not `start` (not in ref) */
    size_t steps; /* T */
    size_t row;   /* columns of a step: batch * channels */
    size_t channels;
    const float *mean, *scale, *shift; /* [channels] or NULL */
    const float *conv;                 /* [T][row]; forward may have output == conv */
    const float *mask;                 /* [row] or NULL */
    float *h;                          /* [T][h_row] potential before reset; NULL = not kept */
    float *centred;                    /* [T][h_row]; NULL = not kept; needs mean */
    size_t h_row;                      /* numbers from step to step of h and centred */
    float *output;                     /* [T][row]; NULL = not wanted, but with keep_ */
    float *keep_x, *keep_v, *keep_s;   /* [T][row] or NULL: for whoever looks inside */
    /* Output as bits, [T][batch][snn_bit_words(channels)]: bit c % 32 of word c / 32 of a sample
     * says that output is not 0; marks: that it is -0.  NULL = not kept; not with keep_ or smooth.
     */
    uint32_t *bits, *marks;
    float *g;              /* backward: in gradient at output, out gradient at x */
    float *g_keep_s;       /* [T][row] or NULL: gradient at s */
    float *sum_g, *sum_gx; /* backward: [channels], or NULL, and then centred is not read */
} snn_lif;

/*
 * Adaptive LIF (Baronig et al. 2025), discretised by symplectic Euler: the adaptation w of
 * a step is made of the potential after that step's reset.  From u = w = 0,
 *
 *     h = decay_u u + gain_u (x - w)             gain_u = 1 - decay_u
 *     s = 1[h >= threshold]
 *     u = (1-s) h   (hard)   or   h - s threshold   (soft)
 *     w = decay_w w + gain_w (a u + b s)         gain_w = (1 - decay_w) q
 *     output = s mask
 *
 * Backward, from gu' and gw' of the step after (0 behind the last):
 *
 *     gw = decay_w gw' - gain_u gh'
 *     gu = decay_u gh' + gain_w a gw
 *     gh = (gs + gain_w b gw) r + gu du/dh,   gx = gain_u gh
 *     du/dh = 1-s (hard), 1 (soft);  not detached: minus h r, threshold r
 *
 * detach_reset cuts the spike's way into u, never the one into w.  With u-, w- those of the
 * step before, the sums over steps and samples that the parameters' gradients are made of:
 *
 *     sums[0] = sum gw u          sums[2] = sum gh (u- - h)
 *     sums[1] = sum gw s          sums[3] = sum gw (w- - w)      (0 where w is NULL)
 *
 *     dL/da = gain_w sums[0]      dL/d decay_u = sums[2] / (1 - decay_u)
 *     dL/db = gain_w sums[1]      dL/d decay_w = sums[3] / (1 - decay_w)
 *
 * The last two: x - w- = (h - decay_u u-) / gain_u, and q (a u + b s) likewise.
 */
#define SNN_ADLIF_SUMS 4
typedef struct snn_adlif {
    snn_lif lif; /* without decay, gain, leak, start, v_reset and syn_decay: they are not read;
                  * keep_v is u */
    const float *decay_u, *gain_u, *decay_w, *gain_w, *a, *b; /* [channels] */
    float *w;    /* [T][row] adaptation after the step; NULL = not kept */
    float *sums; /* [SNN_ADLIF_SUMS][channels], backward; overwritten */
} snn_adlif;

/* ---- sums for batch normalisation --------------------------------------- */

/* Columns j0 .. j1 hold whole samples b0 .. b1; rows t < valid[b] of each sample
 * count (all T rows where valid is NULL). */
typedef struct snn_norm {
    size_t steps, row, channels;
    const float *x;        /* [T][row] */
    const float *g;        /* [T][row], backward */
    const uint32_t *valid; /* [B] or NULL */
    const float *mean;     /* [channels] */
    const float *inv_std;  /* [channels], backward */
} snn_norm;

/* ---- scores of a sum of softmaxes ------------------------------------------ */

/*
 * Over the steps t < valid[b] of a sample (all T where valid is NULL):
 *
 *     p = softmax_c(v)      sum[b][c] = sum_t p[t, b, c]      g = p (g_sum - sum_c g_sum p)
 *
 * p is that of all steps; g of the others is 0.
 */
typedef struct snn_scores {
    size_t steps, row, classes; /* row: numbers of a step, B classes */
    const uint32_t *valid;      /* [B] or NULL */
    const float *v;             /* [T][row] */
    float *p;                   /* [T][row] */
} snn_scores;

/* ---- Adam ---------------------------------------------------------------- */

/* theta -= lr/(1-beta1^n) * m / (sqrt(v/(1-beta2^n)) + eps), Kingma & Ba 2015,
 * with decay * theta added to the gradient first (L2). */
typedef struct snn_adam {
    float step; /* lr / (1 - beta1^n) */
    float root; /* 1 / sqrt(1 - beta2^n) */
    float beta1, beta2, eps, decay;
    float gradient_scale; /* from clipping; 1 = none */
} snn_adam;

/* ---- spatial synapses -------------------------------------------------------- */

/* Classes are laid out in lanes: a multiple of one vector, zero beyond the classes. */
#define SNN_LANE_VECTOR 16u
#define SNN_MOST_LANES  128u

/*
 * Events of one step and polarity against the weights of one delay, a stencil of
 * side x side cells with `lanes` numbers each.  With r = side / 2:
 *
 *     forward   plane[y_e - r + a][x_e - r + b][c] += stencil[a][b][c]
 *     backward  stencil[a][b][c] += plane[y_e - r + a][x_e - r + b][c]
 *
 * over all events e and all cells that fall into the plane; row a of the stencil is
 * zero outside of columns begin[a] .. end[a].
 */
typedef struct snn_stencil {
    uint32_t side, lanes;        /* side odd, lanes a multiple of SNN_LANE_VECTOR */
    uint32_t width, height;      /* of the plane */
    const uint16_t *begin, *end; /* [side] */
    const uint16_t *x, *y;       /* [n], inside the plane */
    size_t n;
} snn_stencil;

/*
 * n voxels of a plane under one label.  Logit of class c:
 *
 *     l_c = max(evidence_c, swapped_c) + bias_c
 *
 * (evidence_c + bias_c where swapped is NULL).  best[n] = max_c l_c.  The gradient of
 * the loss, scale (p - target), goes to whichever of the two was larger, evidence on a
 * tie, and takes their places:
 *
 *     softmax  p = softmax(l), loss -sum_c target_c log p_c
 *     sigmoid  p_c = 1/(1 + exp(-l_c)), loss -sum_c target_c log p_c + (1 - target_c) log(1 - p_c)
 *
 * target is one at the label; 1/classes everywhere where best < floor.
 */
typedef struct snn_voxels {
    size_t n;
    uint32_t classes, lanes;
    float *evidence, *swapped; /* [n][lanes] */
    const float *bias;         /* [lanes] */
    uint32_t label;
    float floor, scale;
    bool sigmoid;
} snn_voxels;

typedef void snn_transpose(size_t rows, size_t columns, const float *in, size_t in_stride,
                           float *out, size_t out_stride);

typedef struct snn_kern {
    const char *name;
    bool bf16_native; /* the instruction set multiplies bf16 numbers .. */
    bool bf16_tiles;  /* .. tile by tile: packed and added in an order of its own */

    void (*taps_forward)(const snn_taps *taps, size_t s0, size_t s1, float *scratch);
    void (*taps_backward)(const snn_taps *taps, size_t s0, size_t s1, float *scratch);

    /* Samples b0 .. b1, all steps and channels.  `add`: to what y or gx holds. */
    void (*shift_forward)(const snn_shift *shift, const float *x, float *y, bool add, size_t b0,
                          size_t b1);
    void (*shift_backward)(const snn_shift *shift, const float *gy, float *gx, bool add, size_t b0,
                           size_t b1);
    /* g_taps [D][C] of these samples; overwrites. */
    void (*shift_gradient)(const snn_shift *shift, const float *x, const float *gy, float *g_taps,
                           size_t b0, size_t b1);

    void (*rows_add)(const snn_row_terms *shift, size_t rows, float *out, size_t stride);
    void (*rows_dot)(const snn_row_terms *shift, size_t rows, const float *row, size_t stride,
                     float *g);
    /* out[c * out_stride + r] = in[r * in_stride + c];  past: past the caches where whole lines
     * of out are written. */
    snn_transpose *transpose, *transpose_past;

    /* L, and K = log2 L; 0: this instruction set has no such permutation, and the next two
     * kernels are NULL. */
    uint32_t lookup_lanes, lookup_sources;
    /* Sums of `steps` steps: out[(p / 16) * stride + s * 16 + p % 16]. */
    void (*lookup_sum)(const snn_lookup_terms *terms, size_t steps, float *out, size_t stride);
    /* Rows of a source that is number `bit` in its tables, words [steps][L], from the spikes of
     * its sub-blocks, bits[sub-block][step]; NULL: silent. */
    void (*lookup_spread)(const uint16_t *const *bits, size_t steps, uint32_t bit, uint32_t *words);
    /* Neurons of channel c in one sub-block: plain LIF as above, x = row[s * 16 + lane] + bias
     * first, its potentials v[16] from the last call's to the next's; the spikes go into bits. */
    void (*lif_fire)(const snn_lif *lif, size_t c, float bias, const float *row, size_t steps,
                     float *v, uint16_t *bits);

    /* `panel`: SNN_BF16_ROWS or SNN_BF16_COLUMNS.  Writes snn_bf16_words(lines, k, panel), or
     * snn_bf16_tile_words(lines, k). */
    void (*bf16_pack)(const snn_bf16_lines *from, uint32_t panel, uint32_t *out);
    /* c [m][stride] += a b, of packed lines with `pairs` words each; faster than the same
     * in float where bf16_native. */
    void (*bf16_product)(size_t m, size_t n, size_t pairs, const uint32_t *a, const uint32_t *b,
                         float *c, size_t stride);

    /* Events of x[t * stride + c]. */
    void (*event_find)(const float *x, size_t stride, size_t steps, size_t channels,
                       snn_cells *events);
    void (*event_scatter)(const snn_cells *events, const snn_event_block *block, size_t n,
                          float *out, size_t stride);
    void (*event_gather)(const snn_cells *events, const snn_event_block *block, size_t n,
                         const float *in, size_t stride, float *g);

    /* Spans in which a cell of x[t * stride + c] is wanted: anything but +0 (`mark`, below). */
    void (*span_find)(const float *x, size_t stride, size_t steps, size_t channels,
                      snn_spans *spans);
    /* sum[e][q] += sum_n weight[n] in[offset[n] + step[e] + q], 0 <= q < SNN_SPAN, over the terms
     * n of row r and the spans e of channel r, one term after the other. */
    void (*span_add)(const snn_row_terms *terms, size_t rows, const snn_spans *spans, float *sum);

    void (*dft_forward)(const snn_dft_tables *tables, const float *x, size_t rows, size_t x_stride,
                        float *hat, size_t hat_stride, size_t columns, float *work);
    /* y (= or +=) its first `rows` rows. */
    void (*dft_inverse)(const snn_dft_tables *tables, const float *hat, size_t hat_stride, float *y,
                        size_t rows, size_t y_stride, size_t columns, bool add, float *work);

    /* Columns j0 .. j1, which are whole samples (multiples of `channels`), all steps.
     * `state`: scratch, j1 - j0 floats times 2 (lif without syn_decay), 3 (with; adlif). */
    void (*lif_forward)(const snn_lif *lif, size_t j0, size_t j1, float *state);
    void (*lif_backward)(const snn_lif *lif, size_t j0, size_t j1, float *state);
    /* output from bits, marks and mask, of steps t0 .. t1: what forward made, of either neuron. */
    void (*lif_output)(const snn_lif *lif, size_t t0, size_t t1);
    void (*adlif_forward)(const snn_adlif *adlif, size_t j0, size_t j1, float *state);
    void (*adlif_backward)(const snn_adlif *adlif, size_t j0, size_t j1, float *state);

    /* sum[c] = sum of x.  Overwrites. */
    void (*norm_sum)(const snn_norm *norm, size_t b0, size_t b1, float *sum);
    /* The mean of x and the sum of squared deviations from it, 0 of no rows.  Overwrites. */
    void (*norm_moments)(const snn_norm *norm, size_t b0, size_t b1, float *mean, float *square);
    /* sum_g[c] = sum of g, sum_gx[c] = sum of g * xhat over all rows, padded ones
     * too (they were normalised with these statistics). */
    void (*norm_backward_sum)(const snn_norm *norm, size_t b0, size_t b1, float *sum_g,
                              float *sum_gx);
    /* g <- scale[c] * (g - mean_g[c] - xhat * mean_gx[c]); padded rows: scale * g. */
    void (*norm_backward)(const snn_norm *norm, size_t b0, size_t b1, const float *scale,
                          const float *mean_g, const float *mean_gx, float *g);

    void (*adam)(const snn_adam *adam, size_t n, float *theta, const float *g, float *m, float *v);

    /* Softmax of each of n rows of `width`; p may be v. */
    void (*softmax)(size_t n, size_t width, const float *v, float *p);
    /* Samples b0 .. b1; sum, g_sum [B][classes], g [T][row].  Overwrite. */
    void (*softmax_sum)(const snn_scores *scores, size_t b0, size_t b1, double *sum);
    void (*softmax_backward)(const snn_scores *scores, size_t b0, size_t b1, const float *g_sum,
                             float *g);

    void (*stencil_forward)(const snn_stencil *s, const float *stencil, float *plane);
    void (*stencil_backward)(const snn_stencil *s, const float *plane, float *stencil);
    /* out[c] += table[cell[i]][c], i = 0 .. n-1 in this order; table [cells][lanes], out [lanes].
     */
    void (*cells_add)(const uint32_t *cell, size_t n, size_t lanes, const float *table, float *out);
    /* Logits into evidence's place, and the best of each voxel. */
    void (*voxel_logits)(const snn_voxels *v, float *best);
    /* The best alone; the planes stay. */
    void (*voxel_best)(const snn_voxels *v, float *best);
    /* Gradients into both planes, added into g_bias[lanes]; returns the sum of losses. */
    double (*voxel_gradient)(const snn_voxels *v, float *g_bias);
} snn_kern;

extern const snn_kern snn_kern_base;
extern const snn_kern snn_kern_avx2;
extern const snn_kern snn_kern_avx512;
extern const snn_kern snn_kern_avx512bf16;
extern const snn_kern snn_kern_amx; /* avx512bf16, but for products in bf16 */

/* Reference forms (ref.c), same contracts, double arithmetic inside. */
extern const snn_kern snn_kern_ref;

#endif
