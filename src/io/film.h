/* What the writers of films share. */
#ifndef SL_IO_FILM_H
#define SL_IO_FILM_H

#include "sdelua/io.h"

#define SL_FILM_WHO "image.animate"

/* Frames as bytes that lie in order. */
typedef struct sl_film {
  const uint8_t *data;
  int64_t frames, height, width, channels;
} sl_film;

/* Reads a film of at most `side` pixels a side and `fps` frames a second; a copy of it, where one is needed, is in the
   current pool. False with the error set. */
bool sl_film_read(sl_ctx *c, sl_film *f, const sl_tensor *frames, const sl_film_options *o, int64_t side, double fps);
/* When frame i begins, in units of which a second has `unit`. Rounding does not add up over the frames. */
int64_t sl_film_time(const sl_film_options *o, int64_t i, int unit);
static inline size_t sl_film_frame_bytes(const sl_film *f) { return (size_t)(f->height * f->width * f->channels); }

#endif
