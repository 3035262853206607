/* sdelua/sde.h: diffusion processes, everything derived from one protocol.

   A process is an Itô SDE whose time runs from 0 (data) to T (noise).

   Affine tier: drift a(t) x + b(t), diffusion g(t), each a number or a row of
   features; then x_t | x_0 ~ N(m x_0 + c, s^2) with
     m' = a m,   c' = a c + b,   (s^2)' = 2 a s^2 + g^2         (m(0) = 1, c(0) = 0)
   (Song et al. 2021, section 3.3 and appendix B; Särkkä & Solin 2019, section 5.5).
   Marginals, steps, reverse processes, exchange between parameterizations and
   priors all follow from these six functions; coefficients are computed in
   double whatever the type of x.

   General tier: drift(x, t) and diffusion(x, t) alone; no transition kernel, so
   what needs one refuses it by name.

   x is [N, ...]; t is a tensor of one element or of N. What a function returns
   broadcasts against x. */
#ifndef SDELUA_SDE_H
#define SDELUA_SDE_H

#include "sdelua/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A process, from a constructor such as sl_sde_vp to the last sl_sde_release. */
typedef struct sl_sde sl_sde;

/* Values at n times: out[i * rows + r]. False with the context's error set. */
typedef bool sl_schedule_fn(sl_ctx *c, void *ud, int n, const double *t, double *out);

/* A function of time: fn when given (tabulated once, not kept), else the
   constructor's closed form between lo and hi. rows is 1, or the element count of
   the feature shape in the options; 0 means 1. */
typedef struct sl_schedule {
  sl_schedule_fn *fn;
  void *ud;
  double lo, hi;
  int rows;
} sl_schedule;

typedef struct sl_sde_options {
  double T;                                     /* 0: 1 */
  double std0;                                  /* s(0), for coefficient and general forms */
  double eps_train, eps_sample, eps_likelihood; /* 0: 1e-5, 1e-3, 1e-5 (VE: all 1e-5), times T where T < 1 */
  sl_tensor *prior_mean, *prior_std;            /* NULL: the process's own */
  int ndim;                                     /* feature shape of schedules with rows */
  int64_t shape[SL_MAX_DIMS];
} sl_sde_options;

typedef enum sl_noise_type {
  SL_NOISE_UNDECLARED,
  SL_NOISE_SCALAR,   /* [N,1,..,1]: the same for all features */
  SL_NOISE_DIAGONAL, /* the shape of x */
  SL_NOISE_MATRIX    /* [N,D,K] for x [N,D] */
} sl_noise_type;

/* A drift or a diffusion. NULL with the context's error set. */
typedef sl_tensor *sl_field_fn(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t);

typedef struct sl_dynamics {
  sl_field_fn *drift, *diffusion; /* t comes as [N,1,..,1], of x's type */
  void *ud;
  sl_noise_type noise; /* must be declared unless the process is affine */
  bool probe;          /* find out at first use whether the process is affine */
  bool affine;         /* it is said to be: an error if the probe finds otherwise */
} sl_dynamics;

/* dx = -beta/2 x dt + sqrt(beta) dw; beta linear from lo to hi, or fn (Song et al. 2021, eq. 11, 32). Prior N(0,1). */
SL_API sl_sde *sl_sde_vp(sl_ctx *c, const sl_schedule *beta, const sl_sde_options *o);
/* The same drift, g^2 = beta (1 - exp(-2 B)), B = int beta (eq. 28). Prior N(0,1). */
SL_API sl_sde *sl_sde_subvp(sl_ctx *c, const sl_schedule *beta, const sl_sde_options *o);
/* s = sigma(t), m = 1; sigma geometric from lo to hi, or fn (eq. 9, 31). Prior N(0, sigma(T)^2). */
SL_API sl_sde *sl_sde_ve(sl_ctx *c, const sl_schedule *sigma, const sl_sde_options *o);
/* m = 1, s = t on [0, hi], sampled down to lo (Karras et al. 2022, section 3). Prior N(0, hi^2). */
SL_API sl_sde *sl_sde_edm(sl_ctx *c, const sl_schedule *sigma, const sl_sde_options *o);
/* From m, s and, when not NULL, c: a = m'/m, g^2 = (s^2)' - 2 a s^2. */
SL_API sl_sde *sl_sde_marginal(sl_ctx *c, const sl_schedule *mean, const sl_schedule *std, const sl_schedule *offset,
                               const sl_sde_options *o);
/* From a, g and, when not NULL, b: m, c, s by quadrature. */
SL_API sl_sde *sl_sde_coefficients(sl_ctx *c, const sl_schedule *a, const sl_schedule *b, const sl_schedule *g,
                                   const sl_sde_options *o);
/* From callbacks. The caller keeps ud alive as long as the process. */
SL_API sl_sde *sl_sde_general(sl_ctx *c, const sl_dynamics *d, const sl_sde_options *o);

/* One reference more; returns p. NULL is fine. */
SL_API sl_sde *sl_sde_retain(sl_sde *p);
SL_API void sl_sde_release(sl_sde *p); /* one less: the last takes the process with it */

/* ---- facts ----------------------------------------------------------------- */

SL_API const char *sl_sde_name(const sl_sde *p); /* "VP", "subVP", "VE", "EDM", "define" */
SL_API double sl_sde_T(const sl_sde *p); /* the last time: all is noise */
/* "affine", "affine (probed)", "general", or "general (unprobed)" before its first use. */
SL_API const char *sl_sde_tier(const sl_sde *p);
/* What a process is used for. */
typedef enum sl_eps { SL_EPS_TRAIN, SL_EPS_SAMPLE, SL_EPS_LIKELIHOOD } sl_eps;
/* The time, for each of these, at which the way to the data ends. */
SL_API double sl_sde_eps(const sl_sde *p, sl_eps which);
/* The label a network expects unless told: 999 t/T, or s(t) when this is true. */
SL_API bool sl_sde_label_is_std(const sl_sde *p);
SL_API bool sl_sde_has_prior(const sl_sde *p); /* the user gave one */

/* Settles the tier for tensors shaped like x: probes an unprobed process. Every
   function below does it. */
SL_API bool sl_sde_settle(sl_ctx *c, sl_sde *p, const sl_tensor *x);
/* Fails naming `who` unless p has a transition kernel. */
SL_API bool sl_sde_need_kernel(sl_ctx *c, sl_sde *p, const sl_tensor *x, const char *who);
/* Fails naming `who` if m_T = 0: there x_T holds nothing of x_0, and neither a score nor a predicted noise does. */
SL_API bool sl_sde_need_signal(sl_ctx *c, sl_sde *p, const char *who);
SL_API bool sl_sde_has_signal(const sl_sde *p); /* false when m_T = 0 */

/* Fails naming `who` unless p is affine with the same coefficients for all features. */
SL_API bool sl_sde_need_uniform(sl_ctx *c, const sl_sde *p, const char *who);

/* Coefficients at one time. Row 0 speaks for all where a process has no rows. */
typedef struct sl_point {
  double m, dm, c, dc, s2, ds2; /* m, m', c, c', s^2, (s^2)' */
  double a, b, g2;              /* drift a x + b, squared diffusion */
} sl_point;
/* Those at t in [0, T]; SL_EARG unless p is known to be affine. */
SL_API bool sl_sde_point(sl_ctx *c, sl_sde *p, double t, int row, sl_point *out);

/* The time in [0, T] at which the noise-to-signal ratio s/m is sigma: Karras et al. 2022's sigma; 0 or T for a sigma
   out of reach. Processes with the same coefficients for all features. */
SL_API bool sl_sde_time_of(sl_ctx *c, sl_sde *p, double sigma, double *t);

/* ---- tensors ------------------------------------------------------------------ */

/* f(x, t) of dx = f dt + G dw. */
SL_API sl_tensor *sl_sde_drift(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t);
SL_API sl_tensor *sl_sde_diffusion(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t); /* G(x, t) */
/* Coefficients of the affine tier; D is a derivative in time. */
typedef enum sl_coef {
  SL_COEF_M,
  SL_COEF_C,
  SL_COEF_S,
  SL_COEF_DM,
  SL_COEF_DC,
  SL_COEF_DS,
  SL_COEF_A,
  SL_COEF_B,
  SL_COEF_G,
  SL_COEF_IMPORTANCE /* g^2/s^2, the likelihood weight of a noise prediction */
} sl_coef;
/* Any of them, shaped to broadcast against x. */
SL_API sl_tensor *sl_sde_coef(sl_ctx *c, sl_sde *p, sl_coef which, sl_tensor *x, sl_tensor *t);
/* m x + c and s. */
SL_API bool sl_sde_marginal_prob(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t, sl_tensor **mean, sl_tensor **std);
/* m x0 + c + s z */
SL_API sl_tensor *sl_sde_perturb(sl_ctx *c, sl_sde *p, sl_tensor *x0, sl_tensor *t, sl_tensor *z);
/* mean + std z of the prior. */
SL_API sl_tensor *sl_sde_prior(sl_ctx *c, sl_sde *p, sl_tensor *z);
SL_API sl_tensor *sl_sde_prior_logp(sl_ctx *c, sl_sde *p, sl_tensor *z); /* its log-density at z, [N] */

/* How x_t is made from x_r, r < t: x_t = A x_r + d + sqrt(v) z. Shaped to broadcast against x. */
typedef struct sl_link {
  sl_tensor *A, *d, *v;   /* d is NULL where no offset is */
  sl_tensor *growth;      /* A - 1, which float32 could not tell from A */
  sl_tensor *s2_t, *s2_r; /* variances of the kernel at both ends */
} sl_link;
/* The exact step: A = m_t/m_r, v = s_t^2 - A^2 s_r^2, d = c_t - A c_r. */
SL_API bool sl_sde_link(sl_ctx *c, sl_sde *p, sl_tensor *x, double t, double r, sl_link *out);
/* The papers' tables with n levels at index trunc(t (n-1)/T): VP beta_i = beta(t_i)/n; VE sigma_i with sigma_{-1} = 0;
   others an Euler-Maruyama step of T/n (score_sde; Song et al. 2021, appendix B and C). */
SL_API bool sl_sde_link_paper(sl_ctx *c, sl_sde *p, sl_tensor *x, double t, int n, sl_link *out);
/* The paper's table: A_i, v_i and, following from them, m_i and s_i; each float64 [n]. Rowless processes only. */
SL_API bool sl_sde_levels(sl_ctx *c, sl_sde *p, int n, sl_tensor *out[4]);
/* f = (A-1) x + d and G = sqrt(v) of the step of T/n that ends in t; the general tier gives Euler-Maruyama's. */
SL_API bool sl_sde_discretize(sl_ctx *c, sl_sde *p, sl_tensor *x, sl_tensor *t, int n, bool paper, sl_tensor **f,
                              sl_tensor **G);

/* Reverse drift with noise lambda g: f - (1+lambda^2)/2 (div M + M score), M = G G^T; lambda 1 is the reverse SDE
   (Anderson 1982), 0 the probability flow (Song et al. 2021, eq. 13 and appendix A, D.1). score is a tensor like x. */
SL_API sl_tensor *sl_sde_reverse_drift(sl_ctx *c, sl_sde *p, double lambda, sl_tensor *x, sl_tensor *t,
                                       sl_tensor *score);
/* G z for G = sl_sde_diffusion(x, t); z has the shape that sl_sde_noise_shape tells: x's, or [N,K] with matrix noise of
   K columns. */
SL_API sl_tensor *sl_sde_noise(sl_ctx *c, const sl_sde *p, sl_tensor *G, sl_tensor *z);
SL_API int sl_sde_noise_shape(const sl_sde *p, const sl_tensor *x, const sl_tensor *G, int64_t shape[SL_MAX_DIMS]);

/* ---- the exchange form: (x0, eps) with x - c = m x0 + s eps, score = -eps/s ------- */

typedef enum sl_param_kind {
  SL_PREDICTS_NOISE, /* eps */
  SL_PREDICTS_SCORE, /* -eps/s */
  SL_PREDICTS_X0,
  SL_PREDICTS_V,       /* m eps - s x0 (Salimans & Ho 2022) */
  SL_PREDICTS_VELOCITY /* m' x0 + c' + s' eps */
} sl_param_kind;
SL_API extern const char *const sl_param_names[6]; /* "noise", "score", "x0", "v", "velocity", NULL */
/* Both predictions from a network's output y; either out may be NULL. */
SL_API bool sl_sde_exchange(sl_ctx *c, sl_sde *p, sl_param_kind kind, sl_tensor *x, sl_tensor *t, sl_tensor *y,
                            sl_tensor **x0, sl_tensor **eps);
/* m' x0 + c' + s' eps: the probability flow, finite where m = 0. */
SL_API sl_tensor *sl_sde_velocity(sl_ctx *c, sl_sde *p, sl_tensor *x0, sl_tensor *t, sl_tensor *eps);
/* E[x_r | x_t, x_0 = x0] = (A s_r^2 (x_t - d) + v (m_r x0 + c_r)) / s_t^2. */
SL_API sl_tensor *sl_sde_posterior_mean(sl_ctx *c, sl_sde *p, sl_tensor *x, double t, double r, sl_tensor *x0);

/* The time at which int_eps^t g^2/s^2 = log(s^2/m^2) is u of its total over [eps, T] (Song et al. 2021, likelihood
   training, appendix A); u any shape. */
SL_API sl_tensor *sl_sde_importance_time(sl_ctx *c, sl_sde *p, sl_tensor *u, double eps);

#ifdef __cplusplus
}
#endif
#endif
