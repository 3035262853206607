/* Dropout (Srivastava et al. 2014), scaled so that the mean stays. */
#include "op/op.h"

extern sl_op sl_dropout_ops[];

/* x/(1-p) where the mask is set, 0 elsewhere (also where x is not finite). */
static sl_tensor *drop(sl_ctx *c, sl_tensor *x, sl_tensor *mask, double p) {
  return x ? sl_where(c, mask, sl_affine(c, x, 1 / (1 - p), 0), sl_scalar(c, x->dtype, 0)) : NULL;
}

/* Row r of x is sample r of the training batch: its mask depends on nothing
   else. The uniforms are float32 for either type, so that both drop the same. */
static bool dropout_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 0, SL_MAX_DIMS, -1)) return false;
  sl_tensor *x = k->in[0];
  double p = k->p[0].f;
  if (!(p >= 0 && p < 1)) return sl_bad(c, k, 1, SL_EARG, "expected a probability in [0,1), got %g", p);
  sl_key key = sl_key_next(c, SL_STREAM_TRAIN);
  sl_tensor *u = sl_random(c, SL_UNIFORM, SL_F32, x->ndim, x->shape, key, x->ndim > 0, NULL);
  k->extra[0] = sl_ge(c, u, sl_scalar(c, SL_F32, p));
  k->out[0] = drop(c, sl_detach(c, x), k->extra[0], p);
  return k->out[0] != NULL;
}

static bool dropout_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = drop(c, dout[0], k->extra[0], k->p[0].f)) != NULL;
}

sl_op sl_dropout_ops[] = {
  {.name = "dropout", .args = "x p:num=0.5", .forward = dropout_forward, .vjp = dropout_vjp,
   .samples = "3x4 0.5; 2x3x5 0.2; 4 0; 0x3 0.5",
   .doc = "Zeroes elements with probability p and scales the others by 1/(1-p); one draw of the training stream."},
  {0}};

sl_tensor *sl_dropout(sl_ctx *c, sl_tensor *x, double p) {
  return sl_apply(c, &(sl_call){.op = sl_dropout_ops, .n_in = 1, .in = &x, .p = {{.f = p}}});
}
