/* The general tier: a process that is its drift and diffusion and nothing else. */
#include "sde/process.h"

#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "tensor/internal.h"

static bool check_dynamics(sl_ctx *c, sl_sde *p) {
  if (p->dyn.probe || p->dyn.noise != SL_NOISE_UNDECLARED) return true;
  return sl_fail(c, SL_EARG,
                 "define: argument noise_type: expected \"scalar\", \"diagonal\" or \"matrix\" for a general process, "
                 "got nothing");
}

sl_sde *sl_sde_general(sl_ctx *c, const sl_dynamics *d, const sl_sde_options *o) {
  sl_sde *p = sl_sde_new(c, "define", NULL, o);
  if (!p) return NULL;
  p->dyn = *d;
  p->tier = d->probe ? SL_TIER_UNPROBED : SL_TIER_GENERAL;
  return sl_sde_finish(p, check_dynamics(c, p));
}

/* [N,1,..,1] of x's type. */
static sl_tensor *time_column(sl_ctx *c, const sl_tensor *x, sl_tensor *t) {
  int64_t shape[SL_MAX_DIMS];
  for (int i = 0; i < x->ndim; i++) shape[i] = 1;
  shape[0] = sl_numel(t);
  sl_tensor *column = sl_reshape(c, sl_cast(c, t, x->dtype), x->ndim, shape);
  shape[0] = x->shape[0];
  return sl_expand(c, column, x->ndim, shape);
}

static sl_tensor *wrong_shape(sl_ctx *c, const char *who, const sl_tensor *x, const sl_tensor *y) {
  char want[128], got[128];
  return sl_fail(c, SL_ESHAPE, "define: argument %s: expected a result that fits x %s, got %s", who,
                 sl_shape_str(x, want), sl_shape_str(y, got));
}

/* y's shape broadcasts to x's. */
static bool fits(const sl_tensor *x, const sl_tensor *y) {
  for (int i = 1; i <= y->ndim; i++)
    if (i > x->ndim || (y->shape[y->ndim - i] != 1 && y->shape[y->ndim - i] != x->shape[x->ndim - i])) return false;
  return true;
}

sl_tensor *sl_general_drift(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t) {
  if (x->ndim < 2) return sl_fail(c, SL_ESHAPE, "define: argument x: expected [N, features ...], got %s",
                                      sl_shape_str(x, (char[128]){0}));
  sl_tensor *column = time_column(c, x, t), *y = column ? p->dyn.drift(c, p->dyn.ud, x, column) : NULL;
  if (!y) return NULL;
  return fits(x, y) ? sl_expand(c, y, x->ndim, x->shape) : wrong_shape(c, "drift", x, y);
}

sl_tensor *sl_general_diffusion(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t) {
  if (x->ndim < 2) return sl_fail(c, SL_ESHAPE, "define: argument x: expected [N, features ...], got %s",
                                      sl_shape_str(x, (char[128]){0}));
  sl_tensor *column = time_column(c, x, t), *y = column ? p->dyn.diffusion(c, p->dyn.ud, x, column) : NULL;
  if (!y) return NULL;
  bool matrix = p->dyn.noise == SL_NOISE_MATRIX;
  bool ok =
      matrix ? x->ndim == 2 && y->ndim == 3 && y->shape[0] == x->shape[0] && y->shape[1] == x->shape[1] : fits(x, y);
  return ok ? y : wrong_shape(c, matrix ? "diffusion (matrix: [N,D,K])" : "diffusion", x, y);
}

int sl_sde_noise_shape(const sl_sde *p, const sl_tensor *x, const sl_tensor *G, int64_t shape[SL_MAX_DIMS]) {
  bool matrix = p->dyn.noise == SL_NOISE_MATRIX && !p->class;
  int ndim = matrix ? 2 : x->ndim;
  for (int i = 0; i < ndim; i++) shape[i] = matrix && i == 1 ? G->shape[2] : x->shape[i];
  return ndim;
}

sl_tensor *sl_sde_noise(sl_ctx *c, const sl_sde *p, sl_tensor *G, sl_tensor *z) {
  if (p->class || p->dyn.noise != SL_NOISE_MATRIX) return sl_mul(c, G, z);
  return sl_squeeze(c, sl_matmul(c, G, sl_unsqueeze(c, z, 2)), 2);
}

/* ---- the divergence of M = G G^T ---------------------------------------------------- */

/* d(sum over samples of column j of y [N,K])/dx, as [N,D]. */
static sl_tensor *column_gradient(sl_ctx *c, sl_tensor *y, int64_t j, sl_tensor *x, bool record) {
  sl_tensor *dx = NULL, *sum = sl_sum(c, sl_narrow(c, y, 1, j, 1), 0, NULL, false);
  if (!sum || !sl_grad(c, sum, NULL, 1, &x, &dx, record, true)) return NULL;
  return sl_reshape(c, dx, 2, (int64_t[]){x->shape[0], -1});
}

/* (div M)_i = sum_j d M_ij/dx_j for M [N,D,D], or [N,D] when only the diagonal is there. */
static sl_tensor *divergence_columns(sl_ctx *c, sl_tensor *M, sl_tensor *x, bool record) {
  int64_t D = M->shape[1];
  bool diagonal = M->ndim == 2;
  sl_tensor **column = sl_alloc(c, (size_t)D * sizeof *column, "reverse");
  if (!column) return NULL;
  sl_tensor *flat = diagonal ? M : sl_reshape(c, M, 2, (int64_t[]){M->shape[0], D * D});
  bool ok = flat != NULL;
  for (int64_t i = 0; ok && i < D; i++) {
    column[i] = NULL;
    for (int64_t j = diagonal ? i : 0; ok && j < (diagonal ? i + 1 : D); j++) {
      sl_tensor *term = sl_narrow(c, column_gradient(c, flat, diagonal ? i : i * D + j, x, record), 1, j, 1);
      column[i] = column[i] ? sl_add(c, column[i], term) : term;
      ok = column[i] != NULL;
    }
  }
  sl_tensor *all = ok ? sl_cat(c, (int)D, column, 1) : NULL;
  sl_free(c, column);
  return sl_reshape(c, all, x->ndim, x->shape);
}

static sl_tensor *scalar_divergence(sl_ctx *c, sl_tensor *M, sl_tensor *x, bool record) {
  sl_tensor *dx = NULL;
  return sl_grad(c, sl_sum(c, M, 0, NULL, false), NULL, 1, &x, &dx, record, false) ? dx : NULL;
}

/* M as G has it: [N,1,..,1], the shape of x, or [N,D,D]. */
static sl_tensor *squared_noise(sl_ctx *c, const sl_sde *p, sl_tensor *G) {
  return p->dyn.noise == SL_NOISE_MATRIX ? sl_matmul(c, G, sl_transpose(c, G, 1, 2)) : sl_square(c, G);
}

static sl_tensor *divergence(sl_ctx *c, sl_sde *p, sl_tensor *M, sl_tensor *x, bool record) {
  if (p->dyn.noise == SL_NOISE_SCALAR) return scalar_divergence(c, M, x, record);
  if (p->dyn.noise == SL_NOISE_MATRIX) return divergence_columns(c, M, x, record);
  sl_tensor *full = sl_expand(c, M, x->ndim, x->shape);
  return divergence_columns(c, sl_reshape(c, full, 2, (int64_t[]){x->shape[0], -1}), x, record);
}

/* Recorded when x is: a likelihood asks for the flow's divergence. */
sl_tensor *sl_general_pull(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t, sl_tensor *score) {
  bool was = sl_recording_set(c, true), record = was && sl_requires_grad(x);
  sl_tensor *leaf = record ? x : sl_detach(c, x), *div = NULL;
  if (leaf && !record) sl_require_grad(c, leaf, true);
  sl_tensor *M = squared_noise(c, p, leaf ? sl_general_diffusion(c, p, leaf, t) : NULL);
  if (M && sl_requires_grad(M)) div = divergence(c, p, M, leaf, record);
  sl_recording_set(c, was);
  if (!M || sl_failed(c)) return NULL;
  sl_tensor *plain = record ? M : sl_detach(c, M);
  sl_tensor *pull = p->dyn.noise == SL_NOISE_MATRIX ? sl_squeeze(c, sl_matmul(c, plain, sl_unsqueeze(c, score, 2)), 2)
                                                    : sl_mul(c, plain, score);
  return div ? sl_add(c, record ? div : sl_detach(c, div), pull) : pull;
}
