#include "solve/run.h"

#include <string.h>

/* ---- noise ------------------------------------------------------------------------ */

bool sl_noise_check_index(sl_ctx *c, const sl_noise *n, const int64_t *shape) {
  char buf[128];
  if (!n->index) return true;
  if (n->index->dtype != SL_I64 || n->index->ndim != 1 || n->index->shape[0] != shape[0])
    return sl_fail(c, SL_ESHAPE, "noise: argument index: expected int64 [%lld], one a sample, got %s %s",
                   (long long)shape[0], sl_dtype_name(n->index->dtype), sl_shape_str(n->index, buf));
  for (int64_t i = 0; i < shape[0]; i++) {
    double v = sl_get(n->index, &i);
    if (!(v >= 0 && v <= SL_NOISE_INDEX_MAX))
      return sl_fail(c, SL_EVALUE, "noise: argument index: expected numbers in [0, 2^55], got %g", v);
  }
  return true;
}

static sl_tensor *replayed(sl_ctx *c, const sl_noise *n, sl_dtype d, int ndim, const int64_t *shape, uint32_t number) {
  char buf[128];
  sl_tensor *z = n->draw(c, n->ud, d, ndim, shape, number);
  if (!z) return NULL;
  if (z->ndim != ndim || memcmp(z->shape, shape, (size_t)ndim * sizeof *shape) || z->dtype != d)
    return sl_fail(c, SL_ESHAPE, "noise: draw %u: expected a %s tensor of the shape asked for, got %s %s",
                   (unsigned)number + 1, sl_dtype_name(d), sl_dtype_name(z->dtype), sl_shape_str(z, buf));
  return z;
}

sl_tensor *sl_noise_normal(sl_ctx *c, const sl_noise *n, sl_dtype d, int ndim, const int64_t *shape, uint32_t number) {
  if (sl_failed(c)) return NULL;
  if (ndim < 1) return sl_fail(c, SL_ESHAPE, "noise: argument shape: expected [N, ...]");
  if (n->draw) return replayed(c, n, d, ndim, shape, number);
  if (!sl_noise_check_index(c, n, shape)) return NULL;
  sl_tensor *index = n->index ? sl_contiguous(c, n->index) : NULL;
  sl_key key = {.seed = n->seed, .index = (uint64_t)n->first, .draw = number, .stream = SL_STREAM_SAMPLE};
  return sl_random(c, SL_NORMAL, d, ndim, shape, key, true, index ? sl_data(index) : NULL);
}

sl_tensor *sl_run_noise(sl_ctx *c, sl_run *run, int ndim, const int64_t *shape) {
  return sl_noise_normal(c, run->noise, run->x->dtype, ndim, shape, run->draw++);
}

/* ---- score ---------------------------------------------------------------------------- */

/* [N] of x's type. */
static sl_tensor *times_for(sl_ctx *c, const sl_tensor *x, sl_tensor *t) {
  return sl_contiguous(c, sl_expand(c, sl_cast(c, sl_reshape(c, t, 1, (int64_t[]){-1}), x->dtype), 1, x->shape));
}

static sl_tensor *like_x(sl_ctx *c, const char *who, const sl_tensor *x, sl_tensor *y) {
  char want[128], got[128];
  if (!y || (sl_same_shape(x, y) && x->dtype == y->dtype)) return y;
  return sl_fail(c, SL_ESHAPE, "%s: expected a result like x, a %s tensor %s, got %s %s", who, sl_dtype_name(x->dtype),
                 sl_shape_str(x, want), sl_dtype_name(y->dtype), sl_shape_str(y, got));
}

sl_tensor *sl_run_score(sl_ctx *c, sl_run *run, sl_tensor *x, sl_tensor *t) {
  sl_tensor *at = x && t ? times_for(c, x, t) : NULL;
  if (!at) return NULL;
  run->nfe++;
  return like_x(c, "score", x, run->score->score(c, run->score->ud, x, at, run->rows));
}

/* Through the score, or, where m_T = 0 and there is none, through (x0, eps). */
sl_tensor *sl_run_flow(sl_ctx *c, sl_run *run, sl_tensor *x, sl_tensor *t) {
  if (sl_sde_has_signal(run->sde)) return sl_sde_reverse_drift(c, run->sde, 0, x, t, sl_run_score(c, run, x, t));
  sl_tensor *x0 = NULL, *eps = NULL, *at = x && t ? times_for(c, x, t) : NULL;
  if (!at) return NULL;
  if (!run->score->exchange)
    return sl_fail(
        c, SL_EARG,
        "ode: argument score: expected one made by process:score(net, { parameterization = \"v\" }), since m_T "
        "= 0, got a plain function");
  run->nfe++;
  if (!run->score->exchange(c, run->score->ud, x, at, run->rows, &x0, &eps)) return NULL;
  return like_x(c, "score", x, sl_sde_velocity(c, run->sde, x0, t, eps));
}

sl_tensor *sl_denoise(sl_ctx *c, sl_sde *p, const sl_score *score, sl_tensor *x, double t) {
  sl_run run = {.sde = p, .score = score};
  if (!sl_sde_need_kernel(c, p, x, "denoise")) return NULL;
  sl_tensor *at = sl_scalar(c, SL_F64, t), *y = sl_run_score(c, &run, x, at), *x0 = NULL;
  return sl_sde_exchange(c, p, SL_PREDICTS_SCORE, x, at, y, &x0, NULL) ? x0 : NULL;
}

/* ---- stages ----------------------------------------------------------------------------- */

sl_tensor *sl_stages_sum(sl_ctx *c, int n, const double *w, sl_tensor *const *k) {
  sl_tensor *sum = NULL;
  for (int j = 0; j < n; j++) {
    if (w[j] == 0) continue;
    sl_tensor *term = sl_affine(c, k[j], w[j], 0);
    sum = sum ? sl_add(c, sum, term) : term;
    if (!sum) return NULL;
  }
  return sum;
}

sl_tensor *sl_stages_add(sl_ctx *c, sl_tensor *x, sl_tensor *h, int n, const double *w, sl_tensor *const *k) {
  return sl_add(c, x, sl_mul(c, h, sl_stages_sum(c, n, w, k)));
}
