/* Reads the `samples` of an op's row (the grammar is in src/op/op.h) and makes
   tensors of them, in several layouts. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include "op/op.h"
#include "test.h"

#define SAMPLE_IN 12

typedef struct sample_tensor {
  bool absent, star, typed; /* star: elementwise, the test brings the shape; typed: not of the type under test */
  sl_dtype dtype;
  int ndim;
  int64_t shape[SL_MAX_DIMS];
  double lo, hi; /* both ends included for integer types */
} sample_tensor;

typedef struct sample {
  const sl_op *op;
  char text[128]; /* for messages */
  int n_in, n_list;
  sample_tensor in[SAMPLE_IN];
  sl_param p[SL_MAX_PARAM];
  sl_dims list[2];
} sample;

/* ---- reading ------------------------------------------------------------------ */

static inline const char *skip_blank(const char *s) {
  while (*s == ' ') s++;
  return s;
}

static inline const char *read_range(const char *s, double *lo, double *hi) {
  char *end;
  *lo = strtod(s + 1, &end);
  *hi = strtod(end + 1, &end);
  return *end == ')' ? end + 1 : NULL;
}

static inline const char *read_dtype(const char *s, const char *const name[SL_DTYPES], bool *found, sl_dtype *d) {
  for (int i = 0; i < SL_DTYPES; i++) {
    size_t n = strlen(name[i]);
    if (strncmp(s, name[i], n)) continue;
    *found = true;
    *d = (sl_dtype)i;
    return s + n;
  }
  return s;
}

static inline const char *read_tensor(const char *s, sample_tensor *t) {
  static const char *const suffix[SL_DTYPES] = {"f32", "f64", "i64", "u8"};
  t->absent = *s == '-';
  t->star = *s == '*';
  if (t->absent || t->star || *s == '.') s++;
  for (char *end; *s >= '0' && *s <= '9' && t->ndim < SL_MAX_DIMS; s = *end == 'x' ? end + 1 : end)
    t->shape[t->ndim++] = strtoll(s, &end, 10);
  s = read_dtype(s, suffix, &t->typed, &t->dtype);
  return *s == '(' ? read_range(s, &t->lo, &t->hi) : s;
}

static inline const char *read_list(const char *s, sl_dims *l) {
  char *end = (char *)(uintptr_t)s;
  l->n = 0;
  if (!strncmp(s, "()", 2)) return s + 2;
  do {
    l->v[l->n++] = strtoll(s, &end, 10);
    if (end == s) return NULL;
    s = end + 1;
  } while (*end == ',' && l->n < SL_MAX_DIMS);
  return end;
}

static inline const char *read_param(const char *s, sl_kind kind, sample *out, sl_param *p) {
  static const char *const names[SL_DTYPES] = {"float32", "float64", "int64", "uint8"};
  char *end;
  bool found = false;
  sl_dtype d = SL_F32;
  switch (kind) {
  case SL_P_DIMS: case SL_P_INTS:
    p->i = out->n_list;
    return read_list(s, &out->list[out->n_list++]);
  case SL_P_PAIR: {
    sl_dims two = {0};
    s = read_list(s, &two);
    p->pair = (sl_pair){(int32_t)two.v[0], (int32_t)two.v[two.n - 1]};
    return two.n == 1 || two.n == 2 ? s : NULL;
  }
  case SL_P_DTYPE:
    s = read_dtype(s, names, &found, &d);
    p->i = d;
    return found ? s : NULL;
  case SL_P_BOOL:
    p->i = !strncmp(s, "true", 4);
    return p->i ? s + 4 : strncmp(s, "false", 5) ? NULL : s + 5;
  case SL_P_NUM:
    p->f = strtod(s, &end);
    return end == s ? NULL : end;
  default:
    p->i = strtoll(s, &end, 10);
    return end == s ? NULL : end;
  }
}

/* One sample from s on; returns where it ends, NULL when malformed. */
static inline const char *read_sample(const sl_op *op, const char *s, sample *out) {
  const sl_spec *spec = op->spec;
  double lo = -1, hi = 1;
  *out = (sample){.op = op};
  snprintf(out->text, sizeof out->text, "%s %.*s", op->name, (int)strcspn(s, ";"), s);
  if (*s == '(' && s[1] != ')') s = skip_blank(read_range(s, &lo, &hi));
  bool bare = !*s || *s == ';';
  for (int i = 0; i < SAMPLE_IN; i++) out->in[i] = (sample_tensor){.star = bare, .lo = lo, .hi = hi};
  if (bare) {
    out->n_in = spec->n_in;
    return s;
  }
  bool list = *s == '[';
  s = skip_blank(s + list);
  while (s && out->n_in < (list ? SAMPLE_IN : spec->n_in) && *s && *s != ']') {
    s = read_tensor(s, &out->in[out->n_in++]);
    if (s) s = skip_blank(s);
  }
  if (s && list) s = *s == ']' ? skip_blank(s + 1) : NULL;
  for (int i = 0; s && i < spec->n_param; i++) {
    s = read_param(s, spec->param[i].kind, out, &out->p[i]);
    if (s) s = skip_blank(s);
  }
  return s && (!*s || *s == ';') ? s : NULL;
}

/* Calls body for every sample of every row; a row without samples, or with a
   malformed one, is a failure. */
typedef void sample_fn(sl_ctx *c, const sample *s, void *arg);
static inline void each_sample(sl_ctx *c, sample_fn *body, void *arg) {
  if (!CHECK(sl_ops_init(c))) return;
  for (int f = 0; sl_op_families[f]; f++)
    for (const sl_op *op = sl_op_families[f]; op->name; op++) {
      const char *at = op->samples;
      if (!CHECK_MSG(at && *at, op->name)) continue;
      do {
        sample s;
        at = read_sample(op, skip_blank(at), &s);
        if (!CHECK_MSG(at, s.text)) break;
        body(c, &s, arg);
      } while (*at++ == ';');
    }
}

/* ---- shapes of elementwise samples ------------------------------------------------ */

static const struct { int ndim; int64_t shape[3]; } star_shapes[][3] = {
  {{3, {2, 3, 4}}, {3, {2, 3, 4}}, {3, {2, 3, 4}}},
  {{3, {2, 3, 4}}, {2, {3, 1}}, {1, {4}}}, /* broadcast, each way */
  {{1, {4}}, {3, {2, 3, 1}}, {2, {1, 1}}},
  {{0, {0}}, {2, {2, 3}}, {0, {0}}},
  {{2, {2, 3}}, {0, {0}}, {2, {2, 3}}},
  {{0, {0}}, {0, {0}}, {0, {0}}}, /* scalar */
  {{2, {0, 3}}, {2, {0, 3}}, {2, {0, 3}}}, /* empty */
  {{2, {1, 3}}, {2, {0, 1}}, {1, {1}}},
  {{1, {37}}, {1, {37}}, {1, {37}}}, /* vectors and their tails */
};
#define STAR_SHAPES ((int)(sizeof star_shapes / sizeof *star_shapes))

/* The sample with its elementwise tensors given the shapes of case i; false when
   there is no such case (an ordinary sample has one). */
static inline bool with_shapes(const sample *s, int i, sample *out) {
  *out = *s;
  if (!s->in[0].star) return i == 0;
  if (i >= STAR_SHAPES) return false;
  for (int j = 0; j < s->n_in && j < 3; j++) {
    out->in[j].ndim = star_shapes[i][j].ndim;
    memcpy(out->in[j].shape, star_shapes[i][j].shape, sizeof star_shapes[i][j].shape);
  }
  return true;
}

/* ---- tensors -------------------------------------------------------------------------- */

/* The base of a view: transposed (all dimensions reversed), cut out of a larger
   tensor, or repeated along the first dimension. */
typedef enum layout { PLAIN, TRANSPOSED, SLICED, REPEATED, LAYOUTS } layout;
static const char *const layout_names[LAYOUTS] = {"plain", "transposed", "sliced", "repeated"};

/* Numbers that float32 holds too, the same for the same seed. */
static inline double sample_number(uint64_t *seed, const sample_tensor *t, sl_dtype d) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  double u = (double)(*seed >> 40) / (1 << 24);
  return sl_dtype_is_float(d) ? (double)(float)(t->lo + u * (t->hi - t->lo)) : t->lo + floor(u * (t->hi - t->lo + 1));
}

/* The base tensor of type `real` (or the sample's own), retained. */
static inline sl_tensor *sample_base(sl_ctx *c, const sample_tensor *t, sl_dtype real, layout l, uint64_t seed) {
  int64_t shape[SL_MAX_DIMS];
  for (int i = 0; i < t->ndim; i++)
    shape[i] = l == TRANSPOSED ? t->shape[t->ndim - 1 - i] : l == SLICED ? t->shape[i] + 2 : t->shape[i];
  if (l == REPEATED && t->ndim && shape[0]) shape[0] = 1;
  sl_dtype d = t->typed ? t->dtype : real;
  sl_tensor *x = sl_empty(c, SL_F64, t->ndim, shape);
  if (!x) return NULL;
  for (int64_t i = 0; i < sl_numel(x); i++) ((double *)sl_data(x))[i] = sample_number(&seed, t, d);
  return sl_retain(sl_cast(c, x, d));
}

static inline sl_tensor *sample_view(sl_ctx *c, const sample_tensor *t, sl_tensor *x, layout l) {
  int64_t order[SL_MAX_DIMS];
  for (int i = 0; i < t->ndim; i++) order[i] = t->ndim - 1 - i;
  if (l == TRANSPOSED) x = sl_permute(c, x, t->ndim, order);
  for (int i = 0; l == SLICED && i < t->ndim; i++) x = sl_narrow(c, x, i, 1, t->shape[i]);
  if (l == REPEATED) x = sl_expand(c, x, t->ndim, t->shape);
  return x;
}

/* The op on the given tensors (NULL: absent) with the sample's parameters. */
static inline sl_tensor *sample_apply(sl_ctx *c, const sample *s, sl_tensor **in) {
  sl_call k = {.op = s->op, .n_in = s->n_in, .in = in};
  memcpy(k.p, s->p, sizeof k.p);
  memcpy(k.list, s->list, sizeof k.list);
  return sl_apply(c, &k);
}

#endif
