/* The few colours that stand for many. */
#ifndef SL_IO_PALETTE_H
#define SL_IO_PALETTE_H

#include "sdelua/base.h"

typedef struct sl_palette {
  int n;
  uint8_t rgb[256][3];
  void *map; /* from colours to places; see palette.c */
} sl_palette;

/* Of n pixels with 1 or 3 channels each; at most `most` colours. NULL-safe to free whatever it returns. */
bool sl_palette_make(sl_ctx *c, sl_palette *p, const uint8_t *pixels, int64_t n, int64_t channels, int most);
void sl_palette_free(sl_ctx *c, sl_palette *p);
/* The place of each pixel's colour, of rows of pixels that are among those that the palette was made of. Between
   colours pixels take turns by where they are (ordered dither), so that what stands still does not flicker. */
void sl_palette_indices(sl_palette *p, const uint8_t *pixels, int64_t rows, int64_t width, int64_t channels,
                        uint8_t *index);

#endif
