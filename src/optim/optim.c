/* Optimizers: making them, and the step that all kinds share. */
#include "optim/optim.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const sl_optim_kind *const families[] = {sl_optim_adam, sl_optim_sgd, NULL};

static const sl_optim_kind *kind_at(int i) {
  for (int f = 0; families[f]; f++)
    for (const sl_optim_kind *k = families[f]; k->info.name; k++)
      if (i-- == 0) return k;
  return NULL;
}

bool sl_optim_info_at(int i, sl_optim_info *out) {
  const sl_optim_kind *k = kind_at(i);
  if (k) *out = k->info;
  return k != NULL;
}

/* ---- making ----------------------------------------------------------------------- */

static const sl_optim_kind *kind_find(sl_ctx *c, const char *name) {
  const sl_optim_kind *k;
  for (int i = 0; (k = kind_at(i)); i++)
    if (!strcmp(k->info.name, name)) return k;
  return sl_fail(c, SL_EARG, "optim: argument kind: expected the name of an optimizer, got \"%s\"", name);
}

static bool keeps(const sl_optim *o, int s) {
  int option = o->kind->slot[s].option;
  return o->kind->slot[s].name && (!option || o->opt[option] != 0);
}

static bool make_buffers(sl_ctx *c, sl_optim *o) {
  const char *who = o->kind->info.name;
  for (int s = 0; s < SL_SLOTS && keeps(o, s); s++)
    if (!(o->slot[s] = sl_params_like(c, &o->params, who, false))) return false;
  return (o->grad = sl_alloc(c, (size_t)o->params.n * sizeof *o->grad, who)) &&
         (o->sums = sl_alloc(c, (size_t)(o->params.n_chunks + 1) * sizeof *o->sums, who));
}

sl_optim *sl_optim_new(sl_ctx *c, const char *kind, int n, sl_tensor *const *params, int n_options,
                       const double *options) {
  if (sl_failed(c)) return NULL;
  const sl_optim_kind *k = kind_find(c, kind);
  sl_optim *o = k ? sl_alloc(c, sizeof *o, kind) : NULL;
  if (!o) return NULL;
  memset(o, 0, sizeof *o);
  o->ctx = c;
  o->kind = k;
  if (sl_options_parse(c, kind, k->info.options, &o->spec) &&
      sl_options_fill(c, kind, &o->spec, n_options, options, o->opt) &&
      sl_params_init(c, &o->params, kind, n, params) && make_buffers(c, o))
    return o;
  sl_optim_free(o);
  return NULL;
}

void sl_optim_free(sl_optim *o) {
  if (!o) return;
  for (int s = 0; s < SL_SLOTS; s++) sl_tensors_free(o->ctx, o->params.n, o->slot[s]);
  sl_free(o->ctx, o->grad);
  sl_free(o->ctx, o->sums);
  sl_params_clear(o->ctx, &o->params);
  sl_free(o->ctx, o);
}

/* ---- the step ------------------------------------------------------------------------- */

static bool gather_gradients(sl_ctx *c, sl_optim *o) {
  bool any = false;
  for (int i = 0; i < o->params.n; i++) {
    sl_tensor *g = sl_grad_of(o->params.t[i]);
    if (g && !(g = sl_packed(c, g))) return false;
    o->grad[i] = g;
    any |= g != NULL;
  }
  if (any) return true;
  return sl_fail(c, SL_ESTATE, "%s.step: no parameter has a gradient: call backward first", o->kind->info.name);
}

static void sum_squares(void *arg, int64_t begin, int64_t end, int lane) {
  sl_optim *o = arg;
  (void)lane;
  for (int64_t i = begin; i < end; i++) {
    const sl_chunk *k = &o->params.chunk[i];
    const sl_tensor *g = o->grad[k->param];
    o->sums[i] = g ? o->ctx->k->real[g->dtype].sumsq(k->n, sl_chunk_at(g, k)) : 0;
  }
}

/* The partial sums are added in ascending order. */
static bool global_norm(sl_ctx *c, sl_optim *o, double *norm) {
  int64_t i;
  sl_parallel_for(c, o->params.n_chunks, 1, sum_squares, o);
  double total = 0;
  for (i = 0; i < o->params.n_chunks && isfinite(total); i++) total += o->sums[i];
  *norm = sqrt(total);
  if (isfinite(total)) return true;
  return sl_fail(c, SL_EVALUE, "%s.step: the global norm of the gradients is %s, first at parameter %d of %d; nothing "
                 "has changed", o->kind->info.name, isnan(total) ? "nan" : "infinite",
                 o->params.chunk[i - 1].param + 1, o->params.n);
}

typedef struct update {
  sl_optim *o;
  sl_step step;
} update;

static void update_chunks(void *arg, int64_t begin, int64_t end, int lane) {
  const update *u = arg;
  sl_optim *o = u->o;
  (void)lane;
  for (int64_t i = begin; i < end; i++) {
    const sl_chunk *k = &o->params.chunk[i];
    sl_tensor *p = o->params.t[k->param], *g = o->grad[k->param];
    void *slot[SL_SLOTS] = {NULL};
    if (!g) continue;
    for (int s = 0; s < SL_SLOTS && o->slot[s]; s++) slot[s] = sl_chunk_at(o->slot[s][k->param], k);
    o->kind->update(&u->step, &o->ctx->k->real[p->dtype], p->dtype, k->n, sl_chunk_at(p, k), sl_chunk_at(g, k), slot);
  }
}

static void update_all(sl_ctx *c, sl_optim *o, double norm) {
  double warmup = o->opt[SL_WARMUP], clip = o->opt[SL_GRAD_CLIP];
  update u = {o, {.opt = o->opt, .t = o->steps + 1, .lr = o->opt[SL_LR], .scale = 1}};
  if (warmup > 0) u.step.lr *= fmin((double)o->steps / warmup, 1);
  if (clip > 0) u.step.scale = fmin(1, clip / (norm + 1e-6));
  sl_parallel_for(c, o->params.n_chunks, 1, update_chunks, &u);
  sl_params_changed(&o->params);
  o->steps++;
}

bool sl_optim_step(sl_ctx *c, sl_optim *o, double *norm) {
  double n = 0;
  if (sl_failed(c)) return false;
  size_t mark = sl_pool_open(c);
  bool ok = gather_gradients(c, o) && global_norm(c, o, &n);
  if (ok) update_all(c, o, n);
  sl_pool_close(c, mark);
  if (ok && norm) *norm = n;
  return ok;
}

bool sl_optim_zero_grad(sl_ctx *c, sl_optim *o) {
  bool ok = true;
  for (int i = 0; i < o->params.n; i++) ok = sl_grad_set(c, o->params.t[i], NULL) && ok;
  return ok;
}

/* ---- options and state ------------------------------------------------------------------ */

const char *sl_optim_kind_name(const sl_optim *o) { return o->kind->info.name; }

double sl_optim_option(const sl_optim *o, const char *name) {
  int i = sl_option_find(&o->spec, name);
  return i < 0 ? SL_OMIT : o->opt[i];
}

bool sl_optim_option_set(sl_ctx *c, sl_optim *o, const char *name, double value) {
  int i = sl_option_find(&o->spec, name);
  if (i < 0) return sl_fail(c, SL_EARG, "%s: there is no option %s", o->kind->info.name, name);
  if (!sl_option_check(c, o->kind->info.name, &o->spec.o[i], value)) return false;
  for (int s = 0; s < SL_SLOTS; s++)
    if (i && o->kind->slot[s].option == i && value != o->opt[i])
      return sl_fail(c, SL_EARG, "%s: argument %s: expected to stay as it was made", o->kind->info.name, name);
  o->opt[i] = value;
  return true;
}

int64_t sl_optim_steps(const sl_optim *o) { return o->steps; }
void sl_optim_steps_set(sl_optim *o, int64_t steps) { o->steps = steps; }

sl_tensor *sl_optim_tensor(const sl_optim *o, int i, char name[64]) {
  int s = i / o->params.n, p = i % o->params.n;
  if (i < 0 || s >= SL_SLOTS || !o->slot[s]) return NULL;
  snprintf(name, 64, "%s.%d", o->kind->slot[s].name, p + 1);
  return o->slot[s][p];
}
