#ifndef SL_IO_STB_H
#define SL_IO_STB_H

#include "io/source.h"

/* JPEG or BMP in memory; s names the file. */
sl_tensor *sl_stb_read(sl_ctx *c, const sl_source *s, const uint8_t *data, size_t size);

#endif
