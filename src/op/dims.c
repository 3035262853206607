#include "op/dims.h"

#include <stdarg.h>
#include <stdio.h>

bool sl_bad_param(sl_ctx *c, const sl_call *k, int param, sl_code code, const char *format, ...) {
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return sl_fail(c, code, "%s: argument %s: %s", k->op->name, k->op->spec->param[param].name, text);
}

bool sl_list_set(sl_ctx *c, sl_call *k, int param, int place, int n, const int64_t *v) {
  if (sl_failed(c) || !sl_ops_init(c)) return false;
  if (n < 0 || n > SL_MAX_DIMS)
    return sl_bad_param(c, k, param, SL_EARG, "expected a list of at most %d, got %d", SL_MAX_DIMS, n);
  k->p[param].i = place;
  k->list[place].n = n;
  for (int i = 0; i < n; i++) k->list[place].v[i] = v[i];
  return true;
}

const char *sl_ordinal(int64_t at, char buf[48]) {
  uint64_t n = at < 0 ? -(uint64_t)at : (uint64_t)at + 1;
  bool teen = n % 100 >= 11 && n % 100 <= 13;
  const char *ending = teen || n % 10 > 3 || n % 10 == 0 ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : "rd";
  snprintf(buf, 48, "the %llu%s%s", (unsigned long long)n, ending, at < 0 ? " from the end" : "");
  return buf;
}

/* -1 and an error when dim is not one of ndim. */
static int normal_dim(sl_ctx *c, const sl_call *k, int param, int64_t dim, int ndim) {
  if (dim >= -ndim && dim < ndim) return (int)(dim < 0 ? dim + ndim : dim);
  char buf[48];
  sl_bad_param(c, k, param, SL_ESHAPE, "expected one of %d dimensions, got %s", ndim, sl_ordinal(dim, buf));
  return -1;
}

int sl_dim_of(sl_ctx *c, const sl_call *k, int param, int ndim) { return normal_dim(c, k, param, k->p[param].i, ndim); }

bool sl_dims_mask(sl_ctx *c, const sl_call *k, int param, int ndim, bool all_if_empty, bool in[SL_MAX_DIMS]) {
  const sl_dims *l = &k->list[k->p[param].i];
  char buf[48];
  for (int d = 0; d < ndim; d++) in[d] = !l->n && all_if_empty;
  for (int i = 0; i < l->n; i++) {
    int d = normal_dim(c, k, param, l->v[i], ndim);
    if (d < 0) return false;
    if (in[d])
      return sl_bad_param(c, k, param, SL_EARG, "expected each dimension once, got %s twice", sl_ordinal(d, buf));
    in[d] = true;
  }
  return true;
}

/* Dimension `from` moved to place `to`, the others keeping their order. */
static sl_tensor *move_dim(sl_ctx *c, sl_tensor *x, int from, int to) {
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
  for (int i = 0, j = 0; i < x->ndim; i++) {
    if (j == from) j++;
    int source = i == to ? from : j++;
    shape[i] = x->shape[source];
    stride[i] = x->stride[source];
  }
  return sl_view(c, x, x->ndim, shape, stride, x->offset);
}

sl_tensor *sl_rows_of(sl_ctx *c, sl_tensor *x, int dim) {
  if (dim != x->ndim - 1) x = move_dim(c, x, dim, x->ndim - 1);
  return x ? sl_packed(c, x) : NULL;
}

sl_tensor *sl_rows_back(sl_ctx *c, sl_tensor *y, int dim) {
  return y && dim != y->ndim - 1 ? move_dim(c, y, y->ndim - 1, dim) : y;
}
