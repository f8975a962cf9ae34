// Preloaded into an official client: the host names that its code holds lead to this machine, at a port that needs no rights.
//
// The client itself stays as published. Names that end in ZEROG_NAMES_SUFFIX are 127.0.0.1, for whoever asks the C library. Go
// programs connect without it, so their connections to 127.0.0.1:443 pass a seccomp listener that puts ZEROG_NAMES_PORT in.
// Only the program ZEROG_NAMES_PROGRAM is listened to: what starts it (node) merely hands these settings on.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int listener = -1;
static in_port_t port;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
  const char *suffix = getenv("ZEROG_NAMES_SUFFIX");
  if (name != NULL && suffix != NULL && strlen(name) > strlen(suffix)) {
    if (strcmp(name + strlen(name) - strlen(suffix), suffix) == 0) name = "127.0.0.1";
  }
  return next(name, service, hints, found);
}

// One connection at a time: its address is in this process and stands still until it is answered.
static void *listen_for_ever(void *unused) {
  (void)unused;
  for (;;) {
    struct seccomp_notif asked;
    memset(&asked, 0, sizeof asked);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) {
      if (errno == EINTR || errno == ENOENT) continue;
      return NULL;
    }
    struct sockaddr_in *to = (struct sockaddr_in *)(uintptr_t)asked.data.args[1];
    if (asked.data.args[2] >= sizeof *to && to->sin_family == AF_INET && to->sin_port == htons(443) &&
        to->sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
      to->sin_port = port;
    }
    struct seccomp_notif_resp answer = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

__attribute__((constructor)) static void begin(void) {
  const char *program = getenv("ZEROG_NAMES_PROGRAM"), *given = getenv("ZEROG_NAMES_PORT");
  if (program == NULL || given == NULL || strcmp(program_invocation_short_name, program) != 0) return;
  port = htons((in_port_t)atoi(given));
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof rules / sizeof *rules, rules};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  if (listener < 0) {
    perror("names: seccomp");
    return;
  }
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  pthread_create(&thread, NULL, listen_for_ever, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
