/* What training asks of a process: its draws, and times by importance. */
#include "sde/process.h"

#include "sdelua/op.h"
#include "tensor/internal.h"

#include <math.h>

bool sl_sde_train_draws(sl_ctx *c, sl_sde *p, sl_tensor *x0, double eps, sl_tensor **t, sl_tensor **z) {
  if (!sl_sde_need_kernel(c, p, x0, "dsm")) return false;
  char buf[128];
  if (x0->ndim < 2 || !sl_dtype_is_float(x0->dtype))
    return sl_fail(c, SL_EARG, "dsm: argument x0: expected a float tensor [N, features ...], got %s %s",
                   sl_dtype_name(x0->dtype), sl_shape_str(x0, buf));
  if (!(eps >= 0 && eps < p->T))
    return sl_fail(c, SL_EARG, "dsm: argument eps: expected a time in [0, %g), got %g", p->T, eps);
  sl_rng before = sl_rng_get(c);
  sl_train_batch(c, x0->shape[0]);
  sl_key key = sl_key_next(c, SL_STREAM_TRAIN);
  sl_tensor *u = sl_random(c, SL_UNIFORM, x0->dtype, 1, x0->shape, key, true, NULL);
  *t = sl_affine(c, u, p->T - eps, eps);
  *z = sl_random(c, SL_NORMAL, x0->dtype, x0->ndim, x0->shape, sl_key_next(c, SL_STREAM_TRAIN), true, NULL);
  if (*t && *z) return true;
  sl_rng_set(c, before); /* a call that failed has drawn nothing */
  return false;
}

/* ---- times by their noise-to-signal ratio ------------------------------------------- */

static double log_ratio(const sl_sde *p, double t) {
  sl_point q;
  p->class->point(p, t, 0, &q);
  return q.m > 0 ? log(q.s2) - 2 * log(q.m) : INFINITY;
}

/* Where log(s^2/m^2), which grows with t, is `target`: bisection. */
static double time_at(const sl_sde *p, double lo, double target) {
  double hi = p->T;
  for (int i = 0; i < 200 && hi - lo > 1e-16 * hi; i++) {
    double mid = lo > 0 && hi > 4 * lo ? sqrt(lo * hi) : 0.5 * (lo + hi);
    if (mid <= lo || mid >= hi) break;
    if (log_ratio(p, mid) < target) lo = mid;
    else hi = mid;
  }
  return 0.5 * (lo + hi);
}

bool sl_sde_need_uniform(sl_ctx *c, const sl_sde *p, const char *who) {
  if (!p || sl_failed(c)) return false;
  if (p->class && p->rows_m == 1 && p->rows_s == 1 && p->rows_c == 1) return true;
  return sl_fail(c, SL_EARG, "%s: argument process: expected an affine one with the same coefficients for all features",
                 who);
}

bool sl_sde_time_of(sl_ctx *c, sl_sde *p, double sigma, double *t) {
  if (!sl_sde_need_uniform(c, p, "sigma")) return false;
  if (!(sigma >= 0)) return sl_fail(c, SL_EARG, "sigma: expected a number >= 0, got %g", sigma);
  double target = 2 * log(sigma);
  *t = target <= log_ratio(p, 0) ? 0 : target >= log_ratio(p, p->T) ? p->T : time_at(p, 0, target);
  return true;
}

/* int g^2/s^2 = log(s^2/m^2) */
static double time_of_share(const sl_sde *p, double eps, double u) {
  double from = log_ratio(p, eps);
  return time_at(p, eps, from + u * (log_ratio(p, p->T) - from));
}

sl_tensor *sl_sde_importance_time(sl_ctx *c, sl_sde *p, sl_tensor *u, double eps) {
  if (!u || !sl_sde_need_uniform(c, p, "importance_time")) return NULL;
  if (!sl_sde_has_signal(p) || !(eps > 0 && eps < p->T))
    return sl_fail(c, SL_EARG, "importance_time: argument process: expected one with m_T > 0 and 0 < eps < T");
  sl_tensor *from = sl_contiguous(c, sl_cast(c, u, SL_F64)),
            *t = from ? sl_empty(c, SL_F64, from->ndim, from->shape) : NULL;
  for (int64_t i = 0; t && i < sl_numel(t); i++)
    ((double *)sl_data(t))[i] = time_of_share(p, eps, ((const double *)sl_data(from))[i]);
  return sl_cast(c, t, u->dtype);
}
