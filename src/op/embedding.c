/* Rows of a table, and sinusoidal features of a time. */
#include "op/op.h"

#include <math.h>
#include <string.h>

enum { EMBEDDING, SINUSOIDAL };

extern sl_op sl_embedding_ops[];

/* ---- embedding ------------------------------------------------------------------ */

/* The message does not say where positions count from: C and Lua differ. */
static bool embedding_check(sl_ctx *c, const sl_call *k, const sl_tensor *index) {
  const int64_t *at = sl_data(index), rows = k->in[0]->shape[0];
  for (int64_t i = 0, n = sl_numel(index); i < n; i++)
    if (at[i] < 0 || at[i] >= rows)
      return sl_bad(c, k, 1, SL_EVALUE, "expected positions within the %lld rows of w, got one %s", (long long)rows,
                    at[i] < 0 ? "before the first" : "past the last");
  return true;
}

static bool embedding_forward(sl_ctx *c, sl_call *k) {
  sl_tensor *w = k->in[0], *index = k->in[1];
  char got[128];
  if (!sl_want(c, k, 0, 2, 2, -1)) return false;
  if (index->dtype != SL_I64) return sl_bad(c, k, 1, SL_EDTYPE, "expected int64, got %s", sl_dtype_name(index->dtype));
  if (index->ndim == SL_MAX_DIMS)
    return sl_bad(c, k, 1, SL_ESHAPE, "expected at most %d dimensions, got %s", SL_MAX_DIMS - 1,
                  sl_shape_str(index, got));
  int64_t shape[SL_MAX_DIMS];
  for (int i = 0; i < index->ndim; i++) shape[i] = index->shape[i];
  shape[index->ndim] = w->shape[1];
  w = sl_packed(c, w), index = sl_packed(c, index);
  sl_tensor *y = sl_out(c, k, k->in[0]->dtype, k->in[1]->ndim + 1, shape);
  if (!w || !index || !y || !embedding_check(c, k, index)) return false;
  const int64_t *at = sl_data(index);
  size_t row = (size_t)w->shape[1] * sl_dtype_size(w->dtype);
  for (int64_t i = 0, n = sl_numel(index); row && i < n; i++)
    memcpy((char *)sl_data(y) + (size_t)i * row, (const char *)sl_data(w) + (size_t)at[i] * row, row);
  return true;
}

static bool embedding_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  const int64_t *w = k->in[0]->shape;
  int64_t n = sl_numel(k->in[1]);
  sl_tensor *rows = sl_reshape(c, dout[0], 2, (int64_t[]){n, w[1]}), *index = sl_reshape(c, k->in[1], 1, &n);
  return (din[0] = sl_index_add(c, rows, index, 0, w[0])) != NULL;
}

/* ---- sinusoidal -------------------------------------------------------------------- */

/* The angles t f_i, [n, dim/2], with f_i = max_period^(-i/(dim/2 - 1)); f is
   rounded once, from double. */
static sl_tensor *frequencies(sl_ctx *c, sl_dtype d, int64_t half, double max_period) {
  sl_tensor *f = sl_empty(c, SL_F64, 1, &half);
  if (!f) return NULL;
  for (int64_t i = 0; i < half; i++)
    ((double *)sl_data(f))[i] = half > 1 ? exp(-log(max_period) * (double)i / (double)(half - 1)) : 1;
  return sl_cast(c, f, d);
}

static sl_tensor *angles(sl_ctx *c, sl_tensor *t, sl_tensor *f) { return sl_mul(c, sl_unsqueeze(c, t, 1), f); }

static bool sinusoidal_forward(sl_ctx *c, sl_call *k) {
  if (!sl_want(c, k, 0, 1, 1, -1)) return false;
  int64_t dim = k->p[0].i;
  double period = k->p[1].f;
  if (dim < 2 || dim % 2 || dim > INT32_MAX)
    return sl_bad(c, k, 1, SL_EARG, "expected an even number from 2 to 2^31, got %lld", (long long)dim);
  if (!(period > 0)) return sl_bad(c, k, 2, SL_EARG, "expected a positive number, got %g", period);
  sl_tensor *t = sl_detach(c, k->in[0]);
  sl_tensor *a = t ? angles(c, t, frequencies(c, t->dtype, dim / 2, period)) : NULL;
  sl_tensor *parts[] = {sl_sin(c, a), sl_cos(c, a)};
  return parts[0] && parts[1] && (k->out[0] = sl_cat(c, 2, parts, 1)) != NULL;
}

/* dt = sum over i of f_i (cos(t f_i) dy_i - sin(t f_i) dy_{i + dim/2}) */
static bool sinusoidal_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int64_t half = k->p[0].i / 2;
  sl_tensor *f = frequencies(c, dout[0]->dtype, half, k->p[1].f), *a = angles(c, k->in[0], f);
  sl_tensor *from_sin = sl_mul(c, sl_cos(c, a), sl_narrow(c, dout[0], 1, 0, half));
  sl_tensor *from_cos = sl_mul(c, sl_sin(c, a), sl_narrow(c, dout[0], 1, half, half));
  sl_tensor *terms = sl_mul(c, sl_sub(c, from_sin, from_cos), f);
  return (din[0] = sl_sum(c, terms, 1, (int64_t[]){1}, false)) != NULL;
}

sl_op sl_embedding_ops[] = {
  [EMBEDDING] = {.name = "embedding", .args = "w index", .keep = "index", .forward = embedding_forward,
                 .vjp = embedding_vjp, .samples = "4x3 5i64(0:3); 4x2 2x3i64(0:3); 3x2 .i64(0:2); 3x2 0i64(0:2)",
                 .doc = "Rows of w [rows,d] for an index of any shape: [..., d]."},
  [SINUSOIDAL] = {.name = "sinusoidal", .args = "t dim:int max_period:num=10000", .keep = "t",
                  .forward = sinusoidal_forward, .vjp = sinusoidal_vjp,
                  .samples = "3(-3:3) 6 10; 2(0:1) 2 10000; 0 4 10000",
                  .doc = "sin and cos of t f_i with f_i = max_period^(-i/(dim/2-1)), sines first: t [n] -> [n,dim]."},
  {0}};

sl_tensor *sl_embedding(sl_ctx *c, sl_tensor *w, sl_tensor *index) {
  return sl_apply2(c, &sl_embedding_ops[EMBEDDING], w, index);
}

sl_tensor *sl_sinusoidal(sl_ctx *c, sl_tensor *t, int dim, double max_period) {
  return sl_apply(c, &(sl_call){.op = &sl_embedding_ops[SINUSOIDAL], .n_in = 1, .in = &t,
                                .p = {{.i = dim}, {.f = max_period}}});
}
