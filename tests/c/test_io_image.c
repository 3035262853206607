#include "io_test.h"
#include "tensor/internal.h"

#include <arpa/inet.h>
#include <zlib.h>

static bool decode(sl_ctx *c, const void *data, size_t size) { return sl_image_decode(c, data, size); }

static sl_tensor *load(sl_ctx *c, const char *name) {
  char path[100];
  snprintf(path, sizeof path, FIXTURES "image/%s", name);
  return sl_image_load(c, path);
}

/* The pictures of tests/fixtures/fuzz/make.py. */
static int pixel(int i, int channels) {
  return (40 * (i / channels / 7) + 9 * (i / channels % 7) + 60 * (i % channels)) % 256;
}

static sl_tensor *picture(sl_ctx *c, int channels) {
  sl_tensor *t = sl_empty(c, SL_U8, 3, (int64_t[]){5, 7, channels});
  for (int i = 0; t && i < 35 * channels; i++) ((uint8_t *)sl_data(t))[i] = (uint8_t)pixel(i, channels);
  return t;
}

static bool is_picture(const sl_tensor *t, int channels) {
  if (!io_is(t, SL_U8, 3, 5, 7, channels)) return false;
  for (int i = 0; i < 35 * channels; i++)
    if (io_at(t, i) != pixel(i, channels)) return false;
  return true;
}

TEST(reads_png) {
  CHECK(is_picture(load(c, "grey.png"), 1));
  CHECK(is_picture(load(c, "grey_alpha.png"), 2));
  CHECK(is_picture(load(c, "rgb.png"), 3));
  CHECK(is_picture(load(c, "rgba.png"), 4));
  CHECK(is_picture(load(c, "grey16.png"), 1));
  CHECK(is_picture(load(c, "interlaced.png"), 1));
  CHECK(io_is(load(c, "palette.png"), SL_U8, 3, 5, 7, 3));
  sl_tensor *bits = load(c, "bits.png");
  if (!CHECK(io_is(bits, SL_U8, 3, 5, 7, 1))) return;
  for (int i = 0; i < 35; i++) CHECK(io_at(bits, i) == (pixel(i, 1) > 127 ? 255 : 0));
}

TEST(reads_bmp_and_jpeg) {
  static const char *const jpegs[] = {"grey.jpg", "progressive.jpg", "rgb.jpg"};
  CHECK(is_picture(load(c, "rgb.bmp"), 3));
  sl_tensor *grey = load(c, "grey.bmp"); /* a palette of greys, expanded */
  CHECK(grey && is_picture(sl_image_channels(c, grey, 1), 1));
  for (int k = 0; k < 3; k++) {
    sl_tensor *t = load(c, jpegs[k]);
    int channels = k ? 3 : 1;
    if (!CHECK_MSG(io_is(t, SL_U8, 3, 16, 24, channels), jpegs[k])) continue;
    for (int i = 0; i < 16 * 24; i++)
      CHECK_MSG(fabs(io_at(t, (int64_t)i * channels) - (8 * (i / 24) + 5 * (i % 24))) < 8, jpegs[k]);
  }
}

TEST(refuses_others) {
  CHECK(!sl_image_decode(c, "GIF89a..............................", 30));
  CHECK_ERROR(c, SL_EIO, "image.decode: memory: expected a PNG, JPEG, BMP or WebP image");
  CHECK(!sl_image_decode(c, "", 0));
  CHECK_ERROR(c, SL_EIO, "expected a PNG, JPEG, BMP or WebP image");
  CHECK(!sl_image_load(c, "nothing.png"));
  CHECK_ERROR(c, SL_EIO, "image.load: nothing.png: No such file");
}

/* The grey picture with another size in its header, checksum included. */
static void check_png_size(sl_ctx *c, uint32_t width, uint32_t height, const char *error) {
  size_t n;
  uint8_t *png = io_bytes(FIXTURES "image/grey.png", &n); /* width at 16, height at 20, the checksum of 12..28 at 29 */
  if (!png) return;
  memcpy(png + 16, (uint32_t[]){htonl(width), htonl(height)}, 8);
  memcpy(png + 29, (uint32_t[]){htonl((uint32_t)crc32(0, png + 12, 17))}, 4);
  CHECK(!sl_image_decode(c, png, n));
  CHECK_ERROR(c, SL_EIO, error);
  free(png);
}

/* Headers that promise more than there is. */
TEST(refuses_large_promises) {
  check_png_size(c, 8, 5, "libpng: ");
  check_png_size(c, 300, 300, "cut short: the file can't hold 300 x 300 pixels");
  check_png_size(c, 1 << 25, 3, "expected an image of 1 to 2^26 pixels, got 3 x 33554432");
  check_png_size(c, 0x7fffffff, 0x7fffffff, "libpng: ");
  check_png_size(c, 0, 5, "libpng: ");
  uint8_t bmp[60] = {'B', 'M', [10] = 54, [14] = 40, [26] = 1, [28] = 24};
  memcpy(bmp + 18, (int32_t[]){4000, 4000}, 8);
  CHECK(!sl_image_decode(c, bmp, sizeof bmp));
  CHECK_ERROR(c, SL_EIO, "cut short: expected 48000054 bytes, got 60");
  memcpy(bmp + 18, (int32_t[]){INT32_MAX, INT32_MIN}, 8);
  CHECK(!sl_image_decode(c, bmp, sizeof bmp));
  CHECK_ERROR(c, SL_EIO, "2^26 pixels");
}

TEST(survives_cuts_and_flips) {
  static const char *const names[] = {"grey.png", "rgba.png", "palette.png", "interlaced.png", "rgb.bmp", "grey.bmp",
                                      "grey.jpg", "rgb.jpg", "progressive.jpg"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[100];
    snprintf(path, sizeof path, FIXTURES "image/%s", names[i]);
    io_cuts(c, path, decode);
    io_flips(c, path, decode);
  }
}

TEST(writes_and_reads_back) {
  for (int channels = 1; channels <= 4; channels++) {
    CHECK(sl_image_save(c, io_path("a.png"), picture(c, channels)));
    CHECK(is_picture(sl_image_load(c, io_path("a.png")), channels));
    CHECK(sl_image_save(c, io_path("b.png"), picture(c, channels)));
    CHECK(io_same_file(io_path("a.png"), io_path("b.png")));
  }
  sl_tensor *t = picture(c, 1), *flat = t ? sl_view(c, t, 2, (int64_t[]){5, 7}, (int64_t[]){7, 1}, 0) : NULL;
  CHECK(sl_image_save(c, io_path("a.png"), flat));
  CHECK(is_picture(sl_image_load(c, io_path("a.png")), 1));
  sl_tensor *turned = t ? sl_view(c, t, 3, (int64_t[]){7, 5, 1}, (int64_t[]){1, 7, 1}, 0) : NULL;
  CHECK(sl_image_save(c, io_path("a.png"), turned));
  sl_tensor *back = sl_image_load(c, io_path("a.png"));
  if (!CHECK(io_is(back, SL_U8, 3, 7, 5, 1))) return;
  for (int i = 0; i < 35; i++) CHECK(io_at(back, i) == pixel(i % 5 * 7 + i / 5, 1));
}

TEST(refuses_to_write_what_is_no_image) {
  CHECK(!sl_image_save(c, io_path("x.png"), sl_full(c, SL_F32, 3, (int64_t[]){2, 2, 1}, 0)));
  CHECK_ERROR(c, SL_EDTYPE, "image.save: argument image: expected uint8, got float32");
  CHECK(!sl_image_save(c, io_path("x.png"), sl_full(c, SL_U8, 3, (int64_t[]){2, 2, 5}, 0)));
  CHECK_ERROR(c, SL_ESHAPE, "got [2,2,5]");
  CHECK(!sl_image_save(c, io_path("x.png"), sl_full(c, SL_U8, 2, (int64_t[]){0, 2}, 0)));
  CHECK_ERROR(c, SL_ESHAPE, "got [0,2]");
  CHECK(access(io_path("x.png"), F_OK));
}

TEST(converts_channels) {
  CHECK(is_picture(sl_image_channels(c, picture(c, 3), 3), 3));
  sl_tensor *t = sl_image_channels(c, picture(c, 1), 3);
  CHECK(io_is(t, SL_U8, 3, 5, 7, 3) && io_at(t, 3) == 9 && io_at(t, 4) == 9 && io_at(t, 5) == 9);
  const uint8_t colours[] = {255, 0, 0, 255, 10, 20, 30, 0, 100, 100, 100, 51};
  sl_tensor *rgba = sl_from(c, SL_U8, 3, (int64_t[]){1, 3, 4}, colours);
  const int want[] = {255, 0, 0, 255, 255, 255, 224, 224, 224}, grey[] = {76, 255, 224};
  sl_tensor *rgb = sl_image_channels(c, rgba, 3), *l = sl_image_channels(c, rgba, 1);
  for (int i = 0; rgb && i < 9; i++) CHECK(io_at(rgb, i) == want[i]);
  for (int i = 0; l && i < 3; i++) CHECK(io_at(l, i) == grey[i]);
  CHECK(rgb && l && !sl_image_channels(c, rgba, 2));
  CHECK_ERROR(c, SL_EARG, "expected 1 or 3, got 2");
}

/* The same size is the identity, a constant stays one, a half is a triangle
   four pixels wide, twice is linear between centres. */
TEST(resizes) {
  CHECK(is_picture(sl_image_resize(c, picture(c, 3), 5, 7), 3));
  sl_tensor *flat = sl_image_resize(c, sl_full(c, SL_U8, 3, (int64_t[]){9, 4, 2}, 77), 3, 11);
  if (CHECK(io_is(flat, SL_U8, 3, 3, 11, 2)))
    for (int i = 0; i < 66; i++) CHECK(io_at(flat, i) == 77);
  const uint8_t step[] = {0, 0, 0, 0, 160, 160, 160, 160};
  const int half[] = {0, 20, 140, 160}, twice[] = {0, 40, 120, 160};
  sl_tensor *x = sl_from(c, SL_U8, 3, (int64_t[]){1, 8, 1}, step);
  sl_tensor *y = sl_image_resize(c, x, 1, 4);
  for (int i = 0; y && i < 4; i++) CHECK(io_at(y, i) == half[i]);
  sl_tensor *tall = sl_from(c, SL_U8, 3, (int64_t[]){2, 1, 1}, step + 3), *z = sl_image_resize(c, tall, 4, 1);
  for (int i = 0; z && i < 4; i++) CHECK(io_at(z, i) == twice[i]);
  CHECK(y && z && !sl_image_resize(c, x, 0, 4));
  CHECK_ERROR(c, SL_EARG, "expected 1 to 2^26 pixels, got 0 x 4");
}

static bool read_body(sl_ctx *c, void *path) { return sl_image_load(c, path); }
static bool write_body(sl_ctx *c, void *t) { return sl_image_save(c, io_path("kept.png"), t); }
static bool change_body(sl_ctx *c, void *t) { return sl_image_resize(c, sl_image_channels(c, t, 3), 4, 4); }

TEST(survives_failed_allocations) {
  CHECK(io_starve(c, read_body, FIXTURES "image/palette.png") >= 10);
  CHECK(io_starve(c, read_body, FIXTURES "image/rgb.jpg") >= 6);
  io_write(io_path("kept.png"), "before", 6);
  int files = io_count();
  sl_tensor *t = picture(c, 2);
  if (!CHECK(t)) return;
  CHECK(io_starve(c, write_body, t) >= 8);
  CHECK(io_starve(c, change_body, t) >= 20);
  CHECK(io_count() == files && is_picture(sl_image_load(c, io_path("kept.png")), 2));
}
