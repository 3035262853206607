/* Images by their first bytes, and what makes images of one folder alike. */
#include "io/png.h"
#include "io/stb.h"
#include "io/webp.h"
#include "sdelua/io.h"
#include "tensor/internal.h"

#include <math.h>
#include <string.h>

#define MAX_FILE ((size_t)1 << 28)

/* ---- reading -------------------------------------------------------------------- */

static sl_tensor *decode(sl_ctx *c, const sl_source *s, const void *data, size_t size) {
  sl_source png;
  if (size >= 3 && !memcmp(data, "\xff\xd8\xff", 3)) return sl_stb_read(c, s, data, size);
  if (size >= 2 && !memcmp(data, "BM", 2)) return sl_stb_read(c, s, data, size);
  if (size >= 12 && !memcmp(data, "RIFF", 4) && !memcmp((const char *)data + 8, "WEBP", 4))
    return sl_webp_read(c, s, data, size);
  if (size < 8 || memcmp(data, SL_PNG_MAGIC, 8))
    return sl_source_fail(c, s, "expected a PNG, JPEG, BMP or WebP image, got another kind of file");
  sl_source_memory(&png, s->who, data, size);
  png.name = s->name;
  return sl_png_read(c, &png);
}

sl_tensor *sl_image_load(sl_ctx *c, const char *path) {
  sl_source s;
  size_t size;
  if (!sl_source_open(c, &s, "image.load", path)) return NULL;
  void *data = sl_source_rest(c, &s, MAX_FILE, &size);
  sl_source_close(&s);
  sl_tensor *t = data ? decode(c, &s, data, size) : NULL;
  sl_free(c, data);
  return t;
}

sl_tensor *sl_image_decode(sl_ctx *c, const void *data, size_t size) {
  sl_source s;
  sl_source_memory(&s, "image.decode", data, size);
  if (sl_failed(c)) return NULL;
  return size <= MAX_FILE ? decode(c, &s, data, size)
                          : sl_source_fail(c, &s, "expected at most 2^28 bytes, got %zu", size);
}

/* ---- channels --------------------------------------------------------------------- */

static bool check_image(sl_ctx *c, const char *who, const sl_tensor *t) {
  char got[128];
  if (t->dtype != SL_U8)
    return sl_fail(c, SL_EDTYPE, "%s: argument image: expected uint8, got %s", who, sl_dtype_name(t->dtype));
  if (t->ndim == 3 && t->shape[2] >= 1 && t->shape[2] <= 4 && t->shape[0] > 0 && t->shape[1] > 0) return true;
  return sl_fail(c, SL_ESHAPE, "%s: argument image: expected [H,W,C] with 1 to 4 channels, got %s", who,
                 sl_shape_str(t, got));
}

/* A packed copy of x. */
static sl_tensor *copy_as(sl_ctx *c, const sl_tensor *x, sl_dtype d) {
  sl_tensor *y = sl_empty(c, d, x->ndim, x->shape);
  return y && sl_copy_into(c, y, x) ? y : NULL;
}

static uint8_t over_white(int v, int alpha) { return (uint8_t)((v * alpha + 255 * (255 - alpha) + 127) / 255); }

/* Rec. 601 luma: .299 R + .587 G + .114 B, in 16 bits of fraction. */
static uint8_t luma(const uint8_t *rgb) {
  return (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16);
}

static void convert_pixel(const uint8_t *src, int from, uint8_t *dst, int to) {
  uint8_t rgb[3];
  int colours = from < 3 ? 1 : 3;
  for (int i = 0; i < 3; i++) {
    rgb[i] = src[i % colours];
    if (from == 2 || from == 4) rgb[i] = over_white(rgb[i], src[from - 1]);
  }
  if (to == 1) dst[0] = colours == 1 ? rgb[0] : luma(rgb);
  else memcpy(dst, rgb, 3);
}

sl_tensor *sl_image_channels(sl_ctx *c, const sl_tensor *image, int channels) {
  if (sl_failed(c) || !image || !check_image(c, "image.channels", image)) return NULL;
  if (channels != 1 && channels != 3)
    return sl_fail(c, SL_EARG, "image.channels: argument channels: expected 1 or 3, got %d", channels);
  int from = (int)image->shape[2];
  size_t mark = sl_pool_open(c);
  sl_tensor *x = copy_as(c, image, SL_U8);
  sl_tensor *y = x ? sl_empty(c, SL_U8, 3, (int64_t[]){image->shape[0], image->shape[1], channels}) : NULL;
  const uint8_t *src = x ? sl_data(x) : NULL;
  uint8_t *dst = y ? sl_data(y) : NULL;
  for (int64_t n = y ? sl_numel(y) / channels : 0; n > 0; n--, src += from, dst += channels)
    convert_pixel(src, from, dst, channels);
  return sl_pool_return(c, mark, y);
}

/* ---- size ------------------------------------------------------------------------- */

/* x [outer,n,inner] -> y [outer,m,inner]: each y is a weighted mean of the x under
   a triangle around its centre, as wide as the larger of the two pixels. */
static void resample(int64_t outer, int64_t n, int64_t inner, const float *x, int64_t m, float *y) {
  double scale = (double)n / (double)m, width = scale > 1 ? scale : 1;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < m; i++) {
      double centre = ((double)i + 0.5) * scale, total = 0;
      int64_t lo = (int64_t)floor(centre - width), hi = (int64_t)ceil(centre + width);
      float *row = y + (o * m + i) * inner;
      memset(row, 0, (size_t)inner * sizeof *row);
      for (int64_t j = lo < 0 ? 0 : lo; j < (hi < n ? hi : n); j++) {
        double w = 1 - fabs((double)j + 0.5 - centre) / width;
        if (w <= 0) continue;
        total += w;
        for (int64_t k = 0; k < inner; k++) row[k] += (float)w * x[(o * n + j) * inner + k];
      }
      for (int64_t k = 0; k < inner; k++) row[k] /= (float)total;
    }
}

static void to_bytes(int64_t n, const float *x, uint8_t *y) {
  for (int64_t i = 0; i < n; i++) y[i] = (uint8_t)(x[i] < 0 ? 0 : x[i] > 254.5f ? 255 : x[i] + 0.5f);
}

sl_tensor *sl_image_resize(sl_ctx *c, const sl_tensor *image, int64_t height, int64_t width) {
  if (sl_failed(c) || !image || !check_image(c, "image.resize", image)) return NULL;
  if (height < 1 || width < 1 || width > SL_IMAGE_MAX_PIXELS / height)
    return sl_fail(c, SL_EARG, "image.resize: arguments height, width: expected 1 to 2^26 pixels, got %lld x %lld",
                   (long long)height, (long long)width);
  int64_t h = image->shape[0], w = image->shape[1], ch = image->shape[2];
  size_t mark = sl_pool_open(c);
  sl_tensor *x = copy_as(c, image, SL_F32);
  sl_tensor *narrow = x ? sl_empty(c, SL_F32, 3, (int64_t[]){h, width, ch}) : NULL;
  sl_tensor *both = narrow ? sl_empty(c, SL_F32, 3, (int64_t[]){height, width, ch}) : NULL;
  sl_tensor *y = both ? sl_empty(c, SL_U8, 3, both->shape) : NULL;
  if (y) {
    resample(h, w, ch, sl_data(x), width, sl_data(narrow));
    resample(1, h, width * ch, sl_data(narrow), height, sl_data(both));
    to_bytes(sl_numel(y), sl_data(both), sl_data(y));
  }
  return sl_pool_return(c, mark, y);
}
