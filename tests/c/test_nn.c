/* Layers. Each row's samples are run through all the checks. */
#include "test.h"
#include "base/options.h"
#include "sdelua/autograd.h"
#include "sdelua/nn.h"
#include "sdelua/op.h"

/* ---- samples: "2,4,3: 2x4x3x2 2x3; ..." ------------------------------------------ */

typedef struct sample {
  sl_layer_info info;
  int n_opt, n_in;
  double opt[SL_MAX_OPTIONS];
  int ndim[SL_LAYER_INPUTS];
  int64_t shape[SL_LAYER_INPUTS][SL_MAX_DIMS];
} sample;

static const char *read_sample(const char *p, sample *s) {
  char *end;
  s->n_opt = s->n_in = 0;
  for (p += strspn(p, " "); *p && *p != ':'; p = end + (*end == ',')) s->opt[s->n_opt++] = strtod(p, &end);
  for (p += *p == ':'; *p && *p != ';'; s->n_in++) {
    int *n = &s->ndim[s->n_in];
    for (*n = 0, p += strspn(p, " "); *p && *p != ' ' && *p != ';'; p = end + (*end == 'x'))
      s->shape[s->n_in][(*n)++] = strtoll(p, &end, 10);
  }
  return p + (*p == ';');
}

typedef void sample_fn(sl_ctx *c, const sample *s);

static void for_samples(sl_ctx *c, sample_fn *fn) {
  sample s;
  for (int i = 0; sl_layer_info_at(i, &s.info); i++) {
    CHECK_MSG(s.info.samples && *s.info.samples && s.info.doc && *s.info.doc, s.info.name);
    for (const char *p = s.info.samples; p && *p;) {
      int bad = test_bad;
      p = read_sample(p, &s);
      size_t mark = sl_pool_open(c);
      fn(c, &s);
      sl_error e;
      if (sl_error_take(c, &e)) CHECK_MSG(0, e.message);
      sl_pool_close(c, mark);
      if (test_bad > bad) printf("  in layer %s, sample before \"%s\"\n", s.info.name, p);
    }
  }
}

/* Values that no two places share: waves of a phase. */
static void fill(sl_tensor *t, double phase) {
  int64_t n = sl_numel(t);
  for (int64_t i = 0; i < n; i++) {
    double v = 0.6 * sin(1.7 * (double)i + phase) + 0.3 * cos(0.31 * (double)i * (double)i + phase);
    if (sl_dtype_of(t) == SL_F64) ((double *)sl_data(t))[i] = v;
    else ((float *)sl_data(t))[i] = (float)v;
  }
}

static sl_layer *make(sl_ctx *c, const sample *s, sl_dtype d) {
  char name[64];
  sl_layer *l = sl_layer_new(c, s->info.name, s->n_opt, s->opt);
  if (!l || (d != SL_F32 && !sl_layers_to(c, 1, &l, d))) return l;
  for (int i = 0; sl_layer_tensor(l, i, name); i++) fill(sl_layer_tensor(l, i, name), i + 1);
  return l;
}

static sl_tensor *input(sl_ctx *c, const sample *s, int i, sl_dtype d) {
  sl_tensor *x = sl_empty(c, d, s->ndim[i], s->shape[i]);
  if (x) fill(x, 10 + i);
  return x;
}

/* sum of forward(in) times fixed numbers */
static sl_tensor *loss_of(sl_ctx *c, sl_layer *l, int n, sl_tensor **in) {
  sl_train_draw_set(c, 0);
  sl_tensor *y = sl_layer_forward(c, l, n, in);
  sl_tensor *r = y ? sl_empty(c, sl_dtype_of(y), sl_ndim(y), sl_shape(y)) : NULL;
  if (r) fill(r, 20);
  return y ? sl_sum(c, sl_mul(c, y, r), 0, NULL, false) : NULL;
}

/* ---- gradients ------------------------------------------------------------------------ */

static double loss_value(sl_ctx *c, sl_layer *l, int n, sl_tensor **in) {
  size_t mark = sl_pool_open(c);
  bool was = sl_recording_set(c, false);
  sl_tensor *y = loss_of(c, l, n, in);
  double v = y ? sl_item(c, y) : NAN;
  sl_recording_set(c, was);
  sl_pool_close(c, mark);
  return v;
}

/* Central differences at up to five elements of t against its gradient. */
static void check_gradient(sl_ctx *c, sl_layer *l, int n, sl_tensor **in, sl_tensor *t, const char *name) {
  sl_tensor *g = sl_grad_of(t);
  int64_t size = sl_numel(t), jump = size > 5 ? size / 5 : 1;
  if (!CHECK_MSG(g != NULL, name)) return;
  for (int64_t i = 0; i < size; i += jump) {
    double *p = (double *)sl_data(t) + i, was = *p, h = 1e-5;
    *p = was + h;
    double up = loss_value(c, l, n, in);
    *p = was - h;
    double down = loss_value(c, l, n, in);
    *p = was;
    double want = (up - down) / (2 * h), got = ((double *)sl_data(sl_contiguous(c, g)))[i];
    if (!CHECK_MSG(fabs(got - want) <= 1e-6 * (1 + fabs(want)), name)) printf("  got %.9g, want %.9g\n", got, want);
  }
}

static void gradients(sl_ctx *c, const sample *s) {
  char name[64];
  sl_tensor *in[SL_LAYER_INPUTS] = {NULL};
  sl_train_batch(c, 8);
  sl_layer *l = make(c, s, SL_F64);
  for (int i = 0; i < s->n_in; i++) sl_require_grad(c, in[i] = input(c, s, i, SL_F64), true);
  sl_tensor *y = loss_of(c, l, s->n_in, in);
  if (CHECK(y && sl_backward(c, y, NULL, false))) {
    for (int i = 0; i < s->n_in; i++) check_gradient(c, l, s->n_in, in, in[i], "input");
    for (int i = 0; sl_layer_tensor(l, i, name); i++)
      if (sl_requires_grad(sl_layer_tensor(l, i, name)))
        check_gradient(c, l, s->n_in, in, sl_layer_tensor(l, i, name), name);
  }
  sl_layer_release(l);
}
TEST(gradients_of_every_layer) { for_samples(c, gradients); }

/* ---- a row's result does not depend on the rows around it ---------------------------------- */

static void rows_alone(sl_ctx *c, const sample *s) {
  sl_tensor *in[SL_LAYER_INPUTS] = {NULL}, *one[SL_LAYER_INPUTS] = {NULL};
  sl_layer *l = make(c, s, SL_F32);
  for (int i = 0; i < s->n_in; i++) in[i] = input(c, s, i, SL_F32);
  if (l) sl_layer_train(l, false);
  sl_tensor *y = sl_contiguous(c, sl_layer_forward(c, l, s->n_in, in));
  if (CHECK(y)) {
    int64_t row = sl_numel(y) / sl_shape(y)[0];
    for (int64_t r = 0; r < sl_shape(y)[0]; r++) {
      for (int i = 0; i < s->n_in; i++) one[i] = sl_narrow(c, in[i], 0, r, 1);
      sl_tensor *z = sl_contiguous(c, sl_layer_forward(c, l, s->n_in, one));
      CHECK(z && !memcmp((float *)sl_data(y) + r * row, sl_data(z), (size_t)row * sizeof(float)));
    }
  }
  sl_layer_release(l);
}
TEST(rows_alone_have_the_same_bits) { for_samples(c, rows_alone); }

/* ---- every allocation fails once, and from some point on ------------------------------------- */

static bool make_and_step(sl_ctx *c, const sample *s) {
  size_t mark = sl_pool_open(c);
  sl_tensor *in[SL_LAYER_INPUTS] = {NULL};
  sl_layer *l = make(c, s, SL_F64);
  for (int i = 0; i < s->n_in; i++) in[i] = input(c, s, i, SL_F64);
  sl_tensor *y = l && !sl_failed(c) ? loss_of(c, l, s->n_in, in) : NULL;
  bool ok = y && (!sl_requires_grad(y) || sl_backward(c, y, NULL, false));
  sl_layer_release(l);
  sl_pool_close(c, mark);
  return ok;
}

static void allocations_fail(sl_ctx *c, const sample *s, bool onwards) {
  sl_error e;
  for (uint64_t n = 1;; n++) {
    size_t live = sl_mem_live(c);
    sl_mem_fail(c, n, onwards);
    bool ok = make_and_step(c, s);
    sl_mem_fail(c, 0, false);
    CHECK(sl_mem_live(c) == live);
    if (ok) return;
    if (!CHECK(sl_error_take(c, &e) && e.code == SL_EMEMORY) || n > 5000) return;
  }
}
static void allocation_fails(sl_ctx *c, const sample *s) {
  allocations_fail(c, s, false);
  allocations_fail(c, s, true);
}
TEST(every_allocation_may_fail) { for_samples(c, allocation_fails); }

TEST(a_failed_constructor_draws_nothing) {
  for (uint64_t n = 1; n < 40; n++) {
    uint32_t draws = sl_rng_get(c).init_draw;
    sl_mem_fail(c, n, true);
    sl_layer *l = sl_layer_new(c, "ResBlock", 2, (double[]){4, 8});
    sl_mem_fail(c, 0, false);
    sl_error e;
    if (!l) CHECK(sl_error_take(c, &e) && sl_rng_get(c).init_draw == draws);
    sl_layer_release(l);
  }
}

/* ---- names, conversion, mode -------------------------------------------------------------------- */

static void names_are_unique(sl_ctx *c, const sample *s) {
  char a[64], b[64];
  sl_layer *l = make(c, s, SL_F32);
  for (int i = 0; sl_layer_tensor(l, i, a); i++)
    for (int j = 0; j < i && sl_layer_tensor(l, j, b); j++) CHECK_MSG(strcmp(a, b), a);
  sl_layer_release(l);
}
TEST(names) {
  char name[64];
  for_samples(c, names_are_unique);
  sl_layer *l = sl_layer_new(c, "ResBlock", 3, (double[]){4, 8, 6});
  const char *want[] = {"norm0.weight", "norm0.bias", "conv0.weight", "conv0.bias", "time.weight", "time.bias",
                        "norm1.weight", "norm1.bias", "conv1.weight", "conv1.bias", "skip.weight", "skip.bias"};
  for (int i = 0; i < 12; i++) CHECK(sl_layer_tensor(l, i, name) && !strcmp(name, want[i]));
  CHECK(!sl_layer_tensor(l, 12, name));
  CHECK(sl_layer_option(l, "out_channels") == 8 && isnan(sl_layer_option(l, "nothing")));
  sl_layer_release(l);
}

TEST(conversion_is_all_or_nothing) {
  char name[64];
  sl_layer *l[2] = {sl_layer_new(c, "ResBlock", 3, (double[]){4, 8, 6}),
                    sl_layer_new(c, "Linear", 2, (double[]){2, 3})};
  sl_tensor *first = sl_layer_tensor(l[0], 0, name);
  bool ok = false;
  for (uint64_t n = 1; !ok && n < 500; n++) {
    sl_mem_fail(c, n, n & 1);
    ok = sl_layers_to(c, 2, l, SL_F64);
    sl_mem_fail(c, 0, false);
    if (ok) break;
    CHECK_ERROR(c, SL_EMEMORY, "");
    CHECK(sl_layer_tensor(l[0], 0, name) == first);
  }
  CHECK(ok);
  for (int k = 0; k < 2; k++)
    for (int i = 0; sl_layer_tensor(l[k], i, name); i++)
      CHECK(sl_dtype_of(sl_layer_tensor(l[k], i, name)) == SL_F64 && sl_requires_grad(sl_layer_tensor(l[k], i, name)));
  CHECK(!sl_layers_to(c, 2, l, SL_I64));
  CHECK_ERROR(c, SL_EDTYPE, "to: argument dtype: expected float32 or float64, got int64");
  sl_layer_release(l[0]);
  sl_layer_release(l[1]);
}

TEST(dropout_only_in_training) {
  int64_t shape[2] = {3, 40};
  sl_layer *l = sl_layer_new(c, "Dropout", 1, (double[]){0.5});
  sl_tensor *x = sl_full(c, SL_F32, 2, shape, 1), *y = sl_layer_forward(c, l, 1, &x);
  int zeros = 0;
  for (int i = 0; i < 120; i++) {
    float v = ((float *)sl_data(y))[i];
    zeros += v == 0;
    CHECK(v == 0 || v == 2);
  }
  CHECK(zeros > 30 && zeros < 90);
  sl_layer_train(l, false);
  y = sl_layer_forward(c, l, 1, &x);
  CHECK(!memcmp(sl_data(x), sl_data(y), 120 * sizeof(float)));
  sl_layer_release(l);
}

/* ---- initialisation -------------------------------------------------------------------------------- */

TEST(weights_begin_as_published) {
  char name[64];
  sl_manual_seed(c, 3);
  double sizes[2] = {100, 300};
  sl_layer *l = sl_layer_new(c, "Linear", 2, sizes), *m = sl_layer_new(c, "Linear", 2, sizes);
  sl_tensor *w = sl_layer_tensor(l, 0, name), *v = sl_layer_tensor(m, 0, name), *b = sl_layer_tensor(l, 1, name);
  const float *p = sl_data(w), *q = sl_data(b);
  double sum = 0, squares = 0, most = 0, bound = sqrt(3.0 / 200);
  for (int i = 0; i < 30000; i++) {
    sum += p[i];
    squares += (double)p[i] * p[i];
    most = fmax(most, fabs(p[i]));
  }
  CHECK(fabs(sum / 30000) < 0.003 && most <= bound && most > 0.999 * bound);
  CHECK(fabs(squares / 30000 / (1.0 / 200) - 1) < 0.02); /* variance scale / fan_avg */
  CHECK(memcmp(p, sl_data(v), 30000 * sizeof(float)));     /* the second layer drew on */
  for (int i = 0; i < 300; i++) CHECK(q[i] == 0);
  sl_manual_seed(c, 3);
  sl_layer *again = sl_layer_new(c, "Linear", 2, (double[]){100, 300});
  CHECK(!memcmp(p, sl_data(sl_layer_tensor(again, 0, name)), 30000 * sizeof(float)));
  sl_layer_release(l);
  sl_layer_release(m);
  sl_layer_release(again);
}

/* A residual block and an attention block begin as the identity, their last layers being zero. */
TEST(blocks_begin_as_the_identity) {
  int64_t shape[4] = {2, 3, 5, 8};
  sl_tensor *x = sl_empty(c, SL_F32, 4, shape);
  fill(x, 1);
  const char *kinds[] = {"ResBlock", "Attention"};
  for (int k = 0; k < 2; k++) {
    sl_layer *l = sl_layer_new(c, kinds[k], k ? 1 : 2, (double[]){8, 8});
    sl_tensor *y = sl_layer_forward(c, l, 1, &x);
    CHECK(y && !memcmp(sl_data(x), sl_data(y), (size_t)sl_numel(x) * sizeof(float)));
    sl_layer_release(l);
  }
}

TEST(group_rule) {
  static const int want[][2] = {{1, 1}, {3, 1}, {8, 2}, {32, 8}, {128, 32}, {144, 24}, {256, 32}};
  for (int i = 0; i < 7; i++) {
    sl_layer *l = sl_layer_new(c, "GroupNorm", 2, (double[]){0, want[i][0]});
    CHECK(sl_layer_option(l, "num_groups") == want[i][1]);
    sl_layer_release(l);
  }
}

/* ---- bad arguments ------------------------------------------------------------------------------------ */

TEST(bad_options) {
  CHECK(!sl_layer_new(c, "Lineal", 0, NULL));
  CHECK_ERROR(c, SL_EARG, "expected the name of a layer, got \"Lineal\"");
  CHECK(!sl_layer_new(c, "Linear", 1, (double[]){2}));
  CHECK_ERROR(c, SL_EARG, "Linear: argument out_features: expected an integer >= 1, got nothing");
  CHECK(!sl_layer_new(c, "Linear", 2, (double[]){2, 0.5}));
  CHECK_ERROR(c, SL_EARG, "Linear: argument out_features: expected an integer >= 1, got 0.5");
  CHECK(!sl_layer_new(c, "Linear", 5, (double[]){2, 3, 1, 1, 1}));
  CHECK_ERROR(c, SL_EARG, "Linear: expected at most 4 options, got 5");
  CHECK(!sl_layer_new(c, "Dropout", 1, (double[]){1}));
  CHECK_ERROR(c, SL_EARG, "Dropout: argument p: expected a number in [0,1), got 1");
  CHECK(!sl_layer_new(c, "GroupNorm", 2, (double[]){3, 8}));
  CHECK_ERROR(c, SL_EARG, "GroupNorm: argument num_groups: expected a divisor of the 8 channels, got 3");
  CHECK(!sl_layer_new(c, "InstanceNormPlus", 1, (double[]){1}));
  CHECK_ERROR(c, SL_EARG, "InstanceNormPlus: argument num_features: expected 2 or more, got 1");
  CHECK(!sl_layer_new(c, "Attention", 2, (double[]){8, 3}));
  CHECK_ERROR(c, SL_EARG, "Attention: argument num_heads");
  CHECK(!sl_layer_new(c, "GaussianFourier", 1, (double[]){5}));
  CHECK_ERROR(c, SL_EARG, "GaussianFourier: argument dim: expected an even number, got 5");
  CHECK(!sl_layer_new(c, "Linear", 2, (double[]){1e9, 1e9}));
  sl_error e;
  CHECK(sl_error_take(c, &e));
}

TEST(bad_inputs) {
  int64_t shape[4] = {2, 3, 3, 4};
  sl_tensor *x = sl_full(c, SL_F32, 4, shape, 1), *both[3] = {x, x, x}, *none = NULL;
  sl_layer *res = sl_layer_new(c, "ResBlock", 3, (double[]){4, 4, 6});
  sl_layer *plain = sl_layer_new(c, "ResBlock", 2, (double[]){4, 4});
  sl_layer *down = sl_layer_new(c, "Downsample", 1, (double[]){4});
  sl_layer *att = sl_layer_new(c, "Attention", 1, (double[]){4});
  CHECK(!sl_layer_forward(c, res, 1, &x));
  CHECK_ERROR(c, SL_EARG, "ResBlock: argument emb: expected a tensor [n,emb_features], got nothing");
  CHECK(!sl_layer_forward(c, plain, 2, both));
  CHECK_ERROR(c, SL_EARG, "ResBlock: argument emb: expected nothing (emb_features is 0), got a tensor");
  CHECK(!sl_layer_forward(c, res, 1, &none));
  CHECK_ERROR(c, SL_EARG, "ResBlock: argument x: expected a tensor, got nothing");
  CHECK(!sl_layer_forward(c, res, 3, both));
  CHECK_ERROR(c, SL_EARG, "ResBlock: expected at most 2 tensors (x emb?), got 3");
  sl_tensor *flat = sl_full(c, SL_F32, 2, shape, 1);
  CHECK(!sl_layer_forward(c, down, 1, &flat));
  CHECK_ERROR(c, SL_ESHAPE, "Downsample: argument x: expected [n,h,w,c], got [2,3]");
  CHECK(!sl_layer_forward(c, att, 1, &flat));
  CHECK_ERROR(c, SL_ESHAPE, "Attention: argument x");
  sl_layer *layers[] = {res, plain, down, att};
  for (int i = 0; i < 4; i++) sl_layer_release(layers[i]);
}

/* A row with a mistake in its option string says so. */
TEST(malformed_rows) {
  sl_options s;
  const char *bad[] = {"a", "a:int", "a:size=0", "a:frac=1", ":size", "a:bool=maybe", "a:num=1 =2"};
  for (int i = 0; i < 7; i++) {
    CHECK_MSG(!sl_options_parse(c, "row", bad[i], &s), bad[i]);
    CHECK_ERROR(c, SL_EARG, "row: the row's option string is malformed");
  }
  CHECK(sl_options_parse(c, "row", "a:size b:num=-2 c:bool=true", &s) && s.n == 3);
  CHECK(isnan(s.o[0].value) && s.o[1].value == -2 && s.o[2].value == 1);
  CHECK(sl_option_find(&s, "b") == 1 && sl_option_find(&s, "d") == -1);
}
