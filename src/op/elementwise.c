/* Elementwise forwards: types, broadcasting, and the walk over the operands. */
#include "op/elementwise.h"
#include "kernel/kernel.h"

#include <string.h>

bool sl_common_dtype(sl_ctx *c, const sl_call *k, int a, int b, sl_dtype *d) {
  sl_dtype da = k->in[a]->dtype, db = k->in[b]->dtype;
  bool fa = sl_dtype_is_float(da), fb = sl_dtype_is_float(db);
  if (fa && fb && da != db)
    return sl_bad(c, k, b, SL_EDTYPE, "expected %s as %s is, got %s: use :to", sl_dtype_name(da),
                  k->op->spec->in[a].name, sl_dtype_name(db));
  if (fa || fb) *d = fa ? da : db;
  else *d = da == SL_I64 || db == SL_I64 ? SL_I64 : SL_U8;
  return true;
}

bool sl_broadcast_with(sl_ctx *c, const sl_call *k, int i, int *ndim, int64_t shape[SL_MAX_DIMS]) {
  char got[128], want[128];
  sl_tensor so_far = {.ndim = *ndim};
  memcpy(so_far.shape, shape, (size_t)*ndim * sizeof *shape);
  *ndim = sl_broadcast_shape(&so_far, k->in[i], shape);
  if (*ndim >= 0) return sl_check_shape(c, k->op->name, *ndim, shape);
  return sl_bad(c, k, i, SL_ESHAPE, "expected a shape that broadcasts with %s, got %s", sl_shape_str(&so_far, want),
                sl_shape_str(k->in[i], got));
}

static bool same_layout(const sl_tensor *a, const sl_tensor *b) {
  if (a->offset != b->offset || a->dtype != b->dtype || !sl_same_shape(a, b)) return false;
  for (int i = 0; i < a->ndim; i++)
    if (a->shape[i] > 1 && a->stride[i] != b->stride[i]) return false;
  return true;
}

sl_tensor *sl_operand(sl_ctx *c, const sl_call *k, sl_tensor *t, sl_dtype d) {
  bool overlaps = k->into && k->into->storage == t->storage && !same_layout(k->into, t);
  if (t->dtype == d && !overlaps) return t;
  sl_tensor *copy = sl_empty(c, d, t->ndim, t->shape);
  return copy && sl_copy_into(c, copy, t) ? copy : NULL;
}

/* ---- one input ---------------------------------------------------------------- */

typedef struct unary_job {
  sl_unary_fn *fn;
  double p[2];
} unary_job;

static void unary_run(void *arg, const sl_iter *it, int64_t n, char *const ptr[SL_ITER_MAX]) {
  const unary_job *j = arg;
  j->fn(n, ptr[1], it->step[1], ptr[0], it->step[0], j->p);
}

bool sl_unary_forward(sl_ctx *c, sl_call *k) {
  sl_tensor *x = k->in[0];
  const sl_unary_kernel *kernel = sl_op_kernel(c, k->op);
  unary_job job = {kernel->fn[x->dtype], {k->p[0].f, k->p[1].f}};
  if (!job.fn)
    return sl_bad(c, k, 0, SL_EDTYPE, "expected a floating type, got %s: use :to", sl_dtype_name(x->dtype));
  x = sl_operand(c, k, x, x->dtype);
  sl_tensor *y = x ? sl_out(c, k, x->dtype, x->ndim, x->shape) : NULL;
  if (!y) return false;
  sl_iter it;
  sl_iter_init(&it, y->ndim, y->shape, 2, (sl_tensor *[]){y, x});
  sl_iter_run(c, &it, unary_run, &job);
  return true;
}

/* ---- two inputs --------------------------------------------------------------- */

static void binary_run(void *arg, const sl_iter *it, int64_t n, char *const ptr[SL_ITER_MAX]) {
  (*(sl_binary_fn **)arg)(n, ptr[1], it->step[1], ptr[2], it->step[2], ptr[0], it->step[0]);
}

bool sl_binary_forward(sl_ctx *c, sl_call *k) {
  const sl_binary_kernel *kernel = sl_op_kernel(c, k->op);
  int64_t shape[SL_MAX_DIMS];
  int ndim = 0;
  sl_dtype d = SL_F32;
  if (!sl_common_dtype(c, k, 0, 1, &d)) return false;
  if (!sl_broadcast_with(c, k, 0, &ndim, shape) || !sl_broadcast_with(c, k, 1, &ndim, shape)) return false;
  sl_binary_fn *fn = kernel->fn[d];
  if (!fn) return sl_bad(c, k, 0, SL_EDTYPE, "expected a floating type, got %s: use :to", sl_dtype_name(d));
  sl_tensor *a = sl_operand(c, k, k->in[0], d), *b = a ? sl_operand(c, k, k->in[1], d) : NULL;
  sl_tensor *y = b ? sl_out(c, k, kernel->compares ? SL_U8 : d, ndim, shape) : NULL;
  if (!y) return false;
  sl_iter it;
  sl_iter_init(&it, ndim, shape, 3, (sl_tensor *[]){y, a, b});
  sl_iter_run(c, &it, binary_run, &fn);
  return true;
}
