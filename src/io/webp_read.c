/* WebP through libwebp: an image, or the first picture of a film. libwebp's memory is its own (malloc) and released on
   every path. */
#include "io/webp.h"
#include "io/png.h"

#ifdef SL_WITH_WEBP
#include <webp/decode.h>
#include <webp/mux.h>

static sl_tensor *malformed(sl_ctx *c, const sl_source *s) {
  return sl_source_fail(c, s, "cut short or malformed: expected a WebP image");
}

/* The frame on a canvas of h x w; where it leaves some of that free, on nothing. */
static sl_tensor *draw(sl_ctx *c, const sl_source *s, const WebPMuxFrameInfo *frame, int h, int w) {
  WebPBitstreamFeatures f;
  const WebPData *data = &frame->bitstream;
  if (!sl_image_size_ok(c, s, h, w)) return NULL;
  if (WebPGetFeatures(data->bytes, data->size, &f) != VP8_STATUS_OK) return malformed(c, s);
  int x = frame->x_offset, y = frame->y_offset;
  if (x < 0 || y < 0 || x > w - f.width || y > h - f.height) return malformed(c, s);
  int channels = f.has_alpha || f.width < w || f.height < h ? 4 : 3;
  sl_tensor *t = sl_full(c, SL_U8, 3, (int64_t[]){h, w, channels}, 0);
  if (!t) return NULL;
  size_t stride = (size_t)w * (size_t)channels, start = (size_t)y * stride + (size_t)(x * channels);
  uint8_t *into = (uint8_t *)sl_data(t) + start;
  uint8_t *(*decode)(const uint8_t *, size_t, uint8_t *, size_t, int) =
    channels == 4 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(data->bytes, data->size, into, stride * (size_t)h - start, (int)stride)) return t;
  return malformed(c, s);
}

sl_tensor *sl_webp_read(sl_ctx *c, const sl_source *s, const uint8_t *data, size_t size) {
  int w = 0, h = 0;
  WebPMuxFrameInfo frame = {.bitstream = {NULL, 0}};
  WebPData all = {data, size};
  WebPMux *mux = WebPMuxCreate(&all, 0);
  if (!mux) return malformed(c, s);
  bool ok = WebPMuxGetCanvasSize(mux, &w, &h) == WEBP_MUX_OK && WebPMuxGetFrame(mux, 1, &frame) == WEBP_MUX_OK;
  sl_tensor *t = ok ? draw(c, s, &frame, h, w) : malformed(c, s);
  WebPDataClear(&frame.bitstream);
  WebPMuxDelete(mux);
  return t;
}

#else

sl_tensor *sl_webp_read(sl_ctx *c, const sl_source *s, const uint8_t *data, size_t size) {
  (void)data, (void)size;
  return sl_source_fail(c, s, "this build has no WebP: install libwebp-dev and build again");
}

#endif
