/* Choice between two tensors by a third. */
#include "kernel/kernel.h"
#include "op/elementwise.h"

enum { WHERE, END };

static void where_run(void *arg, const sl_iter *it, int64_t n, char *const ptr[SL_ITER_MAX]) {
  (*(sl_where_fn **)arg)(n, (const uint8_t *)ptr[1], it->step[1], ptr[2], it->step[2], ptr[3], it->step[3], ptr[0],
                         it->step[0]);
}

static bool where_forward(sl_ctx *c, sl_call *k) {
  int64_t shape[SL_MAX_DIMS];
  int ndim = 0;
  sl_dtype d = SL_F32;
  sl_tensor *cond = k->in[0];
  if (cond->dtype != SL_U8)
    return sl_bad(c, k, 0, SL_EDTYPE, "expected uint8, as comparisons give, got %s", sl_dtype_name(cond->dtype));
  if (!sl_common_dtype(c, k, 1, 2, &d)) return false;
  for (int i = 0; i < 3; i++)
    if (!sl_broadcast_with(c, k, i, &ndim, shape)) return false;
  sl_tensor *x = sl_operand(c, k, k->in[1], d), *y = x ? sl_operand(c, k, k->in[2], d) : NULL;
  sl_tensor *out = y ? sl_out(c, k, d, ndim, shape) : NULL;
  if (!out) return false;
  sl_where_fn *fn = c->k->where[d];
  sl_iter it;
  sl_iter_init(&it, ndim, shape, 4, (sl_tensor *[]){out, cond, x, y});
  sl_iter_run(c, &it, where_run, &fn);
  return true;
}

/* The condition picks in the gradient too: where(cond, g, 0) and where(cond, 0, g). */
static bool where_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *cond = k->in[0], *x = k->in[1], *y = k->in[2], *g = dout[0], *zero = sl_scalar(c, g->dtype, 0);
  if (k->need[1]) din[1] = sl_sum_to(c, sl_where(c, cond, g, zero), x->ndim, x->shape);
  if (k->need[2]) din[2] = sl_sum_to(c, sl_where(c, cond, zero, g), y->ndim, y->shape);
  return !sl_failed(c);
}

sl_op sl_where_ops[] = {
  [WHERE] = {.name = "where", .args = "cond x y", .keep = "cond", .flags = SL_OPERATOR, .forward = where_forward,
             .vjp = where_vjp, .samples = "*u8(0:1) *(-3:3) *(-3:3)",
             .doc = "x where cond (uint8) is not 0, else y."},
  [END] = {.name = NULL},
};

sl_tensor *sl_where(sl_ctx *c, sl_tensor *cond, sl_tensor *x, sl_tensor *y) {
  sl_tensor *in[3] = {cond, x, y};
  sl_call k = {.op = &sl_where_ops[WHERE], .n_in = 3, .in = in};
  return sl_apply(c, &k);
}
