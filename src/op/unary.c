/* Elementwise functions of one tensor. */
#include "op/dims.h"
#include "op/elementwise.h"

#include <math.h>

#define ID(name) U_##name,
enum { SL_UNARY_OPS(ID) U_affine, U_clamp, U_cast, U_silu_grad, U_gelu_grad, U_softplus_grad, U_relu_grad, U_elu_grad,
       U_tanh_grad, U_sigmoid_grad, U_END };
extern sl_op sl_unary_ops[];

/* ---- gradients: every one composed of ops, so that it has gradients too ------- */

#define VJP(name, dx)                                                                            \
  static bool name##_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) { \
    sl_tensor *x __attribute__((unused)) = k->in[0], *dy = dout[0];                              \
    return (din[0] = dx) != NULL;                                                                \
  }
#define Y sl_saved_out(c, k, 0)

VJP(neg, sl_neg(c, dy))
VJP(abs, sl_mul(c, dy, sl_sign(c, x)))
VJP(exp, sl_mul(c, dy, Y))
VJP(expm1, sl_mul(c, dy, sl_affine(c, Y, 1, 1)))
VJP(log, sl_div(c, dy, x))
VJP(log1p, sl_div(c, dy, sl_affine(c, x, 1, 1)))
VJP(sqrt, sl_affine(c, sl_div(c, dy, Y), 0.5, 0))
VJP(rsqrt, sl_affine(c, sl_mul(c, dy, sl_div(c, Y, x)), -0.5, 0))
VJP(square, sl_mul(c, dy, sl_affine(c, x, 2, 0)))
VJP(reciprocal, sl_neg(c, sl_mul(c, dy, sl_square(c, Y))))
VJP(sin, sl_mul(c, dy, sl_cos(c, x)))
VJP(cos, sl_neg(c, sl_mul(c, dy, sl_sin(c, x))))
VJP(tanh, sl_mul(c, dy, sl_affine(c, sl_square(c, Y), -1, 1)))
VJP(elu, sl_mul(c, dy, sl_affine(c, sl_clamp(c, Y, -INFINITY, 0), 1, 1)))
VJP(softplus, sl_mul(c, dy, sl_sigmoid(c, x)))
VJP(erf, sl_mul(c, dy, sl_affine(c, sl_exp(c, sl_neg(c, sl_square(c, x))), M_2_SQRTPI, 0)))
VJP(affine, sl_affine(c, dy, k->p[0].f, 0))
VJP(cast, sl_cast(c, dy, x->dtype))

static bool sigmoid_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *y = Y;
  return (din[0] = sl_mul(c, dout[0], sl_mul(c, y, sl_affine(c, y, -1, 1)))) != NULL;
}

/* s (1 + x (1 - s)) with s = sigmoid(x) */
static bool silu_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[0], *s = sl_sigmoid(c, x);
  sl_tensor *slope = sl_mul(c, s, sl_affine(c, sl_mul(c, x, sl_affine(c, s, -1, 1)), 1, 1));
  return (din[0] = sl_mul(c, dout[0], slope)) != NULL;
}

/* Phi(x) + x phi(x), the normal distribution and its density */
static bool gelu_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[0];
  sl_tensor *cdf = sl_affine(c, sl_erf(c, sl_affine(c, x, M_SQRT1_2, 0)), 0.5, 0.5);
  sl_tensor *pdf = sl_affine(c, sl_exp(c, sl_affine(c, sl_square(c, x), -0.5, 0)), 0.5 * M_SQRT1_2 * M_2_SQRTPI, 0);
  return (din[0] = sl_mul(c, dout[0], sl_add(c, cdf, sl_mul(c, x, pdf)))) != NULL;
}

/* dy where the condition holds, else 0 (also where dy is infinite) */
static sl_tensor *masked(sl_ctx *c, sl_tensor *cond, sl_tensor *dy) {
  return sl_where(c, cond, dy, sl_scalar(c, dy->dtype, 0));
}

static bool relu_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[0];
  return (din[0] = masked(c, sl_gt(c, x, sl_scalar(c, x->dtype, 0)), dout[0])) != NULL;
}

static bool clamp_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[0];
  sl_tensor *above = sl_ge(c, x, sl_scalar(c, x->dtype, k->p[0].f));
  sl_tensor *below = sl_le(c, x, sl_scalar(c, x->dtype, k->p[1].f));
  return (din[0] = masked(c, sl_mul(c, above, below), dout[0])) != NULL;
}

/* The same in one pass, when no graph of the gradient is wanted. */
#define FUSED(name, saved)                                                                         \
  static bool name##_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) { \
    return (din[0] = sl_apply2(c, &sl_unary_ops[U_##name##_grad], saved, dout[0])) != NULL;        \
  }
FUSED(silu, k->in[0])
FUSED(gelu, k->in[0])
FUSED(softplus, k->in[0])
FUSED(relu, k->in[0])
FUSED(elu, Y)
FUSED(tanh, Y)
FUSED(sigmoid, Y)

/* ---- cast ------------------------------------------------------------------------ */

static bool cast_forward(sl_ctx *c, sl_call *k) {
  int64_t d = k->p[0].i;
  if (d < 0 || d >= SL_DTYPES)
    return sl_bad_param(c, k, 0, SL_EARG, "expected an element type, got number %lld", (long long)d);
  return (k->out[0] = sl_operand(c, k, k->in[0], (sl_dtype)d)) != NULL;
}

/* ---- rows -------------------------------------------------------------------------- */

#define ROW(ID, KEEP, VJP, FUSED, SAMPLES, DOC)                                                                      \
  [U_##ID] = {.name = #ID, .args = "x", .keep = KEEP, .flags = SL_INPLACE, .forward = sl_unary_forward, .vjp = VJP, \
              .fused = FUSED, .samples = SAMPLES, .doc = DOC}
#define GRAD_ROW(ID, SAVED, DOC)                                                                     \
  [U_##ID] = {.name = #ID, .args = SAVED " dy", .flags = SL_INTERNAL, .forward = sl_binary_forward, \
              .samples = "(-2:2)", .doc = DOC}

sl_op sl_unary_ops[] = {
  ROW(neg, "", neg_vjp, NULL, "(-3:3)", "-x."),
  ROW(abs, "x", abs_vjp, NULL, "(-3:3)", "|x|; its gradient at 0 is 0."),
  ROW(sign, "", NULL, NULL, "(-3:3)", "-1, 0 or 1; not differentiable."),
  ROW(exp, "out", exp_vjp, NULL, "(-3:3)", "e^x."),
  ROW(expm1, "out", expm1_vjp, NULL, "(-3:3)", "e^x - 1, accurate near 0."),
  ROW(log, "x", log_vjp, NULL, "(0.2:3)", "Natural logarithm."),
  ROW(log1p, "x", log1p_vjp, NULL, "(-0.7:3)", "log(1 + x), accurate near 0."),
  ROW(sqrt, "out", sqrt_vjp, NULL, "(0.2:3)", "Square root."),
  ROW(rsqrt, "x out", rsqrt_vjp, NULL, "(0.2:3)", "1 / sqrt(x)."),
  ROW(square, "x", square_vjp, NULL, "(-3:3)", "x^2."),
  ROW(reciprocal, "out", reciprocal_vjp, NULL, "(0.3:3)", "1 / x."),
  ROW(sin, "x", sin_vjp, NULL, "(-4:4)", "Sine of x in radians."),
  ROW(cos, "x", cos_vjp, NULL, "(-4:4)", "Cosine of x in radians."),
  ROW(tanh, "out", tanh_vjp, tanh_fused, "(-3:3)", "Hyperbolic tangent."),
  ROW(sigmoid, "out", sigmoid_vjp, sigmoid_fused, "(-4:4)", "1 / (1 + e^-x)."),
  ROW(silu, "x", silu_vjp, silu_fused, "(-4:4)", "x sigmoid(x), also called swish."),
  ROW(relu, "x", relu_vjp, relu_fused, "(-3:3)", "max(x, 0); its gradient at 0 is 0."),
  ROW(elu, "out", elu_vjp, elu_fused, "(-3:3)", "x above 0, e^x - 1 below (Clevert et al. 2016)."),
  ROW(softplus, "x", softplus_vjp, softplus_fused, "(-4:4)", "log(1 + e^x)."),
  ROW(gelu, "x", gelu_vjp, gelu_fused, "(-4:4)", "x Phi(x) with the normal distribution function, exactly (erf)."),
  ROW(erf, "x", erf_vjp, NULL, "(-2:2)", "The error function."),
  ROW(floor, "", NULL, NULL, "(-3:3)", "Largest integer not above x; not differentiable."),
  ROW(ceil, "", NULL, NULL, "(-3:3)", "Smallest integer not below x; not differentiable."),
  ROW(round, "", NULL, NULL, "(-3:3)", "Nearest integer, halves to even; not differentiable."),
  [U_affine] = {.name = "affine", .args = "x a:num=1 b:num=0", .keep = "", .flags = SL_INPLACE,
                .forward = sl_unary_forward, .vjp = affine_vjp, .samples = "*(-3:3) -1.5 0.5",
                .doc = "a x + b with numbers a and b, in one pass."},
  [U_clamp] = {.name = "clamp", .args = "x lo:num=-inf hi:num=inf", .keep = "x", .flags = SL_INPLACE,
               .forward = sl_unary_forward, .vjp = clamp_vjp, .samples = "*(-3:3) -1 1.2; *(-3:3) -1 inf",
               .doc = "x cut to [lo, hi]."},
  [U_cast] = {.name = "cast", .args = "x dtype:dtype", .keep = "", .forward = cast_forward, .vjp = cast_vjp,
              .samples = "*(-3:3) float64; *i64(-3:3) float64; *(-3:3) int64",
              .doc = "x as another element type; to an integer type it truncates."},
  GRAD_ROW(silu_grad, "x", "Gradient of silu."),
  GRAD_ROW(gelu_grad, "x", "Gradient of gelu."),
  GRAD_ROW(softplus_grad, "x", "Gradient of softplus."),
  GRAD_ROW(relu_grad, "x", "Gradient of relu."),
  GRAD_ROW(elu_grad, "y", "Gradient of elu."),
  GRAD_ROW(tanh_grad, "y", "Gradient of tanh."),
  GRAD_ROW(sigmoid_grad, "y", "Gradient of sigmoid."),
  [U_END] = {.name = NULL},
};

#define DEFINE(name) sl_tensor *sl_##name(sl_ctx *c, sl_tensor *x) { return sl_apply1(c, &sl_unary_ops[U_##name], x); }
SL_UNARY_OPS(DEFINE)

static sl_tensor *with_numbers(sl_ctx *c, const sl_op *op, sl_tensor *x, double a, double b) {
  sl_call k = {.op = op, .n_in = 1, .in = &x, .p = {{.f = a}, {.f = b}}};
  return sl_apply(c, &k);
}

sl_tensor *sl_affine(sl_ctx *c, sl_tensor *x, double a, double b) {
  return with_numbers(c, &sl_unary_ops[U_affine], x, a, b);
}

sl_tensor *sl_clamp(sl_ctx *c, sl_tensor *x, double lo, double hi) {
  return with_numbers(c, &sl_unary_ops[U_clamp], x, lo, hi);
}

sl_tensor *sl_cast(sl_ctx *c, sl_tensor *x, sl_dtype d) {
  sl_call k = {.op = &sl_unary_ops[U_cast], .n_in = 1, .in = &x, .p = {{.i = d}}};
  return sl_apply(c, &k);
}
