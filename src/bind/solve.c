/* core.solve: the integrations of sdelua/solve.h, over scores, noise and steppers that may be Lua functions. The
   solvers that scripts see are lua/sdelua/solve/. */
#include "sdelua/solve.h"
#include "sde.h"

#include <string.h>

/* ---- score and noise ------------------------------------------------------------------ */

typedef struct score_box {
  callback score, exchange;
} score_box;

/* Places from 1, as Lua counts; NULL stays. */
static bool count_from_one(sl_ctx *c, sl_tensor **rows) {
  return !*rows || (*rows = sl_add(c, *rows, sl_scalar(c, SL_I64, 1))) != NULL;
}

static sl_tensor *call_score(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows) {
  if (!count_from_one(c, &rows)) return NULL;
  return callback_tensor(c, &((score_box *)ud)->score, "score", rows ? 3 : 2, (sl_tensor *const[]){x, t, rows});
}

/* A function of tensors that gives two. */
typedef struct pair_call {
  const char *who;
  sl_tensor *x, *t, *rows, *y[2];
} pair_call;

static void retain_pair(lua_State *L, const char *who, sl_tensor *y[2]) {
  sl_tensor *a = check_tensor(L, -2, who, "first result"), *b = check_tensor(L, -1, who, "second result");
  y[0] = sl_retain(a), y[1] = sl_retain(b);
}

static int exchange_body(lua_State *L) {
  pair_call *k = lua_touserdata(L, 2);
  lua_settop(L, 1);
  push_tensor(L, k->x);
  push_tensor(L, k->t);
  if (k->rows) push_tensor(L, k->rows);
  lua_call(L, k->rows ? 3 : 2, 2);
  retain_pair(L, k->who, k->y);
  return 0;
}

/* Puts two references into the current pool. */
static bool pool_pair(sl_ctx *c, sl_tensor *y[2]) {
  bool ok = hold_tensor(c, y[0]) && hold_tensor(c, y[1]);
  sl_release(y[0]), sl_release(y[1]);
  return ok;
}

static bool call_exchange(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows, sl_tensor **x0,
                          sl_tensor **eps) {
  if (!count_from_one(c, &rows)) return false;
  pair_call k = {"score", x, t, rows, {NULL, NULL}};
  if (!callback_run(c, &((score_box *)ud)->exchange, exchange_body, &k) || !pool_pair(c, k.y)) return false;
  *x0 = k.y[0], *eps = k.y[1];
  return true;
}

typedef struct noise_call {
  sl_dtype dtype;
  int ndim;
  const int64_t *shape;
  uint32_t number;
  sl_tensor *z;
} noise_call;

static int noise_body(lua_State *L) {
  noise_call *k = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_createtable(L, k->ndim, 0);
  for (int i = 0; i < k->ndim; i++) lua_pushinteger(L, k->shape[i]), lua_rawseti(L, -2, i + 1);
  lua_pushinteger(L, (lua_Integer)k->number + 1);
  lua_pushstring(L, sl_dtype_name(k->dtype));
  lua_call(L, 3, 1);
  k->z = sl_retain(check_tensor(L, -1, "noise", "result"));
  return 0;
}

static sl_tensor *call_noise(sl_ctx *c, void *ud, sl_dtype d, int ndim, const int64_t *shape, uint32_t number) {
  noise_call k = {d, ndim, shape, number, NULL};
  if (!callback_run(c, ud, noise_body, &k)) return NULL;
  sl_tensor *z = hold_tensor(c, k.z);
  sl_release(k.z);
  return z;
}

/* rhs(x, t, rows) -> dx/dt */
static sl_tensor *call_rhs(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows) {
  return callback_tensor(c, ud, "rhs", 3, (sl_tensor *const[]){x, t, rows});
}

static const char *const noise_options[] = {"seed", "first", "index", "draw", NULL};

/* A table { seed =, first =, index =, draw = function }; `box` keeps the callback, whose function is left on the stack.
 */
static sl_noise read_noise(lua_State *L, int i, callback *box) {
  options o = read_options(L, i, "noise", noise_options);
  sl_noise n = {.seed = (uint64_t)option_integer(&o, "seed", 0, INT64_MIN, INT64_MAX)};
  n.first = option_integer(&o, "first", 0, 0, (int64_t)1 << 55);
  n.index = option_tensor(&o, "index");
  if (option_callable(&o, "draw")) {
    *box = stack_callback(L, -1);
    n.draw = call_noise, n.ud = box;
  }
  return n;
}

typedef struct normal_call {
  sl_noise noise;
  callback box;
  sl_dtype dtype;
  int ndim;
  int64_t shape[SL_MAX_DIMS];
  uint32_t number;
} normal_call;

static sl_tensor *run_normal(sl_ctx *c, void *args) {
  normal_call *k = args;
  return sl_noise_normal(c, &k->noise, k->dtype, k->ndim, k->shape, k->number);
}

/* normal(noise table, shape, number, dtype): draw `number` (from 1) of a noise source */
static int solve_normal(lua_State *L) {
  lua_settop(L, 4);
  normal_call k = {.number = (uint32_t)check_integer(L, 3, "noise", "number", 1, UINT32_MAX) - 1};
  k.ndim = check_shape(L, 2, "noise", "shape", k.shape);
  k.dtype = lua_isnil(L, 4) ? SL_F32 : check_dtype(L, 4, "noise", "dtype");
  k.noise = read_noise(L, 1, &k.box);
  return return_tensor(L, run_normal, &k);
}

typedef struct increment_call {
  normal_call of;
  double a, b;
  sl_tensor *times[2], **slot[2]; /* times: float64 [N], or NULL for the numbers */
} increment_call;

static bool run_increment(sl_ctx *c, void *args) {
  increment_call *k = args;
  sl_tensor *W, *H, *at[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++)
    if (k->times[i] && !(at[i] = sl_contiguous(c, sl_cast(c, k->times[i], SL_F64)))) return false;
  const double *a = at[0] ? sl_data(at[0]) : &k->a, *b = at[1] ? sl_data(at[1]) : &k->b;
  if (!sl_noise_increment(c, &k->of.noise, k->of.dtype, k->of.ndim, k->of.shape, a, b, at[0] != NULL, &W, &H))
    return false;
  *k->slot[0] = sl_retain(W), *k->slot[1] = sl_retain(H);
  return true;
}

/* Both ends are numbers, or both tensors [N]. */
static void read_ends(lua_State *L, increment_call *k) {
  if (lua_isnumber(L, 3) && lua_isnumber(L, 4)) {
    k->a = lua_tonumber(L, 3), k->b = lua_tonumber(L, 4);
    return;
  }
  for (int i = 0; i < 2; i++) {
    sl_tensor *t = k->times[i] = check_tensor(L, 3 + i, "noise", i ? "b" : "a");
    if (sl_ndim(t) != 1 || sl_shape(t)[0] != k->of.shape[0])
      raise_text(L, "noise: argument %s: expected a number or a tensor [%d]", i ? "b" : "a", (int)k->of.shape[0]);
  }
}

/* increment(noise table, shape, a, b, dtype) -> W_b - W_a, H; a and b numbers or tensors [N] */
static int solve_increment(lua_State *L) {
  increment_call k = {0};
  lua_settop(L, 5);
  k.of.ndim = check_shape(L, 2, "noise", "shape", k.of.shape);
  if (k.of.ndim < 1) raise_text(L, "noise: argument shape: expected [N, ...]");
  read_ends(L, &k);
  k.of.dtype = lua_isnil(L, 5) ? SL_F32 : check_dtype(L, 5, "noise", "dtype");
  k.of.noise = read_noise(L, 1, &k.of.box);
  k.slot[0] = new_tensor_slot(L), k.slot[1] = new_tensor_slot(L);
  call_core(L, run_increment, &k);
  return 2;
}

/* fresh_seed(): 64 bits of the USER stream */
static int solve_fresh_seed(lua_State *L) {
  uint32_t bits[4];
  sl_key key = sl_key_next(context(L), SL_STREAM_USER);
  sl_philox(&key, 0, bits);
  lua_pushinteger(L, (lua_Integer)((uint64_t)bits[0] | (uint64_t)(bits[1] & 0x7fffffff) << 32));
  return 1;
}

/* ---- steppers ----------------------------------------------------------------------------- */

/* A stepper in Lua: function(x, t, r, step, draw) -> x, x_mean, draws used, evaluations. */
typedef struct lua_step {
  const char *who;
  const sl_run *run;
  sl_tensor *y[2];
  lua_Integer draws, evaluations;
} lua_step;

static int step_body(lua_State *L) {
  lua_step *k = lua_touserdata(L, 2);
  lua_settop(L, 1);
  push_tensor(L, k->run->x);
  lua_pushnumber(L, k->run->t);
  lua_pushnumber(L, k->run->r);
  lua_pushinteger(L, k->run->step + 1);
  lua_pushinteger(L, (lua_Integer)k->run->draw + 1);
  lua_call(L, 5, 4);
  k->draws = check_integer(L, -2, k->who, "draws of a step", 0, UINT32_MAX);
  k->evaluations = check_integer(L, -1, k->who, "evaluations of a step", 0, INT32_MAX);
  lua_pop(L, 2);
  retain_pair(L, k->who, k->y);
  return 0;
}

static bool step_in_lua(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  lua_step k = {.who = "step", .run = run};
  if (!callback_run(c, self->ud, step_body, &k) || !pool_pair(c, k.y)) return false;
  run->x = k.y[0], run->mean = k.y[1];
  run->draw += (uint32_t)k.draws;
  run->nfe += k.evaluations;
  return true;
}

static const char *const stepper_options[] = {"name", "noise",  "variance", "snr",  "n_steps",
                                              "norm", "method", "needs",    "step", NULL};
static const char *const norms[] = {"kernel", "batch", NULL};

static const sl_tableau *option_tableau(const options *o, const sl_tableau *otherwise) {
  const char *name = option_string(o, "method", NULL);
  const sl_tableau *t = name ? sl_tableau_find(name) : otherwise;
  if (name && !t)
    raise_text(
        o->L,
        "%s: option method: expected \"euler\", \"midpoint\", \"heun\", \"rk4\", \"bosh3\" or \"dopri5\", got \"%s\"",
        o->who, name);
  return t;
}

/* One table of a plan's steppers; a Lua step is left on the stack for `box`. */
static sl_stepper read_stepper(lua_State *L, int i, callback *box) {
  static const char *const variances[] = {"v", "small", "large", NULL};
  options o = read_options(L, i, "solve", stepper_options);
  const char *name = option_string(&o, "name", "none");
  const sl_stepper *known = sl_stepper_find(name);
  sl_stepper s = known ? *known : (sl_stepper){.name = name};
  if (option_callable(&o, "step")) {
    *box = stack_callback(L, -1);
    s.step = step_in_lua, s.ud = box;
    s.needs = (unsigned)option_integer(&o, "needs", 0, 0, SL_NEEDS_KERNEL | SL_NEEDS_SIGNAL);
    return s;
  }
  if (!known) raise_text(L, "solve: option name: expected a known stepper or a table with a step, got \"%s\"", name);
  o.who = name;
  s.lambda = option_number(&o, "noise", s.lambda);
  s.variance = (sl_variance)option_choice(&o, "variance", variances, s.variance);
  s.snr = option_number(&o, "snr", s.snr);
  s.n_steps = (int)option_integer(&o, "n_steps", s.n_steps, 0, INT32_MAX);
  s.batch_norm = option_choice(&o, "norm", norms, 0) == 1;
  s.tableau = option_tableau(&o, s.tableau);
  return s;
}

/* ---- callbacks of the integration ------------------------------------------------------------ */

typedef struct report {
  const sl_run *run;
  const char *stage;
} report;

static void set_tensor(lua_State *L, const char *key, sl_tensor *x) {
  push_tensor(L, x);
  lua_setfield(L, -2, key);
}

static int report_body(lua_State *L) {
  const report *k = lua_touserdata(L, 2);
  const sl_run *run = k->run;
  lua_settop(L, 1);
  lua_createtable(L, 0, 8);
  lua_pushinteger(L, run->step + (run->steps ? 1 : 0)), lua_setfield(L, -2, "step");
  if (run->steps) lua_pushinteger(L, run->steps), lua_setfield(L, -2, "steps");
  lua_pushnumber(L, run->t), lua_setfield(L, -2, "t");
  if (run->steps) lua_pushnumber(L, run->r), lua_setfield(L, -2, "r");
  lua_pushinteger(L, run->nfe), lua_setfield(L, -2, "nfe");
  lua_pushstring(L, k->stage), lua_setfield(L, -2, "stage");
  set_tensor(L, "x", run->x);
  set_tensor(L, "x_mean", run->mean);
  if (run->times) set_tensor(L, "times", run->times);
  lua_call(L, 1, 0);
  return 0;
}

static bool on_step(sl_ctx *c, void *ud, const sl_run *run, const sl_stepper *done) {
  report k = {run, done->name};
  return callback_run(c, ud, report_body, &k);
}

/* ---- integrate --------------------------------------------------------------------------------- */

typedef struct integration {
  sl_sde *p;
  sl_tensor *x;
  score_box box;
  sl_score score;
  callback noise_box, report_box, rhs_box;
  sl_noise noise;
  sl_plan plan;
  sl_adaptive adaptive;
  double t;
  sl_tensor **slot[2];
  int64_t nfe;
} integration;

/* process, score, exchange or nil, x: arguments 1 to 4 */
static void read_common(lua_State *L, integration *k, const char *who) {
  k->p = handle_check(L, 1, &process_type, who, "process");
  check_callable(L, 2, who, "score");
  k->box.score = stack_callback(L, 2);
  k->score = (sl_score){.score = call_score, .ud = &k->box};
  if (!lua_isnil(L, 3)) {
    check_callable(L, 3, who, "exchange");
    k->box.exchange = stack_callback(L, 3);
    k->score.exchange = call_exchange;
  }
  k->x = check_tensor(L, 4, who, "x");
}

static bool read_report(const options *o, callback *box) {
  bool given = option_callable(o, "callback");
  if (given) *box = stack_callback(o->L, -1);
  return given;
}

/* plan.steppers, into a userdata that is left on the stack */
static void read_steppers(lua_State *L, const options *o, sl_plan *plan) {
  if (!option_push(o, "steppers") || lua_type(L, -1) != LUA_TTABLE)
    raise_text(L, "solve: option steppers: expected a list");
  int list = lua_gettop(L), n = (int)lua_rawlen(L, list);
  luaL_checkstack(L, 2 * n + LUA_MINSTACK, "too many steppers");
  struct {
    sl_stepper s;
    callback box;
    const sl_stepper *at;
  } *all = lua_newuserdatauv(L, sizeof *all * (size_t)(n + 1), 0);
  const sl_stepper **pointers = lua_newuserdatauv(L, sizeof *pointers * (size_t)(n + 1), 0);
  for (int i = 0; i < n; i++) {
    lua_rawgeti(L, list, i + 1);
    all[i].s = read_stepper(L, lua_gettop(L), &all[i].box);
    pointers[i] = &all[i].s;
  }
  plan->n_steppers = n;
  plan->stepper = pointers;
}

static bool run_integrate(sl_ctx *c, void *args) {
  integration *k = args;
  sl_sde_retain(k->p);
  sl_tensor *y = hold_tensor(c, k->x) ? sl_integrate(c, k->p, &k->score, &k->noise, &k->plan, k->x, &k->nfe) : NULL;
  sl_sde_release(k->p);
  if (y) *k->slot[0] = sl_retain(y);
  return y != NULL;
}

/* Runs fn, above which a probe may have left an error object, and returns with the results on top. */
static void integrate_with(lua_State *L, core_fn *fn, integration *k) {
  int top = lua_gettop(L);
  call_core(L, fn, k);
  lua_settop(L, top);
}

/* plan.times, into a userdata that is left on the stack: a list that begins at the first step's time. */
static void read_times(lua_State *L, const options *o, sl_plan *plan) {
  if (!option_push(o, "times")) return;
  int list = lua_gettop(L);
  if (!lua_istable(L, list) || lua_rawlen(L, list) != (lua_Unsigned)plan->steps + 1)
    bad_argument(L, list, "solve", "times", "a list of steps + 1 times");
  double *times = lua_newuserdatauv(L, sizeof *times * ((size_t)plan->steps + 1), 0);
  for (int i = 0; i <= plan->steps; i++) {
    lua_rawgeti(L, list, i + 1);
    times[i] = check_number(L, -1, "solve", "times");
    if (i && !(times[i] < times[i - 1]))
      raise_text(L, "solve: argument times: expected falling times, got %f after %f", times[i], times[i - 1]);
    lua_pop(L, 1);
  }
  plan->times = times;
}

/* integrate(process, score, exchange, x, noise, { steppers =, steps =, times =, eps =, paper =, denoise =, draw =,
 * callback = }) -> x, nfe */
static int solve_integrate(lua_State *L) {
  static const char *const names[] = {"steppers", "steps", "times",    "eps", "paper",
                                      "denoise",  "draw",  "callback", NULL};
  integration k = {0};
  lua_settop(L, 6);
  read_common(L, &k, "solve");
  k.noise = read_noise(L, 5, &k.noise_box);
  options o = read_options(L, 6, "solve", names);
  k.plan.steps = (int)option_integer(&o, "steps", 0, 1, INT32_MAX);
  k.plan.eps = option_number(&o, "eps", sl_sde_eps(k.p, SL_EPS_SAMPLE));
  k.plan.paper = option_boolean(&o, "paper", false);
  k.plan.denoise = option_boolean(&o, "denoise", true);
  k.plan.draw = (uint32_t)option_integer(&o, "draw", 1, 1, UINT32_MAX) - 1;
  if (read_report(&o, &k.report_box)) k.plan.on_step = on_step, k.plan.ud = &k.report_box;
  read_steppers(L, &o, &k.plan);
  read_times(L, &o, &k.plan);
  k.slot[0] = new_tensor_slot(L);
  integrate_with(L, run_integrate, &k);
  lua_pushinteger(L, k.nfe);
  return 2;
}

static bool run_adaptive(sl_ctx *c, void *args) {
  integration *k = args;
  sl_tensor *nfe = NULL;
  sl_sde_retain(k->p);
  sl_tensor *y = hold_tensor(c, k->x) ? sl_integrate_adaptive(c, k->p, &k->score, &k->adaptive, k->x, &nfe) : NULL;
  sl_sde_release(k->p);
  if (!y) return false;
  *k->slot[0] = sl_retain(y), *k->slot[1] = sl_retain(nfe);
  return true;
}

/* adaptive(process, score, exchange, x, { method =, rtol =, atol =, pcoeff =, icoeff =, eps =, top =, norm =,
 * max_steps =, callback =, forward =, rhs =, who = }) -> x, nfe [N] */
static int solve_adaptive(lua_State *L) {
  static const char *const names[] = {"method",  "rtol", "atol", "eps", "norm",   "max_steps", "callback",
                                      "forward", "top",  "rhs",  "who", "pcoeff", "icoeff",    NULL};
  static const char *const ode_norms[] = {"sample", "batch", NULL};
  integration k = {0};
  lua_settop(L, 5);
  read_common(L, &k, "ode");
  options o = read_options(L, 5, "ode", names);
  o.who = k.adaptive.who = option_string(&o, "who", "ode");
  k.adaptive.tableau = option_tableau(&o, sl_tableau_find("dopri5"));
  k.adaptive.rtol = option_number(&o, "rtol", 1e-5);
  k.adaptive.atol = option_number(&o, "atol", 1e-5);
  k.adaptive.eps = option_number(&o, "eps", sl_sde_eps(k.p, SL_EPS_SAMPLE));
  k.adaptive.top = option_number(&o, "top", 0);
  k.adaptive.pcoeff = option_number(&o, "pcoeff", 0);
  k.adaptive.icoeff = option_number(&o, "icoeff", 0);
  k.adaptive.batch_norm = option_choice(&o, "norm", ode_norms, 0) == 1;
  k.adaptive.max_steps = option_integer(&o, "max_steps", 0, 0, INT64_MAX);
  k.adaptive.forward = option_boolean(&o, "forward", false);
  if (read_report(&o, &k.report_box)) k.adaptive.on_step = on_step, k.adaptive.ud = &k.report_box;
  if (option_callable(&o, "rhs")) {
    k.rhs_box = stack_callback(L, -1);
    k.adaptive.rhs = call_rhs, k.adaptive.rhs_ud = &k.rhs_box;
  }
  k.slot[0] = new_tensor_slot(L), k.slot[1] = new_tensor_slot(L);
  integrate_with(L, run_adaptive, &k);
  return 2;
}

static bool run_denoise(sl_ctx *c, void *args) {
  integration *k = args;
  sl_sde_retain(k->p);
  bool was = sl_recording_set(c, false);
  sl_tensor *y = hold_tensor(c, k->x) ? sl_denoise(c, k->p, &k->score, k->x, k->t) : NULL;
  sl_recording_set(c, was);
  sl_sde_release(k->p);
  if (y) *k->slot[0] = sl_retain(y);
  return y != NULL;
}

/* denoise(process, score, exchange, x, t) -> E[x_0 | x_t = x] */
static int solve_denoise(lua_State *L) {
  integration k = {0};
  lua_settop(L, 5);
  read_common(L, &k, "denoise");
  k.t = check_number(L, 5, "denoise", "t");
  k.slot[0] = new_tensor_slot(L);
  integrate_with(L, run_denoise, &k);
  return 1;
}

/* steppers() -> { name = { order =, noise =, needs = } }: the facts of those in C */
static int solve_steppers(lua_State *L) {
  const sl_stepper *s;
  lua_newtable(L);
  for (int i = 0; (s = sl_stepper_at(i)); i++) {
    lua_createtable(L, 0, 3);
    lua_pushnumber(L, s->order), lua_setfield(L, -2, "order");
    lua_pushboolean(L, s->noise), lua_setfield(L, -2, "noise");
    lua_pushinteger(L, s->needs), lua_setfield(L, -2, "needs");
    lua_setfield(L, -2, s->name);
  }
  return 1;
}

static const luaL_Reg functions[] = {{"integrate", solve_integrate}, {"adaptive", solve_adaptive},
                                     {"denoise", solve_denoise},     {"normal", solve_normal},
                                     {"increment", solve_increment}, {"fresh_seed", solve_fresh_seed},
                                     {"steppers", solve_steppers},   {NULL, NULL}};

void sl_bind_solve(lua_State *L) {
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "solve");
}
