/* Gradients: backward, sl.grad, no_grad, enable_grad, requires_grad_. */
#include "tensor.h"

static const char *const backward_options[] = {"create_graph", "grad", NULL};
static const char *const grad_options[] = {"create_graph", "retain_graph", "grad", NULL};

typedef struct walk {
  sl_tensor *y, *dy, **x, **dx;
  int n;
  sl_tensor ***slots;
  bool create_graph, retain;
} walk;

/* Once only: a walk frees the graph as it goes. */
static bool run_backward(sl_ctx *c, void *args) {
  walk *w = args;
  return sl_backward(c, w->y, w->dy, w->create_graph);
}

/* y:backward([grad] [, {create_graph=, grad=}]) */
static int tensor_backward(lua_State *L) {
  walk w = {.y = check_tensor(L, 1, "backward", "y")};
  bool given = is_tensor(L, 2);
  options o = read_options(L, given ? 3 : 2, "backward", backward_options);
  w.create_graph = option_boolean(&o, "create_graph", false);
  w.dy = given ? check_tensor(L, 2, "backward", "grad") : option_tensor(&o, "grad");
  call_once(L, run_backward, &w);
  return 0;
}

static bool run_grad(sl_ctx *c, void *args) {
  walk *w = args;
  if (!sl_grad(c, w->y, w->dy, w->n, w->x, w->dx, w->create_graph, w->retain)) return false;
  for (int i = 0; i < w->n; i++) *w->slots[i] = sl_retain(w->dx[i]);
  return true;
}

/* Pushes a list of n new handles; their slots go to w->slots. */
static void push_slots(lua_State *L, walk *w) {
  w->slots = lua_newuserdatauv(L, (size_t)(w->n + 1) * sizeof *w->slots, 0);
  w->dx = lua_newuserdatauv(L, (size_t)(w->n + 1) * sizeof *w->dx, 0);
  lua_createtable(L, w->n, 0);
  for (int i = 0; i < w->n; i++) {
    w->slots[i] = new_tensor_slot(L);
    lua_rawseti(L, -2, i + 1);
  }
}

/* sl.grad(y, x, {create_graph=, retain_graph=, grad=}): x a tensor or a list; so is the result. */
static int grad_function(lua_State *L) {
  walk w = {.y = check_tensor(L, 1, "grad", "y")};
  options o = read_options(L, 3, "grad", grad_options);
  bool single = !lua_istable(L, 2);
  w.create_graph = option_boolean(&o, "create_graph", false);
  w.retain = option_boolean(&o, "retain_graph", false);
  w.dy = option_tensor(&o, "grad");
  sl_tensor *x = single ? check_tensor(L, 2, "grad", "x") : NULL;
  w.n = single ? 1 : check_tensors(L, 2, "grad", "x", &w.x);
  if (single) w.x = &x;
  push_slots(L, &w);
  int result = lua_gettop(L);
  call_once(L, run_grad, &w);
  lua_settop(L, result);
  if (single) lua_rawgeti(L, result, 1);
  return 1;
}

static int call_recording(lua_State *L, const char *who, bool on) {
  check_callable(L, 1, who, "f");
  bool was = sl_recording_set(context(L), on);
  int status = traced_pcall(L, lua_gettop(L) - 1, LUA_MULTRET);
  sl_recording_set(context(L), was);
  return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* no_grad(f, ...): f's results; nothing in it is recorded. */
static int no_grad(lua_State *L) { return call_recording(L, "no_grad", false); }
/* enable_grad(f, ...): the same, recorded: in a no_grad, or in the functions of a custom_vjp. */
static int enable_grad(lua_State *L) { return call_recording(L, "enable_grad", true); }

static int is_recording(lua_State *L) {
  lua_pushboolean(L, sl_recording(context(L)));
  return 1;
}

/* x:requires_grad_([on]) marks a leaf; returns x. */
static int tensor_requires_grad(lua_State *L) {
  sl_tensor *x = check_tensor(L, 1, "requires_grad_", "x");
  bool on = lua_isnoneornil(L, 2) || check_boolean(L, 2, "requires_grad_", "on");
  if (!sl_require_grad(context(L), x, on)) return raise_error(L);
  lua_settop(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
  {"backward", tensor_backward}, {"requires_grad_", tensor_requires_grad}, {NULL, NULL},
};
static const luaL_Reg functions[] = {
  {"grad", grad_function}, {"no_grad", no_grad}, {"enable_grad", enable_grad}, {"is_recording", is_recording},
  {NULL, NULL},
};

void sl_bind_grad(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
  push_tensor_methods(L);
  luaL_setfuncs(L, methods, 0);
  lua_pop(L, 1);
}
