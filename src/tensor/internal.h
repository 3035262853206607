/* The inside of a tensor: a view (shape, strides, offset) of counted storage. */
#ifndef SL_TENSOR_INTERNAL_H
#define SL_TENSOR_INTERNAL_H

#include "base/ctx.h"
#include "sdelua/tensor.h"

typedef struct sl_storage {
  int refs;
  uint32_t version; /* counts in-place changes */
  sl_ctx *ctx;
  void *data;
  size_t bytes;
} sl_storage;

struct sl_node; /* op/op.h */

struct sl_tensor {
  int refs;
  sl_dtype dtype;
  int ndim;
  bool requires_grad; /* a leaf that wants a gradient */
  uint8_t out_index;  /* which output of node this is */
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS]; /* strides in elements */
  int64_t offset;                                  /* in elements */
  sl_ctx *ctx;
  sl_storage *storage;  /* NULL for a ghost: shape, type and graph edge only */
  struct sl_node *node; /* what made it, when recorded */
  sl_tensor *grad;
  int64_t slot; /* backward's note: its place in the list of the walk under way */
};

void sl_storage_release(sl_storage *s);

/* Called by the tensor room when a tensor with a node dies; op sets it. */
void sl_node_release(struct sl_node *n);
struct sl_node *sl_node_retain(struct sl_node *n);

/* A view of the same storage, without graph, in the current pool. */
sl_tensor *sl_view(sl_ctx *c, const sl_tensor *base, int ndim, const int64_t *shape, const int64_t *stride,
                   int64_t offset);
/* A tensor struct with shape and type but no storage; refs 1, not in a pool. */
sl_tensor *sl_ghost(sl_ctx *c, const sl_tensor *like);

static inline bool sl_same_shape(const sl_tensor *a, const sl_tensor *b) {
  if (a->ndim != b->ndim) return false;
  for (int i = 0; i < a->ndim; i++)
    if (a->shape[i] != b->shape[i]) return false;
  return true;
}

/* Product of shape[from .. to-1]. */
static inline int64_t sl_count(const int64_t *shape, int from, int to) {
  int64_t n = 1;
  for (int i = from; i < to; i++) n *= shape[i];
  return n;
}

/* Shape of a and b broadcast together; returns ndim or -1 (no error set). */
int sl_broadcast_shape(const sl_tensor *a, const sl_tensor *b, int64_t shape[SL_MAX_DIMS]);
/* Checks count and sizes (>= 0, product below 2^62); sets SL_ESHAPE naming `who`. */
bool sl_check_shape(sl_ctx *c, const char *who, int ndim, const int64_t *shape);

/* ---- iteration over up to four broadcast operands ------------------------
   Dimensions that are contiguous in all operands are merged; `inner` is the
   last one, walked by a kernel with one stride an operand. Outer positions
   are numbered 0 .. outer-1 in row-major order. */
#define SL_ITER_MAX 5
typedef struct sl_iter {
  int n_op, ndim; /* ndim: of the outer part */
  int64_t outer, inner;
  int64_t shape[SL_MAX_DIMS];
  int64_t stride[SL_ITER_MAX][SL_MAX_DIMS]; /* bytes, outer part */
  int64_t step[SL_ITER_MAX];                /* elements, inner part */
  int64_t size[SL_ITER_MAX];                /* bytes of an element */
  char *base[SL_ITER_MAX];
} sl_iter;

/* Operands are broadcast to shape[ndim]; the caller has seen to it that they fit. */
void sl_iter_init(sl_iter *it, int ndim, const int64_t *shape, int n_op, sl_tensor *const *operand);
/* Addresses of all operands at outer position i. */
void sl_iter_at(const sl_iter *it, int64_t i, char *ptr[SL_ITER_MAX]);

/* Calls body on runs of at most SL_RUN elements of the inner part, on all lanes; short
   inner parts are gathered into longer runs. Operand 0 is what body writes, the others
   what it reads. The cut depends on the shape alone. */
#define SL_RUN 16384
typedef void sl_run_fn(void *arg, const sl_iter *it, int64_t n, char *const ptr[SL_ITER_MAX]);
void sl_iter_run(sl_ctx *c, const sl_iter *it, sl_run_fn *body, void *arg);

#endif
