#include "io/wire.h"

#include <string.h>

#define MAX_ELEMENTS ((uint64_t)1 << 48)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files and memory share the little-endian order");

sl_dtype sl_wire_dtype(sl_wire w) {
  if (w.kind == 'f') return w.size == 8 ? SL_F64 : SL_F32;
  if (w.kind == 'h') return SL_F32;
  return w.kind == 'b' || (w.kind == 'u' && w.size == 1) ? SL_U8 : SL_I64;
}

bool sl_wire_bytes(sl_ctx *c, const sl_source *s, sl_wire w, int ndim, const int64_t *shape, uint64_t *bytes) {
  uint64_t n = 1, elements = 1; /* n leaves sizes of 0 out: strides are products too */
  if (ndim > SL_MAX_DIMS) return sl_source_fail(c, s, "expected at most %d dimensions, got %d", SL_MAX_DIMS, ndim);
  for (int i = 0; i < ndim; i++) {
    uint64_t size = (uint64_t)shape[i];
    if (size > MAX_ELEMENTS / n)
      return sl_source_fail(c, s, "expected at most 2^48 elements, got dimension %d of size %llu", i + 1,
                            (unsigned long long)size);
    n *= size ? size : 1;
    elements *= size;
  }
  *bytes = elements * w.size;
  return true;
}

/* ---- conversion ------------------------------------------------------------- */

static uint64_t load_bits(const uint8_t *p, sl_wire w) {
  uint64_t v = 0;
  for (int i = 0; i < w.size; i++) v |= (uint64_t)p[w.big ? w.size - 1 - i : i] << 8 * i;
  return v;
}

/* IEEE 754 half to single: a subnormal is an integer times 2^-24. */
static float half(uint32_t h) {
  uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
  if (exponent == 0) return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
  uint32_t bits = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/* The bits of element v in our type; false when int64 can't hold it. */
static bool convert(sl_wire w, uint64_t v, void *dst) {
  if (w.kind == 'f' && w.size == 2) {
    float f = half((uint32_t)v);
    memcpy(dst, &f, sizeof f);
    return true;
  }
  if (w.kind == 'h') v <<= 16;
  if (w.kind == 'b') v = v != 0;
  if (w.kind == 'i' && w.size < 8 && v >> (8 * w.size - 1)) v |= UINT64_MAX << 8 * w.size;
  memcpy(dst, &v, sl_dtype_size(sl_wire_dtype(w)));
  return w.kind != 'u' || v <= INT64_MAX;
}

static bool same_bytes(sl_wire w) {
  if (w.kind == 'b' || w.kind == 'h' || (w.big && w.size > 1)) return false;
  return w.size == sl_dtype_size(sl_wire_dtype(w)) && !(w.kind == 'u' && w.size == 8);
}

static bool read_converted(sl_ctx *c, sl_source *s, sl_wire w, uint64_t n, uint8_t *dst) {
  uint8_t raw[1 << 13];
  size_t step = sl_dtype_size(sl_wire_dtype(w)), most = sizeof raw / w.size;
  for (uint64_t done = 0, part; done < n; done += part) {
    part = n - done < most ? n - done : most;
    if (!sl_source_read(c, s, raw, (size_t)part * w.size)) return false;
    for (uint64_t i = 0; i < part; i++, dst += step)
      if (!convert(w, load_bits(raw + i * w.size, w), dst))
        return sl_source_fail(c, s, "expected integers below 2^63, got a larger one");
  }
  return true;
}

sl_tensor *sl_wire_read(sl_ctx *c, sl_source *s, sl_wire w, int ndim, const int64_t *shape) {
  uint64_t bytes = 0;
  if (!sl_wire_bytes(c, s, w, ndim, shape, &bytes) || !sl_source_expect(c, s, bytes, "data")) return NULL;
  size_t mark = sl_pool_open(c);
  sl_tensor *t = sl_empty(c, sl_wire_dtype(w), ndim, shape);
  bool ok = t && (same_bytes(w) ? sl_source_read(c, s, sl_data(t), (size_t)bytes)
                                : read_converted(c, s, w, bytes / w.size, sl_data(t)));
  return sl_pool_return(c, mark, ok ? t : NULL);
}
