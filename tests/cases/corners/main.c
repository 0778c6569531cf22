/* Forms of calls that nobody makes on purpose: flags that a call does not know, modes that exclude each other, memory
   that ends in the middle of a transfer, processes that end in other ways. Asked of each kernel:
   answers/corners-KERNEL.txt. */
#include <unistd.h>
void flag_rows(int c, char** v);
void mode_rows(int c, char** v);
void watch_rows(int c, char** v);
void border_rows(int c, char** v);
void end_rows(int c, char** v);
int main(int c, char** v) {
  if (chdir("/tmp") != 0) // where no path of a device begins
    return 1;
  flag_rows(c, v);
  mode_rows(c, v);
  watch_rows(c, v);
  border_rows(c, v);
  end_rows(c, v);
  return 0;
}
