/* Two-dimensional convolution, channels last, and its two gradients as ops of
   their own. Each is linear in both tensors, and the gradients of each are the
   other two, so convolution differentiates to any order. The gradient to x has a
   name of its own too: conv_transpose2d. */
#include "kernel/kernel.h"
#include "op/op.h"

#include <stdio.h>

enum { CONV2D, CONV2D_ADD, CONV_TRANSPOSE2D, CONV2D_DX, CONV2D_DW };
enum { X, W, B, R };
enum { STRIDE, PADDING, DILATION, GROUPS, OUTPUT_PADDING }; /* parameters of a convolution, in this order */
enum { SIZE, OF_CONV };  /* of its gradients: height and width of x, or of w; then those */

extern sl_op sl_conv_ops[];

static void write_pair(sl_pair p, char text[40]) {
  if (p.h == p.w) snprintf(text, 40, "%d", p.h);
  else snprintf(text, 40, "[%d,%d]", p.h, p.w);
}

static bool pair_fits(sl_ctx *c, const sl_call *k, int param, int least) {
  sl_pair p = k->p[param].pair;
  char got[40];
  if (p.h >= least && p.w >= least) return true;
  write_pair(p, got);
  return sl_bad(c, k, k->op->spec->n_in + param, SL_EARG, "expected %d to 2^31 - 1, got %s", least, got);
}

static bool groups_fit(sl_ctx *c, const sl_call *k, int param, const sl_conv *s) {
  if (s->groups >= 1 && s->cin % s->groups == 0 && s->cout % s->groups == 0) return true;
  return sl_bad(c, k, k->op->spec->n_in + param, SL_EARG, "expected a divisor of the %lld and %lld channels, got %lld",
                (long long)s->cin, (long long)s->cout, (long long)s->groups);
}

/* Pixels of y along one side; 0 where the window does not fit. */
static int64_t out_size(int64_t x, int64_t window, int64_t stride, int64_t padding, int64_t dilation) {
  int64_t padded = x + 2 * padding, most = padded > 0 ? (padded - 1) / dilation + 1 : 0;
  return window >= 1 && window <= most && window <= INT32_MAX ? (padded - 1 - dilation * (window - 1)) / stride + 1 : 0;
}

/* Fills the rest of s, whose sizes of x and of w are there, from the parameters at k->p[from ..], and checks all but
   that tensors have these sizes. */
static bool conv_geometry(sl_ctx *c, const sl_call *k, int from, sl_conv *s) {
  const sl_param *p = k->p + from;
  if (!pair_fits(c, k, from + STRIDE, 1) || !pair_fits(c, k, from + PADDING, 0) ||
      !pair_fits(c, k, from + DILATION, 1))
    return false;
  if (s->h < 0 || s->h > INT32_MAX || s->w < 0 || s->w > INT32_MAX)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected an image of less than 2^31 pixels a side, got [%lld,%lld]",
                  (long long)s->h, (long long)s->w);
  sl_pair stride = p[STRIDE].pair, padding = p[PADDING].pair, dilation = p[DILATION].pair;
  s->stride[0] = stride.h, s->stride[1] = stride.w;
  s->padding[0] = padding.h, s->padding[1] = padding.w;
  s->dilation[0] = dilation.h, s->dilation[1] = dilation.w;
  s->groups = p[GROUPS].i;
  s->oh = out_size(s->h, s->kh, stride.h, padding.h, dilation.h);
  s->ow = out_size(s->w, s->kw, stride.w, padding.w, dilation.w);
  if (s->oh && s->ow) return groups_fit(c, k, from + GROUPS, s);
  return sl_bad(c, k, 1, SL_ESHAPE, "expected a window that fits the padded image [%lld,%lld], got [%lld,%lld]%s",
                (long long)(s->h + 2 * s->padding[0]), (long long)(s->w + 2 * s->padding[1]), (long long)s->kh,
                (long long)s->kw, s->dilation[0] > 1 || s->dilation[1] > 1 ? " before dilation" : "");
}

static bool is_shape(const sl_tensor *t, const int64_t *want) {
  for (int i = 0; i < t->ndim; i++)
    if (t->shape[i] != want[i]) return false;
  return true;
}

/* ---- conv2d(x, w, b), conv2d_add(x, w, b, r) --------------------------------- */

/* b is [cout], or [n,cout] with a row for every sample; r has y's shape. */
static bool addends_fit(sl_ctx *c, const sl_call *k, const sl_conv *s) {
  sl_tensor *b = k->in[B], *r = k->n_in > R ? k->in[R] : NULL;
  char got[128];
  if (b && (b->shape[b->ndim - 1] != s->cout || (b->ndim == 2 && b->shape[0] != s->n)))
    return sl_bad(c, k, B, SL_ESHAPE, "expected [%lld] to match w's output channels, or [%lld,%lld], got %s",
                  (long long)s->cout, (long long)s->n, (long long)s->cout, sl_shape_str(b, got));
  if (r && !is_shape(r, (int64_t[]){s->n, s->oh, s->ow, s->cout}))
    return sl_bad(c, k, R, SL_ESHAPE, "expected [%lld,%lld,%lld,%lld] as the result, got %s", (long long)s->n,
                  (long long)s->oh, (long long)s->ow, (long long)s->cout, sl_shape_str(r, got));
  return true;
}

/* x and w don't fit, and it is x that is shown: its channels are easily elsewhere. */
static bool channels_differ(sl_ctx *c, const sl_call *k, int64_t want, int64_t groups) {
  char got[128], w[128];
  sl_shape_str(k->in[X], got), sl_shape_str(k->in[W], w);
  if (groups == 1)
    return sl_bad(c, k, X, SL_ESHAPE, "expected [n,h,w,%lld], channels last, to match w %s, got %s", (long long)want, w,
                  got);
  return sl_bad(c, k, X, SL_ESHAPE, "expected %lld channels, last, for each of the %lld groups, to match w %s, got %s",
                (long long)want, (long long)groups, w, got);
}

static bool conv2d_check(sl_ctx *c, const sl_call *k, sl_conv *s) {
  if (!sl_want(c, k, X, 4, 4, -1) || !sl_want(c, k, W, 4, 4, X) || !sl_want(c, k, B, 1, 2, X)) return false;
  if (k->n_in > R && !sl_want(c, k, R, 4, 4, X)) return false;
  const int64_t *x = k->in[X]->shape, *w = k->in[W]->shape, groups = k->p[GROUPS].i;
  if (groups >= 1 && x[3] % groups == 0 && w[2] != x[3] / groups) return channels_differ(c, k, w[2], groups);
  *s = (sl_conv){.n = x[0], .h = x[1], .w = x[2], .cin = x[3], .kh = w[0], .kw = w[1], .cout = w[3]};
  return conv_geometry(c, k, STRIDE, s) && addends_fit(c, k, s);
}

static bool conv2d_forward(sl_ctx *c, sl_call *k) {
  sl_conv s;
  if (!conv2d_check(c, k, &s)) return false;
  sl_tensor *in[4] = {NULL};
  for (int i = 0; i < k->n_in; i++)
    if (k->in[i] && !(in[i] = sl_packed(c, k->in[i]))) return false;
  sl_tensor *y = sl_out(c, k, k->in[X]->dtype, 4, (int64_t[]){s.n, s.oh, s.ow, s.cout});
  if (!y) return false;
  sl_epilogue e = {.bias = in[B] ? sl_data(in[B]) : NULL, .per_sample = in[B] && in[B]->ndim == 2,
                   .residual = in[R] ? sl_data(in[R]) : NULL};
  return sl_numel(y) == 0 || c->k->real[y->dtype].conv2d(c, &s, sl_data(in[X]), sl_data(in[W]), &e, sl_data(y));
}

/* The three, of one convolution: size is that of x, or of w, from `height` on; p[STRIDE ..]. */
static sl_tensor *conv2d_of(sl_ctx *c, sl_tensor *x, sl_tensor *w, const sl_param *p);
static sl_tensor *conv2d_dx(sl_ctx *c, sl_tensor *dy, sl_tensor *w, const int64_t *height, const sl_param *p);
static sl_tensor *conv2d_dw(sl_ctx *c, sl_tensor *x, sl_tensor *dy, const int64_t *height, const sl_param *p);

/* Over the pixels, and over the samples if b has one row. */
static sl_tensor *bias_gradient(sl_ctx *c, const sl_tensor *b, sl_tensor *dy) {
  return sl_sum(c, dy, b->ndim == 2 ? 2 : 3, (int64_t[]){1, 2, 0}, false);
}

static bool conv2d_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  if (k->need[X] && !(din[X] = conv2d_dx(c, dout[0], k->in[W], k->in[X]->shape + 1, k->p))) return false;
  if (k->need[W] && !(din[W] = conv2d_dw(c, k->in[X], dout[0], k->in[W]->shape, k->p))) return false;
  if (k->need[B]) din[B] = bias_gradient(c, k->in[B], dout[0]);
  if (k->n_in > R && k->need[R]) din[R] = dout[0];
  return !sl_failed(c);
}

/* ---- conv2d_dx(dy, w): what dy and w say about x [n,height,width,cin] ------- */

static bool dx_run(sl_ctx *c, sl_call *k, const sl_conv *s, const sl_epilogue *e) {
  char got[128];
  if (!is_shape(k->in[0], (int64_t[]){s->n, s->oh, s->ow, s->cout}))
    return sl_bad(c, k, 0, SL_ESHAPE, "expected [n,%lld,%lld,%lld], got %s", (long long)s->oh, (long long)s->ow,
                  (long long)s->cout, sl_shape_str(k->in[0], got));
  if (k->in[1]->shape[2] != s->cin / s->groups)
    return sl_bad(c, k, 1, SL_ESHAPE, "expected less than 2^31 channels, got %s", sl_shape_str(k->in[1], got));
  sl_tensor *dy = sl_packed(c, k->in[0]), *weight = sl_packed(c, k->in[1]);
  sl_tensor *dx = sl_out(c, k, k->in[0]->dtype, 4, (int64_t[]){s->n, s->h, s->w, s->cin});
  if (!dy || !weight || !dx) return false;
  return sl_numel(dx) == 0 || c->k->real[dx->dtype].conv2d_dx(c, s, sl_data(dy), sl_data(weight), e, sl_data(dx));
}

/* The convolution that gives dy's channels from x's, in so many groups. */
static sl_conv conv_before(const sl_tensor *dy, const sl_tensor *w, int64_t groups) {
  const int64_t *d = dy->shape, *s = w->shape;
  bool sane = groups >= 1 && groups <= INT32_MAX && s[2] <= INT32_MAX; /* else the checks to come fail */
  return (sl_conv){.n = d[0], .kh = s[0], .kw = s[1], .cin = s[2] * (sane ? groups : 1), .cout = s[3]};
}

static bool conv2d_dx_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 4, 4, -1) || !sl_want(c, k, 1, 4, 4, 0)) return false;
  sl_conv s = conv_before(k->in[0], k->in[1], k->p[OF_CONV + GROUPS].i);
  s.h = k->p[SIZE].pair.h, s.w = k->p[SIZE].pair.w;
  return conv_geometry(c, k, OF_CONV, &s) && dx_run(c, k, &s, &(sl_epilogue){0});
}

static bool conv2d_dx_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const sl_param *p = k->p + OF_CONV;
  if (k->need[0] && !(din[0] = conv2d_of(c, dout[0], k->in[1], p))) return false;
  return !k->need[1] || (din[1] = conv2d_dw(c, dout[0], k->in[0], k->in[1]->shape, p)) != NULL;
}

/* ---- conv_transpose2d(x, w, b): the same with x for dy, and its height and width from x's --------- */

/* Pixels of the result along one side. */
static int64_t transposed_size(int64_t x, int64_t window, int64_t stride, int64_t padding, int64_t dilation,
                               int64_t extra) {
  if (x < 1 || x > INT32_MAX || window < 1 || window > INT32_MAX) return 0;
  return (x - 1) * stride + dilation * (window - 1) + 1 - 2 * padding + extra;
}

static bool transposed_sizes(sl_ctx *c, const sl_call *k, sl_conv *s) {
  const sl_param *p = k->p;
  const int64_t *x = k->in[X]->shape;
  sl_pair extra = p[OUTPUT_PADDING].pair;
  char got[40], shape[128];
  if (!pair_fits(c, k, STRIDE, 1) || !pair_fits(c, k, PADDING, 0) || !pair_fits(c, k, DILATION, 1) ||
      !pair_fits(c, k, OUTPUT_PADDING, 0))
    return false;
  write_pair(extra, got);
  if (extra.h >= p[STRIDE].pair.h || extra.w >= p[STRIDE].pair.w)
    return sl_bad(c, k, k->op->spec->n_in + OUTPUT_PADDING, SL_EARG, "expected less than the stride, got %s", got);
  s->h = transposed_size(x[1], s->kh, p[STRIDE].pair.h, p[PADDING].pair.h, p[DILATION].pair.h, extra.h);
  s->w = transposed_size(x[2], s->kw, p[STRIDE].pair.w, p[PADDING].pair.w, p[DILATION].pair.w, extra.w);
  if (s->h >= 1 && s->w >= 1) return true;
  return sl_bad(c, k, X, SL_ESHAPE, "expected pixels enough for at least one of the result, got %s",
                sl_shape_str(k->in[X], shape));
}

static bool conv_transpose2d_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, X, 4, 4, -1) || !sl_want(c, k, W, 4, 4, X) || !sl_want(c, k, B, 1, 2, X)) return false;
  const int64_t *x = k->in[X]->shape, *w = k->in[W]->shape;
  sl_conv s = conv_before(k->in[X], k->in[W], k->p[GROUPS].i);
  char got[128];
  if (w[3] != x[3]) return channels_differ(c, k, w[3], 1);
  if (!transposed_sizes(c, k, &s) || !conv_geometry(c, k, STRIDE, &s)) return false;
  sl_tensor *b = k->in[B] ? sl_packed(c, k->in[B]) : NULL;
  if (b && (b->shape[b->ndim - 1] != s.cin || (b->ndim == 2 && b->shape[0] != s.n)))
    return sl_bad(c, k, B, SL_ESHAPE, "expected [%lld] to match w's output channels, or [%lld,%lld], got %s",
                  (long long)s.cin, (long long)s.n, (long long)s.cin, sl_shape_str(b, got));
  if (sl_failed(c)) return false;
  return dx_run(c, k, &s, &(sl_epilogue){.bias = b ? sl_data(b) : NULL, .per_sample = b && b->ndim == 2});
}

static bool conv_transpose2d_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  if (k->need[X] && !(din[X] = conv2d_of(c, dout[0], k->in[W], k->p))) return false;
  if (k->need[W] && !(din[W] = conv2d_dw(c, dout[0], k->in[X], k->in[W]->shape, k->p))) return false;
  if (k->need[B]) din[B] = bias_gradient(c, k->in[B], dout[0]);
  return !sl_failed(c);
}

/* ---- conv2d_dw(x, dy): what x and dy say about w [kh,kw,cin/groups,cout] ------------ */

static bool conv2d_dw_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 4, 4, -1) || !sl_want(c, k, 1, 4, 4, 0)) return false;
  const int64_t *x = k->in[0]->shape, *d = k->in[1]->shape;
  sl_conv s = {.n = x[0], .h = x[1], .w = x[2], .cin = x[3], .kh = k->p[SIZE].pair.h, .kw = k->p[SIZE].pair.w,
               .cout = d[3]};
  char got[128];
  if (!conv_geometry(c, k, OF_CONV, &s)) return false;
  if (!is_shape(k->in[1], (int64_t[]){s.n, s.oh, s.ow, s.cout}))
    return sl_bad(c, k, 1, SL_ESHAPE, "expected [n,%lld,%lld,cout], got %s", (long long)s.oh, (long long)s.ow,
                  sl_shape_str(k->in[1], got));
  sl_tensor *input = sl_packed(c, k->in[0]), *dy = sl_packed(c, k->in[1]);
  sl_tensor *dw = sl_out(c, k, k->in[0]->dtype, 4, (int64_t[]){s.kh, s.kw, s.cin / s.groups, s.cout});
  if (!input || !dy || !dw) return false;
  return sl_numel(dw) == 0 || c->k->real[dw->dtype].conv2d_dw(c, &s, sl_data(input), sl_data(dy), sl_data(dw));
}

static bool conv2d_dw_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const sl_param *p = k->p + OF_CONV;
  if (k->need[0] && !(din[0] = conv2d_dx(c, k->in[1], dout[0], k->in[0]->shape + 1, p))) return false;
  return !k->need[1] || (din[1] = conv2d_of(c, k->in[0], dout[0], p)) != NULL;
}

/* ---- the rows ----------------------------------------------------------------- */

#define OPTIONS " stride:pair=1 padding:pair=0 dilation:pair=1 groups:int=1"

sl_op sl_conv_ops[] = {
  [CONV2D] = {.name = "conv2d", .args = "x w b?" OPTIONS, .keep = "x w",
              .forward = conv2d_forward, .vjp = conv2d_vjp,
              .samples = "2x4x5x3 3x3x3x2 2 1 1 1 1; 1x4x3x2 1x1x2x3 - 1 0 1 1; 2x5x4x2 3x2x2x3 3 2 1 1 1; "
                         "1x5x5x1 3x3x1x2 - 2 0 1 1; 0x3x3x2 3x3x2x2 2 1 1 1 1; 1x2x2x2 3x3x2x1 1 3 2 1 1; "
                         "2x4x3x2 3x3x2x3 2x3 1 1 1 1; 0x3x3x2 1x1x2x2 0x2 1 0 1 1; 1x5x4x2 2x3x2x3 3 1 2 2 1; "
                         "2x3x6x2 3x3x2x2 - 1,2 1,0 1 1; 1x4x5x2 3x2x2x2 1x2 2,1 2,3 3,2 1; "
                         "2x3x3x4 3x3x2x6 6 1 1 1 2; 1x4x4x3 3x3x1x3 3 1 1 1 3; 1x5x3x2 2x3x1x2 1x2 2,1 1 1,2 2; "
                         "1x4x4x3 1x1x1x6 6 2 0 1 3; 0x3x3x2 3x3x1x2 2 1 1 1 2; 1x0x3x4 3x3x2x4 4 1 2 1 2; "
                         "1x0x3x2 3x3x2x2 2 1 2 1 1",
              .doc = "Convolution with zero padding: x [n,h,w,cin], w [kh,kw,cin/groups,cout], b [cout] or [n,cout]. "
                     "stride, padding and dilation: one number, or {height, width}. Channel group g of the result sees "
                     "group g of x."},
  [CONV2D_ADD] = {.name = "conv2d_add", .args = "x w b? r" OPTIONS, .keep = "x w",
                  .forward = conv2d_forward, .vjp = conv2d_vjp,
                  .samples = "2x4x5x3 3x3x3x2 2 2x4x5x2 1 1 1 1; 2x4x3x2 3x3x2x3 2x3 2x4x3x3 1 1 1 1; "
                             "1x5x4x2 3x2x2x3 - 1x2x2x3 2 0 1 1; 0x3x3x2 3x3x2x2 2 0x3x3x2 1 1 1 1; "
                             "2x3x3x4 3x3x2x4 2x4 2x3x3x4 1 2 2 2; 1x3x4x2 3x2x1x2 2 1x2x5x2 2,1 1 1 2",
                  .doc = "conv2d(x, w, b) + r in one pass; r has the result's shape."},
  [CONV_TRANSPOSE2D] = {.name = "conv_transpose2d", .args = "x w b?" OPTIONS " output_padding:pair=0", .keep = "x w",
                        .forward = conv_transpose2d_forward, .vjp = conv_transpose2d_vjp,
                        .samples = "2x3x2x2 3x3x3x2 3 2 1 1 1 1; 1x3x2x2 2x2x3x2 - 2 0 1 1 0; "
                                   "1x4x3x2 3x3x2x2 1x2 1 1 1 1 0; 1x2x3x4 4x4x1x4 4 2 1 1 4 0; "
                                   "2x2x3x4 2x3x2x4 2x4 2,3 1,0 2,1 2 1,2; 0x3x3x2 3x3x2x2 2 2 1 1 1 0; "
                                   "1x3x2x2 3x2x3x2 3 2,1 1 3,2 1 1,0; 1x2x2x2 2x2x1x2 2 3 0 2 2 2",
                        .doc = "The transpose of conv2d, its gradient to x: x [n,h,w,cin], w [kh,kw,cout/groups,cin] "
                               "as of the convolution from cout to cin channels, b [cout] or [n,cout] -> [n,h',w',cout], "
                               "h' = (h-1) stride - 2 padding + dilation (kh-1) + 1 + output_padding < that + stride."},
  [CONV2D_DX] = {.name = "conv2d_dx", .args = "dy w size:pair stride:pair padding:pair dilation:pair groups:int",
                 .keep = "dy w", .flags = SL_INTERNAL, .forward = conv2d_dx_forward, .vjp = conv2d_dx_vjp,
                 .samples = "2x4x3x2 3x3x3x2 4,3 1 1 1 1; 1x2x2x3 3x2x2x3 5,4 2 0 1 1; 0x3x3x2 1x1x2x2 3 1 0 1 1; "
                            "1x2x5x2 3x2x2x2 4,5 2,1 2,3 2,6 1; 1x3x3x4 3x3x2x4 3 1 1 1 2; "
                            "1x2x3x3 3x3x1x3 4,3 2,1 1 1 3",
                 .doc = "The gradient of conv2d with respect to x."},
  [CONV2D_DW] = {.name = "conv2d_dw", .args = "x dy size:pair stride:pair padding:pair dilation:pair groups:int",
                 .keep = "x dy", .flags = SL_INTERNAL, .forward = conv2d_dw_forward, .vjp = conv2d_dw_vjp,
                 .samples = "2x4x3x2 2x4x3x3 3 1 1 1 1; 1x5x4x2 1x2x2x3 3,2 2 0 1 1; 0x3x3x2 0x3x3x2 1 1 0 1 1; "
                            "2x4x5x2 2x3x5x2 2,3 1,2 0,4 1,2 1; 1x3x3x4 1x3x3x4 3 1 1 1 2; "
                            "2x4x3x3 2x2x3x3 3 2,1 1 1 3",
                 .doc = "The gradient of conv2d with respect to w."},
  {0}};

/* ---- as functions ---------------------------------------------------------------- */

static sl_tensor *conv_call(sl_ctx *c, int op, int n_in, sl_tensor **in, const sl_param *p, int n_param) {
  sl_call k = {.op = &sl_conv_ops[op], .n_in = n_in, .in = in};
  for (int i = 0; i < n_param; i++) k.p[i] = p[i];
  return sl_apply(c, &k);
}

static sl_tensor *conv2d_of(sl_ctx *c, sl_tensor *x, sl_tensor *w, const sl_param *p) {
  return conv_call(c, CONV2D, 3, (sl_tensor *[]){x, w, NULL}, p, OUTPUT_PADDING);
}

static sl_tensor *gradient(sl_ctx *c, int op, sl_tensor *a, sl_tensor *b, const int64_t *size, const sl_param *p) {
  sl_param all[OF_CONV + OUTPUT_PADDING] = {{.pair = {(int32_t)size[0], (int32_t)size[1]}}};
  for (int i = 0; i < OUTPUT_PADDING; i++) all[OF_CONV + i] = p[i];
  return conv_call(c, op, 2, (sl_tensor *[]){a, b}, all, OF_CONV + OUTPUT_PADDING);
}

static sl_tensor *conv2d_dx(sl_ctx *c, sl_tensor *dy, sl_tensor *w, const int64_t *height, const sl_param *p) {
  return gradient(c, CONV2D_DX, dy, w, height, p);
}

static sl_tensor *conv2d_dw(sl_ctx *c, sl_tensor *x, sl_tensor *dy, const int64_t *height, const sl_param *p) {
  return gradient(c, CONV2D_DW, x, dy, height, p);
}

static void square(int stride, int padding, sl_param p[OUTPUT_PADDING]) {
  p[STRIDE].pair = (sl_pair){stride, stride}, p[PADDING].pair = (sl_pair){padding, padding};
  p[DILATION].pair = (sl_pair){1, 1}, p[GROUPS].i = 1;
}

static sl_param both(const int v[2], int least) {
  return (sl_param){.pair = {v[0] ? v[0] : least, v[1] ? v[1] : least}};
}

static void read_options(const sl_conv_options *o, sl_param p[OUTPUT_PADDING + 1]) {
  static const sl_conv_options none;
  if (!o) o = &none;
  p[STRIDE] = both(o->stride, 1), p[PADDING] = both(o->padding, 0), p[DILATION] = both(o->dilation, 1);
  p[GROUPS].i = o->groups ? o->groups : 1;
  p[OUTPUT_PADDING] = both(o->output_padding, 0);
}

sl_tensor *sl_conv2d(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int stride, int padding) {
  sl_param p[OUTPUT_PADDING];
  square(stride, padding, p);
  return conv_call(c, CONV2D, 3, (sl_tensor *[]){x, w, b}, p, OUTPUT_PADDING);
}

sl_tensor *sl_conv2d_add(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *r, int stride, int padding) {
  sl_param p[OUTPUT_PADDING];
  square(stride, padding, p);
  return conv_call(c, CONV2D_ADD, 4, (sl_tensor *[]){x, w, b, r}, p, OUTPUT_PADDING);
}

sl_tensor *sl_conv2d_with(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *r, const sl_conv_options *o) {
  sl_param p[OUTPUT_PADDING + 1];
  read_options(o, p);
  return conv_call(c, r ? CONV2D_ADD : CONV2D, r ? 4 : 3, (sl_tensor *[]){x, w, b, r}, p, OUTPUT_PADDING);
}

sl_tensor *sl_conv_transpose2d(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, const sl_conv_options *o) {
  sl_param p[OUTPUT_PADDING + 1];
  read_options(o, p);
  return conv_call(c, CONV_TRANSPOSE2D, 3, (sl_tensor *[]){x, w, b}, p, OUTPUT_PADDING + 1);
}
