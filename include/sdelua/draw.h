/* sdelua/draw.h: a surface to draw on, for pictures, SVG and PDF.

   Lengths are points, from the upper left corner, x to the right and y down.
   Coordinates come as tensors, so that ten thousand marks are one call; those
   that are not finite break a line, drop a mark, and never fail. What is
   drawn later lies above. The same calls give the same bytes: files hold no
   date and no path.

   Pixels and PDF are cairo's; SVG is our own, so that words stay words in it.
   In a library built without cairo every function fails (SL_ESTATE) and names
   the package that is missing: libcairo2-dev. */
#ifndef SDELUA_DRAW_H
#define SDELUA_DRAW_H

#include "sdelua/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a canvas makes: pixels, or an SVG or PDF file. */
typedef enum sl_canvas_kind { SL_CANVAS_RASTER, SL_CANVAS_SVG, SL_CANVAS_PDF } sl_canvas_kind;

/* A surface, from sl_canvas_new to sl_canvas_free. */
typedef struct sl_canvas sl_canvas;

/* Red, green, blue and opacity in [0,1]; with opacity 0 nothing is drawn. */
typedef struct sl_color {
  double r, g, b, a;
} sl_color;

#define SL_MAX_DASHES 8 /* the most lengths that a pen's dashes have */

/* How a path or a mark is drawn: filled, then stroked. */
typedef struct sl_pen {
  sl_color fill, stroke;
  double width;  /* of the stroke */
  bool closed;   /* each line of a path ends where it began */
  bool round;    /* ends of lines; joins always are */
  int n_dashes;  /* 0: none */
  double dash[SL_MAX_DASHES]; /* lengths, on and off in turn */
} sl_pen;

/* How words stand: (x, y) is on their base line. */
typedef struct sl_lettering {
  double size;   /* of the font */
  double anchor; /* what share of the words is before x: 0, 0.5, 1 … */
  double angle;  /* in degrees, against the clock */
  bool bold;
  sl_color color;
} sl_lettering;

/* A white canvas. Pixels of a raster: width and height times scale, which is 1
   or more dots to a point; others ignore it. The caller's, to free, before the
   context. NULL with the error set. */
SL_API sl_canvas *sl_canvas_new(sl_ctx *c, sl_canvas_kind kind, double width, double height, double scale);
SL_API void sl_canvas_free(sl_canvas *v); /* NULL is fine */

/* A line through points [n,2], or m lines through [m,n,2]. */
SL_API bool sl_canvas_path(sl_ctx *c, sl_canvas *v, const sl_tensor *points, const sl_pen *pen);
/* A disc at each of the points [n,2]. */
SL_API bool sl_canvas_marks(sl_ctx *c, sl_canvas *v, const sl_tensor *points, double radius, const sl_pen *pen);
/* Words in UTF-8, on a line. */
SL_API bool sl_canvas_text(sl_ctx *c, sl_canvas *v, double x, double y, const char *words, const sl_lettering *how);
/* Their width; of `how`, size and bold matter. */
SL_API bool sl_canvas_measure(sl_ctx *c, sl_canvas *v, const char *words, const sl_lettering *how, double *width);
/* A uint8 [H,W,1|3|4] (grey, RGB, RGBA) laid into a rectangle: smooth between
   pixels, or each a plain box. */
SL_API bool sl_canvas_image(sl_ctx *c, sl_canvas *v, const sl_tensor *image, double x, double y, double width,
                            double height, bool smooth);
/* Until sl_canvas_unclip, what is outside that rectangle (and outside those
   that hold already) is not drawn. */
SL_API bool sl_canvas_clip(sl_ctx *c, sl_canvas *v, double x, double y, double width, double height);
/* Ends the last clip; without one, SL_ESTATE. */
SL_API bool sl_canvas_unclip(sl_ctx *c, sl_canvas *v);

/* uint8 [H,W,3] of a raster; of others SL_EARG. */
SL_API sl_tensor *sl_canvas_pixels(sl_ctx *c, sl_canvas *v);
/* Writes a PNG, SVG or PDF, whichever the canvas is. A PDF is finished by that:
   nothing can be drawn after it. */
SL_API bool sl_canvas_save(sl_ctx *c, sl_canvas *v, const char *path);

#ifdef __cplusplus
}
#endif
#endif
