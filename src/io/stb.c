/* JPEG and BMP through stb_image. It reads zeros beyond the end of its data
   and allocates what a header says, so size and completeness are checked here
   first. Its memory is its own (malloc); it releases it on every path. */
#include "io/stb.h"
#include "io/png.h"
#include "sdelua/io.h"

#include <stdlib.h>
#include <string.h>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS (1 << 26)
#pragma GCC diagnostic ignored "-Wunused-function" /* reported at the end of this file */
#include <stb_image.h>

static uint32_t le(const uint8_t *p, int n) {
  uint32_t v = 0;
  while (n-- > 0) v = v << 8 | p[n];
  return v;
}

/* The offset behind the entropy-coded data that starts at i: of the next marker's 0xff. */
static size_t jpeg_scan(const uint8_t *p, size_t size, size_t i) {
  for (; i + 1 < size; i++)
    if (p[i] == 0xff && p[i + 1] != 0 && p[i + 1] != 0xff && (p[i + 1] < 0xd0 || p[i + 1] > 0xd7)) break;
  return i;
}

/* Huffman tables in [p, end) with at most 256 codes each: stb_image writes beyond its own otherwise. */
static bool jpeg_tables_ok(const uint8_t *p, const uint8_t *end) {
  while (end - p >= 17) {
    int codes = 0;
    for (int i = 1; i <= 16; i++) codes += p[i];
    if (codes > 256 || end - p < 17 + codes) return false;
    p += 17 + codes;
  }
  return p == end;
}

/* Segment by segment to the end-of-image marker (ITU T.81, annex B). */
static bool jpeg_complete(const uint8_t *p, size_t size) {
  for (size_t i = 2; i + 3 < size || (i + 1 < size && p[i + 1] == 0xd9);) {
    uint8_t marker = p[i + 1];
    if (p[i] != 0xff) return false;
    if (marker == 0xd9) return true;
    if (marker == 0xff) { /* fill */
      i++;
      continue;
    }
    size_t next = i + 2 + (size_t)(p[i + 2] << 8 | p[i + 3]);
    if (next < i + 4 || next > size) return false;
    if (marker == 0xc4 && !jpeg_tables_ok(p + i + 4, p + next)) return false;
    i = marker == 0xda ? jpeg_scan(p, size, next) : next;
  }
  return false;
}

/* Every 8x8 block takes a bit at least. */
static bool jpeg_ok(sl_ctx *c, const sl_source *s, const uint8_t *p, size_t size) {
  int w, h, channels;
  if (!jpeg_complete(p, size))
    return sl_source_fail(c, s, "cut short or malformed: expected JPEG segments up to an end");
  if (!stbi_info_from_memory(p, (int)size, &w, &h, &channels))
    return sl_source_fail(c, s, "stb_image: %s", stbi_failure_reason());
  if (!sl_image_size_ok(c, s, h, w)) return false;
  if ((uint64_t)w * (uint64_t)h / 512 <= size) return true;
  return sl_source_fail(c, s, "cut short: %zu bytes can't hold %d x %d pixels", size, h, w);
}

/* The fields of BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER (40 and more). */
static bool bmp_ok(sl_ctx *c, const sl_source *s, const uint8_t *p, size_t size) {
  if (size < 30) return sl_source_fail(c, s, "cut short: expected a BMP header, got %zu bytes", size);
  bool core = le(p + 14, 4) == 12;
  int64_t w = core ? (int32_t)le(p + 18, 2) : (int32_t)le(p + 18, 4);
  int64_t h = core ? (int32_t)le(p + 20, 2) : (int32_t)le(p + 22, 4);
  uint64_t start = le(p + 10, 4), bits = le(p + (core ? 24 : 28), 2);
  if (h < 0) h = -h; /* rows from the top down */
  if (!sl_image_size_ok(c, s, h, w)) return false;
  uint64_t need = start + ((uint64_t)w * bits + 31) / 32 * 4 * (uint64_t)h;
  if (need <= size) return true;
  return sl_source_fail(c, s, "cut short: expected %llu bytes, got %zu", (unsigned long long)need, size);
}

sl_tensor *sl_stb_read(sl_ctx *c, const sl_source *s, const uint8_t *data, size_t size) {
  int w, h, channels;
  bool jpeg = size > 0 && data[0] == 0xff;
  if (!(jpeg ? jpeg_ok : bmp_ok)(c, s, data, size)) return NULL;
  uint8_t *pixels = stbi_load_from_memory(data, (int)size, &w, &h, &channels, 0);
  if (!pixels) return sl_source_fail(c, s, "stb_image: %s", stbi_failure_reason());
  sl_tensor *t = sl_from(c, SL_U8, 3, (int64_t[]){h, w, channels}, pixels);
  stbi_image_free(pixels);
  return t;
}
