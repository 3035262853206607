#ifndef SL_IO_BUNDLE_H
#define SL_IO_BUNDLE_H

#include "sdelua/io.h"

typedef struct sl_bundle_item {
  char *name;
  sl_tensor *tensor; /* or */
  char *text;
} sl_bundle_item;

/* Items in order of insertion, and an open-addressed index of their names. */
typedef struct sl_bundle_list {
  sl_bundle_item *item;
  size_t n, cap;
  uint32_t *slot; /* item number + 1, or 0; twice as many as cap */
} sl_bundle_list;

struct sl_bundle {
  sl_ctx *ctx;
  sl_bundle_list tensors, texts;
};

/* n bytes are well-formed UTF-8 without NUL. */
bool sl_utf8_valid(const char *s, size_t n);
/* Pointers to the list's items in the order of `compare`, in a block of sl_alloc
   that is NULL only on failure. */
typedef int sl_bundle_compare(const void *a, const void *b); /* of const sl_bundle_item ** */
const sl_bundle_item **sl_bundle_sorted(sl_ctx *c, const sl_bundle_list *l, sl_bundle_compare *compare);
int sl_bundle_by_name(const void *a, const void *b);

#endif
