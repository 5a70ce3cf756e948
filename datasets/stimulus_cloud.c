/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Motion Clouds (Leon, Vanzetta, Masson and Perrinet 2012): noise of random phase whose
 * spectrum is an envelope around the plane of one motion,
 *
 *   exp(cos(2 (angle - theta)) / (4 B_theta^2))                     orientation
 *   1/f exp(-(ln(f/sf))^2 / (2 ln((sf + B_sf)/sf)^2))               spatial frequency
 *   exp(-(f_t + f_y V_y + f_x V_x)^2 / (2 (B_V f)^2))               speed
 *
 * with f = |(f_y, f_x)|, transformed back and pressed into [-1, 1] by tanh.
 */
#include "datasets/stimulus.h"

#include <fftw3.h>
#include <math.h>

#define PI 3.14159265358979323846

typedef struct {
    fftw_complex *spectrum;
    double *movie;
} cloud_room;

struct snn_cloud {
    snn_context *ctx;
    snn_motion_params params;
    int workers;
    fftw_plan inverse;
    cloud_room *room;
};

void snn_cloud_destroy(snn_cloud *cloud)
{
    if (cloud == NULL)
        return;
    for (int w = 0; cloud->room != NULL && w < cloud->workers; w++) {
        snn_free(cloud->ctx, cloud->room[w].movie);
        snn_free(cloud->ctx, cloud->room[w].spectrum);
    }
    snn_free(cloud->ctx, cloud->room);
    if (cloud->inverse != NULL)
        fftw_destroy_plan(cloud->inverse);
    snn_free(cloud->ctx, cloud);
}

snn_status snn_cloud_create(snn_context *ctx, const snn_motion_params *params, int workers,
                            snn_cloud **out, snn_error *err)
{
    const size_t half = params->width / 2 + 1;
    snn_cloud *cloud = NULL;
    snn_status st;

    TRY_ALLOC(st, ctx, cloud, 1, err);
    cloud->ctx = ctx;
    cloud->params = *params;
    cloud->workers = workers;
    TRY_ALLOC(st, ctx, cloud->room, (size_t)workers, err);
    for (int w = 0; w < workers; w++) {
        TRY_ALLOC(st, ctx, cloud->room[w].spectrum, half * params->height * params->steps, err);
        TRY_ALLOC(st, ctx, cloud->room[w].movie,
                  (size_t)params->width * params->height * params->steps, err);
    }
    cloud->inverse =
        fftw_plan_dft_c2r_3d((int)params->steps, (int)params->height, (int)params->width,
                             cloud->room[0].spectrum, cloud->room[0].movie, FFTW_ESTIMATE);
    if (cloud->inverse == NULL) {
        st = snn_error_set(err, SNN_ENOMEM, NULL, "no memory for the transform of a cloud");
        goto done;
    }
    *out = cloud;
    cloud = NULL;

done:
    snn_cloud_destroy(cloud);
    return st;
}

static double frequency(size_t k, size_t n)
{
    return (k <= n / 2 ? (double)k : (double)k - (double)n) / (double)n;
}

static double envelope(const snn_motion_params *p, double ft, double fy, double fx, double theta,
                       double vy, double vx)
{
    const double f = sqrt(fy * fy + fx * fx), b = (double)p->cloud_b_theta * PI / 180.0;
    double spread, octaves, off;

    if (f == 0.0)
        return 0.0;
    spread = log(((double)p->cloud_sf + (double)p->cloud_b_sf) / (double)p->cloud_sf);
    octaves = log(f / (double)p->cloud_sf) / spread;
    off = (ft + fy * vy + fx * vx) / ((double)p->cloud_b_v * f);
    /* The largest exponent of the orientation is taken off: narrow ones would overflow. */
    return exp((cos(2.0 * (atan2(fy, fx) - theta)) - 1.0) / (4.0 * b * b)) / f *
           exp(-0.5 * octaves * octaves) * exp(-0.5 * off * off);
}

void snn_cloud_run(snn_cloud *cloud, int worker, uint64_t seed, snn_split split, uint32_t index,
                   uint16_t label, float *frames)
{
    const snn_motion_params *p = &cloud->params;
    const snn_key key = snn_stimulus_key(seed, split, STIMULUS_CLOUD);
    const size_t half = p->width / 2 + 1, n = (size_t)p->width * p->height * p->steps;
    cloud_room *room = &cloud->room[worker];
    double direction, speed, theta, vy, vx, largest = 0.0;
    size_t at = 0;

    snn_motion_class(p, label, &direction, &speed);
    vy = speed * cos(direction);
    vx = speed * sin(direction);
    /* The wave vector lies along the motion, or anywhere. */
    theta = p->cloud_aperture ? PI * (double)snn_random_uniform(key, UINT64_MAX, index, 1)
                              : atan2(vy, vx);
    for (size_t kt = 0; kt < p->steps; kt++)
        for (size_t ky = 0; ky < p->height; ky++)
            for (size_t kx = 0; kx < half; kx++, at++) {
                const double gain = envelope(p, frequency(kt, p->steps), frequency(ky, p->height),
                                             (double)kx / p->width, theta, vy, vx);

                room->spectrum[at][0] = gain * snn_stimulus_normal(key, index, 2 * at);
                room->spectrum[at][1] = gain * snn_stimulus_normal(key, index, 2 * at + 1);
            }
    fftw_execute_dft_c2r(cloud->inverse, room->spectrum, room->movie);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(room->movie[i]));
    for (size_t i = 0; i < n; i++)
        frames[i] = (float)tanh(largest > 0.0 ? room->movie[i] / largest : 0.0);
}
