#ifndef SL_IO_PNG_H
#define SL_IO_PNG_H

#include "io/source.h"

#define SL_PNG_MAGIC "\x89PNG\r\n\x1a\n"

sl_tensor *sl_png_read(sl_ctx *c, sl_source *s);
/* 1 to SL_IMAGE_MAX_PIXELS pixels, else an error that names the file. */
bool sl_image_size_ok(sl_ctx *c, const sl_source *s, int64_t height, int64_t width);

#endif
