#include "io/source.h"

#include <string.h>
#include <zlib.h>

struct sl_gunzip {
  sl_ctx *ctx;
  sl_source *from;
  z_stream z;
  bool ended; /* at the end of a gzip member */
  uint8_t in[1 << 14];
};

static void *gunzip_alloc(void *ud, unsigned n, unsigned size) {
  sl_gunzip *g = ud;
  return sl_alloc(g->ctx, (size_t)n * size, g->from->who);
}

static void gunzip_release(void *ud, void *p) { sl_free(((sl_gunzip *)ud)->ctx, p); }

/* More input, if there is any; false with the error set. */
static bool gunzip_fill(sl_ctx *c, sl_gunzip *g) {
  if (g->z.avail_in) return true;
  int64_t got = g->from->pull(c, g->from, g->in, sizeof g->in);
  if (got < 0) return false;
  g->from->bound -= (uint64_t)got < g->from->bound ? (uint64_t)got : g->from->bound;
  g->z.next_in = g->in;
  g->z.avail_in = (unsigned)got;
  return true;
}

/* One call of inflate: false with the error set. */
static bool gunzip_step(sl_ctx *c, sl_gunzip *g) {
  if (g->ended) inflateReset(&g->z);
  int rc = inflate(&g->z, Z_NO_FLUSH);
  g->ended = rc == Z_STREAM_END;
  if (rc == Z_OK || rc == Z_STREAM_END) return true;
  sl_source_fail(c, g->from, "broken gzip data: %s", g->z.msg ? g->z.msg : "no end of the stream");
  return false;
}

static int64_t gunzip_pull(sl_ctx *c, sl_source *s, void *dst, size_t n) {
  sl_gunzip *g = s->ud;
  if (n > 1u << 30) n = 1u << 30; /* zlib counts in unsigned int */
  g->z.next_out = dst;
  g->z.avail_out = (unsigned)n;
  while (g->z.avail_out == n) {
    if (!gunzip_fill(c, g)) return -1;
    if (!g->z.avail_in && g->ended) return 0;
    if (!g->z.avail_in) {
      sl_source_fail(c, g->from, "cut short: the gzip stream has no end");
      return -1;
    }
    if (!gunzip_step(c, g)) return -1;
  }
  return (int64_t)(n - g->z.avail_out);
}

sl_gunzip *sl_gunzip_open(sl_ctx *c, sl_source *from, sl_source *out) {
  sl_gunzip *g = sl_alloc(c, sizeof *g, from->who);
  if (!g) return NULL;
  g->ctx = c;
  g->from = from;
  g->ended = false;
  memcpy(g->in, SL_GZIP_MAGIC, 2);
  g->z = (z_stream){.next_in = g->in, .avail_in = 2, .zalloc = gunzip_alloc, .zfree = gunzip_release, .opaque = g};
  *out = *from;
  out->bound = from->bound > UINT64_MAX / SL_DEFLATE_RATIO ? UINT64_MAX : from->bound * SL_DEFLATE_RATIO;
  out->pull = gunzip_pull;
  out->ud = g;
  if (inflateInit2(&g->z, 15 + 16) == Z_OK) return g; /* 16: a gzip header */
  sl_free(c, g);
  return sl_fail(c, SL_EMEMORY, "%s: out of memory", from->who);
}

void sl_gunzip_close(sl_ctx *c, sl_gunzip *g) {
  if (!g) return;
  inflateEnd(&g->z);
  sl_free(c, g);
}
