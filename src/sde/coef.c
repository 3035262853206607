/* Coefficients, marginals, prior and reverse drift as tensors that broadcast against x. */
#include "sde/process.h"
#include "sdelua/op.h"
#include "tensor/internal.h"

#include <math.h>

/* ---- reading times, laying out rows ------------------------------------------------- */

double sl_sde_time(const sl_tensor *t, int64_t i) {
  int64_t at[SL_MAX_DIMS] = {0};
  for (int d = t->ndim - 1; d >= 0; d--) at[d] = i % t->shape[d], i /= t->shape[d];
  return sl_get(t, at);
}

bool sl_sde_check_moment(sl_ctx *c, const sl_sde *p, double t) {
  if (t >= -1e-6 * p->T && t <= p->T * (1 + 1e-6)) return true;
  return sl_fail(c, SL_EVALUE, "sde: argument t: expected times in [0, %g], got %g", p->T, t);
}

bool sl_sde_check_time(sl_ctx *c, const sl_sde *p, const sl_tensor *x, const sl_tensor *t) {
  char buf[128];
  int64_t n = sl_numel(t);
  if (!sl_dtype_is_float(t->dtype) || (n != 1 && (x->ndim < 1 || n != x->shape[0])))
    return sl_fail(c, SL_ESHAPE, "sde: argument t: expected a number or a float tensor [%lld], got %s %s",
                   (long long)(x->ndim ? x->shape[0] : 1), sl_dtype_name(t->dtype), sl_shape_str(t, buf));
  for (int64_t i = 0; i < n; i++)
    if (!sl_sde_check_moment(c, p, sl_sde_time(t, i))) return false;
  return true;
}

/* Shape [n,1,..,1], or [n,..,features] where there are rows, to broadcast against x. */
static bool layout(sl_ctx *c, const sl_sde *p, const sl_tensor *x, int64_t n, int rows, int *ndim, int64_t *shape) {
  *ndim = x->ndim ? x->ndim : 1;
  if (rows > 1 && p->ndim > *ndim - 1) {
    char buf[128];
    sl_fail(c, SL_ESHAPE, "sde: argument x: expected features that the process's coefficients broadcast to, got %s",
            sl_shape_str(x, buf));
    return false;
  }
  for (int i = 0; i < *ndim; i++) shape[i] = i ? 1 : n;
  for (int i = 0; rows > 1 && i < p->ndim; i++) shape[*ndim - p->ndim + i] = p->shape[i];
  return true;
}

/* Doubles [n][rows] as a tensor of x's type. */
sl_tensor *sl_sde_spread(sl_ctx *c, const sl_sde *p, const sl_tensor *x, int64_t n, int rows, const double *v) {
  int ndim;
  int64_t shape[SL_MAX_DIMS];
  if (!layout(c, p, x, n, rows, &ndim, shape)) return NULL;
  sl_tensor *y = sl_empty(c, sl_dtype_is_float(x->dtype) ? x->dtype : SL_F32, ndim, shape);
  for (int64_t i = 0; y && i < n * rows; i++) {
    if (y->dtype == SL_F64) ((double *)sl_data(y))[i] = v[i];
    else ((float *)sl_data(y))[i] = (float)v[i];
  }
  return y;
}

/* ---- coefficients ---------------------------------------------------------------------- */

static double pick(const sl_point *q, sl_coef which) {
  switch (which) {
  case SL_COEF_M: return q->m;
  case SL_COEF_C: return q->c;
  case SL_COEF_S: return sqrt(q->s2);
  case SL_COEF_DM: return q->dm;
  case SL_COEF_DC: return q->dc;
  case SL_COEF_DS: return q->ds2 / (2 * sqrt(q->s2));
  case SL_COEF_A: return q->a;
  case SL_COEF_B: return q->b;
  case SL_COEF_G: return sqrt(q->g2);
  default: return q->g2 / q->s2;
  }
}

static double coef_at(const sl_sde *p, sl_coef which, double t, int row) {
  sl_point q;
  p->class->point(p, t, row, &q);
  return pick(&q, which);
}

static int rows_of_coef(const sl_sde *p, sl_coef which) {
  switch (which) {
  case SL_COEF_M:
  case SL_COEF_DM:
  case SL_COEF_A: return p->rows_m;
  case SL_COEF_C:
  case SL_COEF_DC:
  case SL_COEF_B: return p->rows_c;
  default: return p->rows_s;
  }
}

sl_tensor *sl_sde_coef(sl_ctx *c, sl_sde *p, sl_coef which, sl_tensor *x, sl_tensor *t) {
  if (!t || !sl_sde_need_kernel(c, p, x, "sde") || !sl_sde_check_time(c, p, x, t)) return NULL;
  int rows = rows_of_coef(p, which);
  int64_t n = sl_numel(t);
  double *v = sl_alloc(c, sizeof(double) * (size_t)(n * rows), "sde");
  if (!v) return NULL;
  double last = -1;
  for (int64_t i = 0; i < n; i++) {
    double at = fmax(sl_sde_time(t, i), 0);
    for (int r = 0; r < rows; r++) v[i * rows + r] = at == last ? v[(i - 1) * rows + r] : coef_at(p, which, at, r);
    last = at; /* samplers ask for one time N times */
  }
  sl_tensor *y = sl_sde_spread(c, p, x, n, rows, v);
  sl_free(c, v);
  return y;
}

sl_tensor *sl_sde_offset_coef(sl_ctx *c, sl_sde *p, sl_coef which, sl_tensor *x, sl_tensor *t) {
  return p->offset ? sl_sde_coef(c, p, which, x, t) : NULL;
}

/* y + d where the process has an offset. */
sl_tensor *sl_sde_plus(sl_ctx *c, const sl_sde *p, sl_tensor *y, sl_tensor *d) {
  return p->offset ? sl_add(c, y, d) : y;
}
sl_tensor *sl_sde_minus(sl_ctx *c, const sl_sde *p, sl_tensor *y, sl_tensor *d) {
  return p->offset ? sl_sub(c, y, d) : y;
}

sl_tensor *sl_sde_drift(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t) {
  if (!t || !sl_sde_settle(c, p, x)) return NULL;
  if (!p->class) return sl_sde_check_time(c, p, x, t) ? sl_general_drift(c, p, x, t) : NULL;
  return sl_sde_plus(c, p, sl_mul(c, x, sl_sde_coef(c, p, SL_COEF_A, x, t)), sl_sde_offset_coef(c, p, SL_COEF_B, x, t));
}

sl_tensor *sl_sde_diffusion(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t) {
  if (!t || !sl_sde_settle(c, p, x)) return NULL;
  if (!p->class) return sl_sde_check_time(c, p, x, t) ? sl_general_diffusion(c, p, x, t) : NULL;
  return sl_sde_coef(c, p, SL_COEF_G, x, t);
}

/* ---- the kernel -------------------------------------------------------------------------- */

bool sl_sde_marginal_prob(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t, sl_tensor **mean, sl_tensor **std) {
  if (!t || !sl_sde_need_kernel(c, p, x, "marginal_prob")) return false;
  *mean =
      sl_sde_plus(c, p, sl_mul(c, x, sl_sde_coef(c, p, SL_COEF_M, x, t)), sl_sde_offset_coef(c, p, SL_COEF_C, x, t));
  *std = sl_sde_coef(c, p, SL_COEF_S, x, t);
  return *mean && *std;
}

sl_tensor *sl_sde_perturb(sl_ctx *c, sl_sde *p, sl_tensor *x0, sl_tensor *t, sl_tensor *z) {
  if (!z || !t || !sl_sde_need_kernel(c, p, x0, "perturb")) return NULL;
  sl_tensor *m = sl_sde_coef(c, p, SL_COEF_M, x0, t), *s = sl_sde_coef(c, p, SL_COEF_S, x0, t);
  return sl_sde_plus(c, p, sl_axpby(c, m, x0, s, z), sl_sde_offset_coef(c, p, SL_COEF_C, x0, t));
}

/* ---- the prior ----------------------------------------------------------------------------- */

static bool prior_of(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor **mean, sl_tensor **std) {
  if (!sl_sde_settle(c, p, x)) return false;
  if (!p->class && !(p->prior_mean && p->prior_std))
    return sl_fail(c, SL_EARG,
                   "prior: argument process: expected prior = { mean =, std = }, which a general process needs");
  sl_tensor *T = sl_scalar(c, SL_F64, p->T);
  bool unit = p->class && p->class->unit_prior;
  *mean = p->prior_mean ? sl_cast(c, p->prior_mean, x->dtype)
          : p->offset   ? sl_sde_coef(c, p, SL_COEF_C, x, T)
                        : sl_scalar(c, x->dtype, 0);
  *std = p->prior_std ? sl_cast(c, p->prior_std, x->dtype)
         : unit       ? sl_scalar(c, x->dtype, 1)
                      : sl_sde_coef(c, p, SL_COEF_S, x, T);
  return *mean && *std;
}

sl_tensor *sl_sde_prior(sl_ctx *c, sl_sde *p, sl_tensor *z) {
  sl_tensor *mean = NULL, *std = NULL;
  return prior_of(c, p, z, &mean, &std) ? sl_add(c, mean, sl_mul(c, z, std)) : NULL;
}

/* sum_i log N(z_i; mean_i, std_i^2) for each sample */
sl_tensor *sl_sde_prior_logp(sl_ctx *c, sl_sde *p, sl_tensor *z) {
  sl_tensor *mean = NULL, *std = NULL;
  if (!z || sl_failed(c)) return NULL;
  if (z->ndim < 2) return sl_fail(c, SL_ESHAPE, "prior_logp: argument z: expected [N, features ...]");
  if (!prior_of(c, p, z, &mean, &std)) return NULL;
  int64_t dims[SL_MAX_DIMS];
  for (int i = 1; i < z->ndim; i++) dims[i - 1] = i;
  sl_tensor *u = sl_div(c, sl_sub(c, z, mean), std);
  sl_tensor *log_density = sl_sub(c, sl_affine(c, sl_square(c, u), -0.5, -0.5 * log(2 * M_PI)), sl_log(c, std));
  return sl_sum(c, log_density, z->ndim - 1, dims, false);
}

/* ---- the reverse ---------------------------------------------------------------------------------------- */

sl_tensor *sl_sde_reverse_drift(sl_ctx *c, sl_sde *p, double lambda, sl_tensor *x, sl_tensor *t, sl_tensor *score) {
  if (!score || !t || !sl_sde_settle(c, p, x)) return NULL;
  sl_tensor *pull = p->class ? sl_mul(c, sl_square(c, sl_sde_coef(c, p, SL_COEF_G, x, t)), score)
                             : sl_general_pull(c, p, x, t, score);
  return sl_sub(c, sl_sde_drift(c, p, x, t), sl_affine(c, pull, 0.5 * (1 + lambda * lambda), 0));
}
