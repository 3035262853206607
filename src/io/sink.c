#include "io/sink.h"
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool sink_fail(sl_ctx *c, const sl_sink *s, const char *doing) {
  return sl_fail(c, SL_EIO, "%s: %s: %s: %s", s->who, sl_path_tail(s->path), doing, strerror(errno));
}

/* Opens the target's folder. A link is followed, so that it stays a link. */
static bool sink_folder(sl_ctx *c, sl_sink *s) {
  char path[PATH_MAX];
  if (!realpath(s->path, path) && snprintf(path, sizeof path, "%s", s->path) >= (int)sizeof path) {
    errno = ENAMETOOLONG;
    return sink_fail(c, s, "can't write");
  }
  char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  if (!*name || strlen(name) >= sizeof s->name) {
    errno = *name ? ENAMETOOLONG : slash ? EISDIR : ENOENT;
    return sink_fail(c, s, "can't write");
  }
  strcpy(s->name, name);
  *name = '\0';
  s->folder = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return s->folder >= 0 || sink_fail(c, s, "can't open the folder");
}

/* An existing target must be a file that may be written; its mode is kept. */
static bool sink_target(sl_ctx *c, sl_sink *s, mode_t *mode) {
  struct stat st;
  *mode = 0;
  if (fstatat(s->folder, s->name, &st, 0)) return errno == ENOENT || sink_fail(c, s, "can't write");
  if (!S_ISREG(st.st_mode))
    return sl_fail(c, SL_EIO, "%s: %s: can't write: expected a regular file or none, got %s", s->who,
                   sl_path_tail(s->path), S_ISDIR(st.st_mode) ? "a folder" : "a device or pipe");
  *mode = st.st_mode & 0777;
  return !faccessat(s->folder, s->name, W_OK, 0) || sink_fail(c, s, "can't write");
}

static bool sink_temp(sl_ctx *c, sl_sink *s) {
  for (int i = 0; i < 1000; i++) {
    snprintf(s->temp, sizeof s->temp, ".sdelua-%ld-%d.tmp", (long)getpid(), i);
    s->fd = openat(s->folder, s->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (s->fd >= 0 || errno != EEXIST) break;
  }
  return s->fd >= 0 || sink_fail(c, s, "can't write in the folder");
}

bool sl_sink_open(sl_ctx *c, sl_sink *s, const char *who, const char *path) {
  mode_t mode;
  *s = (sl_sink){.who = who, .path = path, .folder = -1, .fd = -1};
  if (sl_failed(c)) return false;
  bool ok = sink_folder(c, s) && sink_target(c, s, &mode) && sink_temp(c, s);
  if (ok && mode && fchmod(s->fd, mode)) ok = sink_fail(c, s, "can't set the mode");
  return ok || sl_sink_close(c, s, false);
}

bool sl_sink_write(sl_ctx *c, sl_sink *s, const void *data, size_t n) {
  for (const char *p = data; n > 0;) {
    ssize_t done = write(s->fd, p, n);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return sink_fail(c, s, "can't write");
    p += done;
    n -= (size_t)done;
  }
  return true;
}

const sl_tensor *sl_io_packed(sl_ctx *c, const sl_tensor *t) {
  if (sl_is_contiguous(t)) return t;
  sl_tensor *copy = sl_empty(c, sl_dtype_of(t), sl_ndim(t), sl_shape(t));
  return copy && sl_copy_into(c, copy, t) ? copy : NULL;
}

bool sl_sink_tensor(sl_ctx *c, sl_sink *s, const sl_tensor *t) {
  size_t mark = sl_pool_open(c);
  const sl_tensor *packed = sl_io_packed(c, t);
  bool ok = packed && sl_sink_write(c, s, sl_data(packed), (size_t)sl_numel(t) * sl_dtype_size(sl_dtype_of(t)));
  sl_pool_close(c, mark);
  return ok;
}

/* Some file systems can't sync a folder and say EINVAL. */
static bool sink_replace(sl_ctx *c, sl_sink *s) {
  if (fsync(s->fd)) return sink_fail(c, s, "can't write");
  if (renameat(s->folder, s->temp, s->folder, s->name)) return sink_fail(c, s, "can't replace");
  s->temp[0] = '\0';
  return !fsync(s->folder) || errno == EINVAL || sink_fail(c, s, "can't sync the folder");
}

bool sl_sink_close(sl_ctx *c, sl_sink *s, bool ok) {
  if (ok) ok = sink_replace(c, s);
  if (s->fd >= 0) {
    close(s->fd);
    if (s->temp[0]) unlinkat(s->folder, s->temp, 0);
  }
  if (s->folder >= 0) close(s->folder);
  return ok;
}
