/* Processes: derived quantities against each other and against closed forms. */
#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "sdelua/sde.h"
#include "test.h"

static const sl_schedule beta = {.lo = 0.1, .hi = 20}, sigma = {.lo = 0.01, .hi = 50};

/* ---- functions of time -------------------------------------------------------------- */

static double f_beta(double t) { return 0.1 + 19.9 * t; }
static double f_mean(double t) { return exp(-0.25 * 19.9 * t * t - 0.05 * t); }
static double f_std(double t) {
  return sqrt(1 - exp(-0.5 * 19.9 * t * t - 0.1 * t));
} /* loses digits near 0, as users' do */
static double f_sigma(double t) { return 0.01 * pow(5000, t); }
static double f_a(double t) { return -0.05 - 9.95 * t; }
static double f_g(double t) { return sqrt(0.1 + 19.9 * t); }
static double f_exp(double t) { return exp(t); }
static double f_zero(double t) { return 0 * t; }
static double f_one(double t) { return 1 + 0 * t; }
static double f_half(double t) { return 0.5 + 0 * t; }
static double f_jump(double t) { return t < 0.3 ? 1 : 2; }
static double f_kink(double t) { return 1 + fabs(t - 0.31); }
static double f_falling(double t) { return 2 - t; }
static double f_cos(double t) { return cos(0.5 * M_PI * t); }
static double f_sin(double t) { return sin(0.5 * M_PI * t); }
static double f_offset(double t) { return 0.3 * sin(2 * t); }

static bool of_time(sl_ctx *c, void *ud, int n, const double *t, double *out) {
  (void)c;
  double (*f)(double) = *(double (**)(double))ud;
  for (int i = 0; i < n; i++) out[i] = f(t[i]);
  return true;
}

#define FN(f) (&(sl_schedule){.fn = of_time, .ud = &(double (*)(double)){f}})

/* Two features: rates and levels that differ. */
static bool two_rows(sl_ctx *c, void *ud, int n, const double *t, double *out) {
  (void)c;
  double scale = *(double *)ud;
  for (int i = 0; i < n; i++) out[2 * i] = scale * (1 + t[i]), out[2 * i + 1] = 3 * scale * (1 + t[i]);
  return true;
}

#define ROWS(scale) (&(sl_schedule){.fn = two_rows, .ud = &(double){scale}, .rows = 2})

/* ---- m' = a m, c' = a c + b, (s^2)' = 2 a s^2 + g^2 ------------------------------------ */

static int near(double got, double want, double rtol, double atol) {
  return fabs(got - want) <= atol + rtol * fabs(want);
}

static void differences(sl_ctx *c, sl_sde *p, double t, int row, double tol) {
  sl_point q, lo, hi;
  double h = 1e-3 * fmin(t, 0.2);
  bool at_end = t + h > sl_sde_T(p);
  if (!sl_sde_point(c, p, t, row, &q) || !sl_sde_point(c, p, t - h, row, &lo) ||
      !sl_sde_point(c, p, at_end ? t : t + h, row, &hi))
    return;
  if (!at_end) {
    CHECK(near((hi.m - lo.m) / (2 * h), q.dm, 2e-5, 1e-6 * q.m));
    CHECK(near((hi.c - lo.c) / (2 * h), q.dc, 2e-5, 1e-6));
    CHECK(near((hi.s2 - lo.s2) / (2 * h), q.ds2, 2e-5, 1e-7 * q.s2 / h));
  }
  CHECK(near(q.a * q.m, q.dm, tol, 1e-12));
  CHECK(near(q.a * q.c + q.b, q.dc, tol, 1e-10));
  if (!CHECK(near(2 * q.a * q.s2 + q.g2, q.ds2, tol, tol * q.g2))) printf("t = %g\n", t);
}

static void identities(sl_ctx *c, sl_sde *p, int rows, double tol) {
  if (!CHECK(p != NULL)) return;
  static const double at[] = {1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.77, 0.9, 0.999, 1};
  for (int r = 0; r < rows; r++)
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) differences(c, p, at[i] * sl_sde_T(p), r, tol);
  sl_sde_release(p);
}

TEST(identities_hold) {
  identities(c, sl_sde_vp(c, &beta, NULL), 1, 1e-12);
  identities(c, sl_sde_subvp(c, &beta, NULL), 1, 1e-12);
  identities(c, sl_sde_ve(c, &sigma, NULL), 1, 1e-12);
  identities(c, sl_sde_vp(c, FN(f_beta), NULL), 1, 1e-9);
  identities(c, sl_sde_subvp(c, FN(f_kink), NULL), 1, 1e-5);
  identities(c, sl_sde_ve(c, FN(f_sigma), NULL), 1, 1e-9);
  identities(c, sl_sde_marginal(c, FN(f_mean), FN(f_std), FN(f_offset), NULL), 1, 1e-7);
  identities(c, sl_sde_coefficients(c, FN(f_a), FN(f_offset), FN(f_g), NULL), 1, 1e-9);
  identities(c, sl_sde_coefficients(c, FN(f_zero), NULL, FN(f_exp), &(sl_sde_options){.T = 3}), 1, 1e-9);
  sl_sde_options two = {.T = 2, .std0 = 0.1, .ndim = 1, .shape = {2}};
  identities(c, sl_sde_coefficients(c, ROWS(-0.3), ROWS(0.2), FN(f_one), &two), 2, 1e-9);
}

static void same_points(sl_ctx *c, sl_sde *p, sl_sde *q, double tol) {
  for (int i = 1; i <= 50 && p && q; i++) {
    sl_point u, v;
    double t = sl_sde_T(p) * i * i / 2500.0;
    if (!sl_sde_point(c, p, t, 0, &u) || !sl_sde_point(c, q, t, 0, &v)) return;
    CHECK(near(v.m, u.m, tol, 0));
    CHECK(near(v.s2, u.s2, tol, 0));
    CHECK(near(v.a, u.a, 100 * tol, 1e-6));
    if (!CHECK(near(v.g2, u.g2, 100 * tol, 1e-6))) printf("t = %g: %.9g, want %.9g\n", t, v.g2, u.g2);
  }
  CHECK(p && q);
  sl_sde_release(p), sl_sde_release(q);
}

TEST(tables_meet_closed_forms) {
  same_points(c, sl_sde_vp(c, &beta, NULL), sl_sde_vp(c, FN(f_beta), NULL), 1e-9);
  same_points(c, sl_sde_subvp(c, &beta, NULL), sl_sde_subvp(c, FN(f_beta), NULL), 1e-9);
  same_points(c, sl_sde_ve(c, &sigma, NULL), sl_sde_ve(c, FN(f_sigma), NULL), 1e-9);
  same_points(c, sl_sde_vp(c, &beta, NULL), sl_sde_marginal(c, FN(f_mean), FN(f_std), NULL, NULL), 1e-8);
  same_points(c, sl_sde_vp(c, &beta, NULL), sl_sde_coefficients(c, FN(f_a), NULL, FN(f_g), NULL), 1e-8);
}

TEST(std0_and_T) {
  sl_sde *p = sl_sde_coefficients(c, FN(f_zero), NULL, FN(f_exp), &(sl_sde_options){.T = 3, .std0 = 0.5});
  sl_point q;
  CHECK(sl_sde_point(c, p, 2, 0, &q) && near(q.s2, 0.25 + 0.5 * (exp(4) - 1), 1e-10, 0));
  CHECK(sl_sde_point(c, p, 0, 0, &q) && near(q.s2, 0.25, 1e-12, 0));
  CHECK(sl_sde_T(p) == 3 && sl_sde_eps(p, SL_EPS_SAMPLE) == 1e-3);
  sl_sde_release(p);
}

/* ---- refusals ------------------------------------------------------------------------------ */

TEST(schedules_that_do_not_serve) {
  CHECK(!sl_sde_coefficients(c, FN(f_jump), NULL, FN(f_one), NULL));
  CHECK_ERROR(c, SL_EVALUE, "jumps near t = 0.3");
  CHECK(!sl_sde_marginal(c, FN(f_one), FN(f_falling), NULL, NULL));
  CHECK_ERROR(c, SL_EVALUE, "expected std/mean to increase with t");
  CHECK(!sl_sde_vp(c, &(sl_schedule){.lo = -1, .hi = 2}, NULL));
  CHECK_ERROR(c, SL_EARG, "VP: arguments beta_min, beta_max");
  CHECK(!sl_sde_ve(c, &(sl_schedule){.lo = 2, .hi = 1}, NULL));
  CHECK_ERROR(c, SL_EARG, "VE: arguments sigma_min, sigma_max");
  CHECK(!sl_sde_vp(c, &beta, &(sl_sde_options){.T = -1}));
  CHECK_ERROR(c, SL_EARG, "VP: argument T");
}

static sl_tensor *points(sl_ctx *c, int64_t n, int64_t d) {
  sl_key key = {.seed = 3, .stream = SL_STREAM_USER};
  return sl_random(c, SL_NORMAL, SL_F64, 2, (int64_t[]){n, d}, key, false, NULL);
}

static double largest(sl_ctx *c, sl_tensor *x) { return sl_item(c, sl_amax(c, sl_abs(c, x), 0, NULL, false)); }
static double gap(sl_ctx *c, sl_tensor *x, sl_tensor *y) { return largest(c, sl_sub(c, x, y)); }

TEST(no_signal_at_the_end) {
  sl_sde *p = sl_sde_marginal(c, FN(f_cos), FN(f_sin), NULL, NULL);
  if (!CHECK(p)) return;
  sl_tensor *x0 = points(c, 4, 2), *z = points(c, 4, 2), *T = sl_scalar(c, SL_F64, 1), *got_x0, *got_eps;
  CHECK(!sl_sde_has_signal(p));
  CHECK(!sl_sde_exchange(c, p, SL_PREDICTS_NOISE, x0, T, z, &got_x0, &got_eps));
  CHECK_ERROR(c, SL_EARG, "m_T = 0");
  /* v = m eps - s x0 = -x0 at T, and the velocity m' x0 + s' eps = -pi/2 x0 */
  sl_tensor *x = sl_sde_perturb(c, p, x0, T, z), *v = sl_neg(c, x0);
  CHECK(sl_sde_exchange(c, p, SL_PREDICTS_V, x, T, v, &got_x0, &got_eps));
  CHECK(gap(c, got_x0, x0) < 1e-6 && gap(c, got_eps, z) < 1e-6);
  CHECK(gap(c, sl_sde_velocity(c, p, got_x0, T, got_eps), sl_affine(c, x0, -0.5 * M_PI, 0)) < 1e-5);
  sl_sde_release(p);
}

/* ---- exchange, steps, prior --------------------------------------------------------------------- */

/* What a perfect network of each kind would give. */
static sl_tensor *prediction(sl_ctx *c, sl_sde *p, sl_param_kind kind, sl_tensor *x0, sl_tensor *t, sl_tensor *z) {
  sl_tensor *m = sl_sde_coef(c, p, SL_COEF_M, x0, t), *s = sl_sde_coef(c, p, SL_COEF_S, x0, t);
  switch (kind) {
  case SL_PREDICTS_NOISE: return z;
  case SL_PREDICTS_SCORE: return sl_neg(c, sl_div(c, z, s));
  case SL_PREDICTS_X0: return x0;
  case SL_PREDICTS_V: return sl_sub(c, sl_mul(c, m, z), sl_mul(c, s, x0));
  default: return sl_sde_velocity(c, p, x0, t, z);
  }
}

TEST(exchange_between_parameterizations) {
  sl_sde *ps[] = {sl_sde_vp(c, &beta, NULL), sl_sde_ve(c, &sigma, NULL), sl_sde_subvp(c, &beta, NULL),
                  sl_sde_marginal(c, FN(f_mean), FN(f_std), FN(f_offset), NULL)};
  sl_tensor *x0 = points(c, 3, 2), *z = points(c, 3, 2),
            *t = sl_from(c, SL_F64, 1, (int64_t[]){3}, (double[]){0.02, 0.5, 0.9});
  for (int i = 0; i < 4; i++) {
    sl_tensor *x = sl_sde_perturb(c, ps[i], x0, t, z), *a = NULL, *b = NULL;
    for (int kind = 0; kind < 5; kind++) {
      CHECK(sl_sde_exchange(c, ps[i], kind, x, t, prediction(c, ps[i], kind, x0, t, z), &a, &b));
      CHECK(gap(c, a, x0) < 1e-7 && gap(c, b, z) < 1e-7);
    }
    sl_sde_release(ps[i]);
  }
}

TEST(steps_compose) {
  sl_sde *p = sl_sde_coefficients(c, FN(f_a), FN(f_offset), FN(f_g), NULL);
  sl_tensor *x = points(c, 2, 2);
  sl_link ab, bc, ac;
  CHECK(sl_sde_link(c, p, x, 0.5, 0.2, &ab) && sl_sde_link(c, p, x, 0.9, 0.5, &bc) &&
        sl_sde_link(c, p, x, 0.9, 0.2, &ac));
  CHECK(gap(c, sl_mul(c, ab.A, bc.A), ac.A) < 1e-12);
  CHECK(gap(c, sl_add(c, bc.d, sl_mul(c, bc.A, ab.d)), ac.d) < 1e-12);
  CHECK(gap(c, sl_add(c, bc.v, sl_mul(c, sl_square(c, bc.A), ab.v)), ac.v) < 1e-11);
  /* the posterior mean of a step whose start is known is that start */
  sl_tensor *x0 = points(c, 2, 2), *r = sl_scalar(c, SL_F64, 1e-9), *mean, *std;
  CHECK(sl_sde_marginal_prob(c, p, x0, r, &mean, &std));
  CHECK(gap(c, sl_sde_posterior_mean(c, p, x, 0.5, 1e-9, x0), mean) < 1e-6);
  sl_sde_release(p);
}

TEST(tables_of_the_papers) {
  sl_sde *vp = sl_sde_vp(c, &beta, NULL), *ve = sl_sde_ve(c, &sigma, NULL), *sub = sl_sde_subvp(c, &beta, NULL);
  sl_tensor *row[4];
  CHECK(sl_sde_levels(c, vp, 1000, row) && near(((double *)sl_data(row[1]))[999], 0.02, 1e-12, 0));
  CHECK(near(((double *)sl_data(row[1]))[0], 1e-4, 1e-12, 0));
  CHECK(sl_sde_levels(c, ve, 100, row) && near(((double *)sl_data(row[3]))[99], 50, 1e-12, 0));
  CHECK(near(((double *)sl_data(row[3]))[0], 0.01, 1e-12, 0));
  CHECK(!sl_sde_levels(c, vp, 10, row));
  CHECK_ERROR(c, SL_EARG, "more than beta_max levels");
  CHECK(!sl_sde_levels(c, sub, 1000, row));
  CHECK_ERROR(c, SL_EARG, "subVP");
  sl_sde_release(vp), sl_sde_release(ve), sl_sde_release(sub);
}

TEST(priors) {
  sl_sde *ve = sl_sde_ve(c, &sigma, NULL);
  sl_tensor *z = points(c, 3, 2), *x = sl_sde_prior(c, ve, z), *logp = sl_sde_prior_logp(c, ve, x);
  CHECK(gap(c, x, sl_affine(c, z, 50, 0)) < 1e-9);
  sl_tensor *want = sl_affine(c, sl_sum(c, sl_square(c, z), 1, (int64_t[]){1}, false), -0.5, -log(2 * M_PI * 2500));
  CHECK(gap(c, logp, want) < 1e-9);
  sl_sde_release(ve);
  sl_sde_options o = {.prior_mean = sl_scalar(c, SL_F64, 1), .prior_std = sl_scalar(c, SL_F64, 3)};
  sl_sde *p = sl_sde_coefficients(c, FN(f_zero), NULL, FN(f_one), &o);
  CHECK(sl_sde_has_prior(p) && gap(c, sl_sde_prior(c, p, z), sl_affine(c, z, 3, 1)) < 1e-12);
  sl_sde_release(p);
}

TEST(bad_times_and_shapes) {
  sl_sde *p = sl_sde_vp(c, &beta, NULL);
  sl_tensor *x = points(c, 3, 2), *t = sl_from(c, SL_F64, 1, (int64_t[]){2}, (double[]){0.1, 0.2});
  CHECK(!sl_sde_drift(c, p, x, t));
  CHECK_ERROR(c, SL_ESHAPE, "expected a number or a float tensor [3], got float64 [2]");
  CHECK(!sl_sde_drift(c, p, x, sl_scalar(c, SL_F64, 1.5)));
  CHECK_ERROR(c, SL_EVALUE, "expected times in [0, 1], got 1.5");
  CHECK(!sl_sde_drift(c, p, NULL, t));
  sl_sde_release(p);
}

TEST(importance_times) {
  sl_sde *p = sl_sde_vp(c, &beta, NULL);
  sl_tensor *u = sl_from(c, SL_F64, 1, (int64_t[]){3}, (double[]){0.25, 0.5, 1}),
            *t = sl_sde_importance_time(c, p, u, 1e-5);
  sl_point lo, hi, mid;
  CHECK(sl_sde_point(c, p, 1e-5, 0, &lo) && sl_sde_point(c, p, 1, 0, &hi) && t);
  CHECK(sl_sde_point(c, p, ((double *)sl_data(t))[1], 0, &mid));
  CHECK(near(2 * log(mid.s2 / mid.m / mid.m), log(lo.s2 / lo.m / lo.m) + log(hi.s2 / hi.m / hi.m), 0, 1e-9));
  CHECK(near(((double *)sl_data(t))[2], 1, 1e-9, 0));
  sl_sde_release(p);
}

/* ---- drift and diffusion alone ----------------------------------------------------------------------- */

static sl_tensor *vp_drift(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud;
  return sl_affine(c, sl_mul(c, sl_affine(c, t, 19.9, 0.1), x), -0.5, 0);
}
static sl_tensor *vp_diffusion(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud, (void)x;
  return sl_sqrt(c, sl_affine(c, t, 19.9, 0.1));
}
/* -(x - mu) for mu = (1, -2) */
static sl_tensor *mu_drift(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud, (void)t;
  sl_tensor *mu = sl_cast(c, sl_from(c, SL_F64, 1, (int64_t[]){2}, (double[]){1, -2}), sl_dtype_of(x));
  return sl_sub(c, mu, x);
}
static sl_tensor *cubic_drift(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud, (void)t;
  return sl_neg(c, sl_mul(c, x, sl_square(c, x)));
}
static sl_tensor *f32_drift(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud, (void)t;
  return sl_mul(c, x, sl_scalar(c, SL_F32, -0.5));
}

TEST(the_probe_finds_affine_processes) {
  sl_dynamics d = {.drift = vp_drift, .diffusion = vp_diffusion, .probe = true};
  sl_sde *p = sl_sde_general(c, &d, NULL);
  CHECK(!strcmp(sl_sde_tier(p), "general (unprobed)"));
  CHECK(sl_sde_settle(c, p, points(c, 3, 2)));
  CHECK(!strcmp(sl_sde_tier(p), "affine (probed)"));
  same_points(c, sl_sde_vp(c, &beta, NULL), sl_sde_retain(p), 1e-8);
  identities(c, p, 1, 1e-8);

  d.drift = mu_drift;
  p = sl_sde_general(c, &d, NULL);
  sl_tensor *x = points(c, 3, 2), *half = sl_scalar(c, SL_F64, 0.5);
  CHECK(gap(c, sl_sde_drift(c, p, x, half), mu_drift(c, NULL, x, half)) < 1e-7);
  sl_point q;
  CHECK(sl_sde_point(c, p, 0.5, 1, &q) && near(q.c, -2 * (1 - exp(-0.5)), 1e-8, 0));
  identities(c, p, 2, 1e-8);

  d.drift = f32_drift;
  p = sl_sde_general(c, &d, NULL);
  CHECK(sl_sde_settle(c, p, sl_cast(c, x, SL_F32)) && !strcmp(sl_sde_tier(p), "affine (probed)"));
  CHECK(sl_sde_point(c, p, 1, 0, &q) && near(q.m, exp(-0.5), 1e-5, 0));
  sl_sde_release(p);
}

TEST(the_probe_refuses_others) {
  sl_dynamics d = {.drift = cubic_drift, .diffusion = vp_diffusion, .probe = true};
  sl_tensor *x = points(c, 3, 2), *half = sl_scalar(c, SL_F64, 0.5), *mean, *std;
  sl_sde *p = sl_sde_general(c, &d, NULL);
  CHECK(!sl_sde_drift(c, p, x, half));
  CHECK_ERROR(c, SL_EARG, "argument noise_type");
  sl_sde_release(p);
  d.noise = SL_NOISE_SCALAR;
  p = sl_sde_general(c, &d, NULL);
  CHECK(sl_sde_drift(c, p, x, half) && !strcmp(sl_sde_tier(p), "general"));
  CHECK(!sl_sde_marginal_prob(c, p, x, half, &mean, &std));
  CHECK_ERROR(c, SL_EARG, "marginal_prob: argument process: expected one with a transition kernel");
  CHECK(!sl_sde_prior(c, p, x));
  CHECK_ERROR(c, SL_EARG, "prior = { mean =, std = }");
  sl_sde_release(p);
  d.affine = true;
  p = sl_sde_general(c, &d, NULL);
  CHECK(!sl_sde_drift(c, p, x, half));
  CHECK_ERROR(c, SL_EVALUE, "argument tier");
  sl_sde_release(p);
}

/* ---- div M + M score --------------------------------------------------------------------------------------- */

/* g_i = x_i x_{i+1}: d(g_i^2)/dx_i = 2 x_i x_{i+1}^2 */
static sl_tensor *product_noise(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud, (void)t;
  return sl_mul(c, x, sl_flip(c, x, 1, (int64_t[]){1}));
}
/* g = |x|^2: d(g^2)/dx_i = 4 |x|^2 x_i */
static sl_tensor *radial_noise(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud, (void)t;
  return sl_sum(c, sl_square(c, x), 1, (int64_t[]){1}, true);
}
/* G = x (one column): M = x x^T, (div M)_i = (D + 1) x_i */
static sl_tensor *outer_noise(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t) {
  (void)ud, (void)t;
  return sl_unsqueeze(c, x, 2);
}

static sl_tensor *pull(sl_ctx *c, sl_field_fn *diffusion, sl_noise_type noise, sl_tensor *x, sl_tensor *score) {
  sl_dynamics d = {.drift = cubic_drift, .diffusion = diffusion, .noise = noise};
  sl_sde *p = sl_sde_general(c, &d, NULL);
  sl_tensor *half = sl_scalar(c, SL_F64, 0.5);
  sl_tensor *out = sl_sub(c, sl_sde_drift(c, p, x, half), sl_sde_reverse_drift(c, p, 1, x, half, score));
  sl_sde_release(p);
  return out;
}

TEST(reverse_drift_of_general_noise) {
  sl_tensor *x = points(c, 4, 2), *score = points(c, 4, 2), *other = sl_flip(c, x, 1, (int64_t[]){1});
  sl_tensor *g2 = sl_square(c, sl_mul(c, x, other)), *r2 = radial_noise(c, NULL, x, NULL);
  sl_tensor *want = sl_add(c, sl_affine(c, sl_mul(c, x, sl_square(c, other)), 2, 0), sl_mul(c, g2, score));
  CHECK(gap(c, pull(c, product_noise, SL_NOISE_DIAGONAL, x, score), want) < 1e-9);
  want = sl_add(c, sl_affine(c, sl_mul(c, r2, x), 4, 0), sl_mul(c, sl_square(c, r2), score));
  CHECK(gap(c, pull(c, radial_noise, SL_NOISE_SCALAR, x, score), want) < 1e-9);
  sl_tensor *dot = sl_sum(c, sl_mul(c, x, score), 1, (int64_t[]){1}, true);
  CHECK(gap(c, pull(c, outer_noise, SL_NOISE_MATRIX, x, score), sl_mul(c, x, sl_affine(c, dot, 1, 3))) < 1e-9);
  CHECK(gap(c, pull(c, vp_diffusion, SL_NOISE_SCALAR, x, score), sl_affine(c, score, 10.05, 0)) < 1e-9);
}

/* ---- every allocation may fail -------------------------------------------------------------------------------- */

static bool everything(sl_ctx *c) {
  size_t mark = sl_pool_open(c);
  sl_dynamics d = {.drift = mu_drift, .diffusion = vp_diffusion, .probe = true};
  sl_sde *p = sl_sde_general(c, &d, NULL), *q = sl_sde_coefficients(c, FN(f_half), FN(f_half), FN(f_one), NULL);
  sl_tensor *x = points(c, 3, 2), *t = sl_scalar(c, SL_F64, 0.5), *f, *G;
  bool ok = p && q && x && sl_sde_perturb(c, p, x, t, x) && sl_sde_discretize(c, q, x, t, 10, false, &f, &G) &&
            sl_sde_prior_logp(c, q, x) && sl_sde_reverse_drift(c, p, 0, x, t, x);
  sl_sde_release(p), sl_sde_release(q);
  sl_pool_close(c, mark);
  return ok;
}

TEST(allocations_fail) {
  size_t live = sl_mem_live(c);
  bool done = false;
  for (int n = 1; !done && n < 5000; n += n < 200 ? 1 : 37) {
    sl_mem_fail(c, n, true);
    done = everything(c);
    sl_mem_fail(c, 0, false);
    sl_error e;
    CHECK(sl_error_take(c, &e) == !done);
    if (!CHECK(sl_mem_live(c) == live)) return;
  }
  CHECK(done && f_kink(0) > 1);
}
