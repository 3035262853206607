/* tostring(x): shape and type, then the numbers in aligned columns; what is long
   is cut in the middle, and only a few of many slices are shown.

     float32 [2,3]
      0.1000  2.0000 -3.5000
      0.0000  1.0000  0.2500 */
#include "tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COLUMNS = 10, MAX_ROWS = 14, MAX_SLICES = 4, TEXT = 32 };

/* How numbers are written, from those that are shown. */
typedef struct style {
  bool whole, scientific;
  double most, least; /* magnitudes of the finite ones that are not 0 */
  int width;
} style;

typedef struct printer {
  const sl_tensor *x;
  int64_t slices, rows, columns;
  style s;
  luaL_Buffer *out;
} printer;

/* The n-th of the places shown out of `count`: all, or max/2 at each end and -1 for the gap between. */
static int64_t place(int64_t n, int64_t count, int64_t max) {
  int64_t half = max / 2;
  if (count <= max || n < half) return n;
  return n == half ? -1 : count - 2 * half - 1 + n;
}

static int64_t places(int64_t count, int64_t max) { return count <= max ? count : max / 2 * 2 + 1; }

/* Element (row, column) of a slice, which is a place in the leading dimensions. */
static const void *element(const printer *p, int64_t slice, int64_t row, int64_t column) {
  const sl_tensor *x = p->x;
  const int64_t *shape = sl_shape(x), *stride = sl_strides(x);
  int n = sl_ndim(x);
  int64_t at = 0;
  if (n >= 1) at += column * stride[n - 1];
  if (n >= 2) at += row * stride[n - 2];
  for (int i = n - 3; i >= 0; slice /= shape[i], i--) at += slice % shape[i] * stride[i];
  return (const char *)sl_data(x) + at * (int64_t)sl_dtype_size(sl_dtype_of(x));
}

static double value(const void *e, sl_dtype d) {
  return d == SL_F32 ? *(const float *)e : d == SL_F64 ? *(const double *)e : d == SL_I64 ? (double)*(const int64_t *)e
                                                                                          : *(const uint8_t *)e;
}

static int write_element(char text[TEXT], const printer *p, const void *e) {
  sl_dtype d = sl_dtype_of(p->x);
  if (d == SL_I64) return snprintf(text, TEXT, "%lld", (long long)*(const int64_t *)e);
  double v = value(e, d);
  if (isnan(v)) return snprintf(text, TEXT, "nan");
  if (p->s.whole || isinf(v)) return snprintf(text, TEXT, "%.0f", v);
  return snprintf(text, TEXT, p->s.scientific ? "%.4e" : "%.4f", v);
}

/* ---- two passes over what is shown: style and width, then the text ------------------- */

static void note_magnitude(printer *p, const void *e) {
  double v = fabs(value(e, sl_dtype_of(p->x)));
  if (!isfinite(v)) return;
  if (v != floor(v)) p->s.whole = false;
  if (v > p->s.most) p->s.most = v;
  if (v > 0 && (p->s.least == 0 || v < p->s.least)) p->s.least = v;
}

static void note_width(printer *p, const void *e) {
  char text[TEXT];
  int n = write_element(text, p, e);
  if (n > p->s.width) p->s.width = n;
}

static void each_shown(printer *p, void (*note)(printer *p, const void *e)) {
  for (int64_t k = 0; k < places(p->slices, MAX_SLICES); k++)
    for (int64_t i = 0; i < places(p->rows, MAX_ROWS); i++)
      for (int64_t j = 0; j < places(p->columns, MAX_COLUMNS); j++) {
        int64_t slice = place(k, p->slices, MAX_SLICES), row = place(i, p->rows, MAX_ROWS);
        int64_t column = place(j, p->columns, MAX_COLUMNS);
        if (slice >= 0 && row >= 0 && column >= 0) note(p, element(p, slice, row, column));
      }
}

static void choose_style(printer *p) {
  p->s.whole = true;
  each_shown(p, note_magnitude);
  if (p->s.most >= 1e6) p->s.whole = p->s.whole && !sl_dtype_is_float(sl_dtype_of(p->x));
  p->s.scientific = p->s.most >= 1e5 || (p->s.least > 0 && p->s.least < 1e-4 && p->s.most < 1e-2) ||
                    (p->s.least > 0 && p->s.most / p->s.least > 1e8);
  each_shown(p, note_width);
}

static void write_row(printer *p, int64_t slice, int64_t row) {
  char text[TEXT], cell[2 * TEXT];
  luaL_addchar(p->out, '\n');
  for (int64_t j = 0; j < places(p->columns, MAX_COLUMNS); j++) {
    int64_t column = place(j, p->columns, MAX_COLUMNS);
    if (column >= 0) write_element(text, p, element(p, slice, row, column));
    snprintf(cell, sizeof cell, " %*s", column < 0 ? 3 : p->s.width, column < 0 ? "..." : text);
    luaL_addstring(p->out, cell);
  }
}

static void write_slice_name(printer *p, int64_t slice) {
  char text[TEXT];
  int64_t at[SL_MAX_DIMS];
  int n = sl_ndim(p->x) - 2;
  for (int i = n - 1; i >= 0; slice /= sl_shape(p->x)[i], i--) at[i] = slice % sl_shape(p->x)[i] + 1;
  luaL_addstring(p->out, "\n[");
  for (int i = 0; i < n; i++) {
    snprintf(text, sizeof text, "%lld,", (long long)at[i]);
    luaL_addstring(p->out, text);
  }
  luaL_addstring(p->out, ":,:]");
}

static void write_slice(printer *p, int64_t slice) {
  if (sl_ndim(p->x) > 2) write_slice_name(p, slice);
  for (int64_t i = 0; i < places(p->rows, MAX_ROWS); i++) {
    int64_t row = place(i, p->rows, MAX_ROWS);
    if (row < 0) luaL_addstring(p->out, "\n ...");
    else write_row(p, slice, row);
  }
}

static int tensor_tostring(lua_State *L) {
  char shape[128];
  luaL_Buffer b;
  if (!is_tensor(L, 1)) return bad_argument(L, 1, "tostring", "x", "a tensor");
  sl_tensor *x = *(sl_tensor **)lua_touserdata(L, 1);
  if (!x) return lua_pushliteral(L, "closed tensor"), 1;
  luaL_buffinit(L, &b);
  int n = sl_ndim(x);
  printer p = {.x = x, .slices = 1, .rows = 1, .columns = 1, .out = &b};
  if (n > 1) p.rows = sl_shape(x)[n - 2];
  if (n > 0) p.columns = sl_shape(x)[n - 1];
  for (int i = 0; i < n - 2; i++) p.slices *= sl_shape(x)[i];
  luaL_addstring(&b, sl_dtype_name(sl_dtype_of(x)));
  luaL_addchar(&b, ' ');
  luaL_addstring(&b, sl_shape_str(x, shape));
  if (sl_numel(x)) {
    choose_style(&p);
    for (int64_t k = 0; k < places(p.slices, MAX_SLICES); k++) {
      int64_t slice = place(k, p.slices, MAX_SLICES);
      if (slice < 0) luaL_addstring(&b, "\n...");
      else write_slice(&p, slice);
    }
  }
  luaL_pushresult(&b);
  return 1;
}

void sl_bind_print(lua_State *L) {
  push_tensor_meta(L);
  lua_pushcfunction(L, tensor_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
}
