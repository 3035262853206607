/* Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2); both as AMSGrad (Reddi et
   al. 2018, algorithm 2): the second moment in the denominator never falls. As in PyTorch, its largest value is taken
   before the bias correction. */
#include "optim/optim.h"
#include <math.h>

enum { BETA1 = SL_OWN, BETA2, EPS, AMSGRAD };
#define OPTIONS SL_OPTIM_COMMON " beta1:frac=0.9 beta2:frac=0.999 eps:pos=1e-8 amsgrad:bool=false"
#define SLOTS {{"exp_avg", 0}, {"exp_avg_sq", 0}, {"max_exp_avg_sq", AMSGRAD}}

static void step(const sl_step *s, const sl_real_kernels *k, int64_t n, void *p, const void *g, void *const *slot,
                 double l2, double decay) {
  double b1 = s->opt[BETA1], b2 = s->opt[BETA2], t = (double)s->t;
  k->adam(n, p, g, slot[0], slot[1], slot[2], s->scale, b1, b2, s->lr / (1 - pow(b1, t)), 1 / sqrt(1 - pow(b2, t)),
          s->opt[EPS], l2, decay);
}

static void adam_update(const sl_step *s, const sl_real_kernels *k, sl_dtype d, int64_t n, void *p, const void *g,
                        void *const *slot) {
  (void)d;
  step(s, k, n, p, g, slot, s->opt[SL_WEIGHT_DECAY], 0);
}

static void adamw_update(const sl_step *s, const sl_real_kernels *k, sl_dtype d, int64_t n, void *p, const void *g,
                         void *const *slot) {
  (void)d;
  step(s, k, n, p, g, slot, 0, s->lr * s->opt[SL_WEIGHT_DECAY]);
}

const sl_optim_kind sl_optim_adam[] = {
    {{"Adam", OPTIONS, "Adam; weight_decay adds to the gradient (L2). amsgrad: the denominator's second moment never "
                       "falls."}, SLOTS, adam_update},
    {{"AdamW", OPTIONS, "Adam with decoupled weight decay: p shrinks by lr weight_decay first."}, SLOTS, adamw_update},
    {.info.name = NULL}};
