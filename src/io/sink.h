/* A sink: a file that is replaced as a whole or not at all. */
#ifndef SL_IO_SINK_H
#define SL_IO_SINK_H

#include "sdelua/tensor.h"

typedef struct sl_sink {
  const char *who, *path; /* for messages */
  int folder, fd;
  char name[256]; /* of the target, in its folder */
  char temp[64];  /* of the temporary file, in the same folder */
} sl_sink;

/* Opens a temporary file beside the target. False with the error set. */
bool sl_sink_open(sl_ctx *c, sl_sink *s, const char *who, const char *path);
bool sl_sink_write(sl_ctx *c, sl_sink *s, const void *data, size_t n);
/* The elements of t in C order. */
bool sl_sink_tensor(sl_ctx *c, sl_sink *s, const sl_tensor *t);
/* With ok: fsync, rename, fsync of the folder. Without, or when that fails:
   removes the temporary file. Returns whether the target is replaced. */
bool sl_sink_close(sl_ctx *c, sl_sink *s, bool ok);

/* t itself when it is contiguous, else a copy that is, in the current pool. */
const sl_tensor *sl_io_packed(sl_ctx *c, const sl_tensor *t);

#endif
