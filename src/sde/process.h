/* The inside of a process. */
#ifndef SL_SDE_PROCESS_H
#define SL_SDE_PROCESS_H

#include "sde/curve.h"

/* One row of sl_link. */
typedef struct sl_link_row {
  double A, d, v, s2_t, s2_r;
} sl_link_row;

/* What distinguishes processes of the affine tier; all else is derived. */
typedef struct sl_sde_class {
  const char *name;
  void (*point)(const sl_sde *p, double t, int row, sl_point *out);
  /* A and v of level i of n in the papers' tables; NULL: an Euler-Maruyama step. */
  void (*level)(const sl_sde *p, int i, int n, double *A, double *v);
  bool unit_prior; /* N(0, 1) rather than N(c_T, s_T^2) */
  bool label_is_std;
  double eps_sample;
} sl_sde_class;

typedef enum sl_tier { SL_TIER_AFFINE, SL_TIER_PROBED, SL_TIER_GENERAL, SL_TIER_UNPROBED } sl_tier;

enum { SL_CURVES = 6 };

struct sl_sde {
  int refs;
  sl_ctx *ctx;
  const sl_sde_class *class; /* NULL in the general tier */
  sl_tier tier;
  double T, std0, eps[3];
  double lo, hi; /* of a closed schedule; else curve[] */
  sl_curve curve[SL_CURVES];
  /* Coefficients that differ between features: how many rows m (and a), c (and b), s (and g) have; 1 or that of shape.
   */
  int rows_m, rows_c, rows_s;
  bool offset;
  int ndim;
  int64_t shape[SL_MAX_DIMS];
  sl_tensor *prior_mean, *prior_std; /* given by the user, or NULL */
  sl_dynamics dyn;
  const char *obstacle; /* what the probe found to keep it from the affine tier, or NULL */
};

/* A process with its options checked and taken; `who` is the constructor's public name. */
sl_sde *sl_sde_new(sl_ctx *c, const char *who, const sl_sde_class *class, const sl_sde_options *o);
/* The last act of a constructor: releases p and returns NULL unless ok. */
sl_sde *sl_sde_finish(sl_sde *p, bool ok);

/* s/m grows with t. */
bool sl_sde_check_growth(sl_ctx *c, const sl_sde *p, const char *who);
/* Builds the curves of a, b, g^2 and their quadratures (tabulated.c). */
bool sl_sde_integrate_coefficients(sl_ctx *c, sl_sde *p, const sl_schedule *a, const sl_schedule *b,
                                   const sl_schedule *g);
extern const sl_sde_class sl_class_marginal, sl_class_coefficients;

/* Element i of t, and whether t is one time or one for each sample of x, all in [0, T] (coef.c). */
double sl_sde_time(const sl_tensor *t, int64_t i);
bool sl_sde_check_time(sl_ctx *c, const sl_sde *p, const sl_tensor *x, const sl_tensor *t);
/* Whether a time is in [0, T] but for rounding. */
bool sl_sde_check_moment(sl_ctx *c, const sl_sde *p, double t);
/* Doubles [n][rows] as a tensor of x's type, [n,1,..,1] or [n,..,features]. */
sl_tensor *sl_sde_spread(sl_ctx *c, const sl_sde *p, const sl_tensor *x, int64_t n, int rows, const double *v);
/* The coefficient, or NULL where the process has no offset; and y +- d where it has one. */
sl_tensor *sl_sde_offset_coef(sl_ctx *c, sl_sde *p, sl_coef which, sl_tensor *x, sl_tensor *t);
sl_tensor *sl_sde_plus(sl_ctx *c, const sl_sde *p, sl_tensor *y, sl_tensor *d);
sl_tensor *sl_sde_minus(sl_ctx *c, const sl_sde *p, sl_tensor *y, sl_tensor *d);

/* Sets the tier of an unprobed process (probe.c). */
bool sl_sde_probe(sl_ctx *c, sl_sde *p, const sl_tensor *x);

/* The two callbacks of a general process (general.c); t of one element or N. The diffusion of scalar and diagonal
   noise broadcasts against x. */
sl_tensor *sl_general_drift(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t);
sl_tensor *sl_general_diffusion(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t);
/* div M + M score, M = G G^T. */
sl_tensor *sl_general_pull(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t, sl_tensor *score);

#endif
