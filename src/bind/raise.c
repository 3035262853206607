/* Errors are told where the library was called, and in the name of what was called there: what lies between, Lua files
   of the library among it, is for the traceback to tell. */
#include "bind.h"

#include <stdarg.h>
#include <string.h>

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

static const char home_key = 'h', names_key = 'n'; /* the places of both in the registry */

/* The call of the library: where it stands in what is not of it, and the name of the function called; NULL: none. */
typedef struct site {
  lua_Debug at;
  bool found;
  const char *name;
} site;

static bool is_own(const char *source, const char *home) { return home && !strncmp(source, home, strlen(home)); }

/* From the function running outwards. A name stays where it is while its function runs. */
static site find_site(lua_State *L) {
  site s = {.found = false, .name = NULL};
  luaL_checkstack(L, 4, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &home_key);
  const char *home = lua_tostring(L, -1);
  bool names = lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key) == LUA_TTABLE;
  for (int level = 0; !s.found && lua_getstack(L, level, &s.at); level++) {
    lua_getinfo(L, "Slf", &s.at);
    if (names && lua_rawget(L, -2) == LUA_TSTRING) s.name = lua_tostring(L, -1);
    lua_pop(L, 1);
    s.found = s.at.currentline > 0 && !is_own(s.at.source, home);
  }
  lua_pop(L, 2);
  return s;
}

/* Raises the text on the stack top, "who: what was wrong". */
static int raise_top(lua_State *L) {
  const char *text = lua_tostring(L, -1), *rest = text + strspn(text, NAME_LETTERS);
  site s = find_site(L);
  if (s.name && !strncmp(rest, ": ", 2)) text = lua_pushfstring(L, "%s%s", s.name, rest);
  if (s.found) lua_pushfstring(L, "%s:%d: %s", s.at.short_src, s.at.currentline, text);
  return lua_error(L);
}

int raise_text(lua_State *L, const char *format, ...) {
  va_list args;
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  return raise_top(L);
}

/* ---- for the library's Lua files ------------------------------------------------------- */

/* raise(text) */
static int raise_given(lua_State *L) {
  check_string(L, 1, "errors.raise", "text");
  lua_settop(L, 1);
  return raise_top(L);
}

/* named(who, f) -> f */
static int named(lua_State *L) {
  check_string(L, 1, "errors.named", "who");
  if (!lua_isfunction(L, 2)) return bad_argument(L, 2, "errors.named", "f", "a function");
  lua_settop(L, 2);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  lua_rawset(L, -3);
  lua_settop(L, 2);
  return 1;
}

/* home(start): how the sources of the library's own Lua files begin */
static int home(lua_State *L) {
  check_string(L, 1, "errors.home", "start");
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &home_key);
  return 0;
}

/* Functions as weak keys, their names. */
static void new_names(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &names_key);
}

void sl_bind_raise(lua_State *L) {
  static const luaL_Reg functions[] = {{"raise", raise_given}, {"named", named}, {"home", home}, {NULL, NULL}};
  new_names(L);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "errors");
}
