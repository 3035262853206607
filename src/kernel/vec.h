/* Vectors of the width of the instruction set being built for, as GCC vector
   types, and the few operations that need more than an operator. Names carry
   the type, f32_ or f64_, so that the kernels written once for both say
   R(fma) and the like (real.inc). A mask is what a comparison gives: an
   integer vector of all ones or all zeros. */
#ifndef SL_KERNEL_VEC_H
#define SL_KERNEL_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define SL_WIDTH 64
#elif defined(__AVX2__) && defined(__FMA__)
#define SL_WIDTH 32
#else
#define SL_WIDTH 16
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VEC(T, bytes) T __attribute__((vector_size(bytes)))
typedef VEC(float, SL_WIDTH) f32v;
typedef VEC(double, SL_WIDTH) f64v;
typedef VEC(int32_t, SL_WIDTH) f32m;
typedef VEC(int64_t, SL_WIDTH) f64m;
typedef VEC(uint32_t, SL_WIDTH) u32v;
typedef VEC(uint64_t, SL_WIDTH) u64v;
typedef VEC(float, SL_WIDTH / 2) f32h;  /* as many floats as f64v has doubles */
typedef VEC(int32_t, SL_WIDTH / 2) i32h;
enum { F32L = SL_WIDTH / 4, F64L = SL_WIDTH / 8 }; /* lanes */

#define INLINE static inline __attribute__((always_inline, unused))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* loadn, storen: the first n < L lanes, the others 0; gather, scatter: n <= L lanes, a stride apart. */
#define VEC_MEMORY(P, T, V, L)                                                  \
  INLINE V P##load(const T *p) { V v; memcpy(&v, p, sizeof v); return v; }      \
  INLINE void P##store(T *p, V v) { memcpy(p, &v, sizeof v); }                  \
  INLINE V P##splat(T x) { return x - (V){0}; } /* a sum would lose the sign of -0 */ \
  INLINE V P##gather(const T *p, int64_t step, int64_t n) {                     \
    T t[L] = {0};                                                               \
    for (int64_t i = 0; i < n; i++) t[i] = p[i * step];                         \
    return P##load(t);                                                          \
  }                                                                             \
  INLINE void P##scatter(T *p, int64_t step, int64_t n, V v) {                  \
    T t[L];                                                                     \
    P##store(t, v);                                                             \
    for (int64_t i = 0; i < n; i++) p[i * step] = t[i];                         \
  }
VEC_MEMORY(f32_, float, f32v, F32L)
VEC_MEMORY(f64_, double, f64v, F64L)
#undef VEC_MEMORY

#if SL_WIDTH == 64
INLINE f32v f32_loadn(const float *p, int64_t n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE f64v f64_loadn(const double *p, int64_t n) { return _mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p); }
INLINE void f32_storen(float *p, int64_t n, f32v v) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v); }
INLINE void f64_storen(double *p, int64_t n, f64v v) { _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), v); }
INLINE f32v f32_fma(f32v a, f32v b, f32v c) { return _mm512_fmadd_ps(a, b, c); }
INLINE f64v f64_fma(f64v a, f64v b, f64v c) { return _mm512_fmadd_pd(a, b, c); }
INLINE f32v f32_sel(f32m m, f32v a, f32v b) { return _mm512_mask_mov_ps(b, _mm512_movepi32_mask((__m512i)m), a); }
INLINE f64v f64_sel(f64m m, f64v a, f64v b) { return _mm512_mask_mov_pd(b, _mm512_movepi64_mask((__m512i)m), a); }
INLINE int f32_any(f32m m) { return _mm512_movepi32_mask((__m512i)m) != 0; }
INLINE f32v f32_sqrt(f32v x) { return _mm512_sqrt_ps(x); }
INLINE f64v f64_sqrt(f64v x) { return _mm512_sqrt_pd(x); }
INLINE f32v f32_floor(f32v x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
INLINE f64v f64_floor(f64v x) { return _mm512_roundscale_pd(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
INLINE f32v f32_rint(f32v x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE f64v f64_rint(f64v x) { return _mm512_roundscale_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

#elif SL_WIDTH == 32
INLINE __m256i first32(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE __m256i first64(int64_t n) { return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3)); }
INLINE f32v f32_loadn(const float *p, int64_t n) { return _mm256_maskload_ps(p, first32(n)); }
INLINE f64v f64_loadn(const double *p, int64_t n) { return _mm256_maskload_pd(p, first64(n)); }
INLINE void f32_storen(float *p, int64_t n, f32v v) { _mm256_maskstore_ps(p, first32(n), v); }
INLINE void f64_storen(double *p, int64_t n, f64v v) { _mm256_maskstore_pd(p, first64(n), v); }
INLINE f32v f32_fma(f32v a, f32v b, f32v c) { return _mm256_fmadd_ps(a, b, c); }
INLINE f64v f64_fma(f64v a, f64v b, f64v c) { return _mm256_fmadd_pd(a, b, c); }
INLINE f32v f32_sel(f32m m, f32v a, f32v b) { return _mm256_blendv_ps(b, a, (__m256)m); }
INLINE f64v f64_sel(f64m m, f64v a, f64v b) { return _mm256_blendv_pd(b, a, (__m256d)m); }
INLINE int f32_any(f32m m) { return _mm256_movemask_ps((__m256)m) != 0; }
INLINE f32v f32_sqrt(f32v x) { return _mm256_sqrt_ps(x); }
INLINE f64v f64_sqrt(f64v x) { return _mm256_sqrt_pd(x); }
INLINE f32v f32_floor(f32v x) { return _mm256_floor_ps(x); }
INLINE f64v f64_floor(f64v x) { return _mm256_floor_pd(x); }
INLINE f32v f32_rint(f32v x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE f64v f64_rint(f64v x) { return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

#else
#define VEC_PLAIN(P, T, V, M, L, f)                                                                         \
  INLINE V P##loadn(const T *p, int64_t n) { return P##gather(p, 1, n); }                                   \
  INLINE void P##storen(T *p, int64_t n, V v) { P##scatter(p, 1, n, v); }                                   \
  INLINE V P##fma(V a, V b, V c) { return a * b + c; }                                                      \
  INLINE V P##sel(M m, V a, V b) { return (V)((m & (M)a) | (~m & (M)b)); }                                  \
  INLINE V P##sqrt(V x) { for (int i = 0; i < L; i++) x[i] = __builtin_sqrt##f(x[i]); return x; }           \
  INLINE V P##floor(V x) { for (int i = 0; i < L; i++) x[i] = floor##f(x[i]); return x; }                   \
  INLINE V P##rint(V x) { for (int i = 0; i < L; i++) x[i] = rint##f(x[i]); return x; }
VEC_PLAIN(f32_, float, f32v, f32m, F32L, f)
VEC_PLAIN(f64_, double, f64v, f64m, F64L, )
#undef VEC_PLAIN
INLINE int f32_any(f32m m) {
  int any = 0;
  for (int i = 0; i < F32L; i++) any |= m[i];
  return any;
}
#endif

/* As many lanes as there are: n, at most a whole vector. The rest are 0. */
INLINE f32v f32_take(const float *p, int64_t n) { return n >= F32L ? f32_load(p) : f32_loadn(p, n); }
INLINE f64v f64_take(const double *p, int64_t n) { return n >= F64L ? f64_load(p) : f64_loadn(p, n); }
INLINE void f32_put(float *p, int64_t n, f32v v) {
  if (n >= F32L) f32_store(p, v);
  else f32_storen(p, n, v);
}
INLINE void f64_put(double *p, int64_t n, f64v v) {
  if (n >= F64L) f64_store(p, v);
  else f64_storen(p, n, v);
}

INLINE f32v f32_abs(f32v x) { return (f32v)((f32m)x & INT32_MAX); }
INLINE f64v f64_abs(f64v x) { return (f64v)((f64m)x & INT64_MAX); }
INLINE f32v f32_copysign(f32v x, f32v s) { return (f32v)(((f32m)x & INT32_MAX) | ((f32m)s & INT32_MIN)); }
INLINE f64v f64_copysign(f64v x, f64v s) { return (f64v)(((f64m)x & INT64_MAX) | ((f64m)s & INT64_MIN)); }

/* Clamps that let a NaN through. */
INLINE f32v f32_atleast(f32v x, float lo) { return f32_sel(x < lo, f32_splat(lo), x); }
INLINE f32v f32_atmost(f32v x, float hi) { return f32_sel(x > hi, f32_splat(hi), x); }
INLINE f64v f64_atleast(f64v x, double lo) { return f64_sel(x < lo, f64_splat(lo), x); }
INLINE f64v f64_atmost(f64v x, double hi) { return f64_sel(x > hi, f64_splat(hi), x); }

/* A NaN in either argument comes out. */
INLINE f32v f32_min(f32v a, f32v b) { return f32_sel((a < b) | (a != a), a, b); }
INLINE f64v f64_min(f64v a, f64v b) { return f64_sel((a < b) | (a != a), a, b); }
INLINE f32v f32_max(f32v a, f32v b) { return f32_sel((a > b) | (a != a), a, b); }
INLINE f64v f64_max(f64v a, f64v b) { return f64_sel((a > b) | (a != a), a, b); }

/* All lanes in a fixed tree: halves added, then quarters, ... */
INLINE float f32_total(f32v v) {
  float t[F32L];
  f32_store(t, v);
  for (int w = F32L / 2; w; w /= 2)
    for (int i = 0; i < w; i++) t[i] += t[i + w];
  return t[0];
}
INLINE double f64_total(f64v v) {
  double t[F64L];
  f64_store(t, v);
  for (int w = F64L / 2; w; w /= 2)
    for (int i = 0; i < w; i++) t[i] += t[i + w];
  return t[0];
}

/* F64L reals as doubles. */
INLINE f64v f64_widen(const double *p) { return f64_load(p); }
INLINE f64v f32_widen(const float *p) {
  f32h h;
  memcpy(&h, p, sizeof h);
  return __builtin_convertvector(h, f64v);
}

/* The two halves of a float vector as doubles, and back. */
typedef struct f64pair { f64v lo, hi; } f64pair;
INLINE f64pair f32_split(f32v x) {
  f32h h[2];
  memcpy(h, &x, sizeof x);
  return (f64pair){__builtin_convertvector(h[0], f64v), __builtin_convertvector(h[1], f64v)};
}
INLINE f32v f32_join(f64pair p) {
  f32h h[2] = {__builtin_convertvector(p.lo, f32h), __builtin_convertvector(p.hi, f32h)};
  f32v x;
  memcpy(&x, h, sizeof x);
  return x;
}

#endif
