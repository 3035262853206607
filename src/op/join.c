/* Lists of tensors put together along a dimension. */
#include "op/dims.h"

enum { CAT, STACK, END };
extern sl_op sl_join_ops[];

/* Where the next tensor of a list goes in y: along dim from `at` on, or, when
   the dimension is new, position `at` of it. */
static bool place(sl_ctx *c, sl_tensor *y, sl_tensor *x, int dim, int64_t at, bool new_dim) {
  int64_t stride[SL_MAX_DIMS];
  for (int i = 0; i < x->ndim; i++) stride[i] = y->stride[new_dim && i >= dim ? i + 1 : i];
  sl_tensor *target = sl_view(c, y, x->ndim, x->shape, stride, y->offset + at * y->stride[dim]);
  return target && sl_copy_into(c, target, x);
}

/* All tensors have the first one's type and shape, but for dimension dim (-1: none). */
static bool alike(sl_ctx *c, const sl_call *k, int dim) {
  char want[128], got[128];
  const sl_tensor *first = k->in[0];
  for (int i = 1; i < k->n_in; i++) {
    const sl_tensor *x = k->in[i];
    bool fits = x->ndim == first->ndim;
    for (int d = 0; fits && d < x->ndim; d++) fits = d == dim || x->shape[d] == first->shape[d];
    if (x->dtype != first->dtype)
      return sl_bad(c, k, 0, SL_EDTYPE, "expected %s as the first is, got %s at place %d: use :to",
                    sl_dtype_name(first->dtype), sl_dtype_name(x->dtype), i + 1);
    if (!fits)
      return sl_bad(c, k, 0, SL_ESHAPE, "expected shapes like the first, %s, got %s at place %d",
                    sl_shape_str(first, want), sl_shape_str(x, got), i + 1);
  }
  return true;
}

static bool not_empty(sl_ctx *c, const sl_call *k) {
  return k->n_in > 0 || sl_bad(c, k, 0, SL_EARG, "expected at least one tensor, got none");
}

/* ---- cat ------------------------------------------------------------------------ */

static bool cat_forward(sl_ctx *c, sl_call *k) {
  int64_t shape[SL_MAX_DIMS], at = 0;
  int dim = not_empty(c, k) ? sl_dim_of(c, k, 0, k->in[0]->ndim) : -1;
  if (dim < 0 || !alike(c, k, dim)) return false;
  const sl_tensor *first = k->in[0];
  for (int d = 0; d < first->ndim; d++) shape[d] = first->shape[d];
  for (int i = 1; i < k->n_in; i++) shape[dim] += k->in[i]->shape[dim];
  if (!sl_check_shape(c, k->op->name, first->ndim, shape)) return false;
  sl_tensor *y = k->out[0] = sl_empty(c, first->dtype, first->ndim, shape);
  for (int i = 0; y && i < k->n_in; at += k->in[i++]->shape[dim])
    if (!place(c, y, k->in[i], dim, at, false)) return false;
  return y != NULL;
}

static bool cat_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, dout[0]->ndim);
  int64_t at = 0;
  for (int i = 0; i < k->n_in; at += k->in[i++]->shape[dim])
    if (k->need[i] && !(din[i] = sl_narrow(c, dout[0], dim, at, k->in[i]->shape[dim]))) return false;
  return true;
}

/* Copies, so that nobody who needs them contiguous has to make one of his own. */
static bool cat_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  if (!cat_vjp(c, k, dout, din)) return false;
  for (int i = 0; i < k->n_in; i++)
    if (din[i] && !(din[i] = sl_packed(c, din[i]))) return false;
  return true;
}

/* ---- stack ---------------------------------------------------------------------- */

static bool stack_forward(sl_ctx *c, sl_call *k) {
  int64_t shape[SL_MAX_DIMS];
  char buf[128];
  if (!not_empty(c, k) || !alike(c, k, -1)) return false;
  const sl_tensor *first = k->in[0];
  if (first->ndim == SL_MAX_DIMS)
    return sl_bad(c, k, 0, SL_ESHAPE, "expected fewer than %d dimensions, got %s", SL_MAX_DIMS,
                  sl_shape_str(first, buf));
  int n = first->ndim + 1, dim = sl_dim_of(c, k, 0, n);
  if (dim < 0) return false;
  for (int d = 0; d < n; d++) shape[d] = d == dim ? k->n_in : first->shape[d < dim ? d : d - 1];
  if (!sl_check_shape(c, k->op->name, n, shape)) return false;
  sl_tensor *y = k->out[0] = sl_empty(c, first->dtype, n, shape);
  for (int i = 0; y && i < k->n_in; i++)
    if (!place(c, y, k->in[i], dim, i, true)) return false;
  return y != NULL;
}

static bool stack_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int dim = sl_dim_of(c, k, 0, dout[0]->ndim);
  for (int i = 0; i < k->n_in; i++)
    if (k->need[i] && !(din[i] = sl_select(c, dout[0], dim, i))) return false;
  return true;
}

/* ---- rows ------------------------------------------------------------------------- */

sl_op sl_join_ops[] = {
  [CAT] = {.name = "cat", .args = "xs* dim:dim=0", .keep = "xs", .flags = SL_CHEAP, .forward = cat_forward,
           .vjp = cat_vjp, .fused = cat_fused,
           .samples = "[2x3 1x3 4x3] 0; [2x3 2x1] -1; [2x0 2x3 2x0] 1; [3] 0; [1 2 3 1 2 3 1 2 3 1] 0",
           .doc = "The tensors of a list joined along dim (the first by default)."},
  [STACK] = {.name = "stack", .args = "xs* dim:dim=0", .keep = "xs", .flags = SL_CHEAP, .forward = stack_forward,
             .vjp = stack_vjp,
             .samples = "[2x3 2x3] 0; [2x3 2x3 2x3] 1; [2x3 2x3] -1; [. .] 0; [0x3 0x3] 1",
             .doc = "The tensors of a list side by side along a new dimension dim (the first by default)."},
  [END] = {.name = NULL},
};

static sl_tensor *join(sl_ctx *c, int row, int n, sl_tensor *const *xs, int dim) {
  sl_call k = {.op = &sl_join_ops[row], .n_in = n, .in = (sl_tensor **)(uintptr_t)xs, .p = {{.i = dim}}};
  return sl_apply(c, &k);
}

sl_tensor *sl_cat(sl_ctx *c, int n, sl_tensor *const *xs, int dim) { return join(c, CAT, n, xs, dim); }
sl_tensor *sl_stack(sl_ctx *c, int n, sl_tensor *const *xs, int dim) { return join(c, STACK, n, xs, dim); }
