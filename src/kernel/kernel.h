/* The inner loops: raw pointers, sizes, strides. Each instruction set's build
   exports one table of them. Nothing here knows tensors or graphs.

   Promise of every kernel: an output element is computed by the same
   operations in the same order wherever it stands in the call (vector tails
   run the same vector code on a padded copy), so results do not depend on
   batch size, cut or thread count. Functions that take a context cut their
   work with sl_parallel_for and may fail (memory): they return false. The
   others run on the calling lane. fn[] is indexed by sl_dtype; NULL where
   there is none. real[] is indexed by SL_F32, SL_F64. */
#ifndef SL_KERNEL_KERNEL_H
#define SL_KERNEL_KERNEL_H

#include "sdelua/base.h"
#include "sdelua/tensor.h" /* sl_dtype, sl_dist */

/* ---- elementwise: n elements, strides in elements (any; 0 repeats) -------- */

typedef void sl_unary_fn(int64_t n, const void *x, int64_t sx, void *y, int64_t sy, const double *p);
typedef void sl_binary_fn(int64_t n, const void *a, int64_t sa, const void *b, int64_t sb, void *y, int64_t sy);
typedef void sl_where_fn(int64_t n, const uint8_t *cond, int64_t sc, const void *a, int64_t sa, const void *b, int64_t sb,
                         void *y, int64_t sy);

/* y = a x + b z; a and b are read with strides sa and sb, x, z and y with theirs. */
typedef void sl_axpby_fn(int64_t n, const void *a, int64_t sa, const void *x, int64_t sx, const void *b, int64_t sb,
                         const void *z, int64_t sz, void *y, int64_t sy);

typedef struct sl_unary_kernel {
  const char *name;
  sl_unary_fn *fn[SL_DTYPES];
} sl_unary_kernel;

typedef struct sl_binary_kernel {
  const char *name;
  bool compares; /* y is uint8 */
  sl_binary_fn *fn[SL_DTYPES];
} sl_binary_kernel;

/* ---- reductions: x [outer,n,inner] contiguous, y [outer,inner], same type -----
   One output adds its n terms in an order fixed by n and inner == 1. */
typedef void sl_reduce_fn(int64_t outer, int64_t n, int64_t inner, const void *x, void *y);
typedef struct sl_reduce_kernel {
  const char *name; /* "sum", "amax", "amin" */
  sl_reduce_fn *fn[SL_DTYPES];
} sl_reduce_kernel;

/* ---- products -------------------------------------------------------------- */

/* c[m,n] (+)= a[m,k] b[k,n] + bias[n] + residual[m,n], for each of `batch`. Strides in elements;
   a transpose is a swap of strides. Each element is a sum over equal chunks of k,
   each one chain over ascending k; where they end depends on k alone. */
typedef struct sl_gemm {
  int64_t batch, m, n, k;
  const void *a; int64_t a_batch, a_row, a_col;
  const void *b; int64_t b_batch, b_row, b_col;
  void *c;       int64_t c_batch, c_row; /* columns of c are contiguous */
  const void *bias; /* NULL or [n] */
  const void *residual; /* NULL or [m,n], contiguous; with batch 1 only */
  bool accumulate;  /* add to what c holds */
} sl_gemm;

/* x [n,h,w,cin], weights [kh,kw,cin/groups,cout], y [n,oh,ow,cout], zero padding. Of pairs, the first is along the
   height. Group g of y's channels sees group g of x's; where it sees few, vectors lie across groups (depthwise.inc).
   In float32, a 3x3 window of stride 1, dilation 1, one group and padding up to 2 goes by Winograd's method
   (winograd.inc), but for images under 4 pixels a side and few channels to few. For terms ~ N(0,1) or the SiLU of that,
   |y - exact| <= 5e-6 |exact| in the Euclidean norm for y and dx at up to 256 channels, and
   <= 1e-5 for dw over 32 images of 28x28 pixels. There, what is not finite in x spoils the whole
   tile of 4x4 pixels of y that it meets. All else sums its own products, and in float64 always. */
typedef struct sl_conv {
  int64_t n, h, w, cin, kh, kw, cout, stride[2], padding[2], dilation[2], groups, oh, ow;
} sl_conv;

/* What a convolution adds to its product: (product + bias) + residual. Each may be NULL. */
typedef struct sl_epilogue {
  const void *bias;     /* [channels of the result], or a row for every sample when per_sample: a time embedding, say */
  bool per_sample;
  const void *residual; /* of y's shape */
} sl_epilogue;

/* x [n,p,c] in g groups of c/g channels: statistics per sample and group over
   p and the group's channels (biased variance). w, b: [c] or NULL. */
typedef struct sl_norm {
  int64_t n, p, c, g;
  double eps;
} sl_norm;

/* q [b,l,heads*d], k [b,m,heads*d], v [b,m,heads*dv], o [b,l,heads*dv]; rows
   q_row, k_row, v_row elements apart; o contiguous. softmax(scale q k^T) v per head. */
typedef struct sl_attn {
  int64_t b, heads, l, m, d, dv;
  int64_t q_row, k_row, v_row;
  double scale;
} sl_attn;

/* y [n,oh,ow,ch] from x [n,h,w,ch]: output row i and column j is the sum over its window of x, rows
   [first, first + count) of span rows[i], columns likewise. Pixel (a, b) of the window weighs
   f[rows[i].at + a row_step + columns[j].at + b column_step], of x's type; or, where f is NULL,
   by_row[rows[i].at + a row_step] * by_column[columns[j].at + b column_step]. */
typedef struct sl_span {
  int64_t first, count, at;
} sl_span;
typedef struct sl_windows {
  int64_t h, w, ch, oh, ow;
  const sl_span *rows, *columns; /* [oh], [ow]; an empty one gives 0 */
  int64_t row_step, column_step;
  const void *f;
  const double *by_row, *by_column;
} sl_windows;

typedef struct sl_real_kernels {
  bool (*gemm)(sl_ctx *c, const sl_gemm *g);
  bool (*conv2d)(sl_ctx *c, const sl_conv *s, const void *x, const void *w, const sl_epilogue *e, void *y);
  /* e: what is added to dx; no residual */
  bool (*conv2d_dx)(sl_ctx *c, const sl_conv *s, const void *dy, const void *w, const sl_epilogue *e, void *dx);
  bool (*conv2d_dw)(sl_ctx *c, const sl_conv *s, const void *x, const void *dy, void *dw);

  /* stats [n,g,3] is written: mean, what rounding lost of it, 1/sqrt(var + eps). silu: y = silu(norm(x) w + b). */
  bool (*norm)(sl_ctx *c, const sl_norm *s, bool silu, const void *x, const void *w, const void *b, void *y,
               void *stats);
  /* The same y, to the bit, in one pass from the stats that norm wrote. */
  bool (*norm_apply)(sl_ctx *c, const sl_norm *s, bool silu, const void *x, const void *w, const void *b,
                     const void *stats, void *y);
  /* dw, db: [c] or NULL; the sums over n and p go in chunks fixed by shape. dx may not be x or dy. */
  bool (*norm_grad)(sl_ctx *c, const sl_norm *s, bool silu, const void *x, const void *w, const void *b,
                    const void *stats, const void *dy, void *dx, void *dw, void *db);
  bool (*attention)(sl_ctx *c, const sl_attn *s, const void *q, const void *k, const void *v, void *o);
  /* dq, dk, dv contiguous; any may be NULL. */
  bool (*attention_grad)(sl_ctx *c, const sl_attn *s, const void *q, const void *k, const void *v, const void *dout, void *dq,
                         void *dk, void *dv);

  /* rows of n contiguous elements; a row's infinities equal to its largest share its mass evenly */
  void (*softmax)(int64_t rows, int64_t n, const void *x, void *y);
  void (*softmax_grad)(int64_t rows, int64_t n, const void *y, const void *dy, void *dx);
  void (*logsumexp)(int64_t rows, int64_t n, const void *x, void *y /* [rows] */);
  void (*cumsum)(int64_t rows, int64_t n, bool reverse, const void *x, void *y);
  void (*cumprod)(int64_t rows, int64_t n, const void *x, void *y);
  /* y[i] = a[i] y[i-1] + b[i], the first y being b's; from the end when reverse */
  void (*linear_scan)(int64_t rows, int64_t n, bool reverse, const void *a, const void *b, void *y);

  /* x [n,h,w,c] -> y [n,h*f,w*f,c], every pixel repeated; and its transpose
     (sums f*f pixels, times scale), which with 1/f^2 is average pooling. */
  void (*upsample)(int64_t n, int64_t h, int64_t w, int64_t ch, int64_t f, double scale, const void *x, void *y);
  void (*downsample)(int64_t n, int64_t h, int64_t w, int64_t ch, int64_t f, double scale, const void *x, void *y);
  /* rows begin .. end-1 of the n*oh of y; terms are added row by row */
  void (*windows)(const sl_windows *s, int64_t begin, int64_t end, const void *x, void *y);
  /* The largest of each window, none of which is empty, and the first place that has it, as row*w + column; h*w is
     below 2^31. NaN counts as largest. Rows as above; or, for the gradient, which is added to dx, samples. */
  void (*largest)(const sl_windows *s, int64_t begin, int64_t end, const void *x, void *y);
  void (*largest_at)(const sl_windows *s, int64_t begin, int64_t end, const void *x, void *at /* int64 */);
  void (*largest_grad)(const sl_windows *s, int64_t begin, int64_t end, const void *x, const void *dy, void *dx);

  /* n elements of one sample from element `first` on (a multiple of 4). Normals
     by Box-Muller on pairs, computed in float32 and widened. Uniforms on [0,1). */
  void (*random)(sl_dist dist, const sl_key *key, int64_t first, int64_t n, void *y);
  /* The same for many short rows y [rows,n], each its own sample: index[i], or key's and on without index. */
  void (*random_rows)(sl_dist dist, const sl_key *key, const int64_t *index, int64_t rows, int64_t n, void *y);

  /* Sum of squares in double, in chunks fixed by n. */
  double (*sumsq)(int64_t n, const void *x);
  /* One Adam step (Kingma & Ba 2015; decoupled decay as in AdamW, Loshchilov & Hutter 2019):
     g' = scale g + l2 p, m = b1 m + (1-b1) g', v = b2 v + (1-b2) g'^2,
     p = (1-decay) p - step m/(root sqrt(v) + eps); step is lr/(1-b1^t), root is 1/sqrt(1-b2^t).
     top: NULL, or the largest v so far, which then stands for v there (AMSGrad, Reddi et al. 2018). */
  void (*adam)(int64_t n, void *p, const void *g, void *m, void *v, void *top, double scale, double b1, double b2, double step,
               double root, double eps, double l2, double decay);
  /* g' = scale g + decay p, v = momentum v + keep g', p -= lr v, or (nesterov) lr (g' + momentum v) */
  void (*sgd)(int64_t n, void *p, const void *g, void *v, double scale, double decay, double momentum, double keep,
              double lr, bool nesterov);
  /* avg += (1 - decay) (p - avg) */
  void (*ema)(int64_t n, void *avg, const void *p, double decay);

  /* `rounds` of multiply-adds on registers, as fast as a core does them; returns how many operations. */
  double (*probe)(int64_t rounds);
} sl_real_kernels;

typedef struct sl_kernels {
  const char *isa;
  const sl_unary_kernel *unary;   /* ends with name NULL */
  const sl_binary_kernel *binary; /* ends with name NULL */
  const sl_reduce_kernel *reduce; /* ends with name NULL */
  sl_where_fn *where[SL_DTYPES];
  sl_axpby_fn *axpby[SL_DTYPES]; /* floating types */
  sl_unary_fn *cast[SL_DTYPES][SL_DTYPES]; /* [from][to]; same type: copy */
  sl_real_kernels real[2];
} sl_kernels;

extern const sl_kernels sl_kernels_baseline, sl_kernels_avx2, sl_kernels_avx512;

/* peak.c: what the machine does at most on the context's threads, measured in some tenths of a second: operations a
   second (float32 multiply-adds count two), and bytes a second read and written by a copy with that many in all (0 and
   SL_EMEMORY when memory is out). */
double sl_peak_flops(sl_ctx *c);
double sl_peak_copy(sl_ctx *c, int64_t bytes);

/* choose.c defines sl_kernels_choose (declared in base/ctx.h) and sl_isa. */

#endif
