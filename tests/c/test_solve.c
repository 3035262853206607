/* Solvers, with the exact score of a normal distribution: x_t ~ N(0, m^2 d^2 + s^2). */
#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "sdelua/solve.h"
#include "test.h"

typedef struct normal {
  sl_sde *p;
  double d; /* std of the data */
  int calls;
} normal;

static sl_tensor *normal_score(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows) {
  normal *n = ud;
  n->calls++;
  (void)rows;
  sl_tensor *m = sl_sde_coef(c, n->p, SL_COEF_M, x, t), *s = sl_sde_coef(c, n->p, SL_COEF_S, x, t);
  sl_tensor *variance = sl_add(c, sl_affine(c, sl_square(c, m), n->d * n->d, 0), sl_square(c, s));
  return sl_neg(c, sl_div(c, x, variance));
}

static sl_sde *vp(sl_ctx *c) { return sl_sde_vp(c, &(sl_schedule){.lo = 0.1, .hi = 8}, NULL); }

static double std_at(sl_ctx *c, const normal *n, double t) {
  sl_point q = {0};
  CHECK(sl_sde_point(c, n->p, t, 0, &q));
  return sqrt(q.m * q.m * n->d * n->d + q.s2);
}

static sl_tensor *draw(sl_ctx *c, sl_dtype d, int64_t n, int64_t features) {
  return sl_noise_normal(c, &(sl_noise){.seed = 9}, d, 2, (int64_t[]){n, features}, 0);
}

static double largest(sl_ctx *c, sl_tensor *x) { return sl_item(c, sl_amax(c, sl_abs(c, x), 0, NULL, false)); }

/* x_eps of the exact flow: x_T std(eps)/std(T) */
static double flow_error(sl_ctx *c, const normal *n, sl_tensor *z, sl_tensor *x, double eps) {
  double scale = std_at(c, n, eps) / std_at(c, n, 1);
  return largest(c, sl_sub(c, x, sl_affine(c, z, scale, 0)));
}

/* ---- the flow -------------------------------------------------------------------------- */

static double fixed_error(sl_ctx *c, normal *n, const char *method, int steps) {
  sl_stepper s = sl_flow;
  s.tableau = sl_tableau_find(method);
  const sl_stepper *list[] = {&s};
  sl_tensor *z = draw(c, SL_F64, 10, 2);
  sl_plan plan = {.n_steppers = 1, .stepper = list, .steps = steps, .eps = 0.1};
  sl_tensor *x = sl_integrate(c, n->p, &(sl_score){.score = normal_score, .ud = n}, &(sl_noise){0}, &plan, z, NULL);
  return flow_error(c, n, z, x, 0.1);
}

TEST(fixed_steps_converge_at_their_order) {
  normal n = {vp(c), 0.5, 0};
  for (const sl_tableau *t = sl_tableaus; t->name; t++) {
    double coarse = fixed_error(c, &n, t->name, 80), fine = fixed_error(c, &n, t->name, 160);
    double order = log2(coarse / fine);
    if (!CHECK(fabs(order - t->order) < 0.35)) printf("%s: order %g, error %g\n", t->name, order, fine);
  }
  sl_sde_release(n.p);
}

/* Conditions of order: sum b = 1, sum a_i = c_i, sum b c = 1/2, and the estimate sums to 0. */
TEST(tableaus_are_consistent) {
  for (const sl_tableau *t = sl_tableaus; t->name; t++) {
    double b = 0, bc = 0, e = 0;
    for (int i = 0; i < t->stages; i++) {
      double a = 0;
      for (int j = 0; j < i; j++) a += t->a[i][j];
      CHECK(fabs(a - t->c[i]) < 1e-14);
      b += t->b[i], bc += t->b[i] * t->c[i], e += t->e[i];
    }
    CHECK(fabs(b - 1) < 1e-14 && fabs(e) < 1e-14 && (t->order < 2 || fabs(bc - 0.5) < 1e-14));
  }
}

TEST(adaptive_meets_its_tolerance) {
  normal n = {vp(c), 0.5, 0};
  sl_score score = {.score = normal_score, .ud = &n};
  for (int batch = 0; batch < 2; batch++)
    for (int digits = 4; digits <= 10; digits += 3) {
      double tol = pow(10, -digits);
      sl_adaptive plan = {.rtol = tol,
                          .atol = tol,
                          .eps = 1e-3,
                          .batch_norm = batch,
                          .tableau = digits == 7 ? sl_tableau_find("bosh3") : NULL};
      sl_tensor *z = draw(c, SL_F64, 20, 3), *nfe = NULL;
      sl_tensor *x = sl_integrate_adaptive(c, n.p, &score, &plan, z, &nfe);
      if (!CHECK(x && nfe && flow_error(c, &n, z, x, 1e-3) < 100 * tol)) printf("tol %g\n", tol);
    }
  sl_sde_release(n.p);
}

TEST(adaptive_stops_where_the_score_breaks) {
  normal n = {vp(c), NAN, 0};
  sl_adaptive plan = {.rtol = 1e-4, .atol = 1e-4, .eps = 1e-3};
  CHECK(
      !sl_integrate_adaptive(c, n.p, &(sl_score){.score = normal_score, .ud = &n}, &plan, draw(c, SL_F32, 2, 2), NULL));
  CHECK_ERROR(c, SL_EVALUE, "is the score finite and smooth there?");
  n.d = 0.5, plan.max_steps = 3;
  CHECK(
      !sl_integrate_adaptive(c, n.p, &(sl_score){.score = normal_score, .ud = &n}, &plan, draw(c, SL_F32, 2, 2), NULL));
  CHECK_ERROR(c, SL_EVALUE, "max_steps reached");
  sl_sde_release(n.p);
}

/* ---- the reverse SDE ------------------------------------------------------------------------- */

/* Linear score: every stepper keeps means 0, and its variance is known up to the step's error. */
static void variance_of(sl_ctx *c, normal *n, const sl_stepper *predictor, const sl_stepper *corrector) {
  const sl_stepper *list[] = {corrector ? corrector : predictor, predictor};
  sl_plan plan = {
      .n_steppers = corrector ? 2 : 1, .stepper = list, .steps = 200, .eps = 1e-3, .denoise = true, .draw = 1};
  int64_t nfe = 0;
  sl_tensor *z = draw(c, SL_F32, 500, 16);
  sl_tensor *x =
      sl_integrate(c, n->p, &(sl_score){.score = normal_score, .ud = n}, &(sl_noise){.seed = 9}, &plan, z, &nfe);
  double std = sqrt(sl_item(c, sl_var(c, x, 0, NULL, true, false)));
  if (!CHECK(fabs(std / n->d - 1) < 0.04)) printf("%s: std %g\n", predictor->name, std);
  CHECK(nfe == (predictor == &sl_flow ? 400 : 200 * plan.n_steppers) &&
        fabs(sl_item(c, sl_mean(c, x, 0, NULL, false))) < 0.04 * n->d);
}

TEST(steppers_reach_the_data) {
  normal n = {vp(c), 0.7, 0};
  sl_stepper half = sl_euler_maruyama, small = sl_ancestral, large = sl_ancestral;
  half.lambda = 0.5, small.variance = SL_VARIANCE_SMALL, large.variance = SL_VARIANCE_LARGE;
  const sl_stepper *all[] = {&sl_euler_maruyama, &sl_reverse_diffusion, &sl_ancestral, &half, &small, &large, &sl_flow};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) variance_of(c, &n, all[i], NULL);
  variance_of(c, &n, &sl_reverse_diffusion, &sl_langevin);
  sl_sde_release(n.p);
}

/* ---- bits ---------------------------------------------------------------------------------------- */

/* 65 samples of each solver, drawn `batch` at a time. */
static void sample_all(sl_ctx *c, normal *n, int which, int64_t batch, float *out) {
  const sl_stepper *pc[] = {&sl_langevin, &sl_reverse_diffusion}, *em[] = {&sl_euler_maruyama},
                   *ancestral[] = {&sl_ancestral};
  sl_score score = {.score = normal_score, .ud = n};
  for (int64_t first = 0; first < 65; first += batch) {
    size_t mark = sl_pool_open(c);
    int64_t size = first + batch > 65 ? 65 - first : batch;
    sl_noise noise = {.seed = 4, .first = first};
    sl_tensor *z = sl_noise_normal(c, &noise, SL_F32, 2, (int64_t[]){size, 3}, 0), *x;
    sl_plan plan = {.n_steppers = which == 0 ? 2 : 1,
                    .stepper = which == 0   ? pc
                               : which == 1 ? em
                                            : ancestral,
                    .steps = 12,
                    .eps = 1e-3,
                    .draw = 1};
    sl_adaptive adaptive = {.rtol = 1e-4, .atol = 1e-4, .eps = 1e-3};
    x = which == 3 ? sl_integrate_adaptive(c, n->p, &score, &adaptive, z, NULL)
                   : sl_integrate(c, n->p, &score, &noise, &plan, z, NULL);
    if (CHECK(x)) memcpy(out + first * 3, sl_data(x), sizeof(float) * 3 * (size_t)size);
    sl_pool_close(c, mark);
  }
}

TEST(bits_depend_on_seed_and_index_only) {
  normal n = {vp(c), 0.5, 0};
  float want[195], got[195];
  for (int which = 0; which < 4; which++) {
    sample_all(c, &n, which, 65, want);
    for (int k = 0; k < 4; k++) {
      CHECK(sl_threads_set(c, 1 + k % 2));
      sample_all(c, &n, which, (int64_t[]){1, 7, 64, 65}[k], got);
      CHECK(!memcmp(want, got, sizeof want));
    }
  }
  sl_sde_release(n.p);
}

TEST(an_index_names_the_sample) {
  sl_noise noise = {.seed = 4}, some = {.seed = 4, .index = sl_from(c, SL_I64, 1, (int64_t[]){2}, (int64_t[]){5, 1})};
  sl_tensor *all = sl_noise_normal(c, &noise, SL_F32, 2, (int64_t[]){8, 3}, 2);
  sl_tensor *two = sl_noise_normal(c, &some, SL_F32, 2, (int64_t[]){2, 3}, 2);
  CHECK(!memcmp((float *)sl_data(all) + 15, sl_data(two), 12) &&
        !memcmp((float *)sl_data(all) + 3, (float *)sl_data(two) + 3, 12));
  CHECK(!sl_noise_normal(c, &some, SL_F32, 2, (int64_t[]){3, 3}, 2));
  CHECK_ERROR(c, SL_ESHAPE, "noise: argument index: expected int64 [3]");
}

/* ---- refusals, interrupts, memory ------------------------------------------------------------------ */

static sl_tensor *short_score(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows) {
  (void)ud, (void)t, (void)rows;
  return sl_narrow(c, x, 1, 0, 1);
}

static bool stop_after_three(sl_ctx *c, void *ud) {
  (void)c;
  return ++*(int *)ud <= 3;
}

TEST(refusals) {
  normal n = {vp(c), 0.5, 0};
  const sl_stepper *list[] = {&sl_ancestral};
  sl_plan plan = {.n_steppers = 1, .stepper = list, .steps = 5, .eps = 1e-3};
  sl_tensor *z = draw(c, SL_F32, 4, 2);
  CHECK(!sl_integrate(c, n.p, &(sl_score){.score = short_score}, &(sl_noise){0}, &plan, z, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "score: expected a result like x, a float32 tensor [4,2], got float32 [4,1]");
  plan.steps = 0;
  CHECK(!sl_integrate(c, n.p, &(sl_score){.score = normal_score, .ud = &n}, &(sl_noise){0}, &plan, z, NULL));
  CHECK_ERROR(c, SL_EARG, "integrate: argument steps");
  plan.steps = 8, plan.paper = true; /* beta_max = 8: beta_7 = 1 */
  CHECK(!sl_integrate(c, n.p, &(sl_score){.score = normal_score, .ud = &n}, &(sl_noise){0}, &plan, z, NULL));
  CHECK_ERROR(c, SL_EARG, "ancestral: argument steps: expected more than beta_max");
  plan.paper = false;
  int calls = 0;
  sl_poll_set(c, stop_after_three, &calls);
  CHECK(!sl_integrate(c, n.p, &(sl_score){.score = normal_score, .ud = &n}, &(sl_noise){0}, &plan, z, NULL));
  CHECK_ERROR(c, SL_EINTERRUPT, "");
  sl_poll_set(c, NULL, NULL);
  CHECK(sl_recording(c));
  sl_sde_release(n.p);
}

/* The whole batch, and a time of each sample. */
static bool sees_all(sl_ctx *c, void *ud, const sl_run *run, const sl_stepper *done) {
  (void)c, (void)done;
  ++*(int *)ud;
  return sl_shape(run->x)[0] == 3 && run->times && sl_shape(run->times)[0] == 3;
}

static bool sample_once(sl_ctx *c, normal *n) {
  size_t mark = sl_pool_open(c);
  const sl_stepper *list[] = {&sl_langevin, &sl_euler_maruyama};
  sl_plan plan = {.n_steppers = 2, .stepper = list, .steps = 2, .eps = 0.1, .draw = 1};
  int seen = 0;
  sl_adaptive adaptive = {.rtol = 1e-2, .atol = 0.1, .eps = 0.5, .on_step = sees_all, .ud = &seen};
  sl_score score = {.score = normal_score, .ud = n};
  float far[] = {0.01F, 0, 1, 1, 100, 300}; /* the first arrives first */
  sl_tensor *z = sl_from(c, SL_F32, 2, (int64_t[]){3, 2}, far);
  bool ok = sl_integrate(c, n->p, &score, &(sl_noise){0}, &plan, z, NULL) &&
            sl_integrate_adaptive(c, n->p, &score, &adaptive, z, NULL) && seen > 0;
  sl_pool_close(c, mark);
  return ok;
}

TEST(allocations_fail) {
  normal n = {vp(c), 0.5, 0};
  size_t live = sl_mem_live(c);
  for (int onwards = 0; onwards < 2; onwards++) {
    bool done = false;
    for (int i = 1; !done && i < 20000; i += i < 300 ? 1 : 13) {
      sl_mem_fail(c, i, onwards);
      done = sample_once(c, &n);
      sl_mem_fail(c, 0, false);
      sl_error e;
      CHECK(sl_error_take(c, &e) == !done);
      if (!CHECK(sl_mem_live(c) == live && sl_recording(c))) return;
    }
    CHECK(done);
  }
  sl_sde_release(n.p);
}
