/* Tensor handles: a userdata owns one reference. What a handle can do beyond the
   ops is in access.c; the ops add themselves as methods in ops.c. */
#include "tensor.h"

static const char tensor_key = 0;

static tensor_handle *handle_at(lua_State *L, int i) {
  if (lua_type(L, i) != LUA_TUSERDATA || !lua_getmetatable(L, i)) return NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &tensor_key);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? lua_touserdata(L, i) : NULL;
}

static tensor_handle *check_live(lua_State *L, int i, const char *who, const char *name, const char *expected) {
  tensor_handle *h = handle_at(L, i);
  if (!h) bad_argument(L, i, who, name, expected);
  if (!h->t) luaL_error(L, "%s: argument %s: this tensor is closed: its scope has ended", who, name);
  return h;
}

tensor_handle *check_handle(lua_State *L, int i, const char *who, const char *name) {
  return check_live(L, i, who, name, "a tensor");
}

bool is_tensor(lua_State *L, int i) { return handle_at(L, i) != NULL; }
sl_tensor *check_tensor(lua_State *L, int i, const char *who, const char *name) {
  return check_handle(L, i, who, name)->t;
}

sl_tensor *check_operand(lua_State *L, int i, const char *who, const char *name) {
  return check_live(L, i, who, name, "a tensor or a number")->t;
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
  lua_rawgetp(L, LUA_REGISTRYINDEX, &tensor_key);
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
  tensor_handle *h = handle_at(L, 1);
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

static const luaL_Reg tensor_meta[] = {
  {"__gc", tensor_gc}, {"__close", tensor_close}, {"__eq", tensor_eq}, {NULL, NULL},
};

void push_tensor_meta(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &tensor_key); }
void push_tensor_methods(lua_State *L) {
  push_tensor_meta(L);
  lua_getfield(L, -1, "methods");
  lua_remove(L, -2);
}

void sl_bind_tensor(lua_State *L) {
  lua_newtable(L);
  luaL_setfuncs(L, tensor_meta, 0);
  lua_pushliteral(L, "tensor");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "tensor");
  lua_setfield(L, -2, "__metatable");
  lua_newtable(L);
  lua_setfield(L, -2, "methods");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &tensor_key);
}
