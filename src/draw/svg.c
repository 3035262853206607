/* SVG 1.1, written as it is drawn. */
#include "draw/canvas.h"
#include "io/sink.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------- */

static bool put(sl_ctx *c, sl_canvas *v, const char *text) { return sl_bytes_add(c, &v->out, text, strlen(text)); }

/* Two decimals at most, and a point whatever the locale. */
static bool put_number(sl_ctx *c, sl_canvas *v, double x) {
  char text[32];
  int64_t hundredths = llround(x * 100), size = hundredths < 0 ? -hundredths : hundredths;
  int n = snprintf(text, sizeof text, "%s%" PRId64 ".%02d", hundredths < 0 ? "-" : "", size / 100, (int)(size % 100));
  while (text[n - 1] == '0') n--;
  if (text[n - 1] == '.') n--;
  return sl_bytes_add(c, &v->out, text, (size_t)n);
}

/* What is between the numbers of a format such as "M% %": the text of each %. */
static bool put_numbers(sl_ctx *c, sl_canvas *v, const char *format, const double *x) {
  for (const char *p = format; *p; p++) {
    bool written = *p == '%' ? put_number(c, v, *x++) : sl_bytes_add(c, &v->out, p, 1);
    if (!written) return false;
  }
  return true;
}

static int byte_of(double share) { return (int)lround(fmin(fmax(share, 0), 1) * 255); }

/* " fill="#0072b2" fill-opacity="0.5"", or none. */
static bool put_color(sl_ctx *c, sl_canvas *v, const char *what, sl_color k) {
  char text[64];
  if (!(k.a > 0)) return put(c, v, " ") && put(c, v, what) && put(c, v, "=\"none\"");
  snprintf(text, sizeof text, " %s=\"#%02x%02x%02x\"", what, byte_of(k.r), byte_of(k.g), byte_of(k.b));
  if (!put(c, v, text) || k.a >= 1) return !sl_failed(c);
  return put(c, v, " ") && put(c, v, what) && put_numbers(c, v, "-opacity=\"%\"", &k.a);
}

static bool put_pen(sl_ctx *c, sl_canvas *v, const sl_pen *pen) {
  if (!put_color(c, v, "fill", pen->fill)) return false;
  if (!(pen->stroke.a > 0)) return true;
  if (!put_color(c, v, "stroke", pen->stroke)) return false;
  if (!put_numbers(c, v, " stroke-width=\"%\" stroke-linejoin=\"round\"", &pen->width)) return false;
  if (pen->round && !put(c, v, " stroke-linecap=\"round\"")) return false;
  if (pen->n_dashes == 0) return true;
  for (int i = 0; i < pen->n_dashes; i++)
    if (!put_numbers(c, v, i ? " %" : " stroke-dasharray=\"%", &pen->dash[i])) return false;
  return put(c, v, "\"");
}

/* Text for XML, which has no control characters. */
static bool put_words(sl_ctx *c, sl_canvas *v, const char *words) {
  for (const char *p = words; *p; p++) {
    char plain[] = {(unsigned char)*p < 32 || *p == 127 ? ' ' : *p, 0};
    const char *safe = *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : plain;
    if (!put(c, v, safe)) return false;
  }
  return true;
}

/* ---- base 64 ------------------------------------------------------------------------ */

typedef struct base64 {
  sl_canvas *v;
  uint32_t bits;
  int bytes; /* that wait in bits */
} base64;

static bool put_group(base64 *b) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = b->bits << (8 * (3 - b->bytes));
  char out[4];
  for (int i = 0; i < 4; i++) out[i] = i <= b->bytes ? digit[bits >> (18 - 6 * i) & 63] : '=';
  b->bits = 0, b->bytes = 0;
  return sl_bytes_add(b->v->ctx, &b->v->out, out, 4);
}

static cairo_status_t add_base64(void *closure, const unsigned char *data, unsigned n) {
  base64 *b = closure;
  for (unsigned i = 0; i < n; i++) {
    b->bits = b->bits << 8 | data[i];
    if (++b->bytes == 3 && !put_group(b)) return CAIRO_STATUS_WRITE_ERROR;
  }
  return CAIRO_STATUS_SUCCESS;
}

/* ---- drawing ---------------------------------------------------------------------- */

static bool open(sl_ctx *c, sl_canvas *v) {
  double size[] = {v->width, v->height, v->width, v->height, v->width, v->height};
  cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
  v->cr = cairo_create(s);
  cairo_surface_destroy(s);
  return sl_cairo_ok(c, cairo_status(v->cr)) &&
         put_numbers(c, v, "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
                     "width=\"%\" height=\"%\" viewBox=\"0 0 % %\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n"
                     "<rect width=\"%\" height=\"%\" fill=\"white\"/>\n", size);
}

static bool path(sl_ctx *c, sl_canvas *v, int64_t n, const double *xy, const sl_pen *pen) {
  bool begun = false, good = put(c, v, "<path d=\"");
  for (int64_t i = 0; good && i < n; i++, xy += 2) {
    bool gap = isnan(xy[0]);
    if (!gap) good = put_numbers(c, v, begun ? "L% %" : "M% %", xy);
    begun = !gap;
  }
  return good && put(c, v, "\"") && put_pen(c, v, pen) && put(c, v, "/>\n");
}

static bool marks(sl_ctx *c, sl_canvas *v, int64_t n, const double *xy, double radius, const sl_pen *pen) {
  bool good = put(c, v, "<g") && put_pen(c, v, pen) && put(c, v, ">\n");
  for (int64_t i = 0; good && i < n; i++)
    good = put_numbers(c, v, "<circle cx=\"%\" cy=\"%\" r=\"%\"/>\n", (double[]){xy[2 * i], xy[2 * i + 1], radius});
  return good && put(c, v, "</g>\n");
}

/* Words are anchored by name where they can be, so that another font's widths do no harm. */
static bool text(sl_ctx *c, sl_canvas *v, double x, double y, const char *words, const sl_lettering *how) {
  const char *anchor = how->anchor == 0 ? "start" : how->anchor == 0.5 ? "middle" : "end";
  double at[] = {x, y, how->size}, turn[] = {-how->angle, x, y}, width = 0;
  if (how->anchor != 0 && how->anchor != 0.5 && how->anchor != 1) {
    if (!sl_canvas_measure(c, v, words, how, &width)) return false;
    double before = (how->anchor - 1) * width, a = how->angle * M_PI / 180;
    at[0] -= before * cos(a), at[1] += before * sin(a);
  }
  return put_numbers(c, v, "<text x=\"%\" y=\"%\" font-size=\"%\"", at) && put(c, v, " text-anchor=\"") &&
         put(c, v, anchor) && put(c, v, "\"") && (!how->bold || put(c, v, " font-weight=\"bold\"")) &&
         (how->angle == 0 || put_numbers(c, v, " transform=\"rotate(% % %)\"", turn)) &&
         put_color(c, v, "fill", how->color) && put(c, v, ">") && put_words(c, v, words) && put(c, v, "</text>\n");
}

static bool image(sl_ctx *c, sl_canvas *v, cairo_surface_t *s, sl_box box, bool smooth) {
  base64 b = {.v = v};
  bool good = put_numbers(c, v, "<image x=\"%\" y=\"%\" width=\"%\" height=\"%\" preserveAspectRatio=\"none\"",
                          (double[]){box.x, box.y, box.width, box.height}) &&
              put(c, v, smooth ? "" : " style=\"image-rendering:pixelated\"") &&
              put(c, v, " xlink:href=\"data:image/png;base64,") &&
              sl_cairo_ok(c, cairo_surface_write_to_png_stream(s, add_base64, &b));
  return good && (b.bytes == 0 || put_group(&b)) && put(c, v, "\"/>\n");
}

/* An svg in the svg clips, and needs no name that another picture on the page might have too. */
static bool clip(sl_ctx *c, sl_canvas *v, sl_box k) {
  return put_numbers(c, v, "<svg x=\"%\" y=\"%\" width=\"%\" height=\"%\" viewBox=\"% % % %\" overflow=\"hidden\">\n",
                     (double[]){k.x, k.y, k.width, k.height, k.x, k.y, k.width, k.height});
}

static bool unclip(sl_ctx *c, sl_canvas *v) { return put(c, v, "</svg>\n"); }

static bool save(sl_ctx *c, sl_canvas *v, const char *path) {
  sl_sink s;
  if (!sl_sink_open(c, &s, "canvas.save", path)) return false;
  bool good = sl_sink_write(c, &s, v->out.data, v->out.size);
  for (int i = 0; good && i <= v->clips; i++) good = sl_sink_write(c, &s, "</svg>\n", 7);
  return sl_sink_close(c, &s, good);
}

const sl_painter sl_svg_painter = {open, path, marks, text, image, clip, unclip, save};
