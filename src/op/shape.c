/* Shapes: views of the same storage where the layout allows. */
#include "op/dims.h"

enum { RESHAPE, PERMUTE, TRANSPOSE, NARROW, SELECT, SQUEEZE, UNSQUEEZE, EXPAND, CONTIGUOUS, FLIP, PAD, END };
extern sl_op sl_shape_ops[];

static const sl_dims *list_of(const sl_call *k, int param) { return &k->list[k->p[param].i]; }

static bool view(sl_ctx *c, sl_call *k, int ndim, const int64_t *shape, const int64_t *stride, int64_t skip) {
  return (k->out[0] = sl_view(c, k->in[0], ndim, shape, stride, k->in[0]->offset + skip)) != NULL;
}

/* ---- reshape -------------------------------------------------------------------- */

/* Strides that show x as shape without a copy; false if there are none. The
   element counts agree and are not 0. */
static bool view_strides(const sl_tensor *x, int n, const int64_t *shape, int64_t *stride) {
  int64_t size[SL_MAX_DIMS], step[SL_MAX_DIMS];
  int m = 0; /* dimensions of x after merging what is contiguous */
  for (int i = 0; i < x->ndim; i++) {
    if (x->shape[i] == 1) continue;
    bool merges = m > 0 && step[m - 1] == x->shape[i] * x->stride[i];
    if (!merges) size[m++] = 1;
    size[m - 1] *= x->shape[i];
    step[m - 1] = x->stride[i];
  }
  int64_t left = 1, at = 1; /* what remains of the current merged dimension, and its stride */
  for (int i = n - 1; i >= 0; i--) {
    if (shape[i] > 1 && left == 1) {
      left = size[--m];
      at = step[m];
    }
    if (left % shape[i]) return false;
    stride[i] = at;
    at *= shape[i];
    left /= shape[i];
  }
  return true;
}

static void packed_strides(int n, const int64_t *shape, int64_t *stride) {
  int64_t step = 1;
  for (int i = n - 1; i >= 0; i--) {
    stride[i] = step;
    step *= shape[i] > 1 ? shape[i] : 1;
  }
}

/* Fills in the one size that may be -1. */
static bool resolve_shape(sl_ctx *c, const sl_call *k, sl_dims *s) {
  char want[128], got[128];
  int64_t n = sl_numel(k->in[0]);
  sl_tensor asked = {.ndim = s->n};
  int open = -1;
  for (int i = 0; i < s->n; i++) {
    asked.shape[i] = s->v[i];
    if (s->v[i] == -1 && open < 0) s->v[open = i] = 1;
  }
  if (!sl_check_shape(c, k->op->name, s->n, s->v)) return false;
  int64_t known = sl_count(s->v, 0, s->n);
  bool solved = open < 0 || (known && n % known == 0);
  if (solved && open >= 0) s->v[open] = n / known;
  if (solved && sl_count(s->v, 0, s->n) == n) return true;
  return sl_bad_param(c, k, 0, SL_ESHAPE, "expected the %lld elements of %s, got %s", (long long)n,
                      sl_shape_str(k->in[0], want), sl_shape_str(&asked, got));
}

static bool reshape_forward(sl_ctx *c, sl_call *k) {
  sl_tensor *x = k->in[0];
  sl_dims s = *list_of(k, 0);
  int64_t stride[SL_MAX_DIMS];
  if (!resolve_shape(c, k, &s)) return false;
  if (sl_numel(x) && view_strides(x, s.n, s.v, stride)) return view(c, k, s.n, s.v, stride, 0);
  if (!(x = sl_packed(c, x))) return false;
  packed_strides(s.n, s.v, stride);
  return (k->out[0] = sl_view(c, x, s.n, s.v, stride, x->offset)) != NULL;
}

static bool reshape_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = sl_reshape(c, dout[0], k->in[0]->ndim, k->in[0]->shape)) != NULL;
}

/* ---- order of dimensions ----------------------------------------------------------- */

/* order[i]: which dimension of x becomes dimension i; without a list, in reverse */
static bool permutation(sl_ctx *c, const sl_call *k, int64_t *order) {
  const sl_dims *l = list_of(k, 0);
  bool seen[SL_MAX_DIMS];
  char buf[128];
  int n = k->in[0]->ndim;
  if (!sl_dims_mask(c, k, 0, n, false, seen)) return false;
  for (int i = 0; !l->n && i < n; i++) order[i] = n - 1 - i;
  if (!l->n) return true;
  if (l->n != n)
    return sl_bad_param(c, k, 0, SL_EARG, "expected the %d dimensions of %s, got %d", n, sl_shape_str(k->in[0], buf),
                        l->n);
  for (int i = 0; i < n; i++) order[i] = l->v[i] < 0 ? l->v[i] + n : l->v[i];
  return true;
}

static bool permute_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  int64_t order[SL_MAX_DIMS], shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
  if (!permutation(c, k, order)) return false;
  for (int i = 0; i < x->ndim; i++) {
    shape[i] = x->shape[order[i]];
    stride[i] = x->stride[order[i]];
  }
  return view(c, k, x->ndim, shape, stride, 0);
}

static bool permute_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int64_t order[SL_MAX_DIMS], back[SL_MAX_DIMS];
  if (!permutation(c, k, order)) return false;
  for (int i = 0; i < k->in[0]->ndim; i++) back[order[i]] = i;
  return (din[0] = sl_permute(c, dout[0], k->in[0]->ndim, back)) != NULL;
}

static bool transpose_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
  int a = sl_dim_of(c, k, 0, x->ndim), b = sl_dim_of(c, k, 1, x->ndim);
  if (a < 0 || b < 0) return false;
  for (int i = 0; i < x->ndim; i++) {
    int from = i == a ? b : i == b ? a : i;
    shape[i] = x->shape[from];
    stride[i] = x->stride[from];
  }
  return view(c, k, x->ndim, shape, stride, 0);
}

static bool transpose_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = sl_transpose(c, dout[0], (int)k->p[0].i, (int)k->p[1].i)) != NULL;
}

/* ---- parts --------------------------------------------------------------------------- */

/* Parameter `param` as a position along dim, from -1 at the end; -1 and an error if it is not below `limit`. */
static int64_t position(sl_ctx *c, const sl_call *k, int param, int dim, int64_t limit) {
  int64_t at = k->p[param].i, n = k->in[0]->shape[dim];
  char got[48];
  if (at >= -n && at < limit) return at < 0 ? at + n : at;
  sl_bad_param(c, k, param, SL_ESHAPE, "expected one of %lld positions, got %s", (long long)n, sl_ordinal(at, got));
  return -1;
}

static bool narrow_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  int dim = sl_dim_of(c, k, 0, x->ndim);
  if (dim < 0) return false;
  int64_t n = x->shape[dim], length = k->p[2].i, start = position(c, k, 1, dim, n + 1), shape[SL_MAX_DIMS];
  if (start < 0) return false;
  if (length < 0 || length > n - start)
    return sl_bad_param(c, k, 2, SL_ESHAPE, "expected 0 to %lld, what is left of %lld, got %lld",
                        (long long)(n - start), (long long)n, (long long)length);
  for (int i = 0; i < x->ndim; i++) shape[i] = i == dim ? length : x->shape[i];
  return view(c, k, x->ndim, shape, x->stride, length ? start * x->stride[dim] : 0);
}

/* dy in zeros of x's shape, `length` positions from `start` on along dim */
static sl_tensor *embed(sl_ctx *c, const sl_call *k, sl_tensor *dy, int dim, int64_t start, int64_t length) {
  int64_t before[SL_MAX_DIMS] = {0}, after[SL_MAX_DIMS] = {0};
  before[dim] = start;
  after[dim] = k->in[0]->shape[dim] - start - length;
  return sl_pad(c, dy, before, after, 0);
}

static bool narrow_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, k->in[0]->ndim);
  int64_t start = position(c, k, 1, dim, k->in[0]->shape[dim] + 1);
  return (din[0] = embed(c, k, dout[0], dim, start, k->p[2].i)) != NULL;
}

/* The view that stands at position `at` along dim, without that dimension. */
static bool drop_dim(sl_ctx *c, sl_call *k, int dim, int64_t at) {
  const sl_tensor *x = k->in[0];
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
  for (int i = 0, n = 0; i < x->ndim; i++) {
    if (i == dim) continue;
    shape[n] = x->shape[i];
    stride[n++] = x->stride[i];
  }
  return view(c, k, x->ndim - 1, shape, stride, at * x->stride[dim]);
}

static bool select_forward(sl_ctx *c, sl_call *k) {
  int dim = sl_dim_of(c, k, 0, k->in[0]->ndim);
  int64_t at = dim < 0 ? -1 : position(c, k, 1, dim, k->in[0]->shape[dim]);
  return at >= 0 && drop_dim(c, k, dim, at);
}

static bool select_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, k->in[0]->ndim);
  int64_t at = position(c, k, 1, dim, k->in[0]->shape[dim]);
  return (din[0] = embed(c, k, sl_unsqueeze(c, dout[0], dim), dim, at, 1)) != NULL;
}

/* ---- sizes of 1 ------------------------------------------------------------------------ */

static bool squeeze_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  int dim = sl_dim_of(c, k, 0, x->ndim);
  char buf[128], which[48];
  if (dim < 0) return false;
  if (x->shape[dim] == 1) return drop_dim(c, k, dim, 0);
  return sl_bad_param(c, k, 0, SL_ESHAPE, "expected a dimension of size 1, got %s of %s", sl_ordinal(dim, which),
                      sl_shape_str(x, buf));
}

static bool unsqueeze_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
  char buf[128];
  if (x->ndim == SL_MAX_DIMS)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected fewer than %d dimensions, got shape %s", SL_MAX_DIMS,
                  sl_shape_str(x, buf));
  int dim = sl_dim_of(c, k, 0, x->ndim + 1);
  if (dim < 0) return false;
  for (int i = 0, from = 0; i <= x->ndim; i++) {
    shape[i] = i == dim ? 1 : x->shape[from];
    stride[i] = i == dim ? 1 : x->stride[from++];
  }
  return view(c, k, x->ndim + 1, shape, stride, 0);
}

static bool expand_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  sl_dims s = *list_of(k, 0);
  int64_t stride[SL_MAX_DIMS];
  int lead = s.n - x->ndim;
  char buf[128];
  bool fits = lead >= 0;
  for (int i = 0; fits && i < s.n; i++) {
    int64_t size = i < lead ? 1 : x->shape[i - lead];
    if (s.v[i] == -1 && i >= lead) s.v[i] = size;
    stride[i] = i < lead || size != s.v[i] ? 0 : x->stride[i - lead];
    fits = size == 1 || size == s.v[i];
  }
  if (!fits) return sl_bad_param(c, k, 0, SL_ESHAPE, "expected one that x's %s broadcasts to", sl_shape_str(x, buf));
  return sl_check_shape(c, k->op->name, s.n, s.v) && view(c, k, s.n, s.v, stride, 0);
}

static bool expand_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = sl_sum_to(c, dout[0], k->in[0]->ndim, k->in[0]->shape)) != NULL;
}

/* ---- copies ------------------------------------------------------------------------------ */

static bool contiguous_forward(sl_ctx *c, sl_call *k) { return (k->out[0] = sl_packed(c, k->in[0])) != NULL; }

static bool contiguous_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  (void)c, (void)k;
  return (din[0] = dout[0]) != NULL;
}

static bool flip_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  bool over[SL_MAX_DIMS];
  int64_t stride[SL_MAX_DIMS], skip = 0;
  if (!sl_dims_mask(c, k, 0, x->ndim, true, over)) return false;
  for (int i = 0; i < x->ndim; i++) {
    stride[i] = over[i] ? -x->stride[i] : x->stride[i];
    if (over[i] && x->shape[i]) skip += (x->shape[i] - 1) * x->stride[i];
  }
  sl_tensor *backwards = sl_view(c, x, x->ndim, x->shape, stride, x->offset + skip);
  return backwards && (k->out[0] = sl_packed(c, backwards));
}

static bool flip_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = sl_flip(c, dout[0], k->list[0].n, k->list[0].v)) != NULL;
}

/* Sizes after padding. */
static bool padded_shape(sl_ctx *c, const sl_call *k, int64_t *shape) {
  const sl_tensor *x = k->in[0];
  const int64_t limit = (int64_t)1 << 48;
  char buf[128], which[48];
  for (int p = 0; p < 2; p++)
    if (list_of(k, p)->n != x->ndim)
      return sl_bad_param(c, k, p, SL_ESHAPE, "expected a size for each dimension of %s, got %d", sl_shape_str(x, buf),
                          list_of(k, p)->n);
  for (int i = 0; i < x->ndim; i++) {
    int64_t b = list_of(k, 0)->v[i], a = list_of(k, 1)->v[i];
    bool sane = b >= -limit && b <= limit && a >= -limit && a <= limit;
    if (!sane || (shape[i] = x->shape[i] + b + a) < 0)
      return sl_bad_param(c, k, 0, SL_ESHAPE, "expected sizes that leave 0 or more, got %lld before and %lld after %s "
                          "dimension of %s", (long long)b, (long long)a, sl_ordinal(i, which), sl_shape_str(x, buf));
  }
  return sl_check_shape(c, k->op->name, x->ndim, shape);
}

static bool pad_forward(sl_ctx *c, sl_call *k) {
  const sl_tensor *x = k->in[0];
  int64_t shape[SL_MAX_DIMS], size[SL_MAX_DIMS], from = x->offset, to = 0;
  if (!padded_shape(c, k, shape)) return false;
  sl_tensor *y = k->out[0] = sl_full(c, x->dtype, x->ndim, shape, k->p[2].f);
  if (!y) return false;
  for (int i = 0; i < x->ndim; i++) { /* the part of x that is not cropped */
    int64_t b = list_of(k, 0)->v[i], a = list_of(k, 1)->v[i];
    size[i] = x->shape[i] + (b < 0 ? b : 0) + (a < 0 ? a : 0);
    if (size[i] <= 0) return true;
    from += (b < 0 ? -b : 0) * x->stride[i];
    to += (b > 0 ? b : 0) * y->stride[i];
  }
  sl_tensor *source = sl_view(c, x, x->ndim, size, x->stride, from);
  sl_tensor *target = source ? sl_view(c, y, y->ndim, size, y->stride, to) : NULL;
  return target && sl_copy_into(c, target, source);
}

static bool pad_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int64_t before[SL_MAX_DIMS], after[SL_MAX_DIMS];
  for (int i = 0; i < k->in[0]->ndim; i++) {
    before[i] = -list_of(k, 0)->v[i];
    after[i] = -list_of(k, 1)->v[i];
  }
  return (din[0] = sl_pad(c, dout[0], before, after, 0)) != NULL;
}

/* ---- rows ---------------------------------------------------------------------------------- */

#define ROW(ID, NAME, ARGS, FORWARD, VJP, SAMPLES, DOC) KEEPING("", ID, NAME, ARGS, FORWARD, VJP, SAMPLES, DOC)
#define KEEPING(KEEP, ID, NAME, ARGS, FORWARD, VJP, SAMPLES, DOC) \
  [ID] = {.name = NAME, .args = ARGS, .keep = KEEP, .flags = SL_CHEAP, .forward = FORWARD, .vjp = VJP, \
          .samples = SAMPLES, .doc = DOC}

sl_op sl_shape_ops[] = {
  ROW(RESHAPE, "reshape", "x shape:ints", reshape_forward, reshape_vjp,
      "2x3x4 6,4; 2x3x4 2,-1; 2x3x4 4,1,3,2; 0x3 3,0; 1x1 (); . 1,1",
      "The same elements in another shape; one size may be -1."),
  ROW(PERMUTE, "permute", "x dims:dims", permute_forward, permute_vjp, "2x3x4 2,0,1; 2x3x4 1,-1,0; 2x3x4 (); 0x3 1,0; . ()",
      "The dimensions in the order given, or else in reverse."),
  ROW(TRANSPOSE, "transpose", "x dim1:dim=-2 dim2:dim=-1", transpose_forward, transpose_vjp,
      "2x3x4 0 2; 2x3x4 -1 1; 0x3 0 1",
      "Two dimensions exchanged, by default the last two."),
  ROW(NARROW, "narrow", "x dim:dim start:pos length:int", narrow_forward, narrow_vjp,
      "2x3x4 2 1 2; 2x3x4 -2 -2 2; 2x3 0 1 0; 0x3 1 0 2",
      "`length` positions along dim from `start` on."),
  ROW(SELECT, "select", "x dim:dim index:pos", select_forward, select_vjp, "2x3x4 1 2; 2x3x4 -1 -1; 5 0 3; 0x3 1 1",
      "One position along dim, without that dimension."),
  ROW(SQUEEZE, "squeeze", "x dim:dim", squeeze_forward, reshape_vjp, "2x1x3 1; 1 0; 0x1 -1",
      "Without a dimension of size 1."),
  ROW(UNSQUEEZE, "unsqueeze", "x dim:dim", unsqueeze_forward, reshape_vjp, "2x3 1; 2x3 -1; . 0; 0x3 0",
      "With a dimension of size 1 put in at dim."),
  ROW(EXPAND, "expand", "x shape:ints", expand_forward, expand_vjp, "2x1x3 2,4,3; 3 2,-1; 3x1 2,-1,4; . 2,2; 1x3 0,3",
      "Repeated to a larger shape without a copy, as broadcasting does; -1 keeps a size."),
  ROW(CONTIGUOUS, "contiguous", "x", contiguous_forward, contiguous_vjp, "2x3x4; .; 0x3",
      "The same values in row-major order."),
  ROW(FLIP, "flip", "x dims:dims", flip_forward, flip_vjp, "2x3x4 (); 2x3x4 1; 2x3x4 0,-1; 0x3 (); . ()",
      "In reversed order along dims (all by default)."),
  KEEPING("x", PAD, "pad", "x before:ints after:ints value:num=0", pad_forward, pad_vjp,
      "2x3 1,0 0,2 0; 2x3 -1,1 2,-2 1.5; 3x2 0,-3 1,2 0; 0x3 1,1 0,0 0; . () () 0",
      "`value` put before and after each dimension; negative sizes crop."),
  [END] = {.name = NULL},
};

/* ---- C ---------------------------------------------------------------------------------------- */

static sl_tensor *with_list(sl_ctx *c, int row, sl_tensor *x, int n, const int64_t *v) {
  sl_call k = {.op = &sl_shape_ops[row], .n_in = 1, .in = &x};
  return sl_list_set(c, &k, 0, 0, n, v) ? sl_apply(c, &k) : NULL;
}

static sl_tensor *with_ints(sl_ctx *c, int row, sl_tensor *x, int64_t p0, int64_t p1, int64_t p2) {
  sl_call k = {.op = &sl_shape_ops[row], .n_in = 1, .in = &x, .p = {{.i = p0}, {.i = p1}, {.i = p2}}};
  return sl_apply(c, &k);
}

#define WITH_LIST(ID, name) \
  sl_tensor *sl_##name(sl_ctx *c, sl_tensor *x, int n, const int64_t *list) { return with_list(c, ID, x, n, list); }
WITH_LIST(RESHAPE, reshape)
WITH_LIST(PERMUTE, permute)
WITH_LIST(EXPAND, expand)
WITH_LIST(FLIP, flip)

sl_tensor *sl_transpose(sl_ctx *c, sl_tensor *x, int a, int b) { return with_ints(c, TRANSPOSE, x, a, b, 0); }
sl_tensor *sl_squeeze(sl_ctx *c, sl_tensor *x, int dim) { return with_ints(c, SQUEEZE, x, dim, 0, 0); }
sl_tensor *sl_unsqueeze(sl_ctx *c, sl_tensor *x, int dim) { return with_ints(c, UNSQUEEZE, x, dim, 0, 0); }
sl_tensor *sl_select(sl_ctx *c, sl_tensor *x, int dim, int64_t index) { return with_ints(c, SELECT, x, dim, index, 0); }
sl_tensor *sl_contiguous(sl_ctx *c, sl_tensor *x) { return sl_apply1(c, &sl_shape_ops[CONTIGUOUS], x); }

sl_tensor *sl_narrow(sl_ctx *c, sl_tensor *x, int dim, int64_t start, int64_t length) {
  return with_ints(c, NARROW, x, dim, start, length);
}

sl_tensor *sl_pad(sl_ctx *c, sl_tensor *x, const int64_t *before, const int64_t *after, double value) {
  sl_call k = {.op = &sl_shape_ops[PAD], .n_in = 1, .in = &x, .p = {[2] = {.f = value}}};
  int n = x ? x->ndim : 0;
  return sl_list_set(c, &k, 0, 0, n, before) && sl_list_set(c, &k, 1, 1, n, after) ? sl_apply(c, &k) : NULL;
}
