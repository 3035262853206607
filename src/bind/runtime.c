/* Threads, memory, seeds, interrupts, and what only tests need. */
#include "state.h"

static int set_threads(lua_State *L) {
  if (!sl_threads_set(context(L), (int)check_integer(L, 1, "set_threads", "n", 0, 256))) return raise_error(L);
  return 0;
}

static int threads(lua_State *L) {
  lua_pushinteger(L, sl_threads(context(L)));
  return 1;
}

static int isa(lua_State *L) {
  lua_pushstring(L, sl_isa(context(L)));
  return 1;
}

/* memory(): { live =, peak = } in bytes. */
static int memory(lua_State *L) {
  sl_ctx *c = context(L);
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, (lua_Integer)sl_mem_live(c));
  lua_setfield(L, -2, "live");
  lua_pushinteger(L, (lua_Integer)sl_mem_peak(c));
  lua_setfield(L, -2, "peak");
  return 1;
}

/* traceback(message): for xpcall; the traceback is that of the callback that raised it, if one did. */
static int traceback(lua_State *L) {
  const char *text = luaL_tolstring(L, 1, NULL);
  if (push_callback_traceback(L, 1)) lua_pushfstring(L, "%s\n%s", text, lua_tostring(L, -1));
  else luaL_traceback(L, L, text, 1);
  return 1;
}

/* ---- random numbers ------------------------------------------------------------------- */

static int manual_seed(lua_State *L) {
  sl_manual_seed(context(L), (uint64_t)check_integer(L, 1, "manual_seed", "seed", INT64_MIN, INT64_MAX));
  return 0;
}

/* rng_state(): what a checkpoint saves of the generator. */
static int rng_state(lua_State *L) {
  sl_rng r = sl_rng_get(context(L));
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, (lua_Integer)r.seed);
  lua_setfield(L, -2, "seed");
  lua_pushinteger(L, (lua_Integer)r.seen);
  lua_setfield(L, -2, "seen");
  lua_pushinteger(L, r.init_draw);
  lua_setfield(L, -2, "init_draw");
  lua_pushinteger(L, r.user_draw);
  lua_setfield(L, -2, "user_draw");
  return 1;
}

static int set_rng_state(lua_State *L) {
  static const char *const keys[] = {"seed", "seen", "init_draw", "user_draw", NULL};
  if (!lua_istable(L, 1)) return bad_argument(L, 1, "set_rng_state", "state", "a table as rng_state gives");
  options o = read_options(L, 1, "set_rng_state", keys);
  sl_rng r = sl_rng_get(context(L));
  r.seed = (uint64_t)option_integer(&o, "seed", (int64_t)r.seed, INT64_MIN, INT64_MAX);
  r.seen = (uint64_t)option_integer(&o, "seen", (int64_t)r.seen, 0, INT64_C(1) << 56);
  r.init_draw = (uint32_t)option_integer(&o, "init_draw", r.init_draw, 0, UINT32_MAX);
  r.user_draw = (uint32_t)option_integer(&o, "user_draw", r.user_draw, 0, UINT32_MAX);
  sl_rng_set(context(L), r);
  return 0;
}

/* train_batch(n): opens a training batch of n samples, whose random numbers depend on their place in the whole run. */
static int train_batch(lua_State *L) {
  sl_train_batch(context(L), check_integer(L, 1, "train_batch", "n", 0, INT64_MAX));
  return 0;
}

typedef struct train_draw {
  sl_dist dist;
  sl_dtype dtype;
  int ndim;
  int64_t shape[SL_MAX_DIMS];
} train_draw;

static sl_tensor *run_train_random(sl_ctx *c, void *args) {
  const train_draw *d = args;
  sl_key key = sl_key_next(c, SL_STREAM_TRAIN);
  sl_tensor *t = sl_random(c, d->dist, d->dtype, d->ndim, d->shape, key, true, NULL);
  if (!t) sl_train_draw_set(c, key.draw); /* a second try draws the same */
  return t;
}

/* train_random(dist, shape, dtype): the batch's next draw; row i belongs to the batch's sample i. */
static int train_random(lua_State *L) {
  static const char *const dists[] = {"uniform", "normal", "rademacher", NULL};
  static const char *const dtypes[] = {"float32", "float64", NULL};
  train_draw d = {.dist = (sl_dist)check_choice(L, 1, "train_random", "dist", dists)};
  d.ndim = check_shape(L, 2, "train_random", "shape", d.shape);
  if (d.ndim == 0) return bad_argument(L, 2, "train_random", "shape", "at least one size");
  d.dtype = check_choice(L, 3, "train_random", "dtype", dtypes) ? SL_F64 : SL_F32;
  return return_tensor(L, run_train_random, &d);
}

/* ---- interrupts: what sl.progress is made of --------------------------------------------- */

/* Between begin and finish the program's first SIGINT only asks; the second raises. In another host nothing asks. */
static int interrupt_begin(lua_State *L) {
  interrupt *i = state_interrupt(L);
  if (i->loops++ == 0) i->requested = 0;
  return 0;
}

static int interrupt_requested(lua_State *L) {
  lua_pushboolean(L, state_interrupt(L)->requested);
  return 1;
}

/* Returns whether it was asked. */
static int interrupt_finish(lua_State *L) {
  interrupt *i = state_interrupt(L);
  lua_pushboolean(L, i->requested);
  if (i->loops > 0) i->loops--;
  return 1;
}

/* ---- for tests ------------------------------------------------------------------------------ */

/* fail_alloc(n [, onwards]): the n-th allocation of the core from now fails, and with onwards all after it; 0: none. */
static int fail_alloc(lua_State *L) {
  sl_mem_fail(context(L), (uint64_t)check_integer(L, 1, "fail_alloc", "n", 0, INT64_MAX), lua_toboolean(L, 2));
  return 0;
}

/* live(): bytes the core has handed out. */
static int live(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)sl_mem_live(context(L)));
  return 1;
}

static int poll(lua_State *L) { return sl_poll(context(L)) ? 0 : raise_error(L); }

static int call_body(lua_State *L) {
  lua_settop(L, 1);
  lua_call(L, 0, 0);
  return 0;
}

/* call(f): f as a callback of the core. */
static int testing_call(lua_State *L) {
  check_callable(L, 1, "call", "f");
  callback f = stack_callback(L, 1);
  return callback_run(context(L), &f, call_body, NULL) ? 0 : raise_error(L);
}

static const luaL_Reg functions[] = {
  {"set_threads", set_threads}, {"threads", threads}, {"isa", isa}, {"memory", memory}, {"manual_seed", manual_seed},
  {"rng_state", rng_state}, {"set_rng_state", set_rng_state}, {"train_batch", train_batch},
  {"train_random", train_random}, {"traceback", traceback}, {NULL, NULL},
};
static const luaL_Reg interrupt_functions[] = {
  {"begin", interrupt_begin}, {"requested", interrupt_requested}, {"finish", interrupt_finish}, {NULL, NULL},
};
static const luaL_Reg testing_functions[] = {
  {"fail_alloc", fail_alloc}, {"live", live}, {"poll", poll}, {"call", testing_call}, {NULL, NULL},
};

void sl_bind_runtime(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
  luaL_newlib(L, interrupt_functions);
  lua_setfield(L, -2, "interrupt");
  luaL_newlib(L, testing_functions);
  lua_setfield(L, -2, "testing");
}
