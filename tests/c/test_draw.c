/* Canvases from C: what tests/lua/test_plot.lua does not see. */
#include "sdelua/draw.h"
#include "test.h"

#include <unistd.h>

static const sl_pen red = {.stroke = {1, 0, 0, 1}, .width = 4};

static sl_tensor *across(sl_ctx *c) { return sl_from(c, SL_F32, 2, (int64_t[]){2, 2}, (float[]){0, 5, 20, 5}); }

static void any_kind(sl_ctx *c, sl_canvas_kind kind, const char *begins) {
  char path[] = "/tmp/sdelua-test-draw-XXXXXX", got[8] = "";
  double width = 0;
  close(mkstemp(path));
  sl_canvas *v = sl_canvas_new(c, kind, 20, 10, 1);
  sl_lettering how = {.size = 10, .color = {0, 0, 0, 1}};
  sl_tensor *image = sl_full(c, SL_U8, 3, (int64_t[]){2, 2, 4}, 7);
  CHECK(sl_canvas_path(c, v, across(c), &red) && sl_canvas_marks(c, v, across(c), 2, &red));
  CHECK(sl_canvas_text(c, v, 1, 9, "σ", &how) && sl_canvas_measure(c, v, "σ", &how, &width) && width > 1);
  CHECK(sl_canvas_image(c, v, image, 1, 1, 3, 3, true) && sl_canvas_clip(c, v, 0, 0, 5, 5));
  CHECK(sl_canvas_save(c, v, path)); /* with a clip that still holds */
  FILE *file = fopen(path, "rb");
  CHECK(file && fread(got, 1, 4, file) == 4 && !strncmp(got, begins, 4));
  if (file) fclose(file);
  sl_canvas_free(v);
  unlink(path);
}

TEST(every_kind_takes_every_call) {
  any_kind(c, SL_CANVAS_RASTER, "\x89PNG");
  any_kind(c, SL_CANVAS_SVG, "<svg");
  any_kind(c, SL_CANVAS_PDF, "%PDF");
}

TEST(pixels_of_a_raster) {
  sl_canvas *v = sl_canvas_new(c, SL_CANVAS_RASTER, 20, 10, 2);
  sl_canvas_path(c, v, across(c), &red);
  sl_tensor *p = sl_canvas_pixels(c, v);
  if (!CHECK(p && sl_shape(p)[0] == 20 && sl_shape(p)[1] == 40 && sl_shape(p)[2] == 3)) return;
  CHECK(sl_get(p, (int64_t[]){10, 30, 0}) == 255 && sl_get(p, (int64_t[]){10, 30, 1}) == 0);
  CHECK(sl_get(p, (int64_t[]){2, 30, 1}) == 255);
  sl_canvas_free(v);
}

TEST(errors_stick) {
  CHECK(!sl_canvas_new(c, SL_CANVAS_SVG, -1, 10, 1));
  CHECK_ERROR(c, SL_EARG, "canvas: argument size");
  sl_canvas *v = sl_canvas_new(c, SL_CANVAS_SVG, 20, 10, 1);
  CHECK(!sl_canvas_unclip(c, v));
  CHECK(!sl_canvas_path(c, v, across(c), &red)); /* while the error waits */
  CHECK_ERROR(c, SL_ESTATE, "canvas.unclip");
  CHECK(!sl_canvas_path(c, v, NULL, &red) && !sl_canvas_path(c, NULL, NULL, &red) && !sl_failed(c));
  sl_canvas_free(v);
  sl_canvas_free(NULL);
}

TEST(memory_that_runs_out) {
  int failed = 0;
  for (uint64_t n = 1; n < 30; n++) {
    sl_error e;
    sl_tensor *x = across(c), *image = sl_full(c, SL_U8, 3, (int64_t[]){40, 40, 3}, 7);
    sl_mem_fail(c, n, true);
    sl_canvas *v = sl_canvas_new(c, n % 3, 100, 100, 1);
    for (int i = 0; i < 100; i++) sl_canvas_path(c, v, x, &red);
    sl_canvas_image(c, v, image, 0, 0, 50, 50, n % 2);
    sl_mem_fail(c, 0, false);
    if (sl_error_take(c, &e)) failed++, CHECK_MSG(e.code == SL_EMEMORY, e.message);
    sl_canvas_free(v);
  }
  CHECK(failed > 5);
}
