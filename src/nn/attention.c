/* Self-attention over all positions, with normalisation and residual: the block
   of Ho et al. 2020 (score_sde's AttnBlock). */
#include "nn/layer.h"

enum { CHANNELS, HEADS, GROUPS, EPS, SCALE };
enum { NORM, QUERY, KEY, VALUE, OUT };

static bool attention_init(sl_ctx *c, sl_layer *l) {
  double n = l->opt[CHANNELS];
  if (sl_size(l, CHANNELS) % sl_size(l, HEADS))
    return sl_layer_bad(c, l, SL_EARG, "num_heads: expected a divisor of the %lld channels, got %lld",
                        (long long)sl_size(l, CHANNELS), (long long)sl_size(l, HEADS));
  double inner[4] = {n, n, 1, l->opt[SCALE]}, last[4] = {n, n, 1, 0}; /* in, out, bias, scale */
  return sl_layer_child(c, l, NORM, "norm", "GroupNorm", 3, (double[]){l->opt[GROUPS], n, l->opt[EPS]}) &&
         sl_layer_child(c, l, QUERY, "query", "Linear", 4, inner) &&
         sl_layer_child(c, l, KEY, "key", "Linear", 4, inner) &&
         sl_layer_child(c, l, VALUE, "value", "Linear", 4, inner) &&
         sl_layer_child(c, l, OUT, "out", "Linear", 4, last);
}

static sl_tensor *attention_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  sl_tensor *x = in[0];
  if (sl_ndim(x) < 3) {
    char buf[128];
    return sl_layer_bad(c, l, SL_ESHAPE, "x: expected [n,...,%lld] of 3 or more dimensions, got %s",
                        (long long)sl_size(l, CHANNELS), sl_shape_str(x, buf));
  }
  int64_t rows[3] = {sl_shape(x)[0], -1, sl_size(l, CHANNELS)};
  if (sl_numel(x) == 0) rows[1] = 0;
  sl_tensor *h = sl_reshape(c, sl_layer_run(c, l, NORM, x), 3, rows);
  sl_tensor *q = sl_layer_run(c, l, QUERY, h), *k = sl_layer_run(c, l, KEY, h), *v = sl_layer_run(c, l, VALUE, h);
  sl_tensor *y = sl_attention(c, q, k, v, (int)l->opt[HEADS], 0), *r = sl_reshape(c, x, 3, rows);
  return y && r ? sl_reshape(c, SL_LAYER_RUN(c, l, OUT, y, r), sl_ndim(x), sl_shape(x)) : NULL;
}

const sl_layer_kind sl_attention_layers[] = {
    {{"Attention", "channels:size num_heads:size=1 num_groups:count=0 eps:pos=1e-6 scale:nonneg=0.1", "x",
      "4: 2x3x2x4; 4,2,2: 1x5x4; 4,1,0,1e-5,1: 1x5x4",
      "x [n,...,c] -> x + out(softmax(q k^T / sqrt(d)) v) over all positions, q, k, v from the group-normalised x. The "
      "weights of q, k, v start with that scale, those of out at zero."},
     attention_init, attention_forward},
    {.info.name = NULL}};
