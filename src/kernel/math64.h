/* Elementary functions of float64 vectors: the C library's, a call an element. */
#ifndef SL_KERNEL_MATH64_H
#define SL_KERNEL_MATH64_H

#include "kernel/vec.h"

#define EACH(name, f)                                   \
  INLINE f64v f64_##name(f64v x) {                      \
    for (int i = 0; i < F64L; i++) x[i] = f(x[i]);      \
    return x;                                           \
  }
EACH(exp, exp)
EACH(expm1, expm1)
EACH(log, log)
EACH(log1p, log1p)
EACH(sin, sin)
EACH(cos, cos)
EACH(tanh, tanh)
EACH(erf, erf)
EACH(erfc, erfc)
#undef EACH
INLINE f64v f64_exp_minus_abs(f64v x) { return f64_exp(f64_minus_abs(x)); }

INLINE f64v f64_pow(f64v x, f64v y) {
  for (int i = 0; i < F64L; i++) x[i] = y[i] == 2 ? x[i] * x[i] : pow(x[i], y[i]);
  return x;
}

/* Density and distribution function of the standard normal. */
INLINE void f64_gauss(f64v x, f64v *density, f64v *below) {
  *density = 0.3989422804014327 * f64_exp(-0.5 * x * x);
  *below = 0.5 * f64_erfc(-0.7071067811865476 * x);
}

#endif
