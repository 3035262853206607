/* Softmax and its kin along one dimension. */
#include "kernel/kernel.h"
#include "op/dims.h"

enum { SOFTMAX, SOFTMAX_GRAD, LOG_SOFTMAX, LOGSUMEXP, END };
extern sl_op sl_softmax_ops[];

#define WORK 8192 /* elements worth a thread */

typedef struct rows_job {
  const sl_real_kernels *kernels;
  int64_t n, size; /* of a row; of an element in bytes */
  const char *x, *dy;
  char *y;
} rows_job;

static rows_job rows_of(sl_ctx *c, const sl_tensor *x, sl_tensor *y) {
  return (rows_job){.kernels = &c->k->real[x->dtype], .n = x->shape[x->ndim - 1],
                    .size = (int64_t)sl_dtype_size(x->dtype), .x = sl_data(x), .y = sl_data(y)};
}

static int64_t row_count(const sl_tensor *x) { return sl_count(x->shape, 0, x->ndim - 1); }

/* ---- softmax ------------------------------------------------------------------ */

static void softmax_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const rows_job *j = arg;
  int64_t at = begin * j->n * j->size;
  j->kernels->softmax(end - begin, j->n, j->x + at, j->y + at);
}

static bool softmax_forward(sl_ctx *c, sl_call *k) {
  int dim;
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || (dim = sl_dim_of(c, k, 0, k->in[0]->ndim)) < 0) return false;
  sl_tensor *x = sl_rows_of(c, k->in[0], dim), *y = x ? sl_empty(c, x->dtype, x->ndim, x->shape) : NULL;
  if (!y) return false;
  rows_job j = rows_of(c, x, y);
  if (sl_numel(x)) sl_parallel_for(c, row_count(x), sl_grain(j.n, WORK), softmax_rows, &j);
  return (k->out[0] = sl_rows_back(c, y, dim)) != NULL;
}

/* y (dy - sum y dy) */
static bool softmax_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *y = sl_saved_out(c, k, 0), *dy = dout[0];
  sl_tensor *mean = sl_sum(c, sl_mul(c, y, dy), 1, &k->p[0].i, true);
  return (din[0] = sl_mul(c, y, sl_sub(c, dy, mean))) != NULL;
}

static bool softmax_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *in[2] = {sl_saved_out(c, k, 0), dout[0]};
  sl_call grad = {.op = &sl_softmax_ops[SOFTMAX_GRAD], .n_in = 2, .in = in, .p = {k->p[0]}};
  return (din[0] = sl_apply(c, &grad)) != NULL;
}

static void softmax_grad_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const rows_job *j = arg;
  int64_t at = begin * j->n * j->size;
  j->kernels->softmax_grad(end - begin, j->n, j->x + at, j->dy + at, j->y + at);
}

static bool softmax_grad_forward(sl_ctx *c, sl_call *k) {
  char want[128], got[128];
  int dim;
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || !sl_want(c, k, 1, 1, SL_MAX_DIMS, 0)) return false;
  if (!sl_same_shape(k->in[0], k->in[1]))
    return sl_bad(c, k, 1, SL_ESHAPE, "expected y's shape %s, got %s", sl_shape_str(k->in[0], want),
                  sl_shape_str(k->in[1], got));
  if ((dim = sl_dim_of(c, k, 0, k->in[0]->ndim)) < 0) return false;
  sl_tensor *y = sl_rows_of(c, k->in[0], dim), *dy = y ? sl_rows_of(c, k->in[1], dim) : NULL;
  sl_tensor *dx = dy ? sl_empty(c, y->dtype, y->ndim, y->shape) : NULL;
  if (!dx) return false;
  rows_job j = rows_of(c, y, dx);
  j.dy = sl_data(dy);
  if (sl_numel(y)) sl_parallel_for(c, row_count(y), sl_grain(j.n, WORK), softmax_grad_rows, &j);
  return (k->out[0] = sl_rows_back(c, dx, dim)) != NULL;
}

/* ---- log-sum-exp ---------------------------------------------------------------- */

static void logsumexp_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const rows_job *j = arg;
  j->kernels->logsumexp(end - begin, j->n, j->x + begin * j->n * j->size, j->y + begin * j->size);
}

static bool logsumexp_forward(sl_ctx *c, sl_call *k) {
  int64_t shape[SL_MAX_DIMS];
  int dim, n = 0;
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || (dim = sl_dim_of(c, k, 0, k->in[0]->ndim)) < 0) return false;
  for (int d = 0; d < k->in[0]->ndim; d++)
    if (d != dim) shape[n++] = k->in[0]->shape[d];
    else if (k->p[1].i) shape[n++] = 1;
  sl_tensor *x = sl_rows_of(c, k->in[0], dim), *y = x ? sl_empty(c, x->dtype, n, shape) : NULL;
  if (!y) return false;
  rows_job j = rows_of(c, x, y);
  sl_parallel_for(c, row_count(x), sl_grain(j.n, WORK), logsumexp_rows, &j);
  return (k->out[0] = y) != NULL;
}

static bool logsumexp_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[0], *dy = dout[0];
  if (!k->p[1].i) dy = sl_unsqueeze(c, dy, sl_dim_of(c, k, 0, x->ndim));
  return (din[0] = sl_mul(c, dy, sl_softmax(c, x, (int)k->p[0].i))) != NULL;
}

static bool log_softmax_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || sl_dim_of(c, k, 0, k->in[0]->ndim) < 0) return false;
  return (k->out[0] = sl_sub(c, k->in[0], sl_logsumexp(c, k->in[0], (int)k->p[0].i, true))) != NULL;
}

static bool log_softmax_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *p = sl_exp(c, sl_saved_out(c, k, 0)), *dy = dout[0];
  return (din[0] = sl_sub(c, dy, sl_mul(c, p, sl_sum(c, dy, 1, &k->p[0].i, true)))) != NULL;
}

/* ---- rows ---------------------------------------------------------------------------- */

#define SAMPLES "2x3x4 -1; 2x3x4 1; 2x3x4 0; 5 0; 0x3 1; 3x0x2 -1"

sl_op sl_softmax_ops[] = {
  [SOFTMAX] = {.name = "softmax", .args = "x dim:dim=-1", .keep = "out", .forward = softmax_forward,
               .vjp = softmax_vjp, .fused = softmax_fused, .samples = SAMPLES,
               .doc = "e^x divided by its sum along dim (the last by default)."},
  [SOFTMAX_GRAD] = {.name = "softmax_grad", .args = "y dy dim:dim", .flags = SL_INTERNAL,
                    .forward = softmax_grad_forward, .samples = "2x3x4(0:1) 2x3x4 1; 2x3(0:1) 2x3 -1",
                    .doc = "Gradient of softmax from its result."},
  [LOG_SOFTMAX] = {.name = "log_softmax", .args = "x dim:dim=-1", .keep = "out", .forward = log_softmax_forward,
                   .vjp = log_softmax_vjp, .samples = SAMPLES,
                   .doc = "Logarithm of softmax along dim (the last by default), without underflow."},
  [LOGSUMEXP] = {.name = "logsumexp", .args = "x dim:dim=-1 keepdim:bool=false", .keep = "x",
                 .forward = logsumexp_forward, .vjp = logsumexp_vjp,
                 .samples = "2x3x4 -1 false; 2x3x4 1 true; 2x3x4 0 false; 5 0 false; 0x3 1 false",
                 .doc = "Logarithm of the sum of e^x along dim (the last by default), without overflow."},
  [END] = {.name = NULL},
};

sl_tensor *sl_softmax(sl_ctx *c, sl_tensor *x, int dim) {
  sl_call k = {.op = &sl_softmax_ops[SOFTMAX], .n_in = 1, .in = &x, .p = {{.i = dim}}};
  return sl_apply(c, &k);
}

sl_tensor *sl_log_softmax(sl_ctx *c, sl_tensor *x, int dim) {
  sl_call k = {.op = &sl_softmax_ops[LOG_SOFTMAX], .n_in = 1, .in = &x, .p = {{.i = dim}}};
  return sl_apply(c, &k);
}

sl_tensor *sl_logsumexp(sl_ctx *c, sl_tensor *x, int dim, bool keepdim) {
  sl_call k = {.op = &sl_softmax_ops[LOGSUMEXP], .n_in = 1, .in = &x, .p = {{.i = dim}, {.i = keepdim}}};
  return sl_apply(c, &k);
}
