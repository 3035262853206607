/* sl.optim: one constructor per kind of optimizer, read from its row, and the moving
   average EMA. Saving and loading are in lua/sdelua/optim.lua. */
#include "row.h"
#include "sdelua/optim.h"

#include <string.h>

static int optim_index(lua_State *L), optim_newindex(lua_State *L), optim_tostring(lua_State *L);
static int optim_step(lua_State *L), optim_zero_grad(lua_State *L), optim_steps(lua_State *L);
static int optim_tensors(lua_State *L);

static void free_optim(void *p) { sl_optim_free(p); }

static const luaL_Reg optim_methods[] = {{"step", optim_step}, {"zero_grad", optim_zero_grad}, {"steps", optim_steps},
                                         {"_tensors", optim_tensors}, {NULL, NULL}};
static const luaL_Reg optim_meta[] = {{"__newindex", optim_newindex}, {"__tostring", optim_tostring}, {NULL, NULL}};
static const handle_type optim_type = {"sdelua.Optimizer", free_optim, optim_methods, optim_meta};

static sl_optim *check_optim(lua_State *L, const char *who) { return handle_check(L, 1, &optim_type, who, "self"); }

/* ---- making --------------------------------------------------------------------------- */

typedef struct making {
  const char *kind;
  int n, n_given;
  sl_tensor **params;
  double given[SL_MAX_OPTIONS];
  void **slot;
} making;

static bool make_optim(sl_ctx *c, void *args) {
  making *m = args;
  return (*m->slot = sl_optim_new(c, m->kind, m->n, m->params, m->n_given, m->given)) != NULL;
}

/* A network, which can be called, is no list. */
static int read_params(lua_State *L, const char *who, sl_tensor ***params) {
  if (!lua_istable(L, 1) || luaL_getmetafield(L, 1, "__call"))
    bad_argument(L, 1, who, "params", "a list of tensors, such as net:parameters()");
  return check_tensors(L, 1, who, "params", params);
}

static int optim_new(lua_State *L) {
  sl_optim_info info;
  sl_optim_info_at((int)lua_tointeger(L, lua_upvalueindex(1)), &info);
  sl_options spec = parse_options(L, info.name, info.options);
  making m = {.kind = info.name, .n_given = spec.n};
  lua_settop(L, lua_gettop(L) > 2 ? lua_gettop(L) : 2);
  read_row(L, 2, info.name, &spec, m.given);
  m.n = read_params(L, info.name, &m.params);
  m.slot = handle_new(L, &optim_type, 0);
  call_core(L, make_optim, &m);
  return 1;
}

/* ---- methods ----------------------------------------------------------------------------- */

typedef struct stepping {
  sl_optim *o;
  double norm;
} stepping;

static bool step(sl_ctx *c, void *args) {
  stepping *s = args;
  return sl_optim_step(c, s->o, &s->norm);
}

/* opt:step() -> the global norm of the gradients before clipping */
static int optim_step(lua_State *L) {
  stepping s = {.o = check_optim(L, "step")};
  call_core(L, step, &s);
  lua_pushnumber(L, s.norm);
  return 1;
}

static bool zero_grad(sl_ctx *c, void *args) { return sl_optim_zero_grad(c, args); }

static int optim_zero_grad(lua_State *L) {
  call_core(L, zero_grad, check_optim(L, "zero_grad"));
  return 0;
}

/* opt:steps() -> steps made; opt:steps(n) sets them */
static int optim_steps(lua_State *L) {
  sl_optim *o = check_optim(L, "steps");
  if (!lua_isnoneornil(L, 2)) sl_optim_steps_set(o, check_integer(L, 2, "steps", "n", 0, INT64_MAX));
  lua_pushinteger(L, sl_optim_steps(o));
  return 1;
}

/* names, tensors: two lists in order */
static int optim_tensors(lua_State *L) {
  char name[64];
  sl_tensor *t;
  sl_optim *o = check_optim(L, "_tensors");
  lua_newtable(L);
  lua_newtable(L);
  for (int i = 0; (t = sl_optim_tensor(o, i, name)); i++) {
    lua_pushstring(L, name);
    lua_rawseti(L, -3, i + 1);
    push_tensor(L, t);
    lua_rawseti(L, -2, i + 1);
  }
  return 2;
}

/* ---- options: opt.lr -------------------------------------------------------------------------- */

static int optim_index(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING) return 1;
  double v = sl_optim_option(check_optim(L, "optimizer"), lua_tostring(L, 2));
  if (v == v) lua_pushnumber(L, v);
  return 1;
}

static int optim_newindex(lua_State *L) {
  sl_optim *o = check_optim(L, "optimizer");
  const char *key = check_string(L, 2, sl_optim_kind_name(o), "option");
  double v = lua_isboolean(L, 3) ? lua_toboolean(L, 3) : check_number(L, 3, sl_optim_kind_name(o), key);
  return sl_optim_option_set(context(L), o, key, v) ? 0 : raise_error(L);
}

static int optim_tostring(lua_State *L) {
  const sl_optim *o = check_optim(L, "tostring");
  lua_pushfstring(L, "%s(lr=%f, %I steps made)", sl_optim_kind_name(o), sl_optim_option(o, "lr"),
                  (LUAI_UACINT)sl_optim_steps(o));
  return 1;
}

/* ---- the moving average -------------------------------------------------------------------------- */

static int ema_update(lua_State *L), ema_swap(lua_State *L), ema_copy_to(lua_State *L), ema_swapped(lua_State *L);
static int ema_updates(lua_State *L), ema_tensors(lua_State *L), ema_tostring(lua_State *L);

static void free_ema(void *p) { sl_ema_free(p); }

static const luaL_Reg ema_methods[] = {{"update", ema_update}, {"swap", ema_swap}, {"swapped", ema_swapped},
                                       {"copy_to", ema_copy_to}, {"updates", ema_updates}, {"_tensors", ema_tensors},
                                       {NULL, NULL}};
static const luaL_Reg ema_meta[] = {{"__tostring", ema_tostring}, {NULL, NULL}};
static const handle_type ema_type = {"sdelua.EMA", free_ema, ema_methods, ema_meta};

static sl_ema *check_ema(lua_State *L, const char *who) { return handle_check(L, 1, &ema_type, who, "self"); }

typedef struct averaging {
  int n;
  sl_tensor **params;
  double decay;
  bool warmup;
  void **slot;
} averaging;

static bool make_ema(sl_ctx *c, void *args) {
  averaging *a = args;
  return (*a->slot = sl_ema_new(c, a->n, a->params, a->decay, a->warmup)) != NULL;
}

static int ema_new(lua_State *L) {
  static const char *const names[] = {"decay", "warmup", NULL};
  lua_settop(L, 2);
  options o = read_options(L, 2, "EMA", names);
  averaging a = {.decay = option_number(&o, "decay", 0.999), .warmup = option_boolean(&o, "warmup", true)};
  a.n = read_params(L, "EMA", &a.params);
  a.slot = handle_new(L, &ema_type, 0);
  call_core(L, make_ema, &a);
  return 1;
}

static bool update(sl_ctx *c, void *e) { return sl_ema_update(c, e); }
static bool swap(sl_ctx *c, void *e) { return sl_ema_swap(c, e); }
static bool copy_to(sl_ctx *c, void *e) { return sl_ema_copy_to(c, e); }

static int ema_update(lua_State *L) {
  call_core(L, update, check_ema(L, "update"));
  return 0;
}

static int ema_swap(lua_State *L) {
  call_core(L, swap, check_ema(L, "swap"));
  return 0;
}

static int ema_copy_to(lua_State *L) {
  call_core(L, copy_to, check_ema(L, "copy_to"));
  return 0;
}

static int ema_swapped(lua_State *L) {
  lua_pushboolean(L, sl_ema_swapped(check_ema(L, "swapped")));
  return 1;
}

/* ema:updates() -> updates made; ema:updates(n) sets them */
static int ema_updates(lua_State *L) {
  sl_ema *e = check_ema(L, "updates");
  if (!lua_isnoneornil(L, 2)) sl_ema_updates_set(e, check_integer(L, 2, "updates", "n", 0, INT64_MAX));
  lua_pushinteger(L, sl_ema_updates(e));
  return 1;
}

static int ema_tensors(lua_State *L) {
  sl_tensor *t;
  sl_ema *e = check_ema(L, "_tensors");
  lua_newtable(L);
  for (int i = 0; (t = sl_ema_tensor(e, i)); i++) {
    push_tensor(L, t);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static int ema_tostring(lua_State *L) {
  const sl_ema *e = check_ema(L, "tostring");
  lua_pushfstring(L, "EMA(decay=%f, %I updates made)", sl_ema_decay(e), (LUAI_UACINT)sl_ema_updates(e));
  return 1;
}

/* ---- the room ---------------------------------------------------------------------------------------- */

/* Pushes the table of methods of a registered type. */
static void push_methods(lua_State *L, const handle_type *type) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, type);
  lua_getfield(L, -1, "__index");
  lua_remove(L, -2);
}

static void open_optim_index(lua_State *L) {
  push_methods(L, &optim_type);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &optim_type);
  lua_insert(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__names");
  lua_pushcclosure(L, optim_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void sl_bind_optim(lua_State *L) {
  sl_optim_info info;
  handle_register(L, &optim_type);
  handle_register(L, &ema_type);
  lua_newtable(L);
  open_optim_index(L);
  push_methods(L, &ema_type);
  lua_setfield(L, -2, "ema_methods");
  for (int i = 0; sl_optim_info_at(i, &info); i++) {
    lua_pushinteger(L, i);
    lua_pushcclosure(L, optim_new, 1);
    lua_setfield(L, -2, info.name);
  }
  lua_pushcfunction(L, ema_new);
  lua_setfield(L, -2, "EMA");
  lua_setfield(L, -2, "optim");
}
