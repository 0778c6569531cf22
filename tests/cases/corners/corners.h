#include "../rows.h"
#include <linux/fs.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#define SIZE_FILE "/sys/bus/dax/devices/dax0.0/size"
#define DEVICES "/sys/bus/dax/devices"
static void how_ended(const char* what, int status) {
  if (WIFSIGNALED(status))
    printf("%s=SIG%s ", what, sigabbrev_np(WTERMSIG(status)));
  else
    printf("%s=%d ", what, WEXITSTATUS(status));
}
static void in_child(const char* what, int pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  how_ended(what, status);
}
