/* libpng reports errors by a jump. Everything that must be released lives in
   one struct, which the function that catches the jump releases. */
#include "io/png.h"
#include "io/sink.h"
#include "sdelua/io.h"
#include "tensor/internal.h"

#include <png.h>
#include <setjmp.h>

typedef struct png_io {
  sl_ctx *c;
  sl_source *source;  /* when reading */
  sl_sink *sink;      /* when writing */
  png_structp png;
  png_infop info;
  png_bytepp row;
  sl_tensor *image;
} png_io;

/* ---- callbacks ------------------------------------------------------------------ */

static void on_error(png_structp png, png_const_charp message) {
  png_io *io = png_get_error_ptr(png);
  if (io->source) sl_source_fail(io->c, io->source, "libpng: %s", message);
  else sl_fail(io->c, SL_EIO, "%s: %s: libpng: %s", io->sink->who, sl_path_tail(io->sink->path), message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

static png_voidp on_alloc(png_structp png, png_alloc_size_t n) {
  png_io *io = png_get_mem_ptr(png);
  return sl_alloc(io->c, n, "image");
}

static void on_free(png_structp png, png_voidp p) { sl_free(((png_io *)png_get_mem_ptr(png))->c, p); }

static void on_read(png_structp png, png_bytep dst, size_t n) {
  png_io *io = png_get_io_ptr(png);
  if (!sl_source_read(io->c, io->source, dst, n)) png_error(png, "read"); /* the first error stays */
}

static void on_write(png_structp png, png_bytep data, size_t n) {
  png_io *io = png_get_io_ptr(png);
  if (!sl_sink_write(io->c, io->sink, data, n)) png_error(png, "write");
}

static void on_flush(png_structp png) { (void)png; }

/* ---- rows ------------------------------------------------------------------------- */

/* Pointers to the rows of a contiguous [H,W,...] image. */
static bool make_rows(png_io *io, const sl_tensor *image) {
  int64_t h = image->shape[0];
  size_t bytes = h ? (size_t)(sl_numel(image) / h) : 0;
  io->row = sl_alloc(io->c, (size_t)(h ? h : 1) * sizeof *io->row, "image");
  for (int64_t y = 0; io->row && y < h; y++) io->row[y] = (png_bytep)sl_data(image) + (size_t)y * bytes;
  return io->row;
}

/* ---- reading ------------------------------------------------------------------------ */

bool sl_image_size_ok(sl_ctx *c, const sl_source *s, int64_t height, int64_t width) {
  if (height > 0 && width > 0 && width <= SL_IMAGE_MAX_PIXELS / height) return true;
  return sl_source_fail(c, s, "expected an image of 1 to 2^26 pixels, got %lld x %lld", (long long)height,
                        (long long)width);
}

/* Asks for 8 bits a channel, without palette. */
static void set_transforms(png_io *io) {
  png_set_expand(io->png);
  png_set_scale_16(io->png);
  png_set_interlace_handling(io->png);
  png_read_update_info(io->png, io->info);
}

/* The header's size is believed when the rest of the file can hold it. */
static bool make_image(png_io *io) {
  int64_t w = png_get_image_width(io->png, io->info), h = png_get_image_height(io->png, io->info);
  if (!sl_image_size_ok(io->c, io->source, h, w)) return false;
  uint64_t packed = (uint64_t)h * png_get_rowbytes(io->png, io->info);
  if (packed / SL_DEFLATE_RATIO > io->source->bound)
    return sl_source_fail(io->c, io->source, "cut short: the file can't hold %lld x %lld pixels", (long long)h,
                          (long long)w);
  set_transforms(io);
  io->image = sl_empty(io->c, SL_U8, 3, (int64_t[]){h, w, png_get_channels(io->png, io->info)});
  return io->image && make_rows(io, io->image);
}

static bool read_png(png_io *io) {
  io->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, io, on_error, on_warning, io, on_alloc, on_free);
  if (!io->png || setjmp(png_jmpbuf(io->png))) return false;
  png_set_read_fn(io->png, io, on_read);
  png_set_user_limits(io->png, 1 << 26, 1 << 26);
  png_set_keep_unknown_chunks(io->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  if (!(io->info = png_create_info_struct(io->png))) return false;
  png_read_info(io->png, io->info);
  if (!make_image(io)) return false;
  png_read_image(io->png, io->row);
  png_read_end(io->png, NULL);
  return true;
}

sl_tensor *sl_png_read(sl_ctx *c, sl_source *s) {
  png_io io = {.c = c, .source = s};
  size_t mark = sl_pool_open(c);
  bool ok = read_png(&io);
  if (!ok) sl_fail(c, SL_EMEMORY, "%s: out of memory", s->who); /* unless there is an error already */
  if (io.png) png_destroy_read_struct(&io.png, &io.info, NULL);
  sl_free(c, io.row);
  return sl_pool_return(c, mark, ok ? io.image : NULL);
}

/* ---- writing ------------------------------------------------------------------------- */

static bool write_png(png_io *io, const sl_tensor *t) {
  static const int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                              PNG_COLOR_TYPE_RGB_ALPHA};
  int type = types[t->ndim == 3 ? t->shape[2] - 1 : 0];
  io->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, io, on_error, on_warning, io, on_alloc, on_free);
  if (!io->png || setjmp(png_jmpbuf(io->png))) return false;
  png_set_write_fn(io->png, io, on_write, on_flush);
  if (!(io->info = png_create_info_struct(io->png))) return false;
  png_set_IHDR(io->png, io->info, (png_uint_32)t->shape[1], (png_uint_32)t->shape[0], 8, type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(io->png, io->info);
  png_write_image(io->png, io->row);
  png_write_end(io->png, NULL);
  return true;
}

static bool check_image(sl_ctx *c, const sl_tensor *t) {
  char got[128];
  if (t->dtype != SL_U8)
    return sl_fail(c, SL_EDTYPE, "image.save: argument image: expected uint8, got %s", sl_dtype_name(t->dtype));
  bool ok = (t->ndim == 2 || (t->ndim == 3 && t->shape[2] >= 1 && t->shape[2] <= 4)) && t->shape[0] > 0 &&
            t->shape[1] > 0 && t->shape[1] <= SL_IMAGE_MAX_PIXELS / t->shape[0];
  return ok ||
         sl_fail(c, SL_ESHAPE, "image.save: argument image: expected [H,W] or [H,W,C] with 1 to 4 channels, got %s",
                 sl_shape_str(t, got));
}

static bool save_packed(sl_ctx *c, const char *path, const sl_tensor *t) {
  sl_sink s;
  png_io io = {.c = c, .sink = &s};
  if (!make_rows(&io, t)) return false;
  bool ok = sl_sink_open(c, &s, "image.save", path);
  if (ok) {
    ok = write_png(&io, t);
    if (!ok) sl_fail(c, SL_EMEMORY, "image.save: out of memory"); /* unless there is an error already */
    if (io.png) png_destroy_write_struct(&io.png, &io.info);
    ok = sl_sink_close(c, &s, ok);
  }
  sl_free(c, io.row);
  return ok;
}

bool sl_image_save(sl_ctx *c, const char *path, const sl_tensor *image) {
  if (sl_failed(c) || !image || !check_image(c, image)) return false;
  size_t mark = sl_pool_open(c);
  const sl_tensor *packed = sl_io_packed(c, image);
  bool ok = packed && save_packed(c, path, packed);
  sl_pool_close(c, mark);
  return ok;
}
