/* sdelua/io.h: files in and out.

   Readers run no code, check every size and offset of a file against its
   length before they believe it, and say which file is wrong and how (SL_EIO:
   "npy.load: PATH: expected ..., got ..."). Tensors come back contiguous, in the
   current pool, as float32, float64, int64 or uint8: half, bfloat16 and narrow
   integers are widened, bool is uint8.

   Writers replace a file as a whole: they write a temporary file in the same
   folder, fsync it, rename it over the target and fsync the folder; on any
   error the previous file is untouched. What they write holds no time and no
   path: the same content gives the same bytes.

   Each reader also takes the bytes of a file from memory (`_decode`). */
#ifndef SDELUA_IO_H
#define SDELUA_IO_H

#include "sdelua/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- NumPy arrays (numpy.lib.format 1.0, 2.0, 3.0) -------------------------- */

/* Either byte order, C or Fortran order (which is transposed to C order).
   Structured, complex, text and pickled arrays are refused by name. */
SL_API sl_tensor *sl_npy_load(sl_ctx *c, const char *path);
SL_API sl_tensor *sl_npy_decode(sl_ctx *c, const void *data, size_t size); /* from memory */
/* Version 1.0, little-endian, C order; any layout of t. */
SL_API bool sl_npy_save(sl_ctx *c, const char *path, const sl_tensor *t);

/* ---- IDX (the MNIST format), plain or gzipped -------------------------------- */

/* Of the shape that the file says; uint8, int64 or a floating type, by its type. */
SL_API sl_tensor *sl_idx_load(sl_ctx *c, const char *path);
SL_API sl_tensor *sl_idx_decode(sl_ctx *c, const void *data, size_t size); /* from memory */

/* ---- bytes ------------------------------------------------------------------- */

/* uint8 [size of the file]. */
SL_API sl_tensor *sl_bytes_load(sl_ctx *c, const char *path);
/* n bytes as a file, which is replaced as a whole or not at all. */
SL_API bool sl_bytes_save(sl_ctx *c, const char *path, const void *data, size_t n);

/* ---- images: uint8 [H,W,C], C = 1 grey, 2 grey+alpha, 3 RGB, 4 RGBA ----------- */

/* The most pixels of an image: larger ones are not read, and none is resized to more. */
#define SL_IMAGE_MAX_PIXELS (INT64_C(1) << 26)

/* PNG (any depth and interlacing; 16 bits are scaled to 8, palettes expanded,
   alpha kept), JPEG, BMP or WebP (of a film the first picture), told apart by
   content. At most SL_IMAGE_MAX_PIXELS. */
SL_API sl_tensor *sl_image_load(sl_ctx *c, const char *path);
SL_API sl_tensor *sl_image_decode(sl_ctx *c, const void *data, size_t size); /* from memory */
/* PNG of a uint8 [H,W] or [H,W,C]; any layout. */
SL_API bool sl_image_save(sl_ctx *c, const char *path, const sl_tensor *image);
/* To [H,W,1] or [H,W,3]: alpha is composed over white, grey is Rec. 601 luma. */
SL_API sl_tensor *sl_image_channels(sl_ctx *c, const sl_tensor *image, int channels);
/* To [height,width,C] with a triangle filter, widened by the scale when it
   shrinks (antialiased bilinear). */
SL_API sl_tensor *sl_image_resize(sl_ctx *c, const sl_tensor *image, int64_t height, int64_t width);

/* The at most `most` (1 to 256) colours that stand best for an image [H,W,1|3] or frames [F,H,W,1|3]: its own where they
   are no more, else those of a median cut, between which pixels take turns (ordered dither). uint8 indices of the image's
   shape without C; *colors: uint8 [n,3]. */
SL_API sl_tensor *sl_image_palette(sl_ctx *c, const sl_tensor *image, int most, sl_tensor **colors);

/* ---- films: uint8 [F,H,W,C], C = 1 grey or 3 RGB -------------------------------- */

typedef struct sl_film_options {
  double fps;     /* frames a second: from 0.01 to 1000, in a GIF to 50 */
  int loop;       /* how many times it is played; 0: without end */
  bool lossless;  /* WebP: every pixel as it is; a GIF has 256 colours for the whole film */
  double quality; /* WebP that is not lossless: 0 to 100 */
} sl_film_options;

/* An animated WebP; frames that show the same are one frame that lasts longer. SL_ESTATE in a build without libwebp. */
SL_API bool sl_webp_save(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o);
/* An animated GIF with one palette. SL_ESTATE in a build without giflib. */
SL_API bool sl_gif_save(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o);

/* ---- bundles: named tensors and named texts ------------------------------------

   What a checkpoint or an archive holds: (name, tensor) pairs and, apart from
   them, (key, text) pairs. Names, keys and texts are UTF-8 without NUL. Order
   of insertion is kept. A bundle retains its tensors. */
typedef struct sl_bundle sl_bundle;

/* Empty. NULL with the error set; the caller's, to free. */
SL_API sl_bundle *sl_bundle_new(sl_ctx *c);
SL_API void sl_bundle_free(sl_bundle *b); /* NULL is fine */
/* A name or key that is there already is SL_EARG. A NULL b or t is false. */
SL_API bool sl_bundle_put(sl_ctx *c, sl_bundle *b, const char *name, sl_tensor *t);
SL_API bool sl_bundle_put_text(sl_ctx *c, sl_bundle *b, const char *key, const char *text); /* copies the text */

/* How many tensors. sl_bundle_name and sl_bundle_tensor give the i-th, from 0 and below that count; borrowed. */
SL_API size_t sl_bundle_count(const sl_bundle *b);
SL_API const char *sl_bundle_name(const sl_bundle *b, size_t i);
SL_API sl_tensor *sl_bundle_tensor(const sl_bundle *b, size_t i);
/* How many texts. sl_bundle_key and sl_bundle_text_at give the i-th, in the same way. */
SL_API size_t sl_bundle_text_count(const sl_bundle *b);
SL_API const char *sl_bundle_key(const sl_bundle *b, size_t i);
SL_API const char *sl_bundle_text_at(const sl_bundle *b, size_t i);
/* By name; NULL when absent (no error). Borrowed. */
SL_API sl_tensor *sl_bundle_get(const sl_bundle *b, const char *name);
SL_API const char *sl_bundle_text(const sl_bundle *b, const char *key); /* by key */

/* safetensors: 8 bytes of little-endian header length, a JSON header with the
   texts under __metadata__, the data. Written in the order of element size
   (largest first), then name, so that every tensor is aligned to its elements
   and the order of insertion does not matter; texts are sorted by key. */
SL_API sl_bundle *sl_safetensors_load(sl_ctx *c, const char *path);
SL_API sl_bundle *sl_safetensors_decode(sl_ctx *c, const void *data, size_t size); /* from memory */
SL_API bool sl_safetensors_save(sl_ctx *c, const char *path, const sl_bundle *b); /* no name may be __metadata__ */

/* npz: a zip archive of NAME.npy members, stored or deflated. A bundle with
   texts can't be saved as npz (SL_EARG). Written sorted by name, dated 1980-01-01. */
SL_API sl_bundle *sl_npz_load(sl_ctx *c, const char *path);
SL_API sl_bundle *sl_npz_decode(sl_ctx *c, const void *data, size_t size); /* from memory */
SL_API bool sl_npz_save(sl_ctx *c, const char *path, const sl_bundle *b, bool compress); /* compress: deflated */

#ifdef __cplusplus
}
#endif
#endif
