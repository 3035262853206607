/* matmul, linear and conv2d against plain loops; the promise that a row's bits
   depend on nothing but the row; shape errors; failing allocations. */
#include "test.h"

#include "sdelua/autograd.h"
#include "sdelua/op.h"

#define SHAPE(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

static sl_tensor *normal(sl_ctx *c, uint32_t draw, sl_dtype d, int ndim, const int64_t *shape) {
  return sl_random(c, SL_NORMAL, d, ndim, shape, (sl_key){.seed = 5, .draw = draw}, false, NULL);
}

static bool same_bits(sl_ctx *c, sl_tensor *a, sl_tensor *b) {
  a = sl_contiguous(c, a), b = sl_contiguous(c, b);
  if (!a || !b || sl_numel(a) != sl_numel(b) || sl_dtype_of(a) != sl_dtype_of(b)) return false;
  return !memcmp(sl_data(a), sl_data(b), (size_t)sl_numel(a) * sl_dtype_size(sl_dtype_of(a)));
}

/* ---- matmul ----------------------------------------------------------------------------- */

/* x [m,k], y [k,n] at batch position at[] of the product, broadcast. */
static double product_at(const sl_tensor *x, const sl_tensor *y, const int64_t *at, int n_batch, int64_t i, int64_t j) {
  int64_t xi[8], yi[8];
  int nx = sl_ndim(x) - 2, ny = sl_ndim(y) - 2;
  for (int d = 0; d < nx; d++) xi[d] = sl_shape(x)[d] == 1 ? 0 : at[n_batch - nx + d];
  for (int d = 0; d < ny; d++) yi[d] = sl_shape(y)[d] == 1 ? 0 : at[n_batch - ny + d];
  double sum = 0;
  for (int64_t k = 0; k < sl_shape(x)[nx + 1]; k++) {
    xi[nx] = i, xi[nx + 1] = k, yi[ny] = k, yi[ny + 1] = j;
    sum += sl_get(x, xi) * sl_get(y, yi);
  }
  return sum;
}

static void check_matmul(sl_ctx *c, sl_tensor *x, sl_tensor *y) {
  sl_tensor *z = sl_matmul(c, x, y);
  if (!CHECK(z)) return;
  int nd = sl_ndim(z);
  double worst = 0;
  for (int64_t e = 0; e < sl_numel(z); e++) {
    int64_t at[8], rest = e;
    for (int d = nd - 1; d >= 0; d--) at[d] = rest % sl_shape(z)[d], rest /= sl_shape(z)[d];
    worst = fmax(worst, fabs(sl_get(z, at) - product_at(x, y, at, nd - 2, at[nd - 2], at[nd - 1])));
  }
  CHECK(worst < (sl_dtype_of(x) == SL_F32 ? 2e-5 : 1e-13));
}

TEST(matmul_is_the_sum_of_products) {
  for (sl_dtype d = SL_F32; d <= SL_F64; d++) {
    sl_tensor *a = normal(c, 1, d, SHAPE(17, 23)), *b = normal(c, 2, d, SHAPE(23, 31));
    check_matmul(c, a, b);
    check_matmul(c, sl_transpose(c, b, 0, 1), sl_transpose(c, a, 0, 1));
    check_matmul(c, sl_narrow(c, a, 1, 3, 9), sl_narrow(c, b, 0, 5, 9));
    sl_tensor *x = normal(c, 3, d, SHAPE(4, 3, 5, 7)), *y = normal(c, 4, d, SHAPE(3, 7, 6));
    check_matmul(c, x, y);
    check_matmul(c, sl_transpose(c, x, 0, 1), normal(c, 5, d, SHAPE(4, 7, 2)));
    check_matmul(c, sl_narrow(c, x, 1, 1, 1), y);
    check_matmul(c, x, normal(c, 6, d, SHAPE(7, 9)));
    check_matmul(c, sl_transpose(c, x, 0, 1), normal(c, 6, d, SHAPE(7, 9)));
    check_matmul(c, normal(c, 7, d, SHAPE(2, 5)), x);
    check_matmul(c, sl_expand(c, sl_narrow(c, x, 0, 0, 1), SHAPE(6, 3, 5, 7)), y);
  }
}

TEST(matmul_takes_vectors) {
  sl_tensor *x = sl_from(c, SL_F64, SHAPE(3), (double[]){1, 2, 3});
  sl_tensor *w = sl_from(c, SL_F64, SHAPE(3, 2), (double[]){1, 0, 0, 1, 2, 2});
  sl_tensor *dot = sl_matmul(c, x, x), *row = sl_matmul(c, x, w), *column = sl_matmul(c, sl_transpose(c, w, 0, 1), x);
  if (!CHECK(dot && row && column)) return;
  CHECK(sl_ndim(dot) == 0 && sl_item(c, dot) == 14);
  CHECK(sl_ndim(row) == 1 && sl_get(row, (int64_t[]){0}) == 7 && sl_get(row, (int64_t[]){1}) == 8);
  CHECK(same_bits(c, row, column));
  sl_tensor *batch = sl_matmul(c, sl_full(c, SL_F64, SHAPE(4, 5, 3), 1), x);
  CHECK(sl_ndim(batch) == 2 && sl_get(batch, (int64_t[]){3, 4}) == 6);
}

TEST(products_of_nothing_are_zero) {
  sl_tensor *z = sl_matmul(c, sl_full(c, SL_F32, SHAPE(2, 0), 1), sl_full(c, SL_F32, SHAPE(0, 3), 1));
  CHECK(z && sl_numel(z) == 6 && sl_item(c, sl_amax(c, sl_abs(c, z), 0, NULL, false)) == 0);
  sl_tensor *b = sl_from(c, SL_F32, SHAPE(2), (float[]){3, 4});
  sl_tensor *y = sl_linear(c, sl_full(c, SL_F32, SHAPE(2, 0), 1), sl_full(c, SL_F32, SHAPE(0, 2), 1), b);
  CHECK(y && sl_get(y, (int64_t[]){1, 0}) == 3 && sl_get(y, (int64_t[]){1, 1}) == 4);
  CHECK(sl_numel(sl_matmul(c, sl_full(c, SL_F32, SHAPE(0, 2), 1), sl_full(c, SL_F32, SHAPE(2, 3), 1))) == 0);
  sl_tensor *w = sl_full(c, SL_F32, SHAPE(3, 3, 2, 2), 1), *dw = NULL;
  sl_require_grad(c, w, true);
  sl_tensor *none = sl_conv2d(c, sl_empty(c, SL_F32, SHAPE(0, 4, 4, 2)), w, NULL, 1, 1);
  CHECK(none && sl_grad(c, none, none, 1, &w, &dw, false, false) &&
        sl_item(c, sl_amax(c, sl_abs(c, dw), 0, NULL, false)) == 0);
}

TEST(linear_reads_any_layout) {
  sl_tensor *x = normal(c, 1, SL_F32, SHAPE(4, 6, 5)), *w = normal(c, 2, SL_F32, SHAPE(5, 3));
  sl_tensor *b = normal(c, 3, SL_F32, SHAPE(3));
  sl_tensor *y = sl_linear(c, x, w, b), *z = sl_add(c, sl_matmul(c, x, w), b);
  CHECK(sl_item(c, sl_amax(c, sl_abs(c, sl_sub(c, y, z)), 0, NULL, false)) < 2e-6);
  sl_tensor *swapped = sl_linear(c, sl_transpose(c, x, 0, 1), w, b);
  CHECK(same_bits(c, sl_transpose(c, swapped, 0, 1), y));
  sl_tensor *column = sl_transpose(c, sl_contiguous(c, sl_transpose(c, w, 0, 1)), 0, 1);
  CHECK(same_bits(c, sl_linear(c, x, column, b), y));
  sl_tensor *part = sl_linear(c, sl_narrow(c, x, 1, 2, 3), w, b);
  CHECK(same_bits(c, part, sl_narrow(c, y, 1, 2, 3)));
}

/* ---- conv2d ------------------------------------------------------------------------------- */

static double conv_at(const sl_tensor *x, const sl_tensor *w, int stride, int padding, const int64_t *at) {
  const int64_t *xs = sl_shape(x), *ws = sl_shape(w);
  double sum = 0;
  for (int64_t i = 0; i < ws[0]; i++)
    for (int64_t j = 0; j < ws[1]; j++) {
      int64_t h = at[1] * stride + i - padding, v = at[2] * stride + j - padding;
      if (h < 0 || v < 0 || h >= xs[1] || v >= xs[2]) continue;
      for (int64_t k = 0; k < xs[3]; k++)
        sum += sl_get(x, (int64_t[]){at[0], h, v, k}) * sl_get(w, (int64_t[]){i, j, k, at[3]});
    }
  return sum;
}

static void check_conv(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int stride, int padding) {
  sl_tensor *y = sl_conv2d(c, x, w, b, stride, padding);
  if (!CHECK(y)) return;
  const int64_t *s = sl_shape(y);
  double worst = 0;
  for (int64_t e = 0; e < sl_numel(y); e++) {
    int64_t at[4], rest = e;
    for (int d = 3; d >= 0; d--) at[d] = rest % s[d], rest /= s[d];
    double want = conv_at(x, w, stride, padding, at) + (b ? sl_get(b, at + 3) : 0);
    worst = fmax(worst, fabs(sl_get(y, at) - want));
  }
  CHECK(worst < (sl_dtype_of(x) == SL_F32 ? 3e-5 : 1e-12));
}

TEST(conv2d_is_the_sum_over_its_window) {
  for (sl_dtype d = SL_F32; d <= SL_F64; d++) {
    sl_tensor *x = normal(c, 1, d, SHAPE(2, 9, 7, 5)), *b = normal(c, 2, d, SHAPE(18));
    check_conv(c, x, normal(c, 3, d, SHAPE(3, 3, 5, 18)), b, 1, 1);
    check_conv(c, x, normal(c, 4, d, SHAPE(3, 3, 5, 18)), b, 2, 1);
    check_conv(c, x, normal(c, 5, d, SHAPE(1, 1, 5, 18)), NULL, 1, 0);
    check_conv(c, x, normal(c, 6, d, SHAPE(5, 2, 5, 4)), NULL, 3, 4);
    check_conv(c, x, normal(c, 7, d, SHAPE(2, 2, 5, 3)), NULL, 2, 0);
    check_conv(c, sl_transpose(c, x, 1, 2), normal(c, 8, d, SHAPE(3, 3, 5, 2)), NULL, 1, 1);
  }
}

/* <conv(x, w), d> = <x, dx(d, w)> = <w, dw(x, d)>: the gradients are the transposes. */
TEST(conv2d_gradients_are_transposes) {
  static const struct { int kh, kw, stride, padding; } cases[] = {
    {3, 3, 1, 1}, {3, 3, 2, 1}, {1, 1, 1, 0}, {2, 3, 3, 2}};
  for (int i = 0; i < 4; i++) {
    sl_tensor *x = normal(c, 1, SL_F64, SHAPE(3, 7, 8, 5)), *dx[2];
    sl_tensor *w = normal(c, 2, SL_F64, SHAPE(cases[i].kh, cases[i].kw, 5, 6)), *in[] = {x, w};
    sl_require_grad(c, x, true), sl_require_grad(c, w, true);
    sl_tensor *y = sl_conv2d(c, x, w, NULL, cases[i].stride, cases[i].padding);
    if (!CHECK(y)) return;
    sl_tensor *d = normal(c, 3, SL_F64, sl_ndim(y), sl_shape(y));
    if (!CHECK(sl_grad(c, y, d, 2, in, dx, false, false))) return;
    double a = sl_item(c, sl_sum(c, sl_mul(c, y, d), 0, NULL, false));
    CHECK(fabs(a - sl_item(c, sl_sum(c, sl_mul(c, x, dx[0]), 0, NULL, false))) < 1e-10);
    CHECK(fabs(a - sl_item(c, sl_sum(c, sl_mul(c, w, dx[1]), 0, NULL, false))) < 1e-10);
  }
}

/* Its C name, its shape and a number: x grows to h' = (h-1) stride - 2 padding + dilation (kh-1) + 1 + more. */
TEST(conv_transpose2d_is_the_gradient_of_conv2d) {
  const sl_conv_options o = {.stride = {2, 3}, .padding = {1, 0}, .dilation = {1, 2}, .output_padding = {1, 2}};
  sl_tensor *w = normal(c, 2, SL_F64, SHAPE(3, 2, 5, 6)), *d = normal(c, 3, SL_F64, SHAPE(2, 4, 3, 6)), *dx;
  sl_tensor *x = normal(c, 1, SL_F64, SHAPE(2, 8, 11, 5)), *b = normal(c, 4, SL_F64, SHAPE(5));
  sl_require_grad(c, x, true);
  CHECK(sl_grad(c, sl_conv2d_with(c, x, w, NULL, NULL, &o), d, 1, &x, &dx, false, false));
  CHECK(same_bits(c, sl_conv_transpose2d(c, d, w, NULL, &o), dx));
  sl_tensor *off = sl_sub(c, sl_conv_transpose2d(c, d, w, b, &o), sl_add(c, dx, b));
  CHECK(sl_item(c, sl_amax(c, sl_abs(c, off), 0, NULL, false)) < 1e-12);
}

/* ---- bits ----------------------------------------------------------------------------------- */

typedef sl_tensor *row_fn(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b);

static sl_tensor *by_linear(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b) { return sl_linear(c, x, w, b); }
static sl_tensor *by_conv(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b) { return sl_conv2d(c, x, w, b, 1, 1); }
static sl_tensor *by_conv_2(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b) { return sl_conv2d(c, x, w, b, 2, 1); }
static sl_tensor *by_matmul(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b) {
  return sl_add(c, sl_matmul(c, x, w), b);
}

/* y and the gradients of x, w, b for dy = y. */
static bool run_rows(sl_ctx *c, row_fn *fn, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *out[4]) {
  x = sl_detach(c, sl_contiguous(c, x));
  sl_tensor *in[] = {x, w, b};
  for (int i = 0; i < 3; i++)
    if (!sl_require_grad(c, in[i], true)) return false;
  out[0] = fn(c, x, w, b);
  return out[0] && sl_grad(c, out[0], sl_detach(c, out[0]), 3, in, out + 1, false, false);
}

/* Rows 5..5+n of a batch of 64, alone and in the batch; one thread and two. */
static void check_bits(sl_ctx *c, row_fn *fn, sl_tensor *x, sl_tensor *w, sl_tensor *b) {
  sl_tensor *all[4], *again[4], *part[4];
  sl_threads_set(c, 2);
  if (!CHECK(run_rows(c, fn, x, w, b, all))) return;
  sl_threads_set(c, 1);
  if (!CHECK(run_rows(c, fn, x, w, b, again))) return;
  for (int i = 0; i < 4; i++) CHECK(same_bits(c, all[i], again[i]));
  static const int64_t counts[] = {1, 7, 33};
  for (int j = 0; j < 3; j++) {
    sl_threads_set(c, 1 + j % 2);
    if (!CHECK(run_rows(c, fn, sl_narrow(c, x, 0, 5, counts[j]), w, b, part))) return;
    for (int i = 0; i < 2; i++) CHECK(same_bits(c, part[i], sl_narrow(c, all[i], 0, 5, counts[j])));
  }
}

static void bits_of_linear(sl_ctx *c, sl_dtype d) {
  static const int64_t sizes[][2] = {{3, 128}, {128, 128}, {37, 5}, {128, 2}, {1, 1}, {700, 3}, {5000, 4}, {2, 900}};
  for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes); i++) {
    sl_tensor *w = normal(c, 2, d, SHAPE(sizes[i][0], sizes[i][1])), *b = normal(c, 3, d, SHAPE(sizes[i][1]));
    check_bits(c, by_linear, normal(c, 1, d, SHAPE(64, sizes[i][0])), w, b);
    check_bits(c, by_matmul, normal(c, 1, d, SHAPE(64, 3, sizes[i][0])), w, b);
  }
}

static void bits_of_conv(sl_ctx *c, sl_dtype d) {
  static const int64_t channels[][2] = {{1, 32}, {16, 16}, {5, 3}, {64, 1}, {130, 7}};
  for (int i = 0; i < (int)(sizeof channels / sizeof *channels); i++) {
    sl_tensor *w = normal(c, 2, d, SHAPE(3, 3, channels[i][0], channels[i][1]));
    sl_tensor *b = normal(c, 3, d, SHAPE(channels[i][1])), *x = normal(c, 1, d, SHAPE(64, 6, 5, channels[i][0]));
    check_bits(c, by_conv, x, w, b);
    check_bits(c, by_conv_2, x, w, b);
  }
}

static void on_each_isa(void fn(sl_ctx *c, sl_dtype d)) {
  static const char *isa[] = {"baseline", "avx2", "avx512"};
  const char *was = getenv("SDELUA_ISA");
  for (int i = 0; i < 3; i++) {
    setenv("SDELUA_ISA", isa[i], 1);
    sl_ctx *c = sl_ctx_new(2);
    if (!c) continue; /* a machine without it */
    for (sl_dtype d = SL_F32; d <= SL_F64; d++) {
      size_t mark = sl_pool_open(c);
      int before = test_bad;
      fn(c, d);
      if (test_bad > before) printf("  on %s, %s\n", isa[i], sl_dtype_name(d));
      sl_pool_close(c, mark);
    }
    CHECK(sl_mem_live(c) == 0);
    sl_ctx_free(c);
  }
  if (was) setenv("SDELUA_ISA", was, 1);
  else unsetenv("SDELUA_ISA");
}

TEST(linear_bits_do_not_depend_on_the_batch) { on_each_isa(bits_of_linear); }
TEST(conv2d_bits_do_not_depend_on_the_batch) { on_each_isa(bits_of_conv); }

/* ---- errors ------------------------------------------------------------------------------------ */

TEST(shapes_that_do_not_fit_are_named) {
  sl_tensor *x = sl_full(c, SL_F32, SHAPE(2, 5, 5, 3), 1), *w = sl_full(c, SL_F32, SHAPE(3, 3, 4, 8), 1);
  CHECK(!sl_conv2d(c, x, w, NULL, 1, 1));
  CHECK_ERROR(c, SL_ESHAPE, "conv2d: argument x: expected [n,h,w,4], channels last, to match w [3,3,4,8], got [2,5,5,3]");
  sl_tensor *fits = sl_full(c, SL_F32, SHAPE(3, 3, 3, 8), 1), *b = sl_full(c, SL_F32, SHAPE(7), 1);
  CHECK(!sl_conv2d(c, x, fits, b, 1, 1));
  CHECK_ERROR(c, SL_ESHAPE, "conv2d: argument b: expected [8] to match w's output channels, or [2,8], got [7]");
  CHECK(!sl_conv2d(c, x, fits, NULL, 0, 1));
  CHECK_ERROR(c, SL_EARG, "conv2d: argument stride: expected 1 to 2^31 - 1, got 0");
  CHECK(!sl_conv2d(c, x, fits, NULL, 1, -1));
  CHECK_ERROR(c, SL_EARG, "conv2d: argument padding: expected 0 to 2^31 - 1, got -1");
  CHECK(!sl_conv2d(c, sl_full(c, SL_F32, SHAPE(1, 2, 2, 3), 1), fits, NULL, 1, 0));
  CHECK_ERROR(c, SL_ESHAPE, "conv2d: argument w: expected a window that fits the padded image [2,2], got [3,3]");
  CHECK(!sl_conv2d(c, sl_full(c, SL_F64, SHAPE(1, 5, 5, 3), 1), fits, NULL, 1, 0));
  CHECK_ERROR(c, SL_EDTYPE, "conv2d: argument w: expected float64 as x is, got float32");
  CHECK(!sl_conv2d_with(c, x, fits, NULL, NULL, &(sl_conv_options){.dilation = {3, 2}}));
  CHECK_ERROR(c, SL_ESHAPE, "conv2d: argument w: expected a window that fits the padded image [5,5], got [3,3] before "
                            "dilation");
  CHECK(!sl_conv2d_with(c, x, fits, NULL, NULL, &(sl_conv_options){.stride = {1, -2}}));
  CHECK_ERROR(c, SL_EARG, "conv2d: argument stride: expected 1 to 2^31 - 1, got [1,-2]");
  CHECK(!sl_conv2d_with(c, x, fits, NULL, NULL, &(sl_conv_options){.groups = 2}));
  CHECK_ERROR(c, SL_EARG, "conv2d: argument groups: expected a divisor of the 3 and 8 channels, got 2");
  CHECK(!sl_conv2d_with(c, x, fits, NULL, NULL, &(sl_conv_options){.groups = 3}));
  CHECK_ERROR(c, SL_ESHAPE, "conv2d: argument x: expected 3 channels, last, for each of the 3 groups, to match w [3,3,3,8], "
                            "got [2,5,5,3]");
  CHECK(!sl_conv_transpose2d(c, x, fits, NULL, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "conv_transpose2d: argument x: expected [n,h,w,8], channels last, to match w [3,3,3,8], got "
                            "[2,5,5,3]");
  CHECK(!sl_conv_transpose2d(c, x, sl_full(c, SL_F32, SHAPE(3, 3, 2, 3), 1), b, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "conv_transpose2d: argument b: expected [2] to match w's output channels, or [2,2], got [7]");
  CHECK(!sl_conv_transpose2d(c, x, sl_full(c, SL_F32, SHAPE(3, 3, 2, 3), 1), NULL,
                             &(sl_conv_options){.stride = {2, 2}, .output_padding = {1, 2}}));
  CHECK_ERROR(c, SL_EARG, "conv_transpose2d: argument output_padding: expected less than the stride, got [1,2]");
  CHECK(!sl_conv_transpose2d(c, x, sl_full(c, SL_F32, SHAPE(1, 1, 2, 3), 1), NULL,
                             &(sl_conv_options){.padding = {3, 0}}));
  CHECK_ERROR(c, SL_ESHAPE, "conv_transpose2d: argument x: expected pixels enough for at least one of the result, got "
                            "[2,5,5,3]");
  sl_tensor *m = sl_full(c, SL_F32, SHAPE(2, 3), 1);
  CHECK(!sl_matmul(c, m, m));
  CHECK_ERROR(c, SL_ESHAPE, "matmul: argument y: expected 3 rows to match x [2,3], got [2,3]");
  CHECK(!sl_matmul(c, sl_full(c, SL_F32, SHAPE(2, 2, 3), 1), sl_full(c, SL_F32, SHAPE(4, 3, 2), 1)));
  CHECK_ERROR(c, SL_ESHAPE, "matmul: argument y: expected batch dimensions that broadcast with x [2,2,3], got [4,3,2]");
  CHECK(!sl_linear(c, m, m, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "linear: argument x: expected 2 features, in its last dimension, to match w [2,3], got [2,3]");
  CHECK(!sl_linear(c, m, sl_full(c, SL_F32, SHAPE(3, 2), 1), m));
  CHECK_ERROR(c, SL_ESHAPE, "linear: argument b: expected 1 dimensions, got shape [2,3]");
  CHECK(!sl_matmul(c, m, NULL));
  CHECK_ERROR(c, SL_EARG, "matmul: argument y");
}

/* One step with the n-th allocation failing, until it no longer does. */
TEST(failing_allocations_are_errors) {
  for (uint64_t n = 1;; n++) {
    size_t mark = sl_pool_open(c);
    sl_tensor *x = normal(c, 1, SL_F32, SHAPE(2, 6, 6, 3)), *w = normal(c, 2, SL_F32, SHAPE(3, 3, 3, 4));
    sl_tensor *b = normal(c, 3, SL_F32, SHAPE(4)), *m = normal(c, 4, SL_F32, SHAPE(4, 5)), *in[] = {x, w, b, m}, *dx[4];
    for (int i = 0; i < 4; i++) sl_require_grad(c, in[i], true);
    sl_mem_fail(c, n, false);
    sl_tensor *y = sl_linear(c, sl_conv2d(c, x, w, b, 1, 1), m, NULL);
    y = sl_matmul(c, y, sl_transpose(c, m, 0, 1));
    bool ok = y && sl_grad(c, y, sl_detach(c, y), 4, in, dx, n % 2, false);
    sl_mem_fail(c, 0, false);
    sl_error e = {0};
    CHECK(ok != sl_error_take(c, &e) && (ok || e.code == SL_EMEMORY));
    sl_pool_close(c, mark);
    if (!CHECK(sl_mem_live(c) == 0) || (ok && n % 2)) break;
  }
}
