#include "sde/process.h"

#include "tensor/internal.h"
#include <math.h>
#include <string.h>

static bool take_options(sl_ctx *c, sl_sde *p, const char *who, const sl_sde_options *o) {
  static const double eps[3] = {1e-5, 1e-3, 1e-5};
  const double given[3] = {o->eps_train, o->eps_sample, o->eps_likelihood};
  if (!(o->T >= 0) || !isfinite(o->T))
    return sl_fail(c, SL_EARG, "%s: argument T: expected a positive time, got %g", who, o->T);
  if (!(o->std0 >= 0) || !isfinite(o->std0))
    return sl_fail(c, SL_EARG, "%s: argument std0: expected a number >= 0, got %g", who, o->std0);
  p->T = o->T > 0 ? o->T : 1;
  p->std0 = o->std0;
  for (int i = 0; i < 3; i++) {
    double e = i == SL_EPS_SAMPLE && p->class && p->class->eps_sample > 0 ? p->class->eps_sample : eps[i];
    p->eps[i] = given[i] > 0 ? given[i] : e * fmin(p->T, 1);
    if (!(p->eps[i] < p->T))
      return sl_fail(c, SL_EARG, "%s: argument eps: expected times below T = %g, got %g", who, p->T, p->eps[i]);
  }
  p->prior_mean = sl_retain(o->prior_mean);
  p->prior_std = sl_retain(o->prior_std);
  p->ndim = o->ndim;
  memcpy(p->shape, o->shape, sizeof p->shape);
  return true;
}

sl_sde *sl_sde_new(sl_ctx *c, const char *who, const sl_sde_class *class, const sl_sde_options *o) {
  if (sl_failed(c)) return NULL;
  sl_sde *p = sl_alloc(c, sizeof *p, who);
  if (!p) return NULL;
  *p = (sl_sde){.refs = 1, .ctx = c, .class = class, .rows_m = 1, .rows_c = 1, .rows_s = 1};
  static const sl_sde_options none;
  return sl_sde_finish(p, take_options(c, p, who, o ? o : &none));
}

sl_sde *sl_sde_finish(sl_sde *p, bool ok) {
  if (!ok) sl_sde_release(p);
  return ok ? p : NULL;
}

sl_sde *sl_sde_retain(sl_sde *p) {
  if (p) p->refs++;
  return p;
}

void sl_sde_release(sl_sde *p) {
  if (!p || --p->refs) return;
  for (int i = 0; i < SL_CURVES; i++) sl_curve_free(p->ctx, &p->curve[i]);
  sl_release(p->prior_mean), sl_release(p->prior_std);
  sl_free(p->ctx, p);
}

const char *sl_sde_name(const sl_sde *p) { return p->class ? p->class->name : "define"; }
double sl_sde_T(const sl_sde *p) { return p->T; }
double sl_sde_eps(const sl_sde *p, sl_eps which) { return p->eps[which]; }
bool sl_sde_label_is_std(const sl_sde *p) { return p->class && p->class->label_is_std; }
bool sl_sde_has_prior(const sl_sde *p) { return p->prior_mean || p->prior_std; }

const char *sl_sde_tier(const sl_sde *p) {
  static const char *const names[] = {"affine", "affine (probed)", "general", "general (unprobed)"};
  return names[p->tier];
}

bool sl_sde_settle(sl_ctx *c, sl_sde *p, const sl_tensor *x) {
  if (!p || !x || sl_failed(c)) return false;
  return p->tier != SL_TIER_UNPROBED || sl_sde_probe(c, p, x);
}

bool sl_sde_need_kernel(sl_ctx *c, sl_sde *p, const sl_tensor *x, const char *who) {
  if (!sl_sde_settle(c, p, x)) return false;
  if (p->class) return true;
  return sl_fail(c, SL_EARG,
                 "%s: argument process: expected one with a transition kernel (affine tier), got a general one%s%s; "
                 "sliced score matching, euler_maruyama and ode need no kernel",
                 who, p->obstacle ? ", since " : "", p->obstacle ? p->obstacle : "");
}

bool sl_sde_has_signal(const sl_sde *p) {
  if (!p->class) return true;
  sl_point at;
  p->class->point(p, p->T, 0, &at);
  return fabs(at.m) > 1e-10;
}

bool sl_sde_need_signal(sl_ctx *c, sl_sde *p, const char *who) {
  if (!p || sl_failed(c)) return false;
  if (sl_sde_has_signal(p)) return true;
  return sl_fail(c, SL_EARG,
                 "%s: argument process: m_T = 0, so a score or noise prediction at T = %g says nothing of x_0; use "
                 "parameterization \"v\", \"x0\" or \"velocity\" and the ode solver",
                 who, p->T);
}

bool sl_sde_point(sl_ctx *c, sl_sde *p, double t, int row, sl_point *out) {
  if (!p || sl_failed(c)) return false;
  if (!p->class)
    return sl_fail(c, SL_EARG, "sde: argument process: expected one with known coefficients, got one of tier %s",
                   sl_sde_tier(p));
  if (!sl_sde_check_moment(c, p, t)) return false;
  p->class->point(p, t, row, out);
  return true;
}

bool sl_sde_check_growth(sl_ctx *c, const sl_sde *p, const char *who) {
  int rows = p->rows_m > p->rows_s ? p->rows_m : p->rows_s, times = rows > 16 ? 64 : 1024;
  for (int r = 0; r < rows; r++) {
    double last = -INFINITY;
    for (int i = 0; i <= times; i++) {
      double t = i < 16 ? ldexp(p->T, i - 25) : p->T * (i - 15) / (times - 15);
      sl_point at;
      p->class->point(p, t, r, &at);
      double ratio = at.m > 0 ? log(at.s2) - 2 * log(at.m) : INFINITY;
      bool zero_at_end = t >= p->T && fabs(at.m) < 1e-10; /* m_T = 0 is allowed */
      if (!zero_at_end && (isnan(ratio) || at.m <= 0 || ratio < last - 1e-6))
        return sl_fail(
            c, SL_EVALUE,
            "%s: expected std/mean to increase with t, got mean %.6g, std %.6g at t = %.6g, below what it was", who,
            at.m, sqrt(fmax(at.s2, 0)), t);
      last = fmax(last, ratio);
    }
  }
  return true;
}
