/* The backward walk: sums over paths, leaves, higher orders, freed graphs, memory. */
#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "test.h"

static sl_tensor *leaf(sl_ctx *c, double v) {
  sl_tensor *x = sl_scalar(c, SL_F64, v);
  sl_require_grad(c, x, true);
  return x;
}

static double grad_item(sl_ctx *c, sl_tensor *x) { return sl_grad_of(x) ? sl_item(c, sl_grad_of(x)) : NAN; }

TEST(gradients_add_over_paths_and_calls) {
  sl_tensor *x = leaf(c, 3), *y = sl_add(c, sl_mul(c, x, x), x);
  CHECK(sl_backward(c, y, NULL, false) && grad_item(c, x) == 7);
  CHECK(sl_backward(c, sl_mul(c, x, x), NULL, false) && grad_item(c, x) == 13);
  CHECK(sl_grad_set(c, x, NULL) && !sl_grad_of(x));
}

TEST(third_derivative_of_a_cube_times_exp) {
  sl_tensor *x = leaf(c, 0.5), *y = sl_mul(c, sl_mul(c, x, sl_mul(c, x, x)), sl_exp(c, x)), *d = y;
  for (int i = 0; i < 3; i++) CHECK(sl_grad(c, d, NULL, 1, &x, &d, true, false));
  double want = (0.125 + 9 * 0.25 + 18 * 0.5 + 6) * exp(0.5);
  CHECK(fabs(sl_item(c, d) - want) < 1e-12 * want && !sl_grad_of(x));
}

TEST(grad_of_intermediate_and_independent) {
  sl_tensor *x = leaf(c, 2), *z = leaf(c, 1), *m = sl_mul(c, x, x), *y = sl_mul(c, m, m), *d[3];
  sl_tensor *xs[3] = {m, x, z};
  CHECK(sl_grad(c, y, NULL, 3, xs, d, false, false));
  CHECK(sl_item(c, d[0]) == 8 && sl_item(c, d[1]) == 32 && sl_item(c, d[2]) == 0);
}

TEST(freed_graph_and_changed_values_are_errors) {
  sl_tensor *x = leaf(c, 2), *y = sl_exp(c, x);
  CHECK(sl_backward(c, y, NULL, false) && !sl_backward(c, y, NULL, false));
  CHECK_ERROR(c, SL_ESTATE, "backward: the graph of this exp was freed");
  sl_tensor *v = sl_scalar(c, SL_F64, 3);
  y = sl_mul(c, x, v);
  CHECK(sl_copy_into(c, v, x) && !sl_backward(c, y, NULL, false));
  CHECK_ERROR(c, SL_ESTATE, "mul needs its argument y, which was changed in place");
  CHECK(grad_item(c, x) == exp(2));
  CHECK(!sl_backward(c, v, NULL, false));
  CHECK_ERROR(c, SL_ESTATE, "backward: y was not recorded");
  int64_t shape[1] = {2};
  CHECK(!sl_backward(c, sl_expand(c, x, 1, shape), NULL, false));
  CHECK_ERROR(c, SL_ESHAPE, "y of shape [2] is not one element");
}

TEST(two_leaves_never_share_a_gradient) {
  sl_tensor *a = leaf(c, 1), *b = leaf(c, 2);
  CHECK(sl_backward(c, sl_add(c, a, b), NULL, false));
  CHECK(sl_data(sl_grad_of(a)) != sl_data(sl_grad_of(b)));
}

TEST(a_long_chain_is_not_a_deep_recursion) {
  sl_tensor *x = leaf(c, 1), *y = sl_retain(x);
  for (int i = 0; i < 100000; i++) {
    size_t mark = sl_pool_open(c);
    sl_tensor *next = sl_retain(sl_neg(c, y));
    sl_pool_close(c, mark);
    sl_release(y);
    y = next;
  }
  CHECK(sl_backward(c, y, NULL, false) && grad_item(c, x) == 1);
  sl_release(y);
}

TEST(recorded_ops_without_backward_leave_nothing) {
  sl_tensor *x = leaf(c, 0.1);
  size_t live = sl_mem_live(c);
  for (int i = 0; i < 100000; i++) {
    size_t mark = sl_pool_open(c);
    CHECK(sl_exp(c, x) != NULL);
    sl_pool_close(c, mark);
  }
  CHECK(sl_mem_live(c) == live);
}

static bool refuse(sl_ctx *c, void *ud) {
  (void)c;
  return --*(int *)ud > 0;
}

TEST(poll_stops_a_backward_and_leaves_gradients_alone) {
  int calls = 3;
  sl_tensor *x = leaf(c, 1), *y = x;
  for (int i = 0; i < 10; i++) y = sl_exp(c, sl_neg(c, y));
  sl_poll_set(c, refuse, &calls);
  CHECK(!sl_backward(c, y, NULL, false));
  sl_poll_set(c, NULL, NULL);
  CHECK_ERROR(c, SL_EINTERRUPT, "interrupted");
  CHECK(!sl_grad_of(x) && sl_recording(c));
}

TEST(failing_allocations_leave_no_trace) {
  for (int onwards = 0; onwards < 2; onwards++)
    for (uint64_t n = 1;; n++) {
      sl_tensor *x = leaf(c, 0.3);
      size_t mark = sl_pool_open(c);
      sl_mem_fail(c, n, onwards);
      sl_tensor *y = sl_mul(c, sl_exp(c, sl_mul(c, x, x)), sl_sin(c, x)), *d;
      bool ok = y && sl_grad(c, y, NULL, 1, &x, &d, true, false) && sl_backward(c, d, NULL, false);
      sl_mem_fail(c, 0, false);
      sl_pool_close(c, mark);
      if (ok) break;
      CHECK_ERROR(c, SL_EMEMORY, "out of memory");
      CHECK(!sl_grad_of(x));
    }
}
