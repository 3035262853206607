/* New tensors: from tables, constants, ranges, random numbers. Shapes come as a
   table or as numbers, the type as the option dtype. */
#include "tensor.h"

#include <string.h>

typedef struct fresh {
  sl_dtype dtype;
  int ndim;
  int64_t shape[SL_MAX_DIMS];
  double value, step; /* full: value. arange, linspace: value + i step */
  int64_t lo;
  uint64_t range;     /* randint */
  sl_dist dist;
  sl_key key;
} fresh;

/* ---- arguments -------------------------------------------------------------------- */

static const char *const dtype_option[] = {"dtype", NULL};

/* A shape from argument `at` on, as a table or as numbers, then perhaps options, which the shape's own table may
   hold too. */
static void read_shape(lua_State *L, int at, const char *who, fresh *f, sl_dtype otherwise) {
  int next = at + 1, table = at;
  if (lua_type(L, at) == LUA_TNUMBER) {
    for (next = at; lua_type(L, next) == LUA_TNUMBER; next++) {
      if (f->ndim == SL_MAX_DIMS) raise_text(L, "%s: argument shape: expected at most %d sizes", who, SL_MAX_DIMS);
      f->shape[f->ndim++] = check_integer(L, next, who, "shape", 0, INT64_MAX);
    }
    table = next;
  } else {
    f->ndim = check_shape(L, at, who, "shape", f->shape);
  }
  if (!lua_isnoneornil(L, next)) table = next;
  options o = read_options(L, table, who, dtype_option);
  f->dtype = option_dtype(&o, "dtype", otherwise);
}

static void check_float(lua_State *L, const char *who, sl_dtype d) {
  if (!sl_dtype_is_float(d))
    raise_text(L, "%s: argument dtype: expected float32 or float64, got %s", who, sl_dtype_name(d));
}

/* ---- constants ------------------------------------------------------------------------ */

static sl_tensor *run_full(sl_ctx *c, void *args) {
  fresh *f = args;
  return sl_full(c, f->dtype, f->ndim, f->shape, f->value);
}

static sl_tensor *run_empty(sl_ctx *c, void *args) {
  fresh *f = args;
  return sl_empty(c, f->dtype, f->ndim, f->shape);
}

static int make_zeros(lua_State *L) {
  fresh f = {.value = 0};
  read_shape(L, 1, "zeros", &f, SL_F32);
  return return_tensor(L, run_full, &f);
}

static int make_ones(lua_State *L) {
  fresh f = {.value = 1};
  read_shape(L, 1, "ones", &f, SL_F32);
  return return_tensor(L, run_full, &f);
}

static int make_empty(lua_State *L) {
  fresh f = {0};
  read_shape(L, 1, "empty", &f, SL_F32);
  return return_tensor(L, run_empty, &f);
}

/* full(shape, value, {dtype=}) */
static int make_full(lua_State *L) {
  fresh f = {0};
  f.ndim = check_shape(L, 1, "full", "shape", f.shape);
  options o = read_options(L, 3, "full", dtype_option);
  f.dtype = option_dtype(&o, "dtype", SL_F32);
  f.value = check_element(L, 2, "full", "value", f.dtype);
  return return_tensor(L, run_full, &f);
}

static sl_tensor *run_eye(sl_ctx *c, void *args) {
  fresh *f = args;
  int64_t n = f->shape[0] < f->shape[1] ? f->shape[0] : f->shape[1];
  sl_tensor *t = sl_full(c, f->dtype, 2, f->shape, 0), *one = sl_full(c, f->dtype, 1, &(int64_t){1}, 1);
  if (!t || !one) return NULL;
  size_t size = sl_dtype_size(f->dtype);
  for (int64_t i = 0; i < n; i++)
    memcpy((char *)sl_data(t) + (size_t)(i * (f->shape[1] + 1)) * size, sl_data(one), size);
  return t;
}

/* eye(n [, m] [, {dtype=}]) */
static int make_eye(lua_State *L) {
  fresh f = {.ndim = 2};
  f.shape[0] = f.shape[1] = check_integer(L, 1, "eye", "n", 0, INT32_MAX);
  bool wide = lua_type(L, 2) == LUA_TNUMBER;
  if (wide) f.shape[1] = check_integer(L, 2, "eye", "m", 0, INT32_MAX);
  options o = read_options(L, wide ? 3 : 2, "eye", dtype_option);
  f.dtype = option_dtype(&o, "dtype", SL_F32);
  return return_tensor(L, run_eye, &f);
}

/* ---- ranges ----------------------------------------------------------------------------- */

/* value + i step, each from its own i: no error adds up. */
static sl_tensor *run_range(sl_ctx *c, void *args) {
  fresh *f = args;
  sl_tensor *t = sl_empty(c, f->dtype, 1, f->shape);
  for (int64_t i = 0; t && i < f->shape[0]; i++) {
    double v = f->value + (double)i * f->step;
    if (f->dtype == SL_F32) ((float *)sl_data(t))[i] = (float)v;
    else if (f->dtype == SL_F64) ((double *)sl_data(t))[i] = v;
    else if (f->dtype == SL_I64) ((int64_t *)sl_data(t))[i] = (int64_t)v;
    else ((uint8_t *)sl_data(t))[i] = (uint8_t)v;
  }
  return t;
}

/* The count of numbers before stop, and that the type holds them. */
static int64_t count_range(lua_State *L, const fresh *f, double stop) {
  double n = (stop - f->value) / f->step;
  if (!(n < 0x1p48)) raise_text(L, "arange: expected a finite range of less than 2^48 numbers");
  int64_t count = n <= 0 ? 0 : (int64_t)n + (n > (double)(int64_t)n);
  double last = f->value + (double)(count - 1) * f->step;
  if (count && f->dtype == SL_U8 && !(f->value >= 0 && f->value <= 255 && last >= 0 && last <= 255))
    raise_text(L, "arange: expected numbers from 0 to 255 for dtype uint8, got %f to %f", f->value, last);
  return count;
}

/* arange(stop), arange(start, stop [, step]): start, start + step, … before stop. */
static int make_arange(lua_State *L) {
  fresh f = {.ndim = 1};
  int n = 0;
  while (n < 3 && lua_type(L, n + 1) == LUA_TNUMBER) n++;
  options o = read_options(L, n ? n + 1 : 2, "arange", dtype_option);
  f.dtype = option_dtype(&o, "dtype", SL_F32);
  double stop = check_element(L, n > 1 ? 2 : 1, "arange", "stop", f.dtype == SL_U8 ? SL_I64 : f.dtype);
  f.value = n > 1 ? check_element(L, 1, "arange", "start", f.dtype == SL_U8 ? SL_I64 : f.dtype) : 0;
  f.step = n > 2 ? check_element(L, 3, "arange", "step", f.dtype == SL_U8 ? SL_I64 : f.dtype) : 1;
  if (f.step == 0) raise_text(L, "arange: argument step: expected a number other than 0, got 0");
  f.shape[0] = count_range(L, &f, stop);
  return return_tensor(L, run_range, &f);
}

static sl_tensor *run_linspace(sl_ctx *c, void *args) {
  fresh *f = args;
  int64_t n = f->shape[0];
  double start = f->value, stop = f->step;
  sl_tensor *t = sl_empty(c, f->dtype, 1, f->shape);
  for (int64_t i = 0; t && i < n; i++) { /* from the nearer end: both are exact */
    double step = n > 1 ? (stop - start) / (double)(n - 1) : 0;
    double v = 2 * i < n ? start + (double)i * step : stop - (double)(n - 1 - i) * step;
    if (f->dtype == SL_F32) ((float *)sl_data(t))[i] = (float)v;
    else ((double *)sl_data(t))[i] = v;
  }
  return t;
}

/* linspace(start, stop, n): n numbers, both ends included. */
static int make_linspace(lua_State *L) {
  fresh f = {.ndim = 1};
  f.value = check_number(L, 1, "linspace", "start");
  f.step = check_number(L, 2, "linspace", "stop");
  f.shape[0] = check_integer(L, 3, "linspace", "n", 0, INT64_C(1) << 48);
  options o = read_options(L, 4, "linspace", dtype_option);
  f.dtype = option_dtype(&o, "dtype", SL_F32);
  check_float(L, "linspace", f.dtype);
  return return_tensor(L, run_linspace, &f);
}

/* ---- random numbers, from the USER stream that sl.manual_seed starts ------------------------ */

static sl_tensor *run_random(sl_ctx *c, void *args) {
  fresh *f = args;
  return sl_random(c, f->dist, f->dtype, f->ndim, f->shape, f->key, false, NULL);
}

static int make_random(lua_State *L, const char *who, sl_dist dist) {
  fresh f = {.dist = dist};
  read_shape(L, 1, who, &f, SL_F32);
  check_float(L, who, f.dtype);
  f.key = sl_key_next(context(L), SL_STREAM_USER);
  return return_tensor(L, run_random, &f);
}

static int make_randn(lua_State *L) { return make_random(L, "randn", SL_NORMAL); }
static int make_rand(lua_State *L) { return make_random(L, "rand", SL_UNIFORM); }

/* Lemire's multiply-shift; the bias is below range / 2^32. */
static sl_tensor *run_randint(sl_ctx *c, void *args) {
  fresh *f = args;
  uint32_t word[4];
  sl_tensor *t = sl_empty(c, f->dtype, f->ndim, f->shape);
  for (int64_t i = 0, n = t ? sl_numel(t) : 0; i < n; i++) {
    if (i % 4 == 0) sl_philox(&f->key, (uint32_t)(i / 4), word);
    int64_t v = f->lo + (int64_t)((word[i % 4] * f->range) >> 32);
    if (f->dtype == SL_I64) ((int64_t *)sl_data(t))[i] = v;
    else ((uint8_t *)sl_data(t))[i] = (uint8_t)v;
  }
  return t;
}

/* randint(lo, hi, shape): integers lo <= n < hi. */
static int make_randint(lua_State *L) {
  fresh f = {0};
  f.lo = check_integer(L, 1, "randint", "lo", INT32_MIN, INT64_C(1) << 32);
  int64_t hi = check_integer(L, 2, "randint", "hi", f.lo + 1, f.lo + (INT64_C(1) << 32));
  f.range = (uint64_t)(hi - f.lo);
  read_shape(L, 3, "randint", &f, SL_I64);
  if (sl_dtype_is_float(f.dtype))
    raise_text(L, "randint: argument dtype: expected int64 or uint8, got %s", sl_dtype_name(f.dtype));
  if (f.dtype == SL_U8 && (f.lo < 0 || hi > 256))
    raise_text(L, "randint: argument hi: expected 0 <= lo < hi <= 256 for uint8, got %d to %d", (int)f.lo, (int)hi);
  f.key = sl_key_next(context(L), SL_STREAM_USER);
  return return_tensor(L, run_randint, &f);
}

/* ---- from tables ------------------------------------------------------------------------------ */

/* Sizes along the first elements; the table lies on the stack top. */
static int measure(lua_State *L, int64_t shape[SL_MAX_DIMS]) {
  int ndim = 0, top = lua_gettop(L);
  while (lua_istable(L, -1)) {
    if (ndim == SL_MAX_DIMS)
      raise_text(L, "tensor: argument data: expected tables nested at most %d deep", SL_MAX_DIMS);
    shape[ndim++] = (int64_t)lua_rawlen(L, -1);
    if (!shape[ndim - 1]) break;
    luaL_checkstack(L, 2, NULL);
    lua_rawgeti(L, -1, 1);
  }
  lua_settop(L, top);
  return ndim;
}

static void store(lua_State *L, sl_tensor *t, int64_t i) {
  void *p = sl_data(t);
  switch (sl_dtype_of(t)) {
  case SL_F32: ((float *)p)[i] = (float)check_number(L, -1, "tensor", "data"); break;
  case SL_F64: ((double *)p)[i] = check_number(L, -1, "tensor", "data"); break;
  case SL_I64: ((int64_t *)p)[i] = check_integer(L, -1, "tensor", "data", INT64_MIN, INT64_MAX); break;
  default: ((uint8_t *)p)[i] = (uint8_t)check_integer(L, -1, "tensor", "data", 0, UINT8_MAX);
  }
}

/* Fills t from element *i on from the value on the stack top, at depth `dim`. */
static void fill(lua_State *L, sl_tensor *t, int dim, int64_t *i) {
  if (dim == sl_ndim(t)) {
    store(L, t, (*i)++);
    return;
  }
  int64_t n = sl_shape(t)[dim];
  if (!lua_istable(L, -1) || (int64_t)lua_rawlen(L, -1) != n)
    raise_text(L, "tensor: argument data: expected lists of %d at depth %d, got %s", (int)n, dim + 1,
               lua_istable(L, -1) ? lua_pushfstring(L, "one of %d", (int)lua_rawlen(L, -1)) : describe(L, -1));
  luaL_checkstack(L, 4, NULL);
  for (int64_t j = 1; j <= n; j++) {
    lua_rawgeti(L, -1, j);
    fill(L, t, dim + 1, i);
    lua_pop(L, 1);
  }
}

/* tensor(data [, {dtype=}]): nested lists of numbers, or one number. */
static int make_tensor(lua_State *L) {
  fresh f = {0};
  int64_t i = 0;
  if (!lua_istable(L, 1) && lua_type(L, 1) != LUA_TNUMBER)
    bad_argument(L, 1, "tensor", "data", "a number or nested lists of numbers");
  options o = read_options(L, lua_istable(L, 1) && lua_isnoneornil(L, 2) ? 1 : 2, "tensor", dtype_option);
  f.dtype = option_dtype(&o, "dtype", SL_F32);
  lua_settop(L, 1);
  f.ndim = measure(L, f.shape);
  return_tensor(L, run_empty, &f);
  lua_insert(L, 1);
  fill(L, check_tensor(L, 1, "tensor", "data"), 0, &i);
  lua_settop(L, 1);
  return 1;
}

static const luaL_Reg functions[] = {
  {"zeros", make_zeros}, {"ones", make_ones}, {"empty", make_empty}, {"full", make_full}, {"eye", make_eye},
  {"arange", make_arange}, {"linspace", make_linspace}, {"randn", make_randn}, {"rand", make_rand},
  {"randint", make_randint}, {"tensor", make_tensor}, {NULL, NULL},
};

void sl_bind_create(lua_State *L) { luaL_setfuncs(L, functions, 0); }
