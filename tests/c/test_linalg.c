/* Each decomposition put together again, on tall, wide, square and transposed
   matrices of both types; values known in closed form; refusals. */
#include "test.h"

#include "sdelua/autograd.h"
#include "sdelua/linalg.h"
#include "sdelua/op.h"

#define SHAPE(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}
#define AT(...) ((int64_t[]){__VA_ARGS__})

static sl_tensor *normal(sl_ctx *c, uint32_t draw, sl_dtype d, int64_t rows, int64_t columns) {
  return sl_random(c, SL_NORMAL, d, 2, AT(rows, columns), (sl_key){.seed = 4, .draw = draw}, false, NULL);
}

static sl_tensor *identity(sl_ctx *c, sl_dtype d, int64_t n) {
  sl_tensor *t = sl_full(c, d, 2, AT(n, n), 0);
  for (int64_t i = 0; t && i < n; i++)
    sl_copy_into(c, sl_narrow(c, sl_narrow(c, t, 0, i, 1), 1, i, 1), sl_scalar(c, d, 1));
  return t;
}

static sl_tensor *turned(sl_ctx *c, sl_tensor *x) { return sl_transpose(c, x, 0, 1); }

static double distance(sl_ctx *c, sl_tensor *a, sl_tensor *b) {
  sl_tensor *d = sl_amax(c, sl_abs(c, sl_sub(c, a, b)), 0, NULL, false);
  return d ? sl_item(c, d) : INFINITY;
}

static double tolerance(sl_dtype d) { return d == SL_F32 ? 1e-4 : 1e-12; }

/* x^T x = 1 */
static bool orthonormal(sl_ctx *c, sl_tensor *x) {
  sl_tensor *one = identity(c, sl_dtype_of(x), sl_shape(x)[1]);
  return distance(c, sl_matmul(c, turned(c, x), x), one) < tolerance(sl_dtype_of(x));
}

typedef void matrix_fn(sl_ctx *c, sl_tensor *a);

/* Tall, wide, square, 1x1, and the same as transposed and sliced views. */
static void on_matrices(sl_ctx *c, matrix_fn *fn) {
  static const int64_t sizes[][2] = {{31, 12}, {12, 31}, {20, 20}, {1, 1}, {1, 5}, {5, 1}};
  for (sl_dtype d = SL_F32; d <= SL_F64; d++)
    for (int i = 0; i < 6; i++) {
      sl_tensor *a = normal(c, (uint32_t)i, d, sizes[i][0], sizes[i][1]);
      fn(c, a);
      fn(c, turned(c, a));
      fn(c, sl_narrow(c, a, 0, 0, (sizes[i][0] + 1) / 2));
    }
}

static void check_svd(sl_ctx *c, sl_tensor *a) {
  sl_tensor *u, *s, *vt;
  int64_t m = sl_shape(a)[0], n = sl_shape(a)[1], k = m < n ? m : n;
  for (int full = 0; full < 2; full++) {
    if (!CHECK(sl_linalg_svd(c, a, full, &u, &s, &vt))) return;
    CHECK(sl_shape(u)[1] == (full ? m : k) && sl_shape(vt)[0] == (full ? n : k) && sl_shape(s)[0] == k);
    CHECK(orthonormal(c, u) && orthonormal(c, turned(c, vt)));
    sl_tensor *us = sl_mul(c, sl_narrow(c, u, 1, 0, k), s);
    CHECK(distance(c, sl_matmul(c, us, sl_narrow(c, vt, 0, 0, k)), a) < tolerance(sl_dtype_of(a)));
    for (int64_t i = 0; i < k; i++) CHECK(sl_get(s, &i) >= (i + 1 < k ? sl_get(s, AT(i + 1)) : 0));
  }
}

TEST(svd_gives_the_matrix_back) { on_matrices(c, check_svd); }

static void check_qr(sl_ctx *c, sl_tensor *a) {
  sl_tensor *q, *r;
  if (!CHECK(sl_linalg_qr(c, a, &q, &r))) return;
  CHECK(orthonormal(c, q));
  CHECK(distance(c, sl_matmul(c, q, r), a) < tolerance(sl_dtype_of(a)));
  for (int64_t i = 0; i < sl_shape(r)[0]; i++)
    for (int64_t j = 0; j < i && j < sl_shape(r)[1]; j++) CHECK(sl_get(r, AT(i, j)) == 0);
}

TEST(qr_gives_the_matrix_back) { on_matrices(c, check_qr); }

/* a a^T + 1 is symmetric and positive definite. */
static sl_tensor *positive(sl_ctx *c, sl_tensor *a) {
  return sl_add(c, sl_matmul(c, a, turned(c, a)), identity(c, sl_dtype_of(a), sl_shape(a)[0]));
}

static void check_cholesky(sl_ctx *c, sl_tensor *a) {
  sl_tensor *p = positive(c, a), *l = sl_linalg_cholesky(c, p);
  if (!CHECK(l)) return;
  CHECK(distance(c, sl_matmul(c, l, turned(c, l)), p) < 10 * tolerance(sl_dtype_of(a)));
  for (int64_t i = 0; i < sl_shape(l)[0]; i++)
    for (int64_t j = i + 1; j < sl_shape(l)[0]; j++) CHECK(sl_get(l, AT(i, j)) == 0);
}

TEST(cholesky_gives_the_matrix_back) { on_matrices(c, check_cholesky); }

static void check_eigh(sl_ctx *c, sl_tensor *a) {
  sl_tensor *p = positive(c, a), *w, *v;
  if (!CHECK(sl_linalg_eigh(c, p, &w, &v))) return;
  CHECK(orthonormal(c, v));
  CHECK(distance(c, sl_matmul(c, sl_mul(c, v, w), turned(c, v)), p) < 10 * tolerance(sl_dtype_of(a)));
  for (int64_t i = 0; i + 1 < sl_shape(w)[0]; i++) CHECK(sl_get(w, &i) <= sl_get(w, AT(i + 1)));
}

TEST(eigh_gives_the_matrix_back) { on_matrices(c, check_eigh); }

/* Only the lower triangle counts, in the row-major sense. */
TEST(symmetric_matrices_are_read_below_the_diagonal) {
  sl_tensor *a = sl_from(c, SL_F64, SHAPE(2, 2), (double[]){4, 99, 2, 5}), *w, *v, *l = sl_linalg_cholesky(c, a);
  CHECK(l && sl_get(l, AT(0, 0)) == 2 && sl_get(l, AT(1, 0)) == 1 && sl_get(l, AT(1, 1)) == 2);
  sl_tensor *b = sl_from(c, SL_F64, SHAPE(2, 2), (double[]){2, 99, 1, 2});
  if (!CHECK(sl_linalg_eigh(c, b, &w, &v))) return;
  CHECK(fabs(sl_get(w, AT(0)) - 1) < 1e-14 && fabs(sl_get(w, AT(1)) - 3) < 1e-14);
}

static void check_solve(sl_ctx *c, sl_tensor *a) {
  sl_tensor *p = positive(c, a), *x = normal(c, 30, sl_dtype_of(a), sl_shape(a)[0], 3);
  p = sl_add(c, p, sl_cumsum(c, p, 0)); /* no longer symmetric */
  sl_tensor *b = sl_matmul(c, p, x), *one = sl_select(c, b, 1, 1);
  double bound = 100 * tolerance(sl_dtype_of(a));
  CHECK(distance(c, sl_linalg_solve(c, p, b), x) < bound);
  CHECK(distance(c, sl_linalg_solve(c, p, one), sl_select(c, x, 1, 1)) < bound);
  CHECK(distance(c, sl_linalg_solve(c, turned(c, p), sl_matmul(c, turned(c, p), x)), x) < bound);
}

TEST(solve_inverts_the_product) { on_matrices(c, check_solve); }

TEST(logdet_has_sign_and_size) {
  sl_tensor *a = sl_from(c, SL_F64, SHAPE(3, 3), (double[]){0, 2, 0, 3, 0, 0, 0, 0, 4}), *sign, *logabs;
  if (!CHECK(sl_linalg_logdet(c, a, &sign, &logabs))) return;
  CHECK(sl_item(c, sign) == -1 && fabs(sl_item(c, logabs) - log(24)) < 1e-14);
  if (!CHECK(sl_linalg_logdet(c, sl_full(c, SL_F32, SHAPE(2, 2), 1), &sign, &logabs))) return;
  CHECK(sl_item(c, sign) == 0 && sl_item(c, logabs) == -INFINITY);
}

int openblas_get_num_threads(void);

/* With more than one the bits would depend on their number. */
TEST(openblas_runs_on_one_thread) {
  CHECK(sl_linalg_cholesky(c, identity(c, SL_F32, 2)));
  CHECK(openblas_get_num_threads() == 1);
}

TEST(what_lapack_can_not_do_is_an_error) {
  sl_tensor *a = sl_from(c, SL_F64, SHAPE(2, 2), (double[]){1, 2, 2, 1}), *u, *s, *v;
  CHECK(!sl_linalg_cholesky(c, a));
  CHECK_ERROR(c, SL_EVALUE, "linalg.cholesky: argument a: expected a positive definite matrix, got one whose leading");
  sl_tensor *one = sl_full(c, SL_F64, SHAPE(2, 2), 1), *bad = sl_full(c, SL_F64, SHAPE(2, 2), NAN);
  CHECK(!sl_linalg_solve(c, one, one));
  CHECK_ERROR(c, SL_EVALUE, "linalg.solve: argument a: expected an invertible matrix");
  CHECK(!sl_linalg_svd(c, bad, false, &u, &s, &v) && !u && !s && !v);
  CHECK_ERROR(c, SL_EVALUE, "linalg.svd: argument a: expected finite values");
  CHECK(!sl_linalg_solve(c, a, bad));
  CHECK_ERROR(c, SL_EVALUE, "linalg.solve: argument b: expected finite values");
  CHECK(!sl_linalg_qr(c, sl_full(c, SL_F64, SHAPE(3), 1), &u, &v));
  CHECK_ERROR(c, SL_ESHAPE, "linalg.qr: argument a: expected a matrix, not empty, got shape [3]");
  CHECK(!sl_linalg_eigh(c, sl_full(c, SL_F64, SHAPE(3, 2), 1), &u, &v));
  CHECK_ERROR(c, SL_ESHAPE, "linalg.eigh: argument a: expected a square matrix, got shape [3,2]");
  CHECK(!sl_linalg_solve(c, a, sl_full(c, SL_F64, SHAPE(3, 1), 1)));
  CHECK_ERROR(c, SL_ESHAPE, "linalg.solve: argument b: expected 2 rows to match a, got shape [3,1]");
  CHECK(!sl_linalg_solve(c, a, sl_full(c, SL_F32, SHAPE(2), 1)));
  CHECK_ERROR(c, SL_EDTYPE, "linalg.solve: argument b: expected float64 as a is, got float32");
  CHECK(!sl_linalg_cholesky(c, sl_full(c, SL_I64, SHAPE(2, 2), 1)));
  CHECK_ERROR(c, SL_EDTYPE, "linalg.cholesky: argument a: expected float32 or float64, got int64");
  sl_require_grad(c, a, true);
  CHECK(!sl_linalg_logdet(c, a, &u, &v));
  CHECK_ERROR(c, SL_EARG, "linalg.logdet: argument a: expected a tensor without gradient");
  CHECK(sl_linalg_logdet(c, sl_detach(c, a), &u, &v));
}

static bool every_function(sl_ctx *c, sl_tensor *a) {
  sl_tensor *x, *y, *z;
  return sl_linalg_svd(c, a, true, &x, &y, &z) && sl_linalg_qr(c, a, &x, &y) && sl_linalg_cholesky(c, a) &&
         sl_linalg_eigh(c, a, &x, &y) && sl_linalg_solve(c, a, a) && sl_linalg_logdet(c, a, &x, &y);
}

TEST(failing_allocations_are_errors) {
  sl_tensor *a = positive(c, normal(c, 1, SL_F64, 6, 6));
  size_t live = sl_mem_live(c);
  for (uint64_t n = 1;; n++) {
    size_t mark = sl_pool_open(c);
    sl_mem_fail(c, n, false);
    bool ok = every_function(c, a);
    sl_mem_fail(c, 0, false);
    sl_error e = {0};
    CHECK(ok != sl_error_take(c, &e) && (ok || e.code == SL_EMEMORY));
    sl_pool_close(c, mark);
    if (!CHECK(sl_mem_live(c) == live) || ok) break;
  }
}
