#define _GNU_SOURCE /* memmem */
/* Bundles, and the two formats that hold them: safetensors and npz. */
#include "io_test.h"
#include "tensor/internal.h"

static bool done(sl_bundle *b) {
  sl_bundle_free(b);
  return b;
}
static bool decode_st(sl_ctx *c, const void *data, size_t size) { return done(sl_safetensors_decode(c, data, size)); }
static bool decode_npz(sl_ctx *c, const void *data, size_t size) { return done(sl_npz_decode(c, data, size)); }

static sl_tensor *ramp(sl_ctx *c, sl_dtype d, int n) {
  sl_tensor *t = sl_empty(c, SL_F64, 1, (int64_t[]){n}), *y = sl_empty(c, d, 1, (int64_t[]){n});
  for (int i = 0; t && i < n; i++) ((double *)sl_data(t))[i] = i;
  return y && sl_copy_into(c, y, t) ? y : NULL;
}

static bool same_tensor(const sl_tensor *a, const sl_tensor *b) {
  if (!a || !b || a->dtype != b->dtype || !sl_same_shape(a, b)) return false;
  return !memcmp(sl_data(a), sl_data(b), (size_t)sl_numel(a) * sl_dtype_size(a->dtype));
}

/* A training state in small. */
static sl_bundle *state(sl_ctx *c, bool backwards) {
  static const char *const names[] = {"model.w", "model.b", "ema/model.w", "step", "mask", "a \"quoted\" \\ name\n"};
  static const sl_dtype types[] = {SL_F32, SL_F64, SL_F32, SL_I64, SL_U8, SL_F32};
  sl_bundle *b = sl_bundle_new(c);
  for (int k = 0; k < 6; k++) {
    int i = backwards ? 5 - k : k;
    sl_tensor *t = i == 1 ? sl_scalar(c, SL_F64, 2.5) : ramp(c, types[i], 5 - i % 3);
    if (!sl_bundle_put(c, b, names[i], t)) return sl_bundle_free(b), NULL;
  }
  for (int k = 0; k < 2; k++) {
    bool second = backwards ? !k : k;
    if (!sl_bundle_put_text(c, b, second ? "process" : "arch", second ? "" : "{\"nf\": 32}\t\x01 é 😀"))
      return sl_bundle_free(b), NULL;
  }
  return b;
}

/* ---- bundles ------------------------------------------------------------------ */

TEST(holds_names_in_order) {
  sl_bundle *b = sl_bundle_new(c);
  sl_tensor *t = sl_scalar(c, SL_F32, 1);
  char name[20];
  for (int i = 0; i < 300; i++) {
    snprintf(name, sizeof name, "t%d", i * 7);
    CHECK(sl_bundle_put(c, b, name, t));
  }
  CHECK(sl_bundle_count(b) == 300 && !strcmp(sl_bundle_name(b, 299), "t2093"));
  CHECK(sl_bundle_get(b, "t700") == t && !sl_bundle_get(b, "t701") && !sl_bundle_text(b, "t700"));
  CHECK(!sl_bundle_put(c, b, "t7", t));
  CHECK_ERROR(c, SL_EARG, "\"t7\" is there already");
  CHECK(!sl_bundle_put(c, b, "\xff", t));
  CHECK_ERROR(c, SL_EARG, "UTF-8");
  CHECK(!sl_bundle_put_text(c, b, "k", "\xed\xa0\x80"));
  CHECK_ERROR(c, SL_EARG, "UTF-8");
  CHECK(sl_bundle_count(b) == 300 && sl_bundle_text_count(b) == 0);
  CHECK(!sl_bundle_put(c, b, "null", NULL) && !sl_bundle_put(c, NULL, "x", t) && !sl_failed(c));
  sl_bundle_free(b);
  sl_bundle_free(NULL);
}

/* ---- safetensors ----------------------------------------------------------------- */

static sl_bundle *load_st(sl_ctx *c, const char *name) {
  char path[100];
  snprintf(path, sizeof path, FIXTURES "safetensors/%s.safetensors", name);
  return sl_safetensors_load(c, path);
}

TEST(saves_and_loads_a_state) {
  sl_bundle *b = state(c, false);
  if (!CHECK(sl_safetensors_save(c, io_path("a.safetensors"), b))) return;
  sl_bundle *back = sl_safetensors_load(c, io_path("a.safetensors"));
  if (!CHECK(back)) return;
  CHECK(sl_bundle_count(back) == 6 && sl_bundle_text_count(back) == 2);
  for (size_t i = 0; i < 6; i++) CHECK(same_tensor(sl_bundle_tensor(b, i), sl_bundle_get(back, sl_bundle_name(b, i))));
  for (size_t i = 0; i < 2; i++) CHECK(!strcmp(sl_bundle_text_at(b, i), sl_bundle_text(back, sl_bundle_key(b, i))));
  sl_bundle_free(back);
  sl_bundle_free(b);
}

TEST(writes_the_same_bytes_for_the_same_content) {
  sl_bundle *a = state(c, false), *b = state(c, true);
  CHECK(sl_safetensors_save(c, io_path("a.safetensors"), a) && sl_safetensors_save(c, io_path("b.safetensors"), b));
  CHECK(io_same_file(io_path("a.safetensors"), io_path("b.safetensors")));
  sl_bundle_free(a);
  sl_bundle_free(b);
}

/* Data begins at a multiple of 8; the widest elements come first. */
TEST(aligns_tensors) {
  sl_bundle *b = state(c, false);
  uint64_t header = 0;
  size_t n = 0;
  CHECK(sl_safetensors_save(c, io_path("a.safetensors"), b));
  uint8_t *data = io_bytes(io_path("a.safetensors"), &n);
  if (data) memcpy(&header, data, 8);
  CHECK(data && header % 8 == 0 && header < n && !memcmp(data + 8, "{\"__metadata__\":{\"arch\":", 24));
  double first = 0;
  if (data) memcpy(&first, data + 8 + header, 8);
  CHECK(first == 2.5);
  free(data);
  sl_bundle_free(b);
}

TEST(reads_every_element_type) {
  static const struct { const char *name; sl_dtype d; } cases[] = {
    {"f64", SL_F64}, {"f32", SL_F32}, {"f16", SL_F32}, {"bf16", SL_F32}, {"i64", SL_I64},
    {"i32", SL_I64}, {"i16", SL_I64}, {"i8", SL_I64},  {"u64", SL_I64},  {"u32", SL_I64},
    {"u16", SL_I64}, {"u8", SL_U8},   {"bool", SL_U8}};
  sl_bundle *b = load_st(c, "dtypes");
  if (!CHECK(b)) return;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sl_tensor *t = sl_bundle_get(b, cases[i].name);
    if (!CHECK_MSG(io_is(t, cases[i].d, 1, 3), cases[i].name)) continue;
    CHECK_MSG(io_at(t, 0) == 0 && io_at(t, 1) == 1 && io_at(t, 2) == (strcmp(cases[i].name, "bool") ? 3 : 1),
              cases[i].name);
  }
  sl_bundle_free(b);
}

TEST(reads_files_of_others) {
  sl_bundle *b = load_st(c, "metadata");
  CHECK(b && !strcmp(sl_bundle_text(b, "step"), "7") && !strcmp(sl_bundle_text(b, "text é😀"), "a\n\"b\"\\"));
  CHECK(b && io_is(sl_bundle_get(b, "w"), SL_F32, 1, 6));
  sl_bundle_free(b);
  b = load_st(c, "escapes");
  CHECK(b && !strcmp(sl_bundle_text(b, "a/"), "😀\t") && sl_bundle_get(b, "é"));
  sl_bundle_free(b);
  b = load_st(c, "empty");
  CHECK(b && !sl_bundle_count(b));
  sl_bundle_free(b);
  b = load_st(c, "zero_size");
  CHECK(b && io_is(sl_bundle_get(b, "z"), SL_F32, 2, 0, 3) && io_is(sl_bundle_get(b, "s"), SL_F64, 0));
  sl_bundle_free(b);
}

/* A safetensors file of a header's text and n bytes of data. */
static sl_bundle *from_text(sl_ctx *c, const char *text, size_t n) {
  uint8_t data[4096] = {0};
  uint64_t len = strlen(text);
  memcpy(data, &len, 8);
  memcpy(data + 8, text, len);
  return sl_safetensors_decode(c, data, 8 + len + n);
}

#define INFO(dtype, shape, begin, end)                                                                                 \
  "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

TEST(refuses_files_that_lie) {
  static const struct { const char *text; size_t n; const char *error; } cases[] = {
    {"{\"w\":" INFO("F32", "[2]", "0", "8") "}", 7, "cut short: expected 8 bytes of data, got 7"},
    {"{\"w\":" INFO("F32", "[2]", "0", "8") "}", 9, "too long: expected 8 bytes of data, got 9"},
    {"{\"w\":" INFO("F32", "[2]", "0", "4") "}", 4,
     "\"w\": expected 8 bytes for its shape and type, got data_offsets of 4"},
    {"{\"w\":" INFO("F32", "[1]", "4", "8") "}", 8, "\"w\": expected its data to begin at 0, got 4"},
    {"{\"a\":" INFO("F32", "[2]", "0", "8") ",\"b\":" INFO("F32", "[1]", "4", "8") "}", 8,
     "\"b\": expected its data to begin at 8"},
    {"{\"a\":" INFO("U8", "[1]", "0", "1") ",\"a\":" INFO("U8", "[1]", "1", "2") "}", 2, "\"a\" comes twice"},
    {"{\"w\":" INFO("F32", "[4611686018427387904,2]", "0", "0") "}", 0, "2^48"},
    {"{\"w\":" INFO("F32", "[65536,65536,65536,65536]", "0", "0") "}", 0, "2^48"},
    {"{\"w\":" INFO("F32", "[99999999999999999999]", "0", "0") "}", 0, "whole numbers"},
    {"{\"w\":" INFO("F32", "[-1]", "0", "0") "}", 0, "whole numbers"},
    {"{\"w\":" INFO("F32", "[1.5]", "0", "4") "}", 4, "lists"},
    {"{\"w\":" INFO("F32", "[01]", "0", "4") "}", 4, "whole numbers"},
    {"{\"w\":" INFO("F32", "1", "0", "4") "}", 4, "lists"},
    {"{\"w\":" INFO("F32", "[1]", "4", "0") "}", 4, "begin"},
    {"{\"w\":" INFO("F32", "[1]", "0,2", "4") "}", 4, "begin"},
    {"{\"w\":" INFO("F32", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "at most 8 dimensions"},
    {"{\"w\":" INFO("F8_E5M2", "[1]", "0", "1") "}", 1, "type F8_E5M2 are not supported"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[]}}", 4, "for every tensor"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "once each"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}", 4, "once each"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "strings in __metadata__"},
    {"{\"__metadata__\":\"a\"}", 0, "strings in __metadata__"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "\"a\" comes twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ comes twice"},
    {"{}}", 0, "one object"},
    {"{} x", 0, "one object"},
    {" {}", 0, "one object"},
    {"[]", 0, "one object"},
    {"{\"a\"}", 0, "\"name\""},
    {"{,}", 0, "\"name\""},
    {"{\"w\":" INFO("F32", "[1]", "0", "4") ",}", 4, "\"name\""},
    {"{\"w\":" INFO("F32", "[1]", "0", "4") " \"v\"}", 4, "one object"},
    {"{\"w\":[]}", 0, "for every tensor"},
    {"{\"\\ud800\":{}}", 0, "\"name\""},
    {"{\"\\udc00\\ud800\":{}}", 0, "\"name\""},
    {"{\"\\u0000\":{}}", 0, "\"name\""},
    {"{\"\\x\":{}}", 0, "\"name\""},
    {"{\"\xff\":{}}", 0, "\"name\""},
    {"{\"a\nb\":{}}", 0, "\"name\""},
    {"{\"a", 0, "\"name\""},
    {"{\"\\u12", 0, "\"name\""},
    {"{\"a\\", 0, "\"name\""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_MSG(!from_text(c, cases[i].text, cases[i].n), cases[i].text);
    CHECK_ERROR(c, SL_EIO, cases[i].error);
  }
}

TEST(refuses_header_lengths) {
  CHECK(!sl_safetensors_decode(c, "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10));
  CHECK_ERROR(c, SL_EIO, "expected a safetensors header of 2 to 100000000 bytes");
  CHECK(!sl_safetensors_decode(c, "\x80\0\0\0\0\0\0\0{}", 10));
  CHECK_ERROR(c, SL_EIO, "expected 128 bytes of header, got at most 2");
  CHECK(!sl_safetensors_decode(c, "\0\0\0\0\0\0\0\0", 8));
  CHECK_ERROR(c, SL_EIO, "got 0");
}

TEST(reserves_the_name_of_the_metadata) {
  sl_bundle *b = sl_bundle_new(c);
  CHECK(sl_bundle_put(c, b, "__metadata__", sl_scalar(c, SL_F32, 1)));
  CHECK(!sl_safetensors_save(c, io_path("m.safetensors"), b));
  CHECK_ERROR(c, SL_EARG, "__metadata__");
  sl_bundle_free(b);
}

/* ---- npz --------------------------------------------------------------------------- */

TEST(reads_npz) {
  sl_bundle *b = sl_npz_load(c, FIXTURES "npz/stored.npz");
  CHECK(b && sl_bundle_count(b) == 2 && io_is(sl_bundle_get(b, "a"), SL_F32, 2, 2, 3));
  CHECK(b && io_is(sl_bundle_get(b, "b/c"), SL_I64, 1, 3) && io_at(sl_bundle_get(b, "b/c"), 2) == 2);
  sl_bundle_free(b);
  b = sl_npz_load(c, FIXTURES "npz/deflated.npz");
  CHECK(b && io_is(sl_bundle_get(b, "a"), SL_F64, 2, 20, 30) && io_at(sl_bundle_get(b, "u"), 4) == 4);
  sl_bundle_free(b);
  b = sl_npz_load(c, FIXTURES "npz/empty.npz");
  CHECK(b && sl_bundle_count(b) == 0);
  sl_bundle_free(b);
}

TEST(writes_npz) {
  for (int compress = 0; compress < 2; compress++) {
    sl_bundle *b = sl_bundle_new(c), *r = sl_bundle_new(c);
    sl_tensor *t = ramp(c, SL_F32, 1000), *m = t ? sl_view(c, t, 2, (int64_t[]){8, 50}, (int64_t[]){1, 10}, 3) : NULL;
    bool put =
        sl_bundle_put(c, b, "é/x", t) && sl_bundle_put(c, b, "m", m) && sl_bundle_put(c, b, "none", ramp(c, SL_I64, 0));
    put = put && sl_bundle_put(c, r, "none", ramp(c, SL_I64, 0)) && sl_bundle_put(c, r, "é/x", t) &&
          sl_bundle_put(c, r, "m", m);
    if (!CHECK(put)) return;
    CHECK(sl_npz_save(c, io_path("a.npz"), b, compress) && sl_npz_save(c, io_path("b.npz"), r, compress));
    CHECK(io_same_file(io_path("a.npz"), io_path("b.npz")));
    sl_bundle *back = sl_npz_load(c, io_path("a.npz"));
    CHECK(back && sl_bundle_count(back) == 3 && same_tensor(sl_bundle_get(back, "é/x"), t));
    sl_tensor *k = back ? sl_bundle_get(back, "m") : NULL;
    CHECK(io_is(k, SL_F32, 2, 8, 50) && io_at(k, 51) == 14);
    CHECK(back && io_is(sl_bundle_get(back, "none"), SL_I64, 1, 0));
    sl_bundle_free(b);
    sl_bundle_free(r);
    sl_bundle_free(back);
  }
}

TEST(writes_an_empty_npz) {
  sl_bundle *b = sl_bundle_new(c);
  CHECK(sl_npz_save(c, io_path("e.npz"), b, false));
  CHECK(io_same_file(io_path("e.npz"), FIXTURES "npz/empty.npz"));
  CHECK(done(sl_npz_load(c, io_path("e.npz"))));
  CHECK(sl_bundle_put_text(c, b, "a", "b") && !sl_npz_save(c, io_path("e.npz"), b, false));
  CHECK_ERROR(c, SL_EARG, "expected none, got 1");
  sl_bundle_free(b);
}

TEST(refuses_bad_archives) {
  CHECK(!sl_npz_load(c, "tests"));
  CHECK_ERROR(c, SL_EIO, "npz.load: tests: expected a regular file");
  CHECK(!sl_npz_decode(c, "not an archive at all, but some text", 36));
  CHECK_ERROR(c, SL_EIO, "npz.decode: memory: ");
  size_t n;
  uint8_t *data = io_bytes(FIXTURES "npz/stored.npz", &n);
  if (!data) return;
  uint8_t *one = memmem(data, n, "\0\0\x80\x3f", 4); /* 1.0f, in the first member */
  if (CHECK(one)) one[0] ^= 1;
  CHECK(!sl_npz_decode(c, data, n));
  CHECK_ERROR(c, SL_EIO, "memory: a.npy: CRC error");
  free(data);
}

/* ---- both --------------------------------------------------------------------------- */

TEST(survives_cuts_and_flips) {
  static const char *const st[] = {"dtypes", "metadata", "escapes", "zero_size"};
  for (int i = 0; i < 4; i++) {
    char path[100];
    snprintf(path, sizeof path, FIXTURES "safetensors/%s.safetensors", st[i]);
    io_cuts(c, path, decode_st);
    io_flips(c, path, decode_st);
  }
  io_cuts(c, FIXTURES "npz/stored.npz", decode_npz);
  io_cuts(c, FIXTURES "npz/deflated.npz", decode_npz);
  io_flips(c, FIXTURES "npz/deflated.npz", decode_npz);
}

static bool read_st(sl_ctx *c, void *path) { return done(sl_safetensors_load(c, path)); }
static bool read_npz(sl_ctx *c, void *path) { return done(sl_npz_load(c, path)); }
static bool write_st(sl_ctx *c, void *b) { return sl_safetensors_save(c, io_path("kept"), b); }
static bool write_npz(sl_ctx *c, void *b) { return sl_npz_save(c, io_path("kept"), b, true); }
static bool make(sl_ctx *c, void *arg) {
  (void)arg;
  return done(state(c, false));
}

TEST(survives_failed_allocations) {
  CHECK(io_starve(c, read_st, FIXTURES "safetensors/dtypes.safetensors") >= 40);
  CHECK(io_starve(c, read_npz, FIXTURES "npz/deflated.npz") >= 20);
  CHECK(io_starve(c, make, NULL) >= 40);
  sl_bundle *b = sl_bundle_new(c);
  sl_tensor *t = ramp(c, SL_F32, 12), *m = t ? sl_view(c, t, 2, (int64_t[]){3, 4}, (int64_t[]){1, 3}, 0) : NULL;
  io_write(io_path("kept"), "before", 6);
  int files = io_count();
  CHECK(sl_bundle_put(c, b, "m", m) && io_starve(c, write_st, b) >= 8 && io_starve(c, write_npz, b) >= 6);
  CHECK(io_count() == files && done(sl_npz_load(c, io_path("kept"))));
  sl_bundle_free(b);
}
