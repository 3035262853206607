/* The inside of an optimizer: one row per kind, with the update of a chunk. */
#ifndef SL_OPTIM_OPTIM_H
#define SL_OPTIM_OPTIM_H

#include "base/options.h"
#include "optim/params.h"
#include "sdelua/optim.h"

#define SL_SLOTS 3
/* The options that every kind begins with. */
#define SL_OPTIM_COMMON "lr:nonneg=0.001 warmup:count=0 grad_clip:nonneg=0 weight_decay:nonneg=0"
enum { SL_LR, SL_WARMUP, SL_GRAD_CLIP, SL_WEIGHT_DECAY, SL_OWN };

/* One step's numbers, the same for every chunk. */
typedef struct sl_step {
  const double *opt;
  int64_t t;    /* 1 for the first step */
  double lr;    /* warmed up */
  double scale; /* of the gradients: clipping */
} sl_step;

/* n elements of a parameter, its gradient and its slots. */
typedef void sl_update_fn(const sl_step *s, const sl_real_kernels *k, sl_dtype d, int64_t n, void *p, const void *g,
                          void *const *slot);

typedef struct sl_optim_kind {
  sl_optim_info info;
  /* The tensors kept per parameter; no name past the last. With an option (not SL_LR), only where that is set. */
  struct { const char *name; int option; } slot[SL_SLOTS];
  sl_update_fn *update;
} sl_optim_kind;

extern const sl_optim_kind sl_optim_adam[], sl_optim_sgd[]; /* end with a row without a name */

struct sl_optim {
  sl_ctx *ctx;
  const sl_optim_kind *kind;
  sl_options spec;
  double opt[SL_MAX_OPTIONS];
  int64_t steps;
  sl_params params;
  sl_tensor **slot[SL_SLOTS]; /* [slot][param]; NULL from the first that is not kept on */
  /* Scratch of a step, made beforehand. */
  sl_tensor **grad; /* [param], borrowed, NULL where there is none */
  double *sums;     /* [chunk] squares of gradients */
};

#endif
