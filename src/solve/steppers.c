/* One step each; the notation is Song et al. 2021's. */
#include "solve/run.h"

#include <math.h>
#include <string.h>

static sl_tensor *at_time(sl_ctx *c, double t) { return sl_scalar(c, SL_F64, t); }

static sl_tensor *noise_like(sl_ctx *c, sl_run *run) { return sl_run_noise(c, run, run->x->ndim, run->x->shape); }

/* x - d */
static sl_tensor *without_offset(sl_ctx *c, const sl_run *run) {
  return run->link.d ? sl_sub(c, run->x, run->link.d) : run->x;
}

/* x + b y */
static sl_tensor *plus(sl_ctx *c, sl_tensor *x, sl_tensor *b, sl_tensor *y) {
  return x ? sl_axpby(c, sl_scalar(c, x->dtype, 1), x, b, y) : NULL;
}

/* x = mean + std z; no draw for lambda = 0. */
static bool finish(sl_ctx *c, sl_run *run, sl_tensor *mean, sl_tensor *std, double lambda) {
  run->mean = mean;
  run->x = lambda == 0 || !mean ? mean : plus(c, mean, sl_affine(c, std, lambda, 0), noise_like(c, run));
  return run->x != NULL;
}

static bool euler_maruyama_step(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  sl_tensor *t = at_time(c, run->t), *score = sl_run_score(c, run, run->x, t);
  sl_tensor *drift = sl_sde_reverse_drift(c, run->sde, self->lambda, run->x, t, score);
  run->mean = sl_add(c, run->x, sl_affine(c, drift, -run->dt, 0));
  if (self->lambda == 0) return (run->x = run->mean) != NULL;
  sl_tensor *G = sl_sde_diffusion(c, run->sde, run->x, t);
  if (!G) return false;
  int64_t shape[SL_MAX_DIMS];
  int ndim = sl_sde_noise_shape(run->sde, run->x, G, shape);
  sl_tensor *z = sl_run_noise(c, run, ndim, shape);
  run->x = sl_add(c, run->mean, sl_affine(c, sl_sde_noise(c, run->sde, G, z), self->lambda * sqrt(run->dt), 0));
  return run->x != NULL;
}

static bool reverse_diffusion_step(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  const sl_link *k = &run->link;
  sl_tensor *score = sl_run_score(c, run, run->x, at_time(c, run->t));
  sl_tensor *pull = sl_affine(c, k->v, 0.5 * (1 + self->lambda * self->lambda), 0);
  sl_tensor *mean = sl_axpby(c, sl_affine(c, k->A, -1, 2), run->x, pull, score);
  if (k->d) mean = sl_sub(c, mean, k->d);
  return finish(c, run, mean, sl_sqrt(c, k->v), self->lambda);
}

static sl_tensor *ancestral_variance(sl_ctx *c, sl_variance which, const sl_link *k) {
  if (which == SL_VARIANCE_V) return k->v;
  return which == SL_VARIANCE_SMALL ? sl_mul(c, k->v, sl_div(c, k->s2_r, k->s2_t))
                                    : sl_div(c, k->v, sl_square(c, k->A));
}

/* The papers' last level has A = 0 when it has as many levels as beta_max. */
static bool check_invertible(sl_ctx *c, const sl_run *run) {
  sl_tensor *least = sl_amin(c, run->link.A, 0, NULL, false);
  if (!least || !run->paper || sl_item(c, least) > 0) return least != NULL;
  return sl_fail(c, SL_EARG, "ancestral: argument steps: expected more than beta_max = %d levels, for A = 0 at t = %g",
                 run->steps, run->t);
}

static bool ancestral_step(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  const sl_link *k = &run->link;
  if (!check_invertible(c, run)) return false;
  sl_tensor *score = sl_run_score(c, run, run->x, at_time(c, run->t));
  sl_tensor *mean = sl_axpby(c, sl_reciprocal(c, k->A), without_offset(c, run), sl_div(c, k->v, k->A), score);
  return finish(c, run, mean, sl_sqrt(c, ancestral_variance(c, self->variance, k)), 1);
}

/* ---- Langevin --------------------------------------------------------------------------- */

/* Mean over the batch of each sample's Euclidean norm. */
static sl_tensor *batch_norm(sl_ctx *c, sl_tensor *x) {
  sl_tensor *rows = sl_reshape(c, x, 2, (int64_t[]){x->shape[0], -1});
  return sl_mean(c, sl_norm2(c, rows, 1, (int64_t[]){1}, false), 0, NULL, false);
}

static bool langevin_once(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  sl_tensor *t = at_time(c, run->t), *score = sl_run_score(c, run, run->x, t), *z = noise_like(c, run);
  sl_tensor *size = self->batch_norm ? sl_div(c, batch_norm(c, z), batch_norm(c, score))
                                     : sl_sde_coef(c, run->sde, SL_COEF_S, run->x, t);
  sl_tensor *root = sl_affine(c, sl_mul(c, run->link.A, size), M_SQRT2 * self->snr, 0), *step = sl_square(c, root);
  run->mean = plus(c, run->x, step, score);
  run->x = plus(c, run->mean, sl_affine(c, root, M_SQRT2, 0), z);
  return run->x != NULL;
}

static bool langevin_step(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  for (int i = 0; i < self->n_steps; i++)
    if (!run->x || !langevin_once(c, self, run)) return false;
  return true;
}

static bool none_step(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  (void)c, (void)self;
  run->mean = run->x;
  return true;
}

/* ---- the probability flow in fixed steps ------------------------------------------------- */

static bool flow_step(sl_ctx *c, const sl_stepper *self, sl_run *run) {
  const sl_tableau *w = self->tableau;
  sl_tensor *k[7] = {0}, *h = sl_scalar(c, run->x->dtype, -run->dt);
  int used = w->stages; /* a last stage without weight serves error estimates only */
  while (used > 1 && w->b[used - 1] == 0) used--;
  for (int i = 0; i < used; i++) {
    sl_tensor *y = i ? sl_stages_add(c, run->x, h, i, w->a[i], k) : run->x;
    k[i] = sl_run_flow(c, run, y, at_time(c, fmax(run->t - w->c[i] * run->dt, 0)));
    if (!k[i]) return false;
  }
  run->mean = run->x = sl_stages_add(c, run->x, h, used, w->b, k);
  return run->x != NULL;
}

/* ---- the list ------------------------------------------------------------------------------- */

enum { BOTH = SL_NEEDS_KERNEL | SL_NEEDS_SIGNAL };

const sl_stepper sl_euler_maruyama = {.name = "euler_maruyama",
                                      .order = 0.5,
                                      .noise = true,
                                      .needs = SL_NEEDS_SIGNAL,
                                      .step = euler_maruyama_step,
                                      .lambda = 1};
const sl_stepper sl_reverse_diffusion = {.name = "reverse_diffusion",
                                         .order = 0.5,
                                         .noise = true,
                                         .needs = BOTH,
                                         .step = reverse_diffusion_step,
                                         .lambda = 1};
const sl_stepper sl_ancestral = {
    .name = "ancestral", .order = 0.5, .noise = true, .needs = BOTH, .step = ancestral_step};
const sl_stepper sl_langevin = {
    .name = "langevin", .order = 0.5, .noise = true, .needs = BOTH, .step = langevin_step, .snr = 0.16, .n_steps = 1};
const sl_stepper sl_none = {.name = "none", .step = none_step};
const sl_stepper sl_flow = {.name = "flow", .order = 2, .step = flow_step, .tableau = &sl_tableaus[2]};

const sl_stepper *sl_stepper_at(int i) {
  static const sl_stepper *const all[] = {
      &sl_euler_maruyama, &sl_reverse_diffusion, &sl_ancestral, &sl_langevin, &sl_none, &sl_flow};
  return i >= 0 && i < (int)(sizeof all / sizeof *all) ? all[i] : NULL;
}

const sl_stepper *sl_stepper_find(const char *name) {
  const sl_stepper *s;
  for (int i = 0; (s = sl_stepper_at(i)) && strcmp(s->name, name);) i++;
  return s;
}
