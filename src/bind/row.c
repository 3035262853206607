#include "row.h"

sl_options parse_options(lua_State *L, const char *who, const char *text) {
  sl_options spec;
  if (!sl_options_parse(context(L), who, text, &spec)) raise_error(L);
  return spec;
}

static double read_value(lua_State *L, int i, const char *who, const sl_option *o) {
  if (o->kind == SL_O_BOOL) return check_boolean(L, i, who, o->name);
  double v = check_number(L, i, who, o->name);
  if (!sl_option_check(context(L), who, o, v)) raise_error(L);
  return v;
}

static void read_table(lua_State *L, int i, const char *who, const sl_options *spec, double *given) {
  const char *names[SL_MAX_OPTIONS + 1] = {NULL};
  for (int j = 0; j < spec->n; j++) names[j] = spec->o[j].name;
  options o = read_options(L, i, who, names);
  for (int j = 0; j < spec->n; j++) {
    if (option_push(&o, names[j])) given[j] = read_value(L, -1, who, &spec->o[j]);
    lua_pop(L, 1);
  }
}

void read_row(lua_State *L, int first, const char *who, const sl_options *spec, double *given) {
  int i = first, top = lua_gettop(L);
  for (int j = 0; j < spec->n; j++) given[j] = SL_DEFAULT;
  for (; i <= top && !lua_istable(L, i); i++) {
    if (i - first >= spec->n)
      raise_text(L, "%s: expected at most %d arguments, got %d", who, spec->n + first - 1, top);
    if (!lua_isnil(L, i)) given[i - first] = read_value(L, i, who, &spec->o[i - first]);
  }
  if (i < top) raise_text(L, "%s: the table of options must be the last argument", who);
  if (i == top) read_table(L, i, who, spec, given);
}

void push_option(lua_State *L, const sl_option *o, double value) {
  if (o->kind == SL_O_BOOL) lua_pushboolean(L, value != 0);
  else if (o->kind == SL_O_SIZE || o->kind == SL_O_COUNT) lua_pushinteger(L, (lua_Integer)value);
  else lua_pushnumber(L, value);
}
