/* The residual block of the DDPM network (Ho et al. 2020; score_sde's
   ResnetBlockDDPM): twice GroupNorm, SiLU, 3x3 convolution, with the time embedding
   added between and a 1x1 convolution around when the channels change. */
#include "nn/layer.h"

enum { IN, OUT, EMB, DROPOUT, GROUPS };
enum { NORM0, CONV0, TIME, NORM1, DROP, CONV1, SKIP };

static bool first_half(sl_ctx *c, sl_layer *l) {
  double in = l->opt[IN], out = l->opt[OUT];
  return sl_layer_child(c, l, NORM0, "norm0", "GroupNorm", 4, (double[]){l->opt[GROUPS], in, 1e-6, 1}) &&
         sl_layer_child(c, l, CONV0, "conv0", "Conv2d", 5, (double[]){in, out, 3, 1, 1}) &&
         (!l->opt[EMB] || sl_layer_child(c, l, TIME, "time", "Linear", 2, (double[]){l->opt[EMB], out}));
}

static bool second_half(sl_ctx *c, sl_layer *l) {
  double in = l->opt[IN], out = l->opt[OUT];
  return sl_layer_child(c, l, NORM1, "norm1", "GroupNorm", 4, (double[]){l->opt[GROUPS], out, 1e-6, 1}) &&
         sl_layer_child(c, l, DROP, "dropout", "Dropout", 1, &l->opt[DROPOUT]) &&
         sl_layer_child(c, l, CONV1, "conv1", "Conv2d", 7, (double[]){out, out, 3, 1, 1, 1, 0}) &&
         (in == out || sl_layer_child(c, l, SKIP, "skip", "Linear", 4, (double[]){in, out, 1, 0.1}));
}

static bool res_init(sl_ctx *c, sl_layer *l) { return first_half(c, l) && second_half(c, l); }

/* time(emb) [n,c], or NULL with emb_features 0. */
static sl_tensor *embedding(sl_ctx *c, sl_layer *l, sl_tensor *emb) {
  if (!l->opt[EMB] && !emb) return NULL;
  if (l->opt[EMB] && emb) return sl_layer_run(c, l, TIME, emb);
  return sl_layer_bad(c, l, SL_EARG, emb ? "emb: expected nothing (emb_features is 0), got a tensor"
                                         : "emb: expected a tensor [n,emb_features], got nothing");
}

static sl_tensor *res_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  sl_tensor *shift = embedding(c, l, in[1]);
  if (sl_failed(c)) return NULL;
  sl_tensor *h = SL_LAYER_RUN(c, l, CONV0, sl_layer_run(c, l, NORM0, in[0]), shift);
  sl_tensor *x = l->child[SKIP].layer ? sl_layer_run(c, l, SKIP, in[0]) : in[0];
  h = sl_layer_run(c, l, DROP, sl_layer_run(c, l, NORM1, h));
  return h && x ? SL_LAYER_RUN(c, l, CONV1, h, NULL, x) : NULL;
}

const sl_layer_kind sl_resblock_layers[] = {
    {{"ResBlock", "in_channels:size out_channels:size emb_features:count=0 dropout:frac=0 num_groups:count=0", "x emb?",
      "2,4,3: 2x4x3x2 2x3; 4,4: 1x3x3x4; 4,4,0,0.5: 2x2x2x4",
      "x [n,h,w,in], emb [n,emb_features] after its activation -> [n,h,w,out]: norm, silu, conv, + linear(emb), norm, "
      "silu, dropout, conv, + x. The last convolution starts at zero."}, res_init, res_forward},
    {.info.name = NULL}};
