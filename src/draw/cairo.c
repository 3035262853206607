/* Pixels and PDF. */
#include "draw/canvas.h"
#include "io/sink.h"
#include "sdelua/io.h"

#include <cairo-pdf.h>
#include <math.h>
#include <string.h>

bool sl_cairo_ok(sl_ctx *c, cairo_status_t status) {
  if (status == CAIRO_STATUS_SUCCESS) return true;
  if (status == CAIRO_STATUS_NO_MEMORY) return sl_fail(c, SL_EMEMORY, "canvas: out of memory");
  return sl_fail(c, SL_EVALUE, "canvas: cairo: %s", cairo_status_to_string(status));
}

static bool ok(sl_ctx *c, sl_canvas *v) { return sl_cairo_ok(c, cairo_status(v->cr)); }

static void set_color(cairo_t *cr, sl_color k) { cairo_set_source_rgba(cr, k.r, k.g, k.b, k.a); }

/* ---- opening ------------------------------------------------------------------ */

static cairo_status_t add_bytes(void *v, const unsigned char *data, unsigned n) {
  sl_canvas *canvas = v;
  return sl_bytes_add(canvas->ctx, &canvas->out, data, n) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_surface_t *open_pdf(sl_canvas *v) {
  cairo_surface_t *s = cairo_pdf_surface_create_for_stream(add_bytes, v, v->width, v->height);
  cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, "1980-01-01T00:00:00");
  return s;
}

static cairo_surface_t *open_raster(sl_ctx *c, sl_canvas *v) {
  int w = (int)ceil(v->width * v->scale - 1e-6), h = (int)ceil(v->height * v->scale - 1e-6);
  size_t bytes = (size_t)w * (size_t)h * 4;
  v->pixels = sl_alloc(c, bytes, "canvas");
  if (!v->pixels) return NULL;
  memset(v->pixels, 255, bytes);
  cairo_surface_t *s = cairo_image_surface_create_for_data(v->pixels, CAIRO_FORMAT_RGB24, w, h, 4 * w);
  cairo_surface_set_device_scale(s, v->scale, v->scale);
  return s;
}

static bool open(sl_ctx *c, sl_canvas *v) {
  cairo_surface_t *s = v->kind == SL_CANVAS_PDF ? open_pdf(v) : open_raster(c, v);
  if (!s) return false;
  v->cr = cairo_create(s);
  cairo_surface_destroy(s); /* the context keeps it */
  cairo_set_line_join(v->cr, CAIRO_LINE_JOIN_ROUND);
  return ok(c, v);
}

/* ---- drawing -------------------------------------------------------------------- */

static void stroke(cairo_t *cr, const sl_pen *pen) {
  set_color(cr, pen->stroke);
  cairo_set_line_width(cr, pen->width);
  cairo_set_line_cap(cr, pen->round ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
  cairo_set_dash(cr, pen->dash, pen->n_dashes, 0);
  cairo_stroke(cr);
}

static bool path(sl_ctx *c, sl_canvas *v, int64_t n, const double *xy, const sl_pen *pen) {
  bool begun = false;
  cairo_new_path(v->cr);
  for (int64_t i = 0; i < n; i++, xy += 2) {
    bool gap = isnan(xy[0]);
    if (!gap && begun) cairo_line_to(v->cr, xy[0], xy[1]);
    else if (!gap) cairo_move_to(v->cr, xy[0], xy[1]);
    begun = !gap;
  }
  set_color(v->cr, pen->fill);
  if (pen->fill.a > 0) cairo_fill(v->cr);
  else stroke(v->cr, pen);
  return ok(c, v);
}

static bool marks(sl_ctx *c, sl_canvas *v, int64_t n, const double *xy, double radius, const sl_pen *pen) {
  for (int64_t i = 0; i < n; i++) {
    cairo_new_path(v->cr);
    cairo_arc(v->cr, xy[2 * i], xy[2 * i + 1], radius, 0, 2 * M_PI);
    set_color(v->cr, pen->fill);
    if (pen->fill.a > 0) cairo_fill_preserve(v->cr);
    if (pen->stroke.a > 0 && pen->width > 0) stroke(v->cr, pen);
  }
  cairo_new_path(v->cr);
  return ok(c, v);
}

/* Widths that do not depend on where a pixel is. */
void sl_cairo_font(cairo_t *cr, const sl_lettering *how) {
  cairo_font_options_t *o = cairo_font_options_create();
  cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
  cairo_set_font_options(cr, o);
  cairo_font_options_destroy(o);
  cairo_select_font_face(cr, "sans", CAIRO_FONT_SLANT_NORMAL,
                         how->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, how->size);
}

static bool text(sl_ctx *c, sl_canvas *v, double x, double y, const char *words, const sl_lettering *how) {
  cairo_text_extents_t e;
  cairo_save(v->cr);
  sl_cairo_font(v->cr, how);
  cairo_text_extents(v->cr, words, &e);
  set_color(v->cr, how->color);
  cairo_translate(v->cr, x, y);
  cairo_rotate(v->cr, -how->angle * M_PI / 180);
  cairo_move_to(v->cr, -how->anchor * e.x_advance, 0);
  cairo_show_text(v->cr, words);
  cairo_restore(v->cr);
  return ok(c, v);
}

static bool image(sl_ctx *c, sl_canvas *v, cairo_surface_t *s, sl_box box, bool smooth) {
  cairo_save(v->cr);
  cairo_translate(v->cr, box.x, box.y);
  cairo_scale(v->cr, box.width / cairo_image_surface_get_width(s), box.height / cairo_image_surface_get_height(s));
  cairo_set_source_surface(v->cr, s, 0, 0);
  cairo_pattern_set_extend(cairo_get_source(v->cr), CAIRO_EXTEND_PAD);
  cairo_pattern_set_filter(cairo_get_source(v->cr), smooth ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
  cairo_rectangle(v->cr, 0, 0, cairo_image_surface_get_width(s), cairo_image_surface_get_height(s));
  cairo_fill(v->cr);
  cairo_restore(v->cr);
  return ok(c, v);
}

static bool clip(sl_ctx *c, sl_canvas *v, sl_box box) {
  cairo_save(v->cr);
  cairo_rectangle(v->cr, box.x, box.y, box.width, box.height);
  cairo_clip(v->cr);
  return ok(c, v);
}

static bool unclip(sl_ctx *c, sl_canvas *v) {
  cairo_restore(v->cr);
  return ok(c, v);
}

/* ---- saving ---------------------------------------------------------------------- */

static bool save_pdf(sl_ctx *c, sl_canvas *v, const char *path) {
  sl_sink s;
  while (!v->finished && v->clips > 0) v->clips--, cairo_restore(v->cr);
  cairo_surface_finish(cairo_get_target(v->cr));
  v->finished = true;
  if (!sl_cairo_ok(c, cairo_surface_status(cairo_get_target(v->cr)))) return false;
  if (!sl_sink_open(c, &s, "canvas.save", path)) return false;
  return sl_sink_close(c, &s, sl_sink_write(c, &s, v->out.data, v->out.size));
}

static bool save(sl_ctx *c, sl_canvas *v, const char *path) {
  if (v->kind == SL_CANVAS_PDF) return save_pdf(c, v, path);
  size_t mark = sl_pool_open(c);
  sl_tensor *pixels = sl_canvas_pixels(c, v);
  bool saved = pixels && sl_image_save(c, path, pixels);
  sl_pool_close(c, mark);
  return saved;
}

const sl_painter sl_cairo_painter = {open, path, marks, text, image, clip, unclip, save};
