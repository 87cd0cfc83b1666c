#ifndef IMPORTAHEAD_CLINUX_H
#define IMPORTAHEAD_CLINUX_H
// Embedded Swift has no Glibc module: the core reaches libc through this header.
// _GNU_SOURCE comes first so that statx, close_range and the rest are declared.
#define _GNU_SOURCE 1
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The least a thread's stack may have: glibc cuts static thread-local storage out of it, that of preloaded
// libraries too, and tells by a function of its own (nptl/nptl-stack.c) how much that is.
static inline size_t importahead_least_stack(const pthread_attr_t *attributes) {
  typedef size_t (*function)(const pthread_attr_t *);
  function least = (function)dlsym(RTLD_DEFAULT, "__pthread_get_minstack");
  return least == NULL ? (size_t)PTHREAD_STACK_MIN : least(attributes);
}

// errno is a macro over a thread-local; Swift cannot import it.
static inline int importahead_errno(void) { return errno; }

// CPython is compiled for files of any size (_FILE_OFFSET_BITS in pyconfig.h): with glibc it calls open64
// and stat64, and so do we, so that whatever was put in their place (LD_PRELOAD) is asked.
#ifdef __GLIBC__
#define IMPORTAHEAD_LARGE(name) name##64
#else
#define IMPORTAHEAD_LARGE(name) name
#endif

// open(2) is variadic; Swift cannot call it.
static inline int importahead_open(const char *path, int flags) {
  return IMPORTAHEAD_LARGE(open)(path, flags);
}

// openat(2) is variadic.
static inline int importahead_openat(int directory, const char *path, int flags, mode_t mode) {
  return openat(directory, path, flags, mode);
}

// glibc 2.30 declares getdents64; the system call serves every libc.
static inline ssize_t importahead_getdents64(int directory, void *buffer, size_t size) {
  return syscall(SYS_getdents64, directory, buffer, size);
}

// glibc 2.30 declares gettid.
static inline long importahead_gettid(void) { return syscall(SYS_gettid); }

// What RUSAGE_THREAD is imported as differs between headers.
static inline int importahead_thread_usage(struct rusage *usage) {
  return getrusage(RUSAGE_THREAD, usage);
}

// fcntl(2) is variadic.
static inline int importahead_clear_status_flags(int descriptor) {
  return fcntl(descriptor, F_SETFL, 0);
}

// prctl(2) is variadic.
static inline int importahead_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }
static inline int importahead_set_name(const char *name) { return prctl(PR_SET_NAME, name); }

// As fork(2), but no signal is sent when the child ends (clone(2), the low byte of the flags): a wait finds
// it with __WALL alone. Nothing but a program of one thread may call it.
static inline pid_t importahead_clone_without_signal(void) {
  return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}
static inline pid_t importahead_reap(pid_t child) { return waitpid(child, NULL, WNOHANG | __WALL); }

// A claim that one process of this network namespace holds at a time, as long as it keeps the descriptor:
// a socket with an abstract name (unix(7)). The structure's length is counted in bytes of the name.
static inline int importahead_claim(const char *name, size_t size) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (size >= sizeof(address.sun_path)) { errno = EINVAL; return -1; }
  memcpy(address.sun_path + 1, name, size);
  int claim = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (claim < 0) return -1;
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + size;
  if (bind(claim, (struct sockaddr *)&address, length) == 0) return claim;
  int reason = errno;
  close(claim);
  errno = reason;
  return -1;
}

// Declared as an enumerator of an anonymous type; musl has no such kind.
static inline int importahead_adaptive_mutex(void) {
#ifdef __GLIBC__
  return PTHREAD_MUTEX_ADAPTIVE_NP;
#else
  return PTHREAD_MUTEX_NORMAL;
#endif
}

// openat2(2), Linux 5.6, has no wrapper in glibc.
static inline int importahead_openat2(const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how how = {.flags = flags, .resolve = resolve};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

// statfs names both a function and a structure, too.
static inline int importahead_fstatfs(int descriptor, struct statfs *status) {
  return fstatfs(descriptor, status);
}

// statx names both a function and a structure; Swift sees only the structure.
static inline int importahead_statx(
    int directory, const char *path, int flags, unsigned int mask, struct statx *status) {
  return statx(directory, path, flags, mask, status);
}

// The compiler's atomic operations are no functions that Swift could import.
static inline long importahead_load(const long *place) {
  return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}
static inline void importahead_store(long *place, long value) {
  __atomic_store_n(place, value, __ATOMIC_RELEASE);
}

// stat names both a function and a structure, too; CPython calls these. On 64-bit machines, which alone are
// supported, both structures are one.
typedef struct IMPORTAHEAD_LARGE(stat) importahead_large_stat;
_Static_assert(sizeof(importahead_large_stat) == sizeof(struct stat), "files are large anyway");
static inline int importahead_stat(const char *path, struct stat *status) {
  return IMPORTAHEAD_LARGE(stat)(path, (importahead_large_stat *)status);
}
static inline int importahead_lstatat(int directory, const char *name, struct stat *status) {
  return IMPORTAHEAD_LARGE(fstatat)(
      directory, name, (importahead_large_stat *)status, AT_SYMLINK_NOFOLLOW);
}
static inline int importahead_fstat(int descriptor, struct stat *status) {
  return IMPORTAHEAD_LARGE(fstat)(descriptor, (importahead_large_stat *)status);
}

// The device's numbers as statx(2) gives them, major in the high half.
static inline uint64_t importahead_device(const struct stat *status) {
  return (uint64_t)major(status->st_dev) << 32 | minor(status->st_dev);
}

// Whether something else than libc answers stat(2) in this process (LD_PRELOAD): the function that is
// called lies in another object than one that nobody replaces.
static inline int importahead_stat_is_replaced(void) {
  int (*function)(const char *, importahead_large_stat *) = IMPORTAHEAD_LARGE(stat);
  unsigned long (*own)(unsigned long) = getauxval;
  Dl_info found, libc;
  if (!dladdr((void *)function, &found) || !dladdr((void *)own, &libc)) return 1;
  return found.dli_fbase != libc.dli_fbase;
}

// Flags that glibc declares as macros with casts, or not at all before 2.34.
static const int CLOSE_RANGE_UNSHARE_FLAG = 1 << 1;
static const int RWF_NOWAIT_FLAG = 0x00000008;
static const int O_PATH_FLAG = O_PATH;
static const int CLONE_FILES_FLAG = 0x00000400;

// pthread_create(3) as a function of the type of the next.
static inline int importahead_create_thread(
    pthread_t *handle, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  return pthread_create(handle, attributes, body, argument);
}

// What `importahead_create_apart` has done in its other task.
struct importahead_creation {
  pthread_t *handle;
  const pthread_attr_t *attributes;
  void *(*body)(void *);
  void *argument;
  int result;
};

static void __attribute__((unused)) importahead_create(struct importahead_creation *creation) {
  creation->result = pthread_create(
      creation->handle, creation->attributes, creation->body, creation->argument);
}

// pthread_create(3), but the new thread has a copy of the descriptor table and not the table itself; it
// makes no system call that an ordinary thread's creation does not (clone3(2), else clone(2)).
//
// A task that shares all but that table takes the caller's place for a moment, the caller's thread pointer
// included, creates the thread, which shares the table with it, and ends; the caller sleeps meanwhile.
// Every signal must be blocked. ENOSYS where this is not written for the processor.
static int __attribute__((noinline, unused)) importahead_create_apart(
    pthread_t *handle, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
#if defined(__x86_64__)
  const size_t size = 128 << 10;
  char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) return errno;
  struct importahead_creation creation = {handle, attributes, body, argument, EAGAIN};
  int word = 1;
  const uint64_t flags = CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
                         | CLONE_CHILD_CLEARTID;
  struct clone_args how = {
      .flags = flags, .child_tid = (uint64_t)(uintptr_t)&word,
      .stack = (uint64_t)(uintptr_t)stack, .stack_size = size};
  // Registers that a system call and a C function both leave alone.
  register void (*create)(struct importahead_creation *) __asm__("r12") = importahead_create;
  register struct importahead_creation *what __asm__("r13") = &creation;
  long result;
  // In the new task rax is 0 and the stack another; it never leaves the block.
#define IMPORTAHEAD_NEW_TASK                                                                      \
  "syscall\n\t"                                                                                   \
  "testq %%rax, %%rax\n\t"                                                                        \
  "jnz 1f\n\t"                                                                                    \
  "xorl %%ebp, %%ebp\n\t"                                                                         \
  "movq %%r13, %%rdi\n\t"                                                                         \
  "callq *%%r12\n\t"                                                                              \
  "xorl %%edi, %%edi\n\t"                                                                         \
  "movl %[leave], %%eax\n\t"                                                                      \
  "syscall\n\t"                                                                                   \
  "hlt\n"                                                                                         \
  "1:"
  __asm__ volatile(IMPORTAHEAD_NEW_TASK
                   : "=a"(result)
                   : "a"(SYS_clone3), "D"(&how), "S"(sizeof(how)), "r"(create), "r"(what),
                     [leave] "i"(SYS_exit)
                   : "rcx", "r11", "memory", "cc");
  if (result == -ENOSYS) {
    register int *cleared __asm__("r10") = &word;
    __asm__ volatile(IMPORTAHEAD_NEW_TASK
                     : "=a"(result)
                     : "a"(SYS_clone), "D"(flags), "S"(stack + size), "d"(0), "r"(cleared),
                       "r"(create), "r"(what), [leave] "i"(SYS_exit)
                     : "rcx", "r11", "memory", "cc");
  }
#undef IMPORTAHEAD_NEW_TASK
  // The kernel clears the word and wakes us when the task has ended, however it did. No wrapper of libc:
  // errno is that task's too.
  while (result > 0) {
    int left = __atomic_load_n(&word, __ATOMIC_ACQUIRE);
    if (left == 0) break;
    long ignored;
    register long none __asm__("r10") = 0;
    __asm__ volatile("syscall"
                     : "=a"(ignored)
                     : "a"(SYS_futex), "D"(&word), "S"(0 /* FUTEX_WAIT */), "d"(left), "r"(none)
                     : "rcx", "r11", "memory", "cc");
  }
  munmap(stack, size);
  return result > 0 ? creation.result : (int)-result;
#else
  return ENOSYS;
#endif
}
#endif
