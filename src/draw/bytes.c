#include "draw/canvas.h"

#include <string.h>

bool sl_bytes_add(sl_ctx *c, sl_bytes *b, const void *data, size_t n) {
  if (n > b->room - b->size) {
    size_t room = b->room * 2 > b->size + n ? b->room * 2 : b->size + n + 4096;
    char *grown = sl_alloc(c, room, "canvas");
    if (!grown) return false;
    if (b->size) memcpy(grown, b->data, b->size);
    sl_free(c, b->data);
    b->data = grown, b->room = room;
  }
  memcpy(b->data + b->size, data, n);
  b->size += n;
  return true;
}
