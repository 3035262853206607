/* Dimension and list arguments: counted from 0, or from -1 at the end. */
#ifndef SL_OP_DIMS_H
#define SL_OP_DIMS_H

#include "op/op.h"

/* Makes v[n] the value of list parameter `param`, kept in list[place]. Fails when it is longer than SL_MAX_DIMS. */
bool sl_list_set(sl_ctx *c, sl_call *k, int param, int place, int n, const int64_t *v);

/* Fails with "name: argument param: expected ..., got ...". */
bool sl_bad_param(sl_ctx *c, const sl_call *k, int param, sl_code code, const char *format, ...) SL_PRINTF(5, 6);

/* Which dimension or position `at` (from 0, or from -1 at the end) is, in words
   that hold for C and Lua alike: "the 3rd", "the 1st from the end". */
const char *sl_ordinal(int64_t at, char buf[48]);

/* Parameter `param` as one of `ndim` dimensions; -1 and an error when it is none. */
int sl_dim_of(sl_ctx *c, const sl_call *k, int param, int ndim);

/* The same for a list parameter without repeats: sets in[d] for its dimensions, for all when the list is empty
   and all_if_empty. */
bool sl_dims_mask(sl_ctx *c, const sl_call *k, int param, int ndim, bool all_if_empty, bool in[SL_MAX_DIMS]);

/* x with dimension dim moved to the end, contiguous: rows for a kernel. Not recorded. */
sl_tensor *sl_rows_of(sl_ctx *c, sl_tensor *x, int dim);
/* A view of y whose last dimension has been moved back to dim. */
sl_tensor *sl_rows_back(sl_ctx *c, sl_tensor *y, int dim);

#endif
