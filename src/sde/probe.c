/* Finds out at first use whether drift(x, t) is a(t) x + b(t) and diffusion(x, t)
   is g(t), with a, b, g numbers or rows of features; if so the process moves to
   the affine tier, and if not it knows what stood in the way. */
#include "sde/process.h"

#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "tensor/internal.h"

#include <math.h>
#include <string.h>

enum { TIMES = 16, ROWS = 8 /* x at +1, -1 and six magnitudes from 1e-2 to 1e3 */ };

typedef struct probe {
  sl_ctx *c;
  sl_sde *p;
  sl_dtype dtype;
  double tolerance;
  int ndim; /* of x, whose shape this is but for the first size */
  int64_t shape[SL_MAX_DIMS], features;
  int rows_a, rows_b, rows_g;
  bool offset;
} probe;

/* What a field gives for x [n * per, ...] at times t[n], each repeated `per` times: out[n * per][features]. */
static bool evaluate(const probe *b, sl_field_fn *field, int n, int per, const double *t, const double *x,
                     double *out) {
  sl_ctx *c = b->c;
  int64_t shape[SL_MAX_DIMS], each[SL_MAX_DIMS];
  memcpy(shape, b->shape, sizeof shape);
  for (int i = 0; i < b->ndim; i++) each[i] = 1;
  shape[0] = each[0] = (int64_t)n * per;
  size_t mark = sl_pool_open(c);
  sl_tensor *times = sl_empty(c, SL_F64, b->ndim, each);
  for (int i = 0; times && i < n * per; i++) ((double *)sl_data(times))[i] = t[i / per];
  sl_tensor *xs = sl_cast(c, sl_from(c, SL_F64, b->ndim, shape, x), b->dtype);
  sl_tensor *ts = sl_cast(c, times, b->dtype);
  sl_tensor *y = xs && ts ? field(c, b->p->dyn.ud, xs, ts) : NULL;
  y = sl_contiguous(c, sl_expand(c, sl_cast(c, y, SL_F64), b->ndim, shape));
  if (y) memcpy(out, sl_data(y), (size_t)sl_numel(y) * sizeof *out);
  sl_pool_close(c, mark);
  return y != NULL;
}

/* ---- what stands in the way --------------------------------------------------------------- */

static const char *const MIXES = "the drift mixes features (a kernel needs a(t) x + b(t), each feature by itself)";
static const char *const NOT_AFFINE = "the drift is not a(t) x + b(t)";
static const char *const STATE_NOISE = "the diffusion depends on x";

/* A field that is finite at no x, near or far, is wrong at that time; y[TIMES][ROWS][features]. */
static bool check_finite(const probe *b, const char *name, const double *t, const double *y) {
  int64_t F = b->features;
  for (int64_t k = 0; k < TIMES * F; k++) {
    const double *at = y + k / F * ROWS * F + k % F;
    int finite = 0;
    for (int r = 0; r < ROWS; r++) finite += isfinite(at[r * F]) != 0;
    if (!finite)
      return sl_fail(b->c, SL_EVALUE, "define: %s: expected finite values on (0, T), got %g at t = %g", name,
                     isnan(*at) ? NAN : *at, t[k / F]);
  }
  return true;
}

/* Whether f at the middle of u and v is the middle of f(u) and f(v): then a drift that is not affine feature by
   feature is linear all the same. u and v are points of size 1 and 100. */
static const char *obstacle_of_drift(const probe *b, const double *t, const double *x) {
  int64_t F = b->features;
  double *y = sl_alloc(b->c, sizeof *y * (size_t)(TIMES * 6 * F), "define"), *f = y + TIMES * 3 * F;
  if (!y) return NULL;
  for (int64_t k = 0; k < TIMES * F; k++) {
    const double *u = x + k / F * ROWS * F + 4 * F + k % F;
    double *at = y + k / F * 3 * F + k % F;
    at[0] = u[0], at[F] = u[2 * F], at[2 * F] = 0.5 * (u[0] + u[2 * F]);
  }
  bool linear = evaluate(b, b->p->dyn.drift, TIMES, 3, t, y, f);
  for (int64_t k = 0; linear && k < TIMES * F; k++) {
    const double *at = f + k / F * 3 * F, *own = at + k % F;
    double size = 0;
    for (int64_t j = 0; j < 2 * F; j++) size = fmax(size, fabs(at[j]));
    linear = fabs(own[2 * F] - 0.5 * (own[0] + own[F])) <= b->tolerance * size;
  }
  sl_free(b->c, y);
  return linear ? MIXES : NOT_AFFINE;
}

/* ---- is it affine? --------------------------------------------------------------------- */

/* The same values for every time: +1, -1, then signs and sizes by Philox under a fixed key. */
static void fill_points(const probe *b, double *x) {
  int64_t F = b->features, each = ROWS * F;
  for (int64_t i = 0; i < TIMES * each; i++) {
    int row = (int)(i / F % ROWS);
    uint32_t bits[4];
    sl_philox(&(sl_key){.seed = 1, .stream = SL_STREAM_USER}, (uint32_t)(i % each), bits);
    double size = pow(10, row - 4) * (0.5 + bits[0] * 0x1p-32);
    x[i] = row < 2 ? 1 - 2 * row : bits[1] & 1 ? size : -size;
  }
}

/* f = a x + b for all points of one time and feature (a, b from x = +1, -1). */
static bool affine_at(const probe *b, const double *x, const double *f, int64_t step, double *a, double *offset) {
  *a = 0.5 * (f[0] - f[step]);
  *offset = 0.5 * (f[0] + f[step]);
  for (int r = 2; r < ROWS; r++) {
    double want = *a * x[r * step] + *offset, size = fabs(*a * x[r * step]) + fabs(*offset);
    if (!(fabs(f[r * step] - want) <= b->tolerance * size)) return false;
  }
  return isfinite(*a) && isfinite(*offset);
}

static bool drift_is_affine(probe *b, const double *x, const double *f) {
  int64_t F = b->features;
  b->rows_a = b->rows_b = 1;
  b->offset = false;
  for (int i = 0; i < TIMES; i++) {
    double a0 = 0, b0 = 0;
    for (int64_t j = 0; j < F; j++) {
      double a, off;
      int64_t at = i * ROWS * F + j;
      if (!affine_at(b, x + at, f + at, F, &a, &off)) return false;
      if (j == 0) a0 = a, b0 = off;
      if (fabs(off) > 1e-3 * b->tolerance * fabs(a)) b->offset = true;
      if (fabs(a - a0) > b->tolerance * fabs(a0)) b->rows_a = (int)F;
      if (fabs(off - b0) > b->tolerance * (fabs(b0) + fabs(a0))) b->rows_b = (int)F;
    }
  }
  return true;
}

static bool diffusion_is_plain(probe *b, const double *g) {
  int64_t F = b->features;
  b->rows_g = 1;
  for (int i = 0; i < TIMES; i++)
    for (int64_t j = 0; j < F; j++) {
      const double *at = g + i * ROWS * F;
      if (!isfinite(at[j])) return false;
      if (fabs(at[j] - at[0]) > b->tolerance * fabs(at[0])) b->rows_g = (int)F;
      for (int r = 1; r < ROWS; r++)
        if (!(fabs(at[r * F + j] - at[j]) <= b->tolerance * fabs(at[j]))) return false;
    }
  return true;
}

/* -1: an error; else whether the process is affine. */
static int is_affine(probe *b) {
  size_t n = (size_t)(TIMES * ROWS * b->features);
  double t[TIMES], *x = sl_alloc(b->c, 2 * n * sizeof *x, "define");
  if (!x) return -1;
  for (int i = 0; i < TIMES; i++) t[i] = b->p->T * (i + 0.5) / TIMES;
  fill_points(b, x);
  const char *obstacle = NULL;
  if (evaluate(b, b->p->dyn.drift, TIMES, ROWS, t, x, x + n) && check_finite(b, "drift", t, x + n) &&
      !drift_is_affine(b, x, x + n))
    obstacle = obstacle_of_drift(b, t, x);
  if (!obstacle && evaluate(b, b->p->dyn.diffusion, TIMES, ROWS, t, x, x + n) &&
      check_finite(b, "diffusion", t, x + n) && !diffusion_is_plain(b, x + n))
    obstacle = STATE_NOISE;
  sl_free(b->c, x);
  b->p->obstacle = obstacle;
  return sl_failed(b->c) ? -1 : !obstacle;
}

/* ---- the coefficients as functions of time ------------------------------------------------ */

typedef struct coefficient {
  const probe *b;
  sl_field_fn *field;
  double plus, minus; /* the value is plus f(+1) + minus f(-1) */
  int rows;
} coefficient;

static bool coefficient_at(sl_ctx *c, void *ud, int n, const double *t, double *out) {
  const coefficient *k = ud;
  int64_t F = k->b->features;
  double *x = sl_alloc(c, sizeof *x * 4 * (size_t)(n * F), "define"), *f = x + 2 * n * F;
  if (!x) return false;
  for (int64_t i = 0; i < 2 * n * F; i++) x[i] = i / F & 1 ? -1 : 1;
  bool ok = evaluate(k->b, k->field, n, 2, t, x, f);
  for (int64_t i = 0; ok && i < n; i++)
    for (int64_t r = 0; r < k->rows; r++)
      out[i * k->rows + r] = k->plus * f[2 * i * F + r] + k->minus * f[(2 * i + 1) * F + r];
  sl_free(c, x);
  return ok;
}

static bool become_affine(probe *b) {
  sl_sde *p = b->p;
  coefficient ka = {b, p->dyn.drift, 0.5, -0.5, b->rows_a}, kb = {b, p->dyn.drift, 0.5, 0.5, b->rows_b},
              kg = {b, p->dyn.diffusion, 0.5, 0.5, b->rows_g};
  sl_schedule a = {.fn = coefficient_at, .ud = &ka, .rows = ka.rows},
              off = {.fn = coefficient_at, .ud = &kb, .rows = kb.rows},
              g = {.fn = coefficient_at, .ud = &kg, .rows = kg.rows};
  p->class = &sl_class_coefficients; /* the checks of the quadrature read the curves */
  p->ndim = b->ndim - 1;
  memcpy(p->shape, b->shape + 1, (size_t)p->ndim * sizeof *p->shape);
  if (sl_sde_integrate_coefficients(b->c, p, &a, b->offset ? &off : NULL, &g)) {
    p->tier = SL_TIER_PROBED;
    return true;
  }
  for (int i = 0; i < SL_CURVES; i++) sl_curve_free(b->c, &p->curve[i]);
  p->class = NULL;
  return false;
}

/* ---- the decision ---------------------------------------------------------------------------- */

static bool decide(probe *b, int affine) {
  sl_sde *p = b->p;
  if (affine) return affine > 0 && become_affine(b);
  if (p->dyn.affine)
    return sl_fail(b->c, SL_EVALUE, "define: argument tier: expected \"general\", since %s, got \"affine\"",
                   p->obstacle);
  if (p->dyn.noise == SL_NOISE_UNDECLARED)
    return sl_fail(b->c, SL_EARG,
                   "define: argument noise_type: expected \"scalar\", \"diagonal\" or \"matrix\", since the process "
                   "is not affine: %s; got nothing",
                   p->obstacle);
  p->tier = SL_TIER_GENERAL;
  return true;
}

/* In double where the callbacks take it; constants of their own may be float32. */
static bool probe_as(probe *b, sl_dtype d) {
  b->dtype = d;
  b->tolerance = d == SL_F64 ? 1e-9 : 1e-4;
  return decide(b, is_affine(b));
}

bool sl_sde_probe(sl_ctx *c, sl_sde *p, const sl_tensor *x) {
  if (x->ndim < 2 || sl_count(x->shape, 1, x->ndim) < 1)
    return sl_fail(c, SL_ESHAPE, "define: argument x: expected [N, features ...], got %s",
                   sl_shape_str(x, (char[128]){0}));
  if (p->dyn.noise == SL_NOISE_MATRIX) {
    p->tier = SL_TIER_GENERAL;
    return true;
  }
  probe b = {.c = c, .p = p, .ndim = x->ndim, .features = sl_count(x->shape, 1, x->ndim)};
  memcpy(b.shape, x->shape, sizeof b.shape);
  bool was = sl_recording_set(c, false), ok = probe_as(&b, SL_F64);
  sl_error e = c->error;
  if (!ok && x->dtype == SL_F32 && (e.code == SL_ECALLBACK || e.code == SL_EDTYPE)) {
    sl_error_take(c, &e);
    ok = probe_as(&b, SL_F32);
  }
  sl_recording_set(c, was);
  return ok;
}
