/* The tab key: what to offer is found by sdelua/complete; here it goes into the line, or onto the screen. */
#include "main.h"

#include <stdio.h>

/* (text) -> what to insert, what to show */
static int find(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "sdelua.complete");
  lua_call(L, 1, 1);
  lua_insert(L, 1);
  lua_call(L, 1, 2);
  return 2;
}

/* Of the two results on the stack top. */
static unsigned char offer(lua_State *L, EditLine *edit) {
  const char *more = lua_tostring(L, -2), *words = lua_tostring(L, -1);
  if (more && *more) return el_insertstr(edit, more) == 0 ? CC_REFRESH : CC_ERROR;
  if (!words) return CC_ERROR;
  printf("\n%s", words);
  return CC_REDISPLAY;
}

unsigned char complete(lua_State *L, EditLine *edit, const char *before) {
  const LineInfo *line = el_line(edit);
  unsigned char done = CC_ERROR;
  int top = lua_gettop(L);
  lua_pushcfunction(L, find);
  lua_pushstring(L, before);
  lua_pushlstring(L, line->buffer, (size_t)(line->cursor - line->buffer));
  lua_concat(L, 2);
  if (lua_pcall(L, 1, 2, 0) == LUA_OK) done = offer(L, edit);
  lua_settop(L, top);
  return done;
}
