/* Context, errors, pools, memory, threads, random numbers. */
#include "test.h"
#include "sdelua/tensor.h"

TEST(first_error_sticks_and_frames_nest) {
  CHECK(!sl_fail(c, SL_EARG, "one: %d", 1));
  sl_fail(c, SL_EIO, "two");
  sl_frame f;
  sl_frame_open(c, &f);
  CHECK(!sl_failed(c));
  sl_fail(c, SL_EVALUE, "inner");
  CHECK_ERROR(c, SL_EVALUE, "inner");
  CHECK(sl_scalar(c, SL_F32, 1) != NULL);
  sl_frame_close(c, &f);
  CHECK_ERROR(c, SL_EARG, "one: 1");
  CHECK(!sl_failed(c));
}

TEST(pools_release_and_return) {
  size_t live = sl_mem_live(c), mark = sl_pool_open(c);
  int64_t shape[2] = {3, 4};
  sl_tensor *a = sl_full(c, SL_F32, 2, shape, 1), *b = sl_full(c, SL_F32, 2, shape, 2);
  CHECK(a && b);
  b = sl_pool_return(c, mark, b);
  CHECK(sl_get(b, (int64_t[]){2, 3}) == 2);
  sl_pool_close(c, mark);
  CHECK(sl_mem_live(c) == live);
}

TEST(freed_blocks_are_reused_and_aligned) {
  void *p[200];
  for (size_t i = 0; i < 200; i++) {
    p[i] = sl_alloc(c, i * i * 7 + 1, "test");
    CHECK(p[i] && (uintptr_t)p[i] % 64 == 0);
    memset(p[i], 1, i * i * 7 + 1);
  }
  size_t live = sl_mem_live(c);
  for (int i = 0; i < 200; i++) sl_free(c, p[i]);
  CHECK(sl_mem_live(c) == 0 && sl_mem_peak(c) == live);
  void *q = sl_alloc(c, 100 * 100 * 7 + 1, "test");
  bool reused = false;
  for (int i = 0; i < 200; i++) reused |= q == p[i];
  CHECK(reused);
  sl_free(c, q);
  sl_mem_trim(c);
}

/* Blocks of all sizes come and go; each holds a byte of its own throughout. */
TEST(blocks_never_overlap) {
  enum { BLOCKS = 64 };
  unsigned char *block[BLOCKS] = {NULL};
  size_t size[BLOCKS] = {0};
  uint32_t r = 1;
  for (int i = 0; i < 20000; i++) {
    r = r * 1664525u + 1013904223u;
    int at = (int)(r >> 16) % BLOCKS;
    if (block[at]) {
      CHECK(block[at][0] == at && block[at][size[at] / 2] == at && block[at][size[at] - 1] == at);
      sl_free(c, block[at]);
      block[at] = NULL;
    } else {
      size[at] = (size_t)1 << (r >> 8) % 22;
      size[at] += r % size[at];
      if (!CHECK((block[at] = sl_alloc(c, size[at], "test")) && (uintptr_t)block[at] % 64 == 0)) return;
      block[at][0] = block[at][size[at] / 2] = block[at][size[at] - 1] = (unsigned char)at;
    }
    if (i % 5000 == 0) sl_mem_trim(c);
  }
  for (int at = 0; at < BLOCKS; at++) sl_free(c, block[at]);
}

/* Freed neighbours become one block, so a larger one fits where they were. */
TEST(freed_neighbours_join) {
  void *b[20];
  for (int i = 0; i < 20; i++) b[i] = sl_alloc(c, 1 << 16, "test");
  for (int i = 0; i < 20; i += 2) sl_free(c, b[i]);
  for (int i = 1; i < 20; i += 2) sl_free(c, b[i]);
  void *whole = sl_alloc(c, 20 << 16, "test");
  CHECK(whole == b[0]);
  sl_free(c, whole);
}

TEST(nth_allocation_fails_once_or_onwards) {
  sl_mem_fail(c, 2, false);
  void *p = sl_alloc(c, 10, "test");
  CHECK(p && !sl_alloc(c, 10, "test"));
  CHECK_ERROR(c, SL_EMEMORY, "test: out of memory for 10 bytes");
  void *q = sl_alloc(c, 10, "test");
  CHECK(q != NULL);
  sl_mem_fail(c, 1, true);
  for (int i = 0; i < 3; i++) {
    CHECK(!sl_alloc(c, 10, "test"));
    CHECK_ERROR(c, SL_EMEMORY, "test");
  }
  sl_mem_fail(c, 0, false);
  sl_free(c, p);
  sl_free(c, q);
  CHECK(!sl_alloc(c, SIZE_MAX - 5, "huge"));
  CHECK_ERROR(c, SL_EMEMORY, "huge");
}

static void mark_range(void *arg, int64_t begin, int64_t end, int lane) {
  int *seen = arg;
  for (int64_t i = begin; i < end; i++) seen[i] += 1 + 0 * lane;
}

TEST(parallel_for_covers_each_index_once) {
  enum { N = 1000 };
  int seen[N];
  for (int threads = 1; threads <= 5; threads++) {
    CHECK(sl_threads_set(c, threads));
    for (int grain = 1; grain < 1200; grain = grain * 3 + 1)
      for (int rep = 0; rep < 20; rep++) {
        memset(seen, 0, sizeof seen);
        sl_parallel_for(c, N, grain, mark_range, seen);
        for (int i = 0; i < N; i++)
          if (!CHECK(seen[i] == 1)) return;
      }
  }
  CHECK(!sl_threads_set(c, 1000));
  CHECK_ERROR(c, SL_EARG, "set_threads: argument n");
}

/* Known answers of Random123 1.14 (kat_vectors, philox4x32, 10 rounds). The
   counter words are element block, draw, index, stream | index >> 32 << 8. */
TEST(philox_known_answers) {
  static const struct { uint32_t ctr[4], key[2], out[4]; } kat[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (int i = 0; i < 3; i++) {
    uint32_t out[4];
    sl_key key = {.seed = (uint64_t)kat[i].key[1] << 32 | kat[i].key[0],
                  .index = (uint64_t)(kat[i].ctr[3] >> 8) << 32 | kat[i].ctr[2],
                  .draw = kat[i].ctr[1],
                  .stream = (sl_stream)(kat[i].ctr[3] & 255)};
    sl_philox(&key, kat[i].ctr[0], out);
    CHECK(!memcmp(out, kat[i].out, sizeof out));
  }
}

TEST(random_rows_depend_on_their_index_alone) {
  sl_key key = {.seed = 7, .stream = SL_STREAM_SAMPLE, .draw = 3};
  int64_t all[2] = {9, 37}, part[2] = {4, 37}, index[4] = {5, 6, 7, 8};
  sl_tensor *x = sl_random(c, SL_NORMAL, SL_F32, 2, all, key, true, NULL);
  sl_tensor *y = sl_random(c, SL_NORMAL, SL_F32, 2, part, key, true, index);
  CHECK(x && y && !memcmp((float *)sl_data(x) + 5 * 37, sl_data(y), 4 * 37 * sizeof(float)));
  int64_t flat[1] = {100003};
  sl_tensor *u = sl_random(c, SL_UNIFORM, SL_F64, 1, flat, key, false, NULL);
  double sum = 0, *p = sl_data(u);
  for (int i = 0; i < flat[0]; i++) sum += p[i];
  CHECK(fabs(sum / flat[0] - 0.5) < 0.005);
}

TEST(training_draws_follow_the_samples_seen) {
  sl_manual_seed(c, 5);
  sl_train_batch(c, 32);
  sl_key a = sl_key_next(c, SL_STREAM_TRAIN), b = sl_key_next(c, SL_STREAM_TRAIN);
  CHECK(a.index == 0 && a.draw == 0 && b.index == 0 && b.draw == 1);
  sl_rng saved = sl_rng_get(c);
  sl_train_batch(c, 32);
  a = sl_key_next(c, SL_STREAM_TRAIN);
  CHECK(a.index == 32 && a.draw == 0);
  sl_rng_set(c, saved);
  sl_train_batch(c, 8);
  b = sl_key_next(c, SL_STREAM_TRAIN);
  CHECK(b.index == 32 && b.draw == 0 && b.seed == 5);
}
