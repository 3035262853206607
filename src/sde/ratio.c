/* Times by their noise-to-signal ratio: what training draws by importance, and samplers in sigma ask for. */
#include "sde/process.h"

#include "sdelua/op.h"
#include "tensor/internal.h"

#include <math.h>

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
  return sl_fail(c, SL_EARG,
                 "%s: argument process: expected an affine one with the same coefficients for all features, got %s",
                 who, p->class ? "one with a rate for each feature" : sl_sde_tier(p));
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
