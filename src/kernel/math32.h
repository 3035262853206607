/* Elementary functions of float32 vectors. Each lane is a function of its value
   alone. Largest errors in units in the last place (the tests hold every set to
   them): exp 1.2; log, log1p 1.5; sin, cos 1.6; expm1, erf 2; tanh 3; pow 1.
   Zeros, infinities, NaN and denormals as in C's Annex F. Polynomials of exp,
   log, sin and cos: Moshier's Cephes; erf and erfc: after N. Juffa. */
#ifndef SL_KERNEL_MATH32_H
#define SL_KERNEL_MATH32_H

#include "kernel/vec.h"

/* A polynomial in x by Horner; the highest power's coefficient comes first. */
#define COUNT(T, ...) (int)(sizeof((const T[]){__VA_ARGS__}) / sizeof(T))
#define F32_POLY(x, ...) f32_poly(x, (const float[]){__VA_ARGS__}, COUNT(float, __VA_ARGS__))
#define F64_POLY(x, ...) f64_poly(x, (const double[]){__VA_ARGS__}, COUNT(double, __VA_ARGS__))
INLINE f32v f32_poly(f32v x, const float *c, int n) {
  f32v y = f32_splat(c[0]);
  UNROLL for (int i = 1; i < n; i++) y = f32_fma(y, x, f32_splat(c[i]));
  return y;
}
INLINE f64v f64_poly(f64v x, const double *c, int n) {
  f64v y = f64_splat(c[0]);
  UNROLL for (int i = 1; i < n; i++) y = f64_fma(y, x, f64_splat(c[i]));
  return y;
}

/* 2^k for -126 <= k <= 127 */
INLINE f32v f32_pow2(f32m k) { return (f32v)((k + 127) << 23); }

#define F32_MAGIC 12582912.0f        /* 1.5 2^23: adding it rounds to an integer, found in the low bits */
#define F64_MAGIC 6755399441055744.0 /* 1.5 2^52 */
#define LN2_HI 0.693359375f
#define LN2_LO -2.12194440e-4f

/* x = k ln 2 + r, |r| <= ln 2 / 2; k is in the low bits of t */
INLINE f32v f32_exp_reduce(f32v x, f32v *t) {
  *t = f32_fma(x, f32_splat(1.44269504f), f32_splat(F32_MAGIC));
  f32v n = *t - F32_MAGIC, r = f32_fma(n, f32_splat(-LN2_HI), x);
  return f32_fma(n, f32_splat(-LN2_LO), r);
}

/* e^r for |r| <= ln 2 / 2: a minimax polynomial */
INLINE f32v f32_exp_near(f32v r) {
  return F32_POLY(r, 1.38145359e-3f, 8.36874545e-3f, 4.16683927e-2f, 1.66665211e-1f, 4.99999940e-1f, 1, 1);
}

/* What comes out as 0 is not computed: an underflow costs a hundred cycles. */
#if SL_WIDTH == 64
INLINE f32v f32_exp_atmost89(f32v x) {
  __mmask16 some = _mm512_cmp_ps_mask(x, f32_splat(-104), _CMP_NLT_UQ);
  f32v t, r = f32_exp_reduce(x, &t);
  return _mm512_maskz_scalef_ps(some, f32_exp_near(r), t - F32_MAGIC);
}
INLINE f32v f32_exp(f32v x) { return f32_exp_atmost89(f32_atmost(x, 89)); }
INLINE f32v f32_exp_minus_abs(f32v x) { return f32_exp_atmost89(f32_minus_abs(x)); }
#else
/* Where e^x is denormal, 0, infinite or NaN: two factors of which the second one rounds. */
INLINE f32v f32_exp_far(f32v x) {
  f32m none = x < -104;
  f32v zero = {0}, t, r = f32_exp_reduce(f32_atmost(f32_sel(none, zero, x), 89), &t);
  f32m k = (f32m)t - (f32m)f32_splat(F32_MAGIC), half = k >> 1;
  return f32_sel(none, zero, f32_exp_near(r) * f32_pow2(half) * f32_pow2(k - half));
}
INLINE f32v f32_exp(f32v x) {
  f32v t, r = f32_exp_reduce(x, &t);
  if (__builtin_expect(f32_any(~(f32_abs(x) < 87)), 0)) return f32_exp_far(x); /* the same bits where both serve */
  return (f32v)((u32v)f32_exp_near(r) + ((u32v)t << 23));
}
INLINE f32v f32_exp_minus_abs(f32v x) { return f32_exp(f32_minus_abs(x)); }
#endif

/* e^r - 1 for x = k ln 2 + r as above */
INLINE f32v f32_exp_reduced(f32v x, f32m *k) {
  f32v t, r = f32_exp_reduce(x, &t);
  *k = (f32m)t - (f32m)f32_splat(F32_MAGIC);
  f32v p = F32_POLY(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                    5.0000001201e-1f);
  return f32_fma(p, r * r, r);
}

INLINE f32v f32_expm1(f32v x) {
  f32m k;
  f32v p = f32_exp_reduced(f32_atmost(f32_atleast(x, -30), 89), &k);
  f32v s = f32_pow2(k - 1); /* half of 2^k, which may be past the largest float */
  return f32_sel(x == 0, x, 2 * f32_fma(s, p, s - 0.5f));
}

/* u = 2^e m, sqrt(1/2) <= m < sqrt(2), for positive u */
INLINE f32v f32_fraction_normal(f32v u, f32v *e) {
  const uint32_t root = 0x3f3504f3;
  f32m i = (f32m)((u32v)u - root);
  *e = __builtin_convertvector(i >> 23, f32v);
  return (f32v)((u32v)(i & 0x7fffff) + root);
}
/* denormals too */
INLINE f32v f32_fraction(f32v u, f32v *e) {
  f32m tiny = u < 1.17549435e-38f;
  f32v m = f32_fraction_normal(f32_sel(tiny, u * 8388608.0f, u), e);
  *e -= __builtin_convertvector(tiny & 23, f32v);
  return m;
}

/* e ln 2 + log(1 + f) */
INLINE f32v f32_log_sum(f32v e, f32v f) {
  f32v z = f * f;
  f32v p = F32_POLY(f, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                    -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
  f32v y = f32_fma(e, f32_splat(LN2_LO), f * z * p);
  y = f32_fma(z, f32_splat(-0.5f), y);
  return f32_fma(e, f32_splat(LN2_HI), f + y);
}

/* What log makes of 0, +inf, negative numbers and NaN. */
INLINE f32v f32_log_edges(f32v u, f32v y) {
  y = f32_sel(u == INFINITY, u, f32_sel(u == 0, f32_splat(-INFINITY), y));
  return f32_sel(u >= 0, y, f32_splat(NAN));
}

INLINE f32v f32_log(f32v x) {
  f32v e, m = f32_fraction(x, &e);
  return f32_log_edges(x, f32_log_sum(e, m - 1));
}

/* The same for a positive normal number */
INLINE f32v f32_log_normal(f32v x) {
  f32v e, m = f32_fraction_normal(x, &e);
  return f32_log_sum(e, m - 1);
}

INLINE f32v f32_log1p(f32v x) {
  f32v u = 1 + x, b = u - 1, lost = (1 - (u - b)) + (x - b); /* u + lost = 1 + x exactly (Knuth) */
  f32v e, m = f32_fraction(u, &e);
  f32v y = f32_log_edges(u, f32_log_sum(e, (m - 1) + lost * (m / u)));
  return f32_sel(x == 0, x, y);
}

/* |r| <= pi/4 */
INLINE f32v f32_sin_near(f32v r) {
  f32v z = r * r;
  return f32_fma(F32_POLY(z, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f), z * r, r);
}
INLINE f32v f32_cos_near(f32v r) {
  f32v z = r * r;
  f32v p = F32_POLY(z, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f);
  return f32_fma(p, z * z, f32_fma(z, f32_splat(-0.5f), f32_splat(1)));
}

/* sin and cos of q quarter turns and r */
INLINE void f32_sincos_turned(f32m q, f32v r, f32v *sine, f32v *cosine) {
  f32v s = f32_sin_near(r), c = f32_cos_near(r);
  f32m odd = -(q & 1);
  *sine = (f32v)((f32m)f32_sel(odd, c, s) ^ ((q & 2) << 30));
  *cosine = (f32v)((f32m)f32_sel(odd, s, c) ^ (((q + 1) & 2) << 30));
}

/* x = n pi/2 + r for |x| < 2^20; n is in the low bits of *turns */
#if SL_WIDTH == 16
INLINE f64v f64_quarter(f64v x, f64v *n) {
  *n = f64_fma(x, f64_splat(0.63661977236758134), f64_splat(F64_MAGIC)) - F64_MAGIC;
  f64v r = f64_fma(*n, f64_splat(-0x1.921fb544p+0), x); /* 33 bits: the product is exact */
  return f64_fma(*n, f64_splat(-0x1.0b4611a626331p-34), r);
}
INLINE f32v f32_quarter(f32v x, f32m *turns) {
  f64pair w = f32_split(x), n;
  w.lo = f64_quarter(w.lo, &n.lo);
  w.hi = f64_quarter(w.hi, &n.hi);
  *turns = (f32m)(f32_join(n) + F32_MAGIC);
  return f32_join(w);
}
#else
/* Fused: the first step is exact, the second one rounds once. */
INLINE f32v f32_quarter(f32v x, f32m *turns) {
  f32v t = f32_fma(x, f32_splat(0.636619772f), f32_splat(F32_MAGIC)), n = t - F32_MAGIC;
  *turns = (f32m)t;
  f32v r = f32_fma(n, f32_splat(-0x1.921fb60000000p+0f), x);
  return f32_fma(n, f32_splat(0x1.ee59da0000000p-50f), f32_fma(n, f32_splat(0x1.777a5c0000000p-25f), r));
}
#endif

INLINE void f32_sincos(f32v x, f32v *sine, f32v *cosine) {
  f32m far = ~(f32m)(f32_abs(x) < 1048576.0f), q; /* NaN too */
  f32v r = f32_quarter(x, &q);
  f32_sincos_turned(q, r, sine, cosine);
  *sine = f32_sel(x == 0, x, *sine);
  if (__builtin_expect(!f32_any(far), 1)) return;
  for (int i = 0; i < F32L; i++)
    if (far[i]) (*sine)[i] = sinf(x[i]), (*cosine)[i] = cosf(x[i]);
}
INLINE f32v f32_sin(f32v x) {
  f32v s, c;
  f32_sincos(x, &s, &c);
  return s;
}
INLINE f32v f32_cos(f32v x) {
  f32v s, c;
  f32_sincos(x, &s, &c);
  return c;
}

INLINE f32v f32_tanh(f32v x) {
  f32v t = f32_expm1(2 * f32_atmost(f32_abs(x), 10));
  return f32_copysign(t / (t + 2), x);
}

INLINE f32v f32_erf(f32v x) {
  f32v a = f32_atmost(f32_abs(x), 4), s = x * x;
  f32v far = F32_POLY(a, -1.72853470e-5f, 3.83197126e-4f, -3.88396438e-3f, 2.42546219e-2f, -1.06777877e-1f,
                      -6.34846687e-1f, -1.28717512e-1f);
  far = f32_copysign(1 - f32_exp(f32_fma(far, a, -a)), x);
  f32v near = F32_POLY(s, -5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f, -3.76125336e-1f,
                       1.28379166e-1f);
  return f32_sel(a > 0.927734375f, far, f32_fma(near, x, x));
}

/* a^2 = s + what this returns, exactly but for underflow (Dekker) */
INLINE f32v f32_square_error(f32v a, f32v s) {
  f32v h = (f32v)((f32m)a & ~0xfff), l = a - h;
  return ((h * h - s) + 2 * h * l) + l * l;
}

/* Density and distribution function of the standard normal at x; |x| <= 40.
   (1 + 2a) e^(a^2) erfc(a), a = |x|/sqrt 2, is smooth in (a-2)/(a+2) (Shepherd & Laframboise 1981). */
INLINE void f32_gauss(f32v x, f32v *density, f32v *below) {
  f32v s = x * x, e = f32_exp(-0.5f * s);
  e = f32_fma(e, -0.5f * f32_square_error(f32_abs(x), s), e);
  f32v a = f32_abs(x) * 0.70710678f, q = (a - 2) / (a + 2);
  f32v p = F32_POLY(q, -4.01139259e-4f, -1.23075210e-3f, 1.31355342e-3f, 8.63227434e-3f, -8.05991981e-3f,
                    -5.42046614e-2f, 1.64055392e-1f, -1.66031361e-1f, -9.27639827e-2f, 2.76978403e-1f);
  f32v tail = 0.5f * e * ((1 + p) / (1 + 2 * a));
  *density = 0.39894228f * e;
  *below = f32_sel(x > 0, 1 - tail, tail);
}

/* log of a >= 0 or NaN, and e^t for a float's range, to about 1e-13 */
INLINE f64v f64_log_rough(f64v a) {
  const int64_t root = 0x3fe6a09e667f3bcd;
  f64m i = (f64m)a - root;
  f64v e = (f64v)((i >> 52) + (f64m)f64_splat(F64_MAGIC)) - F64_MAGIC;
  f64v m = (f64v)((i & 0xfffffffffffff) + root);
  f64v s = (m - 1) / (m + 1);
  f64v p = F64_POLY(s * s, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0);
  f64v y = f64_fma(e, f64_splat(0.69314718055994531), 2 * s * p);
  return f64_sel(a == 0, f64_splat(-INFINITY), f64_sel(a < INFINITY, y, a));
}
INLINE f64v f64_exp_rough(f64v t) {
  t = f64_atmost(f64_atleast(t, -200), 200);
  f64v w = f64_fma(t, f64_splat(1.4426950408889634), f64_splat(F64_MAGIC));
  f64v r = f64_fma(w - F64_MAGIC, f64_splat(-0.69314718055994531), t);
  f64v p = F64_POLY(r, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120,
                    1.0 / 24, 1.0 / 6, 1.0 / 2, 1.0, 1.0);
  f64m k = (f64m)w - (f64m)f64_splat(F64_MAGIC);
  return p * (f64v)((k + 1023) << 52);
}
INLINE f64v f64_pow_positive(f64v a, f64v y) {
  f64v l = f64_log_rough(a);
  return f64_exp_rough(f64_sel((l == 0) & (y == y), f64_splat(0), y * l));
}

/* Squares and roots, the powers met most, are exact: a whole vector of them goes fast, one lane gets the same bits. */
INLINE f32v f32_pow_root(f32v x) { return f32_sel(x == -INFINITY, -x, f32_sqrt(x + 0.0f)); } /* +0 for -0 */

INLINE f32v f32_pow(f32v x, f32v y) {
  if (!f32_any(y != 2)) return x * x;
  if (!f32_any(y != 0.5f)) return f32_pow_root(x);
  f64pair a = f32_split(f32_abs(x)), b = f32_split(y);
  f32v r = f32_join((f64pair){f64_pow_positive(a.lo, b.lo), f64_pow_positive(a.hi, b.hi)});
  f32m whole = f32_floor(y) == y, odd = whole & (f32_floor(0.5f * y) != 0.5f * y);
  r = (f32v)((f32m)r ^ (odd & (f32m)x & INT32_MIN));
  r = f32_sel((x < 0) & (x > -INFINITY) & ~whole, f32_splat(NAN), r);
  r = f32_sel(y == 2, x * x, f32_sel(y == 0.5f, f32_pow_root(x), r));
  return f32_sel((y == 0) | (x == 1), f32_splat(1), r);
}

#endif
