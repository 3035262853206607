/* Filters, pooling and resizing against plain loops; recurrences; and that no bit depends on batch or threads. */
#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "tensor/internal.h"
#include "test.h"

#define SHAPE(...) ((int)(sizeof((int64_t[]){__VA_ARGS__}) / 8)), (int64_t[]){__VA_ARGS__}
#define PAIR(h, w) ((int[]){h, w})
#define NUMBERS(shape, ...) sl_from(c, SL_F64, shape, (double[]){__VA_ARGS__})

static sl_tensor *normal(sl_ctx *c, uint64_t seed, sl_dtype d, int ndim, const int64_t *shape) {
  return sl_random(c, SL_NORMAL, d, ndim, shape, (sl_key){.seed = seed}, false, NULL);
}

/* The elements in row-major order, to 1e-12. */
static void test_is(sl_ctx *c, sl_tensor *t, int n, const double *want, int line) {
  sl_tensor *flat = sl_contiguous(c, sl_reshape(c, sl_cast(c, t, SL_F64), 1, (int64_t[]){-1}));
  char text[96];
  if (!test_check(flat && sl_numel(flat) == n, __FILE__, line, "the number of elements", NULL)) return;
  for (int i = 0; i < n; i++) {
    double got = ((const double *)sl_data(flat))[i];
    snprintf(text, sizeof text, "element %d: %.17g, expected %.17g", i, got, want[i]);
    bool near = fabs(got - want[i]) <= 1e-12 || got == want[i] || (isnan(got) && isnan(want[i]));
    test_check(near, __FILE__, line, text, NULL);
  }
}
#define IS(t, ...) test_is(c, t, (int)(sizeof((double[]){__VA_ARGS__}) / 8), (double[]){__VA_ARGS__}, __LINE__)

static sl_tensor *gradient(sl_ctx *c, sl_tensor *y, sl_tensor *x) {
  sl_tensor *dx = NULL;
  return sl_grad(c, sl_sum(c, y, 0, NULL, false), NULL, 1, &x, &dx, false, false) ? dx : NULL;
}

static double distance(sl_ctx *c, sl_tensor *a, sl_tensor *b) {
  sl_tensor *d = sl_amax(c, sl_abs(c, sl_sub(c, sl_cast(c, a, SL_F64), sl_cast(c, b, SL_F64))), 0, NULL, false);
  return d ? sl_item(c, d) : INFINITY;
}

/* ---- filters ------------------------------------------------------------------------- */

typedef struct setting {
  int64_t h, w, kh, kw, pad[4];
  int up[2], down[2];
} setting;

/* Pixel (i, j) of the image with zeros between and around its pixels. */
static double spaced(const sl_tensor *x, const setting *s, int64_t n, int64_t i, int64_t j, int64_t channel) {
  i -= s->pad[0], j -= s->pad[2];
  if (i < 0 || j < 0 || i >= s->h * s->up[0] || j >= s->w * s->up[1] || i % s->up[0] || j % s->up[1]) return 0;
  return sl_get(x, (int64_t[]){n, i / s->up[0], j / s->up[1], channel});
}

static double filtered(const sl_tensor *x, const sl_tensor *f, const setting *s, const int64_t *at) {
  double sum = 0;
  for (int64_t a = 0; a < s->kh; a++)
    for (int64_t b = 0; b < s->kw; b++)
      sum += sl_get(f, (int64_t[]){s->kh - 1 - a, s->kw - 1 - b}) *
             spaced(x, s, at[0], at[1] * s->down[0] + a, at[2] * s->down[1] + b, at[3]);
  return sum;
}

static void compare_filter(sl_ctx *c, const setting *s, int64_t channels, sl_dtype d) {
  sl_tensor *x = normal(c, 1, d, SHAPE(2, s->h, s->w, channels)), *f = normal(c, 2, d, SHAPE(s->kh, s->kw));
  sl_tensor *y = sl_fir_resample(c, x, f, s->up, s->down, s->pad);
  int64_t oh = (s->h * s->up[0] + s->pad[0] + s->pad[1] - s->kh) / s->down[0] + 1;
  int64_t ow = (s->w * s->up[1] + s->pad[2] + s->pad[3] - s->kw) / s->down[1] + 1;
  if (!CHECK(y && sl_shape(y)[1] == oh && sl_shape(y)[2] == ow && sl_shape(y)[3] == channels)) return;
  double worst = 0;
  for (int64_t i = 0; i < sl_numel(y); i++) {
    int64_t at[] = {i / (oh * ow * channels), i / (ow * channels) % oh, i / channels % ow, i % channels};
    worst = fmax(worst, fabs(sl_get(y, at) - filtered(x, f, s, at)));
  }
  CHECK(worst <= (d == SL_F64 ? 1e-13 : 2e-5));
}

TEST(filters_as_plain_loops_give) {
  static const setting all[] = {
    {6, 5, 4, 4, {2, 1, 2, 1}, {2, 2}, {1, 1}}, {6, 8, 4, 4, {1, 1, 1, 1}, {1, 1}, {2, 2}},
    {5, 6, 3, 5, {0, 2, 3, 1}, {3, 2}, {2, 3}}, {7, 7, 2, 3, {-1, 1, 1, -2}, {1, 1}, {1, 2}},
    {3, 4, 1, 1, {0, 0, 0, 0}, {1, 3}, {4, 1}}, {4, 3, 6, 2, {5, 5, 0, 9}, {2, 1}, {3, 5}},
    {2, 2, 1, 2, {-3, 6, 4, -3}, {4, 3}, {1, 1}},
  };
  static const int64_t channels[] = {1, 7, 43, 102}; /* tails and blocks of every width */
  for (size_t i = 0; i < 4 * sizeof all / sizeof *all; i++) {
    compare_filter(c, &all[i / 4], channels[i % 4], SL_F64);
    compare_filter(c, &all[i / 4], channels[i % 4], SL_F32);
  }
}

TEST(boxes_repeat_and_average) {
  sl_tensor *x = normal(c, 3, SL_F64, SHAPE(2, 4, 6, 5)), *box = sl_full(c, SL_F64, SHAPE(2, 2), 1);
  sl_tensor *up = sl_fir_resample(c, x, box, PAIR(2, 2), NULL, (int64_t[]){1, 0, 1, 0});
  CHECK(distance(c, up, sl_upsample(c, x, 2)) == 0);
  sl_tensor *down = sl_fir_resample(c, x, sl_affine(c, box, 0.25, 0), NULL, PAIR(2, 2), NULL);
  CHECK(distance(c, down, sl_avg_pool(c, x, 2)) < 1e-15);
}

TEST(filters_that_do_not_fit) {
  sl_tensor *x = sl_full(c, SL_F32, SHAPE(1, 3, 3, 2), 1), *f = sl_full(c, SL_F32, SHAPE(4, 4), 1);
  CHECK(!sl_fir_resample(c, x, f, NULL, NULL, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "fir_resample: argument filter: expected one that fits the padded image, got [4,4]");
  CHECK(!sl_fir_resample(c, x, f, PAIR(2, 0), NULL, NULL));
  CHECK_ERROR(c, SL_EARG, "fir_resample: argument up: expected 1 or more, got {2, 0}");
  CHECK(!sl_fir_resample(c, x, sl_full(c, SL_F64, SHAPE(2, 2), 1), NULL, NULL, NULL));
  CHECK_ERROR(c, SL_EDTYPE, "fir_resample: argument filter: expected float32 as x is, got float64");
  CHECK(!sl_fir_resample(c, x, sl_full(c, SL_F32, SHAPE(4), 1), NULL, NULL, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "fir_resample: argument filter: expected 2 dimensions, got shape [4]");
}

/* ---- pooling -------------------------------------------------------------------------- */

TEST(means_of_windows) {
  sl_tensor *x = NUMBERS(SHAPE(1, 3, 4, 1), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  IS(sl_avg_pool_over(c, x, PAIR(3, 3), PAIR(2, 2), PAIR(1, 1)), 14. / 9, 30. / 9, 30. / 9, 6);
  IS(sl_avg_pool_over(c, x, PAIR(2, 3), PAIR(1, 1), NULL), 4, 5, 8, 9);
  IS(sl_avg_pool_over(c, x, PAIR(2, 2), PAIR(2, 2), NULL), 3.5, 5.5); /* what does not fill a window is left */
  IS(sl_avg_pool_over(c, x, PAIR(3, 2), NULL, NULL), 5.5, 7.5);
  CHECK(!sl_avg_pool(c, x, 2));
  CHECK_ERROR(c, SL_ESHAPE, "avg_pool: argument x: expected height and width divisible by 2, got [1,3,4,1]");
  CHECK(!sl_avg_pool_over(c, x, PAIR(2, 4), NULL, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "avg_pool: argument x: expected height divisible by 2 and width by 4, got [1,3,4,1]");
  CHECK(!sl_avg_pool_over(c, x, PAIR(2, 2), PAIR(1, 1), PAIR(0, 2)));
  CHECK_ERROR(c, SL_EARG, "avg_pool: argument padding: expected 0 to half the window of 2, got 2");
}

TEST(largest_of_windows) {
  sl_tensor *x = NUMBERS(SHAPE(1, 2, 3, 2), -1, 5, -4, 7, -2, 7, -3, NAN, -6, 1, -1, 0);
  IS(sl_max_pool(c, x, PAIR(2, 2), PAIR(1, 1), NULL), -1, NAN, -1, 7);
  IS(sl_max_pool(c, x, PAIR(3, 3), PAIR(1, 2), PAIR(1, 1)), -1, NAN, -1, 7, -1, NAN, -1, 7);
  CHECK(!sl_max_pool(c, x, PAIR(4, 1), NULL, NULL));
  CHECK_ERROR(c, SL_ESHAPE, "max_pool: argument window: expected one that fits the padded image [1,2,3,2], got {4, 1}");
  CHECK(!sl_max_pool(c, sl_cast(c, x, SL_I64), PAIR(1, 1), NULL, NULL));
  CHECK_ERROR(c, SL_EDTYPE, "max_pool: argument x: expected a float32 or float64 tensor, got int64");
}

TEST(the_first_of_equal_maxima_takes_the_gradient) {
  sl_tensor *x = NUMBERS(SHAPE(1, 2, 4, 1), 3, 1, 3, 3, -0., 3, NAN, NAN);
  CHECK(sl_require_grad(c, x, true));
  IS(gradient(c, sl_max_pool(c, x, PAIR(2, 2), NULL, NULL), x), 1, 0, 0, 0, 0, 0, 1, 0);
  IS(gradient(c, sl_max_pool(c, x, PAIR(1, 3), PAIR(1, 1), PAIR(0, 1)), x), 2, 0, 2, 0, 0, 1, 3, 0);
  sl_tensor *lowest = sl_full(c, SL_F32, SHAPE(1, 1, 2, 1), -INFINITY);
  CHECK(sl_require_grad(c, lowest, true));
  IS(gradient(c, sl_max_pool(c, lowest, PAIR(1, 2), NULL, NULL), lowest), 1, 0);
}

/* ---- resizing --------------------------------------------------------------------------- */

TEST(lines_between_pixels) {
  sl_tensor *x = NUMBERS(SHAPE(1, 1, 3, 1), 1, 2, 4);
  IS(sl_resize_bilinear(c, x, 1, 5, false), 1, 1.4, 2, 3.2, 4);
  IS(sl_resize_bilinear(c, x, 1, 5, true), 1, 1.5, 2, 3, 4);
  IS(sl_resize_bilinear(c, x, 2, 2, false), 1.25, 3.5, 1.25, 3.5);
  IS(sl_resize_bilinear(c, x, 1, 1, true), 1);
  IS(sl_resize_bilinear(c, x, 1, 1, false), 2);
  CHECK(sl_require_grad(c, x, true));
  IS(gradient(c, sl_resize_bilinear(c, x, 1, 5, false), x), 1.6, 1.8, 1.6);
  sl_tensor *square = NUMBERS(SHAPE(1, 2, 2, 1), 0, 1, 2, 5);
  IS(sl_resize_bilinear(c, square, 3, 3, true), 0, 0.5, 1, 1, 2, 3, 2, 3.5, 5);
  IS(sl_resize_bilinear(c, square, 4, 2, false), 0, 1, 0.5, 2, 1.5, 4, 2, 5);
  CHECK(!sl_resize_bilinear(c, x, 0, 2, false));
  CHECK_ERROR(c, SL_EARG, "resize_bilinear: argument height: expected 1 to 2^31 - 1, got 0");
}

/* ---- recurrences ------------------------------------------------------------------------- */

TEST(products_with_zeros_have_gradients) {
  sl_tensor *x = NUMBERS(SHAPE(2, 5), 2, 0, 3, 0, 5, 0, 1, 2, 3, 4);
  CHECK(sl_require_grad(c, x, true));
  sl_tensor *y = sl_cumprod(c, x, 1);
  IS(y, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  IS(gradient(c, y, x), 1, 8, 0, 0, 0, 1 + 1 + 2 + 6 + 24, 0, 0, 0, 0);
  IS(sl_cumprod(c, x, 0), 2, 0, 3, 0, 5, 0, 0, 6, 0, 20);
}

TEST(a_scan_carries_on) {
  sl_tensor *a = NUMBERS(SHAPE(4), INFINITY, 2, 0, 3), *b = NUMBERS(SHAPE(4), 1, 1, 5, -1);
  IS(sl_linear_scan(c, a, b, 0, false), 1, 3, 5, 14);
  sl_tensor *turned = sl_flip(c, a, 1, (int64_t[]){0});
  IS(sl_linear_scan(c, turned, b, 0, true), 3 * (0 * (2 * -1. + 5) + 1) + 1, 0 * (2 * -1. + 5) + 1, 2 * -1. + 5, -1);
  sl_tensor *ones = sl_full(c, SL_F64, SHAPE(3, 7), 1), *z = normal(c, 5, SL_F64, SHAPE(3, 7));
  CHECK(distance(c, sl_linear_scan(c, ones, z, 1, false), sl_cumsum(c, z, 1)) == 0);
  CHECK(!sl_linear_scan(c, a, z, 0, false));
  CHECK_ERROR(c, SL_ESHAPE, "linear_scan: argument b: expected a's shape [4], got [3,7]");
}

/* ---- bits ----------------------------------------------------------------------------------- */

enum { WAYS = 6 };

static sl_tensor *way(sl_ctx *c, int i, sl_tensor *x) {
  sl_tensor *f = normal(c, 7, sl_dtype_of(x), SHAPE(4, 3));
  switch (i) {
  case 0: return sl_fir_resample(c, x, f, PAIR(2, 2), NULL, (int64_t[]){2, 1, 1, 1});
  case 1: return sl_fir_resample(c, x, f, NULL, PAIR(2, 1), (int64_t[]){1, 1, 1, 1});
  case 2: return sl_avg_pool_over(c, x, PAIR(5, 5), PAIR(1, 1), PAIR(2, 2));
  case 3: return sl_max_pool(c, x, PAIR(3, 5), PAIR(1, 2), PAIR(1, 2));
  case 4: return sl_resize_bilinear(c, x, 40, 29, true);
  default: return sl_resize_bilinear(c, x, 11, 15, false);
  }
}

/* The result and its gradient, each sample's numbers in a row. */
static sl_tensor *both(sl_ctx *c, int i, sl_tensor *x) {
  x = sl_detach(c, x);
  if (!sl_require_grad(c, x, true)) return NULL;
  sl_tensor *y = way(c, i, x), *dx = gradient(c, sl_square(c, y), x);
  int64_t n = sl_shape(x)[0];
  sl_tensor *rows[] = {sl_reshape(c, sl_detach(c, y), 2, (int64_t[]){n, -1}), sl_reshape(c, dx, 2, (int64_t[]){n, -1})};
  return sl_contiguous(c, sl_cat(c, 2, rows, 1));
}

TEST(a_sample_does_not_know_its_batch_nor_the_threads) {
  sl_ctx *other = sl_ctx_new(1);
  if (!CHECK(other)) return;
  size_t mark = sl_pool_open(other);
  for (int i = 0; i < WAYS; i++) {
    int64_t shape[] = {3, 22, 19, 102};
    sl_tensor *x = normal(c, 9, SL_F32, 4, shape), *all = both(c, i, x);
    sl_tensor *alone = both(c, i, sl_contiguous(c, sl_narrow(c, x, 0, 2, 1)));
    sl_tensor *single = both(other, i, normal(other, 9, SL_F32, 4, shape));
    if (!CHECK(all && alone && single)) continue;
    size_t row = (size_t)sl_numel(alone) * 4;
    CHECK(!memcmp((char *)sl_data(all) + 2 * row, sl_data(alone), row));
    CHECK(!memcmp(sl_data(all), sl_data(single), 3 * row));
  }
  sl_pool_close(other, mark);
  sl_ctx_free(other);
}

TEST(every_instruction_set_gives_about_the_same) {
  static const char *const isa[] = {"baseline", "avx2", "avx512"};
  for (int k = 0; k < 3; k++) {
    setenv("SDELUA_ISA", isa[k], 1);
    sl_ctx *other = sl_ctx_new(1);
    unsetenv("SDELUA_ISA");
    if (!other) continue; /* this machine lacks it */
    size_t mark = sl_pool_open(other);
    for (int i = 0; i < WAYS; i++) {
      int64_t shape[] = {1, 12, 9, 102};
      sl_tensor *exact = both(c, i, normal(c, 9, SL_F64, 4, shape));
      sl_tensor *got = both(other, i, normal(other, 9, SL_F32, 4, shape));
      sl_tensor *copy = got ? sl_from(c, SL_F32, 2, sl_shape(got), sl_data(got)) : NULL;
      CHECK_MSG(distance(c, exact, copy) <= 1e-4, isa[k]);
    }
    sl_pool_close(other, mark);
    sl_ctx_free(other);
  }
}
