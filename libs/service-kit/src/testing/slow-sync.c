/* LD_PRELOAD: makes fdatasync take half a second, then notes in the file $SYNC_NOTES that it is done; or fail when that file is "fail". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  const char *notes = getenv("SYNC_NOTES");
  if (!notes) return real(fd);
  if (strcmp(notes, "fail") == 0) {
    errno = EIO;
    return -1;
  }
  usleep(500000);
  int result = real(fd);
  int out = open(notes, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (out >= 0) {
    if (write(out, "s", 1) != 1) result = -1;
    close(out);
  }
  return result;
}
