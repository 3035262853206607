/* Group and layer normalisation (Wu & He 2018; Ba et al. 2016). */
#include "nn/layer.h"

enum { WEIGHT, BIAS };

int sl_norm_groups(int64_t channels) {
  int g = (int)(channels / 4 < 32 ? channels / 4 : 32);
  while (g > 1 && channels % g) g--;
  return g > 1 ? g : 1;
}

static bool ones_and_zeros(sl_ctx *c, sl_layer *l, int64_t n) {
  return sl_layer_constant(c, l, WEIGHT, "weight", n, 1) && sl_layer_constant(c, l, BIAS, "bias", n, 0);
}

enum { GROUPS, CHANNELS, EPS, SILU };

static bool group_init(sl_ctx *c, sl_layer *l) {
  int64_t n = sl_size(l, CHANNELS);
  if (l->opt[GROUPS] == 0) l->opt[GROUPS] = sl_norm_groups(n);
  if (n % sl_size(l, GROUPS))
    return sl_layer_bad(c, l, SL_EARG, "num_groups: expected a divisor of the %lld channels, got %lld", (long long)n,
                        (long long)sl_size(l, GROUPS));
  return ones_and_zeros(c, l, n);
}

static sl_tensor *group_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  sl_tensor *w = l->param[WEIGHT].value, *b = l->param[BIAS].value;
  int groups = (int)l->opt[GROUPS];
  return l->opt[SILU] ? sl_group_norm_silu(c, in[0], w, b, groups, l->opt[EPS])
                      : sl_group_norm(c, in[0], w, b, groups, l->opt[EPS]);
}

enum { FEATURES, LAYER_EPS };

static bool layer_init(sl_ctx *c, sl_layer *l) { return ones_and_zeros(c, l, sl_size(l, FEATURES)); }

static sl_tensor *layer_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  return sl_layer_norm(c, in[0], l->param[WEIGHT].value, l->param[BIAS].value, l->opt[LAYER_EPS]);
}

const sl_layer_kind sl_norm_layers[] = {
    {{"GroupNorm", "num_groups:count num_channels:size eps:pos=1e-6 silu:bool=false", "x",
      "2,4: 2x3x4; 0,8,1e-6,1: 2x2x3x8",
      "x [n,...,c]: each sample and group of channels to mean 0 and variance 1, then weight and bias [c]; silu applies "
      "x sigmoid(x) in the same pass. num_groups 0: the largest divisor of c up to min(c/4, 32)."},
     group_init, group_forward},
    {{"LayerNorm", "num_features:size eps:pos=1e-5", "x", "3: 2x4x3",
      "x [...,f]: the last dimension to mean 0 and variance 1, then weight and bias [f]."}, layer_init, layer_forward},
    {.info.name = NULL}};
