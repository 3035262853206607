#include "sdelua/autograd.h"
#include "solve/run.h"

static bool check_plan(sl_ctx *c, sl_sde *p, const sl_plan *plan, const sl_tensor *x) {
  char buf[128];
  double T = sl_sde_T(p);
  if (x->ndim < 2 || !sl_dtype_is_float(x->dtype))
    return sl_fail(c, SL_ESHAPE, "integrate: argument x: expected a float tensor [N, features ...], got %s %s",
                   sl_dtype_name(x->dtype), sl_shape_str(x, buf));
  if (plan->steps < 1)
    return sl_fail(c, SL_EARG, "integrate: argument steps: expected at least 1, got %d", plan->steps);
  if (!plan->times && !(plan->eps >= 0 && plan->eps < T))
    return sl_fail(c, SL_EARG, "integrate: argument eps: expected a time in [0, %g), got %g", T, plan->eps);
  if (!sl_sde_settle(c, p, x)) return false;
  for (int i = 0; i < plan->n_steppers; i++) {
    const sl_stepper *s = plan->stepper[i];
    if (s->needs & SL_NEEDS_KERNEL && !sl_sde_need_kernel(c, p, x, s->name)) return false;
    if (s->needs & SL_NEEDS_SIGNAL && !sl_sde_need_signal(c, p, s->name)) return false;
  }
  return true;
}

/* Times of step i. The exact levels walk linspace(T, eps, steps + 1); the papers' stand at linspace(T, eps, steps) and
   take T/steps each time. */
static void set_times(const sl_plan *plan, double T, sl_run *run) {
  if (plan->times) {
    run->t = plan->times[run->step], run->r = plan->times[run->step + 1];
    run->dt = run->t - run->r;
    return;
  }
  int gaps = plan->paper ? plan->steps - 1 : plan->steps;
  double stride = gaps > 0 ? (T - plan->eps) / gaps : 0;
  run->t = T - run->step * stride;
  run->dt = plan->paper ? T / plan->steps : stride;
  run->r = plan->paper ? run->t - run->dt : run->step + 1 == plan->steps ? plan->eps : T - (run->step + 1) * stride;
}

static bool needs_link(const sl_plan *plan) {
  for (int i = 0; i < plan->n_steppers; i++)
    if (plan->stepper[i]->needs & SL_NEEDS_KERNEL) return true;
  return false;
}

static bool set_link(sl_ctx *c, sl_run *run) {
  return run->paper ? sl_sde_link_paper(c, run->sde, run->x, run->t, run->steps, &run->link)
                    : sl_sde_link(c, run->sde, run->x, run->t, run->r, &run->link);
}

static bool one_step(sl_ctx *c, const sl_plan *plan, sl_run *run) {
  if (needs_link(plan) && !set_link(c, run)) return false;
  for (int i = 0; i < plan->n_steppers; i++) {
    const sl_stepper *s = plan->stepper[i];
    if (!s->step(c, s, run)) return false;
    if (plan->on_step && !plan->on_step(c, plan->ud, run, s)) return false;
  }
  return true;
}

/* Runs step i in a pool of its own; *x and *mean are references that outlive it. */
static bool pooled_step(sl_ctx *c, const sl_plan *plan, sl_run *run, sl_tensor **x, sl_tensor **mean) {
  size_t mark = sl_pool_open(c);
  bool ok = one_step(c, plan, run);
  if (ok) {
    sl_retain(run->x), sl_retain(run->mean);
    sl_release(*x), sl_release(*mean);
    *x = run->x, *mean = run->mean;
  }
  sl_pool_close(c, mark);
  return ok;
}

sl_tensor *sl_integrate(sl_ctx *c, sl_sde *p, const sl_score *score, const sl_noise *noise, const sl_plan *plan,
                        sl_tensor *x0, int64_t *nfe) {
  if (!p || !x0 || sl_failed(c) || !check_plan(c, p, plan, x0)) return NULL;
  bool was = sl_recording_set(c, false), ok = true;
  sl_run run = {
      .sde = p, .score = score, .noise = noise, .steps = plan->steps, .paper = plan->paper, .draw = plan->draw};
  sl_tensor *x = sl_retain(x0), *mean = sl_retain(x0);
  for (; ok && run.step < run.steps; run.step++) {
    run.x = x, run.mean = mean;
    set_times(plan, sl_sde_T(p), &run);
    ok = sl_poll(c) && pooled_step(c, plan, &run, &x, &mean);
  }
  sl_recording_set(c, was);
  if (nfe) *nfe = run.nfe;
  sl_tensor *out = ok ? sl_temp(c, sl_retain(plan->denoise ? mean : x)) : NULL;
  sl_release(x), sl_release(mean);
  return out;
}
