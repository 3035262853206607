/* Vectors of the width of the instruction set being built for, as GCC vector
   types, and the few operations that need more than an operator. Names carry
   the type, f32_ or f64_, so that the kernels written once for both say
   R(fma) and the like (real.inc). A mask is what a comparison gives: an
   integer vector of all ones or all zeros. */
#ifndef SL_KERNEL_VEC_H
#define SL_KERNEL_VEC_H

#include <math.h>
#include <stdbool.h>
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

/* loadn, storen, first: the first n < L lanes, the others 0; gather, scatter: n <= L lanes, a stride apart. */
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
INLINE f32v f32_first(f32v v, int64_t n) { return _mm512_maskz_mov_ps((__mmask16)((1u << n) - 1), v); }
INLINE f64v f64_first(f64v v, int64_t n) { return _mm512_maskz_mov_pd((__mmask8)((1u << n) - 1), v); }
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
INLINE f32v f32_first(f32v v, int64_t n) { return _mm256_and_ps(v, (__m256)first32(n)); }
INLINE f64v f64_first(f64v v, int64_t n) { return _mm256_and_pd(v, (__m256d)first64(n)); }
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
  INLINE V P##first(V v, int64_t n) { T t[L]; P##store(t, v); return P##gather(t, 1, n); }                  \
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

INLINE f32v f32_minus_abs(f32v x) { return (f32v)((f32m)x | INT32_MIN); }
INLINE f64v f64_minus_abs(f64v x) { return (f64v)((f64m)x | INT64_MIN); }

/* a where x has its sign bit set, else b */
#if SL_WIDTH == 16
INLINE f32v f32_by_sign(f32v x, f32v a, f32v b) { return f32_sel((f32m)x >> 31, a, b); }
INLINE f64v f64_by_sign(f64v x, f64v a, f64v b) { return f64_sel((f64m)x >> 63, a, b); }
#else
INLINE f32v f32_by_sign(f32v x, f32v a, f32v b) { return f32_sel((f32m)x, a, b); }
INLINE f64v f64_by_sign(f64v x, f64v a, f64v b) { return f64_sel((f64m)x, a, b); }
#endif

/* Clamps that let a NaN through, as the machine's do with a NaN on the right. */
#if SL_WIDTH == 64
INLINE f32v f32_atleast(f32v x, float lo) { return _mm512_max_ps(f32_splat(lo), x); }
INLINE f32v f32_atmost(f32v x, float hi) { return _mm512_min_ps(f32_splat(hi), x); }
INLINE f64v f64_atleast(f64v x, double lo) { return _mm512_max_pd(f64_splat(lo), x); }
INLINE f64v f64_atmost(f64v x, double hi) { return _mm512_min_pd(f64_splat(hi), x); }
#elif SL_WIDTH == 32
INLINE f32v f32_atleast(f32v x, float lo) { return _mm256_max_ps(f32_splat(lo), x); }
INLINE f32v f32_atmost(f32v x, float hi) { return _mm256_min_ps(f32_splat(hi), x); }
INLINE f64v f64_atleast(f64v x, double lo) { return _mm256_max_pd(f64_splat(lo), x); }
INLINE f64v f64_atmost(f64v x, double hi) { return _mm256_min_pd(f64_splat(hi), x); }
#else
INLINE f32v f32_atleast(f32v x, float lo) { return f32_sel(x < lo, f32_splat(lo), x); }
INLINE f32v f32_atmost(f32v x, float hi) { return f32_sel(x > hi, f32_splat(hi), x); }
INLINE f64v f64_atleast(f64v x, double lo) { return f64_sel(x < lo, f64_splat(lo), x); }
INLINE f64v f64_atmost(f64v x, double hi) { return f64_sel(x > hi, f64_splat(hi), x); }
#endif

/* A NaN in either argument comes out; of two zeros the second. */
#if SL_WIDTH == 64
#define F_MINMAX(op, P, V, t)                                                    \
  INLINE V P##op(V a, V b) {                                                               \
    return _mm512_mask_mov_##t(_mm512_##op##_##t(a, b), _mm512_cmp_##t##_mask(a, a, _CMP_UNORD_Q), a); \
  }
F_MINMAX(min, f32_, f32v, ps)
F_MINMAX(max, f32_, f32v, ps)
F_MINMAX(min, f64_, f64v, pd)
F_MINMAX(max, f64_, f64v, pd)
#undef F_MINMAX
#else
INLINE f32v f32_min(f32v a, f32v b) { return f32_sel((a < b) | (a != a), a, b); }
INLINE f64v f64_min(f64v a, f64v b) { return f64_sel((a < b) | (a != a), a, b); }
INLINE f32v f32_max(f32v a, f32v b) { return f32_sel((a > b) | (a != a), a, b); }
INLINE f64v f64_max(f64v a, f64v b) { return f64_sel((a > b) | (a != a), a, b); }
#endif

/* All lanes in a fixed tree: halves added, then quarters, ... */
#if SL_WIDTH == 16
INLINE float f32_total(f32v v) { return (v[0] + v[2]) + (v[1] + v[3]); }
INLINE double f64_total(f64v v) { return v[0] + v[1]; }
#else
INLINE float f32_total_128(__m128 v) {
  v = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}
INLINE double f64_total_128(__m128d v) { return _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v))); }
INLINE float f32_total_256(__m256 v) {
  return f32_total_128(_mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)));
}
INLINE double f64_total_256(__m256d v) {
  return f64_total_128(_mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)));
}
#if SL_WIDTH == 32
INLINE float f32_total(f32v v) { return f32_total_256(v); }
INLINE double f64_total(f64v v) { return f64_total_256(v); }
#else
INLINE float f32_total(f32v v) {
  return f32_total_256(_mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1)));
}
INLINE double f64_total(f64v v) {
  return f64_total_256(_mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1)));
}
#endif
#endif

/* x and y in turn, to 2L places */
INLINE void f32_zip(f32v x, f32v y, float *out) {
#if SL_WIDTH == 64
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  f32_store(out, _mm512_permutex2var_ps(x, low, y));
  f32_store(out + F32L, _mm512_permutex2var_ps(x, _mm512_add_epi32(low, _mm512_set1_epi32(8)), y));
#elif SL_WIDTH == 32
  __m256 low = _mm256_unpacklo_ps(x, y), high = _mm256_unpackhi_ps(x, y);
  f32_store(out, _mm256_permute2f128_ps(low, high, 0x20));
  f32_store(out + F32L, _mm256_permute2f128_ps(low, high, 0x31));
#else
  for (int i = 0; i < F32L; i++) out[2 * i] = x[i], out[2 * i + 1] = y[i];
#endif
}

/* F64L reals as doubles. */
INLINE f64v f64_widen(const double *p) { return f64_load(p); }
INLINE f64v f32_widen(const float *p) {
  f32h h;
  memcpy(&h, p, sizeof h);
  return __builtin_convertvector(h, f64v);
}

/* Adds the lanes to L sums in double, or starts them. */
INLINE void f64_add_to(double *sum, f64v v, bool first) { f64_store(sum, first ? v : f64_load(sum) + v); }

/* The two halves of a float vector as doubles, and back. */
typedef struct f64pair { f64v lo, hi; } f64pair;
INLINE f64pair f32_split(f32v x) {
  f32h h[2];
  memcpy(h, &x, sizeof x);
  return (f64pair){__builtin_convertvector(h[0], f64v), __builtin_convertvector(h[1], f64v)};
}
INLINE void f32_add_to(double *sum, f32v v, bool first) {
  f64pair p = f32_split(v);
  f64_add_to(sum, p.lo, first);
  f64_add_to(sum + F64L, p.hi, first);
}
INLINE f32v f32_join(f64pair p) {
  f32h h[2] = {__builtin_convertvector(p.lo, f32h), __builtin_convertvector(p.hi, f32h)};
  f32v x;
  memcpy(&x, h, sizeof x);
  return x;
}

/* zip: the low, or the high, halves of a and b, lane by lane in turn. turn: L vectors as the
   columns of what they were the rows of; each round moves one bit of a lane's place. */
#define LOW2 0, 2
#define LOW4 0, 4, 1, 5
#define LOW8 0, 8, 1, 9, 2, 10, 3, 11
#define LOW16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH2 1, 3
#define HIGH4 2, 6, 3, 7
#define HIGH8 4, 12, 5, 13, 6, 14, 7, 15
#define HIGH16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define VEC_TURN(P, V, L, lanes)                                                              \
  INLINE V P##zip_low(V a, V b) { return __builtin_shufflevector(a, b, LOW##lanes); }         \
  INLINE V P##zip_high(V a, V b) { return __builtin_shufflevector(a, b, HIGH##lanes); }       \
  INLINE void P##turn(V *v) {                                                                 \
    UNROLL for (int round = 1; round < L; round *= 2) {                                       \
      V t[L];                                                                                 \
      UNROLL for (int i = 0; i < L / 2; i++) {                                                \
        t[2 * i] = P##zip_low(v[i], v[i + L / 2]);                                            \
        t[2 * i + 1] = P##zip_high(v[i], v[i + L / 2]);                                       \
      }                                                                                       \
      UNROLL for (int i = 0; i < L; i++) v[i] = t[i];                                         \
    }                                                                                         \
  }
#if SL_WIDTH == 64
VEC_TURN(f32_, f32v, F32L, 16)
VEC_TURN(f64_, f64v, F64L, 8)
#elif SL_WIDTH == 32
VEC_TURN(f32_, f32v, F32L, 8)
VEC_TURN(f64_, f64v, F64L, 4)
#else
VEC_TURN(f32_, f32v, F32L, 4)
VEC_TURN(f64_, f64v, F64L, 2)
#endif
#undef VEC_TURN

#endif
