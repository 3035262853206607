/* Ops that sum weighted windows of an image: filters, pooling, resizing. */
#ifndef SL_OP_WINDOWS_H
#define SL_OP_WINDOWS_H

#include "kernel/kernel.h"
#include "op/op.h"

/* One axis of a filter: `size` pixels, each followed by up - 1 zeros, with `before` and `after` zeros around them
   (negative: that many cut off), met by `taps` weights turned round; of the sums every down-th is taken. */
typedef struct sl_fir_axis {
  int64_t size, taps, up, down, before, after;
} sl_fir_axis;

/* How many sums are taken; 0 or less when the filter is longer than what it meets. */
int64_t sl_fir_size(const sl_fir_axis *a);
/* The axis whose filter, turned round, is the transpose of this one's. */
sl_fir_axis sl_fir_transpose(const sl_fir_axis *a);
/* Fills spans [sl_fir_size(a)]; tap i of the turned filter lies at i stride, so the weights of a window's pixels are
   up stride apart, backwards. */
void sl_fir_spans(const sl_fir_axis *a, int64_t stride, sl_span *spans);

/* fir.c: the gradient of fir_resample to its image, recorded; h and w are the axes of the forward. */
sl_tensor *sl_fir_back(sl_ctx *c, sl_tensor *dy, sl_tensor *filter, const sl_fir_axis *h, const sl_fir_axis *w);

/* Spans for rows [oh] and columns [ow] in one block, for sl_free; NULL with an error when memory is out. */
sl_span *sl_spans_new(sl_ctx *c, const sl_call *k, int64_t oh, int64_t ow);

/* pool.c: what max_pool and avg_pool take, and read alike. */
#define SL_POOL_ARGS "x window:pair=2 stride:pair=0 padding:pair=0"
enum { SL_POOL_WINDOW, SL_POOL_STRIDE, SL_POOL_PADDING };
/* Fails unless input 0 and the parameters fit each other. */
bool sl_pool_read(sl_ctx *c, const sl_call *k, sl_fir_axis *h, sl_fir_axis *w);
/* Those of s are set; the block is for sl_free. NULL with an error when memory is out. */
sl_span *sl_pool_spans(sl_ctx *c, const sl_call *k, const sl_fir_axis *h, const sl_fir_axis *w, sl_windows *s);

static inline void sl_pool_params(sl_param p[3], const int window[2], const int stride[2], const int padding[2]) {
  p[SL_POOL_WINDOW].pair = (sl_pair){window[0], window[1]};
  p[SL_POOL_STRIDE].pair = stride ? (sl_pair){stride[0], stride[1]} : (sl_pair){0, 0};
  p[SL_POOL_PADDING].pair = padding ? (sl_pair){padding[0], padding[1]} : (sl_pair){0, 0};
}

typedef void sl_windows_fn(const sl_windows *s, int64_t begin, int64_t end, const void *x, void *y);
/* y from x, both contiguous, by that kernel, in parallel over the rows of y; s->h .. s->ow are filled in. */
void sl_windows_run(sl_ctx *c, sl_windows *s, sl_windows_fn *kernel, const sl_tensor *x, sl_tensor *y);

#endif
