#ifndef SL_IO_WEBP_H
#define SL_IO_WEBP_H

#include "io/source.h"

/* WebP in memory; s names the file. */
sl_tensor *sl_webp_read(sl_ctx *c, const sl_source *s, const uint8_t *data, size_t size);

#endif
