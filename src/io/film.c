#include "io/film.h"
#include "io/sink.h"
#include "tensor/internal.h"

#include <math.h>

#define MIN_FPS 0.01
#define MAX_LOOP 65535 /* what both formats have room for */

static bool check_frames(sl_ctx *c, const sl_tensor *t, int64_t side) {
  char got[128];
  if (t->dtype != SL_U8)
    return sl_fail(c, SL_EDTYPE, SL_FILM_WHO ": argument frames: expected uint8, got %s", sl_dtype_name(t->dtype));
  bool ok = t->ndim == 4 && t->shape[0] > 0 && (t->shape[3] == 1 || t->shape[3] == 3);
  for (int i = 1; ok && i <= 2; i++) ok = t->shape[i] >= 1 && t->shape[i] <= side;
  return ok || sl_fail(c, SL_ESHAPE,
                       SL_FILM_WHO ": argument frames: expected [F,H,W,1] or [F,H,W,3] with sides of 1 to %lld, got %s",
                       (long long)side, sl_shape_str(t, got));
}

static bool check_options(sl_ctx *c, const sl_film_options *o, int64_t frames, double fps) {
  if (!(o->fps >= MIN_FPS && o->fps <= fps))
    return sl_fail(c, SL_EARG, SL_FILM_WHO ": option fps: expected %g to %g in this format, got %g", MIN_FPS, fps,
                   o->fps);
  if (o->loop < 0 || o->loop > MAX_LOOP)
    return sl_fail(c, SL_EARG, SL_FILM_WHO ": option loop: expected 0 to %d, got %d", MAX_LOOP, o->loop);
  if (!(o->quality >= 0 && o->quality <= 100))
    return sl_fail(c, SL_EARG, SL_FILM_WHO ": option quality: expected 0 to 100, got %g", o->quality);
  if ((double)frames / o->fps * 1000 >= INT32_MAX)
    return sl_fail(c, SL_EARG, SL_FILM_WHO ": argument frames: expected less than 24 days, got %lld frames",
                   (long long)frames);
  return true;
}

bool sl_film_read(sl_ctx *c, sl_film *f, const sl_tensor *frames, const sl_film_options *o, int64_t side, double fps) {
  if (sl_failed(c) || !frames || !check_frames(c, frames, side) || !check_options(c, o, frames->shape[0], fps))
    return false;
  const sl_tensor *packed = sl_io_packed(c, frames);
  if (!packed) return false;
  *f = (sl_film){sl_data(packed), packed->shape[0], packed->shape[1], packed->shape[2], packed->shape[3]};
  return true;
}

int64_t sl_film_time(const sl_film_options *o, int64_t i, int unit) { return llround((double)i * unit / o->fps); }
