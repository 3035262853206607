/* sl.scope(): a mark in the list of handles. Closing it drops the handles made
   since; what a parameter, an optimizer or a graph also holds lives on. */
#include "tensor.h"

static const char scope_key = 0;

static link *check_any(lua_State *L, const char *who) {
  bool scope = false;
  if (lua_type(L, 1) == LUA_TUSERDATA && lua_getmetatable(L, 1)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &scope_key);
    scope = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
  }
  if (!scope) bad_argument(L, 1, who, "scope", "a scope");
  return lua_touserdata(L, 1);
}

static link *check_open(lua_State *L, const char *who) {
  link *at = check_any(L, who);
  if (at->newer == at) raise_text(L, "%s: this scope is closed", who);
  return at;
}

static int scope_new(lua_State *L) {
  state *s = state_get(L);
  link *at = lua_newuserdatauv(L, sizeof *at, 0);
  *at = (link){.newer = at, .older = at, .scope = true};
  lua_rawgetp(L, LUA_REGISTRYINDEX, &scope_key);
  lua_setmetatable(L, -2);
  link_in(s, at);
  return 1;
}

static int scope_close(lua_State *L) {
  state *s = state_get(L);
  link *end = check_any(L, "close");
  if (end->newer == end) return 0;
  if (finalizing(L)) return raise_text(L, "scope: a finalizer can't close a scope");
  for (link *at = s->handles.older, *older; at != end; at = older) {
    older = at->older;
    if (!at->scope) handle_drop((tensor_handle *)((char *)at - offsetof(tensor_handle, at)));
  }
  link_out(end);
  return 0;
}

static int scope_close_method(lua_State *L) {
  check_open(L, "close");
  return scope_close(L);
}

/* A scope that nothing closed drops nothing. */
static int scope_gc(lua_State *L) {
  link_out(check_any(L, "scope"));
  return 0;
}

static void keep_one(link *scope, link *at) {
  if (at->serial <= scope->serial || at->newer == at) return; /* older, or in no list */
  link_out(at);
  at->serial = scope->serial;
  at->newer = scope;
  at->older = scope->older;
  at->older->newer = scope->older = at;
}

static void keep_table(lua_State *L, link *scope, int i) {
  for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1))
    if (is_tensor(L, -1)) keep_one(scope, &check_handle(L, -1, "keep", "x")->at);
}

/* s:keep(x, ...): tensors, or tables with tensors as values; returns them. */
static int scope_keep(lua_State *L) {
  link *scope = check_open(L, "keep");
  int n = lua_gettop(L);
  for (int i = 2; i <= n; i++) {
    if (lua_istable(L, i)) keep_table(L, scope, i);
    else keep_one(scope, &check_handle(L, i, "keep", "x")->at);
  }
  return n - 1;
}

/* A handle in no list is out of every scope's reach. */
static void free_one(lua_State *L, int i) { link_out(&check_handle(L, i, "keep", "x")->at); }

/* keep(x): a tensor, or a table with tensors as values; returns it. */
static int keep(lua_State *L) {
  lua_settop(L, 1);
  if (!lua_istable(L, 1)) {
    free_one(L, 1);
    return 1;
  }
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
    if (is_tensor(L, -1)) free_one(L, lua_gettop(L));
  return 1;
}

static const luaL_Reg methods[] = {{"keep", scope_keep}, {"close", scope_close_method}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", scope_gc}, {"__close", scope_close}, {NULL, NULL}};

void sl_bind_scope(lua_State *L) {
  lua_newtable(L);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "scope");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "scope");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &scope_key);
  lua_pushcfunction(L, scope_new);
  lua_setfield(L, -2, "scope");
  lua_pushcfunction(L, keep);
  lua_setfield(L, -2, "keep");
}
