/* Films and palettes from C. That other programs read them is tested by tests/lua/test_film.lua. */
#include "io_test.h"

typedef bool save_fn(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o);
static const struct { save_fn *save; const char *name; } formats[] = {{sl_webp_save, "a.webp"}, {sl_gif_save, "a.gif"}};
static const sl_film_options usual = {.fps = 12, .lossless = true, .quality = 75};

/* Whether this build has the format. */
static bool built(sl_ctx *c, int k) {
  sl_error e;
  formats[k].save(c, "/nowhere/film", NULL, &usual); /* says nothing of NULL frames */
  return !sl_error_take(c, &e) || e.code != SL_ESTATE;
}

static sl_tensor *frames(sl_ctx *c, int n, int height, int width, int channels, int colors) {
  sl_tensor *t = sl_empty(c, SL_U8, 4, (int64_t[]){n, height, width, channels});
  uint32_t state = 1;
  for (int64_t i = 0; t && i < sl_numel(t); i++) {
    state = state * 1664525u + 1013904223u;
    ((uint8_t *)sl_data(t))[i] = (uint8_t)((state >> 24) % (unsigned)colors);
  }
  return t;
}

/* Each side a different one, so that rows, columns and rectangles meet their ends. */
TEST(writes_every_size) {
  for (int k = 0; k < 2; k++)
    for (int height = 1; built(c, k) && height < 8; height += 3)
      for (int width = 1; width < 10; width += 4)
        for (int channels = 1; channels < 4; channels += 2)
          for (int colors = 1; colors < 257; colors += 85) {
            size_t mark = sl_pool_open(c);
            CHECK(formats[k].save(c, io_path(formats[k].name), frames(c, 3, height, width, channels, colors), &usual));
            sl_pool_close(c, mark);
          }
}

TEST(same_frames_same_bytes) {
  for (int k = 0; k < 2; k++) {
    if (!built(c, k)) continue;
    sl_tensor *x = frames(c, 4, 16, 20, 3, 256);
    CHECK(formats[k].save(c, io_path("one"), x, &usual) && formats[k].save(c, io_path("two"), x, &usual));
    CHECK(io_same_file(io_path("one"), io_path("two")));
  }
}

TEST(refuses_what_is_no_film) {
  sl_film_options late = {.fps = 0.001}, often = {.fps = 5, .loop = 70000}, bad = {.fps = NAN};
  sl_tensor *x = frames(c, 2, 3, 4, 1, 9);
  for (int k = 0; k < 2; k++) {
    if (!built(c, k)) continue;
    CHECK(!formats[k].save(c, io_path("b"), sl_empty(c, SL_F32, 4, (int64_t[]){1, 2, 2, 1}), &usual));
    CHECK_ERROR(c, SL_EDTYPE, "image.animate: argument frames: expected uint8, got float32");
    CHECK(!formats[k].save(c, io_path("b"), frames(c, 1, 2, 2, 4, 9), &usual));
    CHECK_ERROR(c, SL_ESHAPE, "got [1,2,2,4]");
    CHECK(!formats[k].save(c, io_path("b"), x, &late));
    CHECK_ERROR(c, SL_EARG, "option fps");
    CHECK(!formats[k].save(c, io_path("b"), x, &often));
    CHECK_ERROR(c, SL_EARG, "option loop: expected 0 to 65535, got 70000");
    CHECK(!formats[k].save(c, io_path("b"), x, &bad));
    CHECK_ERROR(c, SL_EARG, "option fps");
    CHECK(!formats[k].save(c, "/nowhere/film", x, &usual));
    CHECK_ERROR(c, SL_EIO, "image.animate: /nowhere/film: ");
  }
}

static bool stop(sl_ctx *c, void *ud) {
  (void)c;
  return --*(int *)ud > 0;
}

TEST(stops_between_frames_and_leaves_nothing) {
  for (int k = 0; k < 2; k++) {
    int polls = 2, files = io_count();
    if (!built(c, k)) continue;
    sl_poll_set(c, stop, &polls);
    CHECK(!formats[k].save(c, io_path("stopped"), frames(c, 5, 8, 8, 1, 9), &usual));
    sl_poll_set(c, NULL, NULL);
    CHECK_ERROR(c, SL_EINTERRUPT, "");
    CHECK(polls == 0 && io_count() == files);
  }
}

/* ---- palettes -------------------------------------------------------------------- */

/* The largest distance of a channel between a pixel and the colour that stands for it. */
static int worst(const sl_tensor *image, const sl_tensor *index, const sl_tensor *colors) {
  int channels = (int)sl_shape(image)[sl_ndim(image) - 1], most = 0;
  for (int64_t i = 0; i < sl_numel(image); i++) {
    double color = io_at(colors, (int64_t)io_at(index, i / channels) * 3 + i % channels);
    int far = abs((int)(io_at(image, i) - color));
    if (far > most) most = far;
  }
  return most;
}

/* How far the pixel is from the nearest of the colours, by its worst channel. */
static int nearest(const sl_tensor *image, int64_t pixel, const sl_tensor *colors) {
  int channels = (int)sl_shape(image)[sl_ndim(image) - 1], least = 255;
  for (int64_t i = 0; i < sl_shape(colors)[0]; i++) {
    int far = 0;
    for (int k = 0; k < 3; k++) {
      int d = abs((int)(io_at(image, pixel * channels + k % channels) - io_at(colors, i * 3 + k)));
      if (d > far) far = d;
    }
    if (far < least) least = far;
  }
  return least;
}

TEST(finds_the_colours_there_are) {
  static const struct { int channels, colors, most, count; } cases[] = {
    {1, 200, 256, 200}, {1, 256, 256, 256}, {3, 6, 216, 216}, {1, 1, 1, 1}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    sl_tensor *colors, *x = frames(c, 2, 60, 80, cases[k].channels, cases[k].colors);
    sl_tensor *index = sl_image_palette(c, x, cases[k].most, &colors);
    if (!CHECK(io_is(index, SL_U8, 3, 2, 60, 80))) continue;
    CHECK(sl_shape(colors)[0] == cases[k].count && worst(x, index, colors) == 0);
  }
}

/* Of noise all over the cube, no pixel is far from some colour: n colours are a lattice of n^(1/3) a side at best. */
TEST(cuts_many_colours_to_few) {
  static const struct { int channels, most, far; } cases[] = {{3, 256, 60}, {3, 16, 160}, {1, 2, 64}, {3, 1, 130}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    int most = 0;
    sl_tensor *colors, *x = frames(c, 1, 60, 80, cases[k].channels, 256);
    if (!CHECK(sl_image_palette(c, x, cases[k].most, &colors))) continue;
    for (int64_t i = 0; i < 60 * 80; i++) {
      int far = nearest(x, i, colors);
      if (far > most) most = far;
    }
    char at[40];
    snprintf(at, sizeof at, "case %zu: %d", k, most);
    CHECK_MSG(sl_shape(colors)[0] == cases[k].most && most <= cases[k].far, at);
  }
}

/* Squares of 8 x 8, each of one grey, in two colours: what lies between them is mixed in the right share. Nearer to one
   than a sixth of the way it has that one alone. */
TEST(mixes_what_lies_between) {
  sl_tensor *colors, *x = sl_empty(c, SL_U8, 3, (int64_t[]){8, 2048, 3});
  for (int i = 0; x && i < 8 * 2048 * 3; i++) ((uint8_t *)sl_data(x))[i] = (uint8_t)(i / 3 % 2048 / 8);
  sl_tensor *index = sl_image_palette(c, x, 2, &colors);
  if (!CHECK(index && sl_shape(colors)[0] == 2)) return;
  double lo = fmin(io_at(colors, 0), io_at(colors, 3)), hi = fmax(io_at(colors, 0), io_at(colors, 3));
  CHECK(lo > 40 && lo < 90 && hi > 165 && hi < 215);
  for (int v = (int)lo; v <= (int)hi; v++) {
    double sum = 0;
    for (int i = 0; i < 64; i++) sum += io_at(colors, 3 * (int64_t)io_at(index, i / 8 * 2048 + v * 8 + i % 8));
    CHECK(fabs(sum / 64 - v) <= (hi - lo) / 6 + 4); /* 4: the width of a cell */
  }
  int half = (int)(lo + hi) / 2; /* like a chessboard */
  for (int i = 0; i < 56; i++) CHECK(io_at(index, i / 8 * 2048 + half * 8 + i % 8) !=
                                     io_at(index, (i / 8 + 1) * 2048 + half * 8 + i % 8));
}

/* A handful of coloured points on a large white ground keep their colours. */
TEST(a_ground_does_not_take_the_colours_of_points) {
  sl_tensor *colors, *x = sl_empty(c, SL_U8, 3, (int64_t[]){200, 200, 3});
  if (!CHECK(x)) return;
  uint8_t *p = sl_data(x);
  memset(p, 255, (size_t)sl_numel(x));
  for (int i = 0; i < 400; i++)
    for (int k = 0; k < 3; k++) p[297 * i + k] = (uint8_t)(k == 0 ? i % 100 : k == 1 ? 114 + i % 7 : 178 + i % 50);
  sl_tensor *index = sl_image_palette(c, x, 256, &colors);
  CHECK(index && worst(x, index, colors) <= 12);
}

/* ---- memory -------------------------------------------------------------------------- */

static bool save_one(sl_ctx *c, void *arg) {
  return formats[*(int *)arg].save(c, io_path("starved"), frames(c, 2, 9, 9, 3, 256), &usual);
}

static bool palette_of(sl_ctx *c, void *arg) {
  sl_tensor *colors;
  (void)arg;
  return sl_image_palette(c, frames(c, 2, 20, 20, 3, 256), 100, &colors);
}

TEST(survives_failed_allocations) {
  for (int k = 0; k < 2; k++)
    if (built(c, k)) CHECK(io_starve(c, save_one, &k) > 0);
  CHECK(io_starve(c, palette_of, NULL) > 3);
}
