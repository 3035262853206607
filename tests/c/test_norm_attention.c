/* Norms, attention, resampling, dropout and embeddings against plain formulas;
   the gradient kernels against the gradients made of ops; bits; errors. */
#include "test.h"

#include "sdelua/autograd.h"
#include "sdelua/op.h"

#define SHAPE(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}
#define AT(...) ((int64_t[]){__VA_ARGS__})

static sl_tensor *normal(sl_ctx *c, uint32_t draw, sl_dtype d, int ndim, const int64_t *shape) {
  return sl_random(c, SL_NORMAL, d, ndim, shape, (sl_key){.seed = 9, .draw = draw}, false, NULL);
}

static bool same_bits(sl_ctx *c, sl_tensor *a, sl_tensor *b) {
  a = sl_contiguous(c, a), b = sl_contiguous(c, b);
  if (!a || !b || sl_numel(a) != sl_numel(b) || sl_dtype_of(a) != sl_dtype_of(b)) return false;
  return !memcmp(sl_data(a), sl_data(b), (size_t)sl_numel(a) * sl_dtype_size(sl_dtype_of(a)));
}

/* Largest difference, in double; infinite when there is no tensor. */
static double distance(sl_ctx *c, sl_tensor *a, sl_tensor *b) {
  if (!a || !b || sl_numel(a) == 0) return a && b ? 0 : INFINITY;
  a = sl_cast(c, a, SL_F64), b = sl_cast(c, b, SL_F64);
  return sl_item(c, sl_amax(c, sl_abs(c, sl_sub(c, a, b)), 0, NULL, false));
}

/* ---- norms -------------------------------------------------------------------------------- */

/* One sample's group of x [n,p,c], plainly. */
static void moments(const sl_tensor *x, int64_t n, int64_t group, int64_t size, double *mean, double *var) {
  int64_t p = sl_shape(x)[1];
  *mean = *var = 0;
  for (int64_t i = 0; i < p; i++)
    for (int64_t j = 0; j < size; j++) *mean += sl_get(x, AT(n, i, group * size + j)) / (double)(p * size);
  for (int64_t i = 0; i < p; i++)
    for (int64_t j = 0; j < size; j++) {
      double d = sl_get(x, AT(n, i, group * size + j)) - *mean;
      *var += d * d / (double)(p * size);
    }
}

static double norm_error(sl_tensor *y, sl_tensor *x, sl_tensor *w, sl_tensor *b, int groups, double eps, bool silu) {
  const int64_t *s = sl_shape(x), size = s[2] / groups;
  double worst = 0, mean, var;
  for (int64_t n = 0; n < s[0]; n++)
    for (int64_t g = 0; g < groups; g++) {
      moments(x, n, g, size, &mean, &var);
      for (int64_t i = 0; i < s[1]; i++)
        for (int64_t j = g * size; j < (g + 1) * size; j++) {
          double z = (sl_get(x, AT(n, i, j)) - mean) / sqrt(var + eps) * sl_get(w, &j) + sl_get(b, &j);
          worst = fmax(worst, fabs(sl_get(y, AT(n, i, j)) - (silu ? z / (1 + exp(-z)) : z)));
        }
    }
  return worst;
}

TEST(group_norm_is_its_formula) {
  for (sl_dtype d = SL_F32; d <= SL_F64; d++) {
    double tolerance = d == SL_F32 ? 5e-6 : 1e-13;
    sl_tensor *x = normal(c, 1, d, SHAPE(3, 35, 24)), *w = normal(c, 2, d, SHAPE(24)), *b = normal(c, 3, d, SHAPE(24));
    static const int groups[] = {1, 3, 8, 24};
    for (int i = 0; i < 4; i++) {
      sl_tensor *y = sl_group_norm(c, x, w, b, groups[i], 1e-5), *z = sl_group_norm_silu(c, x, w, b, groups[i], 1e-5);
      if (!CHECK(y && z)) return;
      CHECK(norm_error(y, x, w, b, groups[i], 1e-5, false) < tolerance);
      CHECK(norm_error(z, x, w, b, groups[i], 1e-5, true) < tolerance);
    }
    sl_tensor *image = sl_reshape(c, x, SHAPE(3, 5, 7, 24));
    CHECK(same_bits(c, sl_group_norm(c, image, w, b, 3, 1e-5), sl_group_norm(c, x, w, b, 3, 1e-5)));
    sl_tensor *plain = sl_group_norm(c, x, NULL, NULL, 3, 1e-5);
    CHECK(distance(c, sl_add(c, sl_mul(c, plain, w), b), sl_group_norm(c, x, w, b, 3, 1e-5)) < tolerance);
  }
}

/* Weights [n,c]: each sample's own. */
TEST(group_norm_with_weights_of_samples) {
  for (sl_dtype d = SL_F32; d <= SL_F64; d++) {
    sl_tensor *x = normal(c, 1, d, SHAPE(3, 35, 24));
    sl_tensor *w = normal(c, 2, d, SHAPE(3, 24)), *b = normal(c, 3, d, SHAPE(3, 24));
    sl_tensor *y = sl_group_norm_silu(c, x, w, b, 4, 1e-5), *bare = sl_group_norm(c, x, w, NULL, 4, 1e-5);
    for (int i = 0; i < 3; i++) {
      sl_tensor *one = sl_narrow(c, x, 0, i, 1), *wi = sl_select(c, w, 0, i), *bi = sl_select(c, b, 0, i);
      CHECK(same_bits(c, sl_narrow(c, y, 0, i, 1), sl_group_norm_silu(c, one, wi, bi, 4, 1e-5)));
      CHECK(same_bits(c, sl_narrow(c, bare, 0, i, 1), sl_group_norm(c, one, wi, NULL, 4, 1e-5)));
    }
  }
}

TEST(layer_norm_is_group_norm_of_rows) {
  sl_tensor *x = normal(c, 1, SL_F64, SHAPE(4, 5, 10)), *w = normal(c, 2, SL_F64, SHAPE(10));
  sl_tensor *b = normal(c, 3, SL_F64, SHAPE(10));
  sl_tensor *y = sl_layer_norm(c, x, w, b, 1e-5);
  sl_tensor *rows = sl_group_norm(c, sl_reshape(c, x, SHAPE(20, 10)), w, b, 1, 1e-5);
  CHECK(distance(c, sl_reshape(c, y, SHAPE(20, 10)), rows) < 1e-14);
  CHECK(distance(c, sl_layer_norm(c, sl_transpose(c, x, 0, 1), w, b, 1e-5), sl_transpose(c, y, 0, 1)) == 0);
}

/* The variance is of deviations, not a difference of large numbers. */
TEST(norm_keeps_digits_far_from_zero) {
  sl_tensor *z = normal(c, 1, SL_F32, SHAPE(2, 64, 8)), *x = sl_affine(c, z, 1, 1000);
  sl_tensor *exact = sl_group_norm(c, sl_cast(c, x, SL_F64), NULL, NULL, 2, 1e-5);
  CHECK(distance(c, sl_group_norm(c, x, NULL, NULL, 2, 1e-5), exact) < 2e-4);
}

/* ---- the one-pass gradients against those made of ops --------------------------------------- */

typedef sl_tensor *three_fn(sl_ctx *c, sl_tensor *const *in);

static sl_tensor *by_norm(sl_ctx *c, sl_tensor *const *in) { return sl_group_norm(c, in[0], in[1], in[2], 4, 1e-5); }
static sl_tensor *by_norm_silu(sl_ctx *c, sl_tensor *const *in) {
  return sl_group_norm_silu(c, in[0], in[1], in[2], 4, 1e-5);
}
static sl_tensor *by_layer_norm(sl_ctx *c, sl_tensor *const *in) { return sl_layer_norm(c, in[0], in[1], in[2], 1e-5); }
static sl_tensor *by_attention(sl_ctx *c, sl_tensor *const *in) { return sl_attention(c, in[0], in[1], in[2], 2, 0); }

/* Gradients of the three inputs in type d, of ops (composed) or in one pass. */
static bool gradients(sl_ctx *c, three_fn *fn, sl_tensor *const *given, sl_dtype d, bool composed, sl_tensor *dx[3]) {
  sl_tensor *in[3];
  for (int i = 0; i < 3; i++) {
    in[i] = sl_detach(c, sl_cast(c, given[i], d));
    if (!sl_require_grad(c, in[i], true)) return false;
  }
  sl_tensor *y = fn(c, in);
  if (!y) return false;
  sl_tensor *dy = sl_cast(c, normal(c, 50, SL_F32, sl_ndim(y), sl_shape(y)), d);
  return sl_grad(c, y, dy, 3, in, dx, composed, false);
}

static void check_fused(sl_ctx *c, three_fn *fn, sl_tensor *const *in) {
  sl_tensor *composed[3], *fused[3];
  if (!CHECK(gradients(c, fn, in, SL_F64, true, composed))) return;
  if (!CHECK(gradients(c, fn, in, SL_F64, false, fused))) return;
  for (int i = 0; i < 3; i++) CHECK(distance(c, composed[i], fused[i]) < 1e-11);
  if (!CHECK(gradients(c, fn, in, SL_F32, false, fused))) return;
  for (int i = 0; i < 3; i++) CHECK(distance(c, composed[i], fused[i]) < 1e-4);
}

TEST(fused_gradients_are_the_composed_ones) {
  sl_tensor *norm[] = {normal(c, 1, SL_F32, SHAPE(3, 35, 24)), normal(c, 2, SL_F32, SHAPE(24)),
                       normal(c, 3, SL_F32, SHAPE(24))};
  check_fused(c, by_norm, norm);
  check_fused(c, by_norm_silu, norm);
  check_fused(c, by_layer_norm, norm);
  norm[1] = normal(c, 2, SL_F32, SHAPE(3, 24)), norm[2] = normal(c, 3, SL_F32, SHAPE(3, 24));
  check_fused(c, by_norm, norm);
  check_fused(c, by_norm_silu, norm);
  sl_tensor *qkv[] = {normal(c, 4, SL_F32, SHAPE(2, 19, 12)), normal(c, 5, SL_F32, SHAPE(2, 33, 12)),
                      normal(c, 6, SL_F32, SHAPE(2, 33, 10))};
  check_fused(c, by_attention, qkv);
}

/* ---- attention ----------------------------------------------------------------------------------- */

static double attention_at(const sl_tensor *q, const sl_tensor *k, const sl_tensor *v, int heads, double scale,
                           int64_t b, int64_t l, int64_t e) {
  int64_t d = sl_shape(q)[2] / heads, head = e / (sl_shape(v)[2] / heads), m = sl_shape(k)[1];
  double sum = 0, total = 0;
  for (int64_t j = 0; j < m; j++) {
    double dot = 0;
    for (int64_t i = head * d; i < (head + 1) * d; i++) dot += sl_get(q, AT(b, l, i)) * sl_get(k, AT(b, j, i));
    total += exp(scale * dot);
    sum += exp(scale * dot) * sl_get(v, AT(b, j, e));
  }
  return sum / total;
}

TEST(attention_is_its_formula) {
  for (sl_dtype d = SL_F32; d <= SL_F64; d++) {
    sl_tensor *q = normal(c, 1, d, SHAPE(2, 9, 12)), *k = normal(c, 2, d, SHAPE(2, 17, 12));
    sl_tensor *v = normal(c, 3, d, SHAPE(2, 17, 6));
    sl_tensor *o = sl_attention(c, q, k, v, 3, 0), *p = sl_attention(c, q, k, v, 1, 0.3);
    if (!CHECK(o && p)) return;
    double worst = 0;
    for (int64_t b = 0; b < 2; b++)
      for (int64_t l = 0; l < 9; l++)
        for (int64_t e = 0; e < 6; e++) {
          worst = fmax(worst, fabs(sl_get(o, AT(b, l, e)) - attention_at(q, k, v, 3, 0.5, b, l, e)));
          worst = fmax(worst, fabs(sl_get(p, AT(b, l, e)) - attention_at(q, k, v, 1, 0.3, b, l, e)));
        }
    CHECK(worst < (d == SL_F32 ? 3e-6 : 1e-14));
  }
}

TEST(attention_reads_slices_of_a_joint_tensor) {
  sl_tensor *qkv = normal(c, 1, SL_F32, SHAPE(3, 8, 24)), *part[3], *copy[3];
  for (int i = 0; i < 3; i++) part[i] = sl_narrow(c, qkv, 2, 8 * i, 8), copy[i] = sl_contiguous(c, part[i]);
  sl_tensor *o = sl_attention(c, copy[0], copy[1], copy[2], 2, 0);
  CHECK(same_bits(c, sl_attention(c, part[0], part[1], part[2], 2, 0), o));
  for (int i = 0; i < 3; i++) part[i] = sl_transpose(c, sl_contiguous(c, sl_transpose(c, copy[i], 0, 1)), 0, 1);
  CHECK(same_bits(c, sl_attention(c, part[0], part[1], part[2], 2, 0), o));
}

/* ---- bits ----------------------------------------------------------------------------------------- */

static sl_tensor *row_of_norm(sl_ctx *c, sl_tensor *x) { return sl_group_norm_silu(c, x, NULL, NULL, 4, 1e-5); }
static sl_tensor *row_of_layer(sl_ctx *c, sl_tensor *x) { return sl_layer_norm(c, x, NULL, NULL, 1e-5); }
static sl_tensor *row_of_attention(sl_ctx *c, sl_tensor *x) { return sl_attention(c, x, x, x, 2, 0); }

static void check_bits(sl_ctx *c, sl_tensor *fn(sl_ctx *c, sl_tensor *x), sl_tensor *x) {
  sl_tensor *all, *dall, *part, *dpart;
  for (int threads = 1; threads <= 2; threads++)
    for (int64_t n = 1; n <= 7; n += 6) {
      sl_tensor *some = sl_detach(c, sl_contiguous(c, sl_narrow(c, x, 0, 3, n))), *whole = sl_detach(c, x);
      sl_threads_set(c, 3 - threads);
      sl_require_grad(c, whole, true), sl_require_grad(c, some, true);
      if (!CHECK((all = fn(c, whole)) && sl_grad(c, all, sl_detach(c, all), 1, &whole, &dall, false, false))) return;
      sl_threads_set(c, threads);
      if (!CHECK((part = fn(c, some)) && sl_grad(c, part, sl_detach(c, part), 1, &some, &dpart, false, false))) return;
      CHECK(same_bits(c, part, sl_narrow(c, all, 0, 3, n)));
      CHECK(same_bits(c, dpart, sl_narrow(c, dall, 0, 3, n)));
    }
}

TEST(bits_do_not_depend_on_the_batch) {
  static const char *isa[] = {"baseline", "avx2", "avx512"};
  const char *was = getenv("SDELUA_ISA");
  for (int i = 0; i < 3; i++) {
    setenv("SDELUA_ISA", isa[i], 1);
    sl_ctx *d = sl_ctx_new(2);
    if (!d) continue; /* a machine without it */
    size_t mark = sl_pool_open(d);
    check_bits(d, row_of_norm, normal(d, 1, SL_F32, SHAPE(12, 35, 24)));
    check_bits(d, row_of_layer, normal(d, 2, SL_F32, SHAPE(12, 3, 37)));
    check_bits(d, row_of_attention, normal(d, 3, SL_F32, SHAPE(12, 21, 12)));
    sl_pool_close(d, mark);
    CHECK(sl_mem_live(d) == 0);
    sl_ctx_free(d);
  }
  if (was) setenv("SDELUA_ISA", was, 1);
  else unsetenv("SDELUA_ISA");
}

/* ---- resampling ------------------------------------------------------------------------------------ */

TEST(upsample_repeats_and_avg_pool_averages) {
  static const int factors[] = {1, 2, 3};
  for (int i = 0; i < 3; i++) {
    int f = factors[i];
    sl_tensor *x = normal(c, 1, SL_F32, SHAPE(2, 6, 12, 5)), *up = sl_upsample(c, x, f), *down = sl_avg_pool(c, x, f);
    if (!CHECK(up && down)) return;
    CHECK(sl_shape(up)[1] == 6 * f && sl_shape(up)[2] == 12 * f && sl_shape(down)[1] == 6 / f);
    CHECK(sl_get(up, AT(1, 4 * f + f - 1, 7 * f, 3)) == sl_get(x, AT(1, 4, 7, 3)));
    double mean = 0;
    for (int h = 0; h < f; h++)
      for (int w = 0; w < f; w++) mean += sl_get(x, AT(1, f + h, 2 * f + w, 4)) / (f * f);
    CHECK(fabs(sl_get(down, AT(1, 1, 2, 4)) - mean) < 1e-6);
    CHECK(distance(c, sl_avg_pool(c, up, f), x) < 1e-6);
    sl_tensor *turned = sl_upsample(c, sl_transpose(c, x, 1, 2), f);
    CHECK(same_bits(c, sl_transpose(c, turned, 1, 2), up));
  }
}

/* ---- dropout ------------------------------------------------------------------------------------------ */

TEST(dropout_masks_belong_to_the_sample) {
  sl_tensor *x = sl_full(c, SL_F32, SHAPE(6, 1000), 1);
  sl_manual_seed(c, 3);
  sl_train_batch(c, 6);
  sl_tensor *first = sl_dropout(c, x, 0.25), *second = sl_dropout(c, x, 0.25);
  sl_manual_seed(c, 3);
  sl_train_batch(c, 2);
  sl_tensor *head = sl_dropout(c, sl_narrow(c, x, 0, 0, 2), 0.25);
  sl_train_batch(c, 4);
  sl_tensor *tail = sl_dropout(c, sl_narrow(c, x, 0, 2, 4), 0.25);
  if (!CHECK(first && second && head && tail)) return;
  CHECK(same_bits(c, sl_cat(c, 2, (sl_tensor *[]){head, tail}, 0), first));
  CHECK(!same_bits(c, first, second));
  CHECK(fabs(sl_item(c, sl_mean(c, first, 0, NULL, false)) - 1) < 0.03);
  CHECK(fabs(sl_item(c, sl_amax(c, first, 0, NULL, false)) - 4. / 3) < 1e-6);
  sl_manual_seed(c, 3);
  sl_train_batch(c, 6);
  CHECK(distance(c, sl_dropout(c, sl_cast(c, x, SL_F64), 0.25), first) < 1e-6);
  CHECK(same_bits(c, sl_dropout(c, x, 0), x));
}

TEST(dropout_passes_the_gradient_where_it_passed_the_value) {
  sl_tensor *x = sl_full(c, SL_F32, SHAPE(3, 50), 2), *dx;
  sl_require_grad(c, x, true);
  sl_tensor *y = sl_dropout(c, x, 0.5);
  if (!CHECK(y && sl_grad(c, y, sl_full(c, SL_F32, SHAPE(3, 50), 1), 1, &x, &dx, false, false))) return;
  CHECK(distance(c, sl_affine(c, dx, 2, 0), y) == 0);
  CHECK(sl_item(c, sl_amax(c, dx, 0, NULL, false)) == 2 && sl_item(c, sl_amin(c, dx, 0, NULL, false)) == 0);
}

/* ---- embeddings ------------------------------------------------------------------------------------------ */

TEST(embedding_takes_rows_and_adds_gradients) {
  sl_tensor *w = sl_from(c, SL_F64, SHAPE(3, 2), (double[]){1, 2, 3, 4, 5, 6}), *dw;
  sl_tensor *index = sl_from(c, SL_I64, SHAPE(2, 2), (int64_t[]){2, 0, 2, 2});
  sl_require_grad(c, w, true);
  sl_tensor *y = sl_embedding(c, w, index);
  if (!CHECK(y && sl_ndim(y) == 3)) return;
  CHECK(sl_get(y, AT(0, 0, 1)) == 6 && sl_get(y, AT(0, 1, 0)) == 1 && sl_get(y, AT(1, 1, 0)) == 5);
  if (!CHECK(sl_grad(c, y, sl_full(c, SL_F64, SHAPE(2, 2, 2), 1), 1, &w, &dw, false, false))) return;
  CHECK(sl_get(dw, AT(0, 0)) == 1 && sl_get(dw, AT(1, 1)) == 0 && sl_get(dw, AT(2, 1)) == 3);
  CHECK(!sl_embedding(c, w, sl_from(c, SL_I64, SHAPE(1), (int64_t[]){3})));
  CHECK_ERROR(c, SL_EVALUE, "embedding: argument index");
  CHECK(!sl_embedding(c, w, w));
  CHECK_ERROR(c, SL_EDTYPE, "embedding: argument index: expected int64, got float64");
}

/* Ho et al. 2020 as score_sde's get_timestep_embedding has it: exponents i/(dim/2 - 1), sines first. */
TEST(sinusoidal_is_its_formula) {
  sl_tensor *t = sl_from(c, SL_F64, SHAPE(3), (double[]){0, 0.7, 999}), *y = sl_sinusoidal(c, t, 8, 10000);
  if (!CHECK(y && sl_shape(y)[1] == 8)) return;
  for (int64_t n = 0; n < 3; n++)
    for (int64_t i = 0; i < 4; i++) {
      double angle = sl_get(t, &n) * pow(10000, -(double)i / 3);
      CHECK(fabs(sl_get(y, AT(n, i)) - sin(angle)) < 1e-12);
      CHECK(fabs(sl_get(y, AT(n, i + 4)) - cos(angle)) < 1e-12);
    }
  CHECK(distance(c, sl_sinusoidal(c, sl_cast(c, t, SL_F32), 8, 10000), y) < 1e-4);
}

/* ---- errors ------------------------------------------------------------------------------------------------ */

TEST(arguments_that_do_not_fit_are_named) {
  sl_tensor *x = sl_full(c, SL_F32, SHAPE(2, 3, 6), 1), *w = sl_full(c, SL_F32, SHAPE(5), 1);
  CHECK(!sl_group_norm(c, x, NULL, NULL, 4, 1e-5));
  CHECK_ERROR(c, SL_EARG, "group_norm: argument groups: expected a divisor of x's 6 channels, got 4");
  CHECK(!sl_group_norm_silu(c, x, w, NULL, 2, 1e-5));
  CHECK_ERROR(c, SL_ESHAPE, "group_norm_silu: argument w: expected [6] to match x's channels, got [5]");
  CHECK(!sl_group_norm(c, x, sl_full(c, SL_F32, SHAPE(3, 6), 1), NULL, 2, 1e-5));
  CHECK_ERROR(c, SL_ESHAPE, "group_norm: argument w: expected [2,6] to match x's samples and channels, got [3,6]");
  CHECK(!sl_group_norm(c, x, sl_full(c, SL_F32, SHAPE(2, 6), 1), sl_full(c, SL_F32, SHAPE(6), 1), 2, 1e-5));
  CHECK_ERROR(c, SL_ESHAPE, "group_norm: argument b: expected [2,6] to match x's samples and channels, got [6]");
  CHECK(!sl_layer_norm(c, x, NULL, NULL, -1));
  CHECK_ERROR(c, SL_EARG, "layer_norm: argument eps: expected 0 or more, got -1");
  CHECK(!sl_attention(c, x, x, x, 4, 0));
  CHECK_ERROR(c, SL_EARG, "attention: argument heads: expected a divisor of the features of q (6) and v (6), got 4");
  CHECK(!sl_attention(c, x, sl_full(c, SL_F32, SHAPE(2, 3, 4), 1), x, 2, 0));
  CHECK_ERROR(c, SL_ESHAPE, "attention: argument k: expected [2,m,6] with m at least 1 to match q, got [2,3,4]");
  CHECK(!sl_attention(c, x, x, sl_full(c, SL_F32, SHAPE(2, 4, 6), 1), 2, 0));
  CHECK_ERROR(c, SL_ESHAPE, "attention: argument v: expected [2,3,features] to match k, got [2,4,6]");
  sl_tensor *image = sl_full(c, SL_F32, SHAPE(1, 4, 6, 2), 1);
  CHECK(!sl_avg_pool(c, image, 4));
  CHECK_ERROR(c, SL_ESHAPE, "avg_pool: argument x: expected height and width divisible by 4, got [1,4,6,2]");
  CHECK(!sl_upsample(c, image, 0));
  CHECK_ERROR(c, SL_EARG, "upsample: argument factor: expected 1 to 2^31 - 1, got 0");
  CHECK(!sl_dropout(c, x, 1));
  CHECK_ERROR(c, SL_EARG, "dropout: argument p: expected a probability in [0,1), got 1");
  CHECK(!sl_sinusoidal(c, w, 5, 10000));
  CHECK_ERROR(c, SL_EARG, "sinusoidal: argument dim: expected an even number from 2 to 2^31, got 5");
}

static bool every_op(sl_ctx *c, bool graph) {
  sl_tensor *x = normal(c, 1, SL_F32, SHAPE(2, 4, 4, 8)), *w = normal(c, 2, SL_F32, SHAPE(8)), *in[] = {x, w}, *dx[2];
  sl_tensor *t = sl_from(c, SL_F32, SHAPE(2), (float[]){0.5f, 3}), *index = sl_full(c, SL_I64, SHAPE(2), 0);
  if (!x || !w || !sl_require_grad(c, x, true) || !sl_require_grad(c, w, true)) return false;
  sl_tensor *y = sl_group_norm_silu(c, x, w, w, 2, 1e-5);
  y = sl_layer_norm(c, sl_dropout(c, sl_upsample(c, sl_avg_pool(c, y, 2), 2), 0.5), w, NULL, 1e-5);
  y = sl_reshape(c, y, SHAPE(2, 16, 8));
  y = sl_add(c, sl_attention(c, y, y, y, 2, 0), sl_unsqueeze(c, sl_sinusoidal(c, t, 8, 100), 1));
  y = sl_add(c, y, sl_unsqueeze(c, sl_embedding(c, sl_reshape(c, w, SHAPE(1, 8)), index), 1));
  return y && sl_grad(c, y, sl_detach(c, y), 2, in, dx, graph, false);
}

/* With the n-th allocation failing, until none is left to fail. */
TEST(failing_allocations_are_errors) {
  for (int graph = 0; graph < 2; graph++)
    for (uint64_t n = 1;; n++) {
      size_t mark = sl_pool_open(c);
      sl_mem_fail(c, n, false);
      bool ok = every_op(c, graph);
      sl_mem_fail(c, 0, false);
      sl_error e = {0};
      CHECK(ok != sl_error_take(c, &e) && (ok || e.code == SL_EMEMORY));
      sl_pool_close(c, mark);
      if (!CHECK(sl_mem_live(c) == 0) || ok) break;
    }
}
