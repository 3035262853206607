#ifndef SL_SOLVE_RUN_H
#define SL_SOLVE_RUN_H

#include "sdelua/op.h"
#include "sdelua/solve.h"
#include "tensor/internal.h"

/* A sample's number must leave philox's counter room for what follows it. */
#define SL_NOISE_INDEX_MAX 0x1p55
/* Whether the noise has no index, or a good one for samples of that shape. */
bool sl_noise_check_index(sl_ctx *c, const sl_noise *n, const int64_t *shape);

/* x + sum_j h w_j k_j over the stages with w_j != 0; h broadcasts against x. */
sl_tensor *sl_stages_add(sl_ctx *c, sl_tensor *x, sl_tensor *h, int n, const double *w, sl_tensor *const *k);
/* sum_j w_j k_j; NULL too when all are 0. */
sl_tensor *sl_stages_sum(sl_ctx *c, int n, const double *w, sl_tensor *const *k);

#endif
