/* The inside of a layer, for the files of this room: one row per kind, with its
   init and forward. A family of kinds is an array of rows that ends with a row
   without a name; layer.c lists the families. */
#ifndef SL_NN_LAYER_H
#define SL_NN_LAYER_H

#include "base/ctx.h"
#include "base/options.h"
#include "sdelua/autograd.h"
#include "sdelua/nn.h"
#include "sdelua/op.h"

#define SL_LAYER_PARAMS 4
#define SL_LAYER_CHILDREN 8

typedef struct sl_layer_kind {
  sl_layer_info info;
  /* Makes parameters and children from l->opt; NULL: there are none. The caller releases temporaries. */
  bool (*init)(sl_ctx *c, sl_layer *l);
  /* in[] has a place for every input; absent optional ones are NULL. */
  sl_tensor *(*forward)(sl_ctx *c, sl_layer *l, sl_tensor *const *in);
} sl_layer_kind;

struct sl_layer {
  int refs;
  bool training;
  sl_ctx *ctx;
  const sl_layer_kind *kind;
  double opt[SL_MAX_OPTIONS];
  /* Places without a tensor or layer are absent: no bias, no skip connection. */
  struct { const char *name; sl_tensor *value; } param[SL_LAYER_PARAMS];
  struct { const char *name; sl_layer *layer; } child[SL_LAYER_CHILDREN];
};

/* The size at place `option` of l->opt. */
static inline int64_t sl_size(const sl_layer *l, int option) { return (int64_t)l->opt[option]; }
/* Fails with "Kind: argument ...". */
void *sl_layer_bad(sl_ctx *c, const sl_layer *l, sl_code code, const char *format, ...) SL_PRINTF(4, 5);

/* ---- for init; each fills one place and returns false on failure ------------- */

/* Uniform with variance scale / ((fan_in + fan_out)/2) (Glorot & Bengio 2010, with
   the scale of Ho et al. 2020); zeros for a scale of 0. */
bool sl_layer_weight(sl_ctx *c, sl_layer *l, int place, const char *name, int ndim, const int64_t *shape, double fan_in,
                     double fan_out, double scale);
bool sl_layer_constant(sl_ctx *c, sl_layer *l, int place, const char *name, int64_t n, double value);
/* Normal with that mean and standard deviation. */
bool sl_layer_about(sl_ctx *c, sl_layer *l, int place, const char *name, int64_t n, double mean, double std);
/* Normal with that standard deviation; saved, not trained. */
bool sl_layer_noise(sl_ctx *c, sl_layer *l, int place, const char *name, int64_t n, double std);
bool sl_layer_child(sl_ctx *c, sl_layer *l, int place, const char *name, const char *kind, int n,
                    const double *options);

/* ---- for forward ---------------------------------------------------------------- */

static inline sl_tensor *sl_layer_run(sl_ctx *c, sl_layer *l, int place, sl_tensor *x) {
  return sl_layer_forward(c, l->child[place].layer, 1, &x);
}
/* ... of several inputs, some of which may be NULL */
#define SL_LAYER_RUN(c, l, place, ...)                                                                      \
  sl_layer_forward(c, (l)->child[place].layer, sizeof((sl_tensor *[]){__VA_ARGS__}) / sizeof(sl_tensor *), \
                   (sl_tensor *[]){__VA_ARGS__})

/* Groups for that many channels: the largest divisor that is at most min(channels/4, 32). */
int sl_norm_groups(int64_t channels);

#endif
