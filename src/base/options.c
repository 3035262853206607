/* Option strings and their values. */
#include "base/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name, *expects; } kinds[] = {
    [SL_O_SIZE] = {"size", "an integer >= 1"},  [SL_O_COUNT] = {"count", "an integer >= 0"},
    [SL_O_NUM] = {"num", "a finite number"},    [SL_O_POS] = {"pos", "a number > 0"},
    [SL_O_NONNEG] = {"nonneg", "a number >= 0"}, [SL_O_FRAC] = {"frac", "a number in [0,1)"},
    [SL_O_BOOL] = {"bool", "true or false"},
};
#define N_KINDS (int)(sizeof kinds / sizeof *kinds)

static bool is_whole(double v) { return v == floor(v); }

static bool admits(sl_option_kind kind, double v) {
  bool whole = is_whole(v) && v <= INT32_MAX; /* kernels count in ints */
  switch (kind) {
  case SL_O_SIZE: return whole && v >= 1;
  case SL_O_COUNT: return whole && v >= 0;
  case SL_O_NUM: return isfinite(v);
  case SL_O_POS: return isfinite(v) && v > 0;
  case SL_O_NONNEG: return isfinite(v) && v >= 0;
  case SL_O_FRAC: return v >= 0 && v < 1;
  case SL_O_BOOL: return v == 0 || v == 1;
  }
  return false;
}

static double read_value(const char *text) {
  if (!strcmp(text, "true")) return 1;
  if (!strcmp(text, "false")) return 0;
  char *end;
  double v = strtod(text, &end);
  return end != text && !*end ? v : NAN;
}

/* word: "name:kind" or "name:kind=default" */
static bool parse_word(char *word, sl_option *o) {
  char *kind = strchr(word, ':'), *value = strchr(word, '=');
  if (!kind) return false;
  *kind++ = 0;
  if (value) *value++ = 0;
  if (!*word || strlen(word) >= sizeof o->name) return false;
  strcpy(o->name, word);
  o->value = value ? read_value(value) : SL_DEFAULT;
  for (int k = 0; k < N_KINDS; k++) {
    if (strcmp(kinds[k].name, kind)) continue;
    o->kind = (sl_option_kind)k;
    return !value || admits(o->kind, o->value);
  }
  return false;
}

bool sl_options_parse(sl_ctx *c, const char *who, const char *text, sl_options *out) {
  out->n = 0;
  while (*(text += strspn(text, " "))) {
    char word[64];
    size_t len = strcspn(text, " ");
    if (out->n == SL_MAX_OPTIONS || len >= sizeof word) break;
    memcpy(word, text, len);
    word[len] = 0;
    if (!parse_word(word, &out->o[out->n])) break;
    out->n++;
    text += len;
  }
  if (!*text) return true;
  return sl_fail(c, SL_EARG, "%s: the row's option string is malformed at \"%s\"", who, text);
}

bool sl_option_check(sl_ctx *c, const char *who, const sl_option *o, double value) {
  if (admits(o->kind, value)) return true;
  char got[32] = "nothing";
  if (!isnan(value)) snprintf(got, sizeof got, "%.6g", value);
  bool counts = o->kind == SL_O_SIZE || o->kind == SL_O_COUNT, large = counts && is_whole(value) && value > INT32_MAX;
  const char *expects = large ? "an integer < 2^31" : kinds[o->kind].expects;
  return sl_fail(c, SL_EARG, "%s: argument %s: expected %s, got %s", who, o->name, expects, got);
}

bool sl_options_fill(sl_ctx *c, const char *who, const sl_options *s, int n, const double *given, double *out) {
  if (n > s->n) return sl_fail(c, SL_EARG, "%s: expected at most %d options, got %d", who, s->n, n);
  for (int i = 0; i < s->n; i++) {
    out[i] = i < n && !isnan(given[i]) ? given[i] : s->o[i].value;
    if (!sl_option_check(c, who, &s->o[i], out[i])) return false;
  }
  return true;
}

int sl_option_find(const sl_options *s, const char *name) {
  for (int i = 0; i < s->n; i++)
    if (!strcmp(s->o[i].name, name)) return i;
  return -1;
}
