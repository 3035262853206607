/* Layers: making, running, listing and converting them. */
#include "nn/layer.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FAMILIES(F) F(linear) F(conv) F(norm) F(dropout) F(attention) F(embedding) F(resblock)

#define DECLARE(name) extern const sl_layer_kind sl_##name##_layers[];
FAMILIES(DECLARE)
#define LIST(name) sl_##name##_layers,
static const sl_layer_kind *const families[] = {FAMILIES(LIST) NULL};

static const sl_layer_kind *kind_at(int i) {
  for (int f = 0; families[f]; f++)
    for (const sl_layer_kind *k = families[f]; k->info.name; k++)
      if (i-- == 0) return k;
  return NULL;
}

static const sl_layer_kind *kind_find(sl_ctx *c, const char *name) {
  const sl_layer_kind *k;
  for (int i = 0; (k = kind_at(i)); i++)
    if (!strcmp(k->info.name, name)) return k;
  return sl_fail(c, SL_EARG, "layer: argument kind: expected the name of a layer, got \"%s\"", name);
}

bool sl_layer_info_at(int i, sl_layer_info *out) {
  const sl_layer_kind *k = kind_at(i);
  if (k) *out = k->info;
  return k != NULL;
}

void *sl_layer_bad(sl_ctx *c, const sl_layer *l, sl_code code, const char *format, ...) {
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return sl_fail(c, code, "%s: argument %s", l->kind->info.name, text);
}

/* ---- making ------------------------------------------------------------------- */

static bool build(sl_ctx *c, sl_layer *l, int n, const double *options) {
  sl_options spec;
  const sl_layer_info *info = &l->kind->info;
  return sl_options_parse(c, info->name, info->options, &spec) &&
         sl_options_fill(c, info->name, &spec, n, options, l->opt) &&
         (!l->kind->init || l->kind->init(c, l));
}

sl_layer *sl_layer_new(sl_ctx *c, const char *kind, int n_options, const double *options) {
  if (sl_failed(c)) return NULL;
  const sl_layer_kind *k = kind_find(c, kind);
  sl_layer *l = k ? sl_alloc(c, sizeof *l, kind) : NULL;
  if (!l) return NULL;
  memset(l, 0, sizeof *l);
  *l = (sl_layer){.refs = 1, .training = true, .ctx = c, .kind = k};
  uint32_t draws = c->rng.init_draw;
  size_t mark = sl_pool_open(c);
  bool ok = build(c, l, n_options, options);
  sl_pool_close(c, mark);
  if (ok) return l;
  c->rng.init_draw = draws; /* a second try draws the same */
  sl_layer_release(l);
  return NULL;
}

sl_layer *sl_layer_retain(sl_layer *l) {
  if (l) l->refs++;
  return l;
}

void sl_layer_release(sl_layer *l) {
  if (!l || --l->refs) return;
  for (int i = 0; i < SL_LAYER_PARAMS; i++) sl_release(l->param[i].value);
  for (int i = 0; i < SL_LAYER_CHILDREN; i++) sl_layer_release(l->child[i].layer);
  sl_free(l->ctx, l);
}

/* ---- running -------------------------------------------------------------------- */

/* Fails unless in[] has what "x emb?" asks for. */
static bool inputs_fit(sl_ctx *c, const sl_layer *l, int n, sl_tensor *const *in) {
  const char *name = l->kind->info.inputs;
  int i = 0;
  for (; *name; i++) {
    int len = (int)strcspn(name, " ?");
    bool optional = name[len] == '?';
    if (!optional && (i >= n || !in[i]))
      return sl_layer_bad(c, l, SL_EARG, "%.*s: expected a tensor, got nothing", len, name);
    name += len + optional;
    name += strspn(name, " ");
  }
  if (n <= i) return true;
  return sl_fail(c, SL_EARG, "%s: expected at most %d tensors (%s), got %d", l->kind->info.name, i,
                 l->kind->info.inputs, n);
}

sl_tensor *sl_layer_forward(sl_ctx *c, sl_layer *l, int n, sl_tensor *const *in) {
  sl_tensor *all[SL_LAYER_INPUTS] = {NULL};
  if (sl_failed(c) || !l || !inputs_fit(c, l, n, in)) return NULL;
  for (int i = 0; i < n; i++) all[i] = in[i];
  size_t mark = sl_pool_open(c);
  return sl_pool_return(c, mark, l->kind->forward(c, l, all));
}

void sl_layer_train(sl_layer *l, bool training) {
  l->training = training;
  for (int i = 0; i < SL_LAYER_CHILDREN; i++)
    if (l->child[i].layer) sl_layer_train(l->child[i].layer, training);
}

/* ---- listing ---------------------------------------------------------------------- */

const char *sl_layer_kind_name(const sl_layer *l) { return l->kind->info.name; }
const sl_layer_info *sl_layer_info_of(const sl_layer *l) { return &l->kind->info; }

double sl_layer_option(const sl_layer *l, const char *name) {
  sl_options spec;
  sl_options_parse(l->ctx, l->kind->info.name, l->kind->info.options, &spec); /* did parse when l was made */
  int i = sl_option_find(&spec, name);
  return i < 0 ? SL_OMIT : l->opt[i];
}

/* The address of the *i-th tensor; past the last, NULL and *i less the count. */
static sl_tensor **tensor_at(const sl_layer *l, int *i, char *name, size_t room) {
  for (int p = 0; p < SL_LAYER_PARAMS; p++) {
    if (!l->param[p].value || (*i)-- > 0) continue;
    snprintf(name, room, "%s", l->param[p].name);
    return (sl_tensor **)&l->param[p].value;
  }
  for (int k = 0; k < SL_LAYER_CHILDREN; k++) {
    if (!l->child[k].layer) continue;
    size_t used = (size_t)snprintf(name, room, "%s.", l->child[k].name);
    sl_tensor **t = tensor_at(l->child[k].layer, i, name + used, room - used);
    if (t) return t;
  }
  return NULL;
}

sl_tensor *sl_layer_tensor(const sl_layer *l, int i, char name[64]) {
  sl_tensor **t = tensor_at(l, &i, name, 64);
  return t ? *t : NULL;
}

/* ---- converting ---------------------------------------------------------------------- */

static int tensor_count(const sl_layer *l) {
  char name[64];
  int n = 0;
  while (sl_layer_tensor(l, n, name)) n++;
  return n;
}

static sl_tensor *converted(sl_ctx *c, sl_tensor *t, sl_dtype d) {
  sl_tensor *y = sl_empty(c, d, sl_ndim(t), sl_shape(t));
  return y && sl_copy_into(c, y, t) && sl_require_grad(c, y, sl_requires_grad(t)) ? y : NULL;
}

/* fresh[i] takes the place of the i-th tensor. Returns their number. */
static int tensors_replace(sl_layer *l, sl_tensor **fresh) {
  char name[64];
  int n = tensor_count(l);
  for (int i = 0; i < n; i++) {
    int at = i;
    sl_tensor **place = tensor_at(l, &at, name, sizeof name);
    sl_release(*place);
    *place = sl_retain(fresh[i]);
  }
  return n;
}

/* Fills fresh[] with the converted tensors of all layers, one layer after another. */
static bool convert_all(sl_ctx *c, int n, sl_layer *const *layers, sl_dtype d, sl_tensor **fresh) {
  char name[64];
  for (int j = 0; j < n; j++)
    for (int i = 0, count = tensor_count(layers[j]); i < count; i++)
      if (!(*fresh++ = converted(c, sl_layer_tensor(layers[j], i, name), d))) return false;
  return true;
}

bool sl_layers_to(sl_ctx *c, int n, sl_layer *const *layers, sl_dtype d) {
  int total = 0, at = 0;
  if (sl_failed(c)) return false;
  if (!sl_dtype_is_float(d))
    return sl_fail(c, SL_EDTYPE, "to: argument dtype: expected float32 or float64, got %s", sl_dtype_name(d));
  for (int j = 0; j < n; j++) total += tensor_count(layers[j]);
  sl_tensor **fresh = sl_alloc(c, (size_t)(total + 1) * sizeof *fresh, "to");
  if (!fresh) return false;
  size_t mark = sl_pool_open(c);
  bool ok = convert_all(c, n, layers, d, fresh);
  for (int j = 0; ok && j < n; j++) at += tensors_replace(layers[j], fresh + at);
  sl_pool_close(c, mark);
  sl_free(c, fresh);
  return ok;
}
