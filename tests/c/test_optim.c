/* Optimizers and the moving average. Values of reference are compared in tests/lua/test_optim.lua. */
#include "test.h"
#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "sdelua/optim.h"

/* Three parameters of different sizes, the last of several chunks. */
enum { N = 3 };
static const int64_t sizes[N] = {5, 64, 40001};

static sl_tensor *leaf(sl_ctx *c, int64_t n, double phase, sl_dtype d) {
  sl_tensor *t = sl_empty(c, d, 1, &n);
  for (int64_t i = 0; t && i < n; i++) {
    double v = sin(1.3 * (double)i + phase);
    if (d == SL_F32) ((float *)sl_data(t))[i] = (float)v;
    else ((double *)sl_data(t))[i] = v;
  }
  return t;
}

static void make_params(sl_ctx *c, sl_tensor **p, sl_dtype d) {
  for (int i = 0; i < N; i++) sl_require_grad(c, p[i] = leaf(c, sizes[i], i, d), true);
}
static void make_grads(sl_ctx *c, sl_tensor **p, double phase) {
  for (int i = 0; i < N; i++) sl_grad_set(c, p[i], leaf(c, sizes[i], 7 * i + phase, sl_dtype_of(p[i])));
}

static uint64_t hash_bytes(uint64_t h, const void *data, size_t n) {
  const unsigned char *p = data;
  for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 1099511628211u;
  return h;
}
static uint64_t hash_tensor(uint64_t h, const sl_tensor *t) {
  return hash_bytes(h, sl_data(t), (size_t)sl_numel(t) * sl_dtype_size(sl_dtype_of(t)));
}
static uint64_t hash_all(const sl_optim *o, const sl_ema *e, sl_tensor **p) {
  char name[64];
  uint64_t h = 14695981039346656037u;
  for (int i = 0; i < N; i++) h = hash_tensor(h, p[i]);
  for (int i = 0; o && sl_optim_tensor(o, i, name); i++) h = hash_tensor(h, sl_optim_tensor(o, i, name));
  for (int i = 0; e && sl_ema_tensor(e, i); i++) h = hash_tensor(h, sl_ema_tensor(e, i));
  return h;
}

/* ---- one step in closed form --------------------------------------------------------- */

/* Adam, first step: m = (1-b1) g, v = (1-b2) g^2, so p moves by lr sign(g), nearly. */
TEST(adam_first_and_second_step) {
  sl_tensor *p[N];
  make_params(c, p, SL_F64);
  make_grads(c, p, 1);
  double lr = 0.01, p0 = ((double *)sl_data(p[1]))[3], g = ((double *)sl_data(sl_grad_of(p[1])))[3], norm;
  sl_optim *o = sl_optim_new(c, "Adam", N, p, 1, &lr);
  CHECK(sl_optim_step(c, o, &norm));
  double p1 = p0 - lr * g / (fabs(g) + 1e-8);
  CHECK(fabs(((double *)sl_data(p[1]))[3] - p1) < 1e-14);
  CHECK(sl_optim_step(c, o, NULL)); /* the same gradient: the corrected moments are g and g^2 again */
  CHECK(fabs(((double *)sl_data(p[1]))[3] - (2 * p1 - p0)) < 1e-14);
  double total = 0;
  for (int i = 0; i < N; i++)
    for (int64_t j = 0; j < sizes[i]; j++) total += pow(((double *)sl_data(sl_grad_of(p[i])))[j], 2);
  CHECK(fabs(norm - sqrt(total)) < 1e-10 * norm);
  CHECK(sl_optim_steps(o) == 2);
  sl_optim_free(o);
}

TEST(adamw_shrinks_first) {
  sl_tensor *p[N];
  make_params(c, p, SL_F64);
  make_grads(c, p, 1);
  double p0 = ((double *)sl_data(p[2]))[40000], g = ((double *)sl_data(sl_grad_of(p[2])))[40000];
  sl_optim *o = sl_optim_new(c, "AdamW", N, p, 4, (double[]){0.1, 0, 0, 0.5});
  CHECK(sl_optim_step(c, o, NULL));
  CHECK(fabs(((double *)sl_data(p[2]))[40000] - (p0 * (1 - 0.05) - 0.1 * g / (fabs(g) + 1e-8))) < 1e-13);
  sl_optim_free(o);
}

/* The rate is lr min(k/warmup, 1), k steps made before: the first moves nothing but feeds the momentum. */
TEST(warmup) {
  sl_tensor *p[N];
  make_params(c, p, SL_F64);
  make_grads(c, p, 1);
  double x = ((double *)sl_data(p[0]))[2], g = ((double *)sl_data(sl_grad_of(p[0])))[2];
  sl_optim *o = sl_optim_new(c, "SGD", N, p, 2, (double[]){0.3, 3});
  static const double share[] = {0, 1.0 / 3, 2.0 / 3, 1, 1};
  for (int k = 0; k < 5; k++) {
    CHECK(sl_optim_step(c, o, NULL));
    x -= 0.3 * share[k] * g;
    CHECK(fabs(((double *)sl_data(p[0]))[2] - x) < 1e-14);
  }
  sl_optim_free(o);
}

TEST(clipping_scales_to_the_norm) {
  sl_tensor *p[N];
  make_params(c, p, SL_F64);
  make_grads(c, p, 1);
  double x = ((double *)sl_data(p[0]))[2], g = ((double *)sl_data(sl_grad_of(p[0])))[2], norm;
  sl_optim *o = sl_optim_new(c, "SGD", N, p, 3, (double[]){1, 0, 2});
  CHECK(sl_optim_step(c, o, &norm) && norm > 100);
  CHECK(fabs(((double *)sl_data(p[0]))[2] - (x - g * 2 / (norm + 1e-6))) < 1e-14);
  CHECK(((double *)sl_data(sl_grad_of(p[0])))[2] == g); /* the gradient itself stays */
  sl_optim_free(o);
}

TEST(parameters_without_a_gradient_stay) {
  sl_tensor *p[N];
  make_params(c, p, SL_F32);
  make_grads(c, p, 1);
  sl_grad_set(c, p[1], NULL);
  uint64_t was = hash_tensor(1, p[1]);
  sl_optim *o = sl_optim_new(c, "Adam", N, p, 0, NULL);
  CHECK(sl_optim_step(c, o, NULL) && hash_tensor(1, p[1]) == was);
  CHECK(sl_optim_zero_grad(c, o));
  for (int i = 0; i < N; i++) CHECK(!sl_grad_of(p[i]));
  CHECK(!sl_optim_step(c, o, NULL));
  CHECK_ERROR(c, SL_ESTATE, "Adam.step: no parameter has a gradient");
  sl_optim_free(o);
}

/* ---- bits ----------------------------------------------------------------------------------- */

static uint64_t train(sl_ctx *c, const char *kind, int threads) {
  size_t mark = sl_pool_open(c);
  sl_tensor *p[N];
  make_params(c, p, SL_F32);
  sl_threads_set(c, threads);
  sl_optim *o = sl_optim_new(c, kind, N, p, 4, (double[]){1e-2, 2, 1, 1e-3});
  sl_ema *e = sl_ema_new(c, N, p, 0.9, true);
  for (int k = 0; k < 4; k++) {
    make_grads(c, p, k);
    CHECK(sl_optim_step(c, o, NULL) && sl_ema_update(c, e));
  }
  uint64_t h = hash_all(o, e, p);
  sl_optim_free(o);
  sl_ema_free(e);
  sl_pool_close(c, mark);
  return h;
}

TEST(bits_do_not_depend_on_threads) {
  sl_optim_info info;
  for (int i = 0; sl_optim_info_at(i, &info); i++) {
    uint64_t one = train(c, info.name, 1);
    CHECK_MSG(train(c, info.name, 2) == one && train(c, info.name, 5) == one, info.name);
  }
}

/* ---- nothing changes on failure ----------------------------------------------------------------- */

TEST(a_non_finite_norm_changes_nothing) {
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  sl_optim_info info;
  for (int i = 0; sl_optim_info_at(i, &info); i++)
    for (int b = 0; b < 3; b++) {
      sl_tensor *p[N];
      make_params(c, p, SL_F32);
      make_grads(c, p, 1);
      sl_optim *o = sl_optim_new(c, info.name, N, p, 0, NULL);
      CHECK(sl_optim_step(c, o, NULL));
      ((float *)sl_data(sl_grad_of(p[2])))[40000] = bad[b];
      uint64_t was = hash_all(o, NULL, p);
      double norm = -1;
      CHECK(!sl_optim_step(c, o, &norm) && norm == -1);
      CHECK_ERROR(c, SL_EVALUE, "parameter 3 of 3; nothing has changed");
      CHECK(hash_all(o, NULL, p) == was && sl_optim_steps(o) == 1);
      sl_optim_free(o);
    }
}

/* Gradients that must be packed first: that may fail, and then nothing has changed. */
TEST(packing_may_fail) {
  int64_t shape[2] = {30, 20}, back[2] = {20, 30};
  sl_tensor *p = sl_full(c, SL_F32, 2, shape, 1), *g = sl_transpose(c, sl_full(c, SL_F32, 2, back, 0.5), 0, 1);
  sl_require_grad(c, p, true);
  sl_grad_set(c, p, g);
  sl_optim *o = sl_optim_new(c, "SGD", 1, &p, 1, (double[]){1});
  for (uint64_t n = 1;; n++) {
    sl_mem_fail(c, n, false);
    bool ok = sl_optim_step(c, o, NULL);
    sl_mem_fail(c, 0, false);
    CHECK(((float *)sl_data(p))[7] == (ok ? 0.5f : 1.0f));
    if (ok) { CHECK(n > 1); break; }
    CHECK_ERROR(c, SL_EMEMORY, "");
  }
  sl_optim_free(o);
}

TEST(making_may_fail) {
  sl_tensor *p[N];
  make_params(c, p, SL_F32);
  size_t live = sl_mem_live(c);
  for (uint64_t n = 1; n < 60; n++) {
    sl_mem_fail(c, n, n & 1);
    sl_optim *o = sl_optim_new(c, "Adam", N, p, 0, NULL);
    sl_ema *e = sl_failed(c) ? NULL : sl_ema_new(c, N, p, 0.9, true);
    sl_mem_fail(c, 0, false);
    sl_error err;
    CHECK(sl_error_take(c, &err) == !(o && e));
    sl_optim_free(o);
    sl_ema_free(e);
    CHECK(sl_mem_live(c) == live);
  }
}

TEST(bad_parameters) {
  sl_tensor *p[N], *same[2], *plain = leaf(c, 4, 0, SL_F32), *none = NULL;
  make_params(c, p, SL_F32);
  same[0] = same[1] = p[0];
  CHECK(!sl_optim_new(c, "Adam", 0, p, 0, NULL));
  CHECK_ERROR(c, SL_EARG, "Adam: argument params: expected at least one tensor");
  CHECK(!sl_optim_new(c, "Adam", 2, same, 0, NULL));
  CHECK_ERROR(c, SL_EARG, "the tensor at place 1 is there again at 2");
  CHECK(!sl_optim_new(c, "Adam", 1, &plain, 0, NULL));
  CHECK_ERROR(c, SL_EARG, "expected a leaf that requires a gradient at place 1, got a float32 tensor that does not");
  CHECK(!sl_optim_new(c, "Adam", 1, &none, 0, NULL));
  CHECK_ERROR(c, SL_EARG, "expected a tensor at place 1, got nothing");
  sl_tensor *made = sl_mul(c, p[0], p[0]);
  CHECK(!sl_ema_new(c, 1, &made, 0.9, true));
  CHECK_ERROR(c, SL_EARG, "EMA: argument params: expected a leaf");
  CHECK(!sl_optim_new(c, "Adam", N, p, 1, (double[]){-1}));
  CHECK_ERROR(c, SL_EARG, "Adam: argument lr: expected a number >= 0, got -1");
  CHECK(!sl_optim_new(c, "Adan", N, p, 0, NULL));
  CHECK_ERROR(c, SL_EARG, "expected the name of an optimizer, got \"Adan\"");
  CHECK(!sl_ema_new(c, N, p, 1.5, true));
  CHECK_ERROR(c, SL_EARG, "EMA: argument decay: expected a number in [0,1], got 1.5");
}

/* ---- options and state -------------------------------------------------------------------------------- */

TEST(options_and_state) {
  char name[64];
  sl_tensor *p[N];
  make_params(c, p, SL_F32);
  sl_optim *o = sl_optim_new(c, "Adam", N, p, 1, (double[]){0.5});
  CHECK(sl_optim_option(o, "lr") == 0.5 && sl_optim_option(o, "beta2") == 0.999);
  CHECK(isnan(sl_optim_option(o, "nothing")));
  CHECK(sl_optim_option_set(c, o, "lr", 0.25) && sl_optim_option(o, "lr") == 0.25);
  CHECK(!sl_optim_option_set(c, o, "lr", NAN));
  CHECK_ERROR(c, SL_EARG, "Adam: argument lr: expected a number >= 0");
  CHECK(!sl_optim_option_set(c, o, "nothing", 1));
  CHECK_ERROR(c, SL_EARG, "Adam: there is no option nothing");
  CHECK(sl_optim_tensor(o, 4, name) && !strcmp(name, "exp_avg_sq.2") && sl_numel(sl_optim_tensor(o, 4, name)) == 64);
  CHECK(!sl_optim_tensor(o, 6, name));
  sl_optim_free(o);
}

/* An update in place is seen by a graph that kept the old values. */
TEST(a_step_invalidates_older_graphs) {
  sl_tensor *p[N];
  make_params(c, p, SL_F32);
  make_grads(c, p, 1);
  sl_optim *o = sl_optim_new(c, "SGD", N, p, 0, NULL);
  sl_tensor *y = sl_sum(c, sl_square(c, p[0]), 0, NULL, false);
  CHECK(sl_optim_step(c, o, NULL));
  CHECK(!sl_backward(c, y, NULL, false));
  sl_error e;
  CHECK(sl_error_take(c, &e));
  sl_optim_free(o);
}

/* ---- the moving average ---------------------------------------------------------------------------------- */

TEST(ema_swaps_and_copies) {
  sl_tensor *p[N];
  make_params(c, p, SL_F32);
  sl_ema *e = sl_ema_new(c, N, p, 0.9, true);
  uint64_t start = hash_all(NULL, NULL, p);
  make_grads(c, p, 1);
  sl_optim *o = sl_optim_new(c, "SGD", N, p, 1, (double[]){1});
  CHECK(sl_optim_step(c, o, NULL));
  uint64_t moved = hash_all(NULL, NULL, p);
  CHECK(sl_ema_swap(c, e) && sl_ema_swapped(e) && hash_all(NULL, NULL, p) == start);
  CHECK(!sl_ema_update(c, e));
  CHECK_ERROR(c, SL_ESTATE, "EMA.update: the averages are swapped in");
  CHECK(!sl_ema_copy_to(c, e));
  CHECK_ERROR(c, SL_ESTATE, "EMA.copy_to");
  CHECK(sl_ema_swap(c, e) && !sl_ema_swapped(e) && hash_all(NULL, NULL, p) == moved);
  CHECK(sl_ema_copy_to(c, e) && hash_all(NULL, NULL, p) == start);
  sl_optim_free(o);
  sl_ema_free(e);
}

/* ---- loading ------------------------------------------------------------------------------------------------ */

TEST(copy_all_is_all_or_nothing) {
  sl_tensor *p[N], *q[N];
  make_params(c, p, SL_F32);
  for (int i = 0; i < N; i++) q[i] = leaf(c, sizes[i], 50 + i, SL_F64);
  uint64_t was = hash_all(NULL, NULL, p);
  for (uint64_t n = 1;; n++) {
    sl_mem_fail(c, n, false);
    bool ok = sl_copy_all(c, "load", N, p, q);
    sl_mem_fail(c, 0, false);
    if (ok) break;
    CHECK_ERROR(c, SL_EMEMORY, "");
    CHECK(hash_all(NULL, NULL, p) == was);
  }
  for (int i = 0; i < N; i++) CHECK(((float *)sl_data(p[i]))[3] == (float)((double *)sl_data(q[i]))[3]);
  was = hash_all(NULL, NULL, p);
  sl_tensor *wrong[N] = {q[0], q[1], q[1]};
  CHECK(!sl_copy_all(c, "load", N, p, wrong));
  CHECK_ERROR(c, SL_ESHAPE, "load: expected shape [40001] at place 3, got [64]");
  CHECK(hash_all(NULL, NULL, p) == was);
  sl_tensor *swapped[2] = {leaf(c, 5, 1, SL_F32), leaf(c, 5, 2, SL_F32)}, *reversed[2] = {swapped[1], swapped[0]};
  float a = ((float *)sl_data(swapped[0]))[1], b = ((float *)sl_data(swapped[1]))[1];
  CHECK(sl_copy_all(c, "load", 2, swapped, reversed));
  CHECK(((float *)sl_data(swapped[0]))[1] == b && ((float *)sl_data(swapped[1]))[1] == a);
}
