/* Bilinear resizing and its transpose: each is the gradient of the other. */
#include "op/dims.h"
#include "op/windows.h"

enum { RESIZE, RESIZE_DX };
enum { HEIGHT, WIDTH, CORNERS };

extern sl_op sl_resize_ops[];

/* ---- weights along one axis -------------------------------------------------------------- */

/* Pixel o of `to` stands at numerator/denominator among `from`: the first and last of both together (corners), or their
   outer edges. It meets the pixels before and after, and beyond the border the last alone. */
static void forward_span(int64_t o, int64_t from, int64_t to, bool corners, sl_span *span, double weight[2]) {
  int64_t numerator = corners ? o * (from - 1) : (2 * o + 1) * from - to;
  int64_t denominator = corners ? (to > 1 ? to - 1 : 1) : 2 * to;
  if (numerator < 0) numerator = 0;
  int64_t first = numerator / denominator;
  if (first > from - 1) first = from - 1;
  bool last = first == from - 1;
  weight[1] = last ? 0 : (double)(numerator % denominator) / (double)denominator;
  weight[0] = 1 - weight[1];
  *span = (sl_span){first, last ? 1 : 2, 2 * o};
}

/* The pixels of `to` that meet pixel i, and what they weigh there, row after row: at most 2 to weights in all. */
static void turn_round(int64_t from, int64_t to, const sl_span *spans, const double *weights, sl_span *back,
                       double *back_weights) {
  int64_t n = 0, low = 0;
  for (int64_t i = 0; i < from; i++) {
    while (low < to && spans[low].first + spans[low].count <= i) low++;
    int64_t o = low;
    for (back[i].at = n; o < to && spans[o].first <= i; o++) back_weights[n++] = weights[2 * o + i - spans[o].first];
    back[i].first = o > low ? low : 0;
    back[i].count = o - low;
  }
}

typedef struct axis {
  sl_span *spans;
  double *weights;
} axis;

static void axis_free(sl_ctx *c, axis *a) {
  sl_free(c, a->spans);
  sl_free(c, a->weights);
}

static bool axis_new(sl_ctx *c, const sl_call *k, int64_t spans, int64_t weights, axis *a) {
  a->spans = sl_alloc(c, (size_t)spans * sizeof *a->spans, k->op->name);
  a->weights = sl_alloc(c, (size_t)weights * sizeof *a->weights, k->op->name);
  return a->spans && a->weights;
}

static bool axis_of(sl_ctx *c, const sl_call *k, int64_t from, int64_t to, bool back, axis *a) {
  axis plain = {0};
  *a = (axis){0};
  bool ok = axis_new(c, k, to, 2 * to, &plain) && (!back || axis_new(c, k, from, 2 * to, a));
  for (int64_t o = 0; ok && o < to; o++)
    forward_span(o, from, to, k->p[CORNERS].i, &plain.spans[o], &plain.weights[2 * o]);
  if (ok && !back) {
    *a = plain;
    return true;
  }
  if (ok) turn_round(from, to, plain.spans, plain.weights, a->spans, a->weights);
  axis_free(c, &plain);
  return ok;
}

/* ---- both ways ----------------------------------------------------------------------------- */

static bool sides_fit(sl_ctx *c, const sl_call *k) {
  const int64_t *s = k->in[0]->shape;
  char got[128];
  for (int i = HEIGHT; i <= WIDTH; i++)
    if (k->p[i].i < 1 || k->p[i].i > INT32_MAX)
      return sl_bad_param(c, k, i, SL_EARG, "expected 1 to 2^31 - 1, got %lld", (long long)k->p[i].i);
  return (s[1] > 0 && s[2] > 0 && s[1] <= INT32_MAX && s[2] <= INT32_MAX) ||
         sl_bad(c, k, 0, SL_ESHAPE, "expected 1 to 2^31 - 1 pixels a side, got %s", sl_shape_str(k->in[0], got));
}

static bool run(sl_ctx *c, sl_call *k, bool back) {
  if (!sl_want(c, k, 0, 4, 4, -1) || !sides_fit(c, k)) return false;
  const int64_t *s = k->in[0]->shape;
  int64_t shape[] = {s[0], k->p[HEIGHT].i, k->p[WIDTH].i, s[3]};
  sl_tensor *x = sl_packed(c, k->in[0]), *y = sl_out(c, k, k->in[0]->dtype, 4, shape);
  if (!x || !y || !sl_numel(y)) return x && y;
  const int64_t *from = back ? shape : s, *to = back ? s : shape;
  axis h = {0}, w = {0};
  bool ok = axis_of(c, k, from[1], to[1], back, &h) && axis_of(c, k, from[2], to[2], back, &w);
  if (ok) {
    sl_windows windows = {.rows = h.spans, .columns = w.spans, .row_step = 1, .column_step = 1,
                          .by_row = h.weights, .by_column = w.weights};
    sl_windows_run(c, &windows, c->k->real[x->dtype].windows, x, y);
  }
  axis_free(c, &h);
  axis_free(c, &w);
  return ok;
}

static bool resize_forward(sl_ctx *c, sl_call *k) { return run(c, k, false); }
static bool resize_dx_forward(sl_ctx *c, sl_call *k) { return run(c, k, true); }

static sl_tensor *resized(sl_ctx *c, int row, sl_tensor *x, int64_t height, int64_t width, int64_t corners) {
  return sl_apply(c, &(sl_call){.op = &sl_resize_ops[row], .n_in = 1, .in = &x,
                                .p = {{.i = height}, {.i = width}, {.i = corners}}});
}

static bool resize_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const int64_t *x = k->in[0]->shape;
  return (din[0] = resized(c, RESIZE_DX, dout[0], x[1], x[2], k->p[CORNERS].i)) != NULL;
}

static bool resize_dx_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const int64_t *dy = k->in[0]->shape;
  return (din[0] = resized(c, RESIZE, dout[0], dy[1], dy[2], k->p[CORNERS].i)) != NULL;
}

#define SAMPLES "2x3x4x2 5 7 true; 1x3x4x2 6 2 false; 1x5x2x35 3 4 true; 1x1x3x1 1 1 true; 0x2x3x1 4 4 false; " \
                "1x7x5x1 2 2 false; 1x2x2x2 2 2 false"

sl_op sl_resize_ops[] = {
  [RESIZE] = {.name = "resize_bilinear", .args = "x height:int width:int align_corners:bool=false",
              .forward = resize_forward, .vjp = resize_vjp, .samples = SAMPLES,
              .doc = "x [n,h,w,c] to [n,height,width,c] by linear interpolation along both, corner pixels onto corner "
                     "pixels (align_corners) or edges onto edges; shrinking takes no means."},
  [RESIZE_DX] = {.name = "resize_bilinear_dx", .args = "dy height:int width:int align_corners:bool",
                 .flags = SL_INTERNAL, .forward = resize_dx_forward, .vjp = resize_dx_vjp, .samples = SAMPLES,
                 .doc = "The gradient of resize_bilinear with respect to x [n,height,width,c]."},
  {0}};

sl_tensor *sl_resize_bilinear(sl_ctx *c, sl_tensor *x, int64_t height, int64_t width, bool align_corners) {
  return resized(c, RESIZE, x, height, width, align_corners);
}
