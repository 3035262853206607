/* Storage, references and views. */
#include "tensor/internal.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; size_t size; } dtypes[SL_DTYPES] = {
  [SL_F32] = {"float32", 4}, [SL_F64] = {"float64", 8}, [SL_I64] = {"int64", 8}, [SL_U8] = {"uint8", 1},
};

const char *sl_dtype_name(sl_dtype d) { return dtypes[d].name; }
size_t sl_dtype_size(sl_dtype d) { return dtypes[d].size; }
bool sl_dtype_is_float(sl_dtype d) { return d == SL_F32 || d == SL_F64; }

/* ---- references -------------------------------------------------------------- */

sl_tensor *sl_retain(sl_tensor *t) {
  if (t) t->refs++;
  return t;
}

void sl_storage_release(sl_storage *s) {
  if (!s || --s->refs) return;
  sl_ctx *c = s->ctx;
  sl_free(c, s->data);
  sl_free(c, s);
}

void sl_release(sl_tensor *t) {
  if (!t || --t->refs) return;
  sl_storage_release(t->storage);
  sl_release(t->grad);
  if (t->node) sl_node_release(t->node);
  sl_free(t->ctx, t);
}

/* ---- facts --------------------------------------------------------------------- */

sl_dtype sl_dtype_of(const sl_tensor *t) { return t->dtype; }
int sl_ndim(const sl_tensor *t) { return t->ndim; }
const int64_t *sl_shape(const sl_tensor *t) { return t->shape; }
const int64_t *sl_strides(const sl_tensor *t) { return t->stride; }
int64_t sl_numel(const sl_tensor *t) { return sl_count(t->shape, 0, t->ndim); }

void *sl_data(const sl_tensor *t) { return (char *)t->storage->data + t->offset * (int64_t)sl_dtype_size(t->dtype); }

bool sl_is_contiguous(const sl_tensor *t) {
  int64_t expect = 1;
  for (int i = t->ndim - 1; i >= 0; i--) {
    if (t->shape[i] != 1 && t->stride[i] != expect) return sl_numel(t) == 0;
    expect *= t->shape[i];
  }
  return true;
}

const char *sl_shape_str(const sl_tensor *t, char buf[128]) {
  int n = snprintf(buf, 128, "[");
  for (int i = 0; i < t->ndim && n < 120; i++)
    n += snprintf(buf + n, 128 - (size_t)n, "%s%lld", i ? "," : "", (long long)t->shape[i]);
  snprintf(buf + (n < 126 ? n : 126), 2, "]");
  return buf;
}

int sl_broadcast_shape(const sl_tensor *a, const sl_tensor *b, int64_t shape[SL_MAX_DIMS]) {
  int n = a->ndim > b->ndim ? a->ndim : b->ndim;
  for (int i = 0; i < n; i++) {
    int ia = i - (n - a->ndim), ib = i - (n - b->ndim);
    int64_t sa = ia < 0 ? 1 : a->shape[ia], sb = ib < 0 ? 1 : b->shape[ib];
    if (sa != sb && sa != 1 && sb != 1) return -1;
    shape[i] = sa == 1 ? sb : sa;
  }
  return n;
}

bool sl_check_shape(sl_ctx *c, const char *who, int ndim, const int64_t *shape) {
  if (ndim < 0 || ndim > SL_MAX_DIMS)
    return sl_fail(c, SL_ESHAPE, "%s: argument shape: expected at most %d dimensions, got %d", who, SL_MAX_DIMS, ndim);
  int64_t n = 1, limit = (int64_t)1 << 48;
  for (int i = 0; i < ndim; i++) {
    if (shape[i] < 0)
      return sl_fail(c, SL_ESHAPE, "%s: argument shape: expected sizes of 0 or more, got %lld", who, (long long)shape[i]);
    if (shape[i] > limit / n) /* sizes of 0 left out: strides are products too */
      return sl_fail(c, SL_ESHAPE, "%s: argument shape: more than 2^48 elements", who);
    n *= shape[i] ? shape[i] : 1;
  }
  return true;
}

/* ---- making tensors ------------------------------------------------------------- */

static sl_tensor *new_struct(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape) {
  sl_tensor *t = sl_alloc(c, sizeof *t, "tensor");
  if (!t) return NULL;
  memset(t, 0, sizeof *t);
  t->refs = 1;
  t->dtype = d;
  t->ndim = ndim;
  t->ctx = c;
  int64_t step = 1;
  for (int i = ndim - 1; i >= 0; i--) {
    t->shape[i] = shape[i];
    t->stride[i] = step;
    step *= shape[i] > 1 ? shape[i] : 1;
  }
  return t;
}

static sl_storage *new_storage(sl_ctx *c, size_t bytes) {
  sl_storage *s = sl_alloc(c, sizeof *s, "tensor");
  if (!s) return NULL;
  *s = (sl_storage){.refs = 1, .ctx = c, .bytes = bytes, .data = sl_alloc(c, bytes ? bytes : 1, "tensor")};
  if (s->data) return s;
  sl_free(c, s);
  return NULL;
}

sl_tensor *sl_empty(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape) {
  if (sl_failed(c) || !sl_check_shape(c, "empty", ndim, shape)) return NULL;
  sl_tensor *t = new_struct(c, d, ndim, shape);
  if (!t) return NULL;
  t->storage = new_storage(c, (size_t)sl_numel(t) * sl_dtype_size(d));
  if (!t->storage) {
    sl_release(t);
    return NULL;
  }
  return sl_temp(c, t);
}

sl_tensor *sl_view(sl_ctx *c, const sl_tensor *base, int ndim, const int64_t *shape, const int64_t *stride,
                   int64_t offset) {
  sl_tensor *t = new_struct(c, base->dtype, ndim, shape);
  if (!t) return NULL;
  for (int i = 0; i < ndim; i++) t->stride[i] = stride[i];
  t->offset = offset;
  t->storage = base->storage;
  t->storage->refs++;
  return sl_temp(c, t);
}

sl_tensor *sl_ghost(sl_ctx *c, const sl_tensor *like) {
  return new_struct(c, like->dtype, like->ndim, like->shape);
}

/* ---- filling and reading ---------------------------------------------------------- */

static double number_at(const char *p, sl_dtype d) {
  switch (d) {
  case SL_F32: return *(const float *)p;
  case SL_F64: return *(const double *)p;
  case SL_I64: return (double)*(const int64_t *)p;
  default: return *(const uint8_t *)p;
  }
}

static void number_set(char *p, sl_dtype d, double v) {
  switch (d) {
  case SL_F32: *(float *)p = (float)v; break;
  case SL_F64: *(double *)p = v; break;
  case SL_I64: *(int64_t *)p = (int64_t)v; break;
  default: *(uint8_t *)p = (uint8_t)v;
  }
}

sl_tensor *sl_full(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape, double value) {
  sl_tensor *t = sl_empty(c, d, ndim, shape);
  if (!t) return NULL;
  size_t size = sl_dtype_size(d), n = (size_t)sl_numel(t) * size;
  char *p = sl_data(t);
  if (value == 0) {
    memset(p, 0, n);
  } else if (n) {
    number_set(p, d, value);
    for (size_t done = size; done < n; done *= 2) memcpy(p + done, p, done < n - done ? done : n - done);
  }
  return t;
}

sl_tensor *sl_scalar(sl_ctx *c, sl_dtype d, double value) { return sl_full(c, d, 0, NULL, value); }

sl_tensor *sl_from(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape, const void *data) {
  sl_tensor *t = sl_empty(c, d, ndim, shape);
  if (t && sl_numel(t)) memcpy(sl_data(t), data, t->storage->bytes);
  return t;
}

double sl_get(const sl_tensor *t, const int64_t *index) {
  int64_t at = t->offset;
  for (int i = 0; i < t->ndim; i++) at += index[i] * t->stride[i];
  return number_at((const char *)t->storage->data + at * (int64_t)sl_dtype_size(t->dtype), t->dtype);
}

double sl_item(sl_ctx *c, const sl_tensor *t) {
  char buf[128];
  if (!t) return 0;
  if (sl_numel(t) == 1) return number_at(sl_data(t), t->dtype);
  sl_fail(c, SL_ESHAPE, "item: expected a tensor of one element, got shape %s", sl_shape_str(t, buf));
  return 0;
}

/* ---- copying ------------------------------------------------------------------------ */

#include "kernel/kernel.h"

static void copy_run(void *arg, const sl_iter *it, int64_t n, char *const ptr[SL_ITER_MAX]) {
  (*(sl_unary_fn **)arg)(n, ptr[1], it->step[1], ptr[0], it->step[0], NULL);
}

static bool same_view(const sl_tensor *a, const sl_tensor *b) {
  if (a->offset != b->offset || !sl_same_shape(a, b)) return false;
  for (int i = 0; i < a->ndim; i++)
    if (a->stride[i] != b->stride[i]) return false;
  return true;
}

static void copy_raw(sl_ctx *c, sl_tensor *dst, const sl_tensor *src) {
  sl_iter it;
  sl_tensor *operand[2] = {dst, (sl_tensor *)src};
  sl_unary_fn *fn = c->k->cast[src->dtype][dst->dtype];
  sl_iter_init(&it, dst->ndim, dst->shape, 2, operand);
  sl_iter_run(c, &it, copy_run, &fn);
}

bool sl_copy_into(sl_ctx *c, sl_tensor *dst, const sl_tensor *src) {
  char want[128], got[128];
  int64_t shape[SL_MAX_DIMS];
  if (sl_failed(c) || !dst || !src) return false;
  int n = sl_broadcast_shape(dst, src, shape);
  if (n != dst->ndim || memcmp(shape, dst->shape, (size_t)n * sizeof *shape))
    return sl_fail(c, SL_ESHAPE, "copy_: argument src: expected a shape that broadcasts to %s, got %s",
                   sl_shape_str(dst, want), sl_shape_str(src, got));
  if (dst->storage == src->storage && !same_view(dst, src)) { /* they may overlap */
    size_t mark = sl_pool_open(c);
    sl_tensor *copy = sl_empty(c, src->dtype, src->ndim, src->shape);
    if (copy) {
      copy_raw(c, copy, src);
      copy_raw(c, dst, copy);
    }
    sl_pool_close(c, mark);
    if (!copy) return false;
  } else {
    copy_raw(c, dst, src);
  }
  dst->storage->version++;
  return true;
}
