/* sdelua/solve.h: from noise to data. A stepper declares facts and one step; the
   integration owns the loop, its poll point, callbacks and the count of function
   evaluations. Times keep the process's sense: a reverse step goes from t down to r.

   A sample's bits depend on the seed and its own index: neither on the batch it is drawn in
   nor on the thread count (but see the norms named "batch"). */
#ifndef SDELUA_SOLVE_H
#define SDELUA_SOLVE_H

#include "sdelua/sde.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a solver is given --------------------------------------------------- */

/* score(x [n, ...], t [n] in process time, rows) -> grad log p_t(x), like x. Where samples leave the batch, rows (int64
   [n]) says which places in it, from 0, those at x have; NULL while all are there. exchange, an sl_exchange_fn, gives
   (x0, eps) where the score comes from a network with a parameterization; NULL elsewhere. */
typedef sl_tensor *sl_score_fn(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows);
typedef bool sl_exchange_fn(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows, sl_tensor **x0,
                            sl_tensor **eps);
typedef struct sl_score {
  sl_score_fn *score;
  sl_exchange_fn *exchange;
  void *ud;
} sl_score;

/* Unit normal draws, numbered from 0 (the prior's). Without draw: Philox, SAMPLE stream, row i having the index
   index[i] (int64 [N]), or first + i. */
typedef struct sl_noise {
  sl_tensor *(*draw)(sl_ctx *c, void *ud, sl_dtype d, int ndim, const int64_t *shape, uint32_t number);
  void *ud;
  uint64_t seed;
  int64_t first;
  sl_tensor *index;
} sl_noise;
/* The draw of that number, of type d and shape [N, ...]. */
SL_API sl_tensor *sl_noise_normal(sl_ctx *c, const sl_noise *n, sl_dtype d, int ndim, const int64_t *shape,
                                  uint32_t number);

/* One Brownian path W an element, of time [0, 2^63), of the same seed and index in the BROWNIAN stream: *W = W_b - W_a
   and, where wanted, *H = the path's mean over the interval, from W_a, less (W_b - W_a)/2: the space-time Levy area
   over its length, N(0, |b-a|/12), independent of the increment (Foster, Lyons & Oberhauser 2020). a and b are numbers
   or, with per_row, arrays [N]. The same path whatever is asked: increments add up. Between dyadic points 2^-40 apart
   on [0, 1], and 2^(j-41) on [2^(j-1), 2^j], it is smooth, so intervals should be longer. An end that is no short
   dyadic number costs up to 80 normals an element. */
SL_API bool sl_noise_increment(sl_ctx *c, const sl_noise *n, sl_dtype d, int ndim, const int64_t *shape,
                               const double *a, const double *b, bool per_row, sl_tensor **W, sl_tensor **H);

/* ---- steppers --------------------------------------------------------------------- */

enum { SL_NEEDS_KERNEL = 1 /* a transition kernel */, SL_NEEDS_SIGNAL = 2 /* m_T != 0 */ };

/* Variance of an ancestral step: v, v s_r^2/s_t^2 or v/A^2; see sl_ancestral. */
typedef enum sl_variance { SL_VARIANCE_V, SL_VARIANCE_SMALL, SL_VARIANCE_LARGE } sl_variance;

/* Where an integration stands (its fields are below); steppers are given it. */
typedef struct sl_run sl_run;
/* A kind of step and its options. */
typedef struct sl_stepper sl_stepper;
struct sl_stepper {
  const char *name;
  double order; /* of convergence: strong where it draws noise */
  bool noise;
  unsigned needs;
  bool (*step)(sl_ctx *c, const sl_stepper *self, sl_run *run); /* moves run->x and run->mean */
  /* options; each stepper reads its own */
  double lambda;        /* noise of the reverse process: 1 the SDE, 0 the flow */
  sl_variance variance; /* ancestral */
  double snr;           /* langevin */
  int n_steps;
  bool batch_norm; /* langevin: the paper's rule, which couples the samples of a batch */
  const struct sl_tableau *tableau;
  void *ud;
};

/* Euler-Maruyama on the reverse process; any process. */
SL_API extern const sl_stepper sl_euler_maruyama;
/* x_r = (2 - A) x - d + v score + sqrt(v) z (Song et al. 2021, eq. 46). */
SL_API extern const sl_stepper sl_reverse_diffusion;
/* mean (x - d + v score)/A; variance v (eq. 4, VP), v s_r^2/s_t^2 (eq. 47, VE) or v/A^2. */
SL_API extern const sl_stepper sl_ancestral;
/* Langevin corrector (algorithms 4, 5): x + e score + sqrt(2 e) z with e = 2 alpha (snr s_t)^2, alpha = A^2; with
   batch_norm e = 2 alpha (snr |z|/|score|)^2, norms averaged over the batch. */
SL_API extern const sl_stepper sl_langevin;
/* Leaves x as it is. */
SL_API extern const sl_stepper sl_none;
/* Fixed steps of the probability flow; `tableau` says which (default Heun). */
SL_API extern const sl_stepper sl_flow;
/* By name, with default options: "euler_maruyama", "reverse_diffusion", "ancestral", "langevin", "none", "flow". */
SL_API const sl_stepper *sl_stepper_find(const char *name);
/* The i-th of these, from 0; NULL past the last. */
SL_API const sl_stepper *sl_stepper_at(int i);

/* Explicit Runge-Kutta methods as data. */
typedef struct sl_tableau {
  const char *name;
  int stages, order;
  double a[7][7], b[7], c[7];
  double e[7]; /* weights of the error estimate; all 0: none */
} sl_tableau;
SL_API extern const sl_tableau
    sl_tableaus[]; /* "euler", "midpoint", "heun", "rk4", "bosh3", "dopri5"; ends with name NULL */
SL_API const sl_tableau *sl_tableau_find(const char *name); /* NULL: none has that name */

/* ---- integration --------------------------------------------------------------------- */

struct sl_run {
  sl_sde *sde;
  const sl_score *score;
  const sl_noise *noise;
  uint32_t draw; /* number of the next draw */
  double t, r;   /* this step's times */
  double dt;     /* t - r; the papers' T/n with their levels */
  int step, steps;
  bool paper;
  sl_tensor *x, *mean; /* the state, and the state before its last noise was added */
  sl_tensor *rows;     /* which samples are at x, as the score is told; NULL: all */
  sl_tensor *times;    /* where each sample stands, float64 [N], where samples have times of their own; else NULL */
  sl_link link;        /* this step's, where the process has a kernel */
  int64_t nfe;
};

/* The score at x, counted in run->nfe. t: float64, one element or N. */
SL_API sl_tensor *sl_run_score(sl_ctx *c, sl_run *run, sl_tensor *x, sl_tensor *t);
/* The next draw of unit normals, of the state's type. */
SL_API sl_tensor *sl_run_noise(sl_ctx *c, sl_run *run, int ndim, const int64_t *shape);
/* dx/dt of the probability flow, counted as a score is. */
SL_API sl_tensor *sl_run_flow(sl_ctx *c, sl_run *run, sl_tensor *x, sl_tensor *t);

/* After each stepper of each step, before the state's intermediates go. */
typedef bool sl_step_fn(sl_ctx *c, void *ud, const sl_run *run, const sl_stepper *done);

typedef struct sl_plan {
  int n_steppers;
  const sl_stepper *const *stepper; /* run in this order within each step */
  int steps;
  const double *times; /* [steps + 1], falling; NULL: uniform from T to eps, of the papers' levels `steps` times */
  double eps;
  bool paper;
  bool denoise;  /* the result is the last step's mean */
  uint32_t draw; /* number of the first draw: those before are used up */
  sl_step_fn *on_step;
  void *ud;
} sl_plan;

/* Fixed grid. x0 is the state at T; the result is in the current pool. */
SL_API sl_tensor *sl_integrate(sl_ctx *c, sl_sde *p, const sl_score *score, const sl_noise *noise, const sl_plan *plan,
                               sl_tensor *x0, int64_t *nfe);

/* dx/dt of the samples numbered `rows` (int64 [n], from 0) at x [n, ...] and the times t (float64 [n], or [1] with one
   step size for all). */
typedef sl_tensor *sl_rhs_fn(sl_ctx *c, void *ud, sl_tensor *x, sl_tensor *t, sl_tensor *rows);

typedef struct sl_adaptive {
  const char *who;           /* in messages; NULL: "ode" */
  const sl_tableau *tableau; /* with an error estimate; NULL: dopri5 (Dormand & Prince 1980) */
  double rtol, atol, eps;
  double top;          /* the other end of the way; 0: T */
  /* After a step of error e that stands, before which one of error d stood, the next is longer by .9 e^-((p + i)/k)
     d^(p/k), k the order of the error: a PI controller (Gustafsson 1991; Hairer & Wanner 1996, IV.2). 0 and 1: the
     last error alone, as SciPy has it. icoeff = 0: the default, 0.2 and 0.65. */
  double pcoeff, icoeff;
  bool forward;        /* from eps up to top; else from top down to eps */
  bool batch_norm;     /* one step size for the whole batch, as SciPy's RK45 on the flattened state */
  int64_t max_steps;   /* attempts a sample may take; 0: no bound */
  sl_step_fn *on_step; /* once an attempt, with the whole batch, samples that arrived where they ended: run->times is
                          each one's time, run->t that of the one with the longest way to go */
  void *ud;
  sl_rhs_fn *rhs; /* NULL: the probability flow; else x may be any state and p says no more than what T is */
  void *rhs_ud;
} sl_adaptive;

/* Probability flow with step control (Hairer, Nørsett & Wanner 1993, II.4): each sample has its own step size and
   leaves the batch when it arrives. nfe: int64 [N]. */
SL_API sl_tensor *sl_integrate_adaptive(sl_ctx *c, sl_sde *p, const sl_score *score, const sl_adaptive *plan,
                                        sl_tensor *x0, sl_tensor **nfe);
/* E[x_0 | x_t = x] = (x - c + s^2 score)/m (Tweedie; Efron 2011). */
SL_API sl_tensor *sl_denoise(sl_ctx *c, sl_sde *p, const sl_score *score, sl_tensor *x, double t);

#ifdef __cplusplus
}
#endif
#endif
