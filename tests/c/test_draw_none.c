/* A build without cairo: what none.c has in place of src/draw. */
#include "draw/none.c"
#include "test.h"

#define REFUSED(call) (CHECK(!(call)), CHECK_ERROR(c, SL_ESTATE, "install libcairo2-dev and build again"))

TEST(every_function_names_the_package) {
  double width;
  REFUSED(sl_canvas_new(c, SL_CANVAS_RASTER, 10, 10, 1));
  REFUSED(sl_canvas_path(c, NULL, NULL, NULL));
  REFUSED(sl_canvas_marks(c, NULL, NULL, 1, NULL));
  REFUSED(sl_canvas_text(c, NULL, 0, 0, "", NULL));
  REFUSED(sl_canvas_measure(c, NULL, "", NULL, &width));
  REFUSED(sl_canvas_image(c, NULL, NULL, 0, 0, 1, 1, false));
  REFUSED(sl_canvas_clip(c, NULL, 0, 0, 1, 1));
  REFUSED(sl_canvas_unclip(c, NULL));
  REFUSED(sl_canvas_save(c, NULL, ""));
  REFUSED(sl_canvas_pixels(c, NULL));
  sl_canvas_free(NULL);
}
