/* Resampling with a filter (upfirdn2d; Karras et al. 2019, 2020): linear in the image and in the filter. The gradient
   to the image is the same op with the filter turned round and up and down exchanged; that to the filter is made of
   it. */
#include "op/dims.h"
#include "op/windows.h"

enum { FIR_RESAMPLE };
enum { X, FILTER };
enum { UP, DOWN, PADDING };

extern sl_op sl_fir_ops[];

typedef struct geometry {
  sl_fir_axis h, w;
} geometry;

/* ---- arguments ------------------------------------------------------------------------ */

#define FAR ((int64_t)1 << 60) /* paddings up to here overflow nothing */

/* padding: (), one number for all sides, {before, after} for both axes, or {top, bottom, left, right}. */
static bool read_padding(sl_ctx *c, const sl_call *k, geometry *g) {
  const sl_dims *p = &k->list[k->p[PADDING].i];
  if (p->n != 0 && p->n != 1 && p->n != 2 && p->n != 4)
    return sl_bad_param(c, k, PADDING, SL_EARG, "expected one number, {before, after} or {top, bottom, left, right}, "
                        "got %d numbers", p->n);
  for (int i = 0; i < p->n; i++)
    if (p->v[i] < -FAR || p->v[i] > FAR)
      return sl_bad_param(c, k, PADDING, SL_EARG, "expected at most 2^60, got %lld", (long long)p->v[i]);
  if (!p->n) return true;
  int right = p->n - 1, left = p->n == 4 ? 2 : 0, bottom = p->n > 1;
  g->h.before = p->v[0], g->h.after = p->v[bottom], g->w.before = p->v[left], g->w.after = p->v[right];
  return true;
}

static bool read_factor(sl_ctx *c, const sl_call *k, int param) {
  sl_pair p = k->p[param].pair;
  return (p.h > 0 && p.w > 0) ||
         sl_bad_param(c, k, param, SL_EARG, "expected 1 or more, got {%d, %d}", (int)p.h, (int)p.w);
}

/* Of images this side and filters that long, everything fits 64 bits. */
static bool sides_fit(sl_ctx *c, const sl_call *k, int arg, int64_t h, int64_t w) {
  char got[128];
  return (h > 0 && w > 0 && h <= INT32_MAX && w <= INT32_MAX) ||
         sl_bad(c, k, arg, SL_ESHAPE, "expected 1 to 2^31 - 1 pixels a side, got %s", sl_shape_str(k->in[arg], got));
}

static bool read_geometry(sl_ctx *c, const sl_call *k, geometry *g) {
  if (!sl_want(c, k, X, 4, 4, -1) || !sl_want(c, k, FILTER, 2, 2, X)) return false;
  const int64_t *x = k->in[X]->shape, *f = k->in[FILTER]->shape;
  sl_pair up = k->p[UP].pair, down = k->p[DOWN].pair;
  *g = (geometry){{.size = x[1], .taps = f[0], .up = up.h, .down = down.h},
                  {.size = x[2], .taps = f[1], .up = up.w, .down = down.w}};
  return sides_fit(c, k, X, x[1], x[2]) && sides_fit(c, k, FILTER, f[0], f[1]) && read_factor(c, k, UP) &&
         read_factor(c, k, DOWN) && read_padding(c, k, g);
}

/* ---- forward ---------------------------------------------------------------------------- */

static bool fir_forward(sl_ctx *c, sl_call *k) {
  geometry g;
  char got[128];
  if (!read_geometry(c, k, &g)) return false;
  int64_t oh = sl_fir_size(&g.h), ow = sl_fir_size(&g.w);
  if (oh < 1 || ow < 1)
    return sl_bad(c, k, FILTER, SL_ESHAPE, "expected one that fits the padded image, got %s",
                  sl_shape_str(k->in[FILTER], got));
  if (oh > INT32_MAX || ow > INT32_MAX)
    return sl_bad_param(c, k, PADDING, SL_ESHAPE, "expected a result of less than 2^31 pixels a side, got [%lld,%lld]",
                        (long long)oh, (long long)ow);
  sl_tensor *x = sl_packed(c, k->in[X]), *f = sl_packed(c, k->in[FILTER]);
  sl_tensor *y = sl_out(c, k, k->in[X]->dtype, 4, (int64_t[]){k->in[X]->shape[0], oh, ow, k->in[X]->shape[3]});
  if (!x || !f || !y || !sl_numel(y)) return x && f && y;
  sl_span *spans = sl_spans_new(c, k, oh, ow);
  if (!spans) return false;
  sl_fir_spans(&g.h, g.w.taps, spans);
  sl_fir_spans(&g.w, 1, spans + oh);
  sl_windows s = {.rows = spans, .columns = spans + oh, .row_step = -g.h.up * g.w.taps, .column_step = -g.w.up,
                  .f = sl_data(f)};
  sl_windows_run(c, &s, c->k->real[y->dtype].windows, x, y);
  sl_free(c, spans);
  return true;
}

/* ---- gradients --------------------------------------------------------------------------- */

static sl_tensor *resample(sl_ctx *c, sl_tensor *x, sl_tensor *filter, const geometry *g) {
  int64_t padding[] = {g->h.before, g->h.after, g->w.before, g->w.after};
  sl_tensor *in[] = {x, filter};
  sl_call k = {.op = &sl_fir_ops[FIR_RESAMPLE], .n_in = 2, .in = in,
               .p = {{.pair = {(int32_t)g->h.up, (int32_t)g->w.up}},
                     {.pair = {(int32_t)g->h.down, (int32_t)g->w.down}}}};
  return sl_list_set(c, &k, PADDING, 0, 4, padding) ? sl_apply(c, &k) : NULL;
}

sl_tensor *sl_fir_back(sl_ctx *c, sl_tensor *dy, sl_tensor *filter, const sl_fir_axis *h, const sl_fir_axis *w) {
  geometry back = {sl_fir_transpose(h), sl_fir_transpose(w)};
  return resample(c, dy, sl_flip(c, filter, 2, (int64_t[]){0, 1}), &back);
}

/* The pixels that tap (i, j) meets: those a filter of this tap alone would give. */
static sl_tensor *met_by(sl_ctx *c, sl_tensor *x, sl_tensor *one, const geometry *g, int64_t i, int64_t j) {
  geometry alone = *g;
  alone.h.before -= g->h.taps - 1 - i, alone.h.after -= i;
  alone.w.before -= g->w.taps - 1 - j, alone.w.after -= j;
  return resample(c, x, one, &alone);
}

static sl_tensor *filter_gradient(sl_ctx *c, const sl_call *k, sl_tensor *dy, const geometry *g) {
  int64_t n = g->h.taps * g->w.taps;
  sl_tensor **taps = sl_alloc(c, (size_t)n * sizeof *taps, k->op->name), *all = NULL;
  sl_tensor *one = sl_full(c, dy->dtype, 2, (int64_t[]){1, 1}, 1);
  for (int64_t i = 0; taps && i < n; i++)
    taps[i] = sl_sum(c, sl_mul(c, dy, met_by(c, k->in[X], one, g, i / g->w.taps, i % g->w.taps)), 0, NULL, false);
  if (taps && n <= INT32_MAX) all = sl_reshape(c, sl_stack(c, (int)n, taps, 0), 2, (int64_t[]){g->h.taps, g->w.taps});
  sl_free(c, taps);
  return all;
}

static bool fir_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  geometry g;
  if (!read_geometry(c, k, &g)) return false;
  if (k->need[X] && !(din[X] = sl_fir_back(c, dout[0], k->in[FILTER], &g.h, &g.w))) return false;
  return !k->need[FILTER] || (din[FILTER] = filter_gradient(c, k, dout[0], &g)) != NULL;
}

/* ---- the row -------------------------------------------------------------------------------- */

sl_op sl_fir_ops[] = {
  [FIR_RESAMPLE] = {.name = "fir_resample", .args = "x filter up:pair=1 down:pair=1 padding:ints=()",
                    .keep = "x filter", .forward = fir_forward, .vjp = fir_vjp,
                    .samples = "2x4x3x2 4x4 2 1 2,1; 2x4x6x2 4x4 1 2 1; 1x5x6x1 3x3 3,2 2,3 0,2,2,1; "
                               "1x7x6x2 2x2 1 1,2 1,-2,-1,1; 1x3x4x9 1x3 1 1 (); 0x3x3x1 2x2 1 1 (); "
                               "1x2x2x35 2x1 2 3 1,2; 1x1x1x1 1x2 3 2 0,4,5,-1",
                    .doc = "x [n,h,w,c], each pixel followed by up - 1 zeros along h and w, padded with zeros (all "
                           "sides, {before, after} or {top, bottom, left, right}; negative cuts), convolved with "
                           "filter [kh,kw], every down-th pixel taken: upfirdn2d (Karras et al. 2019, 2020)."},
  {0}};

sl_tensor *sl_fir_resample(sl_ctx *c, sl_tensor *x, sl_tensor *filter, const int up[2], const int down[2],
                           const int64_t padding[4]) {
  static const int once[2] = {1, 1};
  static const int64_t none[4] = {0};
  const int *u = up ? up : once, *d = down ? down : once;
  const int64_t *p = padding ? padding : none;
  return resample(c, x, filter, &(geometry){{.up = u[0], .down = d[0], .before = p[0], .after = p[1]},
                                            {.up = u[1], .down = d[1], .before = p[2], .after = p[3]}});
}
