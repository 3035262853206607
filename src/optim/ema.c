/* Exponential moving average of parameters (score_sde's models/ema.py). */
#include "optim/params.h"
#include "sdelua/optim.h"
#include <math.h>
#include <string.h>

struct sl_ema {
  sl_ctx *ctx;
  double decay;
  bool warmup, swapped;
  int64_t updates;
  sl_params params;
  sl_tensor **avg; /* [param] */
};

sl_ema *sl_ema_new(sl_ctx *c, int n, sl_tensor *const *params, double decay, bool warmup) {
  if (sl_failed(c)) return NULL;
  if (!(decay >= 0 && decay <= 1))
    return sl_fail(c, SL_EARG, "EMA: argument decay: expected a number in [0,1], got %.6g", decay);
  sl_ema *e = sl_alloc(c, sizeof *e, "EMA");
  if (!e) return NULL;
  memset(e, 0, sizeof *e);
  *e = (sl_ema){.ctx = c, .decay = decay, .warmup = warmup};
  if (sl_params_init(c, &e->params, "EMA", n, params) && (e->avg = sl_params_like(c, &e->params, "EMA", true)))
    return e;
  sl_ema_free(e);
  return NULL;
}

void sl_ema_free(sl_ema *e) {
  if (!e) return;
  sl_tensors_free(e->ctx, e->params.n, e->avg);
  sl_params_clear(e->ctx, &e->params);
  sl_free(e->ctx, e);
}

static bool in_place(sl_ctx *c, const sl_ema *e, const char *what) {
  if (sl_failed(c)) return false;
  if (!e->swapped) return true;
  return sl_fail(c, SL_ESTATE, "EMA.%s: the averages are swapped in: swap back first", what);
}

typedef struct walk {
  sl_ema *e;
  double decay;
} walk;

static void update_chunks(void *arg, int64_t begin, int64_t end, int lane) {
  const walk *w = arg;
  (void)lane;
  for (int64_t i = begin; i < end; i++) {
    const sl_chunk *k = &w->e->params.chunk[i];
    const sl_tensor *p = w->e->params.t[k->param];
    w->e->ctx->k->real[p->dtype].ema(k->n, sl_chunk_at(w->e->avg[k->param], k), sl_chunk_at(p, k), w->decay);
  }
}

bool sl_ema_update(sl_ctx *c, sl_ema *e) {
  if (!in_place(c, e, "update")) return false;
  double n = (double)++e->updates;
  walk w = {e, e->warmup ? fmin(e->decay, (1 + n) / (10 + n)) : e->decay};
  sl_parallel_for(c, e->params.n_chunks, 1, update_chunks, &w);
  return true;
}

static void swap_chunks(void *arg, int64_t begin, int64_t end, int lane) {
  sl_ema *e = arg;
  char buffer[4096];
  (void)lane;
  for (int64_t i = begin; i < end; i++) {
    const sl_chunk *k = &e->params.chunk[i];
    char *a = sl_chunk_at(e->params.t[k->param], k), *b = sl_chunk_at(e->avg[k->param], k);
    size_t left = (size_t)k->n * sl_dtype_size(e->avg[k->param]->dtype);
    for (size_t n; left; left -= n, a += n, b += n) {
      n = left < sizeof buffer ? left : sizeof buffer;
      memcpy(buffer, a, n);
      memcpy(a, b, n);
      memcpy(b, buffer, n);
    }
  }
}

bool sl_ema_swap(sl_ctx *c, sl_ema *e) {
  if (sl_failed(c)) return false;
  sl_parallel_for(c, e->params.n_chunks, 1, swap_chunks, e);
  sl_params_changed(&e->params);
  e->swapped = !e->swapped;
  return true;
}

bool sl_ema_copy_to(sl_ctx *c, sl_ema *e) {
  return in_place(c, e, "copy_to") && sl_copy_all(c, "EMA.copy_to", e->params.n, e->params.t, e->avg);
}

bool sl_ema_swapped(const sl_ema *e) { return e->swapped; }
double sl_ema_decay(const sl_ema *e) { return e->decay; }
int64_t sl_ema_updates(const sl_ema *e) { return e->updates; }
void sl_ema_updates_set(sl_ema *e, int64_t updates) { e->updates = updates; }
sl_tensor *sl_ema_tensor(const sl_ema *e, int i) { return i >= 0 && i < e->params.n ? e->avg[i] : NULL; }
