/* A function of time on [0, T], tabulated once: piecewise Chebyshev series. */
#ifndef SL_SDE_CURVE_H
#define SL_SDE_CURVE_H

#include "sdelua/sde.h"

#define SL_CURVE_NODES 16
#define SL_CURVE_COEFS (SL_CURVE_NODES + 1) /* an integral has one more than its integrand */

typedef struct sl_panel {
  double lo, hi;
  bool log; /* the series is of the logarithm */
} sl_panel;

typedef struct sl_curve {
  int rows;
  int n, cap; /* panels, in order of time */
  sl_panel *panel;
  double *coef; /* [n][rows][SL_CURVE_COEFS] */
} sl_curve;

/* Tabulates fn. Panels halve towards 0, where variances vary like powers of t,
   and each is split until the series agrees with fn between its nodes: to 1e-9
   at first, and to 1e-6 where that takes many splits. A function that resists is an error
   naming `who` and the time. `logs` stores a panel as a logarithm unless the
   function nears zero in it. */
bool sl_curve_build(sl_ctx *c, sl_curve *k, const char *who, double T, int rows, bool logs, sl_schedule_fn *fn,
                    void *ud);
/* at0 + the integral of f from 0. f must not be stored as logarithms. */
bool sl_curve_integral(sl_ctx *c, sl_curve *k, const sl_curve *f, double at0);
/* Value and slope; slope may be NULL. A curve of one row serves every row. */
double sl_curve_at(const sl_curve *k, double t, int row, double *slope);
void sl_curve_free(sl_ctx *c, sl_curve *k);

#endif
