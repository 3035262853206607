#include "kernel/kernel.h"
#include "tensor/internal.h"

typedef struct fill_job {
  const sl_real_kernels *k;
  sl_dist dist;
  sl_key key;
  const int64_t *index;
  int64_t rows, row, pieces; /* pieces of SL_RUN elements in a row */
  size_t size;
  char *out;
} fill_job;

static void fill_range(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const fill_job *j = arg;
  for (int64_t i = begin; i < end; i++) {
    int64_t row = i / j->pieces, first = i % j->pieces * SL_RUN, n = j->row - first < SL_RUN ? j->row - first : SL_RUN;
    sl_key key = j->key;
    key.index = j->index ? (uint64_t)j->index[row] : key.index + (uint64_t)row;
    j->k->random(j->dist, &key, first, n, j->out + (size_t)(row * j->row + first) * j->size);
  }
}

/* Rows of less than SHORT elements, many to a call. */
enum { SHORT = 64 };
static void fill_rows(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const fill_job *j = arg;
  sl_key key = j->key;
  key.index += (uint64_t)begin;
  j->k->random_rows(j->dist, &key, j->index ? j->index + begin : NULL, end - begin, j->row,
                    j->out + (size_t)(begin * j->row) * j->size);
}

sl_tensor *sl_random(sl_ctx *c, sl_dist dist, sl_dtype d, int ndim, const int64_t *shape, sl_key key, bool per_row,
                     const int64_t *index) {
  if (!sl_failed(c) && (!sl_dtype_is_float(d) || (per_row && ndim < 1)))
    return sl_fail(c, SL_EDTYPE, "random: expected a floating type%s", per_row ? " and at least one dimension" : "");
  sl_tensor *t = sl_empty(c, d, ndim, shape);
  if (!t || !sl_numel(t)) return t;
  fill_job j = {.k = &c->k->real[d], .dist = dist, .key = key, .index = index, .size = sl_dtype_size(d),
                .out = sl_data(t)};
  j.rows = per_row ? shape[0] : 1;
  j.row = sl_numel(t) / j.rows;
  if (per_row && j.row < SHORT) {
    sl_parallel_for(c, j.rows, SL_RUN / SHORT, fill_rows, &j);
    return t;
  }
  j.pieces = (j.row + SL_RUN - 1) / SL_RUN;
  sl_parallel_for(c, j.rows * j.pieces, sl_grain(j.row < SL_RUN ? j.row : SL_RUN, SL_RUN), fill_range, &j);
  return t;
}
