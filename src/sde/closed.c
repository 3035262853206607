/* VP, sub-VP and VE: closed forms over beta and its integral B, or over sigma. */
#include "sde/process.h"

#include <math.h>

/* ---- beta: linear, or tabulated (curve 0) with its integral (curve 1) ---------- */

static double beta_at(const sl_sde *p, double t) {
  return p->curve[0].n ? sl_curve_at(&p->curve[0], t, 0, NULL) : p->lo + (p->hi - p->lo) * t / p->T;
}

static double beta_integral(const sl_sde *p, double t) {
  return p->curve[1].n ? sl_curve_at(&p->curve[1], t, 0, NULL) : t * (p->lo + 0.5 * (p->hi - p->lo) * t / p->T);
}

/* Song et al. 2021, eq. 33: m = e^(-B/2), s^2 = 1 - e^-B. */
static void vp_point(const sl_sde *p, double t, int row, sl_point *out) {
  (void)row;
  double beta = beta_at(p, t), B = beta_integral(p, t), m = exp(-0.5 * B);
  *out =
      (sl_point){.m = m, .dm = -0.5 * beta * m, .a = -0.5 * beta, .g2 = beta, .s2 = -expm1(-B), .ds2 = beta * exp(-B)};
}

/* Song et al. 2021, eq. 29: s = 1 - e^-B. */
static void subvp_point(const sl_sde *p, double t, int row, sl_point *out) {
  vp_point(p, t, row, out);
  double s = out->s2;
  out->g2 = -out->g2 * expm1(-2 * beta_integral(p, t));
  out->ds2 *= 2 * s;
  out->s2 = s * s;
}

/* beta_i = beta(t_i) T/n at t_i = i T/(n-1): linspace(beta_min/n, beta_max/n, n) for the linear schedule. */
static void vp_level(const sl_sde *p, int i, int n, double *A, double *v) {
  *v = beta_at(p, n > 1 ? p->T * i / (n - 1) : 0) * p->T / n;
  *A = sqrt(1 - *v);
}

static const sl_sde_class vp_class = {"VP", vp_point, vp_level, true, false, 0};
static const sl_sde_class subvp_class = {"subVP", subvp_point, NULL, true, false, 0};

static bool take_beta(sl_ctx *c, sl_sde *p, const char *who, const sl_schedule *beta) {
  if (beta->fn) {
    if (!sl_curve_build(c, &p->curve[0], who, p->T, 1, false, beta->fn, beta->ud) ||
        !sl_curve_integral(c, &p->curve[1], &p->curve[0], 0))
      return false;
  } else if (!(beta->lo >= 0 && beta->hi > 0 && isfinite(beta->lo) && isfinite(beta->hi))) {
    return sl_fail(c, SL_EARG, "%s: arguments beta_min, beta_max: expected 0 <= beta_min and 0 < beta_max, got %g, %g",
                   who, beta->lo, beta->hi);
  }
  p->lo = beta->lo, p->hi = beta->hi;
  return sl_sde_check_growth(c, p, who);
}

sl_sde *sl_sde_vp(sl_ctx *c, const sl_schedule *beta, const sl_sde_options *o) {
  sl_sde *p = sl_sde_new(c, "VP", &vp_class, o);
  return p ? sl_sde_finish(p, take_beta(c, p, "VP", beta)) : NULL;
}

sl_sde *sl_sde_subvp(sl_ctx *c, const sl_schedule *beta, const sl_sde_options *o) {
  sl_sde *p = sl_sde_new(c, "subVP", &subvp_class, o);
  return p ? sl_sde_finish(p, take_beta(c, p, "subVP", beta)) : NULL;
}

/* ---- sigma: geometric, or tabulated as sigma^2 (curve 0) ------------------------- */

static double sigma2_at(const sl_sde *p, double t, double *slope) {
  if (p->curve[0].n) return sl_curve_at(&p->curve[0], t, 0, slope);
  double rate = 2 * log(p->hi / p->lo), s2 = p->lo * p->lo * exp(rate * t / p->T);
  *slope = rate / p->T * s2;
  return s2;
}

static void ve_point(const sl_sde *p, double t, int row, sl_point *out) {
  (void)row;
  *out = (sl_point){.m = 1};
  out->s2 = sigma2_at(p, t, &out->ds2);
  out->g2 = out->ds2;
}

/* sigma_i = sigma(t_i), and 0 below the first: exp(linspace(log sigma_min, log sigma_max, n)). */
static void ve_level(const sl_sde *p, int i, int n, double *A, double *v) {
  double slope, step = n > 1 ? p->T / (n - 1) : 0;
  *A = 1;
  *v = sigma2_at(p, step * i, &slope) - (i > 0 ? sigma2_at(p, step * (i - 1), &slope) : 0);
}

static const sl_sde_class ve_class = {"VE", ve_point, ve_level, false, true, 1e-5};

typedef struct squared {
  sl_schedule_fn *fn;
  void *ud;
} squared;

static bool square_of(sl_ctx *c, void *ud, int n, const double *t, double *out) {
  const squared *s = ud;
  if (!s->fn(c, s->ud, n, t, out)) return false;
  for (int i = 0; i < n; i++) out[i] *= out[i];
  return true;
}

static bool take_sigma(sl_ctx *c, sl_sde *p, const sl_schedule *sigma) {
  if (sigma->fn) {
    squared s = {sigma->fn, sigma->ud};
    if (!sl_curve_build(c, &p->curve[0], "VE", p->T, 1, true, square_of, &s)) return false;
  } else if (!(sigma->lo > 0 && sigma->hi > sigma->lo && isfinite(sigma->hi))) {
    return sl_fail(c, SL_EARG, "VE: arguments sigma_min, sigma_max: expected 0 < sigma_min < sigma_max, got %g, %g",
                   sigma->lo, sigma->hi);
  }
  p->lo = sigma->lo, p->hi = sigma->hi;
  return sl_sde_check_growth(c, p, "VE");
}

sl_sde *sl_sde_ve(sl_ctx *c, const sl_schedule *sigma, const sl_sde_options *o) {
  sl_sde *p = sl_sde_new(c, "VE", &ve_class, o);
  return p ? sl_sde_finish(p, take_sigma(c, p, sigma)) : NULL;
}

/* ---- sigma = t ------------------------------------------------------------------- */

static void edm_point(const sl_sde *p, double t, int row, sl_point *out) {
  (void)p, (void)row;
  *out = (sl_point){.m = 1, .s2 = t * t, .ds2 = 2 * t, .g2 = 2 * t};
}

static const sl_sde_class edm_class = {"EDM", edm_point, NULL, false, true, 0};

sl_sde *sl_sde_edm(sl_ctx *c, const sl_schedule *sigma, const sl_sde_options *o) {
  static const sl_sde_options none;
  sl_sde_options own = o ? *o : none;
  if (!(sigma->lo > 0 && sigma->hi > sigma->lo && isfinite(sigma->hi)))
    return sl_fail(c, SL_EARG, "EDM: arguments sigma_min, sigma_max: expected 0 < sigma_min < sigma_max, got %g, %g",
                   sigma->lo, sigma->hi);
  own.T = sigma->hi;
  if (!(own.eps_sample > 0)) own.eps_sample = sigma->lo;
  return sl_sde_new(c, "EDM", &edm_class, &own);
}
