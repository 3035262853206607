/* Replacing files: as a whole or not at all. */
#include "io/sink.h"
#include "io_test.h"

#include <signal.h>
#include <sys/resource.h>

static bool save(sl_ctx *c, const char *path, const char *text, bool ok) {
  sl_sink s;
  return sl_sink_open(c, &s, "save", path) && sl_sink_close(c, &s, sl_sink_write(c, &s, text, strlen(text)) && ok);
}

static bool holds(const char *path, const char *text) {
  size_t n;
  uint8_t *data = io_bytes(path, &n);
  bool same = data && n == strlen(text) && !memcmp(data, text, n);
  free(data);
  return same;
}

TEST(replaces_and_leaves_nothing_else) {
  int files = io_count();
  CHECK(save(c, io_path("a"), "one", true));
  CHECK(holds(io_path("a"), "one"));
  CHECK(save(c, io_path("a"), "two", true));
  CHECK(holds(io_path("a"), "two"));
  CHECK(io_count() == files + 1);
}

TEST(gives_up_without_a_trace) {
  CHECK(save(c, io_path("b"), "one", true));
  int files = io_count();
  CHECK(!save(c, io_path("b"), "two", false));
  CHECK(holds(io_path("b"), "one") && io_count() == files);
}

TEST(keeps_mode_and_links) {
  struct stat st;
  CHECK(save(c, io_path("c"), "one", true));
  CHECK(!chmod(io_path("c"), 0640) && !symlink("c", io_path("link")));
  CHECK(save(c, io_path("link"), "two", true));
  CHECK(!lstat(io_path("link"), &st) && S_ISLNK(st.st_mode));
  CHECK(holds(io_path("c"), "two") && !stat(io_path("c"), &st) && (st.st_mode & 0777) == 0640);
}

TEST(writes_beside_the_working_folder_too) {
  char before[4096];
  if (!CHECK(getcwd(before, sizeof before) && !chdir((io_path("x"), io_folder)))) return;
  CHECK(save(c, "plain", "here", true) && holds("plain", "here"));
  CHECK(!chdir(before) && holds(io_path("plain"), "here"));
}

TEST(refuses_what_is_no_file) {
  CHECK(!save(c, "no/such/folder/x", "a", true));
  CHECK_ERROR(c, SL_EIO, "save: no/such/folder/x: can't open the folder: No such file");
  CHECK(!save(c, io_folder, "a", true));
  CHECK_ERROR(c, SL_EIO, "expected a regular file or none, got a folder");
  CHECK(!save(c, "/dev/null", "a", true));
  CHECK_ERROR(c, SL_EIO, "got a device or pipe");
  CHECK(!save(c, "", "a", true));
  CHECK_ERROR(c, SL_EIO, "can't write");
  CHECK(!save(c, io_path("folder/"), "a", true));
  CHECK_ERROR(c, SL_EIO, "can't write");
  char name[300];
  memset(name, 'n', sizeof name);
  name[299] = '\0';
  CHECK(!save(c, io_path(name), "a", true));
  CHECK_ERROR(c, SL_EIO, "File name too long");
}

/* A full disk, as a limit on the size of files. */
TEST(keeps_the_old_file_when_the_disk_is_full) {
  struct rlimit old, small = {.rlim_cur = 4096};
  int64_t shape[] = {10000};
  sl_tensor *t = sl_full(c, SL_F32, 1, shape, 1);
  CHECK(save(c, io_path("d"), "one", true));
  int files = io_count();
  if (!CHECK(!getrlimit(RLIMIT_FSIZE, &old))) return;
  small.rlim_max = old.rlim_max;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  CHECK(!setrlimit(RLIMIT_FSIZE, &small));
  bool ok = sl_npy_save(c, io_path("d"), t);
  CHECK(!setrlimit(RLIMIT_FSIZE, &old));
  signal(SIGXFSZ, handler);
  CHECK(!ok);
  CHECK_ERROR(c, SL_EIO, "can't write: File too large");
  CHECK(holds(io_path("d"), "one") && io_count() == files);
}

TEST(does_nothing_after_an_error) {
  sl_fail(c, SL_EVALUE, "earlier");
  CHECK(!save(c, io_path("e"), "one", true));
  CHECK_ERROR(c, SL_EVALUE, "earlier");
  CHECK(access(io_path("e"), F_OK));
}
