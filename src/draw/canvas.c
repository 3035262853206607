/* What every canvas has in common: arguments are checked and coordinates made
   safe here, then a painter draws. */
#include "draw/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- arguments ---------------------------------------------------------------- */

/* Coordinates wrap around, in cairo's pixels, past 2^15 dots. */
static const double LONGEST = 30000, LARGEST = 20000;

static bool ready(sl_ctx *c, const sl_canvas *v, const char *who) {
  if (sl_failed(c) || !v) return false;
  return !v->finished || sl_fail(c, SL_ESTATE, "%s: this canvas was saved as PDF, which finished it", who);
}

static bool check_numbers(sl_ctx *c, const char *who, const char *name, int n, const double *x) {
  for (int i = 0; i < n; i++)
    if (!(fabs(x[i]) <= LONGEST))
      return sl_fail(c, SL_EARG, "%s: argument %s: expected numbers up to %g, got %g", who, name, LONGEST, x[i]);
  return true;
}

static bool check_pen(sl_ctx *c, const char *who, const sl_pen *p) {
  bool dashes = p->n_dashes >= 0 && p->n_dashes <= SL_MAX_DASHES;
  double sum = 0;
  for (int i = 0; dashes && i < p->n_dashes; i++) {
    dashes = p->dash[i] >= 0 && p->dash[i] <= LONGEST;
    sum += p->dash[i];
  }
  if (!(p->width >= 0 && p->width <= LONGEST))
    return sl_fail(c, SL_EARG, "%s: argument width: expected a length, got %g", who, p->width);
  return (dashes && (p->n_dashes == 0 || sum > 1e-3)) ||
         sl_fail(c, SL_EARG, "%s: argument dash: expected at most %d lengths, not all 0", who, SL_MAX_DASHES);
}

/* points as float64, one after another; NULL with the error set unless they are [n,2] or, with `many`, [m,n,2]. */
static const double *check_points(sl_ctx *c, const char *who, const sl_tensor *t, bool many) {
  char got[128];
  int d = sl_ndim(t);
  if (!((d == 2 || (many && d == 3)) && sl_shape(t)[d - 1] == 2))
    return sl_fail(c, SL_ESHAPE, "%s: argument points: expected [n,2]%s, got shape %s", who, many ? " or [m,n,2]" : "",
                   sl_shape_str(t, got));
  sl_tensor *xy = sl_empty(c, SL_F64, d, sl_shape(t));
  return xy && sl_copy_into(c, xy, t) ? sl_data(xy) : NULL;
}

/* Of a code point that starts with byte b: how many bytes, 0 where none does. */
static int utf8_length(unsigned char b) {
  return b < 0x80 ? 1 : b >= 0xC2 && b < 0xE0 ? 2 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xF0 && b < 0xF5 ? 4 : 0;
}

static bool is_utf8(const char *words) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  for (const unsigned char *p = (const unsigned char *)words; *p;) {
    int n = utf8_length(*p);
    uint32_t code = n < 2 ? *p : *p & (0xFFu >> (n + 1));
    for (int i = 1; i < n; i++) {
      if ((p[i] & 0xC0) != 0x80) return false;
      code = code << 6 | (p[i] & 0x3F);
    }
    if (!n || code < least[n] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    p += n;
  }
  return true;
}

static bool check_words(sl_ctx *c, const char *who, const char *words, const sl_lettering *how) {
  if (!is_utf8(words)) return sl_fail(c, SL_EARG, "%s: argument words: expected UTF-8, got other bytes", who);
  if (strlen(words) > 10000) return sl_fail(c, SL_EARG, "%s: argument words: expected at most 10000 bytes", who);
  return (how->size > 0 && how->size <= 1000) ||
         sl_fail(c, SL_EARG, "%s: argument size: expected up to 1000 points, got %g", who, how->size);
}

/* ---- lines within reach ---------------------------------------------------------- */

/* Points so far, and the box that they stay in: the canvas and some room around it. */
typedef struct line {
  double *xy;
  int64_t n;
  double lo, hi[2];
} line;

static line new_line(const sl_canvas *v, double *xy) {
  double room = fmin(2000, 10000 / v->scale);
  return (line){.xy = xy, .lo = -room, .hi = {v->width + room, v->height + room}};
}

static void put(line *l, double x, double y) {
  l->xy[2 * l->n] = x, l->xy[2 * l->n + 1] = y;
  l->n++;
}

static bool near(const line *l, const double *p) {
  return p[0] >= l->lo && p[0] <= l->hi[0] && p[1] >= l->lo && p[1] <= l->hi[1];
}

/* What of a to b is in the box, as shares of the way (Liang & Barsky 1984); false: nothing. */
static bool shares(const line *l, const double *a, const double *b, double *from, double *to) {
  *from = 0, *to = 1;
  for (int d = 0; d < 2; d++)
    for (int side = -1; side <= 1; side += 2) {
      double step = side * (b[d] - a[d]), left = side < 0 ? a[d] - l->lo : l->hi[d] - a[d];
      if (step == 0 && left < 0) return false;
      if (step > 0) *to = fmin(*to, left / step);
      if (step < 0) *from = fmax(*from, left / step);
    }
  return *from < *to;
}

/* Not so far that differences overflow. */
static bool sane(const double *p) { return fabs(p[0]) < 1e150 && fabs(p[1]) < 1e150; }

/* The stroke from a to b; the line ends in a when a is near. */
static void put_step(line *l, const double *a, const double *b) {
  double from, to;
  if (near(l, a) && near(l, b)) {
    put(l, b[0], b[1]);
  } else if (sane(a) && sane(b) && shares(l, a, b, &from, &to)) {
    double dx = b[0] - a[0], dy = b[1] - a[1];
    if (!near(l, a)) put(l, NAN, NAN), put(l, a[0] + from * dx, a[1] + from * dy);
    put(l, a[0] + to * dx, a[1] + to * dy);
  } else if (near(l, b)) {
    put(l, NAN, NAN), put(l, b[0], b[1]);
  }
}

static void put_stroke(line *l, int64_t n, const double *xy, bool closed) {
  put(l, NAN, NAN);
  if (n > 0 && near(l, xy)) put(l, xy[0], xy[1]);
  for (int64_t i = 1; i < n; i++) put_step(l, xy + 2 * (i - 1), xy + 2 * i);
  if (closed && n > 1) put_step(l, xy + 2 * (n - 1), xy);
}

static double within(const line *l, int d, double x) { return fmin(fmax(x, l->lo), l->hi[d]); }

/* An area is pulled into the box, and does without what is not finite. */
static void put_fill(line *l, int64_t n, const double *xy) {
  put(l, NAN, NAN);
  for (int64_t i = 0; i < n; i++, xy += 2)
    if (isfinite(xy[0]) && isfinite(xy[1])) put(l, within(l, 0, xy[0]), within(l, 1, xy[1]));
}

static bool draw_lines(sl_ctx *c, sl_canvas *v, const sl_tensor *points, const double *xy, const sl_pen *pen,
                       bool filled) {
  int d = sl_ndim(points);
  int64_t n = sl_shape(points)[d - 2], m = d == 3 ? sl_shape(points)[0] : 1, most = m * (3 * n + 3);
  sl_tensor *room = sl_empty(c, SL_F64, 2, (int64_t[]){most > 0 ? most : 1, 2});
  if (!room) return false;
  line l = new_line(v, sl_data(room));
  for (int64_t i = 0; i < m; i++) {
    if (filled) put_fill(&l, n, xy + 2 * i * n);
    else put_stroke(&l, n, xy + 2 * i * n, pen->closed);
  }
  sl_pen one = *pen;
  *(filled ? &one.stroke : &one.fill) = (sl_color){0};
  return v->painter->path(c, v, l.n, l.xy, &one);
}

bool sl_canvas_path(sl_ctx *c, sl_canvas *v, const sl_tensor *points, const sl_pen *pen) {
  if (!ready(c, v, "canvas.path") || !points || !check_pen(c, "canvas.path", pen)) return false;
  size_t mark = sl_pool_open(c);
  const double *xy = check_points(c, "canvas.path", points, true);
  bool ok = xy != NULL;
  if (ok && pen->fill.a > 0) ok = draw_lines(c, v, points, xy, pen, true);
  if (ok && pen->stroke.a > 0 && pen->width > 0) ok = draw_lines(c, v, points, xy, pen, false);
  sl_pool_close(c, mark);
  return ok;
}

/* ---- the rest --------------------------------------------------------------------- */

bool sl_canvas_marks(sl_ctx *c, sl_canvas *v, const sl_tensor *points, double radius, const sl_pen *pen) {
  if (!ready(c, v, "canvas.marks") || !points || !check_pen(c, "canvas.marks", pen)) return false;
  if (!(radius >= 0 && radius <= LONGEST))
    return sl_fail(c, SL_EARG, "canvas.marks: argument radius: expected a length, got %g", radius);
  size_t mark = sl_pool_open(c);
  const double *xy = check_points(c, "canvas.marks", points, false);
  int64_t n = sl_shape(points)[0];
  sl_tensor *room = xy ? sl_empty(c, SL_F64, 2, (int64_t[]){n > 0 ? n : 1, 2}) : NULL;
  line l = new_line(v, room ? sl_data(room) : NULL);
  for (int64_t i = 0; room && i < n; i++)
    if (near(&l, xy + 2 * i)) put(&l, xy[2 * i], xy[2 * i + 1]);
  bool ok = room && v->painter->marks(c, v, l.n, l.xy, radius, pen);
  sl_pool_close(c, mark);
  return ok;
}

bool sl_canvas_text(sl_ctx *c, sl_canvas *v, double x, double y, const char *words, const sl_lettering *how) {
  double place[] = {x, y, how->anchor, how->angle};
  if (!ready(c, v, "canvas.text") || !check_words(c, "canvas.text", words, how)) return false;
  line l = new_line(v, NULL);
  if (!near(&l, place) || !*words) return true;
  return check_numbers(c, "canvas.text", "anchor", 2, place + 2) && v->painter->text(c, v, x, y, words, how);
}

bool sl_canvas_measure(sl_ctx *c, sl_canvas *v, const char *words, const sl_lettering *how, double *width) {
  cairo_text_extents_t e;
  *width = 0;
  if (!ready(c, v, "canvas.measure") || !check_words(c, "canvas.measure", words, how)) return false;
  sl_cairo_font(v->cr, how);
  cairo_text_extents(v->cr, words, &e);
  *width = e.x_advance;
  return sl_cairo_ok(c, cairo_status(v->cr));
}

bool sl_canvas_clip(sl_ctx *c, sl_canvas *v, double x, double y, double width, double height) {
  double box[] = {x, y, width, height};
  if (!ready(c, v, "canvas.clip") || !check_numbers(c, "canvas.clip", "x", 4, box)) return false;
  if (v->clips >= 100) return sl_fail(c, SL_ESTATE, "canvas.clip: expected at most 100 clips within each other");
  if (!v->painter->clip(c, v, (sl_box){x, y, fmax(width, 0), fmax(height, 0)})) return false;
  v->clips++;
  return true;
}

bool sl_canvas_unclip(sl_ctx *c, sl_canvas *v) {
  if (!ready(c, v, "canvas.unclip")) return false;
  if (v->clips == 0) return sl_fail(c, SL_ESTATE, "canvas.unclip: expected a clip to end, got none");
  v->clips--;
  return v->painter->unclip(c, v);
}

bool sl_canvas_save(sl_ctx *c, sl_canvas *v, const char *path) {
  return !sl_failed(c) && v && v->painter->save(c, v, path);
}

static bool check_size(sl_ctx *c, double width, double height, double scale) {
  bool ok = width >= 1 && height >= 1 && scale >= 0.1 && scale <= 100 && width <= LARGEST && height <= LARGEST &&
            width * scale <= LARGEST && height * scale <= LARGEST && width * scale * height * scale <= 1 << 26;
  return ok || sl_fail(c, SL_EARG, "canvas: argument size: expected 1 to %g points and dots a side, at most 2^26 dots "
                       "in all, and a scale in [0.1, 100], got %g x %g at scale %g", LARGEST, width, height, scale);
}

sl_canvas *sl_canvas_new(sl_ctx *c, sl_canvas_kind kind, double width, double height, double scale) {
  if (sl_failed(c) || !check_size(c, width, height, scale)) return NULL;
  sl_canvas *v = sl_alloc(c, sizeof *v, "canvas");
  if (!v) return NULL;
  *v = (sl_canvas){.ctx = c, .kind = kind, .width = width, .height = height, .scale = scale};
  v->painter = kind == SL_CANVAS_SVG ? &sl_svg_painter : &sl_cairo_painter;
  if (v->painter->open(c, v)) return v;
  sl_canvas_free(v);
  return NULL;
}

void sl_canvas_free(sl_canvas *v) {
  if (!v) return;
  if (v->cr) cairo_destroy(v->cr);
  sl_free(v->ctx, v->pixels);
  sl_free(v->ctx, v->out.data);
  sl_free(v->ctx, v);
}
