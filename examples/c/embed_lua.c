/* A host program with Lua in it, and sdelua in its Lua: the script (embed_lua.lua) has the model, the host asks it for
   points and does with them what it likes; this one draws a map with letters.
     embed_lua SCRIPT [POINTS [SEED]]
   `require "sdelua"` finds the module where Lua looks: with a prefix of its own, in LUA_PATH and LUA_CPATH. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 24, COLUMNS = 48 };

static int add_traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

/* Calls what lies below n arguments; one result. On an error its message is there instead. */
static int call(lua_State *L, int n) {
  int at = lua_gettop(L) - n;
  lua_pushcfunction(L, add_traceback);
  lua_insert(L, at);
  int status = lua_pcall(L, n, 1, at);
  lua_remove(L, at);
  return status;
}

/* The number t[i] of the table on the stack's top. */
static double number_at(lua_State *L, int i) {
  lua_rawgeti(L, -1, i);
  double x = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return x;
}

/* Counts the points {x, y} of the list on the top in a map of [-1.8, 1.8]^2. */
static void count_points(lua_State *L, int counts[ROWS * COLUMNS]) {
  for (int i = 1, n = (int)lua_rawlen(L, -1); i <= n; i++) {
    lua_rawgeti(L, -1, i);
    double column = (number_at(L, 1) / 3.6 + 0.5) * COLUMNS, row = (0.5 - number_at(L, 2) / 3.6) * ROWS;
    if (column >= 0 && column < COLUMNS && row >= 0 && row < ROWS) counts[(int)row * COLUMNS + (int)column]++;
    lua_pop(L, 1);
  }
}

static void print_map(int counts[ROWS * COLUMNS]) {
  static const char letters[] = " .:-=+*#%@";
  int most = 1;
  for (int i = 0; i < ROWS * COLUMNS; i++)
    if (counts[i] > most) most = counts[i];
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    putchar(letters[counts[i] * ((int)strlen(letters) - 1) / most]);
    if (i % COLUMNS == COLUMNS - 1) putchar('\n');
  }
}

/* The script's draw(n, seed) on a map. False: a message is on the stack's top. */
static int draw_map(lua_State *L, const char *script, lua_Integer n, lua_Integer seed) {
  int counts[ROWS * COLUMNS] = {0};
  if (luaL_loadfile(L, script) != LUA_OK || call(L, 0) != LUA_OK) return 0; /* the script returns draw */
  lua_pushinteger(L, n);
  lua_pushinteger(L, seed);
  if (call(L, 2) != LUA_OK) return 0;
  count_points(L, counts);
  print_map(counts);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 2) return fputs("usage: embed_lua SCRIPT [POINTS [SEED]]\n", stderr), EXIT_FAILURE;
  lua_State *L = luaL_newstate();
  if (!L) return fputs("embed_lua: no memory for Lua\n", stderr), EXIT_FAILURE;
  luaL_openlibs(L);
  int ok = draw_map(L, argv[1], argc > 2 ? atoll(argv[2]) : 4000, argc > 3 ? atoll(argv[3]) : 1);
  if (!ok) fprintf(stderr, "embed_lua: %s\n", lua_tostring(L, -1));
  lua_close(L);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
