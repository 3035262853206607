/* Convolution over [N,H,W,C], and the resamplings of the U-Net made with it. */
#include "nn/layer.h"

/* ---- Conv2d: weight [KH,KW,Cin/groups,Cout] -------------------------------------------- */

enum { IN, OUT, SIZE, STRIDE, PADDING, BIAS, SCALE, DILATION, GROUPS };
enum { WEIGHT, BIAS_VALUE };

static bool conv_init(sl_ctx *c, sl_layer *l) {
  int64_t in = sl_size(l, IN), out = sl_size(l, OUT), groups = sl_size(l, GROUPS);
  int64_t shape[4] = {sl_size(l, SIZE), sl_size(l, SIZE), in / groups, out};
  double terms = l->opt[SIZE] * l->opt[SIZE] / l->opt[GROUPS];
  if (in % groups || out % groups)
    return sl_layer_bad(c, l, SL_EARG, "groups: expected a divisor of the %lld and %lld channels, got %lld",
                        (long long)in, (long long)out, (long long)groups);
  return sl_layer_weight(c, l, WEIGHT, "weight", 4, shape, terms * l->opt[IN], terms * l->opt[OUT], l->opt[SCALE]) &&
         (!l->opt[BIAS] || sl_layer_constant(c, l, BIAS_VALUE, "bias", shape[3], 0));
}

/* [n,out], one row a sample: what the convolution adds to every pixel. */
static sl_tensor *shifted(sl_ctx *c, sl_layer *l, sl_tensor *shift) {
  sl_tensor *b = l->param[BIAS_VALUE].value;
  char got[128];
  if (!shift || !b) return shift ? shift : b;
  if (sl_ndim(shift) == 2 && sl_shape(shift)[1] == sl_size(l, OUT)) return sl_add(c, shift, b);
  return sl_layer_bad(c, l, SL_ESHAPE, "shift: expected [n,%lld], got %s", (long long)sl_size(l, OUT),
                      sl_shape_str(shift, got));
}

static sl_tensor *conv_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  int stride = (int)l->opt[STRIDE], padding = (int)l->opt[PADDING], dilation = (int)l->opt[DILATION];
  sl_conv_options o = {.stride = {stride, stride}, .padding = {padding, padding}, .dilation = {dilation, dilation},
                       .groups = (int)l->opt[GROUPS]};
  sl_tensor *w = l->param[WEIGHT].value, *b = shifted(c, l, in[1]);
  if (sl_failed(c)) return NULL;
  return sl_conv2d_with(c, in[0], w, b, in[2], &o);
}

/* ---- Upsample, Downsample: score_sde's layers.py, with_conv or not -------------------- */

enum { CHANNELS, CONV };

static bool up_init(sl_ctx *c, sl_layer *l) {
  double n = l->opt[CHANNELS];
  return !l->opt[CONV] || sl_layer_child(c, l, 0, "conv", "Conv2d", 5, (double[]){n, n, 3, 1, 1});
}

static sl_tensor *up_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  sl_tensor *y = sl_upsample(c, in[0], 2);
  return l->opt[CONV] ? sl_layer_run(c, l, 0, y) : y;
}

static bool down_init(sl_ctx *c, sl_layer *l) {
  double n = l->opt[CHANNELS];
  return !l->opt[CONV] || sl_layer_child(c, l, 0, "conv", "Conv2d", 4, (double[]){n, n, 3, 2});
}

/* TensorFlow's "same" padding of a stride of 2: nothing before, one row and column after. */
static sl_tensor *down_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  static const int64_t before[4] = {0, 0, 0, 0}, after[4] = {0, 1, 1, 0};
  if (!l->opt[CONV]) return sl_avg_pool(c, in[0], 2);
  if (sl_ndim(in[0]) != 4) {
    char buf[128];
    return sl_layer_bad(c, l, SL_ESHAPE, "x: expected [n,h,w,c], got %s", sl_shape_str(in[0], buf));
  }
  return sl_layer_run(c, l, 0, sl_pad(c, in[0], before, after, 0));
}

const sl_layer_kind sl_conv_layers[] = {
    {{"Conv2d",
      "in_channels:size out_channels:size kernel_size:size=3 stride:size=1 padding:count=0 bias:bool=true "
      "scale:nonneg=1 dilation:size=1 groups:size=1", "x shift? residual?",
      "2,3: 2x5x4x2; 3,2,2,2,1,0: 1x5x5x3; 2,3,3,1,1: 2x5x4x2 2x3 2x5x4x3; 2,3,1,1,0,0: 2x2x2x2 2x3; "
      "4,6,3,1,2,1,1,2,2: 1x4x3x4 1x6 1x4x3x6",
      "x [n,h,w,in] -> [n,h',w',out], plus shift [n,out] at every pixel, plus the residual [n,h',w',out]. weight "
      "[k,k,in/groups,out], bias [out]; padding with zeros on all sides. Pixels of the window are dilation apart; "
      "group g of the outputs sees group g of the inputs."},
     conv_init, conv_forward},
    {{"Upsample", "channels:size conv:bool=true", "x", "2: 1x3x2x2; 2,0: 1x3x2x2",
      "Each pixel twice in height and width, then a 3x3 convolution."}, up_init, up_forward},
    {{"Downsample", "channels:size conv:bool=true", "x", "2: 1x6x5x2; 2,0: 1x4x2x2",
      "Half the height and width: a 3x3 convolution of stride 2, padded after; without it, averages of 2x2."},
     down_init, down_forward},
    {.info.name = NULL}};
