/* A list of parameters, cut into chunks that depend on their sizes alone: what
   optimizers and averages walk over in parallel, always with the same bits. */
#ifndef SL_OPTIM_PARAMS_H
#define SL_OPTIM_PARAMS_H

#include "base/ctx.h"
#include "kernel/kernel.h"
#include "op/op.h"

#define SL_CHUNK 16384 /* elements; a multiple of every vector's length */

typedef struct sl_chunk {
  int param;
  int64_t begin, n; /* elements */
} sl_chunk;

typedef struct sl_params {
  int n;
  sl_tensor **t; /* owned */
  int64_t n_chunks;
  sl_chunk *chunk;
} sl_params;

/* Checks and retains the tensors. On failure p holds nothing. */
bool sl_params_init(sl_ctx *c, sl_params *p, const char *who, int n, sl_tensor *const *params);
void sl_params_clear(sl_ctx *c, sl_params *p);

/* An array of n fresh tensors of the same shapes and types: zeros, or copies. */
sl_tensor **sl_params_like(sl_ctx *c, const sl_params *p, const char *who, bool copy);
void sl_tensors_free(sl_ctx *c, int n, sl_tensor **t); /* NULL: nothing */

/* Address of a chunk's first element in t, a contiguous tensor like the chunk's parameter. */
static inline void *sl_chunk_at(const sl_tensor *t, const sl_chunk *k) {
  return (char *)sl_data(t) + k->begin * (int64_t)sl_dtype_size(t->dtype);
}

/* Counts a change in place of every parameter. */
void sl_params_changed(const sl_params *p);

#endif
