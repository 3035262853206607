#include "fuzz.h"

static bool decode(sl_ctx *c, const void *data, size_t size) {
  sl_bundle *b = sl_safetensors_decode(c, data, size);
  sl_bundle_free(b);
  return b;
}

FUZZ(decode)
