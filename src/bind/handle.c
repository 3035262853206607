/* Handles: userdata that own one pointer of the core. */
#include "state.h"

typedef struct handle {
  void *p; /* handle_new returns its address. NULL: closed */
} handle;

/* Both have the type as upvalue: the debug library can call them with anything. */
static int handle_gc(lua_State *L) {
  const handle_type *type = lua_touserdata(L, lua_upvalueindex(1));
  handle *h = handle_is(L, 1, type) ? lua_touserdata(L, 1) : NULL;
  void *p = h ? h->p : NULL;
  if (h) h->p = NULL;
  if (p) type->release(p);
  return 0;
}

/* A finalizer that closes what a running binding has borrowed would pull it away. */
static int handle_close(lua_State *L) { return finalizing(L) ? 0 : handle_gc(L); }

static void set_finalizer(lua_State *L, const handle_type *type, const char *event, lua_CFunction fn) {
  lua_pushlightuserdata(L, (void *)type);
  lua_pushcclosure(L, fn, 1);
  lua_setfield(L, -2, event);
}

void handle_register(lua_State *L, const handle_type *type) {
  lua_newtable(L);
  lua_pushstring(L, type->name);
  lua_setfield(L, -2, "__name");
  lua_pushstring(L, type->name);
  lua_setfield(L, -2, "__metatable");
  if (type->methods) {
    lua_newtable(L);
    luaL_setfuncs(L, type->methods, 0);
    lua_setfield(L, -2, "__index");
  }
  if (type->meta) luaL_setfuncs(L, type->meta, 0);
  set_finalizer(L, type, "__gc", handle_gc);
  set_finalizer(L, type, "__close", handle_close);
  lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}

void **handle_new(lua_State *L, const handle_type *type, int values) {
  collect_if_grown(L, state_get(L));
  handle *h = lua_newuserdatauv(L, sizeof *h, values);
  h->p = NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, type);
  lua_setmetatable(L, -2);
  return &h->p;
}

bool handle_is(lua_State *L, int i, const handle_type *type) {
  if (lua_type(L, i) != LUA_TUSERDATA || !lua_getmetatable(L, i)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, type);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

void *handle_check(lua_State *L, int i, const handle_type *type, const char *who, const char *name) {
  if (!handle_is(L, i, type))
    raise_text(L, "%s: argument %s: expected a %s, got %s", who, name, type->name, describe(L, i));
  handle *h = lua_touserdata(L, i);
  if (!h->p) raise_text(L, "%s: argument %s: this %s is closed", who, name, type->name);
  return h->p;
}
