/* Walking several strided operands together. */
#include "tensor/internal.h"

#include <string.h>

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

/* A position of the outer part that steps to the next one. */
typedef struct place {
  int64_t at[SL_MAX_DIMS];
  char *ptr[SL_ITER_MAX];
} place;

static place place_at(const sl_iter *it, int64_t i) {
  place p;
  sl_iter_at(it, i, p.ptr);
  for (int d = it->ndim - 1; d >= 0; i /= it->shape[d--]) p.at[d] = i % it->shape[d];
  return p;
}

static void place_next(const sl_iter *it, place *p) {
  for (int d = it->ndim - 1; d >= 0; d--) {
    bool over = ++p->at[d] == it->shape[d];
    for (int k = 0; k < it->n_op; k++) p->ptr[k] += it->stride[k][d] * (over ? 1 - it->shape[d] : 1);
    if (!over) return;
    p->at[d] = 0;
  }
}

typedef struct run_job {
  const sl_iter *it;
  sl_run_fn *body;
  void *arg;
  int64_t pieces; /* of one inner line */
  int64_t rows;   /* short rows: lines of a block */
} run_job;

static void run_range(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const run_job *j = arg;
  const sl_iter *it = j->it;
  place p = place_at(it, begin / j->pieces);
  for (int64_t i = begin; i < end; i++) {
    char *ptr[SL_ITER_MAX];
    int64_t piece = i % j->pieces, first = piece * SL_RUN, n = it->inner - first < SL_RUN ? it->inner - first : SL_RUN;
    for (int k = 0; k < it->n_op; k++) ptr[k] = p.ptr[k] + first * it->step[k] * it->size[k];
    j->body(j->arg, it, n, ptr);
    if (piece == j->pieces - 1) place_next(it, &p);
  }
}

/* ---- short rows --------------------------------------------------------------------
   Where the inner part is short, a call a row would cost more than the work. Blocks of
   rows are gathered from the operands that are not contiguous, so that the body sees
   one long run of each; operand 0 is what it writes. */

enum { SHORT = 64, SHORT_OUT = 16, BLOCK = 1024 }; /* elements; SHORT_OUT where operand 0 is not contiguous either */

static bool contiguous(const sl_iter *it, int k) {
  int64_t run = it->inner * it->size[k];
  if (it->step[k] != 1) return false;
  for (int d = it->ndim - 1; d >= 0; run *= it->shape[d--])
    if (it->stride[k][d] != run) return false;
  return true;
}

/* Rows of n elements `step` apart, `row` bytes between them, to y[rows,n] or (back) from it. */
#define MOVE(T)                                                                                            \
  static inline void move_##T(bool back, int64_t rows, int64_t n, char *x, int64_t row, int64_t step, T *y) { \
    for (int64_t r = 0; r < rows; r++, x += row, y += n)                                                   \
      for (int64_t i = 0; i < n; i++)                                                                      \
        if (back) ((T *)x)[i * step] = y[i];                                                               \
        else y[i] = ((const T *)x)[i * step];                                                              \
  }                                                                                                        \
  static void gather_##T(int64_t rows, int64_t n, char *x, int64_t row, int64_t step, void *y) {           \
    if (step == 0 && n == 2) move_##T(false, rows, 2, x, row, 0, y);                                       \
    else if (step == 0 && n == 3) move_##T(false, rows, 3, x, row, 0, y);                                  \
    else if (step == 0) move_##T(false, rows, n, x, row, 0, y);                                            \
    else if (step == 1 && n == 2) move_##T(false, rows, 2, x, row, 1, y);                                  \
    else if (step == 1 && n == 3) move_##T(false, rows, 3, x, row, 1, y);                                  \
    else if (step == 1 && n >= 8)                                                                          \
      for (int64_t r = 0; r < rows; r++) memcpy((T *)y + r * n, x + r * row, (size_t)n * sizeof(T));       \
    else move_##T(false, rows, n, x, row, step, y);                                                        \
  }                                                                                                        \
  static void scatter_##T(int64_t rows, int64_t n, char *x, int64_t row, int64_t step, void *y) {          \
    if (step == 1 && n == 2) move_##T(true, rows, 2, x, row, 1, y);                                        \
    else if (step == 1 && n >= 8)                                                                          \
      for (int64_t r = 0; r < rows; r++) memcpy(x + r * row, (T *)y + r * n, (size_t)n * sizeof(T));       \
    else move_##T(true, rows, n, x, row, step, y);                                                         \
  }
MOVE(uint8_t)
MOVE(uint32_t)
MOVE(uint64_t)

/* Rows of operand k from p on, to a block or (back) from it. */
static void move_rows(const sl_iter *it, bool back, int k, place p, int64_t rows, char *block) {
  typedef void mover(int64_t rows, int64_t n, char *x, int64_t row, int64_t step, void *y);
  static mover *const movers[2][3] = {{gather_uint8_t, gather_uint32_t, gather_uint64_t},
                                      {scatter_uint8_t, scatter_uint32_t, scatter_uint64_t}};
  mover *move = movers[back][it->size[k] / 4];
  int last = it->ndim - 1;
  while (rows > 0) {
    int64_t n = it->shape[last] - p.at[last];
    if (n > rows) n = rows;
    move(n, it->inner, p.ptr[k], it->stride[k][last], it->step[k], block);
    for (int o = 0; o < it->n_op; o++) p.ptr[o] += (n - 1) * it->stride[o][last];
    p.at[last] += n - 1;
    place_next(it, &p);
    block += n * it->inner * it->size[k];
    rows -= n;
  }
}

static void short_range(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  const run_job *j = arg;
  sl_iter flat = *j->it;
  uint64_t block[SL_ITER_MAX][BLOCK];
  bool plain[SL_ITER_MAX];
  for (int k = 0; k < flat.n_op; k++) plain[k] = contiguous(j->it, k), flat.step[k] = 1;
  for (int64_t i = begin; i < end; i++) {
    char *ptr[SL_ITER_MAX];
    int64_t first = i * j->rows, rows = flat.outer - first < j->rows ? flat.outer - first : j->rows;
    place p = place_at(j->it, first);
    for (int k = 0; k < flat.n_op; k++) {
      ptr[k] = plain[k] ? p.ptr[k] : (char *)block[k];
      if (k && !plain[k]) move_rows(j->it, false, k, p, rows, ptr[k]);
    }
    j->body(j->arg, &flat, rows * flat.inner, ptr);
    if (!plain[0]) move_rows(j->it, true, 0, p, rows, ptr[0]);
  }
}

void sl_iter_run(sl_ctx *c, const sl_iter *it, sl_run_fn *body, void *arg) {
  if (!it->outer || !it->inner) return;
  run_job j = {.it = it, .body = body, .arg = arg, .pieces = (it->inner + SL_RUN - 1) / SL_RUN};
  if (it->ndim && it->inner < (contiguous(it, 0) ? SHORT : SHORT_OUT)) {
    j.rows = BLOCK / it->inner;
    int64_t blocks = (it->outer + j.rows - 1) / j.rows;
    sl_parallel_for(c, blocks, SL_RUN / BLOCK, short_range, &j);
    return;
  }
  sl_parallel_for(c, it->outer * j.pieces, sl_grain(it->inner < SL_RUN ? it->inner : SL_RUN, SL_RUN), run_range, &j);
}
