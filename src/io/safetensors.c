/* https://github.com/huggingface/safetensors#format. The rules checked here are
   those of its reference implementation: the tensors' byte ranges tile the data
   without a hole or an overlap, each is shape times element size long, no name
   comes twice, the header has at most 100 MB. */
#include "io/bundle.h"
#include "io/json.h"
#include "io/sink.h"
#include "io/wire.h"
#include "tensor/internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_HEADER 100000000u
#define METADATA "__metadata__"

static const struct dtype {
  const char *name;
  sl_wire wire;
} dtypes[] = {
  {"F64", {'f', 8, false}}, {"F32", {'f', 4, false}}, {"F16", {'f', 2, false}}, {"BF16", {'h', 2, false}},
  {"I64", {'i', 8, false}}, {"I32", {'i', 4, false}}, {"I16", {'i', 2, false}}, {"I8", {'i', 1, false}},
  {"U64", {'u', 8, false}}, {"U32", {'u', 4, false}}, {"U16", {'u', 2, false}}, {"U8", {'u', 1, false}},
  {"BOOL", {'b', 1, false}},
};

/* ---- reading the header -------------------------------------------------------- */

typedef struct entry {
  char *name; /* in the header's text */
  sl_wire wire;
  int ndim;
  int64_t shape[SL_MAX_DIMS];
  uint64_t begin, end;
} entry;

typedef struct reader {
  sl_source *s;
  sl_json j;
  sl_bundle *b;
  entry *entry;
  size_t n, cap;
} reader;

static bool malformed(sl_ctx *c, const reader *r, const char *what) {
  return sl_source_fail(c, r->s, "malformed safetensors header: expected %s", what);
}

static bool read_dtype(sl_ctx *c, reader *r, entry *e) {
  char *name;
  if (!sl_json_string(&r->j, &name)) return malformed(c, r, "a string for dtype");
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (!strcmp(name, dtypes[i].name)) {
      e->wire = dtypes[i].wire;
      return true;
    }
  return sl_source_fail(c, r->s, "tensor \"%.80s\": elements of type %.16s are not supported", e->name, name);
}

/* A list of at most `most` numbers below 2^63. */
static bool read_numbers(sl_ctx *c, reader *r, const entry *e, int most, int *n, uint64_t *v) {
  bool first = true, bad = !sl_json_accept(&r->j, '[');
  for (*n = 0; !bad && sl_json_more(&r->j, ']', &first, &bad); ++*n) {
    if (*n == most)
      return sl_source_fail(c, r->s, "tensor \"%.80s\": expected at most %d dimensions, got more", e->name, most);
    if (!sl_json_uint(&r->j, &v[*n])) return malformed(c, r, "whole numbers for shape and data_offsets");
  }
  return !bad || malformed(c, r, "lists for shape and data_offsets");
}

static bool read_shape(sl_ctx *c, reader *r, entry *e) {
  uint64_t v[SL_MAX_DIMS];
  if (!read_numbers(c, r, e, SL_MAX_DIMS, &e->ndim, v)) return false;
  for (int i = 0; i < e->ndim; i++) e->shape[i] = (int64_t)v[i];
  return true;
}

static bool read_offsets(sl_ctx *c, reader *r, entry *e) {
  uint64_t v[SL_MAX_DIMS];
  int n;
  if (!read_numbers(c, r, e, SL_MAX_DIMS, &n, v)) return false;
  if (n != 2 || v[0] > v[1]) return malformed(c, r, "a begin and an end in data_offsets");
  e->begin = v[0];
  e->end = v[1];
  return true;
}

static bool read_field(sl_ctx *c, reader *r, entry *e, unsigned *seen) {
  static const struct { const char *key; bool (*read)(sl_ctx *, reader *, entry *); } fields[] = {
    {"dtype", read_dtype}, {"shape", read_shape}, {"data_offsets", read_offsets}};
  char *key;
  if (!sl_json_string(&r->j, &key) || !sl_json_accept(&r->j, ':')) return malformed(c, r, "\"key\": value");
  for (unsigned i = 0; i < 3; i++)
    if (!strcmp(key, fields[i].key) && !(*seen & 1u << i)) {
      *seen |= 1u << i;
      return fields[i].read(c, r, e);
    }
  return malformed(c, r, "dtype, shape and data_offsets, once each");
}

static bool read_entry(sl_ctx *c, reader *r, entry *e) {
  uint64_t bytes;
  unsigned seen = 0;
  bool first = true, bad = !sl_json_accept(&r->j, '{');
  while (!bad && sl_json_more(&r->j, '}', &first, &bad))
    if (!read_field(c, r, e, &seen)) return false;
  if (bad || seen != 7) return malformed(c, r, "dtype, shape and data_offsets for every tensor");
  if (!sl_wire_bytes(c, r->s, e->wire, e->ndim, e->shape, &bytes)) return false;
  if (e->end - e->begin == bytes) return true;
  return sl_source_fail(c, r->s,
                        "tensor \"%.80s\": expected %llu bytes for its shape and type, got data_offsets of %llu",
                        e->name, (unsigned long long)bytes, (unsigned long long)(e->end - e->begin));
}

static bool read_metadata(sl_ctx *c, reader *r) {
  char *key, *text;
  bool first = true, bad = !sl_json_accept(&r->j, '{');
  while (!bad && sl_json_more(&r->j, '}', &first, &bad)) {
    bad = !sl_json_string(&r->j, &key) || !sl_json_accept(&r->j, ':') || !sl_json_string(&r->j, &text);
    if (bad) break;
    if (sl_bundle_text(r->b, key)) return sl_source_fail(c, r->s, "metadata \"%.80s\" comes twice", key);
    if (!sl_bundle_put_text(c, r->b, key, text)) return false;
  }
  return !bad || malformed(c, r, "strings in " METADATA);
}

static entry *new_entry(sl_ctx *c, reader *r) {
  if (r->n == r->cap) {
    size_t cap = r->cap ? 2 * r->cap : 64;
    entry *e = sl_alloc(c, cap * sizeof *e, r->s->who);
    if (!e) return NULL;
    if (r->n) memcpy(e, r->entry, r->n * sizeof *e);
    sl_free(c, r->entry);
    r->entry = e;
    r->cap = cap;
  }
  return memset(&r->entry[r->n++], 0, sizeof(entry));
}

static bool read_header(sl_ctx *c, reader *r) {
  char *name;
  bool first = true, bad = *r->j.p != '{' || !sl_json_accept(&r->j, '{'), metadata = false;
  while (!bad && sl_json_more(&r->j, '}', &first, &bad)) {
    if (!sl_json_string(&r->j, &name) || !sl_json_accept(&r->j, ':')) return malformed(c, r, "\"name\": {...}");
    if (strcmp(name, METADATA)) {
      entry *e = new_entry(c, r);
      if (!e) return false;
      e->name = name;
      if (!read_entry(c, r, e)) return false;
    } else {
      if (metadata) return sl_source_fail(c, r->s, METADATA " comes twice");
      metadata = true;
      if (!read_metadata(c, r)) return false;
    }
  }
  return (!bad && sl_json_end(&r->j)) || malformed(c, r, "one object and spaces");
}

/* ---- reading the data ------------------------------------------------------------- */

static int by_offset(const void *pa, const void *pb) {
  const entry *a = pa, *b = pb;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  if (a->end != b->end) return a->end < b->end ? -1 : 1;
  return strcmp(a->name, b->name);
}

static bool check_tiles(sl_ctx *c, const reader *r) {
  uint64_t at = 0;
  for (size_t i = 0; i < r->n; at = r->entry[i++].end)
    if (r->entry[i].begin != at)
      return sl_source_fail(c, r->s, "tensor \"%.80s\": expected its data to begin at %llu, got %llu", r->entry[i].name,
                            (unsigned long long)at, (unsigned long long)r->entry[i].begin);
  if (at == r->s->bound) return true;
  return sl_source_fail(c, r->s, "%s: expected %llu bytes of data, got %llu",
                        at > r->s->bound ? "cut short" : "too long", (unsigned long long)at,
                        (unsigned long long)r->s->bound);
}

static bool read_tensor(sl_ctx *c, reader *r, const entry *e) {
  if (sl_bundle_get(r->b, e->name)) return sl_source_fail(c, r->s, "tensor \"%.80s\" comes twice", e->name);
  size_t mark = sl_pool_open(c);
  sl_tensor *t = sl_wire_read(c, r->s, e->wire, e->ndim, e->shape);
  bool ok = sl_bundle_put(c, r->b, e->name, t);
  sl_pool_close(c, mark);
  return ok;
}

static bool read_body(sl_ctx *c, reader *r) {
  if (!read_header(c, r)) return false;
  if (r->n) qsort(r->entry, r->n, sizeof *r->entry, by_offset);
  if (!check_tiles(c, r)) return false;
  for (size_t i = 0; i < r->n; i++)
    if (!read_tensor(c, r, &r->entry[i])) return false;
  return true;
}

/* What begins the file is no length of a header. */
static bool refuse_start(sl_ctx *c, const sl_source *s, uint64_t size) {
  const char *other = !memcmp(&size, "\x93NUMPY", 6) ? "an npy file: sl.npy.load reads it"
                      : !memcmp(&size, "PK\3\4", 4)  ? "an npz archive: sl.npz.load reads it"
                                                     : NULL;
  if (other) return sl_source_fail(c, s, "expected a safetensors file, got %s", other);
  return sl_source_fail(c, s, "expected a safetensors header of 2 to %u bytes, got %llu", MAX_HEADER,
                        (unsigned long long)size);
}

static sl_bundle *read_all(sl_ctx *c, sl_source *s) {
  uint64_t size;
  if (!sl_source_read(c, s, &size, sizeof size)) return NULL;
  if (size > MAX_HEADER || size < 2) {
    refuse_start(c, s, size);
    return NULL;
  }
  if (!sl_source_expect(c, s, size, "header")) return NULL;
  reader r = {.s = s, .b = sl_bundle_new(c)};
  char *text = r.b ? sl_alloc(c, size, s->who) : NULL;
  bool ok = text && sl_source_read(c, s, text, size);
  r.j = (sl_json){text, text ? text + size : NULL};
  ok = ok && read_body(c, &r);
  sl_free(c, r.entry);
  sl_free(c, text);
  if (ok) return r.b;
  sl_bundle_free(r.b);
  return NULL;
}

sl_bundle *sl_safetensors_load(sl_ctx *c, const char *path) {
  sl_source s;
  if (!sl_source_open(c, &s, "load", path)) return NULL;
  sl_bundle *b = read_all(c, &s);
  sl_source_close(&s);
  return b;
}

sl_bundle *sl_safetensors_decode(sl_ctx *c, const void *data, size_t size) {
  sl_source s;
  sl_source_memory(&s, "safetensors.decode", data, size);
  return sl_failed(c) ? NULL : read_all(c, &s);
}

/* ---- writing ------------------------------------------------------------------------ */

static int by_size_then_name(const void *pa, const void *pb) {
  const sl_bundle_item *a = *(const sl_bundle_item *const *)pa, *b = *(const sl_bundle_item *const *)pb;
  size_t sa = sl_dtype_size(a->tensor->dtype), sb = sl_dtype_size(b->tensor->dtype);
  return sa != sb ? (sa < sb) - (sa > sb) : strcmp(a->name, b->name);
}

static void put_metadata(sl_json_out *o, const sl_bundle_item **text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    sl_json_put(o, i ? "," : "\"" METADATA "\":{");
    sl_json_put_string(o, text[i]->name);
    sl_json_put(o, ":");
    sl_json_put_string(o, text[i]->text);
  }
  if (n) sl_json_put(o, "}");
}

static void put_tensor(sl_json_out *o, const sl_bundle_item *item, uint64_t *at) {
  static const char *const names[SL_DTYPES] = {[SL_F32] = "F32", [SL_F64] = "F64", [SL_I64] = "I64", [SL_U8] = "U8"};
  const sl_tensor *t = item->tensor;
  uint64_t end = *at + (uint64_t)sl_numel(t) * sl_dtype_size(t->dtype);
  sl_json_put_string(o, item->name);
  sl_json_put(o, ":{\"dtype\":\"%s\",\"shape\":[", names[t->dtype]);
  for (int i = 0; i < t->ndim; i++) sl_json_put(o, "%s%lld", i ? "," : "", (long long)t->shape[i]);
  sl_json_put(o, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)*at, (unsigned long long)end);
  *at = end;
}

typedef struct writer {
  const sl_bundle_item **tensor, **text;
  size_t n_tensor, n_text;
} writer;

/* Padded with spaces so that the data starts at a multiple of 8. */
static void put_header(sl_json_out *o, const writer *w) {
  uint64_t at = 0;
  sl_json_put(o, "{");
  put_metadata(o, w->text, w->n_text);
  for (size_t i = 0; i < w->n_tensor; i++) {
    if (i || w->n_text) sl_json_put(o, ",");
    put_tensor(o, w->tensor[i], &at);
  }
  sl_json_put(o, "}");
  while (o->n % 8) sl_json_put(o, " ");
}

static bool write_all(sl_ctx *c, sl_sink *s, const writer *w) {
  sl_json_out o = {0};
  put_header(&o, w);
  if (o.n > MAX_HEADER)
    return sl_fail(c, SL_EARG, "save: names and texts: expected a header of at most %u bytes, got %zu", MAX_HEADER,
                   o.n);
  uint64_t size = o.n;
  o = (sl_json_out){.dst = sl_alloc(c, size + 1, "save"), .cap = size + 1};
  if (!o.dst) return false;
  put_header(&o, w);
  bool ok = sl_sink_write(c, s, &size, sizeof size) && sl_sink_write(c, s, o.dst, size);
  sl_free(c, o.dst);
  for (size_t i = 0; ok && i < w->n_tensor; i++) ok = sl_sink_tensor(c, s, w->tensor[i]->tensor);
  return ok;
}

bool sl_safetensors_save(sl_ctx *c, const char *path, const sl_bundle *b) {
  sl_sink s;
  if (sl_failed(c) || !b) return false;
  if (sl_bundle_get(b, METADATA))
    return sl_fail(c, SL_EARG,
                   "save: argument name: expected another name than " METADATA ", which the format reserves");
  writer w = {.n_tensor = b->tensors.n, .n_text = b->texts.n};
  w.tensor = sl_bundle_sorted(c, &b->tensors, by_size_then_name);
  w.text = w.tensor ? sl_bundle_sorted(c, &b->texts, sl_bundle_by_name) : NULL;
  bool ok = w.text && sl_sink_open(c, &s, "save", path);
  if (ok) ok = sl_sink_close(c, &s, write_all(c, &s, &w));
  sl_free(c, w.tensor);
  sl_free(c, w.text);
  return ok;
}
