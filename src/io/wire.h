/* Element types as files have them, and their way into ours. */
#ifndef SL_IO_WIRE_H
#define SL_IO_WIRE_H

#include "io/source.h"

typedef struct sl_wire {
  char kind;    /* 'f' IEEE 754, 'h' bfloat16, 'i' signed, 'u' unsigned, 'b' bool */
  uint8_t size; /* bytes: 1, 2, 4 or 8 */
  bool big;     /* endian */
} sl_wire;

/* What it becomes: float32 or float64, uint8 for unsigned bytes and bools, else int64. */
sl_dtype sl_wire_dtype(sl_wire w);
/* Checks the shape (names the file) and gives the number of bytes. */
bool sl_wire_bytes(sl_ctx *c, const sl_source *s, sl_wire w, int ndim, const int64_t *shape, uint64_t *bytes);
/* Reads a tensor in C order, in the current pool. */
sl_tensor *sl_wire_read(sl_ctx *c, sl_source *s, sl_wire w, int ndim, const int64_t *shape);

#endif
