/* Stochastic gradient descent with momentum, Nesterov's too, as in PyTorch. */
#include "optim/optim.h"

enum { MOMENTUM = SL_OWN, DAMPENING, NESTEROV };

/* g = scale g + decay p; v = momentum v + keep g; p -= lr v, or lr (g + momentum v) */
#define SGD_LOOP(T)                                                                                        \
  static void sgd_##T(const sl_step *s, int64_t n, T *p, const T *g, T *v) {                               \
    T lr = (T)s->lr, scale = (T)s->scale, decay = (T)s->opt[SL_WEIGHT_DECAY], mu = (T)s->opt[MOMENTUM];    \
    T keep = (T)(s->t == 1 ? 1 : 1 - s->opt[DAMPENING]); /* the first velocity is the gradient */          \
    bool nesterov = s->opt[NESTEROV] != 0;                                                                 \
    for (int64_t i = 0; i < n; i++) {                                                                      \
      T d = scale * g[i] + decay * p[i];                                                                   \
      v[i] = mu * v[i] + keep * d;                                                                         \
      p[i] -= lr * (nesterov ? d + mu * v[i] : v[i]);                                                      \
    }                                                                                                      \
  }
SGD_LOOP(float)
SGD_LOOP(double)

static void sgd_update(const sl_step *s, const sl_real_kernels *k, sl_dtype d, int64_t n, void *p, const void *g,
                       void *const *slot) {
  (void)k;
  if (d == SL_F32) sgd_float(s, n, p, g, slot[0]);
  else sgd_double(s, n, p, g, slot[0]);
}

const sl_optim_kind sl_optim_sgd[] = {
    {{"SGD", SL_OPTIM_COMMON " momentum:frac=0 dampening:frac=0 nesterov:bool=false",
      "Gradient descent; momentum 0.9 keeps a velocity, nesterov looks ahead along it."}, {"momentum"}, sgd_update},
    {.info.name = NULL}};
