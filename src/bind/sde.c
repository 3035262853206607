/* core.sde: processes as handles, and what sdelua/sde.h derives from them. The class Process that scripts see is
   lua/sdelua/sde/process.lua. */
#include "sde.h"

#include <math.h>
#include <string.h>

static void release_process(void *p) { sl_sde_release(p); }
const handle_type process_type = {"sdelua.process", release_process, NULL, NULL};

/* ---- functions of time -------------------------------------------------------------- */

/* A Lua function of a number, giving a number or a tensor over features. */
typedef struct schedule {
  callback f;
  const char *name;
  int rows;
  /* one call */
  double t, *out;
  int *ndim;
  int64_t *shape;
} schedule;

static void read_values(lua_State *L, const schedule *s) {
  sl_tensor *y = is_tensor(L, -1) ? check_tensor(L, -1, "define", s->name) : NULL;
  if (!y && lua_type(L, -1) != LUA_TNUMBER)
    raise_text(L, "define: argument %s: expected a function that returns a number or a tensor, got %s", s->name,
               describe(L, -1));
  if (s->shape) {
    *s->ndim = y ? sl_ndim(y) : 0;
    if (y) memcpy(s->shape, sl_shape(y), sizeof(int64_t) * (size_t)sl_ndim(y));
    return;
  }
  if ((y ? sl_numel(y) : 1) != s->rows)
    raise_text(L, "define: argument %s: expected %d values as at other times, got %s", s->name, s->rows,
               describe(L, -1));
  int64_t at[SL_MAX_DIMS] = {0};
  for (int i = 0; i < s->rows; i++) {
    s->out[i] = y ? sl_get(y, at) : lua_tonumber(L, -1);
    for (int d = y ? sl_ndim(y) - 1 : -1; d >= 0 && ++at[d] == sl_shape(y)[d]; d--) at[d] = 0;
  }
}

static int schedule_body(lua_State *L) {
  const schedule *s = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_pushnumber(L, s->t);
  lua_call(L, 1, 1);
  read_values(L, s);
  return 0;
}

static bool schedule_at(sl_ctx *c, void *ud, int n, const double *t, double *out) {
  schedule s = *(schedule *)ud;
  for (int i = 0; i < n; i++) {
    s.t = t[i], s.out = out + (size_t)i * (size_t)s.rows;
    if (!callback_run(c, &s.f, schedule_body, &s)) return false;
  }
  return true;
}

/* ---- making ------------------------------------------------------------------------------ */

typedef sl_sde *closed_fn(sl_ctx *c, const sl_schedule *s, const sl_sde_options *o);

typedef struct making {
  closed_fn *closed;
  bool kernel; /* mean, std, offset rather than a, b, g */
  int n;
  schedule s[3];
  sl_schedule f[3];
  sl_dynamics dyn;
  sl_sde_options o;
  void **slot;
} making;

static const char *const option_names[] = {"T",          "std0",      "eps_train", "eps_sample", "eps_likelihood",
                                           "prior_mean", "prior_std", NULL};

static sl_sde_options read_sde_options(lua_State *L, int i, const char *who) {
  options o = read_options(L, i, who, option_names);
  sl_sde_options s = {.T = option_number(&o, "T", 0), .std0 = option_number(&o, "std0", 0)};
  s.eps_train = option_number(&o, "eps_train", 0);
  s.eps_sample = option_number(&o, "eps_sample", 0);
  s.eps_likelihood = option_number(&o, "eps_likelihood", 0);
  s.prior_mean = option_tensor(&o, "prior_mean");
  s.prior_std = option_tensor(&o, "prior_std");
  return s;
}

/* Function i of the argument list; nil is none. */
static void take_schedule(lua_State *L, making *m, int k, int i, const char *name) {
  if (lua_isnoneornil(L, i)) return;
  check_callable(L, i, "sde", name);
  m->s[k] = (schedule){.f = stack_callback(L, i), .name = name, .rows = 1};
  m->f[k] = (sl_schedule){.fn = schedule_at, .ud = &m->s[k]};
}

/* Asks each function once how many features it speaks for. */
static bool find_rows(sl_ctx *c, making *m) {
  for (int k = 0; k < 3; k++) {
    int64_t shape[SL_MAX_DIMS];
    int ndim = 0;
    schedule one = m->s[k];
    if (!m->f[k].fn) continue;
    one.t = 0.5 * (m->o.T > 0 ? m->o.T : 1), one.ndim = &ndim, one.shape = shape;
    if (!callback_run(c, &one.f, schedule_body, &one)) return false;
    int64_t rows = 1;
    for (int d = 0; d < ndim; d++) rows *= shape[d];
    if (rows < 1 || rows > 1 << 20)
      return sl_fail(c, SL_ESHAPE, "define: argument %s: expected 1 to 1048576 values, got %lld", one.name,
                     (long long)rows);
    m->s[k].rows = m->f[k].rows = (int)rows;
    if (rows == 1) continue;
    if (m->o.ndim && (ndim != m->o.ndim || memcmp(shape, m->o.shape, sizeof(int64_t) * (size_t)ndim)))
      return sl_fail(c, SL_ESHAPE, "define: argument %s: expected the feature shape that the other functions have",
                     one.name);
    m->o.ndim = ndim;
    memcpy(m->o.shape, shape, sizeof shape);
  }
  return true;
}

static bool make(sl_ctx *c, void *args) {
  making *m = args;
  const sl_schedule *second = m->f[1].fn ? &m->f[1] : NULL, *third = m->f[2].fn ? &m->f[2] : NULL;
  if (!m->closed && !m->dyn.drift && !find_rows(c, m)) return false;
  sl_sde *p = m->closed      ? m->closed(c, &m->f[0], &m->o)
              : m->dyn.drift ? sl_sde_general(c, &m->dyn, &m->o)
              : m->kernel    ? sl_sde_marginal(c, &m->f[0], second, third, &m->o)
                             : sl_sde_coefficients(c, &m->f[0], second, third, &m->o);
  return (*m->slot = p) != NULL;
}

/* closed(lo, hi, function or nil, options) */
static int make_closed(lua_State *L, closed_fn *fn, const char *who) {
  lua_settop(L, 4);
  making m = {.closed = fn};
  take_schedule(L, &m, 0, 3, who);
  m.f[0].lo = luaL_optnumber(L, 1, 0);
  m.f[0].hi = luaL_optnumber(L, 2, 0);
  m.o = read_sde_options(L, 4, who);
  m.slot = handle_new(L, &process_type, 0);
  call_core(L, make, &m);
  return 1;
}

static int make_vp(lua_State *L) { return make_closed(L, sl_sde_vp, "VP"); }
static int make_subvp(lua_State *L) { return make_closed(L, sl_sde_subvp, "subVP"); }
static int make_ve(lua_State *L) { return make_closed(L, sl_sde_ve, "VE"); }
static int make_edm(lua_State *L) { return make_closed(L, sl_sde_edm, "EDM"); }

static int make_tabulated(lua_State *L, bool kernel, const char *const names[3]) {
  lua_settop(L, 4);
  making m = {.kernel = kernel};
  for (int i = 0; i < 3; i++) take_schedule(L, &m, i, i + 1, names[i]);
  m.o = read_sde_options(L, 4, "define");
  m.slot = handle_new(L, &process_type, 0);
  call_core(L, make, &m);
  return 1;
}

/* marginal(mean, std, offset or nil, options) */
static int make_marginal(lua_State *L) {
  return make_tabulated(L, true, (const char *const[]){"mean", "std", "offset"});
}

/* coefficients(a, b or nil, g, options) */
static int make_coefficients(lua_State *L) {
  return make_tabulated(L, false, (const char *const[]){"drift_coefficient", "drift_offset", "diffusion_coefficient"});
}

/* ---- drift and diffusion in Lua ------------------------------------------------------------ */

typedef struct fields {
  callback drift, diffusion;
} fields;

static sl_tensor *call_drift(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  return callback_tensor(c, &((fields *)ud)->drift, "drift", 2, (sl_tensor *const[]){x, t});
}

static sl_tensor *call_diffusion(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  return callback_tensor(c, &((fields *)ud)->diffusion, "diffusion", 2, (sl_tensor *const[]){x, t});
}

/* general(drift, diffusion, noise_type or nil, "probe" | "affine" | "general", options) */
static int make_general(lua_State *L) {
  static const char *const noises[] = {"scalar", "diagonal", "matrix", NULL}, *const tiers[] = {"probe", "affine",
                                                                                                "general", NULL};
  lua_settop(L, 5);
  check_callable(L, 1, "define", "drift");
  check_callable(L, 2, "define", "diffusion");
  making m = {.dyn = {.drift = call_drift, .diffusion = call_diffusion}};
  m.dyn.noise = lua_isnil(L, 3) ? SL_NOISE_UNDECLARED
                                : (sl_noise_type)(SL_NOISE_SCALAR + check_choice(L, 3, "define", "noise_type", noises));
  int tier = check_choice(L, 4, "define", "tier", tiers);
  m.dyn.probe = tier < 2, m.dyn.affine = tier == 1;
  m.o = read_sde_options(L, 5, "define");
  m.slot = handle_new(L, &process_type, 3);
  handle_recallable(L, 6);
  fields *f = lua_newuserdatauv(L, sizeof *f, 0);
  *f = (fields){value_callback(m.slot, 1), value_callback(m.slot, 2)};
  m.dyn.ud = f;
  lua_setiuservalue(L, 6, 3);
  for (int i = 1; i <= 2; i++) lua_pushvalue(L, i), lua_setiuservalue(L, 6, i);
  call_core(L, make, &m);
  return 1;
}

/* ---- facts ------------------------------------------------------------------------------------ */

static sl_sde *check_process(lua_State *L, const char *who) {
  return handle_check(L, 1, &process_type, who, "process");
}

/* facts(p) -> name, T, eps_train, eps_sample, eps_likelihood, label is std, has a prior of its own, m_T ~= 0 */
static int process_facts(lua_State *L) {
  const sl_sde *p = check_process(L, "facts");
  lua_pushstring(L, sl_sde_name(p));
  lua_pushnumber(L, sl_sde_T(p));
  for (int i = SL_EPS_TRAIN; i <= SL_EPS_LIKELIHOOD; i++) lua_pushnumber(L, sl_sde_eps(p, i));
  lua_pushboolean(L, sl_sde_label_is_std(p));
  lua_pushboolean(L, sl_sde_has_prior(p));
  lua_pushboolean(L, sl_sde_has_signal(p));
  return 8;
}

/* point(p, t) -> m, c, s, a, b, g as numbers; for processes with the same coefficients for all features */
static int process_point(lua_State *L) {
  sl_sde *p = check_process(L, "point");
  sl_point q;
  double t = check_number(L, 2, "point", "t");
  if (!sl_sde_need_uniform(context(L), p, "point") || !sl_sde_point(context(L), p, t, 0, &q)) return raise_error(L);
  const double v[] = {q.m, q.c, sqrt(fmax(q.s2, 0)), q.a, q.b, sqrt(fmax(q.g2, 0))};
  for (int i = 0; i < 6; i++) lua_pushnumber(L, v[i]);
  return 6;
}

/* time_of(p, sigma): where s/m = sigma */
static int process_time_of(lua_State *L) {
  double t;
  if (!sl_sde_time_of(context(L), check_process(L, "sigma"), check_number(L, 2, "time", "sigma"), &t))
    return raise_error(L);
  lua_pushnumber(L, t);
  return 1;
}

static int process_tier(lua_State *L) {
  lua_pushstring(L, sl_sde_tier(check_process(L, "tier")));
  return 1;
}

/* ---- calls -------------------------------------------------------------------------------------- */

/* A process, tensors and a time; what they are is each function's. */
typedef struct sde_call {
  sl_sde *p;
  sl_tensor *x, *t, *y;
  double time, number;
  int n, choice;
  bool flag;
  const char *who;
  sl_tensor **slot[4];
} sde_call;

/* The call's tensors and process outlive what a callback closes. */
static bool begin(sl_ctx *c, sde_call *k) {
  sl_sde_retain(k->p);
  if (!k->t) k->t = sl_scalar(c, SL_F64, k->time);
  return hold_tensor(c, k->x) && hold_tensor(c, k->t) && (!k->y || hold_tensor(c, k->y));
}

/* Keeps n results if all went well. */
static bool end(sde_call *k, bool ok, int n, sl_tensor *const *out) {
  for (int i = 0; ok && i < n; i++) ok = out[i] != NULL;
  for (int i = 0; ok && i < n; i++) *k->slot[i] = sl_retain(out[i]);
  sl_sde_release(k->p);
  return ok;
}

/* A callback that failed and was tried again, as the probe does, has left its error object on the stack. */
static int finish(lua_State *L, core_fn *fn, sde_call *k, int n) {
  for (int i = 0; i < n; i++) k->slot[i] = new_tensor_slot(L);
  int top = lua_gettop(L);
  call_core(L, fn, k);
  lua_settop(L, top);
  return n;
}

/* process, x, t: t a number or a tensor */
static sde_call read_call(lua_State *L, const char *who, const char *x) {
  sde_call k = {.p = check_process(L, who), .x = check_tensor(L, 2, who, x)};
  if (!is_tensor(L, 3) && lua_type(L, 3) != LUA_TNUMBER) bad_argument(L, 3, who, "t", "a number or a tensor");
  if (lua_type(L, 3) == LUA_TNUMBER) k.time = lua_tonumber(L, 3);
  else k.t = check_tensor(L, 3, who, "t");
  return k;
}

#define ONE_TENSOR(name, expression)                                                                                   \
  static bool run_##name(sl_ctx *c, void *args) {                                                                      \
    sde_call k = *(sde_call *)args;                                                                                    \
    sl_tensor *out = begin(c, &k) ? expression : NULL;                                                                 \
    return end(&k, true, 1, &out);                                                                                     \
  }

#define SEVERAL_TENSORS(name, n, expression)                                                                           \
  static bool run_##name(sl_ctx *c, void *args) {                                                                      \
    sde_call k = *(sde_call *)args;                                                                                    \
    sl_tensor *out[n] = {NULL};                                                                                        \
    bool ok = begin(c, &k) && expression;                                                                              \
    return end(&k, ok, n, out);                                                                                        \
  }

ONE_TENSOR(drift, sl_sde_drift(c, k.p, k.x, k.t))
ONE_TENSOR(diffusion, sl_sde_diffusion(c, k.p, k.x, k.t))
ONE_TENSOR(coefficient, sl_sde_coef(c, k.p, (sl_coef)k.choice, k.x, k.t))
ONE_TENSOR(perturb, sl_sde_perturb(c, k.p, k.x, k.t, k.y))
ONE_TENSOR(prior, sl_sde_prior(c, k.p, k.x))
ONE_TENSOR(prior_logp, sl_sde_prior_logp(c, k.p, k.x))
ONE_TENSOR(reverse_drift, sl_sde_reverse_drift(c, k.p, k.number, k.x, k.t, k.y))
ONE_TENSOR(velocity, sl_sde_velocity(c, k.p, k.x, k.t, k.y))
ONE_TENSOR(posterior_mean, sl_sde_posterior_mean(c, k.p, k.x, k.time, k.number, k.y))
ONE_TENSOR(importance_time, sl_sde_importance_time(c, k.p, k.x, k.number))
SEVERAL_TENSORS(marginal_prob, 2, sl_sde_marginal_prob(c, k.p, k.x, k.t, &out[0], &out[1]))
SEVERAL_TENSORS(discretize, 2, sl_sde_discretize(c, k.p, k.x, k.t, k.n, k.flag, &out[0], &out[1]))
SEVERAL_TENSORS(exchange, 2, sl_sde_exchange(c, k.p, (sl_param_kind)k.choice, k.x, k.t, k.y, &out[0], &out[1]))

static bool run_levels(sl_ctx *c, void *args) {
  sde_call *k = args;
  sl_tensor *out[4] = {NULL};
  sl_sde_retain(k->p);
  return end(k, sl_sde_levels(c, k->p, k->n, out), 4, out);
}

static bool run_settle(sl_ctx *c, void *args) {
  sde_call k = *(sde_call *)args;
  return end(&k, begin(c, &k) && sl_sde_settle(c, k.p, k.x), 0, NULL);
}

/* drift(p, x, t) */
static int process_drift(lua_State *L) {
  sde_call k = read_call(L, "drift", "x");
  return finish(L, run_drift, &k, 1);
}

/* diffusion(p, x, t) */
static int process_diffusion(lua_State *L) {
  sde_call k = read_call(L, "diffusion", "x");
  return finish(L, run_diffusion, &k, 1);
}

/* coefficient(p, x, t, name) */
static int process_coefficient(lua_State *L) {
  static const char *const names[] = {"m", "c", "s", "dm", "dc", "ds", "a", "b", "g", "importance", NULL};
  sde_call k = read_call(L, "coefficient", "x");
  k.choice = check_choice(L, 4, "coefficient", "name", names);
  return finish(L, run_coefficient, &k, 1);
}

/* marginal_prob(p, x, t) -> mean, std */
static int process_marginal_prob(lua_State *L) {
  sde_call k = read_call(L, "marginal_prob", "x");
  return finish(L, run_marginal_prob, &k, 2);
}

/* perturb(p, x0, t, z) */
static int process_perturb(lua_State *L) {
  sde_call k = read_call(L, "perturb", "x0");
  k.y = check_tensor(L, 4, "perturb", "z");
  return finish(L, run_perturb, &k, 1);
}

/* prior(p, z) -> a draw of the prior from unit normals */
static int process_prior(lua_State *L) {
  sde_call k = {.p = check_process(L, "prior"), .x = check_tensor(L, 2, "prior", "z")};
  return finish(L, run_prior, &k, 1);
}

/* prior_logp(p, z) */
static int process_prior_logp(lua_State *L) {
  sde_call k = {.p = check_process(L, "prior_logp"), .x = check_tensor(L, 2, "prior_logp", "z")};
  return finish(L, run_prior_logp, &k, 1);
}

/* discretize(p, x, t, n, paper) -> f, G */
static int process_discretize(lua_State *L) {
  sde_call k = read_call(L, "discretize", "x");
  k.n = (int)check_integer(L, 4, "discretize", "n", 1, INT32_MAX);
  k.flag = lua_toboolean(L, 5);
  return finish(L, run_discretize, &k, 2);
}

/* reverse_drift(p, x, t, score, lambda) */
static int process_reverse_drift(lua_State *L) {
  sde_call k = read_call(L, "reverse", "x");
  k.y = check_tensor(L, 4, "reverse", "score");
  k.number = check_number(L, 5, "reverse", "noise");
  return finish(L, run_reverse_drift, &k, 1);
}

/* exchange(p, x, t, y, parameterization) -> x0, eps */
static int process_exchange(lua_State *L) {
  sde_call k = read_call(L, "score", "x");
  k.y = check_tensor(L, 4, "score", "output of the network");
  k.choice = check_choice(L, 5, "score", "parameterization", sl_param_names);
  return finish(L, run_exchange, &k, 2);
}

/* velocity(p, x0, t, eps) */
static int process_velocity(lua_State *L) {
  sde_call k = read_call(L, "velocity", "x0");
  k.y = check_tensor(L, 4, "velocity", "eps");
  return finish(L, run_velocity, &k, 1);
}

/* posterior_mean(p, x, t, r, x0) with numbers t > r */
static int process_posterior_mean(lua_State *L) {
  sde_call k = {.p = check_process(L, "posterior_mean"), .x = check_tensor(L, 2, "posterior_mean", "x")};
  k.time = check_number(L, 3, "posterior_mean", "t");
  k.number = check_number(L, 4, "posterior_mean", "r");
  k.y = check_tensor(L, 5, "posterior_mean", "x0");
  return finish(L, run_posterior_mean, &k, 1);
}

/* importance_time(p, u, eps) */
static int process_importance_time(lua_State *L) {
  sde_call k = {.p = check_process(L, "importance_time"), .x = check_tensor(L, 2, "importance_time", "u")};
  k.number = check_number(L, 3, "importance_time", "eps");
  return finish(L, run_importance_time, &k, 1);
}

static bool run_need_kernel(sl_ctx *c, void *args) {
  sde_call *k = args;
  sl_sde_retain(k->p);
  return end(k, hold_tensor(c, k->x) && sl_sde_need_kernel(c, k->p, k->x, k->who), 0, NULL);
}

/* need_kernel(p, x, who): raises in the name of who unless p has a transition kernel for tensors like x */
static int process_need_kernel(lua_State *L) {
  const char *who = luaL_checkstring(L, 3);
  sde_call k = {.p = check_process(L, who), .x = check_tensor(L, 2, who, "x0"), .who = who};
  return finish(L, run_need_kernel, &k, 0);
}

/* levels(p, n) -> A, v, m, s */
static int process_levels(lua_State *L) {
  sde_call k = {.p = check_process(L, "levels")};
  k.n = (int)check_integer(L, 2, "levels", "n", 1, INT32_MAX);
  return finish(L, run_levels, &k, 4);
}

/* settle(p, x): the tier for tensors like x */
static int process_settle(lua_State *L) {
  sde_call k = {.p = check_process(L, "settle"), .x = check_tensor(L, 2, "settle", "x")};
  return finish(L, run_settle, &k, 0);
}

static const luaL_Reg functions[] = {{"VP", make_vp},
                                     {"subVP", make_subvp},
                                     {"VE", make_ve},
                                     {"EDM", make_edm},
                                     {"marginal", make_marginal},
                                     {"coefficients", make_coefficients},
                                     {"general", make_general},
                                     {"facts", process_facts},
                                     {"tier", process_tier},
                                     {"point", process_point},
                                     {"time_of", process_time_of},
                                     {"drift", process_drift},
                                     {"diffusion", process_diffusion},
                                     {"coefficient", process_coefficient},
                                     {"marginal_prob", process_marginal_prob},
                                     {"perturb", process_perturb},
                                     {"prior", process_prior},
                                     {"prior_logp", process_prior_logp},
                                     {"discretize", process_discretize},
                                     {"reverse_drift", process_reverse_drift},
                                     {"exchange", process_exchange},
                                     {"velocity", process_velocity},
                                     {"posterior_mean", process_posterior_mean},
                                     {"importance_time", process_importance_time},
                                     {"need_kernel", process_need_kernel},
                                     {"levels", process_levels},
                                     {"settle", process_settle},
                                     {NULL, NULL}};

void sl_bind_sde(lua_State *L) {
  handle_register(L, &process_type);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "sde");
}
