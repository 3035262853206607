/* The context's inside, for the rooms of the core. */
#ifndef SL_BASE_CTX_H
#define SL_BASE_CTX_H

#include "sdelua/base.h"

#define SL_MAX_OPS 256

struct sl_kernels;
struct sl_threads_pool;

struct sl_memory; /* base/memory.c */

struct sl_ctx {
  bool recording; /* ops are recorded; the meaning lives in op and autograd */
  sl_error error;

  sl_tensor **temps; /* the pools: one stack, marks between */
  size_t n_temps, cap_temps;

  struct sl_memory *mem;
  struct sl_threads_pool *threads;
  const struct sl_kernels *k; /* of the instruction set in use */

  sl_poll_fn *poll;
  void *poll_ud;

  sl_rng rng;
  uint64_t train_index; /* of row 0 of the open training batch */
  uint32_t train_draw;

  uint64_t next_node;    /* sequence number of the next graph node */
  struct sl_node *dying; /* nodes without references, to be taken apart */
  bool draining;
  struct sl_watch *watch; /* op/function.c: what a function that will run again has read; NULL otherwise */
  uint64_t walks;        /* backward walks so far: marks of visited nodes */

  bool ops_ready;                     /* sl_ops_init has bound op_kernel */
  const void *op_kernel[SL_MAX_OPS];  /* by op id: the kernel of the row's name in k, or NULL */
};

/* Of the kernel room: the best table this machine runs, or the one SDELUA_ISA
   names; NULL if the machine lacks that or the name is unknown. */
const struct sl_kernels *sl_kernels_choose(void);

/* Puts t, whose one reference the caller owns, into the current pool. On
   failure releases it and returns NULL. */
sl_tensor *sl_temp(sl_ctx *c, sl_tensor *t);

/* Grain that gives pieces worth a thread: about `work` elements each, for rows
   of `row` elements. */
static inline int64_t sl_grain(int64_t row, int64_t work) {
  int64_t g = row > 0 ? work / row : work;
  return g > 0 ? g : 1;
}

#endif
