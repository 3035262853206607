/* The virtual Brownian tree: one path a sample, whatever is asked of it. */
#include "sdelua/op.h"
#include "sdelua/solve.h"
#include "test.h"

typedef struct increment {
  sl_tensor *W, *H;
} increment;

static increment between(sl_ctx *c, const sl_noise *n, sl_dtype d, int64_t rows, int64_t row, double a, double b) {
  increment v = {NULL, NULL};
  CHECK(sl_noise_increment(c, n, d, 2, (int64_t[]){rows, row}, &a, &b, false, &v.W, &v.H));
  return v;
}

static double largest(sl_ctx *c, sl_tensor *x) { return sl_item(c, sl_amax(c, sl_abs(c, x), 0, NULL, false)); }
static double moment(sl_ctx *c, sl_tensor *x, sl_tensor *y) {
  return sl_item(c, sl_mean(c, sl_mul(c, x, y), 0, NULL, false));
}
static bool same_bits(sl_ctx *c, sl_tensor *x, sl_tensor *y) { return largest(c, sl_sub(c, x, y)) == 0; }

/* Of 40000 draws the second moments are known to 1.5 percent with four standard errors' room. */
TEST(increments_and_areas_have_their_moments) {
  const double at[][2] = {{0.3, 0.7}, {0, 80}, {1e-3, 1.1e-3}, {70.5, 71}, {0.5, 0.5 + 1e-8}, {0.25, 4}};
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    double h = at[i][1] - at[i][0];
    increment v = between(c, &(sl_noise){.seed = i}, SL_F64, 20000, 2, at[i][0], at[i][1]);
    CHECK(fabs(moment(c, v.W, v.W) / h - 1) < 0.03);
    CHECK(fabs(moment(c, v.H, v.H) * 12 / h - 1) < 0.03);
    CHECK(fabs(moment(c, v.W, v.H) * sqrt(12) / h) < 0.02);
    CHECK(fabs(sl_item(c, sl_mean(c, v.W, 0, NULL, false))) < 0.02 * sqrt(h));
  }
}

TEST(disjoint_intervals_are_independent) {
  const double at[] = {0.1, 0.35, 0.4, 1.7, 3};
  increment v[4];
  for (int i = 0; i < 4; i++) v[i] = between(c, &(sl_noise){.seed = 5}, SL_F64, 20000, 2, at[i], at[i + 1]);
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < i; j++) {
      double root = sqrt((at[i + 1] - at[i]) * (at[j + 1] - at[j]));
      CHECK(fabs(moment(c, v[i].W, v[j].W)) < 0.02 * root);
      CHECK(fabs(moment(c, v[i].W, v[j].H)) * sqrt(12) < 0.02 * root);
      CHECK(fabs(moment(c, v[i].H, v[j].H)) * 12 < 0.02 * root);
    }
}

/* W adds up, and so do the integrals J = h (H + W/2), of which the second starts where the first ends. */
TEST(refinement_is_consistent) {
  const double at[][3] = {{0, 0.3, 1}, {0.1, 0.625, 0.7}, {0.9, 1, 1.3}, {0.7, 5.5, 80}, {0.3, 0.3 + 1e-6, 0.3 + 3e-6}};
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    double h1 = at[i][1] - at[i][0], h2 = at[i][2] - at[i][1], h = h1 + h2;
    const sl_noise n = {.seed = 11};
    increment u = between(c, &n, SL_F64, 50, 3, at[i][0], at[i][1]);
    increment v = between(c, &n, SL_F64, 50, 3, at[i][1], at[i][2]);
    increment w = between(c, &n, SL_F64, 50, 3, at[i][0], at[i][2]);
    CHECK(largest(c, sl_sub(c, sl_add(c, u.W, v.W), w.W)) < 1e-13 * (1 + sqrt(h)));
    sl_tensor *J1 = sl_affine(c, sl_add(c, u.H, sl_affine(c, u.W, 0.5, 0)), h1, 0);
    sl_tensor *J2 = sl_affine(c, sl_add(c, v.H, sl_affine(c, v.W, 0.5, 0)), h2, 0);
    sl_tensor *J = sl_add(c, sl_add(c, J1, J2), sl_affine(c, u.W, h2, 0));
    CHECK(largest(c, sl_sub(c, sl_sub(c, sl_affine(c, J, 1 / h, 0), sl_affine(c, w.W, 0.5, 0)), w.H)) <
          1e-12 * sqrt(h) + 1e-11 * h);
  }
}

TEST(the_way_back_has_the_opposite_increment_and_the_same_area) {
  increment there = between(c, &(sl_noise){.seed = 2}, SL_F64, 9, 2, 0.2, 0.9);
  increment back = between(c, &(sl_noise){.seed = 2}, SL_F64, 9, 2, 0.9, 0.2);
  CHECK(same_bits(c, sl_neg(c, there.W), back.W) && same_bits(c, there.H, back.H));
  increment none = between(c, &(sl_noise){.seed = 2}, SL_F64, 9, 2, 0.2, 0.2);
  CHECK(largest(c, none.W) == 0 && largest(c, none.H) == 0);
}

/* Rows of every length that the pieces are cut by. */
TEST(a_path_depends_on_seed_and_index_only) {
  const int64_t rows[] = {1, 2, 7, 63, 64, 65, 200};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    sl_noise n = {.seed = 8, .first = 3};
    CHECK(sl_threads_set(c, 2));
    increment all = between(c, &n, SL_F64, 70, rows[i], 0.3, 2.7);
    CHECK(sl_threads_set(c, 1));
    for (int64_t r = 0; r < 70; r += 23) {
      sl_noise one = {.seed = 8, .first = 3 + r};
      sl_noise named = {.seed = 8, .index = sl_full(c, SL_I64, 1, (int64_t[]){1}, (double)(3 + r))};
      increment v = between(c, &one, SL_F64, 1, rows[i], 0.3, 2.7);
      increment w = between(c, &named, SL_F64, 1, rows[i], 0.3, 2.7);
      CHECK(same_bits(c, sl_narrow(c, all.W, 0, r, 1), v.W) && same_bits(c, sl_narrow(c, all.H, 0, r, 1), v.H));
      CHECK(same_bits(c, v.W, w.W) && same_bits(c, v.H, w.H));
    }
    increment single = between(c, &n, SL_F32, 70, rows[i], 0.3, 2.7);
    CHECK(same_bits(c, single.W, sl_cast(c, all.W, SL_F32)) && same_bits(c, single.H, sl_cast(c, all.H, SL_F32)));
  }
  CHECK(sl_threads_set(c, 2));
}

TEST(rows_may_have_intervals_of_their_own) {
  const double a[] = {0.1, 2, 0.5, 0.5}, b[] = {0.7, 1, 0.5, 90};
  const int64_t rows[] = {2, 100};
  for (int k = 0; k < 2; k++) {
    const sl_noise n = {.seed = 3};
    increment all = {NULL, NULL};
    CHECK(sl_noise_increment(c, &n, SL_F64, 2, (int64_t[]){4, rows[k]}, a, b, true, &all.W, &all.H));
    for (int r = 0; r < 4; r++) {
      increment v = between(c, &(sl_noise){.seed = 3, .first = r}, SL_F64, 1, rows[k], a[r], b[r]);
      CHECK(same_bits(c, sl_narrow(c, all.W, 0, r, 1), v.W) && same_bits(c, sl_narrow(c, all.H, 0, r, 1), v.H));
    }
  }
}

/* The draws of the tree are none of the sampler's. */
TEST(paths_and_draws_are_independent) {
  const sl_noise n = {.seed = 4};
  increment v = between(c, &n, SL_F64, 20000, 2, 0, 1);
  for (uint32_t i = 0; i < 4; i++) {
    sl_tensor *z = sl_noise_normal(c, &n, SL_F64, 2, (int64_t[]){20000, 2}, i);
    CHECK(fabs(moment(c, v.W, z)) < 0.02 && fabs(moment(c, v.H, z)) * sqrt(12) < 0.02);
  }
}

TEST(bad_times_and_sources_are_named) {
  sl_tensor *W;
  double less = -1, one = 1, none = NAN;
  CHECK(!sl_noise_increment(c, &(sl_noise){0}, SL_F64, 2, (int64_t[]){2, 2}, &less, &one, false, &W, NULL));
  CHECK_ERROR(c, SL_EARG, "noise: argument times: expected numbers in [0, 2^63), got -1, 1");
  CHECK(!sl_noise_increment(c, &(sl_noise){0}, SL_F64, 2, (int64_t[]){2, 2}, &one, &none, false, &W, NULL));
  CHECK_ERROR(c, SL_EARG, "argument times");
  sl_noise n = {.index = sl_full(c, SL_I64, 1, (int64_t[]){3}, 0)};
  CHECK(!sl_noise_increment(c, &n, SL_F64, 2, (int64_t[]){2, 2}, &one, &one, false, &W, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "argument index");
}

TEST(allocations_fail) {
  size_t live = sl_mem_live(c);
  for (int i = 1; i < 20; i++) {
    size_t mark = sl_pool_open(c);
    sl_noise n = {.index = sl_full(c, SL_I64, 1, (int64_t[]){2}, 5)};
    double a = 0.3, b = 0.7;
    sl_tensor *W, *H;
    sl_mem_fail(c, i, false);
    bool done = sl_noise_increment(c, &n, SL_F32, 2, (int64_t[]){2, 3}, &a, &b, false, &W, &H);
    sl_mem_fail(c, 0, false);
    sl_error e;
    CHECK(sl_error_take(c, &e) == !done);
    sl_pool_close(c, mark);
    CHECK(sl_mem_live(c) == live);
    CHECK(i > 1 ? i < 15 || done : !done);
  }
}
