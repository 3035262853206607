/* Filling many tensors, all or none: loading a state. */
#include "tensor/internal.h"
#include <string.h>

static bool loadable(sl_ctx *c, const char *who, const sl_tensor *dst, const sl_tensor *src, int i) {
  char a[128], b[128];
  if (!dst || !src) return sl_fail(c, SL_EARG, "%s: expected a tensor at place %d, got nothing", who, i + 1);
  if (!sl_is_contiguous(dst))
    return sl_fail(c, SL_EARG, "%s: expected a contiguous tensor to fill at place %d", who, i + 1);
  if (!sl_same_shape(dst, src))
    return sl_fail(c, SL_ESHAPE, "%s: expected shape %s at place %d, got %s", who, sl_shape_str(dst, a), i + 1,
                   sl_shape_str(src, b));
  if (dst->dtype == src->dtype || (sl_dtype_is_float(dst->dtype) && sl_dtype_is_float(src->dtype))) return true;
  return sl_fail(c, SL_EDTYPE, "%s: expected %s at place %d, got %s", who, sl_dtype_name(dst->dtype), i + 1,
                 sl_dtype_name(src->dtype));
}

/* Of dst's type, in storage of its own: copying from it can't fail, and no copy spoils another's source. */
static sl_tensor *staged(sl_ctx *c, const sl_tensor *dst, const sl_tensor *src) {
  sl_tensor *y = sl_empty(c, dst->dtype, dst->ndim, dst->shape);
  return y && sl_copy_into(c, y, src) ? y : NULL;
}

bool sl_copy_all(sl_ctx *c, const char *who, int n, sl_tensor *const *dst, sl_tensor *const *src) {
  for (int i = 0; i < n; i++)
    if (sl_failed(c) || !loadable(c, who, dst[i], src[i], i)) return false;
  sl_tensor **from = sl_alloc(c, (size_t)(n + 1) * sizeof *from, who);
  if (!from) return false;
  size_t mark = sl_pool_open(c);
  bool ok = true;
  for (int i = 0; ok && i < n; i++) ok = (from[i] = staged(c, dst[i], src[i])) != NULL;
  for (int i = 0; ok && i < n; i++) {
    size_t bytes = (size_t)sl_numel(dst[i]) * sl_dtype_size(dst[i]->dtype);
    if (bytes) memcpy(sl_data(dst[i]), sl_data(from[i]), bytes);
    dst[i]->storage->version++;
  }
  sl_pool_close(c, mark);
  sl_free(c, from);
  return ok;
}
