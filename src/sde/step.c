/* One step between two times: exact, and as the papers' tables have it. */
#include "sde/process.h"
#include "sdelua/op.h"
#include "tensor/internal.h"

#include <math.h>

/* ---- one step between two times ---------------------------------------------------------------- */

typedef void link_fn(const sl_sde *p, const void *arg, int row, sl_link_row *out);

/* Tensors of the rows that fn gives. */
static bool link_from(sl_ctx *c, sl_sde *p, sl_tensor *x, link_fn *fn, const void *arg, sl_link *out) {
  int rows = p->rows_s > p->rows_c ? p->rows_s : p->rows_c;
  double *v = sl_alloc(c, sizeof(double) * 6 * (size_t)rows, "sde");
  if (!v) return false;
  for (int r = 0; r < rows; r++) {
    sl_link_row q;
    fn(p, arg, r, &q);
    v[r] = q.A, v[rows + r] = q.d, v[2 * rows + r] = fmax(q.v, 0), v[3 * rows + r] = q.s2_t, v[4 * rows + r] = q.s2_r;
    v[5 * rows + r] = q.A - 1;
  }
  out->A = sl_sde_spread(c, p, x, 1, p->rows_m, v);
  out->d = p->offset ? sl_sde_spread(c, p, x, 1, rows, v + rows) : NULL;
  out->v = sl_sde_spread(c, p, x, 1, p->rows_s, v + 2 * rows);
  out->s2_t = sl_sde_spread(c, p, x, 1, p->rows_s, v + 3 * rows);
  out->s2_r = sl_sde_spread(c, p, x, 1, p->rows_s, v + 4 * rows);
  out->growth = sl_sde_spread(c, p, x, 1, p->rows_m, v + 5 * rows);
  sl_free(c, v);
  return !sl_failed(c);
}

static void exact_row(const sl_sde *p, const void *arg, int row, sl_link_row *out) {
  const double *times = arg;
  sl_point t, r;
  p->class->point(p, times[0], row, &t);
  p->class->point(p, times[1], row, &r);
  double A = t.m / r.m;
  *out = (sl_link_row){A, t.c - A * r.c, t.s2 - A * A * r.s2, t.s2, r.s2};
}

bool sl_sde_link(sl_ctx *c, sl_sde *p, sl_tensor *x, double t, double r, sl_link *out) {
  if (!sl_sde_need_kernel(c, p, x, "link")) return false;
  return link_from(c, p, x, exact_row, (const double[2]){t, fmax(r, 0)}, out);
}

/* ---- the papers' steps ---------------------------------------------------------------------------- */

typedef struct paper_step {
  double t;
  int i, n;
} paper_step;

/* Moments of a table from its A and v: m_i = A_i m_{i-1}, s_i^2 = A_i^2 s_{i-1}^2 + v_i from m = 1, s = 0. */
static void table_moments(const sl_sde *p, int i, int n, double *m, double *s2) {
  *m = 1, *s2 = 0;
  for (int k = 0; k <= i; k++) {
    double A, v;
    p->class->level(p, k, n, &A, &v);
    *m *= A, *s2 = A * A * *s2 + v;
  }
}

static void paper_row(const sl_sde *p, const void *arg, int row, sl_link_row *out) {
  const paper_step *k = arg;
  double dt = p->T / k->n, m;
  if (p->class->level) {
    *out = (sl_link_row){0};
    p->class->level(p, k->i, k->n, &out->A, &out->v);
    table_moments(p, k->i, k->n, &m, &out->s2_t);
    if (k->i > 0) table_moments(p, k->i - 1, k->n, &m, &out->s2_r);
    return;
  }
  sl_point t, r;
  p->class->point(p, k->t, row, &t);
  p->class->point(p, fmax(k->t - dt, 0), row, &r);
  *out = (sl_link_row){1 + t.a * dt, t.b * dt, t.g2 * dt, t.s2, r.s2};
}

static bool check_levels(sl_ctx *c, const sl_sde *p, int n) {
  if (n < 1) return sl_fail(c, SL_EARG, "levels: argument n: expected at least 1, got %d", n);
  for (int i = 0; p->class->level && i < n; i++) {
    double A, v;
    p->class->level(p, i, n, &A, &v);
    if (!(A >= 0))
      return sl_fail(c, SL_EARG, "levels: argument n: expected more than beta_max levels, got %d with beta_%d = %g", n,
                     i, v);
  }
  return true;
}

/* Computed in float like the tables' readers do, so that a time meant for a level finds it. */
static int level_index(const sl_sde *p, double t, int n) {
  int i = (int)((float)t * (float)(n - 1) / (float)p->T);
  return i < 0 ? 0 : i > n - 1 ? n - 1 : i;
}

bool sl_sde_link_paper(sl_ctx *c, sl_sde *p, sl_tensor *x, double t, int n, sl_link *out) {
  if (!sl_sde_need_kernel(c, p, x, "levels") || !check_levels(c, p, n)) return false;
  paper_step k = {t, level_index(p, t, n), n};
  return link_from(c, p, x, paper_row, &k, out);
}

bool sl_sde_levels(sl_ctx *c, sl_sde *p, int n, sl_tensor *out[4]) {
  if (!p || sl_failed(c)) return false;
  if (!p->class || !p->class->level)
    return sl_fail(c, SL_EARG, "levels: argument process: expected one with a table in the papers (VP, VE), got %s",
                   sl_sde_name(p));
  if (!check_levels(c, p, n)) return false;
  double m = 1, s2 = 0;
  for (int k = 0; k < 4; k++)
    if (!(out[k] = sl_empty(c, SL_F64, 1, (int64_t[]){n}))) return false;
  for (int i = 0; i < n; i++) {
    double A, v;
    p->class->level(p, i, n, &A, &v);
    m *= A, s2 = A * A * s2 + v;
    const double row[4] = {A, v, m, sqrt(s2)};
    for (int k = 0; k < 4; k++) ((double *)sl_data(out[k]))[i] = row[k];
  }
  return true;
}

/* ---- discretize -------------------------------------------------------------------------------------- */

/* f and G at one time; x is the whole batch or one row of it. */
static bool step_of(sl_ctx *c, sl_sde *p, sl_tensor *x, double t, int n, bool paper, sl_tensor **f, sl_tensor **G) {
  sl_link k;
  if (!(paper ? sl_sde_link_paper(c, p, x, t, n, &k) : sl_sde_link(c, p, x, t, t - p->T / n, &k))) return false;
  *f = sl_sde_plus(c, p, sl_mul(c, x, k.growth), k.d);
  *G = sl_sqrt(c, k.v);
  return *f && *G;
}

static bool steps_of(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t, int n, bool paper, sl_tensor **f,
                     sl_tensor **G) {
  int64_t N = sl_numel(t);
  if (N == 1) return step_of(c, p, x, sl_sde_time(t, 0), n, paper, f, G);
  sl_tensor **rows = sl_alloc(c, 2 * (size_t)N * sizeof *rows, "discretize");
  bool ok = rows != NULL;
  for (int64_t i = 0; ok && i < N; i++)
    ok = step_of(c, p, sl_narrow(c, x, 0, i, 1), sl_sde_time(t, i), n, paper, &rows[i], &rows[N + i]);
  *f = ok ? sl_cat(c, (int)N, rows, 0) : NULL;
  *G = ok ? sl_cat(c, (int)N, rows + N, 0) : NULL;
  sl_free(c, rows);
  return *f && *G;
}

bool sl_sde_discretize(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t, int n, bool paper, sl_tensor **f,
                       sl_tensor **G) {
  if (!t || !sl_sde_settle(c, p, x) || !sl_sde_check_time(c, p, x, t)) return false;
  if (n < 1) return sl_fail(c, SL_EARG, "discretize: argument n: expected at least 1 step, got %d", n);
  if (p->class) return steps_of(c, p, x, t, n, paper, f, G);
  *f = sl_affine(c, sl_sde_drift(c, p, x, t), p->T / n, 0);
  *G = sl_affine(c, sl_sde_diffusion(c, p, x, t), sqrt(p->T / n), 0);
  return *f && *G;
}
