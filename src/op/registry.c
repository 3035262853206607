/* The table of all ops: families, the parser of argument strings, look-up. */
#include "kernel/kernel.h"
#include "op/op.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILIES(F) \
  F(unary) F(binary) F(where) F(axpby) F(reduce) F(softmax) F(scan) F(shape) F(join) F(index) F(product) F(conv) \
  F(norm) F(attention) F(resample) F(fir) F(pool) F(resize) F(dropout) F(embedding)

#define DECLARE(name) extern sl_op sl_##name##_ops[];
FAMILIES(DECLARE)
#define LIST(name) sl_##name##_ops,
sl_op *const sl_op_families[] = {FAMILIES(LIST) NULL};

/* ---- argument strings ---------------------------------------------------------- */

static const struct { const char *name; sl_kind kind; } kinds[] = {
  {"int", SL_P_INT}, {"num", SL_P_NUM}, {"bool", SL_P_BOOL}, {"dim", SL_P_DIM}, {"pos", SL_P_POS},
  {"dims", SL_P_DIMS}, {"ints", SL_P_INTS}, {"pair", SL_P_PAIR}, {"dtype", SL_P_DTYPE},
};

static bool parse_default(const char *text, sl_kind kind, sl_param *out) {
  if (kind == SL_P_NUM) out->f = strtod(text, NULL);
  else if (kind == SL_P_BOOL) out->i = !strcmp(text, "true");
  else if (kind == SL_P_PAIR) out->pair.h = out->pair.w = (int32_t)strtol(text, NULL, 10);
  else out->i = strtoll(text, NULL, 10);
  return *text != 0;
}

static bool parse_param(char *word, char *colon, sl_spec *s) {
  if (s->n_param == SL_MAX_PARAM) return false;
  int i = s->n_param++;
  char *equals = strchr(colon, '=');
  *colon = 0;
  if (equals) *equals = 0;
  snprintf(s->param[i].name, sizeof s->param[i].name, "%s", word);
  for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++)
    if (!strcmp(kinds[j].name, colon + 1)) {
      s->param[i].kind = kinds[j].kind;
      s->param[i].has_default = equals || kinds[j].kind == SL_P_DIMS;
      return !equals || parse_default(equals + 1, kinds[j].kind, &s->param[i].value);
    }
  return false;
}

static bool parse_tensor(char *word, sl_spec *s) {
  if (s->n_in == SL_MAX_IN || s->n_param || s->variadic) return false;
  int i = s->n_in++;
  size_t n = strlen(word);
  s->in[i].optional = word[n - 1] == '?';
  s->variadic = word[n - 1] == '*';
  if (s->in[i].optional || s->variadic) word[n - 1] = 0;
  snprintf(s->in[i].name, sizeof s->in[i].name, "%s", word);
  return true;
}

static bool parse_keep(const char *keep, sl_spec *s) {
  char text[64], *rest = text, *word;
  snprintf(text, sizeof text, "%s", keep ? keep : "");
  while ((word = strsep(&rest, " "))) {
    bool found = !*word || !strcmp(word, "out");
    if (!strcmp(word, "out")) s->keep_out = true;
    for (int i = 0; i < s->n_in; i++)
      if (!strcmp(word, s->in[i].name)) s->in[i].keep = found = true;
    if (!found) return false;
  }
  return true;
}

static bool parse_row(const sl_op *op, sl_spec *s) {
  char text[160], *rest = text, *word;
  if (snprintf(text, sizeof text, "%s", op->args) >= (int)sizeof text) return false;
  while ((word = strsep(&rest, " "))) {
    char *colon = strchr(word, ':');
    if (*word && !(colon ? parse_param(word, colon, s) : parse_tensor(word, s))) return false;
  }
  return parse_keep(op->keep, s);
}

/* ---- once a process --------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sl_spec specs[SL_MAX_OPS];
static const sl_op *by_name[SL_MAX_OPS];
static int n_ops;
static const char *malformed; /* the first row that is */

static int compare_names(const void *a, const void *b) {
  return strcmp((*(const sl_op *const *)a)->name, (*(const sl_op *const *)b)->name);
}

static void parse_all(void) {
  for (int f = 0; sl_op_families[f]; f++)
    for (sl_op *op = sl_op_families[f]; op->name; op++) {
      if (n_ops == SL_MAX_OPS || !parse_row(op, &specs[n_ops])) {
        malformed = op->name;
        return;
      }
      op->id = n_ops;
      op->spec = &specs[n_ops];
      by_name[n_ops++] = op;
    }
  qsort(by_name, (size_t)n_ops, sizeof *by_name, compare_names);
  for (int i = 1; i < n_ops; i++)
    if (!strcmp(by_name[i - 1]->name, by_name[i]->name)) malformed = by_name[i]->name;
}

static const void *find_kernel(const sl_kernels *k, const char *name) {
  for (const sl_unary_kernel *u = k->unary; u->name; u++)
    if (!strcmp(u->name, name)) return u;
  for (const sl_binary_kernel *b = k->binary; b->name; b++)
    if (!strcmp(b->name, name)) return b;
  for (const sl_reduce_kernel *r = k->reduce; r->name; r++)
    if (!strcmp(r->name, name)) return r;
  return NULL;
}

bool sl_ops_init(sl_ctx *c) {
  if (c->ops_ready) return true;
  pthread_once(&once, parse_all);
  if (malformed) return sl_fail(c, SL_ESTATE, "%s: its row in the table of ops is malformed or a name is there twice", malformed);
  for (int i = 0; i < n_ops; i++) c->op_kernel[by_name[i]->id] = find_kernel(c->k, by_name[i]->name);
  c->ops_ready = true;
  return true;
}

const sl_op *sl_op_find(sl_ctx *c, const char *name) {
  const sl_op key = {.name = name}, *k = &key;
  if (!sl_ops_init(c)) return NULL;
  const sl_op **found = bsearch(&k, by_name, (size_t)n_ops, sizeof *by_name, compare_names);
  return found ? *found : NULL;
}
