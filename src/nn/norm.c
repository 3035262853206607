/* Group and layer normalisation (Wu & He 2018; Ba et al. 2016); instance normalisation that keeps the means (Song &
   Ermon 2019, 2020). */
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

enum { PLUS_FEATURES, PLUS_BIAS };
enum { ALPHA, GAMMA, BETA };

static bool plus_init(sl_ctx *c, sl_layer *l) {
  int64_t n = sl_size(l, PLUS_FEATURES);
  if (n < 2) return sl_layer_bad(c, l, SL_EARG, "num_features: expected 2 or more, got %lld", (long long)n);
  return sl_layer_about(c, l, ALPHA, "alpha", n, 1, 0.02) && sl_layer_about(c, l, GAMMA, "gamma", n, 1, 0.02) &&
         (!l->opt[PLUS_BIAS] || sl_layer_constant(c, l, BETA, "beta", n, 0));
}

/* The means over all positions, themselves normalised over the channels: [n,c] */
static sl_tensor *plus_means(sl_ctx *c, sl_tensor *x) {
  int64_t over[SL_MAX_DIMS], channels = 1;
  for (int d = 1; d + 1 < sl_ndim(x); d++) over[d - 1] = d;
  sl_tensor *means = sl_mean(c, x, sl_ndim(x) - 2, over, false);
  sl_tensor *spread = sl_var(c, means, 1, &channels, true, true);
  return sl_mul(c, sl_sub(c, means, sl_mean(c, means, 1, &channels, true)), sl_rsqrt(c, sl_affine(c, spread, 1, 1e-5)));
}

static sl_tensor *plus_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  sl_tensor *x = in[0], *alpha = l->param[ALPHA].value, *gamma = l->param[GAMMA].value;
  int64_t shape[SL_MAX_DIMS], n = sl_size(l, PLUS_FEATURES);
  if (sl_ndim(x) < 3 || sl_shape(x)[sl_ndim(x) - 1] != n)
    return sl_layer_bad(c, l, SL_ESHAPE, "x: expected [n,...,%lld] with positions between", (long long)n);
  for (int d = 0; d < sl_ndim(x); d++) shape[d] = d == 0 || d == sl_ndim(x) - 1 ? sl_shape(x)[d] : 1;
  sl_tensor *shift = sl_mul(c, plus_means(c, x), sl_mul(c, alpha, gamma));
  return sl_add(c, sl_group_norm(c, x, gamma, l->param[BETA].value, (int)n, 1e-5),
                sl_reshape(c, shift, sl_ndim(x), shape));
}

const sl_layer_kind sl_norm_layers[] = {
    {{"GroupNorm", "num_groups:count num_channels:size eps:pos=1e-6 silu:bool=false", "x",
      "2,4: 2x3x4; 0,8,1e-6,1: 2x2x3x8",
      "x [n,...,c]: each sample and group of channels to mean 0 and variance 1, then weight and bias [c]; silu applies "
      "x sigmoid(x) in the same pass. num_groups 0: the largest divisor of c up to min(c/4, 32)."},
     group_init, group_forward},
    {{"LayerNorm", "num_features:size eps:pos=1e-5", "x", "3: 2x4x3",
      "x [...,f]: the last dimension to mean 0 and variance 1, then weight and bias [f]."}, layer_init, layer_forward},
    {{"InstanceNormPlus", "num_features:size bias:bool=true", "x", "3: 2x3x2x3; 2,0: 1x4x2",
      "x [n,...,c]: gamma (z + alpha m) + beta, z each sample and channel at mean 0 and variance 1, m [n,c] the means "
      "taken off, brought to mean 0 and variance 1 over the channels (Song & Ermon 2020, NCSNv2)."},
     plus_init, plus_forward},
    {.info.name = NULL}};
