/* The probability flow, or another right-hand side, with step control per sample. */
#include "sdelua/autograd.h"
#include "solve/run.h"

#include <math.h>
#include <string.h>

/* Bounds of a step's change (Hairer, Nørsett & Wanner 1993, II.4; SciPy's RK45 has the same). */
#define SAFETY 0.9
#define SHRINK 0.2
#define GROW 10.0
#define PCOEFF 0.2 /* their code DOPRI5's, whose beta = 0.04 is p/k */
#define ICOEFF 0.65
#define LEAST 1e-4 /* of an error that is remembered: one of almost 0 says nothing of the next */

/* One sample's way: its time, the size of its next step, and where it stands in the whole batch. */
typedef struct row {
  double t, h, used, past; /* used: the step just tried; past: the error of the last that stood, 0: none */
  int64_t place, nfe, tried;
  bool rejected, accepted;
} row;

typedef struct walk {
  sl_ctx *c;
  const sl_adaptive *plan;
  const sl_tableau *w;
  const char *who;
  sl_run run;
  double end, sign;  /* where time goes, and whether it rises (1) or falls (-1) */
  double p, i;       /* of the controller */
  int64_t n, groups; /* samples on their way; step sizes: n, or 1 for the whole batch */
  row *rows;         /* [n], of which groups have a step size */
  double *buf, *at;  /* [N]; at: the time of each sample, where it has one of its own */
  sl_tensor *x, *k;  /* state [n, ...] and its flow; owned */
  sl_tensor *out;    /* [N, ...] */
} walk;

/* ---- numbers of each group, to tensors and back ------------------------------------------ */

static sl_tensor *column(const walk *w, sl_dtype d) {
  int64_t shape[SL_MAX_DIMS];
  for (int i = 0; i < w->x->ndim; i++) shape[i] = 1;
  shape[0] = w->groups;
  return sl_cast(w->c, sl_from(w->c, SL_F64, w->x->ndim, shape, w->buf), d);
}

/* Root mean square of y/scale over each group, into buf. */
static bool rms(walk *w, sl_tensor *y, sl_tensor *scale) {
  int64_t dims[SL_MAX_DIMS];
  for (int i = 1; i < w->x->ndim; i++) dims[i - 1] = i;
  sl_tensor *square = sl_cast(w->c, sl_square(w->c, sl_div(w->c, y, scale)), SL_F64);
  sl_tensor *mean = sl_contiguous(w->c, sl_mean(w->c, square, w->groups == w->n ? w->x->ndim - 1 : 0, dims, false));
  for (int64_t g = 0; mean && g < w->groups; g++) w->buf[g] = sqrt(((double *)sl_data(mean))[g]);
  return mean != NULL;
}

/* atol + rtol |x|, or of the larger of |x| and |y| */
static sl_tensor *scale_of(walk *w, sl_tensor *x, sl_tensor *y) {
  sl_tensor *size = sl_abs(w->c, x);
  if (y) size = sl_maximum(w->c, size, sl_abs(w->c, y));
  return sl_affine(w->c, size, w->plan->rtol, w->plan->atol);
}

/* How far a group still has to go, and where it stands after a fraction of its step. */
static double left(const walk *w, const row *r) { return w->sign * (w->end - r->t); }
static double after(const walk *w, const row *r, double fraction) {
  return fraction == 1 && r->used >= left(w, r) ? w->end : r->t + w->sign * fraction * r->used;
}

/* Which samples are at x, int64 [n]. */
static sl_tensor *places(walk *w) {
  sl_tensor *rows = sl_empty(w->c, SL_I64, 1, &w->n);
  for (int64_t i = 0; rows && i < w->n; i++) ((int64_t *)sl_data(rows))[i] = w->rows[i].place;
  return rows;
}

/* Calls the caller's right-hand side. */
static sl_tensor *rhs(walk *w, sl_tensor *x, sl_tensor *t) {
  char want[128], got[128];
  sl_tensor *rows = places(w);
  w->run.nfe++;
  sl_tensor *k = rows && x && t ? w->plan->rhs(w->c, w->plan->rhs_ud, x, t, rows) : NULL;
  if (!k || (sl_same_shape(x, k) && x->dtype == k->dtype)) return k;
  return sl_fail(w->c, SL_ESHAPE, "%s: argument rhs: expected a result like x, %s %s, got %s %s", w->who,
                 sl_dtype_name(x->dtype), sl_shape_str(x, want), sl_dtype_name(k->dtype), sl_shape_str(k, got));
}

static sl_tensor *flow(walk *w, sl_tensor *x, sl_tensor *t) {
  w->run.rows = w->n < w->out->shape[0] ? places(w) : NULL;
  return sl_run_flow(w->c, &w->run, x, t);
}

/* dx/dt at x, at the time after `fraction` of each group's step. */
static sl_tensor *flow_at(walk *w, sl_tensor *x, double fraction) {
  for (int64_t g = 0; g < w->groups; g++) w->buf[g] = fmax(after(w, &w->rows[g], fraction), 0);
  for (int64_t i = 0; i < w->n; i++) w->rows[i].nfe++;
  sl_tensor *t = sl_reshape(w->c, column(w, SL_F64), 1, (int64_t[]){w->groups});
  return w->plan->rhs ? rhs(w, x, t) : flow(w, x, t);
}

/* The steps with their sign, as a column of x's type. */
static sl_tensor *signed_steps(walk *w) {
  for (int64_t g = 0; g < w->groups; g++) w->buf[g] = w->sign * w->rows[g].used;
  return column(w, w->x->dtype);
}

/* ---- the first step's size (Hairer, Nørsett & Wanner 1993, II.4, "Starting step size") ------ */

static bool first_step(walk *w) {
  double *d0 = sl_alloc(w->c, 2 * sizeof(double) * (size_t)w->groups, "ode"), *d1 = d0 + w->groups;
  if (!d0) return false;
  sl_tensor *scale = scale_of(w, w->x, NULL);
  bool ok = rms(w, w->x, scale);
  for (int64_t g = 0; ok && g < w->groups; g++) d0[g] = w->buf[g];
  ok = ok && rms(w, w->k, scale);
  for (int64_t g = 0; ok && g < w->groups; g++) {
    d1[g] = w->buf[g];
    w->rows[g].used = d0[g] < 1e-5 || d1[g] < 1e-5 ? 1e-6 : 0.01 * d0[g] / d1[g];
    w->rows[g].used = fmin(w->rows[g].used, left(w, &w->rows[g]));
  }
  sl_tensor *y = ok ? sl_add(w->c, w->x, sl_mul(w->c, signed_steps(w), w->k)) : NULL;
  ok = y && rms(w, sl_sub(w->c, flow_at(w, y, 1), w->k), scale);
  for (int64_t g = 0; ok && g < w->groups; g++) {
    double h0 = w->rows[g].used, d2 = w->buf[g] / h0;
    double h1 = d1[g] <= 1e-15 && d2 <= 1e-15 ? fmax(1e-6, 1e-3 * h0) : pow(0.01 / fmax(d1[g], d2), 1.0 / w->w->order);
    w->rows[g].h = fmin(100 * h0, h1);
  }
  sl_free(w->c, d0);
  return ok;
}

/* ---- one attempt ------------------------------------------------------------------------------ */

static bool choose_steps(walk *w) {
  for (int64_t g = 0; g < w->groups; g++) {
    row *r = &w->rows[g];
    double least = 10 * (nextafter(r->t, INFINITY) - r->t);
    bool out_of_tries = w->plan->max_steps > 0 && r->tried++ >= w->plan->max_steps;
    if ((r->rejected && r->h < least) || out_of_tries || !isfinite(r->h))
      return sl_fail(w->c, SL_EVALUE, "%s: %s at t = %.6g, sample %lld: is the score finite and smooth there?", w->who,
                     out_of_tries ? "max_steps reached" : "the step size vanishes", r->t, (long long)r->place + 1);
    r->used = fmin(fmax(r->h, least), left(w, r));
  }
  return true;
}

/* y at the end of the step, its flow, and the error's size of each group in buf. */
static bool attempt(walk *w, sl_tensor **y, sl_tensor **ky) {
  sl_tensor *k[7] = {w->k}, *h = signed_steps(w);
  int last = w->w->stages - 1; /* stands at y: the next step's first stage */
  for (int i = 1; i < last; i++)
    if (!(k[i] = flow_at(w, sl_stages_add(w->c, w->x, h, i, w->w->a[i], k), w->w->c[i]))) return false;
  *y = sl_stages_add(w->c, w->x, h, last, w->w->b, k);
  *ky = k[last] = flow_at(w, *y, 1);
  return *ky && rms(w, sl_mul(w->c, h, sl_stages_sum(w->c, last + 1, w->w->e, k)), scale_of(w, w->x, *y));
}

/* By how much the step changes after the error e: a PI controller (Gustafsson 1991). After a rejection, and while there
   is no past, the last error alone says it. */
static double change_of(const walk *w, const row *r, double e) {
  double k = w->w->order;
  if (e == 0) return GROW;
  if (!(e < 1) || r->past == 0) return SAFETY * pow(e, -1 / k);
  return SAFETY * pow(e, -(w->p + w->i) / k) * pow(r->past, w->p / k);
}

static void judge(walk *w) {
  for (int64_t g = 0; g < w->groups; g++) {
    row *r = &w->rows[g];
    double e = w->buf[g], change = change_of(w, r, e);
    r->accepted = e < 1;
    if (r->accepted) change = fmin(r->rejected ? 1 : GROW, change);
    r->h = r->used * fmax(SHRINK, change); /* SHRINK where change is no number */
    r->rejected = !r->accepted;
    if (r->accepted) r->t = after(w, r, 1), r->past = fmax(e, LEAST);
  }
}

static void take(sl_tensor **slot, sl_tensor *t) {
  sl_retain(t);
  sl_release(*slot);
  *slot = t;
}

/* Accepted samples move on. */
static bool advance(walk *w, sl_tensor *y, sl_tensor *ky) {
  for (int64_t g = 0; g < w->groups; g++) w->buf[g] = w->rows[g].accepted;
  sl_tensor *moved = column(w, SL_U8);
  y = sl_where(w->c, moved, y, w->x), ky = sl_where(w->c, moved, ky, w->k);
  if (!y || !ky) return false;
  take(&w->x, y), take(&w->k, ky);
  return true;
}

/* ---- arrivals ------------------------------------------------------------------------------------ */

static bool deliver(walk *w, int64_t i, sl_tensor *nfe) {
  const row *r = &w->rows[i];
  sl_tensor *to = sl_narrow(w->c, w->out, 0, r->place, 1), *from = sl_narrow(w->c, w->x, 0, i, 1);
  ((int64_t *)sl_data(nfe))[r->place] = r->nfe;
  return to && from && sl_copy_into(w->c, to, from);
}

/* Samples at the end leave the batch. */
static bool part(walk *w, sl_tensor *nfe) {
  int64_t kept = 0, *index = sl_alloc(w->c, sizeof *index * (size_t)w->n, "ode");
  bool ok = index != NULL, one = w->groups < w->n;
  for (int64_t i = 0; ok && i < w->n; i++) {
    if (left(w, &w->rows[one ? 0 : i]) > 0)
      index[kept++] = i;
    else
      ok = deliver(w, i, nfe);
  }
  if (ok && kept < w->n && kept > 0) {
    sl_tensor *at = sl_from(w->c, SL_I64, 1, &kept, index);
    sl_tensor *x = sl_index_select(w->c, w->x, at, 0), *k = sl_index_select(w->c, w->k, at, 0);
    ok = x && k;
    if (ok) take(&w->x, x), take(&w->k, k);
  }
  for (int64_t j = 0; ok && j < kept; j++) w->rows[j] = w->rows[index[j]];
  sl_free(w->c, index);
  w->groups = one ? w->groups : kept;
  w->n = kept;
  return ok;
}

/* The whole batch: those on their way, and those that arrived where they ended. */
static sl_tensor *whole(walk *w) {
  sl_tensor *all = sl_empty(w->c, w->out->dtype, w->out->ndim, w->out->shape), *x = sl_contiguous(w->c, w->x);
  if (!all || !x || !sl_copy_into(w->c, all, w->out)) return NULL;
  size_t size = (size_t)(sl_numel(x) / w->n) * sl_dtype_size(x->dtype);
  for (int64_t i = 0; i < w->n; i++)
    memcpy((char *)sl_data(all) + (size_t)w->rows[i].place * size, (char *)sl_data(x) + (size_t)i * size, size);
  return all;
}

static bool report(walk *w) {
  const row *last = w->rows;
  w->run.step++;
  if (!w->plan->on_step) return true;
  for (int64_t g = 0; g < w->groups; g++) {
    if (left(w, &w->rows[g]) > left(w, last)) last = &w->rows[g];
    w->at[w->rows[g].place] = w->rows[g].t;
  }
  w->run.t = last->t, w->run.rows = NULL;
  w->run.times = w->plan->batch_norm ? NULL : sl_from(w->c, SL_F64, 1, w->out->shape, w->at);
  w->run.x = w->run.mean = w->n < w->out->shape[0] ? whole(w) : w->x;
  return w->run.x && (w->plan->batch_norm || w->run.times) && w->plan->on_step(w->c, w->plan->ud, &w->run, &sl_flow);
}

static bool step(walk *w, sl_tensor *nfe) {
  sl_tensor *y = NULL, *ky = NULL;
  if (!sl_poll(w->c) || !choose_steps(w) || !attempt(w, &y, &ky)) return false;
  judge(w);
  return advance(w, y, ky) && report(w) && part(w, nfe);
}

static bool pooled_step(walk *w, sl_tensor *nfe) {
  size_t mark = sl_pool_open(w->c);
  bool ok = step(w, nfe);
  sl_pool_close(w->c, mark);
  return ok;
}

static double top_of(const sl_adaptive *plan, const sl_sde *p) { return plan->top == 0 ? sl_sde_T(p) : plan->top; }

static bool start(walk *w, sl_tensor *x0) {
  size_t mark = sl_pool_open(w->c);
  w->x = sl_retain(x0);
  double begin = w->plan->forward ? w->plan->eps : top_of(w->plan, w->run.sde);
  for (int64_t i = 0; i < w->n; i++) w->rows[i] = (row){.t = begin, .place = i};
  w->k = sl_retain(flow_at(w, x0, 0));
  bool ok = w->k && first_step(w);
  sl_pool_close(w->c, mark);
  return ok;
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static bool check(sl_ctx *c, sl_sde *p, const sl_adaptive *plan, const sl_tensor *x, const sl_tableau *w,
                  const char *who) {
  char buf[128];
  if (x->ndim < 2 || !sl_dtype_is_float(x->dtype))
    return sl_fail(c, SL_ESHAPE, "%s: argument x: expected a float tensor [N, features ...], got %s %s", who,
                   sl_dtype_name(x->dtype), sl_shape_str(x, buf));
  double top = top_of(plan, p);
  if (!(top > 0 && top <= sl_sde_T(p)))
    return sl_fail(c, SL_EARG, "%s: argument top: expected a time in (0, %g], got %g", who, sl_sde_T(p), top);
  if (!(plan->eps >= 0 && plan->eps < top))
    return sl_fail(c, SL_EARG, "%s: argument eps: expected a time in [0, %g), got %g", who, top, plan->eps);
  if (!(plan->rtol > 0 && plan->atol > 0))
    return sl_fail(c, SL_EARG, "%s: arguments rtol, atol: expected positive numbers, got %g, %g", who, plan->rtol,
                   plan->atol);
  if (!(isfinite(plan->pcoeff) && isfinite(plan->icoeff) && plan->pcoeff >= 0 && plan->icoeff >= 0))
    return sl_fail(c, SL_EARG, "%s: arguments pcoeff, icoeff: expected numbers >= 0, got %g, %g", who, plan->pcoeff,
                   plan->icoeff);
  if (w->e[0] == 0)
    return sl_fail(c, SL_EARG, "%s: argument method: expected one with an error estimate, got \"%s\"", who, w->name);
  return plan->rhs || sl_sde_settle(c, p, x);
}

sl_tensor *sl_integrate_adaptive(sl_ctx *c, sl_sde *p, const sl_score *score, const sl_adaptive *plan, sl_tensor *x0,
                                 sl_tensor **nfe) {
  const sl_tableau *tableau = plan->tableau ? plan->tableau : sl_tableau_find("dopri5");
  const char *who = plan->who ? plan->who : "ode";
  if (!p || !x0 || sl_failed(c) || !check(c, p, plan, x0, tableau, who)) return NULL;
  walk w = {.c = c, .plan = plan, .w = tableau, .who = who, .n = x0->shape[0]};
  w.run = (sl_run){.sde = p, .score = score, .x = x0};
  w.end = plan->forward ? top_of(plan, p) : plan->eps, w.sign = plan->forward ? 1 : -1;
  w.groups = plan->batch_norm && w.n ? 1 : w.n;
  w.p = plan->icoeff > 0 ? plan->pcoeff : PCOEFF, w.i = plan->icoeff > 0 ? plan->icoeff : ICOEFF;
  sl_tensor *counts = sl_empty(c, SL_I64, 1, x0->shape);
  w.out = sl_empty(c, x0->dtype, x0->ndim, x0->shape);
  w.rows = sl_alloc(c, sizeof *w.rows * (size_t)(w.n + 1), "ode");
  w.buf = sl_alloc(c, sizeof *w.buf * (size_t)(w.n + 1), "ode");
  w.at = sl_alloc(c, sizeof *w.at * (size_t)(w.n + 1), "ode");
  bool was = sl_recording_set(c, false);
  bool ok = counts && w.out && w.rows && w.buf && w.at && (w.n == 0 || start(&w, x0));
  while (ok && w.n > 0) ok = pooled_step(&w, counts);
  sl_recording_set(c, was);
  sl_release(w.x), sl_release(w.k);
  sl_free(c, w.rows), sl_free(c, w.buf), sl_free(c, w.at);
  if (nfe) *nfe = ok ? counts : NULL;
  return ok ? w.out : NULL;
}
