#include "io/bundle.h"

#include <stdlib.h>
#include <string.h>

sl_bundle *sl_bundle_new(sl_ctx *c) {
  sl_bundle *b = sl_failed(c) ? NULL : sl_alloc(c, sizeof *b, "bundle");
  if (b) *b = (sl_bundle){.ctx = c};
  return b;
}

static void list_free(sl_ctx *c, sl_bundle_list *l) {
  for (size_t i = 0; i < l->n; i++) {
    sl_release(l->item[i].tensor);
    sl_free(c, l->item[i].text);
    sl_free(c, l->item[i].name);
  }
  sl_free(c, l->item);
  sl_free(c, l->slot);
}

void sl_bundle_free(sl_bundle *b) {
  if (!b) return;
  list_free(b->ctx, &b->tensors);
  list_free(b->ctx, &b->texts);
  sl_free(b->ctx, b);
}

/* ---- the index ------------------------------------------------------------------ */

static uint64_t hash(const char *s) { /* FNV-1a */
  uint64_t h = 0xcbf29ce484222325u;
  for (; *s; s++) h = (h ^ (uint8_t)*s) * 0x100000001b3u;
  return h ^ h >> 32;
}

/* Where the name is, or the empty slot where it would go. cap is a power of two. */
static uint32_t *find_slot(const sl_bundle_list *l, const char *name) {
  size_t mask = 2 * l->cap - 1, at = hash(name) & mask;
  while (l->slot[at] && strcmp(l->item[l->slot[at] - 1].name, name)) at = (at + 1) & mask;
  return &l->slot[at];
}

static const sl_bundle_item *find(const sl_bundle_list *l, const char *name) {
  uint32_t at = l->n ? *find_slot(l, name) : 0;
  return at ? &l->item[at - 1] : NULL;
}

static bool list_grow(sl_ctx *c, sl_bundle_list *l) {
  if (l->n < l->cap) return true;
  sl_bundle_list big = {.n = l->n, .cap = l->cap ? 2 * l->cap : 16};
  if (big.cap > UINT32_MAX / 2) return sl_fail(c, SL_EARG, "bundle: expected fewer than 2^31 names");
  big.item = sl_alloc(c, big.cap * sizeof *big.item, "bundle");
  big.slot = big.item ? sl_alloc(c, 2 * big.cap * sizeof *big.slot, "bundle") : NULL;
  if (!big.slot) {
    sl_free(c, big.item);
    return false;
  }
  if (l->n) memcpy(big.item, l->item, l->n * sizeof *l->item);
  memset(big.slot, 0, 2 * big.cap * sizeof *big.slot);
  for (size_t i = 0; i < l->n; i++) *find_slot(&big, big.item[i].name) = (uint32_t)i + 1;
  sl_free(c, l->item);
  sl_free(c, l->slot);
  *l = big;
  return true;
}

/* ---- putting ---------------------------------------------------------------------- */

/* RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. */
bool sl_utf8_valid(const char *s, size_t n) {
  const uint8_t *p = (const uint8_t *)s, *end = p + n;
  while (p < end) {
    int more = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : (*p & 0xf0) == 0xe0 ? 2 : *p >= 0xf0 && *p < 0xf5 ? 3 : -1;
    if (more < 0 || !*p || end - p <= more) return false;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f)) return false;
    if ((*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f)) return false;
    for (p++; more > 0; more--, p++)
      if ((*p & 0xc0) != 0x80) return false;
  }
  return true;
}

static char *copy_text(sl_ctx *c, const char *s) {
  size_t n = strlen(s) + 1;
  char *copy = sl_alloc(c, n, "bundle");
  return copy ? memcpy(copy, s, n) : NULL;
}

/* Adds an item of that name without a value; NULL with the error set. */
static sl_bundle_item *list_add(sl_ctx *c, sl_bundle_list *l, const char *name) {
  if (!sl_utf8_valid(name, strlen(name))) return sl_fail(c, SL_EARG, "bundle: argument name: expected UTF-8");
  if (find(l, name)) return sl_fail(c, SL_EARG, "bundle: argument name: \"%.120s\" is there already", name);
  char *copy = copy_text(c, name);
  if (!copy || !list_grow(c, l)) {
    sl_free(c, copy);
    return NULL;
  }
  *find_slot(l, copy) = (uint32_t)l->n + 1;
  l->item[l->n] = (sl_bundle_item){.name = copy};
  return &l->item[l->n++];
}

bool sl_bundle_put(sl_ctx *c, sl_bundle *b, const char *name, sl_tensor *t) {
  if (sl_failed(c) || !b || !t) return false;
  sl_bundle_item *item = list_add(c, &b->tensors, name);
  if (item) item->tensor = sl_retain(t);
  return item;
}

bool sl_bundle_put_text(sl_ctx *c, sl_bundle *b, const char *key, const char *text) {
  if (sl_failed(c) || !b) return false;
  if (!sl_utf8_valid(text, strlen(text)))
    return sl_fail(c, SL_EARG, "bundle: argument text: expected UTF-8 for \"%.120s\"", key);
  char *copy = copy_text(c, text);
  sl_bundle_item *item = copy ? list_add(c, &b->texts, key) : NULL;
  if (item) item->text = copy;
  else sl_free(c, copy);
  return item;
}

/* ---- looking ----------------------------------------------------------------------- */

size_t sl_bundle_count(const sl_bundle *b) { return b->tensors.n; }
const char *sl_bundle_name(const sl_bundle *b, size_t i) { return b->tensors.item[i].name; }
sl_tensor *sl_bundle_tensor(const sl_bundle *b, size_t i) { return b->tensors.item[i].tensor; }
size_t sl_bundle_text_count(const sl_bundle *b) { return b->texts.n; }
const char *sl_bundle_key(const sl_bundle *b, size_t i) { return b->texts.item[i].name; }
const char *sl_bundle_text_at(const sl_bundle *b, size_t i) { return b->texts.item[i].text; }

sl_tensor *sl_bundle_get(const sl_bundle *b, const char *name) {
  const sl_bundle_item *item = find(&b->tensors, name);
  return item ? item->tensor : NULL;
}

const char *sl_bundle_text(const sl_bundle *b, const char *key) {
  const sl_bundle_item *item = find(&b->texts, key);
  return item ? item->text : NULL;
}

int sl_bundle_by_name(const void *a, const void *b) {
  return strcmp((*(const sl_bundle_item *const *)a)->name, (*(const sl_bundle_item *const *)b)->name);
}

const sl_bundle_item **sl_bundle_sorted(sl_ctx *c, const sl_bundle_list *l, sl_bundle_compare *compare) {
  const sl_bundle_item **p = sl_alloc(c, (l->n + 1) * sizeof *p, "bundle");
  for (size_t i = 0; p && i < l->n; i++) p[i] = &l->item[i];
  if (p) qsort(p, l->n, sizeof *p, compare);
  return p;
}
