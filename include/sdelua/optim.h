/* sdelua/optim.h: optimizers and the moving average of the parameters.

     sl_optim *o = sl_optim_new(c, "Adam", n, params, 3, (double[]){2e-4, 500, 1});
     sl_backward(c, loss, NULL, false);
     double norm;
     if (!sl_optim_step(c, o, &norm)) ...        nothing has changed
     sl_optim_zero_grad(c, o);

   Options are numbers in the order of the kind's option string, as in nn.h. A
   step works in place and allocates nothing but copies of gradients that are not
   contiguous, before anything changes. */
#ifndef SDELUA_OPTIM_H
#define SDELUA_OPTIM_H

#include "sdelua/nn.h"
#include "sdelua/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An optimizer and its parameters, from sl_optim_new to sl_optim_free. */
typedef struct sl_optim sl_optim;

typedef struct sl_optim_info {
  const char *name;    /* "Adam" */
  const char *options; /* "lr:nonneg=0.001 warmup:count=0 grad_clip:nonneg=0 ..." */
  const char *doc;
} sl_optim_info;
/* The i-th kind; false past the last. */
SL_API bool sl_optim_info_at(int i, sl_optim_info *out);

/* params: n contiguous floating leaves, each once; retained. */
SL_API sl_optim *sl_optim_new(sl_ctx *c, const char *kind, int n, sl_tensor *const *params, int n_options,
                              const double *options);
SL_API void sl_optim_free(sl_optim *o); /* NULL: nothing */

/* One step from the gradients in the parameters; those without one stay. The rate
   is lr min(k/warmup, 1), k the steps made before: with a warm-up the first step
   moves nothing but feeds the moments, as the published code does. With
   grad_clip > 0 gradients are scaled by min(1, grad_clip/(norm + 1e-6)).
   *norm (may be NULL): the global norm before clipping. SL_EVALUE if that is not
   finite, SL_ESTATE if no parameter has a gradient: nothing changes. */
SL_API bool sl_optim_step(sl_ctx *c, sl_optim *o, double *norm);
SL_API bool sl_optim_zero_grad(sl_ctx *c, sl_optim *o); /* clears the gradients */

/* "Adam". */
SL_API const char *sl_optim_kind_name(const sl_optim *o);
/* An option's value; NAN if there is none of that name. */
SL_API double sl_optim_option(const sl_optim *o, const char *name);
/* Sets an option. SL_EARG if there is none of that name, for a value that it can't have, and for a new value
   of one that decides which tensors the optimizer keeps. */
SL_API bool sl_optim_option_set(sl_ctx *c, sl_optim *o, const char *name, double value);

/* The number of steps made, which a checkpoint saves; sl_optim_steps_set puts it back. */
SL_API int64_t sl_optim_steps(const sl_optim *o);
SL_API void sl_optim_steps_set(sl_optim *o, int64_t steps);
/* The i-th tensor that a checkpoint saves, from 0, borrowed; NULL past the
   last. Its name, such as "exp_avg.1" (the first parameter's), goes to `name`. */
SL_API sl_tensor *sl_optim_tensor(const sl_optim *o, int i, char name[64]);

/* ---- the moving average (EMA) of parameters ----------------------------------- */

/* Averages of parameters, from sl_ema_new to sl_ema_free. */
typedef struct sl_ema sl_ema;

/* Starts at the parameters' values. Update n = 1, 2, ... uses the decay
   min(decay, (1+n)/(10+n)), or `decay` itself when not warmup. */
SL_API sl_ema *sl_ema_new(sl_ctx *c, int n, sl_tensor *const *params, double decay, bool warmup);
SL_API void sl_ema_free(sl_ema *e); /* NULL: nothing */
/* avg += (1 - decay) (p - avg). Fails while swapped. */
SL_API bool sl_ema_update(sl_ctx *c, sl_ema *e);
/* Exchanges the values of parameters and averages; twice is nothing. */
SL_API bool sl_ema_swap(sl_ctx *c, sl_ema *e);
SL_API bool sl_ema_swapped(const sl_ema *e); /* whether the parameters have the averages' values now */
/* Overwrites the parameters with the averages. Fails while swapped. */
SL_API bool sl_ema_copy_to(sl_ctx *c, sl_ema *e);
/* As given to sl_ema_new. */
SL_API double sl_ema_decay(const sl_ema *e);
/* The number of updates, which a checkpoint saves; sl_ema_updates_set puts it back. */
SL_API int64_t sl_ema_updates(const sl_ema *e);
SL_API void sl_ema_updates_set(sl_ema *e, int64_t updates);
/* The tensor that holds the i-th average, from 0 (while swapped: the
   parameter's own value), borrowed; NULL past the last. */
SL_API sl_tensor *sl_ema_tensor(const sl_ema *e, int i);

#ifdef __cplusplus
}
#endif
#endif
