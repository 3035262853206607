/* Nearest upsampling and average pooling of images by a whole factor: up to
   that factor squared, each is the transpose of the other. Windows that overlap,
   or do not fill the image, are filters of equal weights. */
#include "op/dims.h"
#include "op/windows.h"

enum { UPSAMPLE, AVG_POOL };

extern sl_op sl_resample_ops[];

/* ---- the kernels over rows of small pixels ------------------------------------ */

typedef struct resample_job {
  void (*kernel)(int64_t n, int64_t h, int64_t w, int64_t ch, int64_t f, double scale, const void *x, void *y);
  int64_t w, ch, f;
  double scale;
  const char *x;
  char *y;
  int64_t x_row, y_row; /* bytes that one row of small pixels takes in x and y */
} resample_job;

/* Rows do not know each other, so n images of h rows are n*h images of one. */
static void resample_rows(void *arg, int64_t begin, int64_t end, int lane) {
  const resample_job *j = arg;
  (void)lane;
  j->kernel(end - begin, 1, j->w, j->ch, j->f, j->scale, j->x + begin * j->x_row, j->y + begin * j->y_row);
}

/* y [n,h*f,w*f,ch]: every pixel of x [n,h,w,ch] times scale, f*f times; or
   (up false) the transpose, y [n,h,w,ch] from x [n,h*f,w*f,ch]. */
static void resample(sl_ctx *c, bool up, int64_t f, double scale, const sl_tensor *x, sl_tensor *y) {
  const sl_tensor *small = up ? x : y;
  const sl_real_kernels *real = &c->k->real[x->dtype];
  int64_t row = small->shape[2] * small->shape[3] * (int64_t)sl_dtype_size(x->dtype);
  resample_job j = {.kernel = up ? real->upsample : real->downsample, .w = small->shape[2], .ch = small->shape[3],
                    .f = f, .scale = scale, .x = sl_data(x), .y = sl_data(y), .x_row = up ? row : row * f * f,
                    .y_row = up ? row * f * f : row};
  int64_t rows = sl_numel(y) ? small->shape[0] * small->shape[1] : 0;
  sl_parallel_for(c, rows, sl_grain(j.w * j.ch * f * f, 1 << 15), resample_rows, &j);
}

/* ---- forward ---------------------------------------------------------------------- */

/* y [n, h*f or h/f, ...] */
static bool by_factor(sl_ctx *c, sl_call *k, bool up, int64_t f) {
  sl_tensor *x = k->in[0];
  const int64_t *s = x->shape;
  char got[128];
  if (s[1] > INT32_MAX || s[2] > INT32_MAX)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected an image of less than 2^31 pixels a side, got %s",
                  sl_shape_str(x, got));
  int64_t shape[] = {s[0], up ? s[1] * f : s[1] / f, up ? s[2] * f : s[2] / f, s[3]};
  sl_tensor *packed = sl_packed(c, x), *y = sl_out(c, k, x->dtype, 4, shape);
  if (!packed || !y) return false;
  resample(c, up, f, up ? 1 : 1 / (double)(f * f), packed, y);
  return true;
}

static bool upsample_forward(sl_ctx *c, sl_call *k) {
  int64_t f = k->p[0].i;
  if (!sl_want(c, k, 0, 4, 4, -1)) return false;
  if (f < 1 || f > INT32_MAX) return sl_bad(c, k, 1, SL_EARG, "expected 1 to 2^31 - 1, got %lld", (long long)f);
  return by_factor(c, k, true, f);
}

/* ---- windows ------------------------------------------------------------------------ */

/* The factor by which avg_pool shrinks when its windows are squares that fill the image; else 0. */
static int64_t block_of(const sl_call *k) {
  sl_pair window = k->p[SL_POOL_WINDOW].pair, stride = k->p[SL_POOL_STRIDE].pair, pad = k->p[SL_POOL_PADDING].pair;
  const int64_t *s = k->in[0]->shape, f = window.h;
  bool square = window.w == f && (!stride.h || stride.h == f) && (!stride.w || stride.w == f) && !pad.h && !pad.w;
  return f > 0 && square && k->in[0]->ndim == 4 && s[1] % f == 0 && s[2] % f == 0 ? f : 0;
}

/* y, a mean for each window; or, with the axes transposed, the gradient x from dy. */
static bool mean_windows(sl_ctx *c, const sl_call *k, const sl_fir_axis *h, const sl_fir_axis *w, const sl_tensor *x,
                         sl_tensor *y) {
  sl_windows s;
  if (!sl_numel(y)) return true;
  sl_span *spans = sl_pool_spans(c, k, h, w, &s);
  if (!spans) return false;
  s.by_row = &(double){1 / (double)h->taps}, s.by_column = &(double){1 / (double)w->taps};
  sl_windows_run(c, &s, c->k->real[x->dtype].windows, x, y);
  sl_free(c, spans);
  return true;
}

/* Without a stride and padding the windows have to fill the image. */
static bool avg_pool_read(sl_ctx *c, const sl_call *k, sl_fir_axis *h, sl_fir_axis *w) {
  const sl_param *p = k->p;
  char got[128];
  if (!sl_pool_read(c, k, h, w)) return false;
  bool plain = !p[SL_POOL_STRIDE].i && !p[SL_POOL_PADDING].i;
  if (!plain || (h->size % h->taps == 0 && w->size % w->taps == 0)) return true;
  if (h->taps == w->taps)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected height and width divisible by %lld, got %s", (long long)h->taps,
                  sl_shape_str(k->in[0], got));
  return sl_bad(c, k, 0, SL_ESHAPE, "expected height divisible by %lld and width by %lld, got %s", (long long)h->taps,
                (long long)w->taps, sl_shape_str(k->in[0], got));
}

static bool avg_pool_forward(sl_ctx *c, sl_call *k) {
  sl_fir_axis h, w;
  if (!sl_want(c, k, 0, 4, 4, -1)) return false;
  if (block_of(k)) return by_factor(c, k, false, block_of(k));
  if (!avg_pool_read(c, k, &h, &w)) return false;
  const int64_t *s = k->in[0]->shape;
  sl_tensor *x = sl_packed(c, k->in[0]);
  sl_tensor *y = x ? sl_out(c, k, x->dtype, 4, (int64_t[]){s[0], sl_fir_size(&h), sl_fir_size(&w), s[3]}) : NULL;
  return y && mean_windows(c, k, &h, &w, x, y);
}

/* ---- gradients ---------------------------------------------------------------------- */

static bool upsample_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int f = (int)k->p[0].i;
  return (din[0] = sl_affine(c, sl_avg_pool(c, dout[0], f), (double)f * f, 0)) != NULL;
}

static bool avg_pool_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_fir_axis h, w;
  int64_t f = block_of(k);
  if (f) return (din[0] = sl_affine(c, sl_upsample(c, dout[0], (int)f), 1 / ((double)f * (double)f), 0)) != NULL;
  if (!sl_pool_read(c, k, &h, &w)) return false;
  int64_t shape[] = {h.taps, w.taps};
  sl_tensor *equal = sl_full(c, dout[0]->dtype, 2, shape, 1 / ((double)h.taps * (double)w.taps));
  return (din[0] = sl_fir_back(c, dout[0], equal, &h, &w)) != NULL;
}

/* The transpose in one pass. */
static bool resample_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din, bool up, int64_t f) {
  sl_tensor *d = sl_packed(c, dout[0]);
  din[0] = sl_empty(c, dout[0]->dtype, 4, k->in[0]->shape);
  if (!d || !din[0]) return false;
  resample(c, up, f, up ? 1 / (double)(f * f) : 1, d, din[0]);
  return true;
}

static bool upsample_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return resample_fused(c, k, dout, din, false, k->p[0].i);
}

static bool avg_pool_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_fir_axis h, w;
  if (block_of(k)) return resample_fused(c, k, dout, din, true, block_of(k));
  if (!sl_pool_read(c, k, &h, &w)) return false;
  h = sl_fir_transpose(&h), w = sl_fir_transpose(&w);
  sl_tensor *d = sl_packed(c, dout[0]);
  din[0] = sl_empty(c, dout[0]->dtype, 4, k->in[0]->shape);
  return d && din[0] && mean_windows(c, k, &h, &w, d, din[0]);
}

sl_op sl_resample_ops[] = {
  [UPSAMPLE] = {.name = "upsample", .args = "x factor:int=2", .keep = "x", .flags = SL_CHEAP,
                .forward = upsample_forward, .vjp = upsample_vjp,
                .fused = upsample_fused, .samples = "2x2x3x2 2; 1x2x1x3 3; 0x2x2x1 2; 1x2x2x2 1",
                .doc = "Every pixel of x [n,h,w,c] repeated factor times along h and w (nearest neighbour)."},
  [AVG_POOL] = {.name = "avg_pool", .args = SL_POOL_ARGS, .forward = avg_pool_forward, .vjp = avg_pool_vjp,
                .fused = avg_pool_fused,
                .samples = "2x4x2x3 2 0 0; 1x3x6x1 3 0 0; 0x2x2x1 2 0 0; 1x2x2x2 1 0 0; 2x4x5x2 3 1 1; "
                           "1x6x5x1 3,2 2,1 1,0; 1x7x4x35 4,1 3 2,0; 1x2x6x2 2,3 0 0; 0x3x3x2 2 1 1; 1x5x5x1 2 2 0",
                .doc = "Means over windows of x [n,h,w,c], a stride apart (0: side by side, filling the image); zeros "
                       "of the padding count."},
  {0}};

sl_tensor *sl_upsample(sl_ctx *c, sl_tensor *x, int factor) {
  return sl_apply(c, &(sl_call){.op = &sl_resample_ops[UPSAMPLE], .n_in = 1, .in = &x, .p = {{.i = factor}}});
}

sl_tensor *sl_avg_pool_over(sl_ctx *c, sl_tensor *x, const int window[2], const int stride[2], const int padding[2]) {
  sl_call k = {.op = &sl_resample_ops[AVG_POOL], .n_in = 1, .in = &x};
  sl_pool_params(k.p, window, stride, padding);
  return sl_apply(c, &k);
}

sl_tensor *sl_avg_pool(sl_ctx *c, sl_tensor *x, int factor) {
  return sl_avg_pool_over(c, x, (int[]){factor, factor}, NULL, NULL);
}
