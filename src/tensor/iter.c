/* Walking several strided operands together. */
#include "tensor/internal.h"

/* Strides of an operand broadcast to ndim dimensions, in elements. */
static void broadcast_strides(const sl_tensor *t, int ndim, int64_t *stride) {
  for (int i = 0; i < ndim; i++) {
    int j = i - (ndim - t->ndim);
    stride[i] = j < 0 || t->shape[j] == 1 ? 0 : t->stride[j];
  }
}

static bool mergeable(const sl_iter *it, int64_t s[][SL_MAX_DIMS], int outer, int inner, const int64_t *shape) {
  for (int k = 0; k < it->n_op; k++)
    if (s[k][outer] != s[k][inner] * shape[inner]) return false;
  return true;
}

void sl_iter_init(sl_iter *it, int ndim, const int64_t *shape, int n_op, sl_tensor *const *operand) {
  int64_t s[SL_ITER_MAX][SL_MAX_DIMS], size[SL_MAX_DIMS], raw[SL_ITER_MAX][SL_MAX_DIMS];
  it->n_op = n_op;
  for (int k = 0; k < n_op; k++) {
    broadcast_strides(operand[k], ndim, raw[k]);
    it->size[k] = (int64_t)sl_dtype_size(operand[k]->dtype);
    it->base[k] = (char *)operand[k]->storage->data + operand[k]->offset * it->size[k];
  }
  int n = 0; /* dimensions kept so far, outermost first */
  for (int i = 0; i < ndim; i++) {
    if (shape[i] == 1) continue;
    size[n] = shape[i];
    for (int k = 0; k < n_op; k++) s[k][n] = raw[k][i];
    if (n > 0 && mergeable(it, s, n - 1, n, size)) {
      size[n - 1] *= size[n];
      for (int k = 0; k < n_op; k++) s[k][n - 1] = s[k][n];
    } else {
      n++;
    }
  }
  it->inner = n ? size[n - 1] : 1;
  it->ndim = n ? n - 1 : 0;
  it->outer = sl_count(size, 0, it->ndim);
  for (int k = 0; k < n_op; k++) {
    it->step[k] = n ? s[k][n - 1] : 1;
    for (int i = 0; i < it->ndim; i++) it->stride[k][i] = s[k][i] * it->size[k];
  }
  for (int i = 0; i < it->ndim; i++) it->shape[i] = size[i];
}

void sl_iter_at(const sl_iter *it, int64_t i, char *ptr[SL_ITER_MAX]) {
  for (int k = 0; k < it->n_op; k++) ptr[k] = it->base[k];
  for (int d = it->ndim - 1; d >= 0; d--) {
    int64_t at = i % it->shape[d];
    i /= it->shape[d];
    for (int k = 0; k < it->n_op; k++) ptr[k] += at * it->stride[k][d];
  }
}

typedef struct run_job {
  const sl_iter *it;
  sl_run_fn *body;
  void *arg;
  int64_t pieces; /* of one inner line */
} run_job;

static void run_range(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const run_job *j = arg;
  const sl_iter *it = j->it;
  for (int64_t i = begin; i < end; i++) {
    char *ptr[SL_ITER_MAX];
    int64_t first = i % j->pieces * SL_RUN, n = it->inner - first < SL_RUN ? it->inner - first : SL_RUN;
    sl_iter_at(it, i / j->pieces, ptr);
    for (int k = 0; k < it->n_op; k++) ptr[k] += first * it->step[k] * it->size[k];
    j->body(j->arg, it, n, ptr);
  }
}

void sl_iter_run(sl_ctx *c, const sl_iter *it, sl_run_fn *body, void *arg) {
  if (!it->outer || !it->inner) return;
  run_job j = {.it = it, .body = body, .arg = arg, .pieces = (it->inner + SL_RUN - 1) / SL_RUN};
  sl_parallel_for(c, it->outer * j.pieces, sl_grain(it->inner < SL_RUN ? it->inner : SL_RUN, SL_RUN), run_range, &j);
}
