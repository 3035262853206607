/* Animated GIF (version 89a) through giflib, with one palette for all frames, so that what stands still keeps its
   colour. Of each frame only the rectangle that differs from the one before is written. */
#include "io/film.h"
#include "io/palette.h"
#include "io/sink.h"

#ifdef SL_WITH_GIF
#include <gif_lib.h>
#include <string.h>

enum { MAX_SIDE = 65535, MAX_FPS = 50 /* times are hundredths, and viewers take less than two for ten */ };

typedef struct gif {
  sl_ctx *c;
  sl_sink *sink;
  const sl_film *film;
  const sl_film_options *options;
  GifFileType *file;
  uint8_t *shown, *next; /* indices of a frame's pixels */
} gif;

typedef struct rectangle {
  int64_t left, top, right, bottom; /* the last two are outside */
} rectangle;

static int on_write(GifFileType *file, const GifByteType *data, int n) {
  gif *g = file->UserData;
  return sl_sink_write(g->c, g->sink, data, (size_t)n) ? n : 0;
}

/* An error of the sink's stays. */
static bool check(gif *g, int status) {
  return status == GIF_OK || sl_fail(g->c, SL_EIO, SL_FILM_WHO ": giflib: %s", GifErrorString(g->file->Error));
}

/* ---- what comes before the frames ------------------------------------------------------- */

/* A table of colours has a power of two of them. */
static bool put_screen(gif *g, const sl_palette *p) {
  int size = 2;
  while (size < p->n) size *= 2;
  ColorMapObject *colors = GifMakeMapObject(size, NULL);
  if (!colors) return sl_fail(g->c, SL_EMEMORY, SL_FILM_WHO ": out of memory for the colours");
  for (int i = 0; i < p->n; i++) colors->Colors[i] = (GifColorType){p->rgb[i][0], p->rgb[i][1], p->rgb[i][2]};
  EGifSetGifVersion(g->file, true);
  bool ok = check(g, EGifPutScreenDesc(g->file, (int)g->film->width, (int)g->film->height, 8, 0, colors));
  GifFreeMapObject(colors);
  return ok;
}

/* Netscape's extension says how often the film is played again; once needs none. */
static bool put_loop(gif *g) {
  if (g->options->loop == 1) return true;
  int again = g->options->loop ? g->options->loop - 1 : 0;
  const GifByteType count[3] = {1, (GifByteType)(again & 255), (GifByteType)(again >> 8)};
  return check(g, EGifPutExtensionLeader(g->file, APPLICATION_EXT_FUNC_CODE)) &&
         check(g, EGifPutExtensionBlock(g->file, 11, "NETSCAPE2.0")) &&
         check(g, EGifPutExtensionBlock(g->file, 3, count)) && check(g, EGifPutExtensionTrailer(g->file));
}

/* ---- frames -------------------------------------------------------------------------------- */

static bool row_differs(const gif *g, int64_t y) {
  size_t width = (size_t)g->film->width, at = (size_t)y * width;
  return memcmp(g->shown + at, g->next + at, width) != 0;
}

static bool column_differs(const gif *g, int64_t x) {
  for (int64_t y = 0; y < g->film->height; y++)
    if (g->shown[y * g->film->width + x] != g->next[y * g->film->width + x]) return true;
  return false;
}

/* Where the next frame differs from the one that is shown; one pixel where it does not. */
static rectangle changed(const gif *g) {
  rectangle r = {0, 0, g->film->width, g->film->height};
  while (r.bottom > 1 && !row_differs(g, r.bottom - 1)) r.bottom--;
  while (r.top < r.bottom - 1 && !row_differs(g, r.top)) r.top++;
  while (r.right > 1 && !column_differs(g, r.right - 1)) r.right--;
  while (r.left < r.right - 1 && !column_differs(g, r.left)) r.left++;
  return r;
}

static bool put_delay(gif *g, int64_t i) {
  GifByteType bytes[4];
  int64_t delay = sl_film_time(g->options, i + 1, 100) - sl_film_time(g->options, i, 100);
  GraphicsControlBlock block = {.DisposalMode = DISPOSE_DO_NOT, .DelayTime = (int)delay, .TransparentColor = -1};
  return check(g, EGifPutExtension(g->file, GRAPHICS_EXT_FUNC_CODE, (int)EGifGCBToExtension(&block, bytes), bytes));
}

static bool put_frame(gif *g, int64_t i) {
  rectangle all = {0, 0, g->film->width, g->film->height}, r = i ? changed(g) : all;
  int width = (int)(r.right - r.left);
  bool ok = put_delay(g, i) && check(g, EGifPutImageDesc(g->file, (int)r.left, (int)r.top, width,
                                                         (int)(r.bottom - r.top), false, NULL));
  for (int64_t y = r.top; ok && y < r.bottom; y++)
    ok = check(g, EGifPutLine(g->file, g->next + y * g->film->width + r.left, width));
  return ok;
}

static bool put_frames(gif *g, sl_palette *p) {
  const sl_film *f = g->film;
  for (int64_t i = 0; i < f->frames; i++) {
    sl_palette_indices(p, f->data + (size_t)i * sl_film_frame_bytes(f), f->height, f->width, f->channels, g->next);
    if (!put_frame(g, i) || !sl_poll(g->c)) return false;
    uint8_t *shown = g->shown;
    g->shown = g->next;
    g->next = shown;
  }
  return true;
}

/* ---- the film ---------------------------------------------------------------------------------- */

static bool write_film(gif *g, sl_palette *p) {
  int error = 0;
  size_t pixels = (size_t)(g->film->height * g->film->width);
  g->shown = sl_alloc(g->c, pixels, "frame");
  g->next = sl_alloc(g->c, pixels, "frame");
  bool ok = g->shown && g->next;
  if (ok && !(g->file = EGifOpen(g, on_write, &error)))
    ok = sl_fail(g->c, SL_EMEMORY, SL_FILM_WHO ": giflib: %s", GifErrorString(error));
  ok = ok && put_screen(g, p) && put_loop(g) && put_frames(g, p);
  /* Closing writes the end, and releases whether or not it can. */
  if (g->file && EGifCloseFile(g->file, &error) != GIF_OK && ok)
    ok = sl_fail(g->c, SL_EIO, SL_FILM_WHO ": giflib: %s", GifErrorString(error));
  sl_free(g->c, g->shown);
  sl_free(g->c, g->next);
  return ok;
}

bool sl_gif_save(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o) {
  sl_film f;
  sl_sink s;
  sl_palette p = {0};
  gif g = {.c = c, .sink = &s, .film = &f, .options = o};
  size_t mark = sl_pool_open(c);
  bool ok = sl_film_read(c, &f, frames, o, MAX_SIDE, MAX_FPS) &&
            sl_palette_make(c, &p, f.data, f.frames * f.height * f.width, f.channels, 256) &&
            sl_sink_open(c, &s, SL_FILM_WHO, path);
  if (ok) ok = sl_sink_close(c, &s, write_film(&g, &p));
  sl_palette_free(c, &p);
  sl_pool_close(c, mark);
  return ok;
}

#else

bool sl_gif_save(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o) {
  (void)path, (void)frames, (void)o;
  return sl_fail(c, SL_ESTATE, SL_FILM_WHO ": this build has no GIF: install libgif-dev and build again");
}

#endif
