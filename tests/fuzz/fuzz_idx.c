#include "fuzz.h"

static bool decode(sl_ctx *c, const void *data, size_t size) { return sl_idx_decode(c, data, size); }

FUZZ(decode)
