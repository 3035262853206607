/* sdelua/nn.h: layers, objects with named parameters.

   A layer is made from the name of its kind and a list of numbers, in the order
   of the kind's option string (SL_OMIT, or a shorter list, takes defaults):

     sl_layer *l = sl_layer_new(c, "Linear", 2, (double[]){2, 128});
     sl_tensor *y = sl_layer_forward(c, l, 1, &x);           x [N,2] -> y [N,128]

   sl_layer_info_at lists the kinds with their options, inputs and a line of
   help. Everything is channels last. Parameters are float32 until
   sl_layers_to; they are initialised from the INIT stream (Song et al. 2021:
   uniform, variance scale / fan_avg; a scale of 0 gives exact zeros where the
   published code has a scale of 1e-10). */
#ifndef SDELUA_NN_H
#define SDELUA_NN_H

#include "sdelua/tensor.h"
#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A layer, from sl_layer_new to the last sl_layer_release. */
typedef struct sl_layer sl_layer;

#define SL_LAYER_INPUTS 3 /* the most tensors that a layer takes */

#define SL_OMIT NAN /* an option that is not given */

typedef struct sl_layer_info {
  const char *name;    /* "Linear" */
  const char *options; /* "in_features:size out_features:size bias:bool=true scale:nonneg=1" */
  const char *inputs;  /* "x", or "x emb?" with an optional one */
  const char *samples; /* what the tests try: "2,3: 4x2; ..." (options: shapes of the inputs) */
  const char *doc;
} sl_layer_info;

/* The i-th kind; false past the last. */
SL_API bool sl_layer_info_at(int i, sl_layer_info *out);

/* One reference, the caller's. NULL with the error set. */
SL_API sl_layer *sl_layer_new(sl_ctx *c, const char *kind, int n_options, const double *options);
SL_API sl_layer *sl_layer_retain(sl_layer *l); /* one reference more; returns l, which may be NULL */
SL_API void sl_layer_release(sl_layer *l); /* one less: the last takes the layer with it; NULL is fine */

/* A result in the current pool; the layer's own temporaries are gone. in[] may
   be shorter than the kind's inputs where the rest are optional. */
SL_API sl_tensor *sl_layer_forward(sl_ctx *c, sl_layer *l, int n, sl_tensor *const *in);

/* Training mode (the default) or not: it matters to dropout alone. */
SL_API void sl_layer_train(sl_layer *l, bool training);
/* Makes every parameter of n layers anew in that floating type; gradients are
   dropped. All or none. Optimizers that hold the old ones keep them: call it
   before making one. */
SL_API bool sl_layers_to(sl_ctx *c, int n, sl_layer *const *layers, sl_dtype d);

/* "Linear". */
SL_API const char *sl_layer_kind_name(const sl_layer *l);
/* The row of its kind. */
SL_API const sl_layer_info *sl_layer_info_of(const sl_layer *l);
/* The value of an option; NAN if the kind has none of that name. */
SL_API double sl_layer_option(const sl_layer *l, const char *name);
/* The i-th tensor of the layer and the layers inside it, in a fixed order, NULL
   past the last; borrowed. Its name, such as "conv0.weight", goes to `name`.
   Those that do not require a gradient are saved but not trained. */
SL_API sl_tensor *sl_layer_tensor(const sl_layer *l, int i, char name[64]);

#ifdef __cplusplus
}
#endif
#endif
