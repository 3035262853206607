/* Means and maxima over windows that may overlap, on [n,h,w,c]. */
#include "op/dims.h"
#include "op/windows.h"

enum { MAX_POOL, MAX_POOL_INDEX };

extern sl_op sl_pool_ops[];

/* ---- windows ------------------------------------------------------------------------- */

static bool read_axis(sl_ctx *c, const sl_call *k, int64_t size, int32_t window, int32_t stride, int32_t padding,
                      sl_fir_axis *out) {
  if (window < 1)
    return sl_bad_param(c, k, SL_POOL_WINDOW, SL_EARG, "expected 1 or more, got %d", (int)window);
  if (stride < 0)
    return sl_bad_param(c, k, SL_POOL_STRIDE, SL_EARG, "expected 0, for the window's size, or more, got %d",
                        (int)stride);
  if (padding < 0 || padding > window / 2)
    return sl_bad_param(c, k, SL_POOL_PADDING, SL_EARG, "expected 0 to half the window of %d, got %d", (int)window,
                        (int)padding);
  *out = (sl_fir_axis){.size = size, .taps = window, .up = 1, .down = stride ? stride : window, .before = padding,
                       .after = padding};
  return true;
}

bool sl_pool_read(sl_ctx *c, const sl_call *k, sl_fir_axis *h, sl_fir_axis *w) {
  if (!sl_want(c, k, 0, 4, 4, -1)) return false;
  const int64_t *s = k->in[0]->shape;
  sl_pair window = k->p[SL_POOL_WINDOW].pair, stride = k->p[SL_POOL_STRIDE].pair, pad = k->p[SL_POOL_PADDING].pair;
  char got[128];
  if (!read_axis(c, k, s[1], window.h, stride.h, pad.h, h) || !read_axis(c, k, s[2], window.w, stride.w, pad.w, w))
    return false;
  if (s[1] < 1 || s[2] < 1 || s[1] > INT32_MAX || s[2] > INT32_MAX)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected 1 to 2^31 - 1 pixels a side, got %s", sl_shape_str(k->in[0], got));
  if (sl_fir_size(h) < 1 || sl_fir_size(w) < 1)
    return sl_bad_param(c, k, SL_POOL_WINDOW, SL_ESHAPE, "expected one that fits the padded image %s, got {%d, %d}",
                        sl_shape_str(k->in[0], got), (int)window.h, (int)window.w);
  return true;
}

sl_span *sl_pool_spans(sl_ctx *c, const sl_call *k, const sl_fir_axis *h, const sl_fir_axis *w, sl_windows *s) {
  int64_t oh = sl_fir_size(h), ow = sl_fir_size(w);
  sl_span *spans = sl_spans_new(c, k, oh, ow);
  if (!spans) return NULL;
  sl_fir_spans(h, 0, spans);
  sl_fir_spans(w, 0, spans + oh);
  *s = (sl_windows){.rows = spans, .columns = spans + oh};
  return spans;
}

/* ---- max_pool -------------------------------------------------------------------------- */

/* out[0] of that type, filled by the kernel. */
static bool run(sl_ctx *c, sl_call *k, sl_dtype d, sl_windows_fn *kernel) {
  sl_fir_axis h, w;
  sl_windows s;
  char got[128];
  if (!sl_pool_read(c, k, &h, &w)) return false;
  if (h.size > INT32_MAX / w.size)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected less than 2^31 pixels, got %s", sl_shape_str(k->in[0], got));
  sl_tensor *x = sl_packed(c, k->in[0]);
  sl_tensor *y = x ? sl_out(c, k, d, 4, (int64_t[]){x->shape[0], sl_fir_size(&h), sl_fir_size(&w), x->shape[3]}) : NULL;
  if (!y || !sl_numel(y)) return y != NULL;
  sl_span *spans = sl_pool_spans(c, k, &h, &w, &s);
  if (!spans) return false;
  sl_windows_run(c, &s, kernel, x, y);
  sl_free(c, spans);
  return true;
}

static bool max_pool_forward(sl_ctx *c, sl_call *k) {
  sl_dtype d = k->in[0]->dtype;
  return run(c, k, d, sl_dtype_is_float(d) ? c->k->real[d].largest : NULL);
}

static bool max_pool_index_forward(sl_ctx *c, sl_call *k) {
  sl_dtype d = k->in[0]->dtype;
  return run(c, k, SL_I64, sl_dtype_is_float(d) ? c->k->real[d].largest_at : NULL);
}

static sl_tensor *pooled(sl_ctx *c, int row, sl_tensor *x, const sl_param *p) {
  return sl_apply(c, &(sl_call){.op = &sl_pool_ops[row], .n_in = 1, .in = &x, .p = {p[0], p[1], p[2]}});
}

/* Picking and adding by place: those have gradients of any order. */
static bool max_pool_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const int64_t *x = k->in[0]->shape, *y = dout[0]->shape;
  sl_tensor *at = pooled(c, MAX_POOL_INDEX, k->in[0], k->p);
  sl_tensor *flat = sl_reshape(c, dout[0], 3, (int64_t[]){y[0], y[1] * y[2], y[3]});
  at = sl_reshape(c, at, 3, (int64_t[]){y[0], y[1] * y[2], y[3]});
  return (din[0] = sl_reshape(c, sl_scatter_add(c, flat, at, 1, x[1] * x[2]), 4, x)) != NULL;
}

typedef struct grad_job {
  const sl_windows *s;
  const sl_real_kernels *kernels;
  const void *x, *dy;
  void *dx;
} grad_job;

static void grad_samples(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const grad_job *j = arg;
  j->kernels->largest_grad(j->s, begin, end, j->x, j->dy, j->dx);
}

/* The same sums in the same order, without a list of places. */
static bool max_pool_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_fir_axis h, w;
  sl_windows s;
  if (!sl_pool_read(c, k, &h, &w)) return false;
  sl_tensor *x = sl_packed(c, k->in[0]), *dy = sl_packed(c, dout[0]);
  sl_tensor *dx = x && dy ? sl_full(c, x->dtype, 4, x->shape, 0) : NULL;
  din[0] = dx;
  if (!dx || !sl_numel(dx)) return dx != NULL;
  sl_span *spans = sl_pool_spans(c, k, &h, &w, &s);
  if (!spans) return false;
  s.h = x->shape[1], s.w = x->shape[2], s.ch = x->shape[3], s.oh = dy->shape[1], s.ow = dy->shape[2];
  grad_job j = {.s = &s, .kernels = &c->k->real[x->dtype], .x = sl_data(x), .dy = sl_data(dy), .dx = sl_data(dx)};
  sl_parallel_for(c, x->shape[0], sl_grain(s.oh * s.ow * s.ch, 1 << 12), grad_samples, &j);
  sl_free(c, spans);
  return true;
}

/* ---- the rows --------------------------------------------------------------------------- */

#define SAMPLES "2x4x6x2 2 0 0; 1x5x4x3 3 1 1; 1x6x5x1 3,2 2,1 1,0; 0x3x3x2 2 1 1; 1x3x2x35 2,1 1 1,0; 1x2x2x2 1 0 0"

sl_op sl_pool_ops[] = {
  [MAX_POOL] = {.name = "max_pool", .args = SL_POOL_ARGS, .keep = "x", .forward = max_pool_forward,
                .vjp = max_pool_vjp, .fused = max_pool_fused, .samples = SAMPLES,
                .doc = "The largest of each window of x [n,h,w,c], windows a stride apart (0: side by side); padding "
                       "is never the largest. The gradient goes to the first of equal ones."},
  [MAX_POOL_INDEX] = {.name = "max_pool_index", .args = SL_POOL_ARGS, .flags = SL_INTERNAL,
                      .forward = max_pool_index_forward, .samples = SAMPLES,
                      .doc = "The place row*w + column in x that max_pool takes, int64."},
  {0}};

sl_tensor *sl_max_pool(sl_ctx *c, sl_tensor *x, const int window[2], const int stride[2], const int padding[2]) {
  sl_param p[3];
  sl_pool_params(p, window, stride, padding);
  return pooled(c, MAX_POOL, x, p);
}
