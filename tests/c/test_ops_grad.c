/* The gradients of every op, read from the table: first and second order, in
   float64, against central differences; and in float32, on every instruction
   set, against float64. */
#include "samples.h"

#define STEP 1e-5

typedef struct fixture {
  sl_ctx *c;
  sample s;
  layout l;
  uint32_t draw; /* of the training stream: the same random numbers each time */
  sl_tensor *leaf[SAMPLE_IN];
  bool diff[SAMPLE_IN];
} fixture;

static bool fixture_open(fixture *f, sl_ctx *c, const sample *s, layout l, sl_dtype real) {
  *f = (fixture){.c = c, .s = *s, .l = l, .draw = 5};
  for (int i = 0; i < s->n_in; i++) {
    if (s->in[i].absent) continue;
    f->leaf[i] = sample_base(c, &s->in[i], real, l, (uint64_t)(77 * i + 5));
    if (!f->leaf[i]) return false;
    f->diff[i] = sl_dtype_is_float(f->leaf[i]->dtype);
    if (f->diff[i]) sl_require_grad(c, f->leaf[i], true);
  }
  return true;
}

static void fixture_close(fixture *f) {
  for (int i = 0; i < f->s.n_in; i++) sl_release(f->leaf[i]);
}

static void failure(fixture *f, const char *what) {
  sl_error e = {0};
  char text[900];
  sl_error_take(f->c, &e);
  snprintf(text, sizeof text, "%s (%s, %s) %s", f->s.text, layout_names[f->l], what, e.message);
  CHECK_MSG(!"gradient", text);
}

/* ---- a number made of the op ------------------------------------------------------ */

static sl_tensor *output(fixture *f) {
  sl_tensor *in[SAMPLE_IN] = {0};
  sl_train_draw_set(f->c, f->draw);
  for (int i = 0; i < f->s.n_in; i++)
    if (f->leaf[i]) in[i] = sample_view(f->c, &f->s.in[i], f->leaf[i], f->l);
  return sample_apply(f->c, &f->s, in);
}

/* sum of t times fixed numbers */
static sl_tensor *weighted(sl_ctx *c, sl_tensor *t, uint64_t seed) {
  if (!t) return NULL;
  sample_tensor w = {.ndim = t->ndim, .lo = 0.5, .hi = 1.5};
  memcpy(w.shape, t->shape, sizeof w.shape);
  sl_tensor *weight = sample_base(c, &w, t->dtype, PLAIN, seed), *y = sl_sum(c, sl_mul(c, t, weight), 0, NULL, false);
  sl_release(weight);
  return y;
}

/* Gradients of y in the differentiable leaves, into g by leaf; zeros when y does not depend on them. */
static bool gradients(fixture *f, sl_tensor *y, sl_tensor **g, bool create_graph) {
  sl_tensor *x[SAMPLE_IN], *dx[SAMPLE_IN];
  int n = 0;
  if (!y) return false;
  for (int i = 0; i < f->s.n_in; i++)
    if (f->diff[i]) x[n++] = f->leaf[i];
  for (int i = 0; !sl_requires_grad(y) && i < n; i++)
    if (!(dx[i] = sl_full(f->c, x[i]->dtype, x[i]->ndim, x[i]->shape, 0))) return false;
  if (sl_requires_grad(y) && !sl_grad(f->c, y, NULL, n, x, dx, create_graph, false)) return false;
  n = 0;
  for (int i = 0; i < f->s.n_in; i++) g[i] = f->diff[i] ? dx[n++] : NULL;
  return true;
}

/* Order 1: a weighted sum of the output. Order 2: of its gradients. */
static sl_tensor *target(fixture *f, int order) {
  sl_tensor *y = weighted(f->c, output(f), 3), *g[SAMPLE_IN], *sum = NULL;
  if (order == 1 || !gradients(f, y, g, true)) return order == 1 ? y : NULL;
  for (int i = 0; i < f->s.n_in; i++) {
    if (!f->diff[i]) continue;
    sl_tensor *part = weighted(f->c, g[i], (uint64_t)(i + 11));
    sum = sum ? sl_add(f->c, sum, part) : part;
  }
  return sum;
}

static double target_value(fixture *f, int order) {
  size_t mark = sl_pool_open(f->c);
  double v = sl_item(f->c, target(f, order));
  sl_pool_close(f->c, mark);
  return v;
}

/* ---- differences ------------------------------------------------------------------- */

static bool close_to(double got, double want, double scale) { return fabs(got - want) <= 2e-6 * (scale + fabs(want)); }

static double *element(fixture *f, int i, int64_t e) { return (double *)sl_data(f->leaf[i]) + e; }

static void check_elements(fixture *f, sl_tensor **g) {
  for (int i = 0; i < f->s.n_in; i++)
    for (int64_t e = 0; f->diff[i] && e < sl_numel(f->leaf[i]); e++) {
      double x = *element(f, i, e), hi, lo;
      sl_tensor *flat = sl_reshape(f->c, g[i], 1, (int64_t[]){-1});
      *element(f, i, e) = x + STEP;
      hi = target_value(f, 1);
      *element(f, i, e) = x - STEP;
      lo = target_value(f, 1);
      *element(f, i, e) = x;
      double want = (hi - lo) / (2 * STEP), got = flat ? sl_get(flat, &e) : NAN;
      char what[96];
      snprintf(what, sizeof what, "input %d element %d: %.9g, by differences %.9g", i, (int)e, got, want);
      if (!close_to(got, want, 1)) { failure(f, what); return; }
    }
}

static void shift(fixture *f, uint64_t seed, double by) {
  sample_tensor unit = {.lo = -1, .hi = 1};
  for (int i = 0; i < f->s.n_in; i++)
    for (int64_t e = 0; f->diff[i] && e < sl_numel(f->leaf[i]); e++)
      *element(f, i, e) += by * sample_number(&seed, &unit, SL_F64);
}

/* All elements at once, along a random direction. */
static void check_direction(fixture *f, int order, sl_tensor **g, uint64_t seed) {
  sample_tensor unit = {.lo = -1, .hi = 1};
  uint64_t at = seed;
  double got = 0, scale = 0, hi, lo;
  for (int i = 0; i < f->s.n_in; i++) {
    sl_tensor *packed = f->diff[i] ? sl_contiguous(f->c, g[i]) : NULL;
    for (int64_t e = 0; packed && e < sl_numel(packed); e++) {
      double term = sample_number(&at, &unit, SL_F64) * ((double *)sl_data(packed))[e];
      got += term;
      scale += fabs(term);
    }
  }
  shift(f, seed, STEP);
  hi = target_value(f, order);
  shift(f, seed, -2 * STEP);
  lo = target_value(f, order);
  shift(f, seed, STEP);
  double want = (hi - lo) / (2 * STEP);
  char what[96];
  snprintf(what, sizeof what, "order %d along a direction: %.9g, by differences %.9g", order, got, want);
  if (!close_to(got, want, 1 + scale)) failure(f, what);
}

static double largest(sl_ctx *c, sl_tensor *t) {
  return t && sl_numel(t) ? sl_item(c, sl_amax(c, sl_abs(c, t), 0, NULL, false)) : 0;
}

/* Asking for one input's gradient alone gives the same. */
static void check_alone(fixture *f, sl_tensor **all) {
  bool diff[SAMPLE_IN];
  memcpy(diff, f->diff, sizeof diff);
  for (int i = 0; i < f->s.n_in; i++) {
    sl_tensor *g[SAMPLE_IN];
    if (!diff[i]) continue;
    for (int j = 0; j < f->s.n_in; j++) {
      f->diff[j] = j == i;
      if (diff[j]) sl_require_grad(f->c, f->leaf[j], j == i);
    }
    if (!gradients(f, target(f, 1), g, false)) failure(f, "gradient of one input alone");
    else if (largest(f->c, sl_sub(f->c, g[i], all[i])) > 1e-9) failure(f, "gradient of one input alone differs");
  }
  memcpy(f->diff, diff, sizeof diff);
  for (int j = 0; j < f->s.n_in; j++)
    if (diff[j]) sl_require_grad(f->c, f->leaf[j], true);
}

static void check_gradients(fixture *f) {
  sl_tensor *fused[SAMPLE_IN], *composed[SAMPLE_IN], *second[SAMPLE_IN];
  if (!gradients(f, target(f, 1), fused, false) || !gradients(f, target(f, 1), composed, true)) {
    failure(f, "first order");
    return;
  }
  if (f->l == PLAIN) {
    check_elements(f, fused);
    check_alone(f, fused);
  }
  check_direction(f, 1, fused, 21);
  check_direction(f, 1, composed, 22);
  if (!gradients(f, target(f, 2), second, false)) failure(f, "second order");
  else for (uint64_t i = 0; i < 3; i++) check_direction(f, 2, second, 31 + i);
}

static bool any_diff(const fixture *f) {
  for (int i = 0; i < f->s.n_in; i++)
    if (f->diff[i]) return true;
  return false;
}

static void check_sample(sl_ctx *c, const sample *s, void *arg) {
  (void)arg;
  sample shaped;
  for (int i = 0; with_shapes(s, i, &shaped); i++)
    for (layout l = 0; l < LAYOUTS; l++) {
      fixture f;
      size_t mark = sl_pool_open(c);
      sl_tensor *y = fixture_open(&f, c, &shaped, l, SL_F64) ? output(&f) : NULL;
      if (!y) failure(&f, "forward");
      else if (s->op->vjp && sl_dtype_is_float(y->dtype) && any_diff(&f)) check_gradients(&f);
      fixture_close(&f);
      sl_pool_close(c, mark);
    }
}

TEST(gradients_by_differences) { each_sample(c, check_sample, NULL); }

/* ---- float32 on every instruction set ------------------------------------------------- */

static bool compare(sl_ctx *c, sl_tensor *exact, const sl_tensor *got, char *what, size_t size) {
  sl_tensor *copy = sl_empty(c, SL_F64, got->ndim, got->shape);
  if (!copy || !sl_copy_into(c, copy, got)) return false;
  double scale = largest(c, exact), off = largest(c, sl_sub(c, copy, exact));
  snprintf(what, size, "float32 is off by %.3g of %.3g", off, scale);
  return off <= 2e-5 * (scale + 0.01);
}

/* arg: the context of another instruction set. */
static void check_float32(sl_ctx *c, const sample *s, void *arg) {
  sample shaped;
  for (int i = 0; s->op->vjp && with_shapes(s, i, &shaped); i++)
    for (layout l = PLAIN; l <= TRANSPOSED; l++) {
      fixture f, f32;
      sl_tensor *g[SAMPLE_IN], *g32[SAMPLE_IN];
      char what[96] = "float32";
      size_t mark = sl_pool_open(c), mark32 = sl_pool_open(arg);
      bool ok = fixture_open(&f, c, &shaped, l, SL_F64) && fixture_open(&f32, arg, &shaped, l, SL_F32);
      sl_tensor *y = ok ? output(&f32) : NULL;
      if (y && sl_dtype_is_float(y->dtype) && any_diff(&f)) {
        ok = gradients(&f, target(&f, 1), g, true) && gradients(&f32, target(&f32, 1), g32, false);
        for (int j = 0; ok && j < s->n_in; j++)
          if (f.diff[j]) ok = compare(c, g[j], g32[j], what, sizeof what);
      }
      if (!y || !ok) failure(sl_failed(c) ? &f : &f32, what);
      fixture_close(&f);
      fixture_close(&f32);
      sl_pool_close(c, mark);
      sl_pool_close(arg, mark32);
    }
}

TEST(float32_on_every_instruction_set) {
  static const char *const isa[] = {"baseline", "avx2", "avx512"};
  for (int i = 0; i < 3; i++) {
    setenv("SDELUA_ISA", isa[i], 1);
    sl_ctx *other = sl_ctx_new(2);
    unsetenv("SDELUA_ISA");
    if (!other) continue; /* this machine lacks it */
    size_t mark = sl_pool_open(other);
    sl_rng_set(other, sl_rng_get(c));
    CHECK(!strcmp(sl_isa(other), isa[i]));
    each_sample(c, check_float32, other);
    sl_pool_close(other, mark);
    CHECK(sl_mem_live(other) == 0);
    sl_ctx_free(other);
  }
}

/* ---- memory ----------------------------------------------------------------------------- */

TEST(recorded_without_backward_leaves_nothing) {
  sl_tensor *x = sl_full(c, SL_F32, 1, (int64_t[]){16}, 0.5);
  CHECK(sl_require_grad(c, x, true));
  size_t before = sl_mem_live(c);
  for (int i = 0; i < 100000; i++) {
    size_t mark = sl_pool_open(c);
    sl_tensor *y = sl_exp(c, x);
    if (i == 0) CHECK(y && sl_requires_grad(y));
    sl_pool_close(c, mark);
    if (sl_mem_live(c) != before && !CHECK(sl_mem_live(c) == before)) return;
  }
}
