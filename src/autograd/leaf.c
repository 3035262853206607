/* Leaves and the recording switch. */
#include "tensor/internal.h"
#include "sdelua/autograd.h"

#include <string.h>

bool sl_require_grad(sl_ctx *c, sl_tensor *leaf, bool on) {
  if (sl_failed(c) || !leaf) return false;
  if (!sl_dtype_is_float(leaf->dtype))
    return sl_fail(c, SL_EDTYPE, "requires_grad_: expected a float32 or float64 tensor, got %s", sl_dtype_name(leaf->dtype));
  if (leaf->node) return sl_fail(c, SL_ESTATE, "requires_grad_: this tensor was recorded from others; use detach first");
  leaf->requires_grad = on;
  return true;
}

bool sl_requires_grad(const sl_tensor *t) { return t->requires_grad || t->node; }
bool sl_is_leaf(const sl_tensor *t) { return !t->node; }
sl_tensor *sl_grad_of(const sl_tensor *leaf) { return leaf->grad; }

bool sl_grad_set(sl_ctx *c, sl_tensor *leaf, sl_tensor *grad) {
  char a[128], b[128];
  if (sl_failed(c) || !leaf) return false;
  if (grad && (grad->dtype != leaf->dtype || !sl_same_shape(leaf, grad)))
    return sl_fail(c, SL_ESHAPE, "grad: expected %s of shape %s as the tensor, got %s of shape %s",
                   sl_dtype_name(leaf->dtype), sl_shape_str(leaf, a), sl_dtype_name(grad->dtype), sl_shape_str(grad, b));
  sl_retain(grad);
  sl_release(leaf->grad);
  leaf->grad = grad;
  return true;
}

bool sl_recording_set(sl_ctx *c, bool on) {
  bool was = c->recording;
  c->recording = on;
  return was;
}

bool sl_recording(const sl_ctx *c) { return c->recording; }

sl_tensor *sl_detach(sl_ctx *c, sl_tensor *x) {
  if (sl_failed(c) || !x) return NULL;
  return sl_view(c, x, x->ndim, x->shape, x->stride, x->offset);
}
