/* Reading arguments; every error names function, argument, expected and actual. */
#include "bind.h"

#include <string.h>

/* ---- saying what is there ------------------------------------------------------ */

static const char *describe_userdata(lua_State *L, int i) {
  char buf[128];
  if (is_tensor(L, i)) {
    sl_tensor *t = *(sl_tensor **)lua_touserdata(L, i);
    if (!t) return lua_pushliteral(L, "a closed tensor");
    return lua_pushfstring(L, "a %s tensor of shape %s", sl_dtype_name(sl_dtype_of(t)), sl_shape_str(t, buf));
  }
  if (luaL_getmetafield(L, i, "__name") != LUA_TSTRING) return lua_pushliteral(L, "a userdata");
  return lua_pushfstring(L, "a %s", lua_tostring(L, -1));
}

const char *describe(lua_State *L, int i) {
  if (i < 0 && i > LUA_REGISTRYINDEX) i = lua_absindex(L, i);
  switch (lua_type(L, i)) {
  case LUA_TNONE: return lua_pushliteral(L, "no value");
  case LUA_TNIL: return lua_pushliteral(L, "nil");
  case LUA_TBOOLEAN: return lua_pushstring(L, lua_toboolean(L, i) ? "true" : "false");
  case LUA_TNUMBER:
    if (lua_isinteger(L, i)) return lua_pushfstring(L, "the number %I", (LUAI_UACINT)lua_tointeger(L, i));
    return lua_pushfstring(L, "the number %f", lua_tonumber(L, i));
  case LUA_TSTRING:
    if (lua_rawlen(L, i) > 40) return lua_pushliteral(L, "a long string");
    return lua_pushfstring(L, "the string \"%s\"", lua_tostring(L, i));
  case LUA_TUSERDATA: return describe_userdata(L, i);
  default: return lua_pushfstring(L, "a %s", luaL_typename(L, i));
  }
}

static int bad(lua_State *L, const char *who, const char *name, const char *expected, const char *got) {
  return raise_text(L, "%s: argument %s: expected %s, got %s", who, name, expected, got);
}

int bad_argument(lua_State *L, int i, const char *who, const char *name, const char *expected) {
  return bad(L, who, name, expected, describe(L, i));
}

/* ---- one value --------------------------------------------------------------------- */

double check_number(lua_State *L, int i, const char *who, const char *name) {
  if (lua_type(L, i) != LUA_TNUMBER) bad_argument(L, i, who, name, "a number");
  return lua_tonumber(L, i);
}

static const char *integer_range(lua_State *L, int64_t lo, int64_t hi) {
  if (lo == INT64_MIN && hi == INT64_MAX) return "an integer";
  if (hi == INT64_MAX) return lua_pushfstring(L, "an integer >= %I", (LUAI_UACINT)lo);
  return lua_pushfstring(L, "an integer from %I to %I", (LUAI_UACINT)lo, (LUAI_UACINT)hi);
}

int64_t check_integer(lua_State *L, int i, const char *who, const char *name, int64_t lo, int64_t hi) {
  int ok = 0;
  int64_t v = lua_type(L, i) == LUA_TNUMBER ? lua_tointegerx(L, i, &ok) : 0;
  if (ok && v >= lo && v <= hi) return v;
  const char *got = describe(L, i); /* first: a push makes an absent argument present */
  return bad(L, who, name, integer_range(L, lo, hi), got);
}

bool check_boolean(lua_State *L, int i, const char *who, const char *name) {
  if (!lua_isboolean(L, i)) bad_argument(L, i, who, name, "true or false");
  return lua_toboolean(L, i);
}

const char *check_string(lua_State *L, int i, const char *who, const char *name) {
  if (lua_type(L, i) != LUA_TSTRING) bad_argument(L, i, who, name, "a string");
  return lua_tostring(L, i);
}

static const char *join(lua_State *L, const char *const *names, const char *quote) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int j = 0; names[j]; j++) {
    if (j) luaL_addstring(&b, ", ");
    luaL_addstring(&b, quote);
    luaL_addstring(&b, names[j]);
    luaL_addstring(&b, quote);
  }
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

int check_choice(lua_State *L, int i, const char *who, const char *name, const char *const *names) {
  if (lua_type(L, i) == LUA_TSTRING)
    for (int j = 0; names[j]; j++)
      if (!strcmp(names[j], lua_tostring(L, i))) return j;
  const char *got = describe(L, i);
  return bad(L, who, name, lua_pushfstring(L, "one of %s", join(L, names, "\"")), got);
}

sl_dtype check_dtype(lua_State *L, int i, const char *who, const char *name) {
  const char *names[SL_DTYPES + 1] = {0};
  for (int d = 0; d < SL_DTYPES; d++) names[d] = sl_dtype_name((sl_dtype)d);
  return (sl_dtype)check_choice(L, i, who, name, names);
}

void check_callable(lua_State *L, int i, const char *who, const char *name) {
  if (lua_isfunction(L, i)) return;
  if (luaL_getmetafield(L, i, "__call") == LUA_TNIL) bad_argument(L, i, who, name, "a function");
  lua_pop(L, 1);
}

/* ---- lists --------------------------------------------------------------------------- */

static int check_list(lua_State *L, int i, const char *who, const char *name, int64_t out[SL_MAX_DIMS], int64_t lo,
                      const char *of) {
  i = lua_absindex(L, i);
  if (!lua_istable(L, i)) {
    const char *got = describe(L, i);
    bad(L, who, name, lua_pushfstring(L, "a list of %s", of), got);
  }
  int n = (int)(lua_rawlen(L, i) > SL_MAX_DIMS ? SL_MAX_DIMS + 1 : lua_rawlen(L, i));
  if (n > SL_MAX_DIMS)
    raise_text(L, "%s: argument %s: expected at most %d %s, got %d", who, name, SL_MAX_DIMS, of, (int)lua_rawlen(L, i));
  for (int j = 0; j < n; j++) {
    lua_rawgeti(L, i, j + 1);
    const char *item = lua_pushfstring(L, "%s[%d]", name, j + 1);
    out[j] = check_integer(L, -2, who, item, lo, INT64_MAX);
    lua_pop(L, 2);
  }
  return n;
}

int check_integers(lua_State *L, int i, const char *who, const char *name, int64_t out[SL_MAX_DIMS]) {
  return check_list(L, i, who, name, out, INT64_MIN, "integers");
}

int check_shape(lua_State *L, int i, const char *who, const char *name, int64_t shape[SL_MAX_DIMS]) {
  return check_list(L, i, who, name, shape, 0, "sizes");
}

int check_dim(lua_State *L, int i, const char *who, const char *name, int ndim) {
  int ok = 0;
  int64_t d = lua_type(L, i) == LUA_TNUMBER ? lua_tointegerx(L, i, &ok) : 0;
  if (ok && d >= 1 && d <= ndim) return (int)d - 1;
  if (ok && d <= -1 && d >= -ndim) return (int)d + ndim;
  const char *got = describe(L, i);
  const char *range = ndim ? lua_pushfstring(L, "a dimension from 1 to %d or from -%d to -1", ndim, ndim)
                           : "no dimension, as the tensor has none";
  return bad(L, who, name, range, got);
}

int check_tensors(lua_State *L, int i, const char *who, const char *name, sl_tensor ***out) {
  i = lua_absindex(L, i);
  if (!lua_istable(L, i)) bad_argument(L, i, who, name, "a list of tensors");
  lua_Unsigned n = lua_rawlen(L, i);
  if (n > INT32_MAX / sizeof **out) raise_text(L, "%s: argument %s: the list is too long", who, name);
  *out = lua_newuserdatauv(L, (n ? n : 1) * sizeof **out, 0);
  for (lua_Unsigned j = 0; j < n; j++) {
    lua_rawgeti(L, i, (lua_Integer)j + 1);
    const char *item = lua_pushfstring(L, "%s[%d]", name, (int)j + 1);
    (*out)[j] = check_tensor(L, -2, who, item);
    lua_pop(L, 2);
  }
  return (int)n;
}

/* ---- options --------------------------------------------------------------------------- */

static bool is_among(const char *s, const char *const *names) {
  for (; *names; names++)
    if (!strcmp(s, *names)) return true;
  return false;
}

options read_options(lua_State *L, int i, const char *who, const char *const *names) {
  options o = {L, 0, who};
  if (lua_isnoneornil(L, i)) return o;
  if (!lua_istable(L, i)) bad_argument(L, i, who, "options", "a table of options");
  o.index = lua_absindex(L, i);
  for (lua_pushnil(L); lua_next(L, o.index); lua_pop(L, 1)) {
    if (lua_isinteger(L, -2) && lua_tointeger(L, -2) > 0) continue;
    if (lua_type(L, -2) == LUA_TSTRING && is_among(lua_tostring(L, -2), names)) continue;
    const char *key = luaL_tolstring(L, -2, NULL);
    raise_text(L, "%s: unknown option %s; expected %s", who, key, *names ? join(L, names, "") : "none");
  }
  return o;
}

bool option_push(const options *o, const char *key) {
  lua_pushstring(o->L, key);
  if (o->index) {
    return lua_rawget(o->L, o->index) != LUA_TNIL;
  }
  lua_pop(o->L, 1);
  lua_pushnil(o->L);
  return false;
}

/* VALUE is read by `read` when there is one. */
#define OPTION(type, read)               \
  type v = otherwise;                    \
  if (option_push(o, key)) v = read;     \
  lua_pop(o->L, 1);                      \
  return v

double option_number(const options *o, const char *key, double otherwise) {
  OPTION(double, check_number(o->L, -1, o->who, key));
}

int64_t option_integer(const options *o, const char *key, int64_t otherwise, int64_t lo, int64_t hi) {
  OPTION(int64_t, check_integer(o->L, -1, o->who, key, lo, hi));
}

bool option_boolean(const options *o, const char *key, bool otherwise) {
  OPTION(bool, check_boolean(o->L, -1, o->who, key));
}

const char *option_string(const options *o, const char *key, const char *otherwise) {
  OPTION(const char *, check_string(o->L, -1, o->who, key));
}

int option_choice(const options *o, const char *key, const char *const *names, int otherwise) {
  OPTION(int, check_choice(o->L, -1, o->who, key, names));
}

sl_dtype option_dtype(const options *o, const char *key, sl_dtype otherwise) {
  OPTION(sl_dtype, check_dtype(o->L, -1, o->who, key));
}

sl_tensor *option_tensor(const options *o, const char *key) {
  sl_tensor *otherwise = NULL;
  OPTION(sl_tensor *, check_tensor(o->L, -1, o->who, key));
}

bool option_callable(const options *o, const char *key) {
  if (!option_push(o, key)) return false;
  check_callable(o->L, -1, o->who, key);
  return true;
}
