/* A file as it is, for layouts that Lua knows. */
#include "io/sink.h"
#include "io/wire.h"
#include "sdelua/io.h"

sl_tensor *sl_bytes_load(sl_ctx *c, const char *path) {
  sl_source s;
  if (!sl_source_open(c, &s, "io.bytes", path)) return NULL;
  int64_t size = (int64_t)s.bound;
  sl_tensor *t = sl_wire_read(c, &s, (sl_wire){.kind = 'u', .size = 1}, 1, &size);
  sl_source_close(&s);
  return t;
}

bool sl_bytes_save(sl_ctx *c, const char *path, const void *data, size_t n) {
  sl_sink s;
  return sl_sink_open(c, &s, "io.write", path) && sl_sink_close(c, &s, sl_sink_write(c, &s, data, n));
}
