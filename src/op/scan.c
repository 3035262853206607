/* Running sums and products, first-order recurrences, and positions of extremes along one dimension. */
#include "kernel/kernel.h"
#include "op/dims.h"

enum { CUMSUM, CUMPROD, LINEAR_SCAN, ARGMAX, END };
extern sl_op sl_scan_ops[];

#define WORK 8192 /* elements worth a thread */

typedef struct scan_job {
  const sl_real_kernels *kernels;
  sl_dtype dtype;
  bool reverse;
  int64_t n, size; /* of a row; of an element in bytes */
  const char *x, *b; /* b: of linear_scan */
  char *y;
} scan_job;

static scan_job job_of(sl_ctx *c, const sl_tensor *x, sl_tensor *y) {
  return (scan_job){.kernels = sl_dtype_is_float(x->dtype) ? &c->k->real[x->dtype] : NULL, .dtype = x->dtype,
                    .n = x->shape[x->ndim - 1], .size = (int64_t)sl_dtype_size(x->dtype), .x = sl_data(x),
                    .y = sl_data(y)};
}

static int64_t row_count(const sl_tensor *x) { return sl_count(x->shape, 0, x->ndim - 1); }

/* ---- cumsum --------------------------------------------------------------------- */

static void cumsum_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const scan_job *j = arg;
  int64_t at = begin * j->n * j->size;
  j->kernels->cumsum(end - begin, j->n, j->reverse, j->x + at, j->y + at);
}

static bool cumsum_forward(sl_ctx *c, sl_call *k) {
  int dim;
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || (dim = sl_dim_of(c, k, 0, k->in[0]->ndim)) < 0) return false;
  sl_tensor *x = sl_rows_of(c, k->in[0], dim), *y = x ? sl_empty(c, x->dtype, x->ndim, x->shape) : NULL;
  if (!y) return false;
  scan_job j = job_of(c, x, y);
  j.reverse = k->p[1].i;
  if (sl_numel(x)) sl_parallel_for(c, row_count(x), sl_grain(j.n, WORK), cumsum_rows, &j);
  return (k->out[0] = sl_rows_back(c, y, dim)) != NULL;
}

static sl_tensor *cumsum(sl_ctx *c, sl_tensor *x, int64_t dim, bool reverse) {
  sl_call k = {.op = &sl_scan_ops[CUMSUM], .n_in = 1, .in = &x, .p = {{.i = dim}, {.i = reverse}}};
  return sl_apply(c, &k);
}

static bool cumsum_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = cumsum(c, dout[0], k->p[0].i, !k->p[1].i)) != NULL;
}

/* ---- linear_scan: y_i = a_i y_{i-1} + b_i ---------------------------------------------- */

static void linear_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const scan_job *j = arg;
  int64_t at = begin * j->n * j->size;
  j->kernels->linear_scan(end - begin, j->n, j->reverse, j->x + at, j->b + at, j->y + at);
}

static bool same_shape(const sl_tensor *a, const sl_tensor *b) {
  bool same = a->ndim == b->ndim;
  for (int d = 0; same && d < a->ndim; d++) same = a->shape[d] == b->shape[d];
  return same;
}

static bool linear_forward(sl_ctx *c, sl_call *k) {
  int dim;
  char want[128], got[128];
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || !sl_want(c, k, 1, 1, SL_MAX_DIMS, 0)) return false;
  if ((dim = sl_dim_of(c, k, 0, k->in[0]->ndim)) < 0) return false;
  if (!same_shape(k->in[0], k->in[1]))
    return sl_bad(c, k, 1, SL_ESHAPE, "expected a's shape %s, got %s", sl_shape_str(k->in[0], want),
                  sl_shape_str(k->in[1], got));
  sl_tensor *a = sl_rows_of(c, k->in[0], dim), *b = sl_rows_of(c, k->in[1], dim);
  sl_tensor *y = a && b ? sl_empty(c, a->dtype, a->ndim, a->shape) : NULL;
  if (!y) return false;
  scan_job j = job_of(c, a, y);
  j.b = sl_data(b), j.reverse = k->p[1].i;
  if (sl_numel(a)) sl_parallel_for(c, row_count(a), sl_grain(j.n, WORK), linear_rows, &j);
  return (k->out[0] = sl_rows_back(c, y, dim)) != NULL;
}

static sl_tensor *linear_scan(sl_ctx *c, sl_tensor *a, sl_tensor *b, int64_t dim, bool reverse) {
  sl_tensor *in[] = {a, b};
  return sl_apply(c, &(sl_call){.op = &sl_scan_ops[LINEAR_SCAN], .n_in = 2, .in = in,
                                .p = {{.i = dim}, {.i = reverse}}});
}

/* x_{i-by} at place i, value where there is none. */
static sl_tensor *shifted(sl_ctx *c, sl_tensor *x, int dim, int by, double value) {
  int64_t before[SL_MAX_DIMS] = {0}, after[SL_MAX_DIMS] = {0};
  if (!x || !x->shape[dim]) return x;
  before[dim] = by, after[dim] = -by;
  return sl_pad(c, x, before, after, value);
}

/* What reaches each y_i by all later ones: g_i = dy_i + a_{i+1} g_{i+1}. */
static sl_tensor *gathered(sl_ctx *c, sl_tensor *a, sl_tensor *dy, int dim, bool reverse) {
  return linear_scan(c, shifted(c, a, dim, reverse ? 1 : -1, 0), dy, dim, !reverse);
}

static bool linear_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, k->in[0]->ndim);
  bool reverse = k->p[1].i;
  sl_tensor *g = gathered(c, k->in[0], dout[0], dim, reverse);
  if (k->need[0]) din[0] = sl_mul(c, g, shifted(c, sl_saved_out(c, k, 0), dim, reverse ? -1 : 1, 0));
  if (k->need[1]) din[1] = g;
  return !sl_failed(c);
}

/* ---- cumprod: the scan with b = 0, started from 1 --------------------------------------- */

static void cumprod_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const scan_job *j = arg;
  int64_t at = begin * j->n * j->size;
  j->kernels->cumprod(end - begin, j->n, j->x + at, j->y + at);
}

static bool cumprod_forward(sl_ctx *c, sl_call *k) {
  int dim;
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || (dim = sl_dim_of(c, k, 0, k->in[0]->ndim)) < 0) return false;
  sl_tensor *x = sl_rows_of(c, k->in[0], dim), *y = x ? sl_empty(c, x->dtype, x->ndim, x->shape) : NULL;
  if (!y) return false;
  scan_job j = job_of(c, x, y);
  if (sl_numel(x)) sl_parallel_for(c, row_count(x), sl_grain(j.n, WORK), cumprod_rows, &j);
  return (k->out[0] = sl_rows_back(c, y, dim)) != NULL;
}

/* Nothing is divided, so zeros do no harm. */
static bool cumprod_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, k->in[0]->ndim);
  sl_tensor *g = gathered(c, k->in[0], dout[0], dim, false);
  return (din[0] = sl_mul(c, g, shifted(c, sl_saved_out(c, k, 0), dim, 1, 1))) != NULL;
}

/* ---- argmax ------------------------------------------------------------------------ */

/* The first of the largest; NaN counts as largest, as in amax. */
#define ARGMAX_ROW(T)                                      \
  static int64_t argmax_##T(int64_t n, const void *row) {  \
    const T *x = row;                                      \
    int64_t best = 0;                                      \
    for (int64_t i = 1; i < n && x[best] == x[best]; i++)  \
      if (!(x[i] <= x[best])) best = i;                    \
    return best;                                           \
  }
ARGMAX_ROW(float)
ARGMAX_ROW(double)
ARGMAX_ROW(int64_t)
ARGMAX_ROW(uint8_t)

static void argmax_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  static int64_t (*const fn[SL_DTYPES])(int64_t, const void *) = {
    [SL_F32] = argmax_float, [SL_F64] = argmax_double, [SL_I64] = argmax_int64_t, [SL_U8] = argmax_uint8_t};
  const scan_job *j = arg;
  int64_t *y = (int64_t *)j->y;
  for (int64_t i = begin; i < end; i++) y[i] = fn[j->dtype](j->n, j->x + i * j->n * j->size);
}

static bool argmax_forward(sl_ctx *c, sl_call *k) {
  char buf[128];
  int dim;
  sl_tensor *x = k->in[0];
  if (!x->ndim) return sl_bad(c, k, 0, SL_ESHAPE, "expected at least 1 dimension, got shape []");
  if ((dim = sl_dim_of(c, k, 0, x->ndim)) < 0) return false;
  if (!x->shape[dim])
    return sl_bad(c, k, 0, SL_ESHAPE, "expected something to choose from, got shape %s", sl_shape_str(x, buf));
  x = sl_rows_of(c, x, dim);
  sl_tensor *y = x ? sl_empty(c, SL_I64, x->ndim - 1, x->shape) : NULL;
  if (!y) return false;
  scan_job j = job_of(c, x, y);
  sl_parallel_for(c, row_count(x), sl_grain(j.n, WORK), argmax_rows, &j);
  return (k->out[0] = y) != NULL;
}

/* ---- rows ---------------------------------------------------------------------------- */

sl_op sl_scan_ops[] = {
  [CUMSUM] = {.name = "cumsum", .args = "x dim:dim=-1 reverse:bool=false", .keep = "", .forward = cumsum_forward,
              .vjp = cumsum_vjp,
              .samples = "2x3x4 -1 false; 2x3x4 1 true; 2x3x4 0 false; 5 0 true; 0x3 1 false; 3x0 1 false",
              .doc = "Running sum along dim (the last by default), from the end when reverse."},
  [CUMPROD] = {.name = "cumprod", .args = "x dim:dim=-1", .keep = "x out", .forward = cumprod_forward,
               .vjp = cumprod_vjp, .samples = "2x3x4 -1; 2x3x4 1; 2x3x4 0; 5 0; 0x3 1; 3x0 1; 2x4(0:0) 1; 4x1 1",
               .doc = "Running product along dim (the last by default)."},
  [LINEAR_SCAN] = {.name = "linear_scan", .args = "a b dim:dim=-1 reverse:bool=false", .keep = "a out",
                   .forward = linear_forward, .vjp = linear_vjp,
                   .samples = "2x3x4 2x3x4 -1 false; 2x3x4 2x3x4 1 true; 2x3x4 2x3x4 0 false; 5 5 0 true; "
                              "0x3 0x3 1 false; 3x0 3x0 1 true; 4x1 4x1 1 false",
                   .doc = "y[i] = a[i] y[i-1] + b[i] along dim (the last by default), the first y being the first b; "
                          "from the end when reverse."},
  [ARGMAX] = {.name = "argmax", .args = "x dim:dim=-1", .flags = SL_POSITIONS, .forward = argmax_forward,
              .samples = "2x3x4 -1; 2x3x4 0; 5 0; 0x3 1",
              .doc = "Position of the first largest element along dim (the last by default), int64."},
  [END] = {.name = NULL},
};

sl_tensor *sl_cumsum(sl_ctx *c, sl_tensor *x, int dim) { return cumsum(c, x, dim, false); }

sl_tensor *sl_cumprod(sl_ctx *c, sl_tensor *x, int dim) {
  return sl_apply(c, &(sl_call){.op = &sl_scan_ops[CUMPROD], .n_in = 1, .in = &x, .p = {{.i = dim}}});
}

sl_tensor *sl_linear_scan(sl_ctx *c, sl_tensor *a, sl_tensor *b, int dim, bool reverse) {
  return linear_scan(c, a, b, dim, reverse);
}

sl_tensor *sl_argmax(sl_ctx *c, sl_tensor *x, int dim) {
  sl_call k = {.op = &sl_scan_ops[ARGMAX], .n_in = 1, .in = &x, .p = {{.i = dim}}};
  return sl_apply(c, &k);
}
