/* sdelua/tensor.h: strided views of reference-counted storage.

   The last dimension is the feature dimension (channels last): images are
   [N,H,W,C], sequences [N,L,C], points [N,D]. Dimensions and indices are
   0-based in C and 1-based in Lua. */
#ifndef SDELUA_TENSOR_H
#define SDELUA_TENSOR_H

#include "sdelua/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SL_MAX_DIMS 8 /* the most dimensions of a tensor */

/* The type of a tensor's elements. */
typedef enum sl_dtype { SL_F32, SL_F64, SL_I64, SL_U8 } sl_dtype;
#define SL_DTYPES 4 /* how many types there are */

SL_API const char *sl_dtype_name(sl_dtype d); /* "float32", ... */
SL_API size_t sl_dtype_size(sl_dtype d); /* bytes of an element */
SL_API bool sl_dtype_is_float(sl_dtype d); /* float32 or float64 */

/* What a tensor is made of; pointers live as long as it does. */
SL_API sl_dtype sl_dtype_of(const sl_tensor *t);
SL_API int sl_ndim(const sl_tensor *t); /* how many dimensions */
SL_API const int64_t *sl_shape(const sl_tensor *t); /* the size of each */
SL_API const int64_t *sl_strides(const sl_tensor *t); /* in elements */
SL_API int64_t sl_numel(const sl_tensor *t); /* how many elements */
SL_API bool sl_is_contiguous(const sl_tensor *t); /* without gaps, the last dimension innermost */
/* The first element. Writing through it is for fresh tensors only: it does not
   count as an in-place change. */
SL_API void *sl_data(const sl_tensor *t);
/* "[2,3]" into buf; returns buf. */
SL_API const char *sl_shape_str(const sl_tensor *t, char buf[128]);

/* New, contiguous, in the current pool; sl_empty leaves the elements unset, sl_full sets each to value. shape may be
   NULL when ndim is 0. */
SL_API sl_tensor *sl_empty(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape);
SL_API sl_tensor *sl_full(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape, double value);
SL_API sl_tensor *sl_scalar(sl_ctx *c, sl_dtype d, double value); /* no dimensions */
SL_API sl_tensor *sl_from(sl_ctx *c, sl_dtype d, int ndim, const int64_t *shape, const void *data); /* copies data */

/* One element as a number (int64 beyond 2^53 is rounded). index has ndim entries; unchecked. */
SL_API double sl_get(const sl_tensor *t, const int64_t *index);
/* The only element of a tensor that has one; else SL_ESHAPE and 0. */
SL_API double sl_item(sl_ctx *c, const sl_tensor *t);

/* Copies src (any layout, any type, broadcast to dst's shape) into dst, in
   place; counts as a change of dst. Not recorded. */
SL_API bool sl_copy_into(sl_ctx *c, sl_tensor *dst, const sl_tensor *src);
/* The same for n pairs of equal shapes (contiguous dst; floating types are
   converted into each other), all or none. `who` begins an error's message. */
SL_API bool sl_copy_all(sl_ctx *c, const char *who, int n, sl_tensor *const *dst, sl_tensor *const *src);

/* How random numbers are distributed: evenly on [0, 1), as N(0, 1), or -1 and 1 with equal odds. */
typedef enum sl_dist { SL_UNIFORM, SL_NORMAL, SL_RADEMACHER } sl_dist;
/* Random fills, one key for the whole tensor, or, with per_row, one sample
   index a row (key.index + row, or index[row] when index is not NULL). */
SL_API sl_tensor *sl_random(sl_ctx *c, sl_dist dist, sl_dtype d, int ndim, const int64_t *shape, sl_key key,
                            bool per_row, const int64_t *index);

#ifdef __cplusplus
}
#endif
#endif
