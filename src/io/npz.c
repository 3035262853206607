/* An npz is a zip archive of npy members. The archive is read from the file by
   libzip; it is written to memory, and from there through the sink. */
#include "io/bundle.h"
#include "io/npy.h"
#include "io/sink.h"

#include <stdio.h>
#include <string.h>
#include <zip.h>

/* ---- reading ------------------------------------------------------------------ */

static bool zip_fail(sl_ctx *c, const sl_source *s, zip_error_t *e) {
  sl_code code = zip_error_code_zip(e) == ZIP_ER_MEMORY ? SL_EMEMORY : SL_EIO;
  sl_fail(c, code, "%s: %s: %s", s->who, sl_path_tail(s->name), zip_error_strerror(e));
  zip_error_fini(e);
  return false;
}

static int64_t member_pull(sl_ctx *c, sl_source *s, void *dst, size_t n) {
  int64_t got = zip_fread(s->ud, dst, n);
  if (got < 0) sl_source_fail(c, s, "%s", zip_file_strerror(s->ud));
  return got;
}

/* "a/w.npy" -> "a/w" */
static bool member_name(sl_ctx *c, const sl_source *s, const char *file, char *name, size_t cap) {
  size_t n = strlen(file);
  if (n < 4 || strcmp(file + n - 4, ".npy")) return sl_source_fail(c, s, "expected members NAME.npy, got %.80s", file);
  if (n >= cap) return sl_source_fail(c, s, "expected member names of at most %zu bytes, got %zu", cap - 1, n);
  snprintf(name, cap, "%.*s", (int)(n - 4), file);
  return true;
}

static sl_tensor *read_member(sl_ctx *c, const sl_source *s, zip_t *z, const zip_stat_t *st) {
  char label[300];
  snprintf(label, sizeof label, "%s: %.80s", sl_path_tail(s->name), st->name);
  sl_source m = {.who = s->who, .name = label, .bound = st->size, .pull = member_pull};
  if (st->comp_size > s->bound || st->size / SL_DEFLATE_RATIO > st->comp_size)
    return sl_source_fail(c, &m, "expected a size that its data can hold, got %llu bytes",
                          (unsigned long long)st->size);
  m.ud = zip_fopen_index(z, st->index, 0);
  if (!m.ud) return sl_source_fail(c, &m, "%s", zip_strerror(z));
  sl_tensor *t = sl_npy_read(c, &m);
  zip_fclose(m.ud);
  return t;
}

static bool put_member(sl_ctx *c, const sl_source *s, zip_t *z, uint64_t i, sl_bundle *b) {
  zip_stat_t st;
  char name[1024];
  const uint64_t need = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_INDEX;
  if (zip_stat_index(z, i, 0, &st) || (st.valid & need) != need) return sl_source_fail(c, s, "%s", zip_strerror(z));
  if (!member_name(c, s, st.name, name, sizeof name)) return false;
  if (!sl_utf8_valid(name, strlen(name))) return sl_source_fail(c, s, "expected member names in UTF-8");
  if (sl_bundle_get(b, name)) return sl_source_fail(c, s, "member \"%.80s\" comes twice", name);
  size_t mark = sl_pool_open(c);
  sl_tensor *t = read_member(c, s, z, &st);
  bool ok = sl_bundle_put(c, b, name, t);
  sl_pool_close(c, mark);
  return ok;
}

/* Takes `from` over. libzip would read an empty file as an empty archive. */
static sl_bundle *read_archive(sl_ctx *c, const sl_source *s, zip_source_t *from, zip_error_t *e) {
  if (from && s->bound < 22) zip_error_set(e, ZIP_ER_NOZIP, 0);
  zip_t *z = from && s->bound >= 22 ? zip_open_from_source(from, ZIP_RDONLY | ZIP_CHECKCONS, e) : NULL;
  if (!z) {
    zip_source_free(from);
    zip_fail(c, s, e);
    return NULL;
  }
  sl_bundle *b = sl_bundle_new(c);
  int64_t n = zip_get_num_entries(z, 0);
  for (int64_t i = 0; b && i < n; i++)
    if (!put_member(c, s, z, (uint64_t)i, b)) {
      sl_bundle_free(b);
      b = NULL;
    }
  zip_discard(z);
  return b;
}

/* The file is opened here to be refused when it is none, and for its size. */
sl_bundle *sl_npz_load(sl_ctx *c, const char *path) {
  sl_source s;
  zip_error_t e;
  if (!sl_source_open(c, &s, "npz.load", path)) return NULL;
  zip_error_init(&e);
  sl_bundle *b = read_archive(c, &s, zip_source_file_create(path, 0, 0, &e), &e);
  sl_source_close(&s);
  return b;
}

sl_bundle *sl_npz_decode(sl_ctx *c, const void *data, size_t size) {
  sl_source s;
  zip_error_t e;
  if (sl_failed(c)) return NULL;
  sl_source_memory(&s, "npz.decode", data, size);
  zip_error_init(&e);
  return read_archive(c, &s, zip_source_buffer_create(data, size, 0, &e), &e);
}

/* ---- writing ------------------------------------------------------------------- */

typedef struct writer {
  const sl_bundle_item **item;
  size_t n;
  char (*head)[SL_NPY_HEADER_MAX]; /* one an item; they live until the archive is closed */
  bool compress;
} writer;

/* header, data -> one member; 0x21 is the first day of 1980, as early as DOS dates go. */
static bool add_member(sl_ctx *c, zip_t *z, writer *w, size_t i) {
  char name[1024];
  const char *given = w->item[i]->name;
  if (snprintf(name, sizeof name, "%s.npy", given) >= (int)sizeof name)
    return sl_fail(c, SL_EARG, "npz.save: argument name: expected at most 1019 bytes, got %zu", strlen(given));
  const sl_tensor *t = sl_io_packed(c, w->item[i]->tensor);
  if (!t) return false;
  zip_buffer_fragment_t part[2] = {
    {.data = (uint8_t *)w->head[i], .length = sl_npy_header(t, w->head[i])},
    {.data = sl_data(t), .length = (size_t)sl_numel(t) * sl_dtype_size(sl_dtype_of(t))}};
  zip_source_t *from = zip_source_buffer_fragment(z, part, part[1].length ? 2 : 1, 0);
  int64_t at = from ? zip_file_add(z, name, from, ZIP_FL_ENC_UTF_8) : -1;
  if (at < 0) zip_source_free(from);
  bool ok = at >= 0 && !zip_set_file_compression(z, (uint64_t)at, w->compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) &&
            !zip_file_set_dostime(z, (uint64_t)at, 0, 0x21, 0);
  return ok || sl_fail(c, SL_EIO, "npz.save: member %.120s: %s", given, zip_strerror(z));
}

/* Leaves the archive's bytes in `to`. */
static bool build_archive(sl_ctx *c, const sl_source *label, zip_source_t *to, writer *w) {
  zip_error_t e;
  zip_error_init(&e);
  zip_t *z = zip_open_from_source(to, ZIP_TRUNCATE, &e);
  if (!z) return zip_fail(c, label, &e);
  zip_source_keep(to); /* z owns a reference of its own */
  bool ok = true;
  for (size_t i = 0; ok && i < w->n; i++) ok = add_member(c, z, w, i);
  if (ok && !zip_close(z)) return true;
  if (ok) sl_fail(c, SL_EIO, "npz.save: %s: %s", sl_path_tail(label->name), zip_strerror(z));
  zip_discard(z);
  return false;
}

/* An archive without members leaves its source deleted: then its bytes are the end record alone. */
static bool copy_archive(sl_ctx *c, sl_sink *s, zip_source_t *from) {
  static const char empty[22] = "PK\5\6";
  char part[1 << 14];
  zip_stat_t st;
  if (zip_source_stat(from, &st) || !(st.valid & ZIP_STAT_SIZE) || !st.size)
    return sl_sink_write(c, s, empty, sizeof empty);
  bool ok = !zip_source_open(from);
  int64_t n = 0;
  while (ok && (n = zip_source_read(from, part, sizeof part)) > 0)
    if (!sl_sink_write(c, s, part, (size_t)n)) ok = false;
  if (!ok || n < 0)
    sl_fail(c, SL_EIO, "%s: %s: %s", s->who, sl_path_tail(s->path), zip_error_strerror(zip_source_error(from)));
  zip_source_close(from);
  return ok && n == 0;
}

static bool save_archive(sl_ctx *c, const char *path, writer *w) {
  sl_sink s;
  sl_source label = {.who = "npz.save", .name = path};
  zip_error_t e;
  zip_error_init(&e);
  zip_source_t *to = zip_source_buffer_create(NULL, 0, 0, &e);
  if (!to) return zip_fail(c, &label, &e);
  bool ok = build_archive(c, &label, to, w) && sl_sink_open(c, &s, "npz.save", path);
  if (ok) ok = sl_sink_close(c, &s, copy_archive(c, &s, to));
  zip_source_free(to);
  return ok;
}

bool sl_npz_save(sl_ctx *c, const char *path, const sl_bundle *b, bool compress) {
  if (sl_failed(c) || !b) return false;
  if (b->texts.n) return sl_fail(c, SL_EARG, "npz.save: argument texts: expected none, got %zu", b->texts.n);
  writer w = {.n = b->tensors.n, .compress = compress};
  w.item = sl_bundle_sorted(c, &b->tensors, sl_bundle_by_name);
  w.head = w.item ? sl_alloc(c, (w.n + 1) * sizeof *w.head, "npz.save") : NULL;
  size_t mark = sl_pool_open(c); /* of packed copies, which live until the archive is closed */
  bool ok = w.head && save_archive(c, path, &w);
  sl_pool_close(c, mark);
  sl_free(c, w.head);
  sl_free(c, w.item);
  return ok;
}
