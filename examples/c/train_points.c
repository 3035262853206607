/* Points on a spiral: a small network is trained by denoising score matching, then the reverse SDE draws new points.
   All of it in C, with no Lua; train_points.lua beside this file does the same and gives the same bits.
     train_points [NAME [STEPS]]     leaves NAME.npy, the points, and NAME.png, a picture of them */
#include <sdelua.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 512, POINTS = 5000, SIZE = 320 };

/* What predicts the noise in a point of time t: linear layers over the point and waves of t. */
enum { WAVES, ENTER, FIRST, SECOND, LEAVE, LAYERS };
typedef struct model {
  sl_sde *sde;
  sl_layer *layer[LAYERS];
} model;

static void make_layers(sl_ctx *c, sl_layer *layer[LAYERS]) {
  layer[WAVES] = sl_layer_new(c, "Sinusoidal", 1, (double[]){32});
  layer[ENTER] = sl_layer_new(c, "Linear", 2, (double[]){2 + 32, 128});
  layer[FIRST] = sl_layer_new(c, "Linear", 2, (double[]){128, 128});
  layer[SECOND] = sl_layer_new(c, "Linear", 2, (double[]){128, 128});
  layer[LEAVE] = sl_layer_new(c, "Linear", 2, (double[]){128, 2});
}

static sl_tensor *call(sl_ctx *c, const model *m, int which, sl_tensor *x) {
  return sl_layer_forward(c, m->layer[which], 1, &x);
}

static sl_tensor *predict_noise(sl_ctx *c, const model *m, sl_tensor *x, sl_tensor *t) {
  sl_tensor *in[] = {x, call(c, m, WAVES, sl_affine(c, sl_cast(c, t, SL_F32), 999, 0))};
  sl_tensor *h = sl_silu(c, call(c, m, ENTER, sl_cat(c, 2, in, 1)));
  h = sl_add(c, h, sl_silu(c, call(c, m, FIRST, h)));
  h = sl_add(c, h, sl_silu(c, call(c, m, SECOND, h)));
  return call(c, m, LEAVE, h);
}

/* ---- training ------------------------------------------------------------------------- */

static sl_tensor *random_numbers(sl_ctx *c, sl_stream stream, sl_dist dist, int ndim, const int64_t *shape) {
  return sl_random(c, dist, SL_F32, ndim, shape, sl_key_next(c, stream), stream == SL_STREAM_TRAIN, NULL);
}

static sl_tensor *spiral(sl_ctx *c, int64_t n) {
  sl_tensor *u = random_numbers(c, SL_STREAM_USER, SL_UNIFORM, 2, (int64_t[]){n, 1});
  sl_tensor *noise = random_numbers(c, SL_STREAM_USER, SL_NORMAL, 2, (int64_t[]){n, 2});
  sl_tensor *angle = sl_affine(c, sl_sqrt(c, u), 9, 0), *radius = sl_affine(c, angle, 0.25, 0);
  sl_tensor *turned[] = {sl_cos(c, angle), sl_sin(c, angle)};
  return sl_add(c, sl_mul(c, radius, sl_cat(c, 2, turned, 1)), sl_affine(c, noise, 0.05, 0));
}

/* The mean of (predicted noise - noise)^2 at random times (Song et al. 2021, eq. 7). */
static sl_tensor *loss_of(sl_ctx *c, const model *m, sl_tensor *x0) {
  double T = sl_sde_T(m->sde), eps = sl_sde_eps(m->sde, SL_EPS_TRAIN);
  sl_train_batch(c, BATCH);
  sl_tensor *u = random_numbers(c, SL_STREAM_TRAIN, SL_UNIFORM, 1, (int64_t[]){BATCH});
  sl_tensor *z = random_numbers(c, SL_STREAM_TRAIN, SL_NORMAL, 2, (int64_t[]){BATCH, 2});
  sl_tensor *t = sl_affine(c, u, T - eps, eps), *x = sl_sde_perturb(c, m->sde, x0, t, z);
  return sl_mean(c, sl_square(c, sl_sub(c, predict_noise(c, m, x, t), z)), 0, NULL, false);
}

/* Ends when an error is pending. */
static void train(sl_ctx *c, const model *m, int steps) {
  sl_tensor *params[16], *p;
  int n = 0;
  char name[64];
  for (int i = 0; i < LAYERS; i++)
    for (int j = 0; m->layer[i] && (p = sl_layer_tensor(m->layer[i], j, name)); j++)
      if (sl_requires_grad(p)) params[n++] = p;
  sl_optim *adam = sl_optim_new(c, "Adam", n, params, 1, (double[]){3e-3});
  for (int step = 1; step <= steps && !sl_failed(c); step++) {
    size_t pool = sl_pool_open(c); /* all that this step makes goes at its end */
    sl_tensor *loss = loss_of(c, m, spiral(c, BATCH));
    if (sl_backward(c, loss, NULL, false) && sl_optim_step(c, adam, NULL)) sl_optim_zero_grad(c, adam);
    if (loss && step % 100 == 0) printf("step %d, loss %.3f\n", step, sl_item(c, loss));
    sl_pool_close(c, pool);
  }
  sl_optim_free(adam);
}

/* ---- sampling -------------------------------------------------------------------------- */

static sl_tensor *score(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows) {
  const model *m = ud;
  (void)rows; /* the same score for all samples */
  return sl_div(c, sl_neg(c, predict_noise(c, m, x, t)), sl_sde_coef(c, m->sde, SL_COEF_S, x, t));
}

static sl_tensor *sample(sl_ctx *c, model *m, int64_t n) {
  const sl_stepper *stepper = &sl_euler_maruyama;
  const sl_noise noise = {.seed = 7};
  const sl_score learned = {.score = score, .ud = m};
  sl_plan plan = {.n_steppers = 1, .stepper = &stepper, .steps = 100, .denoise = true};
  plan.eps = sl_sde_eps(m->sde, SL_EPS_SAMPLE);
  plan.draw = 1; /* draw 0 is the prior's */
  sl_recording_set(c, false);
  sl_tensor *z = sl_noise_normal(c, &noise, SL_F32, 2, (int64_t[]){n, 2}, 0);
  return sl_integrate(c, m->sde, &learned, &noise, &plan, sl_sde_prior(c, m->sde, z), NULL);
}

/* A dot a point, 4.4 wide and high around (-0.2, 0.4), where the spiral's middle is. */
static sl_tensor *picture(sl_ctx *c, const sl_tensor *x) {
  sl_tensor *image = sl_full(c, SL_U8, 2, (int64_t[]){SIZE, SIZE}, 255);
  uint8_t *pixel = image ? sl_data(image) : NULL;
  for (int64_t i = 0; x && pixel && i < sl_shape(x)[0]; i++) {
    double at = ((sl_get(x, (int64_t[]){i, 0}) + 0.2) / 4.4 + 0.5) * SIZE;
    double up = ((0.4 - sl_get(x, (int64_t[]){i, 1})) / 4.4 + 0.5) * SIZE;
    if (at >= 0 && at < SIZE && up >= 0 && up < SIZE) pixel[(int)up * SIZE + (int)at] = 0;
  }
  return image;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "points";
  char npy[4096], png[4096];
  snprintf(npy, sizeof npy, "%s.npy", name), snprintf(png, sizeof png, "%s.png", name);

  sl_ctx *c = sl_ctx_new(0);
  if (!c) return fputs("train_points: no context\n", stderr), EXIT_FAILURE;
  sl_manual_seed(c, 1);
  model m = {.sde = sl_sde_vp(c, &(sl_schedule){.lo = 0.1, .hi = 20}, NULL)};
  make_layers(c, m.layer);
  train(c, &m, argc > 2 ? atoi(argv[2]) : 3000);
  sl_tensor *x = sample(c, &m, POINTS);
  if (sl_npy_save(c, npy, x) && sl_image_save(c, png, picture(c, x))) printf("wrote %s and %s\n", npy, png);

  sl_error e = {.code = SL_OK};
  if (sl_error_take(c, &e)) fprintf(stderr, "train_points: %s\n", e.message);
  for (int i = 0; i < LAYERS; i++) sl_layer_release(m.layer[i]);
  sl_sde_release(m.sde);
  sl_ctx_free(c);
  return e.code == SL_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
