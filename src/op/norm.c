/* Group and layer normalisation (Wu & He 2018; Ba et al. 2016), channels last.
   Layer norm is the same kernel with every row a sample of one group. */
#include "kernel/kernel.h"
#include "op/op.h"

enum { GROUP_NORM, GROUP_NORM_SILU, LAYER_NORM };
enum { X, W, B };
enum { STATS }; /* extra: what the kernel found out about x, for the gradient and for running again */

extern sl_op sl_norm_ops[];

static bool with_silu(const sl_call *k) { return k->op == &sl_norm_ops[GROUP_NORM_SILU]; }

static sl_norm norm_of(const sl_call *k) {
  const sl_tensor *x = k->in[X];
  int last = x->ndim - 1;
  if (k->op == &sl_norm_ops[LAYER_NORM])
    return (sl_norm){.n = sl_count(x->shape, 0, last), .p = 1, .c = x->shape[last], .g = 1, .eps = k->p[0].f};
  return (sl_norm){.n = x->shape[0], .p = sl_count(x->shape, 1, last), .c = x->shape[last], .g = k->p[0].i,
                   .eps = k->p[1].f};
}

/* Weights of each sample's own, [n,c]: the batch is normed sample by sample. */
static bool own_weights(const sl_call *k) {
  return (k->in[W] && k->in[W]->ndim == 2) || (k->in[B] && k->in[B]->ndim == 2);
}

/* ---- forward -------------------------------------------------------------------- */

static bool weight_check(sl_ctx *c, const sl_call *k, int i, const sl_norm *s) {
  bool own = own_weights(k);
  char got[128];
  if (!sl_want(c, k, i, 1, k->op == &sl_norm_ops[LAYER_NORM] ? 1 : 2, X)) return false;
  const sl_tensor *w = k->in[i];
  if (!w || (w->ndim == 1 + own && w->shape[own] == s->c && (!own || w->shape[0] == s->n))) return true;
  if (own) return sl_bad(c, k, i, SL_ESHAPE, "expected [%lld,%lld] to match x's samples and channels, got %s",
                         (long long)s->n, (long long)s->c, sl_shape_str(w, got));
  return sl_bad(c, k, i, SL_ESHAPE, "expected [%lld] to match x's channels, got %s", (long long)s->c,
                sl_shape_str(w, got));
}

static bool norm_check(sl_ctx *c, const sl_call *k) {
  int min_dims = k->op == &sl_norm_ops[LAYER_NORM] ? 1 : 2, last_param = k->n_in + k->op->spec->n_param - 1;
  if (!sl_want(c, k, X, min_dims, SL_MAX_DIMS, -1)) return false;
  sl_norm s = norm_of(k);
  for (int i = W; i <= B; i++)
    if (!weight_check(c, k, i, &s)) return false;
  if (s.g < 1 || s.c % s.g)
    return sl_bad(c, k, 3, SL_EARG, "expected a divisor of x's %lld channels, got %lld", (long long)s.c,
                  (long long)s.g);
  return s.eps >= 0 || sl_bad(c, k, last_param, SL_EARG, "expected 0 or more, got %g", s.eps);
}

/* Packed data, or NULL for an absent tensor; *ok turns false when packing fails. */
static const void *packed_data(sl_ctx *c, sl_tensor *t, bool *ok) {
  if (t && !(t = sl_packed(c, t))) *ok = false;
  return t ? sl_data(t) : NULL;
}

/* What a call of the kernel works on: the batch, or (own weights) the sample in turn. */
typedef struct norm_part {
  sl_norm s;
  int64_t count;                 /* of calls */
  int64_t map, weights, stats;   /* bytes from one to the next */
} norm_part;

static norm_part parts_of(const sl_call *k) {
  norm_part p = {.s = norm_of(k), .count = 1};
  int64_t size = (int64_t)sl_dtype_size(k->in[X]->dtype);
  if (!own_weights(k)) return p;
  p.count = p.s.n, p.s.n = 1;
  p.map = p.s.p * p.s.c * size, p.weights = p.s.c * size, p.stats = p.s.g * 3 * size;
  return p;
}

static void *past(const void *p, int64_t bytes) { return p ? (char *)(uintptr_t)p + bytes : NULL; }

static bool norm_run(sl_ctx *c, const sl_call *k, bool known, const void *x, const void *w, const void *b, void *y,
                     void *stats) {
  norm_part p = parts_of(k);
  const sl_real_kernels *kernels = &c->k->real[k->in[X]->dtype];
  bool ok = true;
  for (int64_t i = 0; ok && i < p.count; i++) {
    const void *xi = past(x, i * p.map), *wi = past(w, i * p.weights), *bi = past(b, i * p.weights);
    void *yi = past(y, i * p.map), *si = past(stats, i * p.stats);
    ok = known ? kernels->norm_apply(c, &p.s, with_silu(k), xi, wi, bi, si, yi)
               : kernels->norm(c, &p.s, with_silu(k), xi, wi, bi, yi, si);
  }
  return ok;
}

static bool norm_forward(sl_ctx *c, sl_call *k) {
  if (!norm_check(c, k)) return false;
  sl_norm s = norm_of(k);
  sl_dtype d = k->in[X]->dtype;
  bool ok = true;
  const void *x = packed_data(c, k->in[X], &ok), *w = packed_data(c, k->in[W], &ok), *b = packed_data(c, k->in[B], &ok);
  sl_tensor *y = sl_out(c, k, d, k->in[X]->ndim, k->in[X]->shape);
  sl_tensor *known = k->extra[STATS];
  if (!known) k->extra[STATS] = sl_empty(c, d, 3, (int64_t[]){s.n, s.g, 3});
  if (!ok || !y || !k->extra[STATS]) return false;
  return sl_numel(y) == 0 || norm_run(c, k, known != NULL, x, w, b, sl_data(y), sl_data(k->extra[STATS]));
}

/* ---- gradient, of ops ------------------------------------------------------------- */

static sl_tensor *group_mean(sl_ctx *c, sl_tensor *x) { return sl_mean(c, x, 2, (int64_t[]){1, 3}, true); }

/* dz of y = silu(z): dy s (1 + z (1 - s)), s = sigmoid(z) */
static sl_tensor *through_silu(sl_ctx *c, sl_tensor *z, sl_tensor *dy) {
  sl_tensor *s = sl_sigmoid(c, z);
  sl_tensor *slope = sl_mul(c, s, sl_affine(c, sl_mul(c, z, sl_affine(c, s, -1, 1)), 1, 1));
  return sl_mul(c, dy, slope);
}

/* Everything is viewed as [n,p,g,c/g], the weights as [g,c/g] or [n,1,g,c/g]. With x' the
   normalised x, z = w x' + b and e = w dz:
   dx = rstd (e - mean(e) - x' mean(e x')), dw = sum of dz x', db = sum of dz. */
static bool norm_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_norm s = norm_of(k);
  const int64_t view[] = {s.n, s.p, s.g, s.c / s.g}, own[] = {s.n, 1, s.g, s.c / s.g};
  const int64_t *of = own_weights(k) ? own : view + 2;
  int dims = own_weights(k) ? 4 : 2;
  sl_tensor *w = k->in[W] ? sl_reshape(c, k->in[W], dims, of) : NULL;
  sl_tensor *x = sl_reshape(c, k->in[X], 4, view), *dz = sl_reshape(c, dout[0], 4, view);
  sl_tensor *d = sl_sub(c, x, group_mean(c, x));
  sl_tensor *rstd = sl_rsqrt(c, sl_affine(c, group_mean(c, sl_square(c, d)), 1, s.eps));
  sl_tensor *normed = sl_mul(c, d, rstd);
  if (with_silu(k)) {
    sl_tensor *z = w ? sl_mul(c, normed, w) : normed;
    dz = through_silu(c, k->in[B] ? sl_add(c, z, sl_reshape(c, k->in[B], dims, of)) : z, dz);
  }
  if (!normed || !dz) return false;
  if (k->need[W])
    din[W] = sl_reshape(c, sl_sum_to(c, sl_mul(c, dz, normed), dims, of), k->in[W]->ndim, k->in[W]->shape);
  if (k->need[B]) din[B] = sl_reshape(c, sl_sum_to(c, dz, dims, of), k->in[B]->ndim, k->in[B]->shape);
  if (k->need[X]) {
    sl_tensor *e = k->in[W] ? sl_mul(c, dz, w) : dz;
    sl_tensor *along = sl_mul(c, normed, group_mean(c, sl_mul(c, e, normed)));
    sl_tensor *dx = sl_mul(c, rstd, sl_sub(c, sl_sub(c, e, group_mean(c, e)), along));
    din[X] = sl_reshape(c, dx, k->in[X]->ndim, k->in[X]->shape);
  }
  return !sl_failed(c);
}

/* ---- gradient, in one pass -------------------------------------------------------- */

static bool norm_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  norm_part p = parts_of(k);
  sl_dtype d = dout[0]->dtype;
  bool ok = true, silu = with_silu(k);
  const void *x = packed_data(c, k->in[X], &ok), *w = packed_data(c, k->in[W], &ok);
  const void *b = silu ? packed_data(c, k->in[B], &ok) : NULL, *dy = packed_data(c, dout[0], &ok);
  din[X] = sl_empty(c, d, k->in[X]->ndim, k->in[X]->shape);
  for (int i = W; i <= B; i++)
    if (k->need[i]) din[i] = sl_full(c, d, k->in[i]->ndim, k->in[i]->shape, 0);
  if (!ok || sl_failed(c)) return false;
  void *dx = sl_data(din[X]), *dw = k->need[W] ? sl_data(din[W]) : NULL, *db = k->need[B] ? sl_data(din[B]) : NULL;
  const void *stats = sl_data(k->extra[STATS]);
  for (int64_t i = 0; ok && i < p.count && sl_numel(din[X]); i++)
    ok = c->k->real[d].norm_grad(c, &p.s, silu, past(x, i * p.map), past(w, i * p.weights), past(b, i * p.weights),
                                 past(stats, i * p.stats), past(dy, i * p.map), past(dx, i * p.map),
                                 past(dw, i * p.weights), past(db, i * p.weights));
  return ok;
}

#define GROUP_ROW                                                                                       \
  .args = "x w? b? groups:int eps:num=1e-5", .forward = norm_forward, .vjp = norm_vjp, .fused = norm_fused, \
  .samples = "2x3x4 4 4 2 1e-3; 2x2x3x6 6 6 3 1e-2; 3x4 4 - 1 1e-2; 2x3x2 - 2 2 1e-2; 2x5x3 - - 1 1e-2; "    \
             "0x2x4 4 4 2 1e-3; 2x3x4 2x4 2x4 2 1e-2; 3x2x2x4 3x4 - 2 1e-2; 2x6 - 2x6 3 1e-2; 0x2x4 0x4 0x4 2 1e-2"

sl_op sl_norm_ops[] = {
  [GROUP_NORM] = {.name = "group_norm", .keep = "x w b", .flags = SL_CHEAP, GROUP_ROW,
                  .doc = "w (x - mean) / sqrt(var + eps) + b for x [n, ..., c]; mean and variance per sample and group "
                         "of channels. w and b are [c], or [n,c]: each sample's own."},
  [GROUP_NORM_SILU] = {.name = "group_norm_silu", .keep = "x w b", .flags = SL_CHEAP, GROUP_ROW,
                       .doc = "silu(group_norm(x)) in one pass."},
  [LAYER_NORM] = {.name = "layer_norm", .args = "x w? b? eps:num=1e-5", .keep = "x w b", .flags = SL_CHEAP,
                  .forward = norm_forward, .vjp = norm_vjp, .fused = norm_fused,
                  .samples = "3x4 4 4 1e-3; 2x3x5 5 - 1e-2; 5 - 5 1e-2; 2x3 - - 1e-2; 0x4 4 4 1e-3",
                  .doc = "w (x - mean) / sqrt(var + eps) + b; mean and variance over the last dimension."},
  {0}};

static sl_tensor *group(sl_ctx *c, int row, sl_tensor *x, sl_tensor *w, sl_tensor *b, int groups, double eps) {
  sl_tensor *in[] = {x, w, b};
  return sl_apply(c, &(sl_call){.op = &sl_norm_ops[row], .n_in = 3, .in = in, .p = {{.i = groups}, {.f = eps}}});
}

sl_tensor *sl_group_norm(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int groups, double eps) {
  return group(c, GROUP_NORM, x, w, b, groups, eps);
}

sl_tensor *sl_group_norm_silu(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int groups, double eps) {
  return group(c, GROUP_NORM_SILU, x, w, b, groups, eps);
}

sl_tensor *sl_layer_norm(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, double eps) {
  sl_tensor *in[] = {x, w, b};
  return sl_apply(c, &(sl_call){.op = &sl_norm_ops[LAYER_NORM], .n_in = 3, .in = in, .p = {{.f = eps}}});
}
