/* Functions of the caller's own: with a vjp, and run again in backward. */
#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "test.h"

/* Static where a graph is left at the end: that holds it until the pool closes. */
typedef struct counted {
  sl_function f;
  int forwards, vjps, releases;
  sl_tensor *w;     /* read besides the arguments */
  bool recorded[3]; /* in the n-th forward, or the n-th vjp */
  sl_code fail;     /* of the second forward */
} counted;

static void release(sl_function *f) { ((counted *)f)->releases++; }

static sl_tensor *leaf(sl_ctx *c, double v) {
  sl_tensor *x = sl_scalar(c, SL_F64, v);
  sl_require_grad(c, x, true);
  return x;
}

/* ---- with a vjp ---------------------------------------------------------------- */

/* x0 * e^x1 */
static sl_tensor *forward(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x) {
  counted *k = (counted *)f;
  CHECK(n == 2 && !sl_recording(c));
  k->forwards++;
  return sl_mul(c, x[0], sl_exp(c, x[1]));
}

static bool vjp(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x, sl_tensor *y, sl_tensor *dy, const bool *need,
                sl_tensor **dx) {
  counted *k = (counted *)f;
  CHECK(n == 2 && (y != NULL) == f->keep_y);
  k->recorded[k->vjps++] = sl_recording(c);
  if (!y) y = sl_mul(c, x[0], sl_exp(c, x[1]));
  if (need[0]) dx[0] = sl_mul(c, dy, sl_div(c, y, x[0]));
  if (need[1]) dx[1] = sl_mul(c, dy, y);
  return !sl_failed(c);
}

TEST(a_vjp_of_the_callers_own) {
  static counted both[2];
  for (int keep = 0; keep < 2; keep++) {
    both[keep] = (counted){.f = {.forward = forward, .vjp = vjp, .release = release, .keep_y = keep}};
    counted *k = &both[keep];
    sl_tensor *x = leaf(c, 2), *t = sl_scalar(c, SL_F64, 0.5), *xs[] = {x, t}, *d;
    sl_tensor *y = sl_function_apply(c, &k->f, 2, xs);
    CHECK(y && k->f.refs == 1 && !k->releases);
    CHECK(sl_backward(c, y, NULL, false) && fabs(sl_item(c, sl_grad_of(x)) - exp(0.5)) < 1e-15);
    CHECK(k->f.refs == 0 && k->releases == 1 && k->vjps == 1 && !k->recorded[0]);
    CHECK(sl_require_grad(c, t, true) && sl_grad(c, sl_function_apply(c, &k->f, 2, xs), NULL, 1, &t, &d, true, false));
    CHECK(sl_grad(c, d, NULL, 1, &t, &d, false, false) && fabs(sl_item(c, d) - 2 * exp(0.5)) < 1e-15);
    CHECK(k->recorded[1] && k->forwards == 2);
  }
}

TEST(a_function_of_constants_is_not_recorded) {
  counted k = {.f = {.forward = forward, .vjp = vjp, .release = release}};
  sl_tensor *xs[] = {sl_scalar(c, SL_F64, 2), sl_scalar(c, SL_F64, 1)};
  sl_tensor *y = sl_function_apply(c, &k.f, 2, xs);
  CHECK(y && !sl_requires_grad(y) && k.f.refs == 0 && k.releases == 1);
  xs[1] = NULL;
  CHECK(!sl_function_apply(c, &k.f, 2, xs) && k.releases == 2);
  CHECK_ERROR(c, SL_EARG, "custom_vjp: argument x: expected a tensor");
}

/* ---- run again -------------------------------------------------------------------- */

/* dropout(x0) * w * w */
static sl_tensor *again(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x) {
  counted *k = (counted *)f;
  CHECK(n == 1);
  k->recorded[k->forwards++] = sl_recording(c);
  if (k->fail && k->forwards == 2) return sl_fail(c, k->fail, "on purpose");
  return sl_mul(c, sl_mul(c, sl_dropout(c, x[0], 0.5), k->w), k->w);
}

TEST(run_again_draws_the_same_and_finds_what_it_reads) {
  counted k = {.f = {.forward = again, .release = release}, .w = leaf(c, 3)};
  int64_t shape[1] = {100};
  sl_tensor *x = sl_full(c, SL_F64, 1, shape, 1), *dw;
  sl_tensor *y = sl_sum(c, sl_function_apply(c, &k.f, 1, &x), 0, NULL, false);
  sl_rng before = sl_rng_get(c);
  sl_key_next(c, SL_STREAM_TRAIN);
  uint32_t draw = sl_train_draw(c);
  CHECK(sl_requires_grad(y) && k.f.refs == 1);
  CHECK(sl_grad(c, y, NULL, 1, &k.w, &dw, false, false)); /* y = w^2 sum, so dw = 2 y / w */
  CHECK(sl_item(c, dw) == 2 * sl_item(c, y) / 3 && sl_item(c, y) > 0);
  CHECK(k.forwards == 2 && !k.recorded[0] && k.recorded[1] && k.f.refs == 0 && k.releases == 1);
  sl_rng after = sl_rng_get(c);
  CHECK(draw == sl_train_draw(c) && !memcmp(&before, &after, sizeof before) && sl_recording(c));
}

TEST(run_again_fails_and_changes_nothing) {
  static counted k;
  k = (counted){.f = {.forward = again, .release = release}, .w = leaf(c, 3), .fail = SL_EVALUE};
  sl_tensor *x = leaf(c, 1), *y = sl_mul(c, sl_function_apply(c, &k.f, 1, &x), k.w);
  CHECK(!sl_backward(c, y, NULL, false));
  CHECK_ERROR(c, SL_EVALUE, "on purpose");
  CHECK(!sl_grad_of(k.w) && !sl_grad_of(x) && sl_recording(c));
}

TEST(run_again_refuses_a_parameter_that_changed) {
  static counted k;
  k = (counted){.f = {.forward = again, .release = release}, .w = leaf(c, 3)};
  sl_tensor *x = leaf(c, 1), *y = sl_function_apply(c, &k.f, 1, &x);
  CHECK(sl_copy_into(c, k.w, x) && !sl_backward(c, y, NULL, false));
  CHECK_ERROR(c, SL_ESTATE, "checkpoint needs its argument x, which was changed in place since");
}

/* ---- a walk within a walk -------------------------------------------------------------- */

static sl_tensor *square(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x) {
  CHECK(n == 1 && f);
  return sl_square(c, x[0]);
}

/* Its vjp walks the graph of its own argument. */
static bool walks_outwards(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x, sl_tensor *y, sl_tensor *dy,
                           const bool *need, sl_tensor **dx) {
  CHECK(n == 1 && !y && need[0]);
  return sl_grad(c, x[0], dy, 1, &((counted *)f)->w, dx, false, true);
}

TEST(a_graph_is_walked_once_at_a_time) {
  static counted k;
  k = (counted){.f = {.forward = square, .vjp = walks_outwards}, .w = leaf(c, 3)};
  sl_tensor *x = sl_exp(c, k.w), *y = sl_function_apply(c, &k.f, 1, &x);
  CHECK(!sl_backward(c, y, NULL, false));
  CHECK_ERROR(c, SL_ESTATE, "the graph of this exp is being walked already");
  CHECK(sl_backward(c, sl_square(c, x), NULL, false) && sl_item(c, sl_grad_of(k.w)) == 2 * exp(3) * exp(3));
}
