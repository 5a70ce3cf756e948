/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inner hair cell (Meddis, "Simulation of mechanical to neural transduction in the
 * auditory receptor", JASA 79, 1986; constants of Meddis 1988).  Transmitter moves
 * between a free pool q, the cleft c and a store w; explicit Euler steps dt:
 *
 *   k  = g dt (u + A) / (u + A + B)  where u + A > 0, else 0     release
 *   q += y dt (M - q)^+ - k q + x dt w
 *   c += k q - (l + r) dt c
 *   w += r dt c - x dt w             with the values before the step; none below 0
 *   P  = h dt c                      a fibre fires in this tick
 *
 * For constant u:  c = M y k / (l k + y (l + r)),  q = c (l + r) / k,  w = c r / x.
 */
#include "datasets/cochlea.h"

#define Y_FACTORY 5.05   /* 1/s, replenishment */
#define G_RELEASE 2000.0 /* 1/s */
#define L_LOSS    2500.0 /* 1/s */
#define R_RETURN  6580.0 /* 1/s */
#define X_REUSE   66.3   /* 1/s */
#define A_OFFSET  5.0
#define B_SLOPE   300.0
#define H_FIRING  50000.0 /* 1/s */
#define M_POOL    1.0

void snn_hair_init(snn_hair *hair)
{
    const double k = G_RELEASE * A_OFFSET / (A_OFFSET + B_SLOPE);
    const double c = M_POOL * Y_FACTORY * k / (L_LOSS * k + Y_FACTORY * (L_LOSS + R_RETURN));

    for (int l = 0; l < SNN_LANES; l++) {
        hair->c[l] = c;
        hair->q[l] = c * (L_LOSS + R_RETURN) / k;
        hair->w[l] = c * R_RETURN / X_REUSE;
    }
}

static inline double positive(double a)
{
    return a > 0 ? a : 0;
}

void snn_hair_run(snn_hair *hair, double dt_s, size_t ticks, double (*u)[SNN_LANES])
{
    const double y = Y_FACTORY * dt_s, g = G_RELEASE * dt_s, lr = (L_LOSS + R_RETURN) * dt_s,
                 r = R_RETURN * dt_s, x = X_REUSE * dt_s, h = H_FIRING * dt_s;
    snn_hair s = *hair;

    for (size_t t = 0; t < ticks; t++)
        for (int l = 0; l < SNN_LANES; l++) {
            const double drive = positive(u[t][l] + A_OFFSET);
            const double eject = g * drive / (drive + B_SLOPE) * s.q[l];
            const double reuse = x * s.w[l], back = r * s.c[l], lost = lr * s.c[l];

            s.q[l] = positive(s.q[l] + y * positive(M_POOL - s.q[l]) - eject + reuse);
            s.c[l] = positive(s.c[l] + eject - lost);
            s.w[l] = positive(s.w[l] + back - reuse);
            u[t][l] = h * s.c[l];
        }
    *hair = s;
}
