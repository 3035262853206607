#include "io_test.h"

#define DATASET "/usr/share/datasets/fashion-mnist/"

static bool decode(sl_ctx *c, const void *data, size_t size) { return sl_idx_decode(c, data, size); }

TEST(reads_plain_and_gzip) {
  static const char *const names[] = {"plain.idx", "packed.idx.gz", "members.idx.gz"};
  for (int k = 0; k < 3; k++) {
    char path[100];
    snprintf(path, sizeof path, FIXTURES "idx/%s", names[k]);
    sl_tensor *t = sl_idx_load(c, path);
    if (!CHECK_MSG(io_is(t, SL_U8, 2, 2, 3), path)) continue;
    for (int i = 0; i < 6; i++) CHECK(io_at(t, i) == i);
  }
}

TEST(reads_other_types) {
  sl_tensor *t = sl_idx_load(c, FIXTURES "idx/i4.idx");
  CHECK(io_is(t, SL_I64, 1, 2) && io_at(t, 0) == 7 && io_at(t, 1) == -7);
  t = sl_idx_load(c, FIXTURES "idx/i2.idx");
  CHECK(io_is(t, SL_I64, 1, 2) && io_at(t, 0) == 300 && io_at(t, 1) == -300);
  t = sl_idx_load(c, FIXTURES "idx/f8.idx");
  CHECK(io_is(t, SL_F64, 1, 2) && io_at(t, 0) == 0.5 && io_at(t, 1) == -7);
}

TEST(refuses_malformed) {
  static const struct { const char *bytes; size_t n; const char *error; } cases[] = {
    {"abcd", 4, "no magic number"},
    {"\0\0\x07\x01", 4, "got 0x07"},
    {"\0\0\x08\0", 4, "got 0"},
    {"\0\0\x08\x09", 4, "got 9"},
    {"\0\0\x08\x01\0\0\0\x02\x01", 9, "expected 2 bytes of data, got at most 1"},
    {"\0\0\x08\x01\0\0\0\x02\1\2\3", 11, "got more bytes"},
    {"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", 12, "2^48"},
    {"\0\0\x08\x01\xff\xff\xff\xff", 8, "cut short"},
    {"\x1f\x8b\0\0\0\0\0\0\0\0", 10, "broken gzip"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK(!sl_idx_decode(c, cases[i].bytes, cases[i].n));
    CHECK_ERROR(c, SL_EIO, cases[i].error);
  }
}

TEST(survives_cuts_and_flips) {
  io_cuts(c, FIXTURES "idx/plain.idx", decode);
  io_cuts(c, FIXTURES "idx/packed.idx.gz", decode);
  io_cuts(c, FIXTURES "idx/members.idx.gz", decode);
  io_flips(c, FIXTURES "idx/plain.idx", decode);
  io_flips(c, FIXTURES "idx/packed.idx.gz", decode);
}

static bool read_body(sl_ctx *c, void *path) { return sl_idx_load(c, path); }

TEST(survives_failed_allocations) { CHECK(io_starve(c, read_body, FIXTURES "idx/packed.idx.gz") >= 8); }

TEST(reads_the_data_set_when_installed) {
  if (access(DATASET "t10k-labels-idx1-ubyte.gz", R_OK)) return;
  sl_tensor *labels = sl_idx_load(c, DATASET "t10k-labels-idx1-ubyte.gz");
  sl_tensor *images = sl_idx_load(c, DATASET "t10k-images-idx3-ubyte.gz");
  if (!CHECK(io_is(labels, SL_U8, 1, 10000) && io_is(images, SL_U8, 3, 10000, 28, 28))) return;
  int count[10] = {0};
  for (int i = 0; i < 10000; i++) count[(int)io_at(labels, i)]++;
  for (int k = 0; k < 10; k++) CHECK(count[k] == 1000);
}
