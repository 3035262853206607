/* A source: bytes read once, from front to back, out of a file, memory, a
   gzip stream or a member of a zip archive. It knows how many bytes it can
   hold at most, so that a reader refuses a size before it allocates for it. */
#ifndef SL_IO_SOURCE_H
#define SL_IO_SOURCE_H

#include "sdelua/tensor.h"

typedef struct sl_source sl_source;
/* As read(2): how many bytes came, 0 at the end, -1 with the error set. */
typedef int64_t sl_pull_fn(sl_ctx *c, sl_source *s, void *dst, size_t n);

struct sl_source {
  const char *who;  /* the public function, for messages */
  const char *name; /* the file, for messages */
  uint64_t bound;   /* bytes that may still come, at most */
  sl_pull_fn *pull;
  union {
    int fd;
    const uint8_t *memory;
    void *ud;
  };
};

/* A regular file; false with the error set. */
bool sl_source_open(sl_ctx *c, sl_source *s, const char *who, const char *path);
void sl_source_close(sl_source *s); /* of sl_source_open only */
void sl_source_memory(sl_source *s, const char *who, const void *data, size_t size);

/* Exactly n bytes, else an error. */
bool sl_source_read(sl_ctx *c, sl_source *s, void *dst, size_t n);
/* The source can hold n more bytes, else an error that says `what` needs them. */
bool sl_source_expect(sl_ctx *c, const sl_source *s, uint64_t n, const char *what);
/* Nothing is left, else an error. */
bool sl_source_end(sl_ctx *c, sl_source *s);
/* All that is left, in a block of sl_alloc. */
void *sl_source_rest(sl_ctx *c, sl_source *s, size_t limit, size_t *size);
/* SL_EIO "who: name: ..."; returns NULL. */
void *sl_source_fail(sl_ctx *c, const sl_source *s, const char *format, ...) SL_PRINTF(3, 4);

/* What of a path goes into a message: its last 200 bytes. */
const char *sl_path_tail(const char *path);

/* Deflate makes at most 1032 bytes of one. */
#define SL_DEFLATE_RATIO 1032

/* A gzip stream (one member or several) within another source, of which the
   caller has read the magic number already. */
typedef struct sl_gunzip sl_gunzip;
#define SL_GZIP_MAGIC "\x1f\x8b"
sl_gunzip *sl_gunzip_open(sl_ctx *c, sl_source *from, sl_source *out);
void sl_gunzip_close(sl_ctx *c, sl_gunzip *g);

#endif
