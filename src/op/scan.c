/* Running sums and positions of extremes along one dimension. */
#include "kernel/kernel.h"
#include "op/dims.h"

enum { CUMSUM, ARGMAX, END };
extern sl_op sl_scan_ops[];

#define WORK 8192 /* elements worth a thread */

typedef struct scan_job {
  const sl_real_kernels *kernels;
  sl_dtype dtype;
  bool reverse;
  int64_t n, size; /* of a row; of an element in bytes */
  const char *x;
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
  [ARGMAX] = {.name = "argmax", .args = "x dim:dim=-1", .flags = SL_POSITIONS, .forward = argmax_forward,
              .samples = "2x3x4 -1; 2x3x4 0; 5 0; 0x3 1",
              .doc = "Position of the first largest element along dim (the last by default), int64."},
  [END] = {.name = NULL},
};

sl_tensor *sl_cumsum(sl_ctx *c, sl_tensor *x, int dim) { return cumsum(c, x, dim, false); }

sl_tensor *sl_argmax(sl_ctx *c, sl_tensor *x, int dim) {
  sl_call k = {.op = &sl_scan_ops[ARGMAX], .n_in = 1, .in = &x, .p = {{.i = dim}}};
  return sl_apply(c, &k);
}
