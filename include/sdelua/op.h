/* sdelua/op.h: the ops, as C functions.

   Each returns a tensor in the current pool, or NULL with the context's error
   set; NULL given is NULL returned. Elementwise ops broadcast as NumPy does.
   Types: float32 with float64 is an error; an integer type with a float gives
   the float; uint8 with int64 gives int64; comparisons give uint8. dim counts
   from 0, negative from the end. The rows in src/op say the same to Lua. */
#ifndef SDELUA_OP_H
#define SDELUA_OP_H

#include "sdelua/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SL_UNARY_OPS(F) \
  F(neg) F(abs) F(sign) F(exp) F(expm1) F(log) F(log1p) F(sqrt) F(rsqrt) F(square) F(reciprocal) F(sin) F(cos) F(tanh) \
  F(sigmoid) F(silu) F(relu) F(elu) F(softplus) F(gelu) F(erf) F(floor) F(ceil) F(round)
#define SL_BINARY_OPS(F) \
  F(add) F(sub) F(mul) F(div) F(pow) F(minimum) F(maximum) F(eq) F(ne) F(lt) F(le) F(gt) F(ge)

#define SL_DECLARE_UNARY(name) SL_API sl_tensor *sl_##name(sl_ctx *c, sl_tensor *x);
#define SL_DECLARE_BINARY(name) SL_API sl_tensor *sl_##name(sl_ctx *c, sl_tensor *x, sl_tensor *y);
SL_UNARY_OPS(SL_DECLARE_UNARY)
SL_BINARY_OPS(SL_DECLARE_BINARY)
/* into x, which has the shape of the sum and takes no part in a graph */
SL_API sl_tensor *sl_add_(sl_ctx *c, sl_tensor *x, sl_tensor *y);

/* x*a + b with numbers, in one pass */
SL_API sl_tensor *sl_affine(sl_ctx *c, sl_tensor *x, double a, double b);
SL_API sl_tensor *sl_clamp(sl_ctx *c, sl_tensor *x, double lo, double hi);
/* cond (uint8, non-zero is true) ? x : y */
SL_API sl_tensor *sl_where(sl_ctx *c, sl_tensor *cond, sl_tensor *x, sl_tensor *y);
/* a x + b y, in one pass; all four broadcast */
SL_API sl_tensor *sl_axpby(sl_ctx *c, sl_tensor *a, sl_tensor *x, sl_tensor *b, sl_tensor *y);
SL_API sl_tensor *sl_cast(sl_ctx *c, sl_tensor *x, sl_dtype d);

/* ---- reductions over dims (n = 0: all); keepdim leaves sizes of 1 ---------- */
/* sum, and mean: the sum over the count */
SL_API sl_tensor *sl_sum(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim);
SL_API sl_tensor *sl_mean(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim);
/* unbiased: divide by count - 1 */
SL_API sl_tensor *sl_var(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool unbiased, bool keepdim);
SL_API sl_tensor *sl_std(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool unbiased, bool keepdim);
SL_API sl_tensor *sl_amax(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim);
SL_API sl_tensor *sl_amin(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim);
/* Euclidean norm */
SL_API sl_tensor *sl_norm2(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims, bool keepdim);
/* Adds up what broadcasting to x's shape repeated: the transpose of expand. */
SL_API sl_tensor *sl_sum_to(sl_ctx *c, sl_tensor *x, int ndim, const int64_t *shape);
SL_API sl_tensor *sl_argmax(sl_ctx *c, sl_tensor *x, int dim); /* int64, 0-based */
SL_API sl_tensor *sl_softmax(sl_ctx *c, sl_tensor *x, int dim);
SL_API sl_tensor *sl_log_softmax(sl_ctx *c, sl_tensor *x, int dim);
SL_API sl_tensor *sl_logsumexp(sl_ctx *c, sl_tensor *x, int dim, bool keepdim);
SL_API sl_tensor *sl_cumsum(sl_ctx *c, sl_tensor *x, int dim);
SL_API sl_tensor *sl_cumprod(sl_ctx *c, sl_tensor *x, int dim);
/* y[i] = a[i] y[i-1] + b[i] along dim, the first y being the first b; from the end when reverse */
SL_API sl_tensor *sl_linear_scan(sl_ctx *c, sl_tensor *a, sl_tensor *b, int dim, bool reverse);

/* ---- shape: views where the layout allows ----------------------------------- */
SL_API sl_tensor *sl_reshape(sl_ctx *c, sl_tensor *x, int ndim, const int64_t *shape); /* one size may be -1 */
SL_API sl_tensor *sl_permute(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims); /* n = 0: in reverse */
SL_API sl_tensor *sl_transpose(sl_ctx *c, sl_tensor *x, int dim1, int dim2);
SL_API sl_tensor *sl_narrow(sl_ctx *c, sl_tensor *x, int dim, int64_t start, int64_t length);
SL_API sl_tensor *sl_select(sl_ctx *c, sl_tensor *x, int dim, int64_t index);
SL_API sl_tensor *sl_squeeze(sl_ctx *c, sl_tensor *x, int dim);
SL_API sl_tensor *sl_unsqueeze(sl_ctx *c, sl_tensor *x, int dim);
SL_API sl_tensor *sl_expand(sl_ctx *c, sl_tensor *x, int ndim, const int64_t *shape); /* -1 keeps a size */
SL_API sl_tensor *sl_contiguous(sl_ctx *c, sl_tensor *x);
SL_API sl_tensor *sl_flip(sl_ctx *c, sl_tensor *x, int n, const int64_t *dims);
SL_API sl_tensor *sl_cat(sl_ctx *c, int n, sl_tensor *const *xs, int dim);
SL_API sl_tensor *sl_stack(sl_ctx *c, int n, sl_tensor *const *xs, int dim);
/* Zeros (value) before and after each dimension; negative sizes crop. */
SL_API sl_tensor *sl_pad(sl_ctx *c, sl_tensor *x, const int64_t *before, const int64_t *after, double value);

/* ---- index: int64 index tensors, 0-based in C and 1-based in Lua ------------ */
/* y[..., i, ...] = x[..., index[i], ...] along dim; index is 1-D */
SL_API sl_tensor *sl_index_select(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim);
/* Adds the rows of x into zeros of `size` rows along dim: its transpose. */
SL_API sl_tensor *sl_index_add(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim, int64_t size);
/* y[i][j] = x[index[i][j]][j] for dim 0, likewise for others; shapes agree off dim */
SL_API sl_tensor *sl_gather(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim);
SL_API sl_tensor *sl_scatter_add(sl_ctx *c, sl_tensor *x, sl_tensor *index, int dim, int64_t size);
/* Rows of w [rows,d] for an index of any shape: [..., d] */
SL_API sl_tensor *sl_embedding(sl_ctx *c, sl_tensor *w, sl_tensor *index);

/* ---- products ----------------------------------------------------------------- */
/* [..., m,k] x [..., k,n], batch dimensions broadcast */
SL_API sl_tensor *sl_matmul(sl_ctx *c, sl_tensor *x, sl_tensor *y);
/* x [..., in], w [in,out], b [out] or NULL */
SL_API sl_tensor *sl_linear(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b);
SL_API sl_tensor *sl_linear_add(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *r); /* ... + r */
/* x [n,h,w,cin], w [kh,kw,cin,cout], b [cout] (or [n,cout]: a row for every sample) or NULL; zero padding on all four
   sides. In float32, 3x3 convolutions of stride 1 and their gradients go by Winograd's F(4x4,3x3) where it pays: within
   5e-6 of the exact result (‖y - exact‖/‖exact‖, x normal or silu of it, up to 256 channels), 1e-5 for the gradient to
   w over 32 images of 28x28. */
SL_API sl_tensor *sl_conv2d(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int stride, int padding);
SL_API sl_tensor *sl_conv2d_add(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *r, int stride,
                                int padding); /* ... + r */
/* Pairs hold height and width; what is 0 has its default: a stride, a dilation and one group of 1. */
typedef struct sl_conv_options {
  int stride[2], padding[2], dilation[2], groups;
  int output_padding[2]; /* of conv_transpose2d: pixels after the last row and column, fewer than the stride */
} sl_conv_options;
/* x [n,h,w,cin], w [kh,kw,cin/groups,cout]; b and r (of the result's shape) or NULL; o: NULL for the defaults */
SL_API sl_tensor *sl_conv2d_with(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, sl_tensor *r,
                                 const sl_conv_options *o);
/* Its transpose, the gradient to x: x [n,h,w,cin], w [kh,kw,cout/groups,cin] -> [n,h',w',cout], h' = (h-1) stride
   - 2 padding + dilation (kh-1) + 1 + output_padding. */
SL_API sl_tensor *sl_conv_transpose2d(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, const sl_conv_options *o);
/* q [b,l,heads*d], k [b,m,heads*d], v [b,m,heads*dv]: softmax(scale q k^T) v per
   head; scale 0 means 1/sqrt(d) */
SL_API sl_tensor *sl_attention(sl_ctx *c, sl_tensor *q, sl_tensor *k, sl_tensor *v, int heads, double scale);

/* ---- layers' functions ---------------------------------------------------------- */
/* x [n, ..., c]: statistics per sample and group over all else; w, b [c], or [n,c] (each sample's own), or NULL */
SL_API sl_tensor *sl_group_norm(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int groups, double eps);
/* silu(group_norm(x)) in one pass */
SL_API sl_tensor *sl_group_norm_silu(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, int groups, double eps);
/* Over the last dimension */
SL_API sl_tensor *sl_layer_norm(sl_ctx *c, sl_tensor *x, sl_tensor *w, sl_tensor *b, double eps);
SL_API sl_tensor *sl_upsample(sl_ctx *c, sl_tensor *x, int factor); /* nearest; [n,h,w,c] */
SL_API sl_tensor *sl_avg_pool(sl_ctx *c, sl_tensor *x, int factor); /* h, w divisible by factor */
/* Over windows {h, w}, a stride apart (NULL: side by side), of x [n,h,w,c] between paddings (NULL: none) of at most
   half a window, whose zeros count in the mean and are never the largest. The gradient goes to the first of equal
   maxima. */
SL_API sl_tensor *sl_avg_pool_over(sl_ctx *c, sl_tensor *x, const int window[2], const int stride[2],
                                   const int padding[2]);
SL_API sl_tensor *sl_max_pool(sl_ctx *c, sl_tensor *x, const int window[2], const int stride[2], const int padding[2]);
/* x [n,h,w,c] to [n,height,width,c], bilinear: corners meet corners, or (align_corners false) edges meet edges */
SL_API sl_tensor *sl_resize_bilinear(sl_ctx *c, sl_tensor *x, int64_t height, int64_t width, bool align_corners);
/* Each pixel of x [n,h,w,c] followed by up - 1 zeros, padded (top, bottom, left, right; negative cuts), convolved with
   filter [kh,kw], every down-th pixel taken: upfirdn2d (Karras et al. 2019). {h, w}; NULL: ones, no padding. */
SL_API sl_tensor *sl_fir_resample(sl_ctx *c, sl_tensor *x, sl_tensor *filter, const int up[2], const int down[2],
                                  const int64_t padding[4]);
/* Zeroes with probability p and scales by 1/(1-p); draws from the TRAIN stream, a row a sample. */
SL_API sl_tensor *sl_dropout(sl_ctx *c, sl_tensor *x, double p);
/* sin and cos of t f_i, f_i = max_period^(-i/(dim/2 - 1)): t [n] -> [n,dim], sines first (Ho et al. 2020; Vaswani et al. 2017) */
SL_API sl_tensor *sl_sinusoidal(sl_ctx *c, sl_tensor *t, int dim, double max_period);

#ifdef __cplusplus
}
#endif
#endif
