/* Completion: "sl.nn.Li" goes through globals and fields, of userdata too by way of their metatables. */
#include "main.h"

#include <string.h>

enum { DEPTH = 8 /* of __index chains */ };

/* ---- names of a value ---------------------------------------------------------------- */

static bool is_name(const char *s) {
  for (const char *p = s; *p; p++)
    if (!(*p == '_' || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (p > s && *p >= '0' && *p <= '9')))
      return false;
  return *s != 0;
}

/* Adds the keys of the table on the stack top that begin with `part` to the set at `set`. Pops it. */
static void add_keys(lua_State *L, int set, const char *part) {
  int t = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
    if (!key || strncmp(key, part, strlen(part)) || !is_name(key)) continue;
    if (!strncmp(key, "__", 2) && strncmp(part, "__", 2)) continue;
    lua_pushvalue(L, -2);
    lua_pushboolean(L, 1);
    lua_rawset(L, set);
  }
  lua_pop(L, 1);
}

/* The metatable's __names: a table of names as keys, or a function that returns one. */
static void add_named(lua_State *L, int metatable, int set, const char *part) {
  lua_pushliteral(L, "__names");
  lua_rawget(L, metatable);
  if (lua_isfunction(L, -1) && lua_pcall(L, 0, 1, 0) != LUA_OK) lua_pushnil(L), lua_remove(L, -2);
  if (lua_istable(L, -1)) add_keys(L, set, part);
  else lua_pop(L, 1);
}

/* Adds the names that the value on the stack top offers. Pops it. */
static void add_names(lua_State *L, int set, const char *part) {
  for (int depth = 0; depth < DEPTH && !lua_isnil(L, -1); depth++) {
    if (lua_istable(L, -1)) {
      lua_pushvalue(L, -1);
      add_keys(L, set, part);
    }
    if (!lua_getmetatable(L, -1)) break;
    add_named(L, lua_gettop(L), set, part);
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    lua_replace(L, -3);
    lua_pop(L, 1);
    if (!lua_istable(L, -1) && !lua_isuserdata(L, -1)) break;
  }
  lua_pop(L, 1);
}

/* ---- the word ----------------------------------------------------------------------------- */

static int get_field(lua_State *L) {
  lua_gettable(L, 1);
  return 1;
}

/* Replaces the value on the stack top by its field; nil when that fails. */
static void step_into(lua_State *L, const char *name, size_t n) {
  lua_pushcfunction(L, get_field);
  lua_insert(L, -2);
  lua_pushlstring(L, name, n);
  if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}

/* Pushes the words of the set, with what precedes their last part, sorted. */
static int sorted(lua_State *L, int set, const char *word, size_t head) {
  int n = 0;
  lua_newtable(L);
  int list = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, set); lua_pop(L, 1)) {
    lua_pushlstring(L, word, head);
    lua_pushvalue(L, -3);
    lua_concat(L, 2);
    lua_rawseti(L, list, ++n);
  }
  lua_getglobal(L, "table");
  lua_getfield(L, -1, "sort");
  lua_pushvalue(L, list);
  lua_call(L, 1, 0);
  lua_settop(L, list);
  return n;
}

int complete(lua_State *L, const char *word) {
  lua_newtable(L);
  int set = lua_gettop(L);
  lua_pushglobaltable(L);
  const char *part = word;
  for (const char *end; *(end = part + strcspn(part, ".:")); part = end + 1)
    step_into(L, part, (size_t)(end - part));
  add_names(L, set, part);
  return sorted(L, set, word, (size_t)(part - word));
}
