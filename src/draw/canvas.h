/* A canvas, and what draws on it: pixels and PDF (cairo.c) or SVG (svg.c). What
   reaches a painter is checked: finite, within reach, UTF-8. */
#ifndef SL_DRAW_CANVAS_H
#define SL_DRAW_CANVAS_H

#include "sdelua/draw.h"

#include <cairo.h>

/* Bytes that grow. */
typedef struct sl_bytes {
  char *data;
  size_t size, room;
} sl_bytes;

typedef struct sl_box {
  double x, y, width, height;
} sl_box;

typedef struct sl_painter {
  bool (*open)(sl_ctx *c, sl_canvas *v);
  /* n points; a pair of NaN lies between two lines. Either fills or strokes, as the pen's one visible colour says. */
  bool (*path)(sl_ctx *c, sl_canvas *v, int64_t n, const double *xy, const sl_pen *pen);
  bool (*marks)(sl_ctx *c, sl_canvas *v, int64_t n, const double *xy, double radius, const sl_pen *pen);
  bool (*text)(sl_ctx *c, sl_canvas *v, double x, double y, const char *words, const sl_lettering *how);
  bool (*image)(sl_ctx *c, sl_canvas *v, cairo_surface_t *image, sl_box box, bool smooth);
  bool (*clip)(sl_ctx *c, sl_canvas *v, sl_box box);
  bool (*unclip)(sl_ctx *c, sl_canvas *v);
  bool (*save)(sl_ctx *c, sl_canvas *v, const char *path);
} sl_painter;

struct sl_canvas {
  sl_ctx *ctx;
  const sl_painter *painter;
  sl_canvas_kind kind;
  double width, height, scale;
  int clips;     /* that hold */
  bool finished; /* a PDF that was written */
  cairo_t *cr;   /* where words are measured; and what is drawn on, but for SVG */
  uint8_t *pixels;
  sl_bytes out; /* the file so far */
};

extern const sl_painter sl_cairo_painter, sl_svg_painter;

/* False with the error set when cairo met one. */
bool sl_cairo_ok(sl_ctx *c, cairo_status_t status);
/* The font of a lettering. */
void sl_cairo_font(cairo_t *cr, const sl_lettering *how);

bool sl_bytes_add(sl_ctx *c, sl_bytes *b, const void *data, size_t n);

#endif
