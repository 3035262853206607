/* What the tests of files share: a folder of their own, whole files as bytes,
   cuts at every length, failure of every allocation. */
#ifndef IO_TEST_H
#define IO_TEST_H

#include "sdelua/io.h"
#include "test.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIXTURES "tests/fixtures/fuzz/"

static char io_folder[200];

/* Removed, with what the tests left in it, at the end of the program. */
__attribute__((destructor)) static void io_folder_remove(void) {
  DIR *d = io_folder[0] ? opendir(io_folder) : NULL;
  for (struct dirent *e; d && (e = readdir(d));) unlinkat(dirfd(d), e->d_name, 0);
  if (d) closedir(d);
  if (d) rmdir(io_folder);
}

/* A path in that folder; good until the eighth call from now. */
static inline const char *io_path(const char *name) {
  static char buf[8][600];
  static unsigned turn;
  const char *tmp = getenv("TMPDIR");
  if (!io_folder[0]) {
    snprintf(io_folder, sizeof io_folder, "%s/sdelua test XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(io_folder)) { perror(io_folder); exit(1); }
  }
  char *p = buf[turn++ % 8];
  snprintf(p, 600, "%s/%s", io_folder, name);
  return p;
}

/* How many files the folder holds, hidden ones too. */
static inline int io_count(void) {
  int n = 0;
  io_path("");
  DIR *d = opendir(io_folder);
  for (struct dirent *e; d && (e = readdir(d));) n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
  if (d) closedir(d);
  return n;
}

/* A whole file, to be freed. */
static inline uint8_t *io_bytes(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  uint8_t *data = NULL;
  *size = 0;
  if (!CHECK_MSG(f, path)) return NULL;
  fseek(f, 0, SEEK_END);
  *size = (size_t)ftell(f);
  rewind(f);
  data = malloc(*size + 1);
  *size = fread(data, 1, *size, f);
  fclose(f);
  return data;
}

static inline void io_write(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  if (!CHECK_MSG(f && fwrite(data, 1, size, f) == size, path)) return;
  fclose(f);
}

static inline bool io_same_file(const char *a, const char *b) {
  size_t na, nb;
  uint8_t *da = io_bytes(a, &na), *db = io_bytes(b, &nb);
  bool same = da && db && na == nb && !memcmp(da, db, na);
  free(da);
  free(db);
  return same;
}

/* t has this type, this shape (n sizes follow) and any values. */
static inline bool io_is(const sl_tensor *t, sl_dtype d, int n, ...) {
  bool ok = t && sl_dtype_of(t) == d && sl_ndim(t) == n && sl_is_contiguous(t);
  va_list sizes;
  va_start(sizes, n);
  for (int i = 0; i < n; i++) {
    int64_t size = va_arg(sizes, int);
    ok = ok && sl_shape(t)[i] == size;
  }
  va_end(sizes);
  return ok;
}

static inline double io_at(const sl_tensor *t, int64_t i) {
  switch (sl_dtype_of(t)) {
  case SL_F32: return ((float *)sl_data(t))[i];
  case SL_F64: return ((double *)sl_data(t))[i];
  case SL_I64: return (double)((int64_t *)sl_data(t))[i];
  default: return ((uint8_t *)sl_data(t))[i];
  }
}

/* Decodes bytes; returns whether that worked, releasing what came. */
typedef bool io_decode(sl_ctx *c, const void *data, size_t size);

/* No proper prefix of the file is accepted; none crashes or leaks. The copy has
   no slack, so that a sanitizer sees a read beyond it. */
static inline void io_cuts(sl_ctx *c, const char *path, io_decode *decode) {
  size_t size;
  uint8_t *data = io_bytes(path, &size);
  for (size_t n = 0; data && n < size; n++) {
    sl_error e = {0};
    char at[300];
    uint8_t *cut = malloc(n ? n : 1);
    memcpy(cut, data, n);
    size_t mark = sl_pool_open(c), live = sl_mem_live(c);
    bool ok = decode(c, cut, n);
    snprintf(at, sizeof at, "%s cut to %zu bytes", path, n);
    CHECK_MSG(!ok && sl_error_take(c, &e) && e.code == SL_EIO, at);
    sl_pool_close(c, mark);
    CHECK_MSG(sl_mem_live(c) == live, at);
    free(cut);
  }
  free(data);
}

/* Every byte of the file in turn changed in some ways: any result but a crash,
   a leak, or a failure without an error. */
static inline void io_flips(sl_ctx *c, const char *path, io_decode *decode) {
  static const uint8_t flips[] = {0x01, 0x80, 0xff};
  size_t size;
  uint8_t *data = io_bytes(path, &size);
  for (size_t i = 0; data && i < size; i++)
    for (size_t k = 0; k < sizeof flips; k++) {
      sl_error e;
      data[i] ^= flips[k];
      size_t mark = sl_pool_open(c), live = sl_mem_live(c);
      CHECK_MSG(decode(c, data, size) != sl_error_take(c, &e), path);
      sl_pool_close(c, mark);
      CHECK_MSG(sl_mem_live(c) == live, path);
      data[i] ^= flips[k];
    }
  free(data);
}

/* Fails the first, the second, … allocation of body until it gets through,
   once and from there on; each failure is SL_EMEMORY and leaves no live bytes. */
typedef bool io_body(sl_ctx *c, void *arg);
static inline int io_starve(sl_ctx *c, io_body *body, void *arg) {
  int failures = 0;
  for (int onwards = 0; onwards < 2; onwards++)
    for (int n = 1, through = 0; !through && n < 2000; n++) {
      sl_error e = {0};
      size_t mark = sl_pool_open(c), live = sl_mem_live(c);
      sl_mem_fail(c, (uint64_t)n, onwards);
      bool ok = body(c, arg);
      sl_mem_fail(c, 0, false);
      bool failed = sl_error_take(c, &e);
      sl_pool_close(c, mark);
      CHECK(sl_mem_live(c) == live);
      if (!CHECK(ok != failed)) return failures;
      if (failed && !CHECK_MSG(e.code == SL_EMEMORY, e.message)) return failures;
      failures += failed;
      through = ok;
    }
  return failures;
}

#endif
