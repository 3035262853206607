/* core.data: what the loader and the point sets draw, all from the DATA stream. */
#include "bind/bind.h"

typedef struct order {
  int64_t n;
  sl_key key;
} order;

/* Uniform on 0..bound-1 but for 2^-64·bound: the high half of a 128-bit product. */
static uint64_t below(uint64_t bound, const uint32_t word[2]) {
  uint64_t r = (uint64_t)word[0] << 32 | word[1];
  return (uint64_t)(((unsigned __int128)r * bound) >> 64);
}

/* Fisher–Yates; step i takes words 2i and 2i + 1 of the key. */
static sl_tensor *permutation(sl_ctx *c, void *args) {
  const order *o = args;
  sl_tensor *t = sl_empty(c, SL_I64, 1, &o->n);
  if (!t) return NULL;
  int64_t *p = sl_data(t);
  for (int64_t i = 0; i < o->n; i++) p[i] = i + 1;
  uint32_t word[4];
  for (int64_t i = 0; i + 1 < o->n; i++) {
    if (i % 2 == 0) sl_philox(&o->key, (uint32_t)(i / 2), word);
    int64_t j = i + (int64_t)below((uint64_t)(o->n - i), word + i % 2 * 2), swap = p[i];
    p[i] = p[j];
    p[j] = swap;
  }
  return t;
}

/* permutation(n, seed, epoch): an int64 [n] of 1..n in an order that depends on the three alone. */
static int data_permutation(lua_State *L) {
  order o = {.key = {.stream = SL_STREAM_DATA}};
  o.n = check_integer(L, 1, "data.permutation", "n", 0, INT64_C(1) << 32);
  o.key.seed = (uint64_t)check_integer(L, 2, "data.permutation", "seed", INT64_MIN, INT64_MAX);
  o.key.index = (uint64_t)check_integer(L, 3, "data.permutation", "epoch", 0, INT64_C(1) << 55);
  return return_tensor(L, permutation, &o);
}

typedef struct rows {
  sl_dist dist;
  sl_key key;
  int ndim;
  int64_t shape[SL_MAX_DIMS];
} rows;

static sl_tensor *random_rows(sl_ctx *c, void *args) {
  const rows *r = args;
  return sl_random(c, r->dist, SL_F32, r->ndim, r->shape, r->key, true, NULL);
}

/* random(dist, shape, seed, first, draw): float32; row r belongs to the sample first + r, however many rows there are. */
static int data_random(lua_State *L) {
  static const char *const dists[] = {"uniform", "normal", "rademacher", NULL};
  rows r = {.key = {.stream = SL_STREAM_DATA}};
  r.dist = (sl_dist)check_choice(L, 1, "data.random", "dist", dists);
  r.ndim = check_shape(L, 2, "data.random", "shape", r.shape);
  r.key.seed = (uint64_t)check_integer(L, 3, "data.random", "seed", INT64_MIN, INT64_MAX);
  r.key.index = (uint64_t)check_integer(L, 4, "data.random", "first", 0, INT64_C(1) << 55);
  r.key.draw = (uint32_t)check_integer(L, 5, "data.random", "draw", 0, UINT32_MAX);
  if (r.ndim == 0) return bad_argument(L, 2, "data.random", "shape", "at least one size");
  return return_tensor(L, random_rows, &r);
}

void sl_bind_data(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"permutation", data_permutation}, {"random", data_random}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "data");
}
