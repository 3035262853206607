/* sl.linalg: decompositions and solves (see sdelua/linalg.h). */
#include "sdelua/linalg.h"
#include "bind/bind.h"

typedef struct linalg_call {
  sl_tensor *a, *b;
  bool full;
  sl_tensor **slot[3]; /* handles of the results */
} linalg_call;

static bool keep(linalg_call *k, bool ok, int n, sl_tensor *const *result) {
  for (int i = 0; ok && i < n; i++) *k->slot[i] = sl_retain(result[i]);
  return ok;
}

static bool svd_run(sl_ctx *c, void *args) {
  linalg_call *k = args;
  sl_tensor *r[3];
  return keep(k, sl_linalg_svd(c, k->a, k->full, &r[0], &r[1], &r[2]), 3, r);
}

static bool qr_run(sl_ctx *c, void *args) {
  linalg_call *k = args;
  sl_tensor *r[2];
  return keep(k, sl_linalg_qr(c, k->a, &r[0], &r[1]), 2, r);
}

static bool eigh_run(sl_ctx *c, void *args) {
  linalg_call *k = args;
  sl_tensor *r[2];
  return keep(k, sl_linalg_eigh(c, k->a, &r[0], &r[1]), 2, r);
}

static bool logdet_run(sl_ctx *c, void *args) {
  linalg_call *k = args;
  sl_tensor *r[2];
  return keep(k, sl_linalg_logdet(c, k->a, &r[0], &r[1]), 2, r);
}

static bool cholesky_run(sl_ctx *c, void *args) {
  linalg_call *k = args;
  sl_tensor *r = sl_linalg_cholesky(c, k->a);
  return keep(k, r != NULL, 1, &r);
}

static bool solve_run(sl_ctx *c, void *args) {
  linalg_call *k = args;
  sl_tensor *r = sl_linalg_solve(c, k->a, k->b);
  return keep(k, r != NULL, 1, &r);
}

/* Pushes n results. */
static int results(lua_State *L, core_fn *fn, linalg_call *k, int n) {
  for (int i = 0; i < n; i++) k->slot[i] = new_tensor_slot(L);
  call_core(L, fn, k);
  return n;
}

static int linalg_svd(lua_State *L) {
  static const char *const names[] = {"full", NULL};
  linalg_call k = {.a = check_tensor(L, 1, "linalg.svd", "a")};
  options o = read_options(L, 2, "linalg.svd", names);
  k.full = option_boolean(&o, "full", false);
  return results(L, svd_run, &k, 3);
}

static int linalg_qr(lua_State *L) {
  linalg_call k = {.a = check_tensor(L, 1, "linalg.qr", "a")};
  return results(L, qr_run, &k, 2);
}

static int linalg_eigh(lua_State *L) {
  linalg_call k = {.a = check_tensor(L, 1, "linalg.eigh", "a")};
  return results(L, eigh_run, &k, 2);
}

static int linalg_logdet(lua_State *L) {
  linalg_call k = {.a = check_tensor(L, 1, "linalg.logdet", "a")};
  return results(L, logdet_run, &k, 2);
}

static int linalg_cholesky(lua_State *L) {
  linalg_call k = {.a = check_tensor(L, 1, "linalg.cholesky", "a")};
  return results(L, cholesky_run, &k, 1);
}

static int linalg_solve(lua_State *L) {
  linalg_call k = {.a = check_tensor(L, 1, "linalg.solve", "a")};
  k.b = check_tensor(L, 2, "linalg.solve", "b");
  return results(L, solve_run, &k, 1);
}

void sl_bind_linalg(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"svd", linalg_svd},       {"qr", linalg_qr},         {"eigh", linalg_eigh}, {"logdet", linalg_logdet},
    {"cholesky", linalg_cholesky}, {"solve", linalg_solve}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "linalg");
}
