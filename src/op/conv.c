/* Two-dimensional convolution, channels last, and its two gradients as ops of
   their own. Each is linear in both tensors, and the gradients of each are the
   other two, so convolution differentiates to any order. */
#include "kernel/kernel.h"
#include "op/op.h"

enum { CONV2D, CONV2D_ADD, CONV2D_DX, CONV2D_DW };
enum { X, W, B, R };
enum { STRIDE, PADDING };                          /* parameters of conv2d */
enum { HEIGHT, WIDTH, GRAD_STRIDE, GRAD_PADDING }; /* of its gradients: the size of x, or of w */

extern sl_op sl_conv_ops[];

/* Fills s->oh and s->ow after checking the rest. Stride and padding are the
   last parameters of all three ops. */
static bool conv_geometry(sl_ctx *c, const sl_call *k, sl_conv *s) {
  int padding = k->op->spec->n_in + k->op->spec->n_param - 1;
  if (s->stride < 1 || s->stride > INT32_MAX)
    return sl_bad(c, k, padding - 1, SL_EARG, "expected 1 to 2^31 - 1, got %lld", (long long)s->stride);
  if (s->padding < 0 || s->padding > INT32_MAX)
    return sl_bad(c, k, padding, SL_EARG, "expected 0 to 2^31 - 1, got %lld", (long long)s->padding);
  if (s->h < 0 || s->h > INT32_MAX || s->w < 0 || s->w > INT32_MAX)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected an image of less than 2^31 pixels a side, got [%lld,%lld]",
                  (long long)s->h, (long long)s->w);
  int64_t h = s->h + 2 * s->padding, w = s->w + 2 * s->padding;
  if (s->kh < 1 || s->kw < 1 || s->kh > h || s->kw > w)
    return sl_bad(c, k, 1, SL_ESHAPE, "expected a window that fits the padded image [%lld,%lld], got [%lld,%lld]",
                  (long long)h, (long long)w, (long long)s->kh, (long long)s->kw);
  s->oh = (h - s->kh) / s->stride + 1, s->ow = (w - s->kw) / s->stride + 1;
  return true;
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

static bool conv2d_check(sl_ctx *c, const sl_call *k, sl_conv *s) {
  if (!sl_want(c, k, X, 4, 4, -1) || !sl_want(c, k, W, 4, 4, X) || !sl_want(c, k, B, 1, 2, X)) return false;
  if (k->n_in > R && !sl_want(c, k, R, 4, 4, X)) return false;
  const int64_t *x = k->in[X]->shape, *w = k->in[W]->shape;
  const sl_param *p = k->p;
  char got[128];
  if (w[2] != x[3])
    return sl_bad(c, k, W, SL_ESHAPE, "expected [%lld,%lld,%lld,cout] to match x's %lld channels, got %s",
                  (long long)w[0], (long long)w[1], (long long)x[3], (long long)x[3], sl_shape_str(k->in[W], got));
  *s = (sl_conv){.n = x[0], .h = x[1], .w = x[2], .cin = x[3], .kh = w[0], .kw = w[1], .cout = w[3],
                 .stride = p[STRIDE].i, .padding = p[PADDING].i};
  return conv_geometry(c, k, s) && addends_fit(c, k, s);
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

/* The internal gradients; stride and padding as conv2d's parameters hold them. */
static sl_tensor *conv2d_dx(sl_ctx *c, sl_tensor *dy, sl_tensor *w, int64_t height, int64_t width, const sl_param *p);
static sl_tensor *conv2d_dw(sl_ctx *c, sl_tensor *x, sl_tensor *dy, int64_t kh, int64_t kw, const sl_param *p);

static bool conv2d_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const int64_t *x = k->in[X]->shape, *w = k->in[W]->shape;
  if (k->need[X] && !(din[X] = conv2d_dx(c, dout[0], k->in[W], x[1], x[2], k->p))) return false;
  if (k->need[W] && !(din[W] = conv2d_dw(c, k->in[X], dout[0], w[0], w[1], k->p))) return false;
  if (k->need[B]) /* over the pixels, and over the samples if b has one row */
    din[B] = sl_sum(c, dout[0], k->in[B]->ndim == 2 ? 2 : 3, (int64_t[]){1, 2, 0}, false);
  if (k->n_in > R && k->need[R]) din[R] = dout[0];
  return !sl_failed(c);
}

/* ---- conv2d_dx(dy, w): what dy and w say about x [n,height,width,cin] ------- */

static bool conv2d_dx_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 4, 4, -1) || !sl_want(c, k, 1, 4, 4, 0)) return false;
  const int64_t *d = k->in[0]->shape, *w = k->in[1]->shape;
  sl_conv s = {.n = d[0], .h = k->p[HEIGHT].i, .w = k->p[WIDTH].i, .cin = w[2], .kh = w[0], .kw = w[1], .cout = w[3],
               .stride = k->p[GRAD_STRIDE].i, .padding = k->p[GRAD_PADDING].i};
  char got[128];
  if (!conv_geometry(c, k, &s)) return false;
  if (!is_shape(k->in[0], (int64_t[]){s.n, s.oh, s.ow, s.cout}))
    return sl_bad(c, k, 0, SL_ESHAPE, "expected [n,%lld,%lld,%lld], got %s", (long long)s.oh, (long long)s.ow,
                  (long long)s.cout, sl_shape_str(k->in[0], got));
  sl_tensor *dy = sl_packed(c, k->in[0]), *weight = sl_packed(c, k->in[1]);
  sl_tensor *dx = sl_out(c, k, k->in[0]->dtype, 4, (int64_t[]){s.n, s.h, s.w, s.cin});
  if (!dy || !weight || !dx) return false;
  return sl_numel(dx) == 0 || c->k->real[dx->dtype].conv2d_dx(c, &s, sl_data(dy), sl_data(weight), sl_data(dx));
}

static bool conv2d_dx_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const int64_t *w = k->in[1]->shape;
  const sl_param *p = k->p + GRAD_STRIDE;
  if (k->need[0] && !(din[0] = sl_conv2d(c, dout[0], k->in[1], NULL, (int)p[0].i, (int)p[1].i))) return false;
  return !k->need[1] || (din[1] = conv2d_dw(c, dout[0], k->in[0], w[0], w[1], p)) != NULL;
}

/* ---- conv2d_dw(x, dy): what x and dy say about w [kh,kw,cin,cout] ------------ */

static bool conv2d_dw_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 4, 4, -1) || !sl_want(c, k, 1, 4, 4, 0)) return false;
  const int64_t *x = k->in[0]->shape, *d = k->in[1]->shape;
  sl_conv s = {.n = x[0], .h = x[1], .w = x[2], .cin = x[3], .kh = k->p[HEIGHT].i, .kw = k->p[WIDTH].i, .cout = d[3],
               .stride = k->p[GRAD_STRIDE].i, .padding = k->p[GRAD_PADDING].i};
  char got[128];
  if (!conv_geometry(c, k, &s)) return false;
  if (!is_shape(k->in[1], (int64_t[]){s.n, s.oh, s.ow, s.cout}))
    return sl_bad(c, k, 1, SL_ESHAPE, "expected [%lld,%lld,%lld,cout], got %s", (long long)s.n, (long long)s.oh,
                  (long long)s.ow, sl_shape_str(k->in[1], got));
  sl_tensor *input = sl_packed(c, k->in[0]), *dy = sl_packed(c, k->in[1]);
  sl_tensor *dw = sl_out(c, k, k->in[0]->dtype, 4, (int64_t[]){s.kh, s.kw, s.cin, s.cout});
  if (!input || !dy || !dw) return false;
  return sl_numel(dw) == 0 || c->k->real[dw->dtype].conv2d_dw(c, &s, sl_data(input), sl_data(dy), sl_data(dw));
}

static bool conv2d_dw_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const int64_t *x = k->in[0]->shape;
  const sl_param *p = k->p + GRAD_STRIDE;
  if (k->need[0] && !(din[0] = conv2d_dx(c, k->in[1], dout[0], x[1], x[2], p))) return false;
  return !k->need[1] || (din[1] = sl_conv2d(c, k->in[0], dout[0], NULL, (int)p[0].i, (int)p[1].i)) != NULL;
}

/* ---- the rows ----------------------------------------------------------------- */

sl_op sl_conv_ops[] = {
  [CONV2D] = {.name = "conv2d", .args = "x w b? stride:int=1 padding:int=0", .keep = "x w",
              .forward = conv2d_forward, .vjp = conv2d_vjp,
              .samples = "2x4x5x3 3x3x3x2 2 1 1; 1x4x3x2 1x1x2x3 - 1 0; 2x5x4x2 3x2x2x3 3 2 1; 1x5x5x1 3x3x1x2 - 2 0; "
                         "0x3x3x2 3x3x2x2 2 1 1; 1x2x2x2 3x3x2x1 1 3 2; 2x4x3x2 3x3x2x3 2x3 1 1; 0x3x3x2 1x1x2x2 0x2 1 0",
              .doc = "Convolution with zero padding: x [n,h,w,cin], w [kh,kw,cin,cout], b [cout] or [n,cout]."},
  [CONV2D_ADD] = {.name = "conv2d_add", .args = "x w b? r stride:int=1 padding:int=0", .keep = "x w",
                  .forward = conv2d_forward, .vjp = conv2d_vjp,
                  .samples = "2x4x5x3 3x3x3x2 2 2x4x5x2 1 1; 2x4x3x2 3x3x2x3 2x3 2x4x3x3 1 1; "
                             "1x5x4x2 3x2x2x3 - 1x2x2x3 2 0; 0x3x3x2 3x3x2x2 2 0x3x3x2 1 1",
                  .doc = "conv2d(x, w, b) + r in one pass; r has the result's shape."},
  [CONV2D_DX] = {.name = "conv2d_dx", .args = "dy w height:int width:int stride:int padding:int", .keep = "dy w",
                 .flags = SL_INTERNAL, .forward = conv2d_dx_forward, .vjp = conv2d_dx_vjp,
                 .samples = "2x4x3x2 3x3x3x2 4 3 1 1; 1x2x2x3 3x2x2x3 5 4 2 0; 0x3x3x2 1x1x2x2 3 3 1 0",
                 .doc = "The gradient of conv2d with respect to x."},
  [CONV2D_DW] = {.name = "conv2d_dw", .args = "x dy kh:int kw:int stride:int padding:int", .keep = "x dy",
                 .flags = SL_INTERNAL, .forward = conv2d_dw_forward, .vjp = conv2d_dw_vjp,
                 .samples = "2x4x3x2 2x4x3x3 3 3 1 1; 1x5x4x2 1x2x2x3 3 2 2 0; 0x3x3x2 0x3x3x2 1 1 1 0",
                 .doc = "The gradient of conv2d with respect to w."},
  {0}};

sl_tensor *sl_conv2d(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int stride, int padding) {
  sl_tensor *in[] = {x, w, b};
  return sl_apply(c, &(sl_call){.op = &sl_conv_ops[CONV2D], .n_in = 3, .in = in, .p = {{.i = stride}, {.i = padding}}});
}

sl_tensor *sl_conv2d_add(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *r, int stride, int padding) {
  sl_tensor *in[] = {x, w, b, r};
  return sl_apply(c, &(sl_call){.op = &sl_conv_ops[CONV2D_ADD], .n_in = 4, .in = in,
                                .p = {{.i = stride}, {.i = padding}}});
}

static sl_tensor *conv2d_dx(sl_ctx *c, sl_tensor *dy, sl_tensor *w, int64_t height, int64_t width, const sl_param *p) {
  sl_tensor *in[] = {dy, w};
  return sl_apply(c, &(sl_call){.op = &sl_conv_ops[CONV2D_DX], .n_in = 2, .in = in,
                                .p = {{.i = height}, {.i = width}, p[0], p[1]}});
}

static sl_tensor *conv2d_dw(sl_ctx *c, sl_tensor *x, sl_tensor *dy, int64_t kh, int64_t kw, const sl_param *p) {
  sl_tensor *in[] = {x, dy};
  return sl_apply(c, &(sl_call){.op = &sl_conv_ops[CONV2D_DW], .n_in = 2, .in = in,
                                .p = {{.i = kh}, {.i = kw}, p[0], p[1]}});
}
