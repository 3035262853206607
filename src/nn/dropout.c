/* Dropout (Srivastava et al. 2014), in training mode only. */
#include "nn/layer.h"

static sl_tensor *dropout_forward(sl_ctx *c, sl_layer *l, sl_tensor *const *in) {
  return l->training && l->opt[0] > 0 ? sl_dropout(c, in[0], l->opt[0]) : in[0];
}

const sl_layer_kind sl_dropout_layers[] = {
    {{"Dropout", "p:frac=0.5", "x", "0.25: 4x5; 0: 2x3",
      "In training, zeroes elements with probability p and scales the others by 1/(1-p); a row's mask depends on its "
      "sample alone."}, NULL, dropout_forward},
    {.info.name = NULL}};
