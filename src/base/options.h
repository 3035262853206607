/* Option strings: "in_features:size bias:bool=true scale:num=1", the part of a
   row that says how its object is made. Rows of layers and optimizers carry one;
   constructors, bindings, help and tests read it.

   Every value travels as a double. Kinds and what they admit:
     size    an integer >= 1         count   an integer >= 0
     num     any finite number       pos     > 0
     nonneg  >= 0                    frac    in [0,1)
     bool    0 or 1
   An option without a default must be given. */
#ifndef SL_BASE_OPTIONS_H
#define SL_BASE_OPTIONS_H

#include "sdelua/base.h"
#include <math.h>

#define SL_MAX_OPTIONS 10
#define SL_DEFAULT NAN /* stands for an option that is not given */

typedef enum sl_option_kind {
  SL_O_SIZE, SL_O_COUNT, SL_O_NUM, SL_O_POS, SL_O_NONNEG, SL_O_FRAC, SL_O_BOOL
} sl_option_kind;

typedef struct sl_option {
  char name[24];
  sl_option_kind kind;
  double value; /* SL_DEFAULT: must be given */
} sl_option;

typedef struct sl_options {
  int n;
  sl_option o[SL_MAX_OPTIONS];
} sl_options;

/* False, with SL_EARG, if the string is malformed: a mistake in the row. */
bool sl_options_parse(sl_ctx *c, const char *who, const char *text, sl_options *out);
/* Checks one value: "who: argument name: expected an integer >= 1, got 0". */
bool sl_option_check(sl_ctx *c, const char *who, const sl_option *o, double value);
/* Fills out[0 .. s->n-1] from the n given values, in the row's order. */
bool sl_options_fill(sl_ctx *c, const char *who, const sl_options *s, int n, const double *given, double *out);
/* Its place, or -1. */
int sl_option_find(const sl_options *s, const char *name);

#endif
