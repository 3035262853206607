/* Products: every matmul and linear map goes through the gemm kernel, which
   takes any strides, so transposed and sliced operands are not copied. */
#include "kernel/kernel.h"
#include "op/op.h"

enum { MATMUL, LINEAR, LINEAR_ADD };
enum { X, W, B, R };

extern sl_op sl_product_ops[];

/* ---- matmul --------------------------------------------------------------- */

/* A matrix operand. A 1-D x is read as a row, a 1-D y as a column. */
typedef struct operand {
  int ndim; /* at least 2 */
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
} operand;

static operand operand_of(const sl_tensor *t, bool column) {
  operand o = {.ndim = t->ndim < 2 ? 2 : t->ndim};
  for (int i = 0; i < t->ndim; i++) o.shape[i] = t->shape[i], o.stride[i] = t->stride[i];
  if (t->ndim > 1) return o;
  int at = column ? 0 : 1;
  o.shape[at] = t->shape[0], o.stride[at] = t->stride[0];
  o.shape[1 - at] = 1, o.stride[1 - at] = 0;
  return o;
}

/* Size and stride of batch dimension i of n, counted in the broadcast shape. */
static int64_t batch_size(const operand *o, int i, int n) {
  int at = i - (n - (o->ndim - 2));
  return at < 0 ? 1 : o->shape[at];
}

static int64_t batch_stride(const operand *o, int i, int n) {
  int at = i - (n - (o->ndim - 2));
  return at < 0 || o->shape[at] == 1 ? 0 : o->stride[at];
}

/* The batch dimensions of both operands, broadcast and merged where both
   allow, so that one gemm call covers as many products as possible. */
typedef struct batches {
  int n;
  int64_t size[SL_MAX_DIMS], a[SL_MAX_DIMS], b[SL_MAX_DIMS];
} batches;

static batches merge(const operand *x, const operand *y, int n, const int64_t *size) {
  batches m = {.n = 0};
  for (int i = 0; i < n; i++) {
    int64_t a = batch_stride(x, i, n), b = batch_stride(y, i, n);
    if (size[i] == 1) continue;
    int last = m.n - 1;
    if (last >= 0 && m.a[last] == a * size[i] && m.b[last] == b * size[i])
      m.size[last] *= size[i], m.a[last] = a, m.b[last] = b;
    else
      m.size[m.n] = size[i], m.a[m.n] = a, m.b[m.n++] = b;
  }
  return m;
}

/* Runs g for every position of the outer batch dimensions; its own batch is the last one. */
static bool gemm_batches(sl_ctx *c, sl_dtype d, sl_gemm g, const batches *m) {
  int64_t bytes = (int64_t)sl_dtype_size(d);
  int outer = m->n > 0 ? m->n - 1 : 0;
  if (m->n > 0) g.batch = m->size[outer], g.a_batch = m->a[outer], g.b_batch = m->b[outer];
  const char *a = g.a, *b = g.b;
  char *y = g.c;
  for (int64_t i = 0, all = sl_count(m->size, 0, outer); i < all; i++) {
    int64_t at = i, pa = 0, pb = 0;
    for (int j = outer - 1; j >= 0; j--) {
      pa += at % m->size[j] * m->a[j], pb += at % m->size[j] * m->b[j];
      at /= m->size[j];
    }
    g.a = a + pa * bytes, g.b = b + pb * bytes, g.c = y + i * g.batch * g.c_batch * bytes;
    if (!c->k->real[d].gemm(c, &g)) return false;
  }
  return true;
}

static bool gemm_all(sl_ctx *c, sl_dtype d, sl_gemm g, batches m) {
  int last = m.n - 1;
  if (m.n > 0 && m.b[last] == 0 && m.a[last] == g.m * g.a_row) /* one y for all: more rows of one product */
    g.m *= m.size[last], m.n--;
  return gemm_batches(c, d, g, &m);
}

/* Shape of the product of matrices with n batch dimensions. */
static bool matmul_shape(sl_ctx *c, const sl_call *k, const operand *x, const operand *y, int n, int64_t *shape) {
  char sx[128], sy[128];
  sl_shape_str(k->in[0], sx), sl_shape_str(k->in[1], sy);
  int64_t inner = x->shape[x->ndim - 1];
  if (y->shape[y->ndim - 2] != inner)
    return sl_bad(c, k, 1, SL_ESHAPE, "expected %lld rows to match x %s, got %s", (long long)inner, sx, sy);
  for (int i = 0; i < n; i++) {
    int64_t a = batch_size(x, i, n), b = batch_size(y, i, n);
    if (a != b && a != 1 && b != 1)
      return sl_bad(c, k, 1, SL_ESHAPE, "expected batch dimensions that broadcast with x %s, got %s", sx, sy);
    shape[i] = a == 1 ? b : a;
  }
  shape[n] = x->shape[x->ndim - 2], shape[n + 1] = y->shape[y->ndim - 1];
  return true;
}

/* The output: without the dimension that a 1-D operand was lent. */
static sl_tensor *matmul_out(sl_ctx *c, sl_call *k, int n, const int64_t *shape) {
  int64_t out[SL_MAX_DIMS];
  int nd = 0;
  for (int i = 0; i < n + 2; i++)
    if (!(i == n && k->in[0]->ndim == 1) && !(i == n + 1 && k->in[1]->ndim == 1)) out[nd++] = shape[i];
  return sl_out(c, k, k->in[0]->dtype, nd, out);
}

static bool matmul_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 1, SL_MAX_DIMS, -1) || !sl_want(c, k, 1, 1, SL_MAX_DIMS, 0)) return false;
  operand x = operand_of(k->in[0], false), y = operand_of(k->in[1], true);
  int n = (x.ndim > y.ndim ? x.ndim : y.ndim) - 2;
  int64_t shape[SL_MAX_DIMS];
  sl_tensor *o = matmul_shape(c, k, &x, &y, n, shape) ? matmul_out(c, k, n, shape) : NULL;
  if (!o) return false;
  if (sl_numel(o) == 0) return true;
  const int64_t *sx = x.stride + x.ndim - 2, *sy = y.stride + y.ndim - 2;
  int64_t rows = shape[n], cols = shape[n + 1];
  sl_gemm g = {.batch = 1, .m = rows, .n = cols, .k = x.shape[x.ndim - 1], .a = sl_data(k->in[0]), .a_row = sx[0],
               .a_col = sx[1], .b = sl_data(k->in[1]), .b_row = sy[0], .b_col = sy[1], .c = sl_data(o),
               .c_batch = rows * cols, .c_row = cols};
  return gemm_all(c, o->dtype, g, merge(&x, &y, n, shape));
}

/* t as matmul read it: 1-D x as [1,k], y as [k,1]. */
static sl_tensor *matrix(sl_ctx *c, sl_tensor *t, bool column) {
  return t && t->ndim == 1 ? sl_unsqueeze(c, t, column ? 1 : 0) : t;
}

static sl_tensor *flat_rows(sl_ctx *c, sl_tensor *t) {
  return t ? sl_reshape(c, t, 2, (int64_t[]){sl_count(t->shape, 0, t->ndim - 1), t->shape[t->ndim - 1]}) : NULL;
}

/* Sums the batch that broadcasting repeated, back to the shape of `like`. */
static sl_tensor *back_to(sl_ctx *c, sl_tensor *d, const sl_tensor *like, bool column) {
  if (!d) return NULL;
  operand o = operand_of(like, column);
  d = sl_sum_to(c, d, o.ndim, o.shape);
  return like->ndim == 1 ? sl_squeeze(c, d, column ? 1 : 0) : d;
}

static bool matmul_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[0], *y = k->in[1], *d = dout[0];
  if (y->ndim == 1) d = sl_unsqueeze(c, d, d->ndim);
  if (x->ndim == 1 && d) d = sl_unsqueeze(c, d, d->ndim - 1);
  sl_tensor *mx = matrix(c, x, false), *my = matrix(c, y, true);
  if (!d || !mx || !my) return false;
  if (k->need[0]) {
    din[0] = back_to(c, sl_matmul(c, d, sl_transpose(c, my, -2, -1)), x, false);
    if (!din[0]) return false;
  }
  if (!k->need[1]) return true;
  if (my->ndim == 2) mx = flat_rows(c, mx), d = flat_rows(c, d); /* one product over all rows, not one a batch */
  return (din[1] = back_to(c, sl_matmul(c, sl_transpose(c, mx, -2, -1), d), y, true)) != NULL;
}

/* ---- linear --------------------------------------------------------------- */

/* True when the rows of x (all but the last dimension) lie one stride apart. */
static bool even_rows(const sl_tensor *x, int64_t *row) {
  *row = x->shape[x->ndim - 1];
  bool set = false;
  int64_t next = 0;
  for (int i = x->ndim - 2; i >= 0; i--) {
    if (x->shape[i] == 1) continue;
    if (!set) *row = x->stride[i], set = true;
    else if (x->stride[i] != next) return false;
    next = x->stride[i] * x->shape[i];
  }
  return true;
}

static bool linear_check(sl_ctx *c, const sl_call *k) {
  if (!sl_want(c, k, X, 1, SL_MAX_DIMS, -1) || !sl_want(c, k, W, 2, 2, X) || !sl_want(c, k, B, 1, 1, X)) return false;
  sl_tensor *x = k->in[X], *w = k->in[W], *b = k->in[B];
  char got[128], has[128];
  if (w->shape[0] != x->shape[x->ndim - 1])
    return sl_bad(c, k, X, SL_ESHAPE, "expected %lld features, in its last dimension, to match w %s, got %s",
                  (long long)w->shape[0], sl_shape_str(w, has), sl_shape_str(x, got));
  if (b && b->shape[0] != w->shape[1])
    return sl_bad(c, k, B, SL_ESHAPE, "expected [%lld] to match w's outputs, got %s", (long long)w->shape[1],
                  sl_shape_str(b, got));
  return true;
}

static bool residual_fits(sl_ctx *c, const sl_call *k, const sl_tensor *like) {
  char want[128], got[128];
  if (k->n_in <= R) return true;
  if (!sl_want(c, k, R, 1, SL_MAX_DIMS, X)) return false;
  return sl_same_shape(k->in[R], like) || sl_bad(c, k, R, SL_ESHAPE, "expected %s as the result, got %s",
                                                 sl_shape_str(like, want), sl_shape_str(k->in[R], got));
}

static bool linear_forward(sl_ctx *c, sl_call *k) {
  if (!linear_check(c, k)) return false;
  sl_tensor *x = k->in[X], *w = k->in[W], *b = k->in[B], *r = k->n_in > R ? k->in[R] : NULL;
  int64_t shape[SL_MAX_DIMS], row;
  for (int i = 0; i < x->ndim; i++) shape[i] = x->shape[i];
  shape[x->ndim - 1] = w->shape[1];
  if (!even_rows(x, &row)) {
    if (!(x = sl_packed(c, x))) return false;
    row = x->shape[x->ndim - 1];
  }
  sl_tensor *o = sl_out(c, k, x->dtype, x->ndim, shape);
  if (!o || !residual_fits(c, k, o)) return false;
  if ((b && !(b = sl_packed(c, b))) || (r && !(r = sl_packed(c, r)))) return false;
  if (sl_numel(o) == 0) return true;
  sl_gemm g = {.batch = 1, .m = sl_count(shape, 0, x->ndim - 1), .n = w->shape[1], .k = w->shape[0], .a = sl_data(x),
               .a_row = row, .a_col = x->stride[x->ndim - 1], .b = sl_data(w), .b_row = w->stride[0],
               .b_col = w->stride[1], .c = sl_data(o), .c_row = w->shape[1], .bias = b ? sl_data(b) : NULL,
               .residual = r ? sl_data(r) : NULL};
  return c->k->real[x->dtype].gemm(c, &g);
}

/* dx = dy w^T, dw = x^T dy, db = sum of dy over the rows, dr = dy. */
static bool linear_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *x = k->in[X], *w = k->in[W], *d = dout[0];
  if (k->need[X] && !(din[X] = sl_linear(c, d, sl_transpose(c, w, 0, 1), NULL))) return false;
  if (k->need[W] && !(din[W] = sl_matmul(c, sl_transpose(c, flat_rows(c, x), 0, 1), flat_rows(c, d)))) return false;
  if (k->need[B] && !(din[B] = sl_sum_to(c, d, 1, &w->shape[1]))) return false;
  if (k->n_in > R && k->need[R]) din[R] = d;
  return true;
}

sl_op sl_product_ops[] = {
  [MATMUL] = {.name = "matmul", .args = "x y", .keep = "x y", .forward = matmul_forward, .vjp = matmul_vjp,
              .samples = "2x3 3x4; 3 3; 3 3x4; 2x3 3; 2x5x3 3x4; 5x3 2x3x2; 2x1x2x3 3x3x2; 4x2x3 3; 3 4x3x2; "
                         "2x0 0x3; 0x2 2x3",
              .doc = "Matrix product; batch dimensions broadcast; a 1-D x is a row, a 1-D y a column."},
  [LINEAR] = {.name = "linear", .args = "x w b?", .keep = "x w", .forward = linear_forward, .vjp = linear_vjp,
              .samples = "4x3 3x5 5; 2x4x3 3x2 -; 3 3x2 2; 0x3 3x2 2",
              .doc = "x w + b over the last dimension: x [..., in], w [in,out], b [out]."},
  [LINEAR_ADD] = {.name = "linear_add", .args = "x w b? r", .keep = "x w", .forward = linear_forward,
                  .vjp = linear_vjp, .samples = "4x3 3x5 5 4x5; 2x4x3 3x2 - 2x4x2; 3 3x2 2 2; 0x3 3x2 2 0x2",
                  .doc = "linear(x, w, b) + r in one pass; r has the result's shape."},
  {0}};

sl_tensor *sl_matmul(sl_ctx *c, sl_tensor *x, sl_tensor *y) { return sl_apply2(c, &sl_product_ops[MATMUL], x, y); }

sl_tensor *sl_linear(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b) {
  sl_tensor *in[] = {x, w, b};
  return sl_apply(c, &(sl_call){.op = &sl_product_ops[LINEAR], .n_in = 3, .in = in});
}

sl_tensor *sl_linear_add(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *r) {
  sl_tensor *in[] = {x, w, b, r};
  return sl_apply(c, &(sl_call){.op = &sl_product_ops[LINEAR_ADD], .n_in = 4, .in = in});
}
