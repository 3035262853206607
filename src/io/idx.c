/* IDX, the format of the MNIST files: two zero bytes, a type, the number of
   dimensions, their sizes (4 bytes each), the elements; all big-endian. */
#include "io/wire.h"
#include "sdelua/io.h"

#include <string.h>

static bool idx_wire(uint8_t type, sl_wire *w) {
  switch (type) {
  case 0x08: *w = (sl_wire){'u', 1, true}; return true;
  case 0x09: *w = (sl_wire){'i', 1, true}; return true;
  case 0x0b: *w = (sl_wire){'i', 2, true}; return true;
  case 0x0c: *w = (sl_wire){'i', 4, true}; return true;
  case 0x0d: *w = (sl_wire){'f', 4, true}; return true;
  case 0x0e: *w = (sl_wire){'f', 8, true}; return true;
  default: return false;
  }
}

/* Behind the two zero bytes. */
static sl_tensor *idx_body(sl_ctx *c, sl_source *s) {
  uint8_t type[2], size[4];
  int64_t shape[SL_MAX_DIMS];
  sl_wire w;
  if (!sl_source_read(c, s, type, 2)) return NULL;
  if (!idx_wire(type[0], &w)) return sl_source_fail(c, s, "expected an IDX element type, got 0x%02x", type[0]);
  if (type[1] < 1 || type[1] > SL_MAX_DIMS)
    return sl_source_fail(c, s, "expected 1 to %d dimensions, got %d", SL_MAX_DIMS, type[1]);
  for (int i = 0; i < type[1]; i++) {
    if (!sl_source_read(c, s, size, 4)) return NULL;
    shape[i] = (int64_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3];
  }
  sl_tensor *t = sl_wire_read(c, s, w, type[1], shape);
  return t && sl_source_end(c, s) ? t : NULL;
}

static sl_tensor *idx_gunzip(sl_ctx *c, sl_source *s) {
  sl_source plain;
  uint8_t zero[2];
  sl_gunzip *g = sl_gunzip_open(c, s, &plain);
  if (!g) return NULL;
  sl_tensor *t = NULL;
  if (sl_source_read(c, &plain, zero, 2)) {
    if (zero[0] || zero[1]) sl_source_fail(c, s, "expected an IDX file in the gzip stream, got no IDX magic number");
    else t = idx_body(c, &plain);
  }
  sl_gunzip_close(c, g);
  return t;
}

static sl_tensor *idx_read(sl_ctx *c, sl_source *s) {
  uint8_t magic[2];
  if (!sl_source_read(c, s, magic, 2)) return NULL;
  if (!memcmp(magic, SL_GZIP_MAGIC, 2)) return idx_gunzip(c, s);
  if (!memcmp(magic, "\0\0", 2)) return idx_body(c, s);
  return sl_source_fail(c, s, "expected an IDX file, plain or gzipped, got no magic number of either");
}

sl_tensor *sl_idx_load(sl_ctx *c, const char *path) {
  sl_source s;
  if (!sl_source_open(c, &s, "io.idx", path)) return NULL;
  sl_tensor *t = idx_read(c, &s);
  sl_source_close(&s);
  return t;
}

sl_tensor *sl_idx_decode(sl_ctx *c, const void *data, size_t size) {
  sl_source s;
  sl_source_memory(&s, "io.idx", data, size);
  return sl_failed(c) ? NULL : idx_read(c, &s);
}
