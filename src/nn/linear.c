/* Linear: y = x w + b over the last dimension, a 1x1 convolution on images. */
#include "nn/layer.h"

enum { IN, OUT, BIAS, SCALE };
enum { WEIGHT, BIAS_VALUE };

static bool linear_init(sl_ctx *c, sl_layer *l) {
  int64_t shape[2] = {sl_size(l, IN), sl_size(l, OUT)};
  return sl_layer_weight(c, l, WEIGHT, "weight", 2, shape, l->opt[IN], l->opt[OUT], l->opt[SCALE]) &&
         (!l->opt[BIAS] || sl_layer_constant(c, l, BIAS_VALUE, "bias", shape[1], 0));
}

static sl_tensor *linear_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  sl_tensor *w = l->param[WEIGHT].value, *b = l->param[BIAS_VALUE].value;
  return in[1] ? sl_linear_add(c, in[0], w, b, in[1]) : sl_linear(c, in[0], w, b);
}

const sl_layer_kind sl_linear_layers[] = {
    {{"Linear", "in_features:size out_features:size bias:bool=true scale:nonneg=1", "x residual?",
      "2,3: 4x2; 3,2,0,0: 2x4x3; 2,3: 4x2 4x3",
      "x [...,in] -> [...,out], plus the residual [...,out]. weight [in,out], bias [out]; scale 0 starts at zero."},
     linear_init, linear_forward},
    {.info.name = NULL}};
