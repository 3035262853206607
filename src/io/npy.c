/* The header of an npy file is a Python literal, such as
     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
   read here as that and nothing else: three keys in any order. */
#include "io/npy.h"
#include "io/sink.h"
#include "io/wire.h"
#include "sdelua/io.h"
#include "tensor/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAX_HEADER (1u << 16)

typedef struct header {
  char descr[16]; /* cut when longer */
  bool fortran;
  int ndim; /* may be more than there are sizes for */
  int64_t shape[SL_MAX_DIMS + 1];
  unsigned seen; /* a bit a key */
} header;

/* ---- the literal -------------------------------------------------------------- */

static void skip_space(const char **p) { while (isspace((unsigned char)**p)) ++*p; }

static bool accept(const char **p, const char *word) {
  skip_space(p);
  size_t n = strlen(word);
  if (strncmp(*p, word, n)) return false;
  *p += n;
  return true;
}

/* A quoted string without escapes. */
static bool read_string(const char **p, char *dst, size_t cap) {
  skip_space(p);
  char quote = **p;
  if (quote != '\'' && quote != '"') return false;
  const char *end = strchr(*p + 1, quote);
  if (!end || memchr(*p, '\\', (size_t)(end - *p))) return false;
  snprintf(dst, cap, "%.*s", (int)(end - *p - 1), *p + 1);
  *p = end + 1;
  return true;
}

/* Digits, with the L that Python 2 put after a long. */
static bool read_size(const char **p, int64_t *n) {
  skip_space(p);
  if (!isdigit((unsigned char)**p)) return false;
  for (*n = 0; isdigit((unsigned char)**p); ++*p) {
    if (*n > (INT64_MAX - 9) / 10) return false;
    *n = *n * 10 + (**p - '0');
  }
  if (**p == 'L') ++*p;
  return true;
}

static bool read_shape(const char **p, header *h) {
  if (!accept(p, "(")) return false;
  for (h->ndim = 0; !accept(p, ")"); ++h->ndim) {
    int64_t size;
    if (!read_size(p, &size)) return false;
    h->shape[h->ndim < SL_MAX_DIMS ? h->ndim : SL_MAX_DIMS] = size;
    if (!accept(p, ",")) {
      ++h->ndim;
      return accept(p, ")");
    }
  }
  return true;
}

static bool read_bool(const char **p, bool *b) {
  *b = accept(p, "True");
  return *b || accept(p, "False");
}

/* Behind the list at *p, lists and strings within it included. */
static bool skip_list(const char **p) {
  char word[2];
  for (int depth = 0; **p;) {
    if (**p == '\'' || **p == '"') {
      if (!read_string(p, word, sizeof word)) return false;
      continue;
    }
    depth += (**p == '[') - (**p == ']');
    ++*p;
    if (!depth) return true;
  }
  return false;
}

/* A structured type is a list here, of fields that may be records themselves. */
static bool read_descr(const char **p, char *descr, size_t cap) {
  if (read_string(p, descr, cap)) return true;
  if (**p != '[' || !skip_list(p)) return false;
  snprintf(descr, cap, "a record");
  return true;
}

static bool read_entry(const char **p, header *h) {
  char key[16];
  if (!read_string(p, key, sizeof key) || !accept(p, ":")) return false;
  unsigned bit = !strcmp(key, "descr") ? 1 : !strcmp(key, "fortran_order") ? 2 : !strcmp(key, "shape") ? 4 : 0;
  if (!bit || h->seen & bit) return false;
  h->seen |= bit;
  skip_space(p);
  return bit == 1 ? read_descr(p, h->descr, sizeof h->descr) : bit == 2 ? read_bool(p, &h->fortran) : read_shape(p, h);
}

static bool parse_header(const char *p, header *h) {
  if (!accept(&p, "{")) return false;
  while (!accept(&p, "}")) {
    if (!read_entry(&p, h)) return false;
    if (!accept(&p, ",")) {
      if (!accept(&p, "}")) return false;
      break;
    }
  }
  skip_space(&p);
  return !*p && h->seen == 7;
}

/* ---- reading ---------------------------------------------------------------------- */

static bool read_header(sl_ctx *c, sl_source *s, header *h) {
  uint8_t start[12];
  if (!sl_source_read(c, s, start, 8)) return false;
  if (memcmp(start, MAGIC, 6)) return sl_source_fail(c, s, "expected an npy file, got no npy magic number");
  if (start[6] < 1 || start[6] > 3 || start[7])
    return sl_source_fail(c, s, "expected npy version 1.0, 2.0 or 3.0, got %d.%d", start[6], start[7]);
  size_t wide = start[6] == 1 ? 2 : 4, n = 0;
  if (!sl_source_read(c, s, start + 8, wide)) return false;
  for (size_t i = wide; i-- > 0;) n = n << 8 | start[8 + i];
  if (n > MAX_HEADER) return sl_source_fail(c, s, "expected an npy header of at most %u bytes, got %zu", MAX_HEADER, n);
  if (!sl_source_expect(c, s, n, "header")) return false;
  char *text = sl_alloc(c, n + 1, s->who);
  bool ok = text && sl_source_read(c, s, text, n);
  if (ok) {
    text[n] = '\0';
    ok = strlen(text) == n && parse_header(text, h);
    if (!ok) sl_source_fail(c, s, "malformed npy header");
  }
  sl_free(c, text);
  return ok;
}

/* '<f4': byte order, kind, size. */
static bool parse_descr(const char *d, sl_wire *w) {
  if (strlen(d) != 3 || !strchr("<>|", d[0])) return false;
  *w = (sl_wire){.kind = d[1], .size = (uint8_t)(d[2] - '0'), .big = d[0] == '>'};
  switch (d[1]) {
  case 'f': return d[2] == '2' || d[2] == '4' || d[2] == '8';
  case 'i': case 'u': return d[2] == '1' || d[2] == '2' || d[2] == '4' || d[2] == '8';
  case 'b': return d[2] == '1';
  default: return false;
  }
}

/* Data in Fortran order is the transpose in C order. */
static sl_tensor *from_fortran(sl_ctx *c, sl_tensor *t) {
  int64_t shape[SL_MAX_DIMS], stride[SL_MAX_DIMS];
  if (!t || t->ndim < 2) return t;
  for (int i = 0; i < t->ndim; i++) {
    shape[i] = t->shape[t->ndim - 1 - i];
    stride[i] = t->stride[t->ndim - 1 - i];
  }
  sl_tensor *view = sl_view(c, t, t->ndim, shape, stride, t->offset);
  sl_tensor *out = view ? sl_empty(c, t->dtype, t->ndim, shape) : NULL;
  return out && sl_copy_into(c, out, view) ? out : NULL;
}

static void reverse(int n, int64_t *v) {
  for (int i = 0; i < n / 2; i++) {
    int64_t x = v[i];
    v[i] = v[n - 1 - i];
    v[n - 1 - i] = x;
  }
}

sl_tensor *sl_npy_read(sl_ctx *c, sl_source *s) {
  header h = {0};
  sl_wire w;
  if (!read_header(c, s, &h)) return NULL;
  if (!parse_descr(h.descr, &w))
    return sl_source_fail(c, s, "expected elements of type f2 f4 f8, i1 to i8, u1 to u8 or b1, got %s", h.descr);
  if (h.fortran && h.ndim <= SL_MAX_DIMS) reverse(h.ndim, h.shape);
  size_t mark = sl_pool_open(c);
  sl_tensor *t = sl_wire_read(c, s, w, h.ndim, h.shape);
  if (t && !sl_source_end(c, s)) t = NULL;
  return sl_pool_return(c, mark, h.fortran ? from_fortran(c, t) : t);
}

sl_tensor *sl_npy_load(sl_ctx *c, const char *path) {
  sl_source s;
  if (!sl_source_open(c, &s, "npy.load", path)) return NULL;
  sl_tensor *t = sl_npy_read(c, &s);
  sl_source_close(&s);
  return t;
}

sl_tensor *sl_npy_decode(sl_ctx *c, const void *data, size_t size) {
  sl_source s;
  sl_source_memory(&s, "npy.decode", data, size);
  return sl_failed(c) ? NULL : sl_npy_read(c, &s);
}

/* ---- writing ---------------------------------------------------------------------- */

/* As numpy.save writes it, byte for byte. */
size_t sl_npy_header(const sl_tensor *t, char buf[SL_NPY_HEADER_MAX]) {
  static const char *const descr[SL_DTYPES] = {[SL_F32] = "<f4", [SL_F64] = "<f8", [SL_I64] = "<i8", [SL_U8] = "|u1"};
  size_t n = 10, cap = SL_NPY_HEADER_MAX;
  n += (size_t)snprintf(buf + n, cap - n, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[t->dtype]);
  for (int i = 0; i < t->ndim; i++)
    n += (size_t)snprintf(buf + n, cap - n, "%s%lld", i ? ", " : "", (long long)t->shape[i]);
  n += (size_t)snprintf(buf + n, cap - n, t->ndim == 1 ? ",), }" : "), }");
  size_t total = (n + 1 + 63) / 64 * 64;
  memset(buf + n, ' ', total - n);
  buf[total - 1] = '\n';
  memcpy(buf, MAGIC "\x01\x00", 8);
  buf[8] = (char)((total - 10) & 255);
  buf[9] = (char)((total - 10) >> 8);
  return total;
}

bool sl_npy_save(sl_ctx *c, const char *path, const sl_tensor *t) {
  sl_sink s;
  char head[SL_NPY_HEADER_MAX];
  if (!t || !sl_sink_open(c, &s, "npy.save", path)) return false;
  bool ok = sl_sink_write(c, &s, head, sl_npy_header(t, head)) && sl_sink_tensor(c, &s, t);
  return sl_sink_close(c, &s, ok);
}
