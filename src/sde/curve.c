#include "sde/curve.h"

#include <math.h>
#include <string.h>

enum { NODES = SL_CURVE_NODES, COEFS = SL_CURVE_COEFS, CHECKS = 5, SAMPLES = NODES + CHECKS };
enum { HALVINGS = 20, FINE_DEPTH = 6, MAX_DEPTH = 30 };

/* Where the series is compared with the function, on [-1, 1]; none is a node. */
static const double check_at[CHECKS] = {-0.98, -0.55, 0.04, 0.63, 0.97};

typedef struct builder {
  sl_ctx *c;
  sl_curve *k;
  const char *who;
  bool logs;
  sl_schedule_fn *fn;
  void *ud;
  double node[NODES], basis[NODES][NODES]; /* basis[k][j] = T_k(node j) */
  double *sample;                          /* [SAMPLES][rows] */
} builder;

static void basis_init(builder *b) {
  for (int j = 0; j < NODES; j++) b->node[j] = -cos(M_PI * (j + 0.5) / NODES);
  for (int k = 0; k < NODES; k++)
    for (int j = 0; j < NODES; j++) b->basis[k][j] = (k & 1 ? -1 : 1) * cos(M_PI * k * (j + 0.5) / NODES);
}

static double series_at(const double *coef, double x, double *slope) {
  double t0 = 1, t1 = x, d0 = 0, d1 = 1, v = coef[0] + coef[1] * x, d = coef[1];
  for (int k = 2; k < COEFS; k++) {
    double t2 = 2 * x * t1 - t0, d2 = 2 * t1 + 2 * x * d1 - d0;
    v += coef[k] * t2;
    d += coef[k] * d2;
    t0 = t1, t1 = t2, d0 = d1, d1 = d2;
  }
  if (slope) *slope = d;
  return v;
}

/* Panel i's series, also a little outside the panel. */
static double panel_at(const sl_curve *k, int i, double t, int row, double *slope) {
  const sl_panel *p = &k->panel[i];
  double half = 0.5 * (p->hi - p->lo), d = 0;
  double v = series_at(k->coef + ((size_t)i * k->rows + row) * COEFS, (t - p->lo) / half - 1, &d);
  if (p->log) v = exp(v), d *= v;
  if (slope) *slope = d / half;
  return v;
}

static bool panel_sample(builder *b, double lo, double hi) {
  double t[SAMPLES];
  for (int j = 0; j < SAMPLES; j++) t[j] = lo + (hi - lo) * 0.5 * (1 + (j < NODES ? b->node[j] : check_at[j - NODES]));
  if (!b->fn(b->c, b->ud, SAMPLES, t, b->sample)) return false;
  for (int j = 0; j < SAMPLES * b->k->rows; j++)
    if (!isfinite(b->sample[j]))
      return sl_fail(b->c, SL_EVALUE, "%s: expected finite numbers on (0, T), got %g at t = %.6g", b->who, b->sample[j],
                     t[j / b->k->rows]);
  return true;
}

/* A logarithm suits values that are positive and not near a zero. */
static bool suits_log(const builder *b) {
  double lo = INFINITY, hi = 0;
  for (int j = 0; j < SAMPLES * b->k->rows; j++) lo = fmin(lo, b->sample[j]), hi = fmax(hi, b->sample[j]);
  return b->logs && lo > 0 && hi < 50 * lo; /* a straight line to zero spans 400 */
}

/* Fits one row and returns the largest error between the nodes, relative to
   the value; near a zero, to 1e-4 of the largest value in the panel. */
static double row_fit(const builder *b, int row, bool logs, double *coef) {
  double y[SAMPLES], scale = 0, worst = 0;
  for (int j = 0; j < SAMPLES; j++) {
    double v = b->sample[j * b->k->rows + row];
    y[j] = logs ? log(v) : v;
    scale = fmax(scale, fabs(y[j]));
  }
  for (int k = 0; k < NODES; k++) {
    coef[k] = 0;
    for (int j = 0; j < NODES; j++) coef[k] += y[j] * b->basis[k][j];
    coef[k] *= k ? 2.0 / NODES : 1.0 / NODES;
  }
  coef[NODES] = 0;
  for (int j = 0; j < CHECKS; j++) {
    double want = y[NODES + j], size = logs ? 1 : fmax(fabs(want), 1e-4 * scale);
    if (size > 0) worst = fmax(worst, fabs(series_at(coef, check_at[j], NULL) - want) / size);
  }
  return worst;
}

static bool grow(sl_ctx *c, sl_curve *k) {
  if (k->n < k->cap) return true;
  int cap = k->cap ? 2 * k->cap : 32;
  size_t row = (size_t)k->rows * COEFS * sizeof(double);
  sl_panel *panel = sl_alloc(c, (size_t)cap * sizeof *panel, "sde");
  double *coef = sl_alloc(c, (size_t)cap * row, "sde");
  if (!panel || !coef) {
    sl_free(c, panel), sl_free(c, coef);
    return false;
  }
  if (k->n) memcpy(panel, k->panel, (size_t)k->n * sizeof *panel), memcpy(coef, k->coef, (size_t)k->n * row);
  sl_free(c, k->panel), sl_free(c, k->coef);
  k->panel = panel, k->coef = coef, k->cap = cap;
  return true;
}

static bool jumps(const builder *b, double t) {
  return sl_fail(b->c, SL_EVALUE, "%s: expected a continuous function of t, got one that jumps near t = %.9g", b->who,
                 t);
}

/* Appends [lo, hi], whole or in halves. `checked` is false next to 0, where a
   power of t need not be a polynomial and nothing is read below T/1e6. */
static bool panel_add(builder *b, double lo, double hi, int depth, bool checked) {
  sl_curve *k = b->k;
  if (!grow(b->c, k) || !panel_sample(b, lo, hi)) return false;
  bool logs = suits_log(b);
  double worst = 0, *coef = k->coef + (size_t)k->n * k->rows * COEFS;
  for (int r = 0; r < k->rows; r++) worst = fmax(worst, row_fit(b, r, logs, coef + r * COEFS));
  if (!checked || worst <= (depth < FINE_DEPTH ? 1e-9 : 1e-6)) {
    k->panel[k->n++] = (sl_panel){lo, hi, logs};
    return true;
  }
  double mid = 0.5 * (lo + hi);
  if (depth == MAX_DEPTH) return jumps(b, mid);
  return panel_add(b, lo, mid, depth + 1, true) && panel_add(b, mid, hi, depth + 1, true);
}

/* A jump where two panels meet escapes the checks between nodes. */
static bool check_joints(const builder *b) {
  const sl_curve *k = b->k;
  for (int i = 2; i < k->n; i++)
    for (int r = 0; r < k->rows; r++) {
      double left = panel_at(k, i - 1, k->panel[i].lo, r, NULL), right = panel_at(k, i, k->panel[i].lo, r, NULL);
      double size = 0;
      for (int j = i - 1; j <= i; j++) size += fabs(panel_at(k, j, 0.5 * (k->panel[j].lo + k->panel[j].hi), r, NULL));
      if (fabs(left - right) > 1e-4 * size) return jumps(b, k->panel[i].lo);
    }
  return true;
}

bool sl_curve_build(sl_ctx *c, sl_curve *k, const char *who, double T, int rows, bool logs, sl_schedule_fn *fn,
                    void *ud) {
  builder b = {.c = c, .k = k, .who = who, .logs = logs, .fn = fn, .ud = ud};
  *k = (sl_curve){.rows = rows > 0 ? rows : 1};
  b.sample = sl_alloc(c, sizeof(double) * SAMPLES * (size_t)k->rows, "sde");
  if (!b.sample) return false;
  basis_init(&b);
  double lo = ldexp(T, -HALVINGS);
  bool ok = panel_add(&b, 0, lo, 0, false);
  for (int i = HALVINGS; ok && i > 0; i--) ok = panel_add(&b, ldexp(T, -i), ldexp(T, 1 - i), 0, true);
  ok = ok && check_joints(&b);
  sl_free(c, b.sample);
  if (!ok) sl_curve_free(c, k);
  return ok;
}

/* Series of the integral from the panel's left end (Chebyshev: 2 int T_k = T_{k+1}/(k+1) - T_{k-1}/(k-1)). */
static double series_integral(const double *f, double *out, double half, double left) {
  out[0] = 0;
  out[1] = half * (f[0] - 0.5 * f[2]);
  for (int k = 2; k < COEFS; k++) out[k] = half * (f[k - 1] - (k + 1 < COEFS ? f[k + 1] : 0)) / (2 * k);
  out[0] = left - series_at(out, -1, NULL);
  return series_at(out, 1, NULL);
}

bool sl_curve_integral(sl_ctx *c, sl_curve *k, const sl_curve *f, double at0) {
  size_t row = (size_t)f->rows * COEFS;
  *k = (sl_curve){.rows = f->rows, .n = f->n, .cap = f->n};
  k->panel = sl_alloc(c, (size_t)f->n * sizeof *k->panel, "sde");
  k->coef = sl_alloc(c, (size_t)f->n * row * sizeof(double), "sde");
  if (!k->panel || !k->coef) {
    sl_curve_free(c, k);
    return false;
  }
  memcpy(k->panel, f->panel, (size_t)f->n * sizeof *k->panel);
  for (int r = 0; r < f->rows; r++) {
    double sum = at0;
    for (int i = 0; i < f->n; i++) {
      size_t at = (size_t)i * row + (size_t)r * COEFS;
      sum = series_integral(f->coef + at, k->coef + at, 0.5 * (f->panel[i].hi - f->panel[i].lo), sum);
    }
  }
  return true;
}

double sl_curve_at(const sl_curve *k, double t, int row, double *slope) {
  int lo = 0, hi = k->n - 1;
  while (lo < hi) {
    int mid = (lo + hi) / 2;
    if (t > k->panel[mid].hi) lo = mid + 1;
    else hi = mid;
  }
  return panel_at(k, lo, t, row < k->rows ? row : 0, slope);
}

void sl_curve_free(sl_ctx *c, sl_curve *k) {
  sl_free(c, k->panel), sl_free(c, k->coef);
  *k = (sl_curve){0};
}
