/* What a build without cairo has in place of the other files of this folder. */
#include "sdelua/draw.h"

static void *missing(sl_ctx *c) {
  return sl_fail(c, SL_ESTATE, "canvas: this sdelua was built without cairo: install libcairo2-dev and build again");
}

#define NONE(name, ...) \
  bool name(sl_ctx *c, sl_canvas *v, __VA_ARGS__) { return (void)v, missing(c); }
#define UNUSED __attribute__((unused))

sl_canvas *sl_canvas_new(sl_ctx *c, UNUSED sl_canvas_kind k, UNUSED double w, UNUSED double h, UNUSED double s) {
  return missing(c);
}
void sl_canvas_free(UNUSED sl_canvas *v) {}
NONE(sl_canvas_path, UNUSED const sl_tensor *points, UNUSED const sl_pen *pen)
NONE(sl_canvas_marks, UNUSED const sl_tensor *points, UNUSED double radius, UNUSED const sl_pen *pen)
NONE(sl_canvas_text, UNUSED double x, UNUSED double y, UNUSED const char *words, UNUSED const sl_lettering *how)
NONE(sl_canvas_measure, UNUSED const char *words, UNUSED const sl_lettering *how, UNUSED double *width)
NONE(sl_canvas_image, UNUSED const sl_tensor *image, UNUSED double x, UNUSED double y, UNUSED double w,
     UNUSED double h, UNUSED bool smooth)
NONE(sl_canvas_clip, UNUSED double x, UNUSED double y, UNUSED double w, UNUSED double h)
NONE(sl_canvas_save, UNUSED const char *path)
bool sl_canvas_unclip(sl_ctx *c, UNUSED sl_canvas *v) { return missing(c); }
sl_tensor *sl_canvas_pixels(sl_ctx *c, UNUSED sl_canvas *v) { return missing(c); }
