#include "io_test.h"
#include "tensor/internal.h"

static bool decode(sl_ctx *c, const void *data, size_t size) { return sl_npy_decode(c, data, size); }

static sl_tensor *load(sl_ctx *c, const char *name) {
  char path[200];
  snprintf(path, sizeof path, FIXTURES "npy/%s.npy", name);
  return sl_npy_load(c, path);
}

/* An npy file of version 1.0 out of a header's text, and `n` bytes of data. */
static sl_tensor *from_text(sl_ctx *c, const char *text, size_t n) {
  uint8_t data[2000] = "\x93NUMPY\x01";
  size_t len = strlen(text);
  data[8] = (uint8_t)(len & 255);
  data[9] = (uint8_t)(len >> 8);
  memcpy(data + 10, text, len);
  return sl_npy_decode(c, data, 10 + len + n);
}

TEST(reads_every_element_type) {
  static const struct { const char *name; sl_dtype d; double first; } cases[] = {
    {"f2", SL_F32, -2},     {"f4", SL_F32, -2},      {"f8", SL_F64, -2},     {"i1", SL_I64, -2},
    {"i2", SL_I64, -2},     {"i4", SL_I64, -2},      {"i8", SL_I64, -2},     {"u1", SL_U8, 0},
    {"u2", SL_I64, 0},      {"u4", SL_I64, 0},       {"u8", SL_I64, 0},      {"big_f4", SL_F32, -2},
    {"big_i2", SL_I64, -2}, {"version2", SL_F32, 0}, {"version3", SL_F32, 0}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    sl_tensor *t = load(c, cases[k].name);
    if (!CHECK_MSG(io_is(t, cases[k].d, 2, 2, 3), cases[k].name)) continue;
    for (int i = 0; i < 6; i++) CHECK_MSG(io_at(t, i) == cases[k].first + i, cases[k].name);
  }
  sl_tensor *b = load(c, "bool");
  if (!CHECK(io_is(b, SL_U8, 2, 2, 3))) return;
  for (int i = 0; i < 6; i++) CHECK(io_at(b, i) == i % 2);
}

TEST(widens_halves) {
  const double want[] = {0, 0x1p-24, 0x1p-14, 1.5, 65504, INFINITY, -INFINITY, -0.0};
  sl_tensor *t = load(c, "halves");
  if (!CHECK(io_is(t, SL_F32, 1, 9))) return;
  for (int i = 0; i < 8; i++) CHECK(io_at(t, i) == want[i] && signbit(io_at(t, i)) == signbit(want[i]));
  CHECK(isnan(io_at(t, 8)));
}

TEST(reads_layouts) {
  sl_tensor *t = load(c, "fortran");
  if (CHECK(io_is(t, SL_F64, 3, 2, 3, 4)))
    for (int i = 0; i < 24; i++) CHECK(io_at(t, i) == i);
  t = load(c, "scalar");
  CHECK(io_is(t, SL_F32, 0) && io_at(t, 0) == 2.5);
  CHECK(io_is(load(c, "empty"), SL_F32, 2, 0, 3));
}

TEST(refuses_other_elements) {
  static const char *const names[][2] = {
      {"complex", "got <c8"}, {"record", "got a record"}, {"text", "got <U2"}, {"object", "got |O"}};
  for (int i = 0; i < 4; i++) {
    CHECK(!load(c, names[i][0]));
    CHECK_ERROR(c, SL_EIO, names[i][1]);
  }
  CHECK(!from_text(c, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }\n", 8));
  CHECK_ERROR(c, SL_EIO, "got a record");
  CHECK(!from_text(c, "{'descr': [('a]', [('b', '<f4')])], 'fortran_order': False, 'shape': (2,), }\n", 8));
  CHECK_ERROR(c, SL_EIO, "got a record");
}

TEST(refuses_malformed_headers) {
  static const char *const bad[] = {"",
                                    "{",
                                    "{}",
                                    "x",
                                    "{'descr': '<f4', 'fortran_order': False}",
                                    "{'descr': '<f4', 'shape': (2,)}",
                                    "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
                                    "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,",
                                    "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
                                    "{'descr': '<\\x664', 'fortran_order': False, 'shape': (2,)}",
                                    "{'descr': [('x', '<f4'), 'fortran_order': False, 'shape': (2,)}",
                                    "{'descr': [('x', '<f4)], 'fortran_order': False, 'shape': (2,)}",
                                    "{'descr': , 'fortran_order': False, 'shape': (2,)}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_MSG(!from_text(c, bad[i], 8), bad[i]);
    CHECK_ERROR(c, SL_EIO, "npy.decode: memory: malformed npy header");
  }
  static const char *const types[] = {"<f3", "<f1", "<i3", "f4", "<f16", "!f4", "<b2", "<f", "", "|O", "<m8"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char text[100];
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (2,)}", types[i]);
    CHECK_MSG(!from_text(c, text, 8), types[i]);
    CHECK_ERROR(c, SL_EIO, "expected elements of type");
  }
  CHECK(!sl_npy_decode(c, "\x93NUMPY\x04\0\0\0", 10));
  CHECK_ERROR(c, SL_EIO, "got 4.0");
  CHECK(!sl_npy_decode(c, "PNG is not", 10));
  CHECK_ERROR(c, SL_EIO, "magic number");
}

TEST(refuses_wrong_sizes) {
  static const struct { const char *shape; size_t bytes; const char *error; } cases[] = {
    {"(2,)", 7, "expected 8 bytes of data, got at most 7"}, {"(2,)", 9, "got more bytes"}, {"()", 0, "cut short"},
    {"(1000000000000000,)", 8, "2^48 elements"}, {"(4294967296, 4294967296)", 8, "2^48 elements"},
    {"(0, 4294967296, 4294967296)", 0, "2^48 elements"}, {"(70000, 70000)", 8, "cut short"},
    {"(0, 9223372036854775000)", 0, "2^48 elements"}, {"(1,1,1,1,1,1,1,1,2)", 8, "at most 8 dimensions"},
    {"(1,1,1,1,1,1,1,1,1,1,1,1,2)", 8, "at most 8 dimensions, got 13"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[150];
    snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': %s, 'shape': %s}", i % 2 ? "True" : "False",
             cases[i].shape);
    CHECK_MSG(!from_text(c, text, cases[i].bytes), cases[i].shape);
    CHECK_ERROR(c, SL_EIO, cases[i].error);
  }
  uint8_t big[16 + 8] = {0};
  memcpy(big, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  CHECK(from_text(c, "{\"descr\": '>u8', 'fortran_order': False, 'shape': (2L , ) , } \n", 16) != NULL);
}

TEST(survives_cuts_and_flips) {
  static const char *const names[] = {"f4", "fortran", "big_i2", "version2", "scalar"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[100];
    snprintf(path, sizeof path, FIXTURES "npy/%s.npy", names[i]);
    io_cuts(c, path, decode);
    io_flips(c, path, decode);
  }
}

TEST(writes_what_numpy_writes) {
  static const char *const same[] = {"f4", "f8", "i8", "u1", "scalar", "empty"};
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    char path[100];
    snprintf(path, sizeof path, FIXTURES "npy/%s.npy", same[i]);
    CHECK(sl_npy_save(c, io_path("a.npy"), sl_npy_load(c, path)));
    CHECK_MSG(io_same_file(path, io_path("a.npy")), path);
  }
}

TEST(writes_any_layout) {
  sl_tensor *t = sl_npy_load(c, FIXTURES "npy/fortran.npy"); /* [2,3,4] 0..23 */
  if (!CHECK(t)) return;
  sl_tensor *turned = sl_view(c, t, 2, (int64_t[]){4, 2}, (int64_t[]){1, 12}, 8);
  CHECK(sl_npy_save(c, io_path("t.npy"), turned));
  sl_tensor *back = sl_npy_load(c, io_path("t.npy"));
  if (!CHECK(io_is(back, SL_F64, 2, 4, 2))) return;
  for (int i = 0; i < 8; i++) CHECK(io_at(back, i) == 8 + i / 2 + 12 * (i % 2));
  int64_t ones[SL_MAX_DIMS] = {1, 1, 1, 1, 1, 1, 1, 1 << 20};
  CHECK(sl_npy_save(c, io_path("t.npy"), sl_full(c, SL_U8, SL_MAX_DIMS, ones, 7)));
  back = sl_npy_load(c, io_path("t.npy"));
  CHECK(io_is(back, SL_U8, 8, 1, 1, 1, 1, 1, 1, 1, 1 << 20) && io_at(back, 1 << 19) == 7);
}

TEST(names_missing_files) {
  CHECK(!sl_npy_load(c, "no/such/file.npy"));
  CHECK_ERROR(c, SL_EIO, "npy.load: no/such/file.npy: No such file or directory");
  CHECK(!sl_npy_load(c, "tests"));
  CHECK_ERROR(c, SL_EIO, "npy.load: tests: expected a regular file, got a folder");
  CHECK(!sl_npy_load(c, "/dev/zero"));
  CHECK_ERROR(c, SL_EIO, "got a device or pipe");
  CHECK(!sl_npy_save(c, io_path("x.npy"), NULL) && !sl_failed(c));
}

static bool read_body(sl_ctx *c, void *path) { return sl_npy_load(c, path); }
static bool write_body(sl_ctx *c, void *t) { return sl_npy_save(c, io_path("kept.npy"), t); }

TEST(survives_failed_allocations) {
  CHECK(io_starve(c, read_body, FIXTURES "npy/fortran.npy") >= 12);
  sl_tensor *t = sl_npy_load(c, FIXTURES "npy/fortran.npy");
  sl_tensor *turned = t ? sl_view(c, t, 2, (int64_t[]){4, 2}, (int64_t[]){1, 12}, 0) : NULL;
  io_write(io_path("kept.npy"), "before", 6);
  sl_mem_fail(c, 1, false);
  CHECK(turned && !write_body(c, turned));
  CHECK_ERROR(c, SL_EMEMORY, "");
  sl_mem_fail(c, 0, false);
  io_write(io_path("same.npy"), "before", 6);
  CHECK(io_same_file(io_path("kept.npy"), io_path("same.npy")));
  int files = io_count();
  CHECK(io_starve(c, write_body, turned) >= 4);
  CHECK(io_count() == files);
}
