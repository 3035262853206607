/* Features of a time or noise level: t [n] -> [n,dim], sines first. */
#include "nn/layer.h"

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

enum { DIM, MAX_PERIOD };

static bool sinusoidal_init(sl_ctx *c, sl_layer *l) {
  return l->opt[DIM] >= 2 || sl_layer_bad(c, l, SL_EARG, "dim: expected an integer >= 2, got 1");
}

/* An odd dim has a zero at the end, as in score_sde. */
static sl_tensor *sinusoidal_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  int dim = (int)l->opt[DIM], odd = dim % 2;
  sl_tensor *y = sl_sinusoidal(c, in[0], dim - odd, l->opt[MAX_PERIOD]);
  return odd ? sl_pad(c, y, (int64_t[2]){0, 0}, (int64_t[2]){0, odd}, 0) : y;
}

enum { FOURIER_DIM, SCALE };

static bool fourier_init(sl_ctx *c, sl_layer *l) {
  if (sl_size(l, FOURIER_DIM) % 2)
    return sl_layer_bad(c, l, SL_EARG, "dim: expected an even number, got %lld", (long long)sl_size(l, FOURIER_DIM));
  return sl_layer_noise(c, l, 0, "weight", sl_size(l, FOURIER_DIM) / 2, l->opt[SCALE]);
}

static sl_tensor *fourier_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  sl_tensor *angle = sl_affine(c, sl_mul(c, sl_unsqueeze(c, in[0], -1), l->param[0].value), 2 * M_PI, 0);
  sl_tensor *parts[2] = {sl_sin(c, angle), sl_cos(c, angle)};
  return parts[0] && parts[1] ? sl_cat(c, 2, parts, -1) : NULL;
}

const sl_layer_kind sl_embedding_layers[] = {
    {{"Sinusoidal", "dim:size max_period:pos=10000", "t", "6: 3; 5,100: 2",
      "sin and cos of t f_i, f_i from 1 down to 1/max_period in geometric steps (Vaswani et al. 2017; Ho et al. "
      "2020)."},
     sinusoidal_init, sinusoidal_forward},
    {{"GaussianFourier", "dim:size scale:nonneg=16", "t", "6,1: 3",
      "sin and cos of 2 pi t w, w normal with that scale, saved and not trained (Tancik et al. 2020; Song et al. "
      "2021). t of any shape."},
     fourier_init, fourier_forward},
    {.info.name = NULL}};
