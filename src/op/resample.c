/* Nearest upsampling and average pooling of images by a whole factor: up to
   that factor squared, each is the transpose of the other. */
#include "kernel/kernel.h"
#include "op/op.h"

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

static bool resample_forward(sl_ctx *c, sl_call *k, bool up) {
  if (!sl_want(c, k, 0, 4, 4, -1)) return false;
  sl_tensor *x = k->in[0];
  const int64_t *s = x->shape, f = k->p[0].i;
  char got[128];
  if (f < 1 || f > INT32_MAX) return sl_bad(c, k, 1, SL_EARG, "expected 1 to 2^31 - 1, got %lld", (long long)f);
  if (s[1] > INT32_MAX || s[2] > INT32_MAX)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected an image of less than 2^31 pixels a side, got %s",
                  sl_shape_str(x, got));
  if (!up && (s[1] % f || s[2] % f))
    return sl_bad(c, k, 0, SL_ESHAPE, "expected height and width divisible by %lld, got %s", (long long)f,
                  sl_shape_str(x, got));
  int64_t shape[] = {s[0], up ? s[1] * f : s[1] / f, up ? s[2] * f : s[2] / f, s[3]};
  sl_tensor *packed = sl_packed(c, x), *y = sl_out(c, k, x->dtype, 4, shape);
  if (!packed || !y) return false;
  resample(c, up, f, up ? 1 : 1 / (double)(f * f), packed, y);
  return true;
}

static bool upsample_forward(sl_ctx *c, sl_call *k) { return resample_forward(c, k, true); }
static bool avg_pool_forward(sl_ctx *c, sl_call *k) { return resample_forward(c, k, false); }

/* ---- gradients ---------------------------------------------------------------------- */

static bool upsample_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int f = (int)k->p[0].i;
  return (din[0] = sl_affine(c, sl_avg_pool(c, dout[0], f), (double)f * f, 0)) != NULL;
}

static bool avg_pool_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int f = (int)k->p[0].i;
  return (din[0] = sl_affine(c, sl_upsample(c, dout[0], f), 1 / ((double)f * f), 0)) != NULL;
}

/* The transpose in one pass. */
static bool resample_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din, bool up) {
  int64_t f = k->p[0].i;
  sl_tensor *d = sl_packed(c, dout[0]);
  din[0] = sl_empty(c, dout[0]->dtype, 4, k->in[0]->shape);
  if (!d || !din[0]) return false;
  resample(c, up, f, up ? 1 / (double)(f * f) : 1, d, din[0]);
  return true;
}

static bool upsample_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return resample_fused(c, k, dout, din, false);
}

static bool avg_pool_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return resample_fused(c, k, dout, din, true);
}

sl_op sl_resample_ops[] = {
  [UPSAMPLE] = {.name = "upsample", .args = "x factor:int=2", .keep = "x", .flags = SL_CHEAP,
                .forward = upsample_forward, .vjp = upsample_vjp,
                .fused = upsample_fused, .samples = "2x2x3x2 2; 1x2x1x3 3; 0x2x2x1 2; 1x2x2x2 1",
                .doc = "Every pixel of x [n,h,w,c] repeated factor times along h and w (nearest neighbour)."},
  [AVG_POOL] = {.name = "avg_pool", .args = "x factor:int=2", .forward = avg_pool_forward, .vjp = avg_pool_vjp,
                .fused = avg_pool_fused, .samples = "2x4x2x3 2; 1x3x6x1 3; 0x2x2x1 2; 1x2x2x2 1",
                .doc = "Means over blocks of factor x factor pixels of x [n,h,w,c]."},
  {0}};

static sl_tensor *by_factor(sl_ctx *c, int row, sl_tensor *x, int factor) {
  return sl_apply(c, &(sl_call){.op = &sl_resample_ops[row], .n_in = 1, .in = &x, .p = {{.i = factor}}});
}

sl_tensor *sl_upsample(sl_ctx *c, sl_tensor *x, int factor) { return by_factor(c, UPSAMPLE, x, factor); }
sl_tensor *sl_avg_pool(sl_ctx *c, sl_tensor *x, int factor) { return by_factor(c, AVG_POOL, x, factor); }
