/* What the elementwise, reduction, shape and index ops give. */
#include "op/op.h"
#include "test.h"

#define SHAPE(...) ((int)(sizeof((int64_t[]){__VA_ARGS__}) / 8)), (int64_t[]){__VA_ARGS__}
#define LIST(...) ((int)(sizeof((int64_t[]){__VA_ARGS__}) / 8)), (int64_t[]){__VA_ARGS__}

/* 0, 1, 2, ... */
static sl_tensor *counting(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape) {
  sl_tensor *t = sl_empty(c, SL_F64, ndim, shape);
  for (int64_t i = 0; t && i < sl_numel(t); i++) ((double *)sl_data(t))[i] = (double)i;
  return sl_cast(c, t, d);
}

static sl_tensor *numbers(sl_ctx *c, int n, const double *v) { return sl_from(c, SL_F64, 1, (int64_t[]){n}, v); }
#define NUMBERS(...) numbers(c, (int)(sizeof((double[]){__VA_ARGS__}) / 8), (double[]){__VA_ARGS__})

/* The elements in row-major order, and the type; NaN equals NaN. */
static bool is(sl_ctx *c, sl_tensor *t, sl_dtype d, int n, const double *want) {
  sl_tensor *flat = t && t->dtype == d ? sl_cast(c, sl_reshape(c, t, 1, (int64_t[]){-1}), SL_F64) : NULL;
  flat = flat ? sl_contiguous(c, flat) : NULL;
  if (!flat || sl_numel(flat) != n) return false;
  const double *got = sl_data(flat);
  for (int i = 0; i < n; i++)
    if (got[i] != want[i] && !(isnan(got[i]) && isnan(want[i]))) {
      printf("element %d: %.17g, expected %.17g\n", i, got[i], want[i]);
      return false;
    }
  return true;
}
#define IS(t, d, ...) CHECK(is(c, t, d, (int)(sizeof((double[]){__VA_ARGS__}) / 8), (double[]){__VA_ARGS__}))

static bool has_shape(const sl_tensor *t, int n, const int64_t *shape) {
  return t && t->ndim == n && !memcmp(t->shape, shape, (size_t)n * 8);
}

static sl_tensor *in_place(sl_ctx *c, const char *name, sl_tensor *x, sl_tensor *y) {
  sl_tensor *in[2] = {x, y};
  sl_call k = {.op = sl_op_find(c, name), .n_in = y ? 2 : 1, .in = in, .into = x};
  return sl_apply(c, &k);
}

static sl_tensor *grad1(sl_ctx *c, sl_tensor *y, sl_tensor *x) {
  sl_tensor *dx = NULL;
  return sl_grad(c, sl_sum(c, y, 0, NULL, false), NULL, 1, &x, &dx, false, false) ? dx : NULL;
}

/* ---- elementwise ----------------------------------------------------------------- */

TEST(types_meet_as_stated) {
  sl_tensor *u = counting(c, SL_U8, SHAPE(3)), *i = counting(c, SL_I64, SHAPE(3)), *f = counting(c, SL_F32, SHAPE(3));
  IS(sl_add(c, u, u), SL_U8, 0, 2, 4);
  IS(sl_add(c, u, i), SL_I64, 0, 2, 4);
  IS(sl_mul(c, f, u), SL_F32, 0, 1, 4);
  IS(sl_sub(c, i, f), SL_F32, 0, 0, 0);
  IS(sl_le(c, i, f), SL_U8, 1, 1, 1);
  IS(sl_where(c, sl_gt(c, i, u), i, f), SL_F32, 0, 1, 2);
  IS(sl_cast(c, NUMBERS(-1.7, 1.7, 300), SL_I64), SL_I64, -1, 1, 300);
  IS(sl_clamp(c, i, 1, INFINITY), SL_I64, 1, 1, 2);
}

TEST(broadcasting_repeats_sizes_of_one) {
  sl_tensor *row = counting(c, SL_F64, SHAPE(3)), *column = counting(c, SL_F64, SHAPE(2, 1));
  sl_tensor *y = sl_add(c, row, sl_affine(c, column, 10, 0));
  CHECK(has_shape(y, SHAPE(2, 3)));
  IS(y, SL_F64, 0, 1, 2, 10, 11, 12);
}

/* Rows too short for a call each are gathered into blocks: all layouts give what packed copies do. */
TEST(short_rows_of_any_layout) {
  static const sl_dtype types[] = {SL_F32, SL_F64, SL_U8};
  for (int64_t n = 1; n <= 20; n = n < 4 ? n + 1 : 2 * n + 1)
    for (int i = 0; i < 12; i++) {
      sl_dtype d = types[i % 3];
      sl_tensor *x = counting(c, d, SHAPE(7, 101, n)), *y = counting(c, d, SHAPE(101, 1));
      if (i / 3 == 1) y = counting(c, d, SHAPE(n));
      if (i / 3 == 2) y = sl_narrow(c, counting(c, d, SHAPE(7, 101, n + 2)), 2, 1, n);
      if (i / 3 == 3) y = sl_transpose(c, counting(c, d, SHAPE(101, 7, n)), 0, 1);
      sl_tensor *whole = sl_contiguous(c, sl_expand(c, y, SHAPE(7, 101, n)));
      sl_tensor *target = sl_full(c, d, SHAPE(7, 101, n + 1), 0), *part = sl_narrow(c, target, 2, 1, n);
      if (!CHECK(whole && part && sl_copy_into(c, part, y))) return;
      for (int64_t at = 0; at < 7 * 101 * n; at++) {
        int64_t p[] = {at / (101 * n), at / n % 101, at % n};
        double want = i / 3 == 0   ? sl_get(y, (int64_t[]){p[1], 0})
                      : i / 3 == 1 ? sl_get(y, &p[2])
                                   : sl_get(y, p);
        if (!CHECK(sl_get(whole, p) == want && sl_get(part, p) == want)) return;
        if (d != SL_U8 && !CHECK(sl_get(sl_add(c, x, y), p) == sl_get(x, p) + want)) return;
        if (at > 40) at += 13 * n; /* a sample */
      }
      CHECK(sl_get(target, (int64_t[]){6, 100, 0}) == 0);
    }
}

TEST(a_number_meets_only_its_own_type) {
  sl_tensor *x = counting(c, SL_F32, SHAPE(2));
  CHECK(!sl_add(c, x, sl_scalar(c, SL_F64, 1)));
  CHECK_ERROR(c, SL_EDTYPE, "add: argument y: expected float32");
}

TEST(in_place_writes_where_it_reads) {
  sl_tensor *x = counting(c, SL_F64, SHAPE(2, 2));
  uint32_t version = x->storage->version;
  CHECK(in_place(c, "add", x, sl_transpose(c, x, 0, 1)) == x); /* reads what it is writing */
  IS(x, SL_F64, 0, 3, 3, 6);
  CHECK(x->storage->version > version);
  CHECK(in_place(c, "mul", x, sl_select(c, x, 0, 1)) == x);
  IS(x, SL_F64, 0, 18, 9, 36);
  CHECK(in_place(c, "sqrt", x, NULL) == x);
  IS(sl_select(c, x, 0, 1), SL_F64, 3, 6);
}

TEST(in_place_refuses_what_does_not_fit) {
  sl_tensor *x = counting(c, SL_F64, SHAPE(2)), *wide = sl_expand(c, x, SHAPE(3, 2));
  CHECK(!in_place(c, "add", x, counting(c, SL_F64, SHAPE(3, 2))));
  CHECK_ERROR(c, SL_ESHAPE, "add_: the result has shape [3,2]");
  CHECK(!in_place(c, "add", counting(c, SL_I64, SHAPE(2)), x));
  CHECK_ERROR(c, SL_EDTYPE, "add_: the result is float64");
  CHECK(!in_place(c, "exp", wide, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "exp_: can't write into an expanded tensor");
  CHECK(sl_require_grad(c, x, true));
  CHECK(!in_place(c, "exp", x, NULL));
  CHECK_ERROR(c, SL_ESTATE, "exp_: a change in place is not recorded");
}

TEST(gradients_at_corners) {
  sl_tensor *x = NUMBERS(-1, 0, 2), *y = NUMBERS(-1, 0, 3);
  sl_require_grad(c, x, true);
  sl_require_grad(c, y, true);
  IS(grad1(c, sl_abs(c, x), x), SL_F64, -1, 0, 1);
  IS(grad1(c, sl_relu(c, x), x), SL_F64, 0, 0, 1);
  IS(grad1(c, sl_clamp(c, x, -1, 1), x), SL_F64, 1, 1, 0);
  IS(grad1(c, sl_maximum(c, x, y), x), SL_F64, 0.5, 0.5, 0);
  IS(grad1(c, sl_minimum(c, x, y), x), SL_F64, 0.5, 0.5, 1);
  IS(grad1(c, sl_norm2(c, sl_mul(c, x, sl_scalar(c, SL_F64, 0)), 0, NULL, false), x), SL_F64, 0, 0, 0);
  sl_tensor *base = NUMBERS(0, 0, 2), *power = NUMBERS(0, 2, 0);
  sl_require_grad(c, base, true);
  sl_require_grad(c, power, true);
  IS(grad1(c, sl_pow(c, base, power), base), SL_F64, 0, 0, 0);
  IS(grad1(c, sl_pow(c, base, power), power), SL_F64, 0, 0, log(2));
}

TEST(an_integer_base_has_no_gradient_but_its_power_has) {
  sl_tensor *i = counting(c, SL_I64, SHAPE(3)), *p = NUMBERS(1, 2, 2);
  sl_require_grad(c, p, true);
  IS(grad1(c, sl_pow(c, i, p), p), SL_F64, 0, 0, 4 * log(2));
}

/* ---- reductions -------------------------------------------------------------------- */

TEST(reductions_over_any_dimensions) {
  sl_tensor *x = counting(c, SL_F64, SHAPE(2, 3, 2));
  IS(sl_sum(c, x, 0, NULL, false), SL_F64, 66);
  IS(sl_sum(c, x, LIST(0, 2), false), SL_F64, 14, 22, 30);
  IS(sl_sum(c, x, LIST(1), false), SL_F64, 6, 9, 24, 27);
  IS(sl_amax(c, sl_transpose(c, x, 0, 2), LIST(0), false), SL_F64, 1, 7, 3, 9, 5, 11);
  IS(sl_mean(c, x, LIST(-1), false), SL_F64, 0.5, 2.5, 4.5, 6.5, 8.5, 10.5);
  IS(sl_var(c, x, LIST(1), true, false), SL_F64, 4, 4, 4, 4);
  IS(sl_std(c, x, LIST(1), true, false), SL_F64, 2, 2, 2, 2);
  IS(sl_norm2(c, NUMBERS(3, 4), 0, NULL, false), SL_F64, 5);
  CHECK(has_shape(sl_sum(c, x, LIST(0, 2), true), SHAPE(1, 3, 1)));
  IS(sl_sum_to(c, x, SHAPE(3, 1)), SL_F64, 14, 22, 30);
}

TEST(reductions_of_nothing) {
  sl_tensor *x = sl_full(c, SL_F64, SHAPE(2, 0), 1);
  IS(sl_sum(c, x, LIST(1), false), SL_F64, 0, 0);
  IS(sl_mean(c, x, LIST(1), false), SL_F64, NAN, NAN);
  IS(sl_logsumexp(c, x, 1, false), SL_F64, -INFINITY, -INFINITY);
  CHECK(sl_numel(sl_amax(c, x, LIST(0), false)) == 0);
}

TEST(sums_of_comparisons_count) {
  sl_tensor *x = counting(c, SL_F32, SHAPE(1000));
  IS(sl_sum(c, sl_ge(c, x, sl_scalar(c, SL_F32, 300)), 0, NULL, false), SL_I64, 700);
}

TEST(equal_extremes_share_the_gradient) {
  sl_tensor *x = NUMBERS(1, 3, 3, 0);
  sl_require_grad(c, x, true);
  IS(grad1(c, sl_amax(c, x, 0, NULL, false), x), SL_F64, 0, 0.5, 0.5, 0);
}

/* A row's sum has the same bits in any batch and for any number of threads. */
TEST(sums_do_not_depend_on_the_batch) {
  sl_tensor *x = sl_random(c, SL_NORMAL, SL_F32, SHAPE(3, 9000, 2), (sl_key){.seed = 1}, false, NULL);
  sl_tensor *all = sl_sum(c, x, LIST(1), false), *spread = sl_sum(c, x, LIST(1, 2), false);
  sl_threads_set(c, 1);
  for (int64_t i = 0; i < 3; i++) {
    sl_tensor *one = sl_sum(c, sl_narrow(c, x, 0, i, 1), LIST(1), false);
    sl_tensor *both = sl_sum(c, sl_narrow(c, x, 0, i, 1), LIST(1, 2), false);
    CHECK(!memcmp(sl_data(one), (float *)sl_data(all) + 2 * i, 8));
    CHECK(!memcmp(sl_data(both), (float *)sl_data(spread) + i, 4));
  }
}

TEST(long_sums_stay_accurate) {
  sl_tensor *x = sl_full(c, SL_F32, SHAPE(3000000), 0.1);
  CHECK(fabs(sl_item(c, sl_sum(c, x, 0, NULL, false)) / (3000000 * (double)0.1f) - 1) < 1e-6);
  sl_tensor *columns = sl_reshape(c, x, SHAPE(1000000, 3));
  double least = sl_item(c, sl_amin(c, sl_sum(c, columns, LIST(0), false), 0, NULL, false));
  CHECK(fabs(least / (1e6 * (double)0.1f) - 1) < 1e-5);
}

TEST(a_long_sum_may_lack_memory) {
  sl_tensor *x = sl_full(c, SL_F32, SHAPE(10000), 1);
  size_t before = sl_mem_live(c);
  for (uint64_t n = 1; n < 9; n++) {
    size_t mark = sl_pool_open(c);
    sl_error e;
    sl_mem_fail(c, n, false);
    sl_tensor *y = sl_sum(c, x, 0, NULL, false);
    sl_mem_fail(c, 0, false);
    CHECK(!y == sl_error_take(c, &e));
    sl_pool_close(c, mark);
    CHECK(sl_mem_live(c) == before);
  }
}

TEST(softmax_and_kin) {
  double e = exp(1), l = log(1 + e);
  sl_tensor *x = sl_transpose(c, sl_from(c, SL_F64, SHAPE(2, 2), (double[]){0, 1, 0, 1}), 0, 1);
  sl_tensor *p = sl_softmax(c, x, 0), *lp = sl_log_softmax(c, x, 0), *s = sl_logsumexp(c, x, 0, true);
  CHECK(fabs(sl_get(p, (int64_t[]){1, 0}) - e / (1 + e)) < 1e-15);
  CHECK(fabs(sl_get(p, (int64_t[]){0, 1}) - 1 / (1 + e)) < 1e-15);
  CHECK(fabs(sl_get(lp, (int64_t[]){1, 1}) - (1 - l)) < 1e-15);
  CHECK(has_shape(s, SHAPE(1, 2)) && fabs(sl_get(s, (int64_t[]){0, 1}) - l) < 1e-15);
}

TEST(running_sums_and_positions) {
  sl_tensor *x = sl_from(c, SL_F64, SHAPE(2, 3), (double[]){1, 5, 5, NAN, 2, NAN});
  IS(sl_argmax(c, x, -1), SL_I64, 1, 0);
  IS(sl_argmax(c, counting(c, SL_I64, SHAPE(2, 2)), 0), SL_I64, 1, 1);
  IS(sl_cumsum(c, counting(c, SL_F64, SHAPE(2, 3)), 1), SL_F64, 0, 1, 3, 3, 7, 12);
  IS(sl_cumsum(c, counting(c, SL_F64, SHAPE(2, 3)), 0), SL_F64, 0, 1, 2, 3, 5, 7);
}

/* ---- shapes -------------------------------------------------------------------------- */

TEST(reshape_is_a_view_when_the_layout_allows) {
  sl_tensor *x = counting(c, SL_F64, SHAPE(2, 3, 4));
  sl_tensor *v = sl_reshape(c, sl_narrow(c, x, 0, 1, 1), SHAPE(3, 2, 2));
  CHECK(v && v->storage == x->storage && sl_get(v, (int64_t[]){2, 1, 1}) == 23);
  sl_tensor *split = sl_reshape(c, sl_transpose(c, x, 0, 2), SHAPE(2, 2, 3, 1, 2)); /* [4,3,2]: the 4 is split */
  CHECK(split && split->storage == x->storage && sl_get(split, (int64_t[]){1, 0, 2, 0, 1}) == 22);
  sl_tensor *copy = sl_reshape(c, sl_transpose(c, x, 0, 2), SHAPE(12, 2));
  CHECK(copy && copy->storage != x->storage && sl_get(copy, (int64_t[]){4, 1}) == 17);
}

TEST(views_share_storage) {
  sl_tensor *x = counting(c, SL_F64, SHAPE(2, 3));
  sl_tensor *views[] = {sl_transpose(c, x, 0, 1), sl_narrow(c, x, 1, -2, 2), sl_select(c, x, 0, -1),
                        sl_unsqueeze(c, x, -1), sl_expand(c, x, SHAPE(4, -1, 3)),
                        sl_permute(c, x, LIST(1, 0)), sl_contiguous(c, x)};
  for (size_t i = 0; i < sizeof views / sizeof *views; i++) CHECK(views[i] && views[i]->storage == x->storage);
  IS(views[0], SL_F64, 0, 3, 1, 4, 2, 5);
  IS(views[1], SL_F64, 1, 2, 4, 5);
  IS(views[2], SL_F64, 3, 4, 5);
  CHECK(has_shape(views[3], SHAPE(2, 3, 1)) && has_shape(views[4], SHAPE(4, 2, 3)));
}

TEST(copies_in_other_orders) {
  sl_tensor *x = counting(c, SL_F64, SHAPE(2, 3));
  IS(sl_flip(c, x, LIST(1)), SL_F64, 2, 1, 0, 5, 4, 3);
  IS(sl_flip(c, sl_transpose(c, x, 0, 1), 0, NULL), SL_F64, 5, 2, 4, 1, 3, 0);
  IS(sl_pad(c, x, (int64_t[]){1, -1}, (int64_t[]){0, 1}, 9), SL_F64, 9, 9, 9, 1, 2, 9, 4, 5, 9);
  IS(sl_pad(c, x, (int64_t[]){-3, 0}, (int64_t[]){2, 0}, 9), SL_F64, 9, 9, 9);
  IS(sl_cat(c, 2, (sl_tensor *[]){x, sl_narrow(c, x, 1, 0, 1)}, 1), SL_F64, 0, 1, 2, 0, 3, 4, 5, 3);
  IS(sl_stack(c, 2, (sl_tensor *[]){x, sl_neg(c, x)}, -1), SL_F64, 0, -0.0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5);
  CHECK(has_shape(sl_stack(c, 2, (sl_tensor *[]){x, x}, 1), SHAPE(2, 2, 3)));
}

/* ---- index --------------------------------------------------------------------------- */

TEST(picking_and_adding_by_position) {
  sl_tensor *x = counting(c, SL_F64, SHAPE(3, 2)), *rows = sl_from(c, SL_I64, SHAPE(3), (int64_t[]){2, 0, 2});
  IS(sl_index_select(c, x, rows, 0), SL_F64, 4, 5, 0, 1, 4, 5);
  IS(sl_index_add(c, x, rows, 0, 4), SL_F64, 2, 3, 0, 0, 4, 6, 0, 0);
  sl_tensor *at = sl_from(c, SL_I64, SHAPE(2, 2), (int64_t[]){1, 0, 2, 2});
  IS(sl_gather(c, x, at, 0), SL_F64, 2, 1, 4, 5);
  IS(sl_scatter_add(c, sl_narrow(c, x, 0, 0, 2), at, 0, 3), SL_F64, 0, 1, 0, 0, 2, 3);
  IS(sl_gather(c, x, sl_from(c, SL_I64, SHAPE(3, 1), (int64_t[]){1, 0, 1}), 1), SL_F64, 1, 2, 5);
  IS(sl_index_select(c, counting(c, SL_U8, SHAPE(2, 3)), rows, 1), SL_U8, 2, 0, 2, 5, 3, 5);
}
