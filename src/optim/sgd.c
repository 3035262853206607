/* Stochastic gradient descent with momentum, Nesterov's too, as in PyTorch. */
#include "optim/optim.h"

enum { MOMENTUM = SL_OWN, DAMPENING, NESTEROV };

static void sgd_update(const sl_step *s, const sl_real_kernels *k, sl_dtype d, int64_t n, void *p, const void *g,
                       void *const *slot) {
  double keep = s->t == 1 ? 1 : 1 - s->opt[DAMPENING]; /* the first velocity is the gradient */
  (void)d;
  k->sgd(n, p, g, slot[0], s->scale, s->opt[SL_WEIGHT_DECAY], s->opt[MOMENTUM], keep, s->lr, s->opt[NESTEROV] != 0);
}

const sl_optim_kind sl_optim_sgd[] = {
    {{"SGD", SL_OPTIM_COMMON " momentum:frac=0 dampening:frac=0 nesterov:bool=false",
      "Gradient descent; momentum 0.9 keeps a velocity, nesterov looks ahead along it."},
     {{"momentum", 0}}, sgd_update},
    {.info.name = NULL}};
