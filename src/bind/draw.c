/* core.draw: canvases (see sdelua/draw.h). lua/sdelua/plot draws on them. */
#include "sdelua/draw.h"
#include "bind/bind.h"

#include <string.h>

static int canvas_path(lua_State *L), canvas_marks(lua_State *L), canvas_text(lua_State *L);
static int canvas_measure(lua_State *L), canvas_image(lua_State *L), canvas_clip(lua_State *L), canvas_unclip(lua_State *L);
static int canvas_pixels(lua_State *L), canvas_save(lua_State *L);

static void release_canvas(void *p) { sl_canvas_free(p); }

static const luaL_Reg canvas_methods[] = {
  {"path", canvas_path},   {"marks", canvas_marks},   {"text", canvas_text},     {"measure", canvas_measure},
  {"image", canvas_image}, {"clip", canvas_clip},     {"unclip", canvas_unclip}, {"pixels", canvas_pixels},
  {"save", canvas_save},   {NULL, NULL}};
static const handle_type canvas_type = {"sdelua.Canvas", release_canvas, canvas_methods, NULL};

static sl_canvas *check_canvas(lua_State *L, const char *who) {
  return handle_check(L, 1, &canvas_type, who, "self");
}

/* ---- colours and pens ---------------------------------------------------------------- */

/* { r, g, b[, a] } under a key; what the value is when there is none. */
static sl_color option_color(const options *o, const char *key, sl_color otherwise) {
  lua_State *L = o->L;
  double v[4] = {0, 0, 0, 1};
  if (!option_push(o, key)) return lua_pop(L, 1), otherwise;
  int n = lua_istable(L, -1) ? (int)lua_rawlen(L, -1) : 0;
  if (n != 3 && n != 4)
    raise_text(L, "%s: option %s: expected a list of red, green, blue and opacity, got %s", o->who, key,
               describe(L, -1));
  for (int i = 0; i < n; i++) {
    lua_rawgeti(L, -1, i + 1);
    v[i] = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(v[i] >= 0 && v[i] <= 1))
      raise_text(L, "%s: option %s: expected numbers in [0,1], got %s", o->who, key, describe(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return (sl_color){v[0], v[1], v[2], v[3]};
}

static void read_dash(const options *o, sl_pen *pen) {
  lua_State *L = o->L;
  if (option_push(o, "dash")) {
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) > SL_MAX_DASHES)
      raise_text(L, "%s: option dash: expected a list of at most %d lengths, got %s", o->who, SL_MAX_DASHES,
                 describe(L, -1));
    pen->n_dashes = (int)lua_rawlen(L, -1);
    for (int i = 0; i < pen->n_dashes; i++) {
      lua_rawgeti(L, -1, i + 1);
      if (lua_type(L, -1) != LUA_TNUMBER)
        raise_text(L, "%s: option dash: expected lengths, got %s", o->who, describe(L, -1));
      pen->dash[i] = lua_tonumber(L, -1);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

static sl_pen read_pen(lua_State *L, int i, const char *who) {
  static const char *const names[] = {"fill", "stroke", "width", "closed", "round", "dash", NULL};
  options o = read_options(L, i, who, names);
  sl_pen pen = {.fill = option_color(&o, "fill", (sl_color){0}), .stroke = option_color(&o, "stroke", (sl_color){0})};
  pen.width = option_number(&o, "width", 1);
  pen.closed = option_boolean(&o, "closed", false);
  pen.round = option_boolean(&o, "round", false);
  read_dash(&o, &pen);
  return pen;
}

static sl_lettering read_lettering(lua_State *L, int i, const char *who) {
  static const char *const names[] = {"size", "anchor", "angle", "bold", "color", NULL};
  options o = read_options(L, i, who, names);
  sl_lettering how = {.size = option_number(&o, "size", 11), .anchor = option_number(&o, "anchor", 0)};
  how.angle = option_number(&o, "angle", 0);
  how.bold = option_boolean(&o, "bold", false);
  how.color = option_color(&o, "color", (sl_color){.a = 1});
  return how;
}

static const char *check_words(lua_State *L, int i, const char *who) {
  const char *words = check_string(L, i, who, "words");
  if (strlen(words) != lua_rawlen(L, i)) bad_argument(L, i, who, "words", "a string without zero bytes");
  return words;
}

/* ---- making ----------------------------------------------------------------------------- */

/* A call: what its function takes. */
typedef struct canvas_call {
  sl_canvas *v;
  void **slot;
  int kind;
  sl_tensor *x;
  const char *words;
  double a, b, width, height, result;
  bool smooth;
  sl_pen pen;
  sl_lettering how;
} canvas_call;

static bool new_run(sl_ctx *c, void *args) {
  canvas_call *k = args;
  return (*k->slot = sl_canvas_new(c, k->kind, k->width, k->height, k->a)) != NULL;
}

/* canvas(kind, width, height, scale = 1) */
static int draw_canvas(lua_State *L) {
  static const char *const kinds[] = {"raster", "svg", "pdf", NULL};
  canvas_call k = {.kind = check_choice(L, 1, "canvas", "kind", kinds)};
  k.width = check_number(L, 2, "canvas", "width");
  k.height = check_number(L, 3, "canvas", "height");
  k.a = lua_isnoneornil(L, 4) ? 1 : check_number(L, 4, "canvas", "scale");
  k.slot = handle_new(L, &canvas_type, 0);
  call_core(L, new_run, &k);
  return 1;
}

/* ---- methods ------------------------------------------------------------------------------ */

static bool path_run(sl_ctx *c, void *args) {
  const canvas_call *k = args;
  return sl_canvas_path(c, k->v, k->x, &k->pen);
}

static bool marks_run(sl_ctx *c, void *args) {
  const canvas_call *k = args;
  return sl_canvas_marks(c, k->v, k->x, k->a, &k->pen);
}

static bool text_run(sl_ctx *c, void *args) {
  const canvas_call *k = args;
  return sl_canvas_text(c, k->v, k->a, k->b, k->words, &k->how);
}

static bool measure_run(sl_ctx *c, void *args) {
  canvas_call *k = args;
  return sl_canvas_measure(c, k->v, k->words, &k->how, &k->result);
}

static bool image_run(sl_ctx *c, void *args) {
  const canvas_call *k = args;
  return sl_canvas_image(c, k->v, k->x, k->a, k->b, k->width, k->height, k->smooth);
}

static bool clip_run(sl_ctx *c, void *args) {
  const canvas_call *k = args;
  return sl_canvas_clip(c, k->v, k->a, k->b, k->width, k->height);
}

static bool unclip_run(sl_ctx *c, void *args) { return sl_canvas_unclip(c, ((canvas_call *)args)->v); }
static sl_tensor *pixels_run(sl_ctx *c, void *args) { return sl_canvas_pixels(c, ((canvas_call *)args)->v); }

static bool save_run(sl_ctx *c, void *args) {
  const canvas_call *k = args;
  return sl_canvas_save(c, k->v, k->words);
}

/* Drawing gives the canvas, so that calls follow each other. */
static int drawn(lua_State *L, core_fn *fn, canvas_call *k) {
  call_once(L, fn, k);
  lua_settop(L, 1);
  return 1;
}

static int canvas_path(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.path"), .x = check_tensor(L, 2, "canvas.path", "points")};
  k.pen = read_pen(L, 3, "canvas.path");
  return drawn(L, path_run, &k);
}

static int canvas_marks(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.marks"), .x = check_tensor(L, 2, "canvas.marks", "points")};
  k.a = check_number(L, 3, "canvas.marks", "radius");
  k.pen = read_pen(L, 4, "canvas.marks");
  return drawn(L, marks_run, &k);
}

static int canvas_text(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.text"), .a = check_number(L, 2, "canvas.text", "x")};
  k.b = check_number(L, 3, "canvas.text", "y");
  k.words = check_words(L, 4, "canvas.text");
  k.how = read_lettering(L, 5, "canvas.text");
  return drawn(L, text_run, &k);
}

static int canvas_measure(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.measure"), .words = check_words(L, 2, "canvas.measure")};
  k.how = read_lettering(L, 3, "canvas.measure");
  call_once(L, measure_run, &k);
  lua_pushnumber(L, k.result);
  return 1;
}

static void read_box(lua_State *L, int i, const char *who, canvas_call *k) {
  k->a = check_number(L, i, who, "x");
  k->b = check_number(L, i + 1, who, "y");
  k->width = check_number(L, i + 2, who, "width");
  k->height = check_number(L, i + 3, who, "height");
}

static int canvas_image(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.image"), .x = check_tensor(L, 2, "canvas.image", "image")};
  read_box(L, 3, "canvas.image", &k);
  k.smooth = !lua_isnoneornil(L, 7) && check_boolean(L, 7, "canvas.image", "smooth");
  return drawn(L, image_run, &k);
}

static int canvas_clip(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.clip")};
  read_box(L, 2, "canvas.clip", &k);
  return drawn(L, clip_run, &k);
}

static int canvas_unclip(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.unclip")};
  return drawn(L, unclip_run, &k);
}

static int canvas_pixels(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.pixels")};
  return return_tensor(L, pixels_run, &k);
}

static int canvas_save(lua_State *L) {
  canvas_call k = {.v = check_canvas(L, "canvas.save"), .words = check_string(L, 2, "canvas.save", "path")};
  if (strlen(k.words) != lua_rawlen(L, 2)) bad_argument(L, 2, "canvas.save", "path", "a path without zero bytes");
  call_once(L, save_run, &k);
  return 0;
}

void sl_bind_draw(lua_State *L) {
  static const luaL_Reg functions[] = {{"canvas", draw_canvas}, {NULL, NULL}};
  handle_register(L, &canvas_type);
  luaL_newlib(L, functions);
  lua_newtable(L);
  luaL_setfuncs(L, canvas_methods, 0);
  lua_setfield(L, -2, "methods");
  lua_setfield(L, -2, "draw");
}
