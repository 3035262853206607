/* What the elementwise families share. */
#ifndef SL_OP_ELEMENTWISE_H
#define SL_OP_ELEMENTWISE_H

#include "op/op.h"

/* The type in which inputs a and b meet: float32 with float64 is an error, an
   integer type with a float gives the float, uint8 with int64 gives int64. */
bool sl_common_dtype(sl_ctx *c, const sl_call *k, int a, int b, sl_dtype *d);

/* Broadcasts input i to what the inputs before it gave: shape of *ndim
   dimensions. Start with *ndim = 0. */
bool sl_broadcast_with(sl_ctx *c, const sl_call *k, int i, int *ndim, int64_t shape[SL_MAX_DIMS]);

/* Input t as type d, safe to read while k->into is being written. Not recorded. */
sl_tensor *sl_operand(sl_ctx *c, const sl_call *k, sl_tensor *t, sl_dtype d);

#endif
