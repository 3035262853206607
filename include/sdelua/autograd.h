/* sdelua/autograd.h: reverse-mode differentiation of recorded ops.

   An op is recorded when recording is on and one of its inputs requires a
   gradient. Vjps are composed of ops, so with create_graph a gradient can be
   differentiated again, to any order. */
#ifndef SDELUA_AUTOGRAD_H
#define SDELUA_AUTOGRAD_H

#include "sdelua/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Marks a leaf (a tensor that no recorded op made) of a floating type. */
SL_API bool sl_require_grad(sl_ctx *c, sl_tensor *leaf, bool on);
/* True for such a leaf and for everything recorded from it. */
SL_API bool sl_requires_grad(const sl_tensor *t);
SL_API bool sl_is_leaf(const sl_tensor *t); /* no recorded op made it */

/* The gradient that backward accumulated in a leaf; NULL if none. Borrowed. */
SL_API sl_tensor *sl_grad_of(const sl_tensor *leaf);
/* Replaces it (NULL clears). The shape and type must be the leaf's. */
SL_API bool sl_grad_set(sl_ctx *c, sl_tensor *leaf, sl_tensor *grad);

/* Recording switch; returns what it was. */
SL_API bool sl_recording_set(sl_ctx *c, bool on);
SL_API bool sl_recording(const sl_ctx *c); /* whether it is on */

/* d(sum of y * dy)/d(leaves), added into the leaves' gradients. dy may be NULL
   for a y of one element. Frees the graph unless create_graph. */
SL_API bool sl_backward(sl_ctx *c, sl_tensor *y, sl_tensor *dy, bool create_graph);

/* The same, with respect to the n tensors x (leaves or not) and returned in
   dx, in the current pool; no leaf's gradient changes. An x that y does not
   depend on gives zeros. retain keeps the graph for another walk (implied by
   create_graph). */
SL_API bool sl_grad(sl_ctx *c, sl_tensor *y, sl_tensor *dy, int n, sl_tensor *const *x, sl_tensor **dx, bool create_graph,
                    bool retain);

/* ---- functions of the caller's own ---------------------------------------- */

/* A function that ops call as they call each other: y = f(x_0 .. x_n-1). forward runs
   without recording. vjp fills dx[i] with sum(dy * dy/dx_i), of the shape and type
   of x[i], where need[i]; NULL means none. It runs under the recording state of the
   walk and has y when keep_y is set, else NULL. With create_graph it must be made
   of ops.

   Without a vjp backward runs forward once more, recorded and with the same random
   numbers, and goes on through what that recorded: of all that forward makes nothing
   is kept but y (gradient checkpointing, Chen et al. 2016). Results and gradients
   have the bits that they have when forward is called as it is; gradients of
   gradients may differ in the order of sums.

   Both put their results into the current pool; NULL or false with the context's
   error set. refs counts the graph nodes and calls that use the function (0 in a
   fresh one); release is called whenever it falls back to 0. */
typedef struct sl_function sl_function;
struct sl_function {
  int refs;
  bool keep_y;
  sl_tensor *(*forward)(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x);
  bool (*vjp)(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x, sl_tensor *y, sl_tensor *dy, const bool *need,
              sl_tensor **dx);
  void (*release)(sl_function *f); /* may be NULL */
};
/* y, recorded as that of an op is. */
SL_API sl_tensor *sl_function_apply(sl_ctx *c, sl_function *f, int n, sl_tensor *const *x);
/* Takes one from refs, and calls release when none is left. NULL is fine. */
SL_API void sl_function_release(sl_function *f);

/* The same values, cut off from the graph (shares storage). */
SL_API sl_tensor *sl_detach(sl_ctx *c, sl_tensor *x);

#ifdef __cplusplus
}
#endif
#endif
