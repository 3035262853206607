/* Functions of the caller's own as nodes of the graph: with a vjp of theirs, or run
   again in backward (checkpointing). Not in the table of ops: the rows here say how
   a node treats any such function. */
#include "op/op.h"

#include <string.h>

void sl_function_release(sl_function *f) {
  if (f && --f->refs == 0 && f->release) f->release(f);
}

/* ---- with a vjp -------------------------------------------------------------------- */

/* The result may be an argument, or have a graph from elsewhere. */
static bool run(sl_ctx *c, sl_call *k) {
  return (k->out[0] = sl_detach(c, k->fn->forward(c, k->fn, k->n_in, k->in))) != NULL;
}

static bool run_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_function *f = k->fn;
  return f->vjp(c, f, k->n_in, k->in, f->keep_y ? sl_saved_out(c, k, 0) : NULL, dout[0], k->need, din);
}

/* ---- what a function reads ---------------------------------------------------------- */

static bool watch_add(sl_ctx *c, sl_watch *w, sl_tensor *x) {
  if (w->n == w->cap) {
    int64_t cap = w->cap ? 2 * w->cap : 16;
    sl_tensor **more = sl_alloc(c, (size_t)cap * sizeof *more, "checkpoint");
    if (!more) return false;
    if (w->n) memcpy(more, w->x, (size_t)w->n * sizeof *more);
    sl_free(c, w->x);
    w->x = more;
    w->cap = cap;
  }
  w->x[w->n++] = sl_retain(x);
  return true;
}

static bool is_watched(const sl_watch *w, const sl_tensor *x) {
  for (int64_t i = 0; i < w->n; i++)
    if (w->x[i] == x) return true;
  return false;
}

static bool watch_one(sl_ctx *c, sl_tensor *x) {
  bool wanted = x && (x->requires_grad || (x->node && x->node->seq < c->watch->before));
  return !wanted || is_watched(c->watch, x) || watch_add(c, c->watch, x);
}

bool sl_watch_inputs(sl_ctx *c, const sl_call *k) {
  for (int i = 0; i < k->n_in; i++)
    if (!watch_one(c, k->in[i])) return false;
  return true;
}

/* ---- run again ------------------------------------------------------------------------ */

enum { N_ARGS, SEED, USER_DRAW, TRAIN_INDEX, TRAIN_DRAW }; /* p[] of such a call */

static void get_draws(const sl_ctx *c, sl_param *p) {
  p[SEED].i = (int64_t)c->rng.seed;
  p[USER_DRAW].i = c->rng.user_draw;
  p[TRAIN_INDEX].i = (int64_t)c->train_index;
  p[TRAIN_DRAW].i = c->train_draw;
}

static void set_draws(sl_ctx *c, const sl_param *p) {
  c->rng.seed = (uint64_t)p[SEED].i;
  c->rng.user_draw = (uint32_t)p[USER_DRAW].i;
  c->train_index = (uint64_t)p[TRAIN_INDEX].i;
  c->train_draw = (uint32_t)p[TRAIN_DRAW].i;
}

/* What it read besides its arguments, parameters above all, joins them: the graph
   then knows all that the result depends on. The list is this call's or, when that
   is not recorded, of a call around it. */
static bool run_watched(sl_ctx *c, sl_call *k) {
  get_draws(c, k->p);
  sl_tensor *y = k->fn->forward(c, k->fn, k->n_in, k->in);
  if (!(k->out[0] = sl_detach(c, y))) return false;
  if (!c->watch) return true;
  if (!watch_one(c, y)) return false;
  k->in = c->watch->x;
  k->n_in = (int)c->watch->n;
  return true;
}

static sl_tensor *run_again(sl_ctx *c, const sl_call *k) {
  sl_param now[SL_MAX_PARAM];
  get_draws(c, now);
  set_draws(c, k->p);
  sl_tensor *y = k->fn->forward(c, k->fn, (int)k->p[N_ARGS].i, k->in);
  set_draws(c, now);
  return y;
}

/* ---- the call -------------------------------------------------------------------------- */

static const sl_spec keeps_x = {.n_in = 1, .variadic = true, .in = {{.name = "x", .keep = true}}};
static const sl_spec keeps_x_y = {.n_in = 1, .variadic = true, .in = {{.name = "x", .keep = true}}, .keep_out = true};
static const sl_op with_vjp = {.name = "custom_vjp", .spec = &keeps_x, .forward = run, .vjp = run_vjp};
static const sl_op with_vjp_of_y = {.name = "custom_vjp", .spec = &keeps_x_y, .forward = run, .vjp = run_vjp};
static const sl_op to_run_again = {.name = "checkpoint", .spec = &keeps_x, .forward = run_watched, .again = run_again};

/* The caller's tensors may go while the function runs: the list of what it reads holds them too. */
sl_tensor *sl_function_apply(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x) {
  if (sl_failed(c)) return NULL;
  const sl_op *op = !f->vjp ? &to_run_again : f->keep_y ? &with_vjp_of_y : &with_vjp;
  sl_watch read = {.before = c->next_node}, *outer = c->watch;
  sl_call k = {.op = op, .fn = f, .n_in = n, .in = (sl_tensor **)x, .p = {[N_ARGS] = {.i = n}}};
  bool ok = true;
  f->refs++;
  for (int i = 0; i < n && ok; i++) ok = watch_add(c, &read, x[i]);
  if (c->recording && !f->vjp) c->watch = &read;
  sl_tensor *y = ok ? sl_apply(c, &k) : NULL;
  if (c->watch != outer) {
    c->watch = outer;
    if (outer && y && !sl_watch_inputs(c, &k)) y = NULL;
  }
  while (read.n) sl_release(read.x[--read.n]);
  sl_free(c, read.x);
  sl_function_release(f);
  return y;
}
