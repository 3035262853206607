/* Picking by tensors of positions. The adding ones add in ascending order of
   position in the index, so repeated positions give the same bits always. */
#include "op/dims.h"

#include <string.h>

enum { INDEX_SELECT, INDEX_ADD, GATHER, SCATTER_ADD, END };
extern sl_op sl_index_ops[];

/* x as [outer,n,inner] and the positions along n, all contiguous. */
typedef struct pick {
  int64_t outer, n, m, inner, size; /* m: positions a row; size: bytes of an element */
  const int64_t *index;
  const char *x;
  char *y;
  void (*add)(int64_t n, const void *x, void *y);
} pick;

#define ADD(T)                                                                \
  static void add_##T(int64_t n, const void *x, void *y) {                    \
    for (int64_t i = 0; i < n; i++) ((T *)y)[i] += ((const T *)x)[i];         \
  }
ADD(float)
ADD(double)
ADD(int64_t)
ADD(uint8_t)

static void (*const adders[SL_DTYPES])(int64_t, const void *, void *) = {
  [SL_F32] = add_float, [SL_F64] = add_double, [SL_I64] = add_int64_t, [SL_U8] = add_uint8_t};

/* x (or, for the adding ops, y) has n positions along dim where the other has m. */
static pick pick_of(const sl_tensor *x, const sl_tensor *index, sl_tensor *y, int dim, int64_t n, int64_t m) {
  return (pick){.outer = sl_count(x->shape, 0, dim), .n = n, .m = m, .inner = sl_count(x->shape, dim + 1, x->ndim),
                .size = (int64_t)sl_dtype_size(x->dtype), .index = sl_data(index), .x = sl_data(x), .y = sl_data(y),
                .add = adders[x->dtype]};
}

/* Input 1 as a contiguous list of positions below n; none counts from the end. */
static sl_tensor *positions(sl_ctx *c, const sl_call *k, int64_t n) {
  sl_tensor *t = k->in[1];
  if (t->dtype != SL_I64) {
    sl_bad(c, k, 1, SL_EDTYPE, "expected int64, got %s", sl_dtype_name(t->dtype));
    return NULL;
  }
  if (!(t = sl_packed(c, t))) return NULL;
  const int64_t *v = sl_data(t);
  for (int64_t i = 0, count = sl_numel(t); i < count; i++) {
    if (v[i] >= 0 && v[i] < n) continue;
    char got[48];
    sl_bad(c, k, 1, SL_EVALUE, "expected one of %lld positions, got %s", (long long)n,
           v[i] < 0 ? "one before the first" : sl_ordinal(v[i], got));
    return NULL;
  }
  return t;
}

/* ---- whole slices --------------------------------------------------------------- */

static bool select_index(sl_ctx *c, const sl_call *k) {
  char buf[128];
  return k->in[1]->ndim == 1 ||
         sl_bad(c, k, 1, SL_ESHAPE, "expected 1 dimension, got shape %s", sl_shape_str(k->in[1], buf));
}

static void index_select_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const pick *p = arg;
  int64_t bytes = p->inner * p->size;
  for (int64_t i = begin; i < end; i++)
    memcpy(p->y + i * bytes, p->x + (i / p->m * p->n + p->index[i % p->m]) * bytes, (size_t)bytes);
}

static void index_add_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const pick *p = arg;
  int64_t bytes = p->inner * p->size;
  for (int64_t o = begin; o < end; o++)
    for (int64_t i = 0; i < p->m; i++)
      p->add(p->inner, p->x + (o * p->m + i) * bytes, p->y + (o * p->n + p->index[i]) * bytes);
}

static bool index_select_forward(sl_ctx *c, sl_call *k) {
  int dim;
  int64_t shape[SL_MAX_DIMS];
  sl_tensor *x = k->in[0], *index = NULL;
  if ((dim = sl_dim_of(c, k, 0, x->ndim)) < 0 || !select_index(c, k)) return false;
  if (!(index = positions(c, k, x->shape[dim])) || !(x = sl_packed(c, x))) return false;
  for (int d = 0; d < x->ndim; d++) shape[d] = d == dim ? index->shape[0] : x->shape[d];
  if (!sl_check_shape(c, k->op->name, x->ndim, shape)) return false;
  sl_tensor *y = k->out[0] = sl_empty(c, x->dtype, x->ndim, shape);
  if (!y || !sl_numel(y)) return y != NULL;
  pick p = pick_of(x, index, y, dim, x->shape[dim], shape[dim]);
  sl_parallel_for(c, p.outer * p.m, sl_grain(p.inner, 16384), index_select_rows, &p);
  return true;
}

static bool index_select_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, k->in[0]->ndim);
  return (din[0] = sl_index_add(c, dout[0], k->in[1], dim, k->in[0]->shape[dim])) != NULL;
}

/* The result of an adding op: zeros of x's shape with parameter 1 sizes along dim. */
static sl_tensor *zeros_of_size(sl_ctx *c, const sl_call *k, int dim) {
  int64_t shape[SL_MAX_DIMS];
  const sl_tensor *x = k->in[0];
  if (k->p[1].i < 0) {
    sl_bad_param(c, k, 1, SL_ESHAPE, "expected 0 or more, got %lld", (long long)k->p[1].i);
    return NULL;
  }
  for (int d = 0; d < x->ndim; d++) shape[d] = d == dim ? k->p[1].i : x->shape[d];
  return sl_check_shape(c, k->op->name, x->ndim, shape) ? sl_full(c, x->dtype, x->ndim, shape, 0) : NULL;
}

static bool index_add_forward(sl_ctx *c, sl_call *k) {
  char buf[128];
  int dim;
  sl_tensor *x = k->in[0], *index = NULL;
  if ((dim = sl_dim_of(c, k, 0, x->ndim)) < 0 || !select_index(c, k)) return false;
  if (k->in[1]->shape[0] != x->shape[dim])
    return sl_bad(c, k, 1, SL_ESHAPE, "expected %lld positions, one for each of x's along the dimension, got shape %s",
                  (long long)x->shape[dim], sl_shape_str(k->in[1], buf));
  sl_tensor *y = k->out[0] = zeros_of_size(c, k, dim);
  if (!y || !(index = positions(c, k, k->p[1].i)) || !(x = sl_packed(c, x))) return false;
  if (!sl_numel(x)) return true;
  pick p = pick_of(x, index, y, dim, y->shape[dim], x->shape[dim]);
  sl_parallel_for(c, p.outer, sl_grain(p.m * p.inner, 16384), index_add_rows, &p);
  return true;
}

static bool index_add_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = sl_index_select(c, dout[0], k->in[1], (int)k->p[0].i)) != NULL;
}

/* ---- single elements --------------------------------------------------------------- */

/* index has x's shape off dim, and along it as well when `along`. */
static bool gather_index(sl_ctx *c, const sl_call *k, int dim, bool along) {
  char want[128], got[128];
  const sl_tensor *x = k->in[0], *index = k->in[1];
  bool fits = index->ndim == x->ndim;
  for (int d = 0; fits && d < x->ndim; d++) fits = (d == dim && !along) || index->shape[d] == x->shape[d];
  return fits || sl_bad(c, k, 1, SL_ESHAPE, "expected x's shape %s%s, got %s", sl_shape_str(x, want),
                        along ? "" : " but for the dimension picked along", sl_shape_str(index, got));
}

static void gather_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const pick *p = arg;
  for (int64_t i = begin * p->inner; i < end * p->inner; i++) {
    int64_t from = (i / (p->m * p->inner) * p->n + p->index[i]) * p->inner + i % p->inner;
    memcpy(p->y + i * p->size, p->x + from * p->size, (size_t)p->size);
  }
}

static void scatter_add_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const pick *p = arg;
  for (int64_t i = begin * p->m * p->inner; i < end * p->m * p->inner; i++) {
    int64_t to = (i / (p->m * p->inner) * p->n + p->index[i]) * p->inner + i % p->inner;
    p->add(1, p->x + i * p->size, p->y + to * p->size);
  }
}

static bool gather_forward(sl_ctx *c, sl_call *k) {
  int dim;
  sl_tensor *x = k->in[0], *index = NULL;
  if ((dim = sl_dim_of(c, k, 0, x->ndim)) < 0 || !gather_index(c, k, dim, false)) return false;
  if (!(index = positions(c, k, x->shape[dim])) || !(x = sl_packed(c, x))) return false;
  sl_tensor *y = k->out[0] = sl_empty(c, x->dtype, x->ndim, index->shape);
  if (!y || !sl_numel(y)) return y != NULL;
  pick p = pick_of(x, index, y, dim, x->shape[dim], index->shape[dim]);
  sl_parallel_for(c, p.outer * p.m, sl_grain(p.inner, 16384), gather_rows, &p);
  return true;
}

static bool gather_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, k->in[0]->ndim);
  return (din[0] = sl_scatter_add(c, dout[0], k->in[1], dim, k->in[0]->shape[dim])) != NULL;
}

static bool scatter_add_forward(sl_ctx *c, sl_call *k) {
  int dim;
  sl_tensor *x = k->in[0], *index = NULL;
  if ((dim = sl_dim_of(c, k, 0, x->ndim)) < 0 || !gather_index(c, k, dim, true)) return false;
  sl_tensor *y = k->out[0] = zeros_of_size(c, k, dim);
  if (!y || !(index = positions(c, k, k->p[1].i)) || !(x = sl_packed(c, x))) return false;
  if (!sl_numel(x)) return true;
  pick p = pick_of(x, index, y, dim, y->shape[dim], x->shape[dim]);
  sl_parallel_for(c, p.outer, sl_grain(p.m * p.inner, 16384), scatter_add_rows, &p);
  return true;
}

static bool scatter_add_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  return (din[0] = sl_gather(c, dout[0], k->in[1], (int)k->p[0].i)) != NULL;
}

/* ---- rows ---------------------------------------------------------------------------- */

#define ROW(ID, NAME, ARGS, FORWARD, VJP, SAMPLES, DOC) \
  [ID] = {.name = NAME, .args = ARGS, .keep = "index", .forward = FORWARD, .vjp = VJP, .samples = SAMPLES, .doc = DOC}

sl_op sl_index_ops[] = {
  ROW(INDEX_SELECT, "index_select", "x index dim:dim=0", index_select_forward, index_select_vjp,
      "4x3 5i64(0:3) 0; 2x3x2 2i64(0:2) 1; 2x3 0i64(0:2) -1; 0x3 2i64(0:2) 1",
      "The slices of x at the positions in index (1-D, int64) along dim (the first by default)."),
  ROW(INDEX_ADD, "index_add", "x index dim:dim size:int", index_add_forward, index_add_vjp,
      "5x3 5i64(0:3) 0 4; 2x4x2 4i64(0:2) 1 3; 0x3 0i64(0:1) 0 2",
      "Zeros of `size` along dim with the slices of x added at the positions in index: the transpose of index_select."),
  ROW(GATHER, "gather", "x index dim:dim", gather_forward, gather_vjp,
      "4x3 2x3i64(0:3) 0; 2x3x2 2x4x2i64(0:2) 1; 3x2 3x0i64(0:1) -1",
      "y[i][j] = x[index[i][j]][j] for the first dimension, likewise for others; shapes agree off dim."),
  ROW(SCATTER_ADD, "scatter_add", "x index dim:dim size:int", scatter_add_forward, scatter_add_vjp,
      "4x3 4x3i64(0:2) 0 3; 2x3x2 2x3x2i64(0:4) 1 5; 3x0 3x0i64(0:1) -1 2",
      "Zeros of `size` along dim with each element of x added at its position in index: the transpose of gather."),
  [END] = {.name = NULL},
};

static sl_tensor *indexed(sl_ctx *c, int row, sl_tensor *x, sl_tensor *index, int dim, int64_t size) {
  sl_tensor *in[2] = {x, index};
  sl_call k = {.op = &sl_index_ops[row], .n_in = 2, .in = in, .p = {{.i = dim}, {.i = size}}};
  return sl_apply(c, &k);
}

sl_tensor *sl_index_select(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim) {
  return indexed(c, INDEX_SELECT, x, index, dim, 0);
}

sl_tensor *sl_index_add(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim, int64_t size) {
  return indexed(c, INDEX_ADD, x, index, dim, size);
}

sl_tensor *sl_gather(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim) {
  return indexed(c, GATHER, x, index, dim, 0);
}

sl_tensor *sl_scatter_add(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim, int64_t size) {
  return indexed(c, SCATTER_ADD, x, index, dim, size);
}
