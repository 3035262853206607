/* Reductions over any dimensions. An output's terms are added in an order that
   depends on their number alone, never on the other dimensions. */
#include "kernel/kernel.h"
#include "op/dims.h"

enum { SUM, MEAN, VAR, STD, AMAX, AMIN, NORM, SUM_TO, END };
extern sl_op sl_reduce_ops[];

/* ---- the walk ------------------------------------------------------------------ */

#define CHUNK 4096 /* terms of one partial result */

typedef struct reduce_job {
  sl_reduce_fn *fn;
  int64_t n, inner, chunks, size; /* size: bytes of an element */
  const char *x;
  char *y;
} reduce_job;

/* Whole outputs begin .. end-1 of the outer part. */
static void reduce_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const reduce_job *j = arg;
  j->fn(end - begin, j->n, j->inner, j->x + begin * j->n * j->inner * j->size, j->y + begin * j->inner * j->size);
}

/* Partial results begin .. end-1, counted chunk by chunk. */
static void reduce_chunks(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const reduce_job *j = arg;
  for (int64_t i = begin; i < end; i++) {
    int64_t row = i / j->chunks, first = i % j->chunks * CHUNK, n = j->n - first < CHUNK ? j->n - first : CHUNK;
    j->fn(1, n, j->inner, j->x + (row * j->n + first) * j->inner * j->size, j->y + i * j->inner * j->size);
  }
}

/* x [outer,n,inner] -> y [outer,inner]; long sums become sums of partial ones, ascending. */
static bool reduce(sl_ctx *c, sl_reduce_fn *fn, int64_t size, int64_t outer, int64_t n, int64_t inner, const void *x,
                   void *y) {
  reduce_job j = {.fn = fn, .n = n, .inner = inner, .chunks = (n + CHUNK - 1) / CHUNK, .size = size, .x = x, .y = y};
  if (j.chunks <= 1) {
    sl_parallel_for(c, outer, sl_grain(n * inner, 4 * CHUNK), reduce_rows, &j);
    return true;
  }
  j.y = sl_alloc(c, (size_t)(outer * j.chunks * inner * size), "reduction");
  if (!j.y) return false;
  sl_parallel_for(c, outer * j.chunks, sl_grain(CHUNK * inner, 4 * CHUNK), reduce_chunks, &j);
  bool ok = reduce(c, fn, size, outer, j.chunks, inner, j.y, y);
  sl_free(c, j.y);
  return ok;
}

/* ---- the layout ------------------------------------------------------------------- */

typedef struct reduction {
  int64_t outer, n, inner;
  int ndim, kept;               /* kept: dimensions of the result without keepdim */
  bool over[SL_MAX_DIMS];       /* dimension is reduced */
  int64_t shape[SL_MAX_DIMS];   /* of the result */
  int64_t keep[SL_MAX_DIMS];    /* of the result with keepdim */
} reduction;

static bool reduction_of(sl_ctx *c, const sl_call *k, reduction *r) {
  const sl_tensor *x = k->in[0];
  *r = (reduction){.outer = 1, .n = 1, .inner = 1, .ndim = x->ndim};
  if (!sl_dims_mask(c, k, 0, x->ndim, true, r->over)) return false;
  for (int d = 0; d < x->ndim; d++) {
    r->keep[d] = r->over[d] ? 1 : x->shape[d];
    if (r->over[d]) r->n *= x->shape[d];
    else r->shape[r->kept++] = x->shape[d];
  }
  return true;
}

/* x contiguous as [outer,n,inner]: as it is when the reduced dimensions are
   neighbours, else with them moved to the end. */
static sl_tensor *arrange(sl_ctx *c, sl_tensor *x, reduction *r) {
  int order[SL_MAX_DIMS], n = 0, first = 0, last = x->ndim;
  while (first < x->ndim && !r->over[first]) first++;
  while (last > first && !r->over[last - 1]) last--;
  bool neighbours = true;
  for (int d = first; d < last; d++) neighbours &= r->over[d];
  r->outer = neighbours ? sl_count(x->shape, 0, first) : sl_count(r->shape, 0, r->kept);
  r->inner = neighbours ? sl_count(x->shape, last, x->ndim) : 1;
  if (neighbours) return sl_packed(c, x);
  for (int pass = 0; pass < 2; pass++)
    for (int d = 0; d < x->ndim; d++)
      if (r->over[d] == pass) order[n++] = d;
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
  for (int d = 0; d < x->ndim; d++) {
    shape[d] = x->shape[order[d]];
    stride[d] = x->stride[order[d]];
  }
  sl_tensor *moved = sl_view(c, x, x->ndim, shape, stride, x->offset);
  return moved ? sl_packed(c, moved) : NULL;
}

/* Parameter 1 of every row here is keepdim. */
static sl_tensor *result_of(sl_ctx *c, const sl_call *k, sl_dtype d, const reduction *r) {
  return k->p[1].i ? sl_full(c, d, r->ndim, r->keep, 0) : sl_full(c, d, r->kept, r->shape, 0);
}

/* sum, amax, amin: the kernel of the row's name. Sums of uint8 are int64. */
static bool reduce_forward(sl_ctx *c, sl_call *k) {
  reduction r;
  const sl_reduce_kernel *kernel = sl_op_kernel(c, k->op);
  bool sums = k->op == &sl_reduce_ops[SUM];
  char buf[128];
  if (!reduction_of(c, k, &r)) return false;
  if (!sums && r.n == 0 && sl_count(r.shape, 0, r.kept))
    return sl_bad(c, k, 0, SL_ESHAPE, "expected something to choose from, got shape %s", sl_shape_str(k->in[0], buf));
  sl_tensor *x = sums && k->in[0]->dtype == SL_U8 ? sl_cast(c, k->in[0], SL_I64) : k->in[0];
  x = x ? arrange(c, x, &r) : NULL;
  if (!x || !(k->out[0] = result_of(c, k, x->dtype, &r))) return false;
  if (!kernel->fn[x->dtype])
    return sl_bad(c, k, 0, SL_EDTYPE, "expected another type, got %s: use :to", sl_dtype_name(x->dtype));
  return !sl_numel(x) || reduce(c, kernel->fn[x->dtype], (int64_t)sl_dtype_size(x->dtype), r.outer, r.n, r.inner,
                                sl_data(x), sl_data(k->out[0]));
}

/* ---- gradients ---------------------------------------------------------------------- */

/* A result (or its gradient) with the reduced dimensions kept as 1. */
static sl_tensor *kept(sl_ctx *c, const sl_call *k, sl_tensor *y) {
  reduction r;
  if (!y || !reduction_of(c, k, &r)) return NULL;
  return k->p[1].i ? y : sl_reshape(c, y, r.ndim, r.keep);
}

static sl_tensor *spread(sl_ctx *c, const sl_call *k, sl_tensor *dy) {
  return sl_expand(c, kept(c, k, dy), k->in[0]->ndim, k->in[0]->shape);
}

static double count_of(sl_ctx *c, const sl_call *k) {
  reduction r;
  return reduction_of(c, k, &r) ? (double)r.n : 0;
}

static bool sum_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = spread(c, k, dout[0])) != NULL;
}

static bool mean_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = spread(c, k, sl_affine(c, dout[0], 1 / count_of(c, k), 0))) != NULL;
}

/* Equal ones share the gradient. */
static bool extreme_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const sl_dims *over = &k->list[0];
  sl_tensor *x = k->in[0], *y = kept(c, k, sl_saved_out(c, k, 0)), *dy = kept(c, k, dout[0]);
  sl_tensor *is = y ? sl_cast(c, sl_eq(c, x, y), x->dtype) : NULL;
  return (din[0] = sl_mul(c, is, sl_div(c, dy, sl_sum(c, is, over->n, over->v, true)))) != NULL;
}

static sl_tensor *centred(sl_ctx *c, const sl_call *k) {
  return sl_sub(c, k->in[0], sl_mean(c, k->in[0], k->list[0].n, k->list[0].v, true));
}

/* What var divides by; parameter 2 is unbiased. */
static double freedom(sl_ctx *c, const sl_call *k) { return count_of(c, k) - (k->p[2].i ? 1 : 0); }

static bool var_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *slope = sl_affine(c, centred(c, k), 2 / freedom(c, k), 0);
  return (din[0] = sl_mul(c, kept(c, k, dout[0]), slope)) != NULL;
}

static bool std_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *scale = sl_div(c, dout[0], sl_saved_out(c, k, 0));
  return (din[0] = sl_mul(c, kept(c, k, scale), sl_affine(c, centred(c, k), 1 / freedom(c, k), 0))) != NULL;
}

/* dy x / |x|, and 0 at the origin */
static bool norm_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[0], *y = sl_saved_out(c, k, 0);
  sl_tensor *one = sl_scalar(c, x->dtype, 1), *zero = sl_scalar(c, x->dtype, 0);
  sl_tensor *scale = sl_div(c, dout[0], sl_where(c, sl_eq(c, y, zero), one, y));
  return (din[0] = sl_mul(c, kept(c, k, scale), x)) != NULL;
}

static bool sum_to_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = sl_expand(c, dout[0], k->in[0]->ndim, k->in[0]->shape)) != NULL;
}

/* ---- forwards made of ops ----------------------------------------------------------- */

static sl_tensor *over_count(sl_ctx *c, sl_tensor *sum, double count) {
  return sum ? sl_div(c, sum, sl_scalar(c, sum->dtype, count)) : NULL;
}

/* Checked under the name of this op, before others are called. */
static bool floating(sl_ctx *c, const sl_call *k) {
  reduction r;
  return sl_want(c, k, 0, 0, SL_MAX_DIMS, -1) && reduction_of(c, k, &r);
}

static bool mean_forward(sl_ctx *c, sl_call *k) {
  if (!floating(c, k)) return false;
  sl_tensor *sum = sl_sum(c, k->in[0], k->list[0].n, k->list[0].v, k->p[1].i);
  return (k->out[0] = over_count(c, sum, count_of(c, k))) != NULL;
}

static bool var_forward(sl_ctx *c, sl_call *k) {
  if (!floating(c, k)) return false;
  sl_tensor *sum = sl_sum(c, sl_square(c, centred(c, k)), k->list[0].n, k->list[0].v, k->p[1].i);
  return (k->out[0] = over_count(c, sum, freedom(c, k))) != NULL;
}

static bool std_forward(sl_ctx *c, sl_call *k) {
  return var_forward(c, k) && (k->out[0] = sl_sqrt(c, k->out[0])) != NULL;
}

static bool norm_forward(sl_ctx *c, sl_call *k) {
  if (!floating(c, k)) return false;
  sl_tensor *sum = sl_sum(c, sl_square(c, k->in[0]), k->list[0].n, k->list[0].v, k->p[1].i);
  return (k->out[0] = sl_sqrt(c, sum)) != NULL;
}

/* The dimensions of x that broadcasting `to` has made or repeated; -1 if it does not broadcast to x. */
static int repeated_dims(const sl_tensor *x, const sl_dims *to, int64_t *over) {
  int lead = x->ndim - to->n, n = 0;
  for (int d = 0; lead >= 0 && d < x->ndim; d++) {
    int64_t size = d < lead ? 1 : to->v[d - lead];
    if (size != 1 && size != x->shape[d]) return -1;
    if (d < lead || size != x->shape[d]) over[n++] = d;
  }
  return lead < 0 ? -1 : n;
}

static bool sum_to_forward(sl_ctx *c, sl_call *k) {
  sl_tensor *x = k->in[0];
  const sl_dims *to = &k->list[0];
  int64_t over[SL_MAX_DIMS];
  char buf[128];
  int n = repeated_dims(x, to, over);
  if (n < 0) return sl_bad_param(c, k, 0, SL_ESHAPE, "expected one that broadcasts to x's %s", sl_shape_str(x, buf));
  sl_tensor *sum = n ? sl_reshape(c, sl_sum(c, x, n, over, true), to->n, to->v) : x;
  return (k->out[0] = sum) != NULL;
}

/* ---- rows ------------------------------------------------------------------------------ */

#define ROW(ID, NAME, ARGS, KEEP, FORWARD, VJP, SAMPLES, DOC) \
  [ID] = {.name = NAME, .args = ARGS, .keep = KEEP, .forward = FORWARD, .vjp = VJP, .samples = SAMPLES, .doc = DOC}
#define DIMS "x dims:dims keepdim:bool=false"
#define DIMS_UNBIASED DIMS " unbiased:bool=true"
#define SAMPLES "2x3x4 () false; 2x3x4 1 true; 2x3x4 0,2 false; 2x3x4 -1 false; 2x3x4 -3 false; 0x3 1 false"

sl_op sl_reduce_ops[] = {
  ROW(SUM, "sum", DIMS, "", reduce_forward, sum_vjp, SAMPLES "; 3x0 1 false; 3x0 () true; . () false",
      "Sum over dims (all by default); keepdim leaves sizes of 1. uint8 sums to int64."),
  ROW(MEAN, "mean", DIMS, "", mean_forward, mean_vjp, SAMPLES "; . () false", "Mean over dims (all by default)."),
  ROW(VAR, "var", DIMS_UNBIASED, "x", var_forward, var_vjp,
      "2x3x4 () false true; 2x3x4 0,2 true false; 2x3x4 1 false true; 0x3 1 false true",
      "Variance over dims (all by default); unbiased divides by one less than the count."),
  ROW(STD, "std", DIMS_UNBIASED, "x out", std_forward, std_vjp,
      "2x3x4 () false true; 2x3x4 0,2 true false; 2x3x4 1 false true; 0x3 1 false true",
      "Standard deviation over dims (all by default); unbiased divides by one less than the count."),
  ROW(AMAX, "amax", DIMS, "x out", reduce_forward, extreme_vjp, SAMPLES "; . () false",
      "Largest element over dims (all by default); equal ones share the gradient."),
  ROW(AMIN, "amin", DIMS, "x out", reduce_forward, extreme_vjp, SAMPLES "; . () false",
      "Smallest element over dims (all by default); equal ones share the gradient."),
  ROW(NORM, "norm", DIMS, "x out", norm_forward, norm_vjp, SAMPLES "; . () false",
      "Euclidean norm over dims (all by default); its gradient at 0 is 0."),
  ROW(SUM_TO, "sum_to", "x shape:ints", "", sum_to_forward, sum_to_vjp,
      "2x3x4 4; 2x3x4 3,1; 2x3x4 2,3,4; 2x3x4 (); 0x3 3; . ()",
      "Adds up what broadcasting the given shape to x's would repeat."),
  [END] = {.name = NULL},
};

static sl_tensor *over_dims(sl_ctx *c, int row, sl_tensor *x, int n, const int64_t *dims, bool keepdim, bool unbiased) {
  sl_call k = {.op = &sl_reduce_ops[row], .n_in = 1, .in = &x, .p = {[1] = {.i = keepdim}, [2] = {.i = unbiased}}};
  return sl_list_set(c, &k, 0, 0, n, dims) ? sl_apply(c, &k) : NULL;
}

sl_tensor *sl_sum(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim) {
  return over_dims(c, SUM, x, n, dims, keepdim, false);
}

sl_tensor *sl_mean(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim) {
  return over_dims(c, MEAN, x, n, dims, keepdim, false);
}

sl_tensor *sl_var(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool unbiased, bool keepdim) {
  return over_dims(c, VAR, x, n, dims, keepdim, unbiased);
}

sl_tensor *sl_std(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool unbiased, bool keepdim) {
  return over_dims(c, STD, x, n, dims, keepdim, unbiased);
}

sl_tensor *sl_amax(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim) {
  return over_dims(c, AMAX, x, n, dims, keepdim, false);
}

sl_tensor *sl_amin(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim) {
  return over_dims(c, AMIN, x, n, dims, keepdim, false);
}

sl_tensor *sl_norm2(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim) {
  return over_dims(c, NORM, x, n, dims, keepdim, false);
}

sl_tensor *sl_sum_to(sl_ctx *c, sl_tensor *x, int ndim, const int64_t *shape) {
  sl_call k = {.op = &sl_reduce_ops[SUM_TO], .n_in = 1, .in = &x};
  return sl_list_set(c, &k, 0, 0, ndim, shape) ? sl_apply(c, &k) : NULL;
}
