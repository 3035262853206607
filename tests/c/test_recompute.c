/* What backward computes again: memory, bits, changes in place, deep rows of views. */
#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "test.h"

#define SHAPE(...) (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

static sl_tensor *leaf(sl_ctx *c, int ndim, const int64_t *shape, double phase) {
  sl_tensor *x = sl_full(c, SL_F32, ndim, shape, 0);
  for (int64_t i = 0; i < sl_numel(x); i++) ((float *)sl_data(x))[i] = (float)sin(0.7 * (double)i + phase);
  sl_require_grad(c, x, true);
  return x;
}

typedef struct net {
  sl_tensor *x, *skip, *w, *b, *kernel, *out;
} net;

enum { CHANNELS = 8 };

static net leaves(sl_ctx *c) {
  return (net){.x = leaf(c, SHAPE(2, 6, 6, 4), 0), .skip = leaf(c, SHAPE(2, 6, 6, 4), 1),
               .w = leaf(c, SHAPE(CHANNELS), 2), .b = leaf(c, SHAPE(CHANNELS), 3), .kernel = leaf(c, SHAPE(3, 3, CHANNELS, CHANNELS), 4),
               .out = leaf(c, SHAPE(CHANNELS, 3), 5)};
}

/* An affine map by 1 and 0 changes nothing but is not a cheap op: what stands before it is kept. */
static sl_tensor *pass(sl_ctx *c, sl_tensor *x, bool keep) { return keep ? sl_affine(c, x, 1, 0) : x; }

/* Joined, normalised, convolved, normalised, enlarged, flattened, multiplied. */
static sl_tensor *run(sl_ctx *c, const net *n, bool keep) {
  sl_tensor *pair[2] = {n->x, n->skip};
  sl_tensor *h = pass(c, sl_cat(c, 2, pair, -1), keep);
  h = pass(c, sl_group_norm_silu(c, h, n->w, n->b, 2, 1e-5), keep);
  h = sl_conv2d(c, h, n->kernel, NULL, 1, 1);
  h = pass(c, sl_group_norm(c, h, n->w, n->b, 4, 1e-5), keep);
  h = pass(c, sl_upsample(c, h, 2), keep);
  h = pass(c, sl_reshape(c, h, 2, (int64_t[]){-1, CHANNELS}), keep);
  return sl_sum(c, sl_square(c, sl_linear(c, h, n->out, NULL)), 0, NULL, false);
}

static bool same(const sl_tensor *a, const sl_tensor *b) {
  return a && b && !memcmp(sl_data(a), sl_data(b), (size_t)sl_numel(a) * sizeof(float));
}

TEST(the_same_bits_as_keeping) {
  net a = leaves(c), b = leaves(c);
  CHECK(sl_backward(c, run(c, &a, false), NULL, false) && sl_backward(c, run(c, &b, true), NULL, false));
  for (size_t i = 0; i < sizeof a / sizeof(sl_tensor *); i++)
    CHECK(same(sl_grad_of(((sl_tensor **)&a)[i]), sl_grad_of(((sl_tensor **)&b)[i])));
}

TEST(the_same_bits_of_a_graph_walked_twice) {
  net a = leaves(c);
  sl_tensor *y = run(c, &a, false), *first, *second;
  CHECK(sl_grad(c, y, NULL, 1, &a.x, &first, false, true) && sl_grad(c, y, NULL, 1, &a.x, &second, false, true));
  CHECK(same(first, second));
}

static sl_tensor *second_derivative(sl_ctx *c, bool keep) {
  net a = leaves(c);
  sl_tensor *d;
  if (!sl_grad(c, run(c, &a, keep), NULL, 1, &a.x, &d, true, false)) return NULL;
  return sl_grad(c, sl_sum(c, sl_square(c, d), 0, NULL, false), NULL, 1, &a.kernel, &d, false, false) ? d : NULL;
}
TEST(the_same_second_derivative) { CHECK(same(second_derivative(c, false), second_derivative(c, true))); }

/* Live bytes that a graph holds after the forward. */
static size_t held(sl_ctx *c, const net *n, bool keep) {
  size_t before = sl_mem_live(c), mark = sl_pool_open(c);
  sl_tensor *y = sl_retain(run(c, n, keep));
  sl_pool_close(c, mark);
  size_t after = sl_mem_live(c);
  sl_release(y);
  return after - before;
}
TEST(less_is_held) {
  net n = leaves(c);
  size_t pixels = 2 * 6 * 6 * CHANNELS * sizeof(float);
  /* of cat, norm, conv, norm, upsample (fourfold) and reshape only the convolution's result stays */
  CHECK(held(c, &n, true) - held(c, &n, false) > 6 * pixels);
}

TEST(a_long_row_of_views_is_not_a_deep_recursion) {
  sl_tensor *x = leaf(c, SHAPE(6), 0);
  sl_tensor *y = sl_retain(sl_group_norm(c, sl_reshape(c, x, SHAPE(1, 6)), NULL, NULL, 1, 1e-5));
  for (int i = 0; i < 100000; i++) {
    size_t mark = sl_pool_open(c);
    sl_tensor *next = sl_retain(sl_reshape(c, y, 2, (int64_t[]){i % 2 ? 1 : 6, -1}));
    sl_pool_close(c, mark);
    sl_release(y);
    y = next;
  }
  CHECK(sl_backward(c, sl_sum(c, sl_square(c, y), 0, NULL, false), NULL, false) && sl_grad_of(x));
  sl_release(y);
}

TEST(changes_in_place_are_seen) {
  net n = leaves(c);
  sl_tensor *one = sl_full(c, SL_F32, SHAPE(CHANNELS), 1);
  sl_tensor *h = sl_mul(c, n.x, n.x);
  sl_tensor *y = sl_square(c, sl_group_norm(c, h, NULL, NULL, 2, 1e-5));
  CHECK(sl_copy_into(c, h, n.skip) && !sl_backward(c, sl_sum(c, y, 0, NULL, false), NULL, false));
  CHECK_ERROR(c, SL_ESTATE, "group_norm needs its argument x, which was changed in place since");
  y = run(c, &n, false);
  bool was = sl_recording_set(c, false);
  CHECK(sl_copy_into(c, n.b, one));
  sl_recording_set(c, was);
  CHECK(!sl_backward(c, y, NULL, false));
  CHECK_ERROR(c, SL_ESTATE, "needs its argument b, which was changed in place since");
  CHECK(!sl_grad_of(n.x));
}

/* A result that was changed before its user saw it can't be computed again. */
TEST(a_changed_result_is_kept) {
  net n = leaves(c), m = leaves(c);
  sl_tensor *d[2] = {NULL};
  for (int i = 0; i < 2; i++) {
    net *l = i ? &m : &n;
    sl_tensor *y = sl_group_norm(c, sl_cat(c, 2, (sl_tensor *[]){l->x, l->skip}, -1), NULL, NULL, 2, 1e-5);
    if (i) y = sl_affine(c, y, 1, 0);
    CHECK(sl_copy_into(c, y, sl_full(c, SL_F32, SHAPE(2, 6, 6, CHANNELS), 0.5)));
    sl_tensor *w = sl_reshape(c, n.out, SHAPE(1, 1, CHANNELS, 3));
    sl_tensor *out = sl_sum(c, sl_square(c, sl_conv2d(c, y, w, NULL, 1, 0)), 0, NULL, false);
    CHECK(sl_grad(c, out, NULL, 1, &n.out, &d[i], false, false));
  }
  CHECK(same(d[0], d[1]));
}

TEST(failing_allocations_leave_no_trace) {
  for (uint64_t n = 1;; n++) {
    net a = leaves(c);
    size_t mark = sl_pool_open(c);
    sl_mem_fail(c, n, false);
    bool ok = sl_backward(c, run(c, &a, false), NULL, false);
    sl_mem_fail(c, 0, false);
    sl_pool_close(c, mark);
    if (ok) break;
    CHECK_ERROR(c, SL_EMEMORY, "out of memory");
    CHECK(!sl_grad_of(a.x) && sl_recording(c));
  }
}
