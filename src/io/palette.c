/* Colours are told apart at 6 bits a channel, in cells. Boxes of cells are cut in two, the one that errs most first, at
   the mean of its longest axis, until there are enough (after Heckbert 1982, with Wu's measure of error). */
#include "io/palette.h"
#include "sdelua/io.h"
#include "io/sink.h"
#include "tensor/internal.h"

#include <math.h>
#include <string.h>

enum { BITS = 6, CELLS = 1 << (3 * BITS), UNKNOWN = 0xffff, SMALL = 12 /* square of an error that nobody sees */ };

typedef struct cell {
  double weight, rgb[3]; /* sums, then the mean */
} cell;

typedef struct box {
  int first, n, axis;
  double error, weight, rgb[3];
} box;

typedef struct map {
  bool exact;
  uint32_t color[256];  /* rising, when exact */
  uint16_t nearest[CELLS]; /* UNKNOWN until it is asked for */
} map;

static uint32_t color_at(const uint8_t *p, int64_t channels) {
  return channels == 1 ? (uint32_t)p[0] * 0x010101u : (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static int cell_of(uint32_t color) {
  return (int)(color >> 18 << 12 | (color >> 10 & 63) << 6 | (color >> 2 & 63));
}

/* ---- few colours ------------------------------------------------------------------- */

/* Where the colour is or belongs. */
static int place_of(const map *m, int n, uint32_t color) {
  int lo = 0, hi = n;
  while (lo < hi) {
    int middle = (lo + hi) / 2;
    if (m->color[middle] < color) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/* All the pixels' colours, if they are at most `most`. */
static bool take_exact(sl_palette *p, map *m, const uint8_t *pixels, int64_t n, int64_t channels, int most) {
  uint32_t last = UINT32_MAX;
  p->n = 0;
  for (int64_t i = 0; i < n; i++, pixels += channels) {
    uint32_t color = color_at(pixels, channels);
    if (color == last) continue;
    last = color;
    int at = place_of(m, p->n, color);
    if (at < p->n && m->color[at] == color) continue;
    if (p->n == most) return false;
    memmove(m->color + at + 1, m->color + at, (size_t)(p->n++ - at) * sizeof *m->color);
    m->color[at] = color;
  }
  for (int i = 0; i < p->n; i++)
    for (int k = 0; k < 3; k++) p->rgb[i][k] = (uint8_t)(m->color[i] >> (16 - 8 * k));
  return true;
}

/* ---- many colours -------------------------------------------------------------------- */

/* Means of the cells that have pixels, gathered in front. A colour counts by the root of how often it is there, lest a
   white ground take what a few points need. */
static int take_cells(cell *cells, const uint8_t *pixels, int64_t n, int64_t channels) {
  int used = 0;
  memset(cells, 0, CELLS * sizeof *cells);
  for (int64_t i = 0; i < n; i++, pixels += channels) {
    uint32_t color = color_at(pixels, channels);
    cell *at = cells + cell_of(color);
    at->weight++;
    for (int k = 0; k < 3; k++) at->rgb[k] += color >> (16 - 8 * k) & 255;
  }
  for (int i = 0; i < CELLS; i++) {
    if (cells[i].weight == 0) continue;
    cell mean = {.weight = sqrt(cells[i].weight)};
    for (int k = 0; k < 3; k++) mean.rgb[k] = cells[i].rgb[k] / cells[i].weight;
    cells[used++] = mean;
  }
  return used;
}

/* Mean, longest axis and error of a box. */
static void measure(box *b, const cell *cells) {
  double sum[3] = {0}, square[3] = {0}, most = -1;
  b->weight = b->error = 0;
  for (const cell *at = cells + b->first; at < cells + b->first + b->n; at++) {
    b->weight += at->weight;
    for (int k = 0; k < 3; k++) sum[k] += at->weight * at->rgb[k], square[k] += at->weight * at->rgb[k] * at->rgb[k];
  }
  for (int k = 0; k < 3; k++) {
    b->rgb[k] = sum[k] / b->weight;
    double spread = square[k] - sum[k] * b->rgb[k];
    b->error += spread;
    if (spread > most) most = spread, b->axis = k;
  }
  if (b->n < 2) b->error = 0;
}

/* Cells below the mean go in front. False when they are all on one side, which rounding alone can do. */
static bool split(box *b, box *rest, cell *cells) {
  int lo = b->first, hi = b->first + b->n, end = hi;
  while (lo < hi) {
    if (cells[lo].rgb[b->axis] < b->rgb[b->axis]) {
      lo++;
      continue;
    }
    cell other = cells[--hi];
    cells[hi] = cells[lo];
    cells[lo] = other;
  }
  if (lo == b->first || lo == end) return false;
  *rest = (box){.first = lo, .n = end - lo};
  b->n = lo - b->first;
  measure(b, cells);
  measure(rest, cells);
  return true;
}

static int cut(box *boxes, int most, cell *cells, int used) {
  int n = 1;
  boxes[0] = (box){.first = 0, .n = used};
  measure(boxes, cells);
  while (n < most) {
    box *worst = boxes;
    for (int i = 1; i < n; i++)
      if (boxes[i].error > worst->error) worst = boxes + i;
    if (worst->error <= 0) break;
    if (split(worst, boxes + n, cells)) n++;
    else worst->error = 0;
  }
  return n;
}

static void take_cut(sl_palette *p, map *m, cell *cells, int used, int most) {
  box boxes[256];
  p->n = cut(boxes, most, cells, used);
  for (int i = 0; i < p->n; i++)
    for (int k = 0; k < 3; k++) p->rgb[i][k] = (uint8_t)lround(boxes[i].rgb[k]);
  memset(m->nearest, 0xff, sizeof m->nearest);
}

/* ---- from colours to places -------------------------------------------------------------- */

static int find_nearest(const sl_palette *p, uint32_t color) {
  int best = 0, least = INT32_MAX;
  for (int i = 0; i < p->n; i++) {
    int far = 0;
    for (int k = 0; k < 3; k++) {
      int d = p->rgb[i][k] - (int)(color >> (16 - 8 * k) & 255);
      far += d * d;
    }
    if (far < least) least = far, best = i;
  }
  return best;
}

/* Of the cell's middle. */
static int nearest(const sl_palette *p, uint32_t color) {
  map *m = p->map;
  uint16_t *place = &m->nearest[cell_of(color)];
  if (*place == UNKNOWN) *place = (uint16_t)find_nearest(p, (color & 0xfcfcfcu) | 0x020202u);
  return *place;
}

/* From -1 to 1, each of 64 values once in a square of 8 x 8 (Bayer 1973): the bits of x ^ y and y, last ones first. */
static double threshold(int64_t x, int64_t y) {
  int v = 0;
  for (int bit = 0; bit < 3; bit++) v = v << 2 | (int)((x ^ y) >> bit & 1) << 1 | (int)(y >> bit & 1);
  return (v + 0.5) / 32 - 1;
}

/* What the colour lacks of its nearest one is added or taken, at most twice: halfway between two each has every other
   pixel, near one it has all. */
static int dithered(const sl_palette *p, uint32_t color, int64_t x, int64_t y) {
  int place = nearest(p, color), error[3], size = 0;
  double turn = 2 * threshold(x, y);
  uint32_t moved = 0;
  for (int k = 0; k < 3; k++) {
    error[k] = (int)(color >> (16 - 8 * k) & 255) - p->rgb[place][k];
    size += error[k] * error[k];
  }
  if (size <= SMALL) return place;
  for (int k = 0; k < 3; k++) {
    double v = (color >> (16 - 8 * k) & 255) + turn * error[k];
    moved = moved << 8 | (uint32_t)(v < 0 ? 0 : v > 255 ? 255 : v);
  }
  return nearest(p, moved);
}

/* ---- the palette ------------------------------------------------------------------------ */

bool sl_palette_make(sl_ctx *c, sl_palette *p, const uint8_t *pixels, int64_t n, int64_t channels, int most) {
  map *m = sl_alloc(c, sizeof *m, "palette");
  *p = (sl_palette){.map = m};
  if (!m) return false;
  m->exact = take_exact(p, m, pixels, n, channels, most);
  if (m->exact) return true;
  cell *cells = sl_alloc(c, CELLS * sizeof *cells, "palette");
  if (!cells) return false;
  take_cut(p, m, cells, take_cells(cells, pixels, n, channels), most);
  sl_free(c, cells);
  return true;
}

void sl_palette_free(sl_ctx *c, sl_palette *p) { sl_free(c, p->map); }

void sl_palette_indices(sl_palette *p, const uint8_t *pixels, int64_t rows, int64_t width, int64_t channels,
                        uint8_t *index) {
  const map *m = p->map;
  for (int64_t y = 0; y < rows; y++)
    for (int64_t x = 0; x < width; x++, pixels += channels) {
      uint32_t color = color_at(pixels, channels);
      *index++ = (uint8_t)(m->exact ? place_of(m, p->n, color) : dithered(p, color, x, y));
    }
}

/* ---- of a tensor -------------------------------------------------------------------------- */

static bool check_image(sl_ctx *c, const sl_tensor *t, int most) {
  char got[128];
  if (t->dtype != SL_U8)
    return sl_fail(c, SL_EDTYPE, "image.palette: argument image: expected uint8, got %s", sl_dtype_name(t->dtype));
  if (most < 1 || most > 256)
    return sl_fail(c, SL_EARG, "image.palette: argument most: expected 1 to 256, got %d", most);
  int64_t channels = t->ndim >= 3 && t->ndim <= 4 ? t->shape[t->ndim - 1] : 0;
  return ((channels == 1 || channels == 3) && sl_numel(t) > 0) ||
         sl_fail(c, SL_ESHAPE, "image.palette: argument image: expected [H,W,C] or [F,H,W,C], C = 1 or 3, got %s",
                 sl_shape_str(t, got));
}

/* The indices, in the caller's pool; *colors too. */
static sl_tensor *palette_of(sl_ctx *c, const sl_tensor *image, int most, sl_tensor **colors) {
  sl_palette p = {0};
  int64_t channels = image->shape[image->ndim - 1], n = sl_numel(image) / channels;
  int64_t width = image->shape[image->ndim - 2];
  const sl_tensor *packed = sl_io_packed(c, image);
  sl_tensor *index = packed ? sl_empty(c, SL_U8, image->ndim - 1, image->shape) : NULL;
  if (index && sl_palette_make(c, &p, sl_data(packed), n, channels, most) &&
      (*colors = sl_empty(c, SL_U8, 2, (int64_t[]){p.n, 3}))) {
    memcpy(sl_data(*colors), p.rgb, (size_t)p.n * 3);
    sl_palette_indices(&p, sl_data(packed), n / width, width, channels, sl_data(index));
  }
  sl_palette_free(c, &p);
  return *colors ? index : NULL;
}

sl_tensor *sl_image_palette(sl_ctx *c, const sl_tensor *image, int most, sl_tensor **colors) {
  *colors = NULL;
  if (sl_failed(c) || !image || !check_image(c, image, most)) return NULL;
  return palette_of(c, image, most, colors);
}
