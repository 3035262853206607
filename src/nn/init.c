/* How a layer's parameters and inner layers begin. */
#include "nn/layer.h"

static bool put(sl_layer *l, int place, const char *name, sl_tensor *t) {
  l->param[place].name = name;
  l->param[place].value = sl_retain(t);
  return t != NULL;
}

static bool put_trained(sl_ctx *c, sl_layer *l, int place, const char *name, sl_tensor *t) {
  return t && sl_require_grad(c, t, true) && put(l, place, name, t);
}

bool sl_layer_weight(sl_ctx *c, sl_layer *l, int place, const char *name, int ndim, const int64_t *shape, double fan_in,
                     double fan_out, double scale) {
  if (scale == 0) return put_trained(c, l, place, name, sl_full(c, SL_F32, ndim, shape, 0));
  double bound = sqrt(3 * scale / ((fan_in + fan_out) / 2));
  sl_tensor *u = sl_random(c, SL_UNIFORM, SL_F32, ndim, shape, sl_key_next(c, SL_STREAM_INIT), false, NULL);
  return put_trained(c, l, place, name, u ? sl_affine(c, u, 2 * bound, -bound) : NULL);
}

bool sl_layer_constant(sl_ctx *c, sl_layer *l, int place, const char *name, int64_t n, double value) {
  return put_trained(c, l, place, name, sl_full(c, SL_F32, 1, &n, value));
}

bool sl_layer_about(sl_ctx *c, sl_layer *l, int place, const char *name, int64_t n, double mean, double std) {
  sl_tensor *z = sl_random(c, SL_NORMAL, SL_F32, 1, &n, sl_key_next(c, SL_STREAM_INIT), false, NULL);
  return put_trained(c, l, place, name, z ? sl_affine(c, z, std, mean) : NULL);
}

bool sl_layer_noise(sl_ctx *c, sl_layer *l, int place, const char *name, int64_t n, double std) {
  sl_tensor *z = sl_random(c, SL_NORMAL, SL_F32, 1, &n, sl_key_next(c, SL_STREAM_INIT), false, NULL);
  return put(l, place, name, z ? sl_affine(c, z, std, 0) : NULL);
}

bool sl_layer_child(sl_ctx *c, sl_layer *l, int place, const char *name, const char *kind, int n,
                    const double *options) {
  l->child[place].name = name;
  l->child[place].layer = sl_layer_new(c, kind, n, options);
  return l->child[place].layer != NULL;
}
