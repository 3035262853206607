/* Tensor handles: a userdata owns one reference. What a handle can do beyond the
   ops is in access.c; the ops add themselves as methods in ops.c. */
#include "tensor.h"

tensor_handle *handle_in(lua_State *L, const state *s, int i) {
  if (lua_type(L, i) != LUA_TUSERDATA || !lua_getmetatable(L, i)) return NULL;
  bool same = lua_topointer(L, -1) == s->tensor_meta;
  lua_pop(L, 1);
  return same ? lua_touserdata(L, i) : NULL;
}

static tensor_handle *handle_at(lua_State *L, int i) {
  const state *s = state_push(L);
  lua_pop(L, 1);
  return handle_in(L, s, i);
}

tensor_handle *check_handle(lua_State *L, int i, const char *who, const char *name) {
  tensor_handle *h = handle_at(L, i);
  if (!h) bad_argument(L, i, who, name, "a tensor");
  if (!h->t) raise_text(L, "%s: argument %s: this tensor is closed: its scope has ended", who, name);
  return h;
}

bool is_tensor(lua_State *L, int i) { return handle_at(L, i) != NULL; }
sl_tensor *check_tensor(lua_State *L, int i, const char *who, const char *name) {
  return check_handle(L, i, who, name)->t;
}

sl_tensor *opt_tensor(lua_State *L, int i, const char *who, const char *name) {
  return lua_isnoneornil(L, i) ? NULL : check_tensor(L, i, who, name);
}

sl_tensor **new_tensor_slot(lua_State *L) { return new_slot(L, state_get(L)); }

sl_tensor **new_slot(lua_State *L, state *s) {
  collect_if_grown(L, s);
  luaL_checkstack(L, 4, "too many tensors");
  tensor_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  h->t = NULL;
  h->at = (link){.newer = &h->at, .older = &h->at};
  lua_rawgeti(L, LUA_REGISTRYINDEX, s->tensor_ref);
  lua_setmetatable(L, -2);
  link_in(s, &h->at);
  return &h->t;
}

void push_tensor(lua_State *L, sl_tensor *t) {
  if (t) *new_tensor_slot(L) = sl_retain(t);
  else lua_pushnil(L);
}

/* ---- metamethods ---------------------------------------------------------------- */

static int tensor_gc(lua_State *L) {
  tensor_handle *h = handle_in(L, lua_touserdata(L, lua_upvalueindex(1)), 1);
  if (h) handle_drop(h);
  return 0;
}

/* A finalizer that closes what a running binding has borrowed would pull it away. */
static int tensor_close(lua_State *L) { return finalizing(L) ? 0 : tensor_gc(L); }

static int tensor_eq(lua_State *L) {
  tensor_handle *a = handle_at(L, 1), *b = handle_at(L, 2);
  lua_pushboolean(L, a && b && a->t && a->t == b->t);
  return 1;
}

/* Lua makes one boolean of what <, <=, > and >= give, so that they can't compare elements. */
static int tensor_order(lua_State *L) {
  return raise_text(L, "comparison: <, <=, > and >= are not for tensors: x:gt(0.3), x:ge, x:lt, x:le and x:eq compare "
                    "elements, x:item() > 0.3 a single one");
}

static const luaL_Reg tensor_meta[] = {
  {"__gc", tensor_gc}, {"__close", tensor_close}, {"__eq", tensor_eq}, {"__lt", tensor_order}, {"__le", tensor_order},
  {NULL, NULL},
};

void push_tensor_meta(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, state_get(L)->tensor_ref); }
void push_tensor_methods(lua_State *L) {
  push_tensor_meta(L);
  lua_getfield(L, -1, "methods");
  lua_remove(L, -2);
}

void sl_bind_tensor(lua_State *L) {
  lua_newtable(L);
  state *s = state_push(L);
  luaL_setfuncs(L, tensor_meta, 1);
  lua_pushliteral(L, "tensor");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "tensor");
  lua_setfield(L, -2, "__metatable");
  lua_newtable(L);
  lua_setfield(L, -2, "methods");
  s->tensor_meta = lua_topointer(L, -1);
  s->tensor_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
