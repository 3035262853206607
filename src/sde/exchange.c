/* The exchange form between parameterizations: the pair (x0, eps). */
#include "sde/process.h"
#include "sdelua/op.h"
#include "tensor/internal.h"

#include <math.h>

/* ---- parameterizations --------------------------------------------------------------------------------------- */

const char *const sl_param_names[6] = {"noise", "score", "x0", "v", "velocity", NULL};

/* x0 = p_x (x - c) + p_y (y - y0), eps = q_x (x - c) + q_y (y - y0), y0 = c' for a velocity. */
typedef struct exchange_row {
  double p_x, p_y, q_x, q_y;
} exchange_row;

static exchange_row exchange_at(const sl_point *q, sl_param_kind kind) {
  double m = q->m, s = sqrt(q->s2), ds = q->ds2 / (2 * s), v = m * m + q->s2, det = m * ds - s * q->dm;
  switch (kind) {
  case SL_PREDICTS_NOISE: return (exchange_row){1 / m, -s / m, 0, 1};
  case SL_PREDICTS_SCORE: return (exchange_row){1 / m, q->s2 / m, 0, -s};
  case SL_PREDICTS_X0: return (exchange_row){0, 1, 1 / s, -m / s};
  case SL_PREDICTS_V: return (exchange_row){m / v, -s / v, s / v, m / v};
  default: return (exchange_row){ds / det, -s / det, -q->dm / det, m / det};
  }
}

static bool exchange_coefs(sl_ctx *c, sl_sde *p, sl_param_kind kind, sl_tensor *x, sl_tensor *t, sl_tensor *k[4]) {
  int rows = p->rows_s;
  int64_t n = sl_numel(t), each = n * rows;
  double *v = sl_alloc(c, sizeof(double) * 4 * (size_t)each, "score");
  if (!v) return false;
  double last = -1;
  for (int64_t i = 0; i < each; i++) {
    double at = fmax(sl_sde_time(t, i / rows), 0);
    if (at == last && i >= rows) { /* samplers ask for one time N times */
      for (int j = 0; j < 4; j++) v[j * each + i] = v[j * each + i - rows];
      continue;
    }
    sl_point q;
    p->class->point(p, at, (int)(i % rows), &q);
    exchange_row e = exchange_at(&q, kind);
    v[i] = e.p_x, v[each + i] = e.p_y, v[2 * each + i] = e.q_x, v[3 * each + i] = e.q_y;
    if (i % rows == rows - 1) last = at;
  }
  for (int j = 0; j < 4; j++) k[j] = sl_sde_spread(c, p, x, n, rows, v + j * each);
  sl_free(c, v);
  return !sl_failed(c);
}

static bool need_kernel(sl_ctx *c, sl_sde *p, sl_param_kind kind, const sl_tensor *x) {
  if (!sl_sde_settle(c, p, x)) return false;
  if (p->class || kind == SL_PREDICTS_SCORE) return sl_sde_need_kernel(c, p, x, "score");
  return sl_fail(c, SL_EARG,
                 "score: option parameterization: expected \"score\" (or \"energy\"), since the process has no "
                 "transition kernel that would turn another prediction into a score, got \"%s\"",
                 sl_param_names[kind]);
}

bool sl_sde_exchange(sl_ctx *c, sl_sde *p, sl_param_kind kind, sl_tensor *x, sl_tensor *t, sl_tensor *y, sl_tensor **x0,
                     sl_tensor **eps) {
  sl_tensor *k[4];
  if (!y || !t || !need_kernel(c, p, kind, x) || !sl_sde_check_time(c, p, x, t)) return false;
  if (kind <= SL_PREDICTS_SCORE && !sl_sde_need_signal(c, p, "score")) return false;
  if (!exchange_coefs(c, p, kind, x, t, k)) return false;
  sl_tensor *centred = sl_sde_minus(c, p, x, sl_sde_offset_coef(c, p, SL_COEF_C, x, t));
  if (kind == SL_PREDICTS_VELOCITY) y = sl_sde_minus(c, p, y, sl_sde_offset_coef(c, p, SL_COEF_DC, x, t));
  if (x0) *x0 = kind == SL_PREDICTS_X0 ? y : sl_add(c, sl_mul(c, k[0], centred), sl_mul(c, k[1], y));
  if (eps)
    *eps = kind == SL_PREDICTS_NOISE   ? y
           : kind == SL_PREDICTS_SCORE ? sl_mul(c, k[3], y)
                                       : sl_add(c, sl_mul(c, k[2], centred), sl_mul(c, k[3], y));
  return !sl_failed(c);
}

sl_tensor *sl_sde_velocity(sl_ctx *c, sl_sde *p, sl_tensor *x0, sl_tensor *t, sl_tensor *eps) {
  if (!t || !eps || !sl_sde_need_kernel(c, p, x0, "velocity")) return NULL;
  sl_tensor *signal = sl_mul(c, sl_sde_coef(c, p, SL_COEF_DM, x0, t), x0);
  sl_tensor *noise = sl_mul(c, sl_sde_coef(c, p, SL_COEF_DS, x0, t), eps);
  return sl_sde_plus(c, p, sl_add(c, signal, noise), sl_sde_offset_coef(c, p, SL_COEF_DC, x0, t));
}

sl_tensor *sl_sde_posterior_mean(sl_ctx *c, sl_sde *p, sl_tensor *x, double t, double r, sl_tensor *x0) {
  sl_link k;
  sl_tensor *at_r = sl_scalar(c, SL_F64, r), *mean_r, *std_r;
  if (!x0 || !at_r || !sl_sde_link(c, p, x, t, r, &k) || !sl_sde_marginal_prob(c, p, x0, at_r, &mean_r, &std_r))
    return NULL;
  sl_tensor *from_x = sl_mul(c, sl_mul(c, k.A, k.s2_r), sl_sde_minus(c, p, x, k.d));
  return sl_div(c, sl_add(c, from_x, sl_mul(c, k.v, mean_r)), k.s2_t);
}
