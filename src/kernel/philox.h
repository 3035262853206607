/* Philox4x32-10 (Salmon et al. 2011), as many blocks at once as a vector has
   64-bit lanes, and the distributions made of its words, in float32. */
#ifndef SL_KERNEL_PHILOX_H
#define SL_KERNEL_PHILOX_H

#include "kernel/math32.h"

enum { RANDOM_RUN = 2 * F32L }; /* elements of one call: F64L blocks of four */

/* The product of the low halves of the lanes. */
INLINE u64v philox_mul(u64v a, uint32_t m) {
#if SL_WIDTH == 64
  return (u64v)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(m));
#elif SL_WIDTH == 32
  return (u64v)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(m));
#elif defined(__x86_64__)
  return (u64v)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(m));
#else
  return (a & 0xffffffff) * m;
#endif
}

/* The words of blocks `block` and on: even = w0 and w2 of each block in turn, odd = w1 and w3.
   High halves of 64-bit lanes hold rubbish on the way. */
INLINE void philox_words(const sl_key *key, uint32_t block, u32v *even, u32v *odd) {
  u64v c0, c1 = (u64v){0} + key->draw, c2 = (u64v){0} + (uint32_t)key->index;
  u64v c3 = (u64v){0} + (((uint32_t)(key->index >> 32) << 8) | (uint32_t)key->stream);
  uint32_t k0 = (uint32_t)key->seed, k1 = (uint32_t)(key->seed >> 32);
  for (int i = 0; i < F64L; i++) c0[i] = (uint32_t)(block + (uint32_t)i);
  for (int round = 0; round < 10; round++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
    u64v p0 = philox_mul(c0, 0xD2511F53), p1 = philox_mul(c2, 0xCD9E8D57);
    c0 = (p1 >> 32) ^ c1 ^ k0;
    c2 = (p0 >> 32) ^ c3 ^ k1;
    c1 = p1;
    c3 = p0;
  }
  *even = (u32v)((c0 & 0xffffffff) | (c2 << 32));
  *odd = (u32v)((c1 & 0xffffffff) | (c3 << 32));
}

/* [0,1) from the 24 high bits */
INLINE f32v f32_uniform(u32v w) { return __builtin_convertvector((f32m)(w >> 8), f32v) * 0x1p-24f; }

INLINE f32v f32_rademacher(u32v w) { return (f32v)((w & 0x80000000u) | (u32v)f32_splat(1)); }

/* Box & Muller 1958: radius from (a+1)/2^32, in (0,1], angle from b/2^32 of a turn */
INLINE void f32_normal(u32v a, u32v b, f32v *x, f32v *y) {
  f32v high = __builtin_convertvector((f32m)(a >> 16), f32v);
  f32v low = __builtin_convertvector((f32m)(a & 0xffff) + 1, f32v);
  f32v radius = f32_sqrt(-2 * f32_log((high * 65536.0f + low) * 0x1p-32f));
  f32v part = __builtin_convertvector((f32m)(b << 2), f32v) * 0x1.921fb6p-32f; /* of a quarter turn about its middle */
  f32v sine, cosine;
  f32_sincos_turned((f32m)((b + 0x20000000u) >> 30), part, &sine, &cosine);
  *x = radius * cosine;
  *y = radius * sine;
}

/* Elements 4*block and on. */
INLINE void random_run(sl_dist dist, const sl_key *key, uint32_t block, float out[RANDOM_RUN]) {
  u32v a, b;
  f32v x, y;
  philox_words(key, block, &a, &b);
  if (dist == SL_NORMAL) f32_normal(a, b, &x, &y);
  else if (dist == SL_UNIFORM) x = f32_uniform(a), y = f32_uniform(b);
  else x = f32_rademacher(a), y = f32_rademacher(b);
  for (int i = 0; i < F32L; i++) out[2 * i] = x[i], out[2 * i + 1] = y[i];
}

#endif
