/* pointers device|files [ROW...]: see pointers.h. Asked of the device and its attributes, or of ordinary files. All
   that is made is made in a folder of its own. */
#include "pointers.h"
#define PAGE 4096
struct nothing nothings[NOTHINGS] = {{"null"}, {"one"}, {"unmapped"}, {"none"}, {"readonly"}, {"edge"}, {"wild"}};
const char* target = DEV;
const char* link_path = "/sys/bus/dax/devices/dax0.0";
const char* directory = "/sys/bus/dax/devices/dax0.0/";
const char* attribute = "/sys/bus/dax/devices/dax0.0/align";
static int files;
static void write_file(const char* path) {
  unlink(path);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  write(fd, "0123456789012345678901234567890123456789012345678901234567890123", 64);
  close(fd);
}
/* As it was before: what the row before has made at the one path that can be read is gone. */
void prepare(void) {
  unlink("xxxxxxxx");
  rmdir("xxxxxxxx");
  if (files) {
    write_file("file");
    write_file("attribute");
  }
}
int main(int argc, char** argv) {
  char folder[] = "/tmp/pointers.XXXXXX";
  if (argc < 2 || !mkdtemp(folder) || chdir(folder))
    return 2;
  files = !strcmp(argv[1], "files");
  only_argc = argc - 1;
  only_argv = argv + 1;
  if (files) {
    target = "file";
    attribute = "attribute";
    link_path = "link";
    directory = ".";
    symlink("file", "link");
  }
  prepare();
  /* Where nobody else maps by himself, so that the hole stays one. */
  char* p = mmap((void*)0x20000000, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memset(p, 'x', 5 * PAGE);
  memset(p + 8, 0, PAGE - 8); /* "xxxxxxxx" */
  mprotect(p, PAGE, PROT_READ);
  mprotect(p + PAGE, PAGE, PROT_NONE);
  munmap(p + 3 * PAGE, PAGE);
  nothings[1].address = (void*)1;
  nothings[2].address = p + 3 * PAGE;
  nothings[3].address = p + PAGE;
  nothings[4].address = p;
  nothings[5].address = p + 3 * PAGE - 3; /* begins, and goes on into nothing */
  nothings[6].address = (void*)(1UL << 63 | 0x1000);
  open_rows();
  name_rows();
  file_rows();
  memory_rows();
  socket_rows();
  signal_rows();
  unlink("xxxxxxxx");
  rmdir("xxxxxxxx");
  unlink("file");
  unlink("attribute");
  unlink("link");
  chdir("/");
  rmdir(folder);
  return 0;
}
