/* As much of JSON (RFC 8259) as the header of a safetensors file needs:
   objects, arrays, strings and whole numbers, walked by the caller, so nothing
   nests deeper than the caller does. */
#ifndef SL_IO_JSON_H
#define SL_IO_JSON_H

#include "sdelua/base.h"

typedef struct sl_json {
  char *p, *end; /* strings are unescaped in place */
} sl_json;

/* All return false where the text is something else. */
bool sl_json_accept(sl_json *j, char mark); /* skips space, then `mark` if it is there */
bool sl_json_end(sl_json *j);               /* skips space, then nothing is left */
/* NUL-terminated within the text; well-formed UTF-8 without NUL. */
bool sl_json_string(sl_json *j, char **out);
bool sl_json_uint(sl_json *j, uint64_t *out); /* below 2^63 */
/* Between two members: true when there is one more, false at `close` or with
   *bad set. *first is true before the first one. */
bool sl_json_more(sl_json *j, char close, bool *first, bool *bad);

/* Text written into dst, or only counted when dst is NULL. */
typedef struct sl_json_out {
  char *dst;
  size_t n, cap; /* cap has room for a NUL at the end */
} sl_json_out;

void sl_json_put(sl_json_out *o, const char *format, ...) SL_PRINTF(2, 3);
void sl_json_put_string(sl_json_out *o, const char *s); /* quoted and escaped */

#endif
