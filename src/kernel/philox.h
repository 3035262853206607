/* Philox4x32-10 (Salmon et al. 2011), as many blocks at once as a vector has
   64-bit lanes, and the distributions made of its words, in float32. */
#ifndef SL_KERNEL_PHILOX_H
#define SL_KERNEL_PHILOX_H

#include "kernel/math32.h"

enum { RANDOM_RUN = 2 * F32L }; /* elements of F64L blocks of four */

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

/* What the words of every block have in common: the key of each round, the draw, the stream. */
typedef struct philox {
  uint64_t round[10][2], draw, stream;
} philox;
static inline philox philox_of(const sl_key *key) {
  philox p = {.draw = key->draw, .stream = key->stream};
  uint32_t k0 = (uint32_t)key->seed, k1 = (uint32_t)(key->seed >> 32);
  for (int i = 0; i < 10; i++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) p.round[i][0] = k0, p.round[i][1] = k1;
  return p;
}

/* Words of blocks `block` of samples `index`, lane by lane: even = w0 and w2 of each in turn, odd = w1 and w3.
   High halves of 64-bit lanes hold rubbish on the way. */
INLINE void philox_words(const philox *p, u64v block, u64v index, u32v *even, u32v *odd) {
  u64v c0 = block, c1 = (u64v){0} + p->draw, c2 = index, c3 = (index >> 32 << 8) | p->stream;
  UNROLL for (int i = 0; i < 10; i++) {
    u64v p0 = philox_mul(c0, 0xD2511F53), p1 = philox_mul(c2, 0xCD9E8D57);
    c0 = (p1 >> 32) ^ c1 ^ p->round[i][0];
    c2 = (p0 >> 32) ^ c3 ^ p->round[i][1];
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
  f32v radius = f32_sqrt(-2 * f32_log_normal((high * 65536.0f + low) * 0x1p-32f));
  f32v part = __builtin_convertvector((f32m)(b << 2), f32v) * 0x1.921fb6p-32f; /* of a quarter turn about its middle */
  f32v sine, cosine;
  f32_sincos_turned((f32m)((b + 0x20000000u) >> 30), part, &sine, &cosine);
  *x = radius * cosine;
  *y = radius * sine;
}

/* Elements 4*block and on of each lane's block. */
INLINE void random_run(sl_dist dist, const philox *p, u64v block, u64v index, float out[RANDOM_RUN]) {
  u32v a, b;
  f32v x, y;
  philox_words(p, block, index, &a, &b);
  if (dist == SL_NORMAL) f32_normal(a, b, &x, &y);
  else if (dist == SL_UNIFORM) x = f32_uniform(a), y = f32_uniform(b);
  else x = f32_rademacher(a), y = f32_rademacher(b);
  f32_zip(x, y, out);
}

INLINE u64v philox_lanes(void) {
  u64v lanes;
  for (int i = 0; i < F64L; i++) lanes[i] = (uint64_t)i;
  return lanes;
}

#endif
