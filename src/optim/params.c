/* Parameter lists. */
#include "optim/params.h"
#include <string.h>

static bool fits(sl_ctx *c, const char *who, int n, sl_tensor *const *params, int i) {
  const sl_tensor *t = params[i];
  if (!t) return sl_fail(c, SL_EARG, "%s: argument params: expected a tensor at place %d, got nothing", who, i + 1);
  if (!sl_dtype_is_float(t->dtype) || t->node || !t->requires_grad)
    return sl_fail(c, SL_EARG, "%s: argument params: expected a leaf that requires a gradient at place %d, got a%s "
                   "%s tensor that does not", who, i + 1, t->node ? " computed" : "", sl_dtype_name(t->dtype));
  if (!sl_is_contiguous(t))
    return sl_fail(c, SL_EARG, "%s: argument params: expected a contiguous tensor at place %d", who, i + 1);
  for (int j = i + 1; j < n; j++)
    if (params[j] == t)
      return sl_fail(c, SL_EARG, "%s: argument params: the tensor at place %d is there again at %d", who, i + 1, j + 1);
  return true;
}

static int64_t chunks_of(const sl_tensor *t) { return (sl_numel(t) + SL_CHUNK - 1) / SL_CHUNK; }

static void cut(sl_params *p) {
  int64_t at = 0;
  for (int i = 0; i < p->n; i++)
    for (int64_t begin = 0, size = sl_numel(p->t[i]); begin < size; begin += SL_CHUNK) {
      int64_t rest = size - begin;
      p->chunk[at++] = (sl_chunk){i, begin, rest < SL_CHUNK ? rest : SL_CHUNK};
    }
}

bool sl_params_init(sl_ctx *c, sl_params *p, const char *who, int n, sl_tensor *const *params) {
  *p = (sl_params){.n = n};
  if (n < 1)
    return sl_fail(c, SL_EARG, "%s: argument params: expected at least one tensor, such as those that net:parameters() "
                   "lists, got none", who);
  for (int i = 0; i < n; i++) {
    if (!fits(c, who, n, params, i)) return false;
    p->n_chunks += chunks_of(params[i]);
  }
  p->t = sl_alloc(c, (size_t)n * sizeof *p->t, who);
  p->chunk = sl_alloc(c, (size_t)(p->n_chunks + 1) * sizeof *p->chunk, who);
  if (p->t)
    for (int i = 0; i < n; i++) p->t[i] = sl_retain(params[i]);
  if (p->t && p->chunk) {
    cut(p);
    return true;
  }
  sl_params_clear(c, p);
  return false;
}

void sl_params_clear(sl_ctx *c, sl_params *p) {
  sl_tensors_free(c, p->n, p->t);
  sl_free(c, p->chunk);
  *p = (sl_params){0};
}

void sl_tensors_free(sl_ctx *c, int n, sl_tensor **t) {
  for (int i = 0; t && i < n; i++) sl_release(t[i]);
  sl_free(c, t);
}

static sl_tensor *fresh_like(sl_ctx *c, sl_tensor *t, bool copy) {
  sl_tensor *y = copy ? sl_empty(c, t->dtype, t->ndim, t->shape) : sl_full(c, t->dtype, t->ndim, t->shape, 0);
  return y && (!copy || sl_copy_into(c, y, t)) ? sl_retain(y) : NULL;
}

sl_tensor **sl_params_like(sl_ctx *c, const sl_params *p, const char *who, bool copy) {
  sl_tensor **out = sl_alloc(c, (size_t)p->n * sizeof *out, who);
  if (!out) return NULL;
  memset(out, 0, (size_t)p->n * sizeof *out);
  size_t mark = sl_pool_open(c);
  bool ok = true;
  for (int i = 0; ok && i < p->n; i++) ok = (out[i] = fresh_like(c, p->t[i], copy)) != NULL;
  sl_pool_close(c, mark);
  if (ok) return out;
  sl_tensors_free(c, p->n, out);
  return NULL;
}

void sl_params_changed(const sl_params *p) {
  for (int i = 0; i < p->n; i++) p->t[i]->storage->version++;
}
