/* sl.save, sl.load, sl.npy, sl.npz, sl.io and the core of sl.image (see sdelua/io.h). */
#include "sdelua/io.h"
#include "bind/bind.h"

#include <string.h>

/* A path; a zero byte in it would cut it. */
static const char *check_path(lua_State *L, int i, const char *who) {
  const char *path = check_string(L, i, who, "path");
  if (strlen(path) != lua_rawlen(L, i)) bad_argument(L, i, who, "path", "a path without zero bytes");
  return path;
}

/* ---- one tensor in a file --------------------------------------------------------- */

typedef struct file_call {
  const char *path;
  sl_tensor *x;
  int64_t a, b; /* channels; height and width */
} file_call;

#define READER(lua_name, who, function)                                                                      \
  static sl_tensor *lua_name##_run(sl_ctx *c, void *args) { return function(c, ((file_call *)args)->path); } \
  static int lua_name(lua_State *L) {                                                                        \
    file_call k = {.path = check_path(L, 1, who)};                                                           \
    return return_tensor(L, lua_name##_run, &k);                                                             \
  }
READER(npy_load, "npy.load", sl_npy_load)
READER(idx, "io.idx", sl_idx_load)
READER(bytes, "io.bytes", sl_bytes_load)
READER(image_load, "image.load", sl_image_load)

typedef struct bytes_call {
  const char *path, *bytes;
  size_t n;
} bytes_call;

static bool bytes_write_run(sl_ctx *c, void *args) {
  const bytes_call *k = args;
  return sl_bytes_save(c, k->path, k->bytes, k->n);
}

/* io.write(path, bytes): a string */
static int bytes_write(lua_State *L) {
  bytes_call k = {.path = check_path(L, 1, "io.write"), .bytes = check_string(L, 2, "io.write", "bytes")};
  k.n = lua_rawlen(L, 2);
  call_core(L, bytes_write_run, &k);
  return 0;
}

#define WRITER(lua_name, who, function)                                                                              \
  static bool lua_name##_run(sl_ctx *c, void *args) {                                                                \
    const file_call *k = args;                                                                                       \
    return function(c, k->path, k->x);                                                                               \
  }                                                                                                                  \
  static int lua_name(lua_State *L) {                                                                                \
    file_call k = {.path = check_path(L, 1, who), .x = check_tensor(L, 2, who, "x")};                                \
    call_core(L, lua_name##_run, &k);                                                                                \
    return 0;                                                                                                        \
  }
WRITER(npy_save, "npy.save", sl_npy_save)
WRITER(image_save, "image.save", sl_image_save)

static sl_tensor *channels_run(sl_ctx *c, void *args) {
  const file_call *k = args;
  return sl_image_channels(c, k->x, (int)k->a);
}

static int image_channels(lua_State *L) {
  file_call k = {.x = check_tensor(L, 1, "image.channels", "image")};
  k.a = check_integer(L, 2, "image.channels", "channels", 1, 3);
  return return_tensor(L, channels_run, &k);
}

static sl_tensor *resize_run(sl_ctx *c, void *args) {
  const file_call *k = args;
  return sl_image_resize(c, k->x, k->a, k->b);
}

static int image_resize(lua_State *L) {
  file_call k = {.x = check_tensor(L, 1, "image.resize", "image")};
  k.a = check_integer(L, 2, "image.resize", "height", 1, SL_IMAGE_MAX_PIXELS);
  k.b = check_integer(L, 3, "image.resize", "width", 1, SL_IMAGE_MAX_PIXELS);
  return return_tensor(L, resize_run, &k);
}

typedef struct palette_call {
  sl_tensor *image, **index, **colors;
  int most;
} palette_call;

static bool palette_run(sl_ctx *c, void *args) {
  palette_call *k = args;
  sl_tensor *colors, *index = sl_image_palette(c, k->image, k->most, &colors);
  *k->index = sl_retain(index);
  *k->colors = index ? sl_retain(colors) : NULL;
  return index != NULL;
}

/* image.palette(image, most) -> indices from 0, colours [n,3] */
static int image_palette(lua_State *L) {
  palette_call k = {.image = check_tensor(L, 1, "image.palette", "image")};
  k.most = (int)check_integer(L, 2, "image.palette", "most", 1, 256);
  k.index = new_tensor_slot(L);
  k.colors = new_tensor_slot(L);
  call_core(L, palette_run, &k);
  return 2;
}

/* ---- films ---------------------------------------------------------------------------- */

typedef bool film_writer(sl_ctx *c, const char *path, const sl_tensor *frames, const sl_film_options *o);

typedef struct film_call {
  const char *path;
  sl_tensor *frames;
  film_writer *save;
  sl_film_options options;
} film_call;

static bool film_run(sl_ctx *c, void *args) {
  const film_call *k = args;
  return k->save(c, k->path, k->frames, &k->options);
}

/* webp_save and gif_save(path, frames, {fps =, loop =, lossless =, quality =}) */
static int film_save(lua_State *L, film_writer *save) {
  static const char *const names[] = {"fps", "loop", "lossless", "quality", NULL};
  const char *who = "image.animate";
  film_call k = {.path = check_path(L, 1, who), .frames = check_tensor(L, 2, who, "frames"), .save = save};
  options o = read_options(L, 3, who, names);
  k.options.fps = option_number(&o, "fps", 12);
  k.options.loop = (int)option_integer(&o, "loop", 0, 0, 65535);
  k.options.lossless = option_boolean(&o, "lossless", true);
  k.options.quality = option_number(&o, "quality", 75);
  call_core(L, film_run, &k);
  return 0;
}

static int webp_save(lua_State *L) { return film_save(L, sl_webp_save); }
static int gif_save(lua_State *L) { return film_save(L, sl_gif_save); }

/* ---- named tensors and texts -------------------------------------------------------- */

static void bundle_release(void *p) { sl_bundle_free(p); }
static const handle_type bundle_type = {.name = "sdelua.bundle", .release = bundle_release};

typedef struct bundle_call {
  void **bundle; /* in a handle, which owns it */
  sl_bundle *(*load)(sl_ctx *c, const char *path);
  const char *path, *name, *text;
  sl_tensor *x;
  bool compress;
} bundle_call;

static bool new_run(sl_ctx *c, void *args) { return (*((bundle_call *)args)->bundle = sl_bundle_new(c)) != NULL; }

static bool load_run(sl_ctx *c, void *args) {
  bundle_call *k = args;
  return (*k->bundle = k->load(c, k->path)) != NULL;
}

static bool put_run(sl_ctx *c, void *args) {
  const bundle_call *k = args;
  return k->x ? sl_bundle_put(c, *k->bundle, k->name, k->x) : sl_bundle_put_text(c, *k->bundle, k->name, k->text);
}

static bool save_run(sl_ctx *c, void *args) {
  const bundle_call *k = args;
  return sl_safetensors_save(c, k->path, *k->bundle);
}

static bool npz_save_run(sl_ctx *c, void *args) {
  const bundle_call *k = args;
  return sl_npz_save(c, k->path, *k->bundle, k->compress);
}

/* The tensors are held by their handles from here on, not by the bundle too. */
static void bundle_close(void **bundle) {
  sl_bundle_free(*bundle);
  *bundle = NULL;
}

/* Leaves the bundle's handle on the stack. */
static bundle_call bundle_load(lua_State *L, const char *who, sl_bundle *(*load)(sl_ctx *c, const char *path)) {
  bundle_call k = {.load = load, .path = check_path(L, 1, who)};
  k.bundle = handle_new(L, &bundle_type, 0);
  call_core(L, load_run, &k);
  return k;
}

static void push_tensors(lua_State *L, const sl_bundle *b) {
  lua_newtable(L);
  for (size_t i = 0; i < sl_bundle_count(b); i++) {
    push_tensor(L, sl_bundle_tensor(b, i));
    lua_setfield(L, -2, sl_bundle_name(b, i));
  }
}

static void push_texts(lua_State *L, const sl_bundle *b) {
  lua_newtable(L);
  for (size_t i = 0; i < sl_bundle_text_count(b); i++) {
    lua_pushstring(L, sl_bundle_text_at(b, i));
    lua_setfield(L, -2, sl_bundle_key(b, i));
  }
}

/* A string at i without zero bytes, which stay out of names and texts. */
static bool is_text(lua_State *L, int i) {
  return lua_type(L, i) == LUA_TSTRING && strlen(lua_tostring(L, i)) == lua_rawlen(L, i);
}

/* Puts the pairs of the table at i: tensors, or else texts. */
static void put_table(lua_State *L, int i, bundle_call *k, const char *who, bool tensors) {
  const char *name = tensors ? "tensors" : "texts", *what = tensors ? "a tensor" : "a string without zero bytes";
  for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1)) {
    if (!is_text(L, -2))
      raise_text(L, "%s: argument %s: expected strings without zero bytes as names, got %s", who, name,
                 describe(L, -2));
    k->name = lua_tostring(L, -2);
    if (!(tensors ? is_tensor(L, -1) : is_text(L, -1)))
      raise_text(L, "%s: argument %s: expected %s under \"%s\", got %s", who, name, what, k->name, describe(L, -1));
    k->x = tensors ? check_tensor(L, lua_gettop(L), who, k->name) : NULL;
    k->text = tensors ? NULL : lua_tostring(L, -1);
    call_core(L, put_run, k);
  }
}

/* Reads path and the table of tensors; leaves the bundle's handle on the stack. */
static bundle_call bundle_collect(lua_State *L, const char *who) {
  bundle_call k = {.path = check_path(L, 1, who)};
  if (!lua_istable(L, 2)) bad_argument(L, 2, who, "tensors", "a table of tensors by name");
  k.bundle = handle_new(L, &bundle_type, 0);
  call_core(L, new_run, &k);
  put_table(L, 2, &k, who, true);
  return k;
}

/* load(path) -> {name = tensor}, {key = text} */
static int load(lua_State *L) {
  bundle_call k = bundle_load(L, "load", sl_safetensors_load);
  push_tensors(L, *k.bundle);
  push_texts(L, *k.bundle);
  bundle_close(k.bundle);
  return 2;
}

/* save(path, {name = tensor}, {key = text}) */
static int save(lua_State *L) {
  lua_settop(L, 3);
  if (!lua_isnoneornil(L, 3) && !lua_istable(L, 3)) bad_argument(L, 3, "save", "texts", "a table of texts by key");
  bundle_call k = bundle_collect(L, "save");
  if (lua_istable(L, 3)) put_table(L, 3, &k, "save", false);
  call_core(L, save_run, &k);
  bundle_close(k.bundle);
  return 0;
}

static int npz_load(lua_State *L) {
  bundle_call k = bundle_load(L, "npz.load", sl_npz_load);
  push_tensors(L, *k.bundle);
  bundle_close(k.bundle);
  return 1;
}

/* npz.save(path, {name = tensor}, {compress = false}) */
static int npz_save(lua_State *L) {
  static const char *const names[] = {"compress", NULL};
  options o = read_options(L, 3, "npz.save", names);
  bool compress = option_boolean(&o, "compress", false);
  bundle_call k = bundle_collect(L, "npz.save");
  k.compress = compress;
  call_core(L, npz_save_run, &k);
  bundle_close(k.bundle);
  return 0;
}

static void add_table(lua_State *L, const char *name, const luaL_Reg *functions) {
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  lua_setfield(L, -2, name);
}

void sl_bind_io(lua_State *L) {
  static const luaL_Reg top[] = {{"load", load}, {"save", save}, {NULL, NULL}};
  static const luaL_Reg npy[] = {{"load", npy_load}, {"save", npy_save}, {NULL, NULL}};
  static const luaL_Reg npz[] = {{"load", npz_load}, {"save", npz_save}, {NULL, NULL}};
  static const luaL_Reg io[] = {{"idx", idx}, {"bytes", bytes}, {"write", bytes_write}, {NULL, NULL}};
  static const luaL_Reg image[] = {{"load", image_load}, {"save", image_save}, {"channels", image_channels},
                                   {"resize", image_resize}, {"palette", image_palette}, {"webp_save", webp_save},
                                   {"gif_save", gif_save}, {NULL, NULL}};
  handle_register(L, &bundle_type);
  luaL_setfuncs(L, top, 0);
  add_table(L, "npy", npy);
  add_table(L, "npz", npz);
  add_table(L, "io", io);
  add_table(L, "image", image);
}
