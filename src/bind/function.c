/* Lua functions as nodes of the graph: sl.custom_vjp and sl.checkpoint.

   A node of the graph refers to a userdata that holds the Lua functions. While there is
   such a node, or a call under way, the registry anchors the userdata; no finalizer is
   needed. A function that holds a result of its own graph, and so the node, keeps
   itself: until that graph is walked, or the Lua state closes. */
#include "state.h"

#include "tensor/internal.h"

#include <stdio.h>

/* User values: of custom_vjp forward, backward, name; of checkpoint the function and a table of those arguments that
   are not tensors. */
typedef struct function {
  sl_function core;
  lua_State *main; /* a node may die when no binding runs */
  const char *name;
  int n_args; /* of checkpoint */
  bool is_tensor[];
} function;

enum { FORWARD = 1, BACKWARD, NAME, OTHERS = BACKWARD };

/* Frees and raises nothing, so it may run wherever a node dies. Without a stack slot the userdata stays for good. */
static void unanchor(sl_function *core) {
  lua_State *L = ((function *)core)->main;
  if (!lua_checkstack(L, 1)) return;
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, core);
}

/* Pushes it. */
static function *function_new(lua_State *L, const char *name, int n_args, int values) {
  function *f = lua_newuserdatauv(L, sizeof *f + (size_t)n_args, values);
  *f = (function){.core.release = unanchor, .name = name, .n_args = n_args};
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  f->main = lua_tothread(L, -1);
  lua_pop(L, 1);
  handle_recallable(L, -1);
  return f;
}

/* ---- applying ------------------------------------------------------------------------ */

typedef struct applying {
  function *f;
  int n;
  sl_tensor **x, **slot;
} applying;

static bool apply(sl_ctx *c, void *args) {
  applying *a = args;
  return (*a->slot = sl_retain(sl_function_apply(c, &a->f->core, a->n, a->x))) != NULL;
}

/* Once only: the function may change something as it goes. */
static int return_applied(lua_State *L, int self, applying *a) {
  lua_pushvalue(L, self);
  lua_rawsetp(L, LUA_REGISTRYINDEX, a->f);
  a->slot = new_tensor_slot(L);
  int top = lua_gettop(L);
  call_once(L, apply, a);
  lua_settop(L, top);
  return 1;
}

typedef struct forward_call {
  function *f;
  int n;
  sl_tensor *const *x;
  sl_tensor *y;
} forward_call;

static void take_result(lua_State *L, forward_call *k) {
  if (!is_tensor(L, -1)) raise_text(L, "%s: expected a tensor as result, got %s", k->f->name, describe(L, -1));
  k->y = sl_retain(check_tensor(L, -1, k->f->name, "result"));
}

static sl_tensor *call_forward(sl_ctx *c, sl_function *core, int n, sl_tensor *const *x, lua_CFunction body) {
  forward_call k = {.f = (function *)core, .n = n, .x = x};
  callback f = value_callback((void **)core, FORWARD);
  return callback_run(c, &f, body, &k) ? sl_temp(c, k.y) : NULL;
}

/* ---- custom_vjp ------------------------------------------------------------------------- */

static int forward_body(lua_State *L) {
  forward_call *k = lua_touserdata(L, 2);
  lua_settop(L, 1);
  luaL_checkstack(L, k->n + LUA_MINSTACK, "too many arguments");
  for (int i = 0; i < k->n; i++) push_tensor(L, k->x[i]);
  lua_call(L, k->n, 1);
  take_result(L, k);
  return 0;
}

static sl_tensor *custom_forward(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x) {
  return call_forward(c, f, n, x, forward_body);
}

typedef struct backward_call {
  function *f;
  int n;
  sl_tensor *const *x, *y, *dy;
  const bool *need;
  sl_tensor **dx;
} backward_call;

/* Pushes dy, x1 .. xn, y if kept, needs; returns how many. */
static int push_backward(lua_State *L, const backward_call *k) {
  luaL_checkstack(L, k->n + LUA_MINSTACK, "too many arguments");
  push_tensor(L, k->dy);
  for (int i = 0; i < k->n; i++) push_tensor(L, k->x[i]);
  if (k->y) push_tensor(L, k->y);
  lua_createtable(L, k->n, 0);
  for (int i = 0; i < k->n; i++) lua_pushboolean(L, k->need[i]), lua_rawseti(L, -2, i + 1);
  return k->n + (k->y ? 3 : 2);
}

static void check_gradient(lua_State *L, int i, const char *who, const sl_tensor *x) {
  char shape[128], name[40];
  lua_Integer n = i;
  if (lua_isnil(L, i)) return;
  if (!is_tensor(L, i))
    raise_text(L, "%s: result %I of backward: expected a tensor or nil, got %s", who, n, describe(L, i));
  snprintf(name, sizeof name, "result %d of backward", i);
  const sl_tensor *dx = check_tensor(L, i, who, name);
  if (sl_same_shape(x, dx) && x->dtype == dx->dtype) return;
  raise_text(L, "%s: result %I of backward: expected a %s tensor of shape %s as argument %I, got %s", who, n,
             sl_dtype_name(x->dtype), sl_shape_str(x, shape), n, describe(L, i));
}

static int backward_body(lua_State *L) {
  backward_call *k = lua_touserdata(L, 2);
  lua_settop(L, 1);
  lua_call(L, push_backward(L, k), LUA_MULTRET);
  int n = lua_gettop(L);
  if (n != k->n)
    return raise_text(L, "%s: backward: expected %d results, one for each argument of forward, got %d", k->f->name,
                      k->n, n);
  for (int i = 0; i < n; i++) check_gradient(L, i + 1, k->f->name, k->x[i]);
  for (int i = 0; i < n; i++)
    if (!lua_isnil(L, i + 1)) k->dx[i] = sl_retain(check_tensor(L, i + 1, k->f->name, "result"));
  return 0;
}

static bool custom_backward(sl_ctx *c, sl_function *core, int n, sl_tensor *const *x, sl_tensor *y, sl_tensor *dy,
                            const bool *need, sl_tensor **dx) {
  backward_call k = {(function *)core, n, x, y, dy, need, dx};
  callback f = value_callback((void **)core, BACKWARD);
  if (!callback_run(c, &f, backward_body, &k)) return false;
  for (int i = 0; i < n; i++)
    if (dx[i]) dx[i] = sl_temp(c, dx[i]);
  return !sl_failed(c);
}

static const char custom_key = 0;

static void require_function(lua_State *L, const options *o, const char *key) {
  if (!option_callable(o, key)) raise_text(L, "%s: option %s: expected a function, got nil", o->who, key);
}

/* custom_vjp { forward = function(x1, ..., xn) return y end,
                backward = function(dy, x1, ..., xn [, y], needs) return dx1, ..., dxn end, keep_y = false, name = }:
   a function of tensors, giving one, whose gradient is yours (a vector-Jacobian product: dxi has xi's shape, nil means
   none). forward runs without recording. backward gets y if keep_y, and in needs[i] whether dxi is asked for; made of
   ops, it can be differentiated again (create_graph). `name` is what errors say. */
static int custom_vjp(lua_State *L) {
  static const char *const names[] = {"forward", "backward", "keep_y", "name", NULL};
  lua_settop(L, 1);
  options o = read_options(L, 1, "custom_vjp", names);
  require_function(L, &o, "forward");
  require_function(L, &o, "backward");
  if (!option_push(&o, "name")) lua_pushliteral(L, "custom_vjp"), lua_replace(L, -2);
  function *f = function_new(L, check_string(L, -1, "custom_vjp", "name"), 0, NAME);
  f->core.forward = custom_forward;
  f->core.vjp = custom_backward;
  f->core.keep_y = option_boolean(&o, "keep_y", false);
  for (int i = FORWARD; i <= NAME; i++) lua_pushvalue(L, i + 1), lua_setiuservalue(L, -2, i);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &custom_key);
  lua_setmetatable(L, -2);
  return 1;
}

static int custom_call(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &custom_key);
  bool same = lua_getmetatable(L, 1) && lua_rawequal(L, -1, -2);
  if (!same) return bad_argument(L, 1, "custom_vjp", "self", "a function that custom_vjp made");
  lua_pop(L, 2);
  applying a = {.f = lua_touserdata(L, 1), .n = lua_gettop(L) - 1};
  a.x = lua_newuserdatauv(L, (size_t)(a.n + 1) * sizeof *a.x, 0);
  for (int i = 0; i < a.n; i++) {
    char name[16];
    snprintf(name, sizeof name, "x%d", i + 1);
    a.x[i] = check_tensor(L, i + 2, a.f->name, name);
  }
  return return_applied(L, 1, &a);
}

/* ---- checkpoint ------------------------------------------------------------------------------ */

/* Handles made since then and still open: of the second run nothing but the graph shall last. */
static void drop_handles(state *s, uint64_t since) {
  for (link *at = s->handles.older, *older; at->serial > since; at = older) {
    older = at->older;
    if (!at->scope) handle_drop((tensor_handle *)((char *)at - offsetof(tensor_handle, at)));
  }
}

static int checkpoint_body(lua_State *L) {
  forward_call *k = lua_touserdata(L, 2);
  state *s = state_get(L);
  uint64_t since = s->serial;
  lua_settop(L, 1);
  luaL_checkstack(L, k->f->n_args + LUA_MINSTACK, "too many arguments");
  lua_rawgetp(L, LUA_REGISTRYINDEX, k->f);
  lua_getiuservalue(L, 2, OTHERS);
  lua_pushvalue(L, 1);
  for (int i = 0, tensor = 0; i < k->f->n_args; i++) {
    if (k->f->is_tensor[i]) push_tensor(L, k->x[tensor++]);
    else lua_rawgeti(L, 3, i + 1);
  }
  lua_call(L, k->f->n_args, 1);
  take_result(L, k);
  if (sl_recording(s->ctx)) drop_handles(s, since);
  return 0;
}

static sl_tensor *checkpoint_forward(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x) {
  return call_forward(c, f, n, x, checkpoint_body);
}

/* checkpoint(f, ...): f(...), one tensor, of which the graph keeps the arguments and the result alone: backward runs f
   a second time (Chen et al. 2016). Result, gradients and random numbers have the same bits as without; gradients of
   gradients may differ in the order of sums. f is a module or any function that gives the same both times, though
   recorded only the second. Tensors that come and go with a scope are given as arguments; handles made in the second
   run are closed at its end. */
static int checkpoint(lua_State *L) {
  int n = lua_gettop(L) - 1;
  check_callable(L, 1, "checkpoint", "f");
  if (!sl_recording(context(L))) {
    lua_call(L, n, 1);
    return 1;
  }
  applying a = {.f = function_new(L, "checkpoint", n, OTHERS)};
  int self = lua_gettop(L);
  a.f->core.forward = checkpoint_forward;
  a.x = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof *a.x, 0);
  lua_newtable(L);
  for (int i = 0; i < n; i++) {
    a.f->is_tensor[i] = is_tensor(L, i + 2);
    if (a.f->is_tensor[i]) a.x[a.n++] = check_tensor(L, i + 2, "checkpoint", "x");
    else lua_pushvalue(L, i + 2), lua_rawseti(L, -2, i + 1);
  }
  lua_setiuservalue(L, self, OTHERS);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, self, FORWARD);
  return return_applied(L, self, &a);
}

/* ---- the room ---------------------------------------------------------------------------------- */

static const luaL_Reg functions[] = {{"custom_vjp", custom_vjp}, {"checkpoint", checkpoint}, {NULL, NULL}};

void sl_bind_function(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
  lua_newtable(L);
  lua_pushcfunction(L, custom_call);
  lua_setfield(L, -2, "__call");
  lua_pushliteral(L, "sdelua.function");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "sdelua.function");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &custom_key);
}
