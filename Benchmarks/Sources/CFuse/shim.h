#ifndef IMPORTAHEAD_BENCHMARKS_CFUSE_H
#define IMPORTAHEAD_BENCHMARKS_CFUSE_H
#define FUSE_USE_VERSION 312
#include <dirent.h>
#include <fuse_lowlevel.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

// fuse_session_loop_mt is a macro over a versioned symbol; Swift cannot import it.
static inline int slowfs_serve(struct fuse_session *session, unsigned threads) {
  struct fuse_loop_config *config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_max_threads(config, threads);
  fuse_loop_cfg_set_idle_threads(config, threads);
  fuse_loop_cfg_set_clone_fd(config, 1);
  int result = fuse_session_loop_mt(session, config);
  fuse_loop_cfg_destroy(config);
  return result;
}

static inline ssize_t slowfs_read(int fd, void *buffer, size_t size, void *userdata) {
  (void)userdata;
  return read(fd, buffer, size);
}

// libfuse before 3.17 forgets to pass FUSE_CAP_PARALLEL_DIROPS on to the kernel, which then sends
// lookups in one directory one at a time; NFS does not. The first reply of a session is the answer
// to INIT: {header}, {major, minor, max_readahead, flags, ...}. The flag is put in there.
static inline ssize_t slowfs_writev(int fd, struct iovec *parts, int count, void *userdata) {
  static atomic_flag initialised = ATOMIC_FLAG_INIT;
  if (count == 2 && parts[1].iov_len >= 16 && !atomic_flag_test_and_set(&initialised)) {
    unsigned words[4];
    memcpy(words, parts[1].iov_base, sizeof words);
    if (words[0] == 7) {
      words[3] |= 1u << 18;
      memcpy(parts[1].iov_base, words, sizeof words);
    }
  }
  (void)userdata;
  return writev(fd, parts, count);
}

// Call after fuse_session_mount().
static inline int slowfs_allow_parallel_lookups(struct fuse_session *session) {
  struct fuse_custom_io io = {.writev = slowfs_writev, .read = slowfs_read};
  return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}

// The kernel rounds a sleep up by the timer slack (50 us by default): too coarse for 0.1 ms.
static inline void slowfs_sleep_precisely(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0); }

// In a mount namespace of its own a mount is nobody's to take away once its starter is gone.
static inline void slowfs_end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0); }
#endif
