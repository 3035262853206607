/* a x + b y in one pass: what noise is added with, and a step of most samplers. */
#include "kernel/kernel.h"
#include "op/elementwise.h"

enum { AXPBY, END };

static void axpby_run(void *arg, const sl_iter *it, int64_t n, char *const ptr[SL_ITER_MAX]) {
  (*(sl_axpby_fn **)arg)(n, ptr[1], it->step[1], ptr[2], it->step[2], ptr[3], it->step[3], ptr[4], it->step[4], ptr[0],
                         it->step[0]);
}

static bool axpby_forward(sl_ctx *c, sl_call *k) {
  int64_t shape[SL_MAX_DIMS];
  int ndim = 0;
  sl_dtype d = SL_F32;
  sl_tensor *in[5] = {NULL};
  for (int i = 0; i < 4; i++)
    if ((i && !sl_common_dtype(c, k, 0, i, &d)) || !sl_broadcast_with(c, k, i, &ndim, shape)) return false;
  if (!sl_dtype_is_float(d))
    return sl_bad(c, k, 0, SL_EDTYPE, "expected a floating type, got %s: use :to", sl_dtype_name(d));
  for (int i = 0; i < 4; i++)
    if (!(in[i + 1] = sl_operand(c, k, k->in[i], d))) return false;
  if (!(in[0] = sl_out(c, k, d, ndim, shape))) return false;
  sl_axpby_fn *fn = c->k->axpby[d];
  sl_iter it;
  sl_iter_init(&it, ndim, shape, 5, in);
  sl_iter_run(c, &it, axpby_run, &fn);
  return true;
}

static bool axpby_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  for (int i = 0; i < 4; i++) { /* each factor's gradient is g times its partner */
    sl_tensor *partner = k->in[i ^ 1], *self = k->in[i];
    if (k->need[i]) din[i] = sl_sum_to(c, sl_mul(c, dout[0], partner), self->ndim, self->shape);
  }
  return !sl_failed(c);
}

sl_op sl_axpby_ops[] = {
  [AXPBY] = {.name = "axpby", .args = "a x b y", .keep = "a x b y", .flags = SL_OPERATOR, .forward = axpby_forward,
             .vjp = axpby_vjp, .samples = "*(-3:3) *(-3:3) *(-3:3) *(-3:3)", .doc = "a x + b y, in one pass."},
  [END] = {.name = NULL},
};

sl_tensor *sl_axpby(sl_ctx *c, sl_tensor *a, sl_tensor *x, sl_tensor *b, sl_tensor *y) {
  sl_tensor *in[4] = {a, x, b, y};
  sl_call k = {.op = &sl_axpby_ops[AXPBY], .n_in = 4, .in = in};
  return sl_apply(c, &k);
}
