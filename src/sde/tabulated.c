/* Processes given by functions of time: their kernel (mean, std) or their
   coefficients (a, b, g), tabulated once. */
#include "sde/process.h"

#include <math.h>

/* ---- from the kernel: curves m, s^2, c ------------------------------------------- */

enum { MEAN, VARIANCE, OFFSET };

static void marginal_point(const sl_sde *p, double t, int row, sl_point *o) {
  *o = (sl_point){0};
  o->m = sl_curve_at(&p->curve[MEAN], t, row, &o->dm);
  o->s2 = fmax(sl_curve_at(&p->curve[VARIANCE], t, row, &o->ds2), 0);
  if (p->offset) o->c = sl_curve_at(&p->curve[OFFSET], t, row, &o->dc);
  o->a = o->dm / o->m;
  o->b = o->dc - o->a * o->c;
  o->g2 = fmax(o->ds2 - 2 * o->a * o->s2, 0);
}

const sl_sde_class sl_class_marginal = {"define", marginal_point, NULL, false, false, 0};

static bool squares(sl_ctx *c, void *ud, int n, const double *t, double *out) {
  const sl_schedule *s = ud;
  if (!s->fn(c, s->ud, n, t, out)) return false;
  for (int i = 0; i < n * (s->rows ? s->rows : 1); i++) out[i] *= out[i];
  return true;
}

static int rows_of(const sl_schedule *s) { return s && s->rows ? s->rows : 1; }
static int max_rows(int a, int b) { return a > b ? a : b; }

static bool tabulate_kernel(sl_ctx *c, sl_sde *p, const sl_schedule *mean, const sl_schedule *std,
                            const sl_schedule *offset) {
  p->rows_m = rows_of(mean);
  p->rows_s = max_rows(p->rows_m, rows_of(std));
  p->rows_c = max_rows(p->rows_m, rows_of(offset));
  p->offset = offset != NULL;
  sl_schedule s = *std;
  return sl_curve_build(c, &p->curve[MEAN], "define: mean", p->T, rows_of(mean), true, mean->fn, mean->ud) &&
         sl_curve_build(c, &p->curve[VARIANCE], "define: std", p->T, rows_of(std), true, squares, &s) &&
         (!offset || sl_curve_build(c, &p->curve[OFFSET], "define: offset", p->T, rows_of(offset), false, offset->fn,
                                    offset->ud)) &&
         sl_sde_check_growth(c, p, "define");
}

sl_sde *sl_sde_marginal(sl_ctx *c, const sl_schedule *mean, const sl_schedule *std, const sl_schedule *offset,
                        const sl_sde_options *o) {
  sl_sde *p = sl_sde_new(c, "define", &sl_class_marginal, o);
  return p ? sl_sde_finish(p, tabulate_kernel(c, p, mean, std, offset)) : NULL;
}

/* ---- from the coefficients ---------------------------------------------------------
   L = int a, m = e^L; c = m int b/m; s^2 = m^2 (std0^2 + int g^2/m^2). */

enum { A, L, B_OVER_M, C_OVER_M, G2_OVER_M2, V };

static void coefficients_point(const sl_sde *p, double t, int row, sl_point *o) {
  *o = (sl_point){0};
  o->a = sl_curve_at(&p->curve[A], t, row, NULL);
  o->m = exp(sl_curve_at(&p->curve[L], t, row, NULL));
  o->g2 = fmax(sl_curve_at(&p->curve[G2_OVER_M2], t, row, NULL), 0) * o->m * o->m;
  o->s2 = fmax(sl_curve_at(&p->curve[V], t, row, NULL), 0) * o->m * o->m;
  if (p->offset) {
    o->b = sl_curve_at(&p->curve[B_OVER_M], t, row, NULL) * o->m;
    o->c = sl_curve_at(&p->curve[C_OVER_M], t, row, NULL) * o->m;
  }
  o->dm = o->a * o->m;
  o->dc = o->a * o->c + o->b;
  o->ds2 = 2 * o->a * o->s2 + o->g2;
}

const sl_sde_class sl_class_coefficients = {"define", coefficients_point, NULL, false, false, 0};

/* f(t)^power / m(t)^power, with as many rows as f or m have. */
typedef struct scaled {
  const sl_schedule *f;
  const sl_curve *log_m;
  int power, rows;
} scaled;

static bool scaled_at(sl_ctx *c, void *ud, int n, const double *t, double *out) {
  const scaled *s = ud;
  int have = rows_of(s->f);
  if (!s->f->fn(c, s->f->ud, n, t, out)) return false;
  for (int i = n; i-- > 0;)
    for (int r = s->rows; r-- > 0;) { /* downwards: out may hold fewer rows than it gets */
      double v = out[i * have + (have > 1 ? r : 0)] * exp(-sl_curve_at(s->log_m, t[i], r, NULL));
      out[i * s->rows + r] = s->power == 2 ? v * v : v;
    }
  return true;
}

static bool quadrature(sl_ctx *c, sl_sde *p, const char *who, int curve, const sl_schedule *f, int power, int rows,
                       double at0) {
  scaled s = {f, &p->curve[L], power, rows};
  return sl_curve_build(c, &p->curve[curve], who, p->T, rows, false, scaled_at, &s) &&
         sl_curve_integral(c, &p->curve[curve + 1], &p->curve[curve], at0);
}

bool sl_sde_integrate_coefficients(sl_ctx *c, sl_sde *p, const sl_schedule *a, const sl_schedule *b,
                                   const sl_schedule *g) {
  p->rows_m = rows_of(a);
  p->rows_s = max_rows(p->rows_m, rows_of(g));
  p->rows_c = max_rows(p->rows_m, rows_of(b));
  p->offset = b != NULL;
  return sl_curve_build(c, &p->curve[A], "define: drift coefficient", p->T, p->rows_m, false, a->fn, a->ud) &&
         sl_curve_integral(c, &p->curve[L], &p->curve[A], 0) &&
         quadrature(c, p, "define: diffusion coefficient", G2_OVER_M2, g, 2, p->rows_s, p->std0 * p->std0) &&
         (!b || quadrature(c, p, "define: drift offset", B_OVER_M, b, 1, p->rows_c, 0)) &&
         sl_sde_check_growth(c, p, "define");
}

sl_sde *sl_sde_coefficients(sl_ctx *c, const sl_schedule *a, const sl_schedule *b, const sl_schedule *g,
                            const sl_sde_options *o) {
  sl_sde *p = sl_sde_new(c, "define", &sl_class_coefficients, o);
  return p ? sl_sde_finish(p, sl_sde_integrate_coefficients(c, p, a, b, g)) : NULL;
}
