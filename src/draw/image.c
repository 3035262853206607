/* Tensors of pixels as cairo's surfaces, and back. */
#include "draw/canvas.h"
#include "io/sink.h"

#include <math.h>

/* A pixel as cairo keeps it: 0xAARRGGBB, colours times opacity. */
static uint32_t pixel(const uint8_t *p, int channels) {
  uint32_t a = channels == 4 ? p[3] : 255, out = a << 24;
  for (int i = 0; i < 3; i++) out |= (p[channels == 1 ? 0 : i] * a + 127) / 255 << (16 - 8 * i);
  return out;
}

static bool check_image(sl_ctx *c, const sl_tensor *t) {
  char got[128];
  if (sl_dtype_of(t) != SL_U8)
    return sl_fail(c, SL_EDTYPE, "canvas.image: argument image: expected uint8, got %s",
                   sl_dtype_name(sl_dtype_of(t)));
  const int64_t *s = sl_shape(t);
  bool ok = sl_ndim(t) == 3 && s[0] > 0 && s[0] < 30000 && s[1] > 0 && s[1] < 30000 &&
            (s[2] == 1 || s[2] == 3 || s[2] == 4);
  return ok || sl_fail(c, SL_ESHAPE, "canvas.image: argument image: expected [H,W,1|3|4], got shape %s",
                       sl_shape_str(t, got));
}

/* Four bytes a pixel, in the current pool. */
static sl_tensor *pixels_of(sl_ctx *c, const sl_tensor *image) {
  const sl_tensor *packed = sl_io_packed(c, image);
  int64_t n = sl_shape(image)[0] * sl_shape(image)[1];
  int channels = (int)sl_shape(image)[2];
  sl_tensor *out = packed ? sl_empty(c, SL_U8, 1, (int64_t[]){4 * n}) : NULL;
  for (int64_t i = 0; out && i < n; i++)
    ((uint32_t *)sl_data(out))[i] = pixel((const uint8_t *)sl_data(packed) + i * channels, channels);
  return out;
}

bool sl_canvas_image(sl_ctx *c, sl_canvas *v, const sl_tensor *image, double x, double y, double width,
                     double height, bool smooth) {
  if (sl_failed(c) || !v || !image || !check_image(c, image)) return false;
  if (v->finished) return sl_fail(c, SL_ESTATE, "canvas.image: this canvas was saved as PDF, which finished it");
  if (!(fabs(x) <= 3e4 && fabs(y) <= 3e4 && width > 0 && width <= 3e4 && height > 0 && height <= 3e4))
    return sl_fail(c, SL_EARG, "canvas.image: argument x: expected a rectangle, got %g, %g, %g x %g", x, y, width,
                   height);
  size_t mark = sl_pool_open(c);
  sl_tensor *data = pixels_of(c, image);
  bool ok = data != NULL;
  if (ok) {
    int h = (int)sl_shape(image)[0], w = (int)sl_shape(image)[1];
    cairo_surface_t *s = cairo_image_surface_create_for_data(sl_data(data), CAIRO_FORMAT_ARGB32, w, h, 4 * w);
    ok = sl_cairo_ok(c, cairo_surface_status(s)) &&
         v->painter->image(c, v, s, (sl_box){x, y, width, height}, smooth);
    cairo_surface_finish(s); /* a PDF copies now what it holds of it */
    cairo_surface_destroy(s);
  }
  sl_pool_close(c, mark);
  return ok;
}

sl_tensor *sl_canvas_pixels(sl_ctx *c, sl_canvas *v) {
  if (sl_failed(c) || !v) return NULL;
  if (v->kind != SL_CANVAS_RASTER)
    return sl_fail(c, SL_EARG, "canvas.pixels: expected a raster, got %s", v->kind == SL_CANVAS_SVG ? "SVG" : "PDF");
  cairo_surface_t *s = cairo_get_target(v->cr);
  cairo_surface_flush(s);
  int h = cairo_image_surface_get_height(s), w = cairo_image_surface_get_width(s);
  sl_tensor *out = sl_empty(c, SL_U8, 3, (int64_t[]){h, w, 3});
  uint8_t *to = out ? sl_data(out) : NULL;
  const uint32_t *from = (const uint32_t *)v->pixels;
  for (int64_t i = 0; to && i < (int64_t)h * w; i++, to += 3)
    to[0] = (uint8_t)(from[i] >> 16), to[1] = (uint8_t)(from[i] >> 8), to[2] = (uint8_t)from[i];
  return out;
}
