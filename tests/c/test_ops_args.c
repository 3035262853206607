/* Bad arguments to every op, read from the table: an error that begins with the
   op's name, never a crash or a leak. What is accepted must have a gradient. */
#include "samples.h"

#include <limits.h>

/* Numbers that must not be allocated are far above what a tensor may have. */
static const int64_t odd_ints[] = {-9, -2, -1, 0, 1, 2, 3, 9, (int64_t)1 << 50, (int64_t)1 << 62, INT64_MAX, INT64_MIN};
static const double odd_numbers[] = {-1, 0, 0.5, 1, 2, 1e300, -INFINITY, INFINITY, NAN};
static const sl_pair odd_pairs[] = {
  {-1, -1}, {0, 0}, {1, 1}, {2, 2}, {9, 9}, {0, 1}, {1, 0}, {2, 1}, {1, 2}, {3, -1}, {INT32_MAX, INT32_MAX},
  {INT32_MIN, INT32_MIN}, {INT32_MIN, 1},
};
static const sl_dims odd_lists[] = {
  {0, {0}}, {1, {0}}, {1, {-1}}, {1, {99}}, {2, {0, 0}}, {2, {2, 3}}, {2, {-1, -1}}, {3, {4, 3, 2}}, {1, {INT64_MAX}},
  {1, {INT64_MIN}}, {2, {(int64_t)1 << 40, (int64_t)1 << 40}},
  {8, {1, 1, 1, 1, 1, 1, 1, 1}}, {8, {7, 6, 5, 4, 3, 2, 1, 0}},
};
static const sample_tensor odd_tensors[] = {
  {.ndim = 0}, {.ndim = 1, .shape = {1}}, {.ndim = 1, .shape = {7}}, {.ndim = 1, .shape = {0}},
  {.ndim = 2, .shape = {2, 2}}, {.ndim = 2, .shape = {0, 3}}, {.ndim = 3, .shape = {2, 3, 5}},
  {.ndim = 4, .shape = {2, 2, 2, 2}},
  {.ndim = 4, .shape = {1, 0, 2, 3}}, {.ndim = 8, .shape = {1, 1, 1, 1, 1, 1, 1, 2}},
};
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static void report(const sample *s, const char *what, const char *message) {
  char text[900];
  snprintf(text, sizeof text, "%s, %s: %s", s->text, what, message);
  CHECK_MSG(!"bad argument", text);
}

/* After a call that gave y: either it worked, and so does its gradient, or its error names the op. */
static void judge(sl_ctx *c, const sample *s, sl_tensor *y, sl_tensor **in, const char *what) {
  sl_error e = {0};
  size_t n = strlen(s->op->name);
  if (!y) {
    if (!sl_error_take(c, &e)) report(s, what, "no result and no error");
    else if (strncmp(e.message, s->op->name, n) || e.message[n] != ':') report(s, what, e.message);
    return;
  }
  if (sl_failed(c)) report(s, what, "a result and an error");
  sl_tensor *dx[SAMPLE_IN], *x[SAMPLE_IN];
  int count = 0;
  for (int i = 0; i < s->n_in; i++)
    if (in[i] && sl_requires_grad(in[i])) x[count++] = in[i];
  if (sl_requires_grad(y)) sl_grad(c, sl_sum(c, y, 0, NULL, false), NULL, count, x, dx, false, false);
  if (sl_error_take(c, &e)) report(s, what, e.message);
}

static void make_inputs(sl_ctx *c, const sample *s, sl_tensor **in) {
  for (int i = 0; i < s->n_in; i++) {
    in[i] = s->in[i].absent ? NULL : sample_base(c, &s->in[i], SL_F32, PLAIN, 1);
    sl_release(in[i]); /* the pool holds it */
    if (in[i] && sl_dtype_is_float(in[i]->dtype)) sl_require_grad(c, in[i], true);
  }
}

static void run(sl_ctx *c, const sample *s, const char *what) {
  sl_tensor *in[SAMPLE_IN] = {0};
  size_t mark = sl_pool_open(c);
  make_inputs(c, s, in);
  judge(c, s, sample_apply(c, s, in), in, what);
  sl_pool_close(c, mark);
}

static void bad_tensors(sl_ctx *c, const sample *s) {
  char what[64];
  for (int i = 0; i < s->n_in; i++) {
    sample t = *s;
    t.in[i].absent = true;
    snprintf(what, sizeof what, "tensor %d absent", i);
    run(c, &t, what);
    for (int d = 0; d < SL_DTYPES; d++) {
      t = *s;
      t.in[i].typed = true;
      t.in[i].dtype = (sl_dtype)d;
      snprintf(what, sizeof what, "tensor %d of type %s", i, sl_dtype_name((sl_dtype)d));
      run(c, &t, what);
    }
    for (int j = 0; j < COUNT(odd_tensors); j++) {
      t = *s;
      t.in[i].absent = false;
      t.in[i].ndim = odd_tensors[j].ndim;
      memcpy(t.in[i].shape, odd_tensors[j].shape, sizeof t.in[i].shape);
      snprintf(what, sizeof what, "tensor %d of odd shape %d", i, j);
      run(c, &t, what);
    }
  }
}

static void bad_params(sl_ctx *c, const sample *s) {
  char what[64];
  for (int i = 0; i < s->op->spec->n_param; i++) {
    sl_kind kind = s->op->spec->param[i].kind;
    bool list = kind == SL_P_DIMS || kind == SL_P_INTS;
    int count = list                ? COUNT(odd_lists)
                : kind == SL_P_NUM  ? COUNT(odd_numbers)
                : kind == SL_P_PAIR ? COUNT(odd_pairs)
                                    : COUNT(odd_ints);
    for (int j = 0; j < count; j++) {
      sample t = *s;
      if (list) t.list[s->p[i].i] = odd_lists[j];
      else if (kind == SL_P_NUM) t.p[i].f = odd_numbers[j];
      else if (kind == SL_P_PAIR) t.p[i].pair = odd_pairs[j];
      else t.p[i].i = odd_ints[j];
      snprintf(what, sizeof what, "%s odd value %d", s->op->spec->param[i].name, j);
      run(c, &t, what);
    }
  }
}

static void bad_sample(sl_ctx *c, const sample *s, void *arg) {
  (void)arg;
  sample shaped;
  for (int i = 0; i < 2 && with_shapes(s, i, &shaped); i++) {
    bad_tensors(c, &shaped);
    bad_params(c, &shaped);
  }
}

TEST(bad_arguments_are_errors_that_name_the_op) { each_sample(c, bad_sample, NULL); }

/* ---- no memory ------------------------------------------------------------------- */

/* Forward and gradient with the n-th allocation failing; false once none did. */
static bool starved(sl_ctx *c, const sample *s, uint64_t n, bool onwards) {
  sl_tensor *in[SAMPLE_IN] = {0}, *dx[SAMPLE_IN], *x[SAMPLE_IN], *y;
  size_t mark = sl_pool_open(c);
  sl_error e = {0};
  int count = 0;
  make_inputs(c, s, in);
  for (int i = 0; i < s->n_in; i++)
    if (in[i] && sl_requires_grad(in[i])) x[count++] = in[i];
  sl_mem_fail(c, n, onwards);
  y = sample_apply(c, s, in);
  if (y && sl_failed(c)) report(s, "an allocation fails", "a result and an error");
  y = sl_sum(c, y, 0, NULL, false);
  if (y && sl_requires_grad(y)) sl_grad(c, y, NULL, count, x, dx, false, false);
  sl_mem_fail(c, 0, false);
  bool failed = sl_error_take(c, &e);
  if (failed && e.code != SL_EMEMORY) report(s, "an allocation fails", e.message);
  sl_pool_close(c, mark);
  return failed;
}

static void starved_sample(sl_ctx *c, const sample *s, void *arg) {
  (void)arg;
  sample shaped;
  for (int i = 0; i < 2 && with_shapes(s, i, &shaped); i++)
    for (int onwards = 0; onwards < 2; onwards++) {
      size_t before = sl_mem_live(c);
      for (uint64_t n = 1; n < 1000 && starved(c, &shaped, n, onwards); n++)
        if (sl_mem_live(c) != before) {
          report(s, "an allocation fails", "something leaks");
          break;
        }
    }
}

TEST(a_failed_allocation_is_an_error) { each_sample(c, starved_sample, NULL); }

TEST(lists_may_be_empty_or_too_long) {
  int64_t many[SL_MAX_DIMS + 1] = {0};
  sl_tensor *x = sl_full(c, SL_F32, 1, (int64_t[]){3}, 1);
  CHECK(!sl_cat(c, 0, NULL, 0));
  CHECK_ERROR(c, SL_EARG, "cat: argument xs: expected at least one tensor, got none");
  CHECK(!sl_stack(c, 0, NULL, 0));
  CHECK_ERROR(c, SL_EARG, "stack: argument xs: expected at least one tensor, got none");
  CHECK(!sl_sum(c, x, SL_MAX_DIMS + 1, many, false));
  CHECK_ERROR(c, SL_EARG, "sum: argument dims: expected a list of at most 8, got 9");
  CHECK(!sl_reshape(c, x, SL_MAX_DIMS + 1, many));
  CHECK_ERROR(c, SL_EARG, "reshape: argument shape: expected a list of at most 8, got 9");
}

TEST(messages_say_what_came) {
  sl_tensor *a = sl_full(c, SL_F32, 2, (int64_t[]){2, 3}, 1), *b = sl_full(c, SL_F64, 2, (int64_t[]){2, 3}, 1);
  sl_tensor *w = sl_full(c, SL_F32, 1, (int64_t[]){4}, 1), *i = sl_full(c, SL_I64, 1, (int64_t[]){2}, 3);
  CHECK(!sl_add(c, a, b));
  CHECK_ERROR(c, SL_EDTYPE, "add: argument y: expected float32 as x is, got float64: use :to");
  CHECK(!sl_mul(c, a, w));
  CHECK_ERROR(c, SL_ESHAPE, "mul: argument y: expected a shape that broadcasts with [2,3], got [4]");
  CHECK(!sl_exp(c, i));
  CHECK_ERROR(c, SL_EDTYPE, "exp: argument x: expected a floating type, got int64: use :to");
  CHECK(!sl_where(c, a, a, a));
  CHECK_ERROR(c, SL_EDTYPE, "where: argument cond: expected uint8, as comparisons give, got float32");
  CHECK(!sl_sum(c, a, 1, (int64_t[]){2}, false));
  CHECK_ERROR(c, SL_ESHAPE, "sum: argument dims: expected one of 2 dimensions, got the 3rd");
  CHECK(!sl_reshape(c, a, 2, (int64_t[]){4, -1}));
  CHECK_ERROR(c, SL_ESHAPE, "reshape: argument shape: expected the 6 elements of [2,3], got [4,-1]");
  CHECK(!sl_index_select(c, a, i, 1));
  CHECK_ERROR(c, SL_EVALUE, "index_select: argument index: expected one of 3 positions, got the 4th");
  CHECK(!sl_select(c, a, 1, -4));
  CHECK_ERROR(c, SL_ESHAPE, "select: argument index: expected one of 3 positions, got the 4th from the end");
  CHECK(!sl_cat(c, 2, (sl_tensor *[]){a, b}, 0));
  CHECK_ERROR(c, SL_EDTYPE, "cat: argument xs: expected float32 as the first is, got float64 at place 2: use :to");
  CHECK(!sl_cat(c, 2, (sl_tensor *[]){a, w}, 0));
  CHECK_ERROR(c, SL_ESHAPE, "cat: argument xs: expected shapes like the first, [2,3], got [4] at place 2");
  CHECK(!sl_amax(c, sl_full(c, SL_F32, 2, (int64_t[]){2, 0}, 1), 1, (int64_t[]){1}, false));
  CHECK_ERROR(c, SL_ESHAPE, "amax: argument x: expected something to choose from, got shape [2,0]");
}
