/* Elementwise arithmetic and comparisons of two tensors, broadcast together. */
#include "op/op.h"

#define ID(name) B_##name,
enum { SL_BINARY_OPS(ID) B_END };

/* Each gradient is brought to its input's shape by adding up what broadcasting repeated. */
#define VJP(name, dx, dy)                                                                        \
  static bool name##_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) { \
    sl_tensor *x = k->in[0], *y = k->in[1], *g = dout[0];                                        \
    if (k->need[0]) din[0] = sl_sum_to(c, dx, x->ndim, x->shape);                                \
    if (k->need[1]) din[1] = sl_sum_to(c, dy, y->ndim, y->shape);                                \
    return !sl_failed(c);                                                                        \
  }

/* g y x^(y-1), with 0 where x = y = 0 (there x^(y-1) is infinite) */
static sl_tensor *pow_dx(sl_ctx *c, sl_tensor *x, sl_tensor *y, sl_tensor *g) {
  y = sl_cast(c, y, x->dtype); /* it may be an integer, x not */
  sl_tensor *zero = sl_scalar(c, x->dtype, 0), *one = sl_scalar(c, x->dtype, 1);
  sl_tensor *both = sl_mul(c, sl_eq(c, x, zero), sl_eq(c, y, zero));
  sl_tensor *exponent = sl_where(c, both, one, sl_affine(c, y, 1, -1));
  return sl_mul(c, sl_mul(c, g, y), sl_pow(c, x, exponent));
}

/* g x^y log x, with 0 where x = 0 */
static sl_tensor *pow_dy(sl_ctx *c, const sl_call *k, sl_tensor *x, sl_tensor *g) {
  x = sl_cast(c, x, g->dtype); /* x may be an integer, y not */
  if (!x) return NULL;
  sl_tensor *zero = sl_scalar(c, x->dtype, 0), *one = sl_scalar(c, x->dtype, 1);
  sl_tensor *log_x = sl_log(c, sl_where(c, sl_eq(c, x, zero), one, x));
  return sl_mul(c, sl_mul(c, g, sl_saved_out(c, k, 0)), log_x);
}

/* g times 1 where the condition holds, 1/2 at ties and 0 elsewhere */
static sl_tensor *chosen(sl_ctx *c, sl_tensor *g, sl_tensor *strictly, sl_tensor *or_equal) {
  return sl_mul(c, g, sl_affine(c, sl_cast(c, sl_add(c, strictly, or_equal), g->dtype), 0.5, 0));
}

VJP(add, g, g)
VJP(sub, g, sl_neg(c, g))
VJP(mul, sl_mul(c, g, y), sl_mul(c, g, x))
VJP(div, sl_div(c, g, y), sl_neg(c, sl_mul(c, sl_div(c, g, y), sl_saved_out(c, k, 0))))
VJP(pow, pow_dx(c, x, y, g), pow_dy(c, k, x, g))
VJP(minimum, chosen(c, g, sl_lt(c, x, y), sl_le(c, x, y)), chosen(c, g, sl_gt(c, x, y), sl_ge(c, x, y)))
VJP(maximum, chosen(c, g, sl_gt(c, x, y), sl_ge(c, x, y)), chosen(c, g, sl_lt(c, x, y), sl_le(c, x, y)))

#define ROW(ID, KEEP, FLAGS, VJP, SAMPLES, DOC)                                                                        \
  [B_##ID] = {.name = #ID, .args = "x y", .keep = KEEP, .flags = SL_OPERATOR | (FLAGS), .forward = sl_binary_forward, \
              .vjp = VJP, .samples = SAMPLES, .doc = DOC}

sl_op sl_binary_ops[] = {
  ROW(add, "", SL_INPLACE, add_vjp, "(-3:3)", "x + y."),
  ROW(sub, "", SL_INPLACE, sub_vjp, "(-3:3)", "x - y."),
  ROW(mul, "x y", SL_INPLACE, mul_vjp, "(-3:3)", "x y."),
  ROW(div, "y out", SL_INPLACE, div_vjp, "*(-3:3) *(0.3:3)", "x / y, of floating types."),
  ROW(pow, "x y out", SL_INPLACE, pow_vjp, "*(0.3:3) *(-2:2)",
      "x^y, of floating types; the gradient in y at x = 0 is 0."),
  ROW(minimum, "x y", SL_INPLACE, minimum_vjp, "(-3:3)", "The smaller of x and y; equal ones share the gradient."),
  ROW(maximum, "x y", SL_INPLACE, maximum_vjp, "(-3:3)", "The larger of x and y; equal ones share the gradient."),
  ROW(eq, "", 0, NULL, "*i64(-2:2) *i64(-2:2)", "x == y, as uint8."),
  ROW(ne, "", 0, NULL, "*i64(-2:2) *i64(-2:2)", "x ~= y, as uint8."),
  ROW(lt, "", 0, NULL, "(-3:3)", "x < y, as uint8."),
  ROW(le, "", 0, NULL, "(-3:3)", "x <= y, as uint8."),
  ROW(gt, "", 0, NULL, "(-3:3)", "x > y, as uint8."),
  ROW(ge, "", 0, NULL, "(-3:3)", "x >= y, as uint8."),
  [B_END] = {.name = NULL},
};

#define DEFINE(name) \
  sl_tensor *sl_##name(sl_ctx *c, sl_tensor *x, sl_tensor *y) { return sl_apply2(c, &sl_binary_ops[B_##name], x, y); }
SL_BINARY_OPS(DEFINE)

sl_tensor *sl_add_(sl_ctx *c, sl_tensor *x, sl_tensor *y) {
  sl_tensor *in[] = {x, y};
  return sl_apply(c, &(sl_call){.op = &sl_binary_ops[B_add], .n_in = 2, .in = in, .into = x});
}
