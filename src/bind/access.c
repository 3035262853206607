/* What a tensor handle does beyond the ops: facts, elements, indexing, copies. */
#include "tensor.h"

#include "op/op.h"

#include <string.h>

/* ---- facts ------------------------------------------------------------------------ */

/* x:shape() is a list, x:shape(dim) a number. */
static int tensor_shape(lua_State *L) {
  sl_tensor *x = check_tensor(L, 1, "shape", "x");
  int n = sl_ndim(x);
  if (!lua_isnoneornil(L, 2)) {
    lua_pushinteger(L, sl_shape(x)[check_dim(L, 2, "shape", "dim", n)]);
    return 1;
  }
  lua_createtable(L, n, 0);
  for (int i = 0; i < n; i++) {
    lua_pushinteger(L, sl_shape(x)[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static int tensor_dim(lua_State *L) {
  lua_pushinteger(L, sl_ndim(check_tensor(L, 1, "dim", "x")));
  return 1;
}

static int tensor_numel(lua_State *L) {
  lua_pushinteger(L, sl_numel(check_tensor(L, 1, "numel", "x")));
  return 1;
}

static int tensor_is_contiguous(lua_State *L) {
  lua_pushboolean(L, sl_is_contiguous(check_tensor(L, 1, "is_contiguous", "x")));
  return 1;
}

static int tensor_len(lua_State *L) {
  sl_tensor *x = check_tensor(L, 1, "#", "x");
  if (!sl_ndim(x)) return raise_text(L, "#: argument x: expected a tensor with dimensions, got one of shape []");
  lua_pushinteger(L, sl_shape(x)[0]);
  return 1;
}

/* ---- elements as Lua numbers ---------------------------------------------------------- */

double check_element(lua_State *L, int i, const char *who, const char *name, sl_dtype d) {
  const int64_t exact = INT64_C(1) << 53;
  if (d == SL_I64) return (double)check_integer(L, i, who, name, -exact, exact);
  if (d == SL_U8) return (double)check_integer(L, i, who, name, 0, UINT8_MAX);
  return check_number(L, i, who, name);
}

void push_element(lua_State *L, const void *p, sl_dtype d) {
  switch (d) {
  case SL_F32: lua_pushnumber(L, *(const float *)p); break;
  case SL_F64: lua_pushnumber(L, *(const double *)p); break;
  case SL_I64: lua_pushinteger(L, *(const int64_t *)p); break;
  default: lua_pushinteger(L, *(const uint8_t *)p);
  }
}

static int tensor_item(lua_State *L) {
  char buf[128];
  sl_tensor *x = check_tensor(L, 1, "item", "x");
  if (sl_numel(x) != 1)
    return raise_text(L, "item: argument x: expected a tensor of one element, got shape %s", sl_shape_str(x, buf));
  push_element(L, sl_data(x), sl_dtype_of(x));
  return 1;
}

static void push_nested(lua_State *L, const sl_tensor *x, int dim, const char *at) {
  if (dim == sl_ndim(x)) {
    push_element(L, at, sl_dtype_of(x));
    return;
  }
  int64_t n = sl_shape(x)[dim], step = sl_strides(x)[dim] * (int64_t)sl_dtype_size(sl_dtype_of(x));
  luaL_checkstack(L, 2, NULL);
  lua_createtable(L, n < INT32_MAX ? (int)n : INT32_MAX, 0);
  for (int64_t i = 0; i < n; i++) {
    push_nested(L, x, dim + 1, at + i * step);
    lua_rawseti(L, -2, i + 1);
  }
}

static int tensor_totable(lua_State *L) {
  sl_tensor *x = check_tensor(L, 1, "totable", "x");
  push_nested(L, x, 0, sl_data(x));
  return 1;
}

/* ---- copies and types -------------------------------------------------------------------- */

typedef struct to_args {
  sl_tensor *x;
  sl_dtype dtype;
} to_args;

static sl_tensor *run_cast(sl_ctx *c, void *args) {
  to_args *a = args;
  return sl_cast(c, a->x, a->dtype);
}

/* x:to(dtype) is x itself when it has that type already. */
static int tensor_to(lua_State *L) {
  to_args a = {check_tensor(L, 1, "to", "x"), check_dtype(L, 2, "to", "dtype")};
  if (sl_dtype_of(a.x) != a.dtype) return return_tensor(L, run_cast, &a);
  lua_settop(L, 1);
  return 1;
}

static sl_tensor *run_clone(sl_ctx *c, void *args) {
  sl_tensor *x = args;
  sl_tensor *y = sl_empty(c, sl_dtype_of(x), sl_ndim(x), sl_shape(x));
  if (!sl_recording(c) || !sl_requires_grad(x)) return y && sl_copy_into(c, y, x) ? y : NULL;
  return sl_affine(c, x, 1, 0);
}

/* The same values in storage of their own; gradients flow through. */
static int tensor_clone(lua_State *L) { return return_tensor(L, run_clone, check_tensor(L, 1, "clone", "x")); }

static sl_tensor *run_detach(sl_ctx *c, void *args) { return sl_detach(c, args); }
static int tensor_detach(lua_State *L) { return return_tensor(L, run_detach, check_tensor(L, 1, "detach", "x")); }

/* In-place changes are not recorded, so none where a gradient is wanted. */
static void check_changeable(lua_State *L, const char *who, const sl_tensor *x) {
  if (sl_requires_grad(x) && sl_recording(context(L)))
    raise_text(L, "%s: argument x: a change in place is not recorded, and this tensor requires a gradient: run it "
               "under no_grad", who);
}

typedef struct copy_args {
  sl_tensor *dst, *src;
  double value;  /* when src is NULL */
  int64_t index; /* of a row of dst to write; -1: all of it */
} copy_args;

static bool run_copy(sl_ctx *c, void *args) {
  copy_args *a = args;
  sl_tensor *dst = a->index < 0 ? a->dst : sl_select(c, sl_detach(c, a->dst), 0, a->index);
  sl_tensor *src = a->src ? a->src : sl_scalar(c, sl_dtype_of(a->dst), a->value);
  return sl_copy_into(c, dst, src);
}

static int copy_from(lua_State *L, const char *who, int i, copy_args *a) {
  check_changeable(L, who, a->dst);
  if (is_tensor(L, i)) a->src = check_tensor(L, i, who, "value");
  else a->value = check_element(L, i, who, "value", sl_dtype_of(a->dst));
  call_core(L, run_copy, a);
  lua_settop(L, 1);
  return 1;
}

/* x:copy_(y): y of any type, broadcast to x's shape. x:fill_(number). Both return x. */
static int tensor_copy(lua_State *L) {
  copy_args a = {.dst = check_tensor(L, 1, "copy_", "x"), .index = -1};
  check_tensor(L, 2, "copy_", "y");
  return copy_from(L, "copy_", 2, &a);
}

static int tensor_fill(lua_State *L) {
  copy_args a = {.dst = check_tensor(L, 1, "fill_", "x"), .index = -1};
  check_number(L, 2, "fill_", "value");
  return copy_from(L, "fill_", 2, &a);
}

/* ---- indexing ------------------------------------------------------------------------------- */

/* Row i, from 1 or from -1 at the end, as 0-based. */
static int64_t check_row(lua_State *L, int i, const sl_tensor *x) {
  char buf[128];
  int64_t n = sl_ndim(x) ? sl_shape(x)[0] : 0, at = lua_tointeger(L, i);
  if (at >= 1 && at <= n) return at - 1;
  if (at <= -1 && at >= -n) return at + n;
  return raise_text(L, "index: expected an integer from 1 to %I, or from -1 at the end, got %I (shape %s)",
                    (LUAI_UACINT)n, (LUAI_UACINT)at, sl_shape_str(x, buf));
}

typedef struct index_args {
  sl_tensor *x, *index;
  int64_t at;
} index_args;

static sl_tensor *run_select(sl_ctx *c, void *args) {
  index_args *a = args;
  return sl_select(c, a->x, 0, a->at);
}

static sl_tensor *run_index(sl_ctx *c, void *args) {
  index_args *a = args;
  sl_tensor *index = sl_dtype_of(a->index) == SL_I64 ? sl_affine(c, a->index, 1, -1) : a->index;
  return sl_index_select(c, a->x, index, 0);
}

static int field(lua_State *L, const sl_tensor *x, const char *name) {
  if (!strcmp(name, "dtype")) lua_pushstring(L, sl_dtype_name(sl_dtype_of(x)));
  else if (!strcmp(name, "grad")) push_tensor(L, sl_grad_of(x));
  else if (!strcmp(name, "requires_grad")) lua_pushboolean(L, sl_requires_grad(x));
  else if (!strcmp(name, "is_leaf")) lua_pushboolean(L, sl_is_leaf(x));
  else lua_pushnil(L);
  return 1;
}

/* x[i]: row i; x[tensor]: rows of an index; x.name: a method (upvalue 1) or a field. */
static int tensor_index(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    return field(L, check_tensor(L, 1, "index", "x"), lua_tostring(L, 2));
  }
  index_args a = {.x = check_tensor(L, 1, "index", "x")};
  if (is_tensor(L, 2)) {
    a.index = check_tensor(L, 2, "index", "i");
    return return_tensor(L, run_index, &a);
  }
  if (!lua_isinteger(L, 2)) return bad_argument(L, 2, "index", "i", "an integer, an int64 tensor or a name");
  a.at = check_row(L, 2, a.x);
  return return_tensor(L, run_select, &a);
}

static bool run_set_grad(sl_ctx *c, void *args) {
  copy_args *a = args;
  return sl_grad_set(c, a->dst, a->src);
}

/* x[i] = number or tensor; x.grad = tensor or nil. */
static int tensor_newindex(lua_State *L) {
  sl_tensor *x = check_tensor(L, 1, "index", "x");
  if (lua_isinteger(L, 2)) {
    copy_args a = {.dst = x, .index = check_row(L, 2, x)};
    copy_from(L, "index", 3, &a);
    return 0;
  }
  if (lua_type(L, 2) == LUA_TSTRING && !strcmp(lua_tostring(L, 2), "grad")) {
    copy_args a = {.dst = x, .src = opt_tensor(L, 3, "grad", "value")};
    call_core(L, run_set_grad, &a);
    return 0;
  }
  return raise_text(L, "index: a tensor has no field %s that can be set", luaL_tolstring(L, 2, NULL));
}

static const char *const fields[] = {"dtype", "grad", "requires_grad", "is_leaf", NULL};

/* What completion offers: methods (upvalue 1) and fields. */
static int tensor_names(lua_State *L) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1));) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 1);
  }
  for (int i = 0; fields[i]; i++) {
    lua_pushboolean(L, 1);
    lua_setfield(L, 1, fields[i]);
  }
  return 1;
}

static int is_tensor_function(lua_State *L) {
  lua_pushboolean(L, is_tensor(L, 1));
  return 1;
}

static const luaL_Reg methods[] = {
  {"shape", tensor_shape}, {"size", tensor_shape}, {"dim", tensor_dim}, {"numel", tensor_numel},
  {"is_contiguous", tensor_is_contiguous}, {"item", tensor_item}, {"totable", tensor_totable}, {"to", tensor_to},
  {"clone", tensor_clone}, {"detach", tensor_detach}, {"copy_", tensor_copy}, {"fill_", tensor_fill}, {NULL, NULL},
};

void sl_bind_access(lua_State *L) {
  lua_pushcfunction(L, is_tensor_function);
  lua_setfield(L, -2, "is_tensor");
  push_tensor_meta(L);
  push_tensor_methods(L);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, tensor_names, 1);
  lua_setfield(L, -3, "__names");
  lua_pushcclosure(L, tensor_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, tensor_newindex);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, tensor_len);
  lua_setfield(L, -2, "__len");
  lua_pop(L, 1);
}
