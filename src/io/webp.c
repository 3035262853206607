/* Animated WebP through libwebp. Its memory is its own (malloc) and released on every path. */
#include "io/film.h"
#include "io/sink.h"

#ifdef SL_WITH_WEBP
#include <webp/encode.h>
#include <webp/mux.h>

enum { MAX_SIDE = 16383, MAX_FPS = 1000 /* times are milliseconds */ };

static bool fail(sl_ctx *c, const char *message) { return sl_fail(c, SL_EIO, SL_FILM_WHO ": libwebp: %s", message); }

/* libwebp takes RGB; grey becomes that a row at a time. */
static bool import(WebPPicture *p, const sl_film *f, const uint8_t *frame) {
  if (f->channels == 3) return WebPPictureImportRGB(p, frame, (int)f->width * 3);
  if (!WebPPictureAlloc(p)) return false;
  for (int64_t y = 0; y < f->height; y++)
    for (int64_t x = 0; x < f->width; x++) {
      uint32_t v = frame[y * f->width + x];
      p->argb[y * p->argb_stride + x] = 0xff000000u | v << 16 | v << 8 | v;
    }
  return true;
}

static bool add_frame(sl_ctx *c, WebPAnimEncoder *encoder, const WebPConfig *config, const sl_film *f, int64_t i,
                      int time) {
  WebPPicture p;
  if (!WebPPictureInit(&p)) return fail(c, "another version than that of the build");
  p.use_argb = 1;
  p.width = (int)f->width;
  p.height = (int)f->height;
  bool ok = import(&p, f, f->data + (size_t)i * sl_film_frame_bytes(f));
  if (!ok) sl_fail(c, SL_EMEMORY, SL_FILM_WHO ": out of memory for a frame");
  else if (!(ok = WebPAnimEncoderAdd(encoder, &p, time, config))) fail(c, WebPAnimEncoderGetError(encoder));
  WebPPictureFree(&p);
  return ok;
}

static bool add_frames(sl_ctx *c, WebPAnimEncoder *encoder, const sl_film *f, const sl_film_options *o) {
  WebPConfig config;
  if (!WebPConfigInit(&config)) return fail(c, "another version than that of the build");
  config.lossless = o->lossless;
  config.quality = o->lossless ? config.quality : (float)o->quality;
  for (int64_t i = 0; i < f->frames; i++)
    if (!add_frame(c, encoder, &config, f, i, (int)sl_film_time(o, i, 1000)) || !sl_poll(c)) return false;
  return WebPAnimEncoderAdd(encoder, NULL, (int)sl_film_time(o, f->frames, 1000), NULL) ||
         fail(c, WebPAnimEncoderGetError(encoder));
}

static bool write_film(sl_ctx *c, sl_sink *s, const sl_film *f, const sl_film_options *o) {
  WebPAnimEncoderOptions options;
  WebPData data;
  if (!WebPAnimEncoderOptionsInit(&options)) return fail(c, "another version than that of the build");
  options.anim_params.loop_count = o->loop;
  options.anim_params.bgcolor = 0xffffffff;
  WebPAnimEncoder *encoder = WebPAnimEncoderNew((int)f->width, (int)f->height, &options);
  if (!encoder) return sl_fail(c, SL_EMEMORY, SL_FILM_WHO ": out of memory for the encoder");
  WebPDataInit(&data);
  bool ok = add_frames(c, encoder, f, o);
  if (ok) ok = WebPAnimEncoderAssemble(encoder, &data) || fail(c, WebPAnimEncoderGetError(encoder));
  ok = ok && sl_sink_write(c, s, data.bytes, data.size);
  WebPDataClear(&data);
  WebPAnimEncoderDelete(encoder);
  return ok;
}

bool sl_webp_save(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o) {
  sl_film f;
  sl_sink s;
  size_t mark = sl_pool_open(c);
  bool ok = sl_film_read(c, &f, frames, o, MAX_SIDE, MAX_FPS) && sl_sink_open(c, &s, SL_FILM_WHO, path);
  if (ok) ok = sl_sink_close(c, &s, write_film(c, &s, &f, o));
  sl_pool_close(c, mark);
  return ok;
}

#else

bool sl_webp_save(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o) {
  (void)path, (void)frames, (void)o;
  return sl_fail(c, SL_ESTATE, SL_FILM_WHO ": this build has no WebP: install libwebp-dev and build again");
}

#endif
