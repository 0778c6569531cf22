/* Forty forms of the path by twelve calls; what descriptors, libc and the file system answer. */
void xattr_rows(int c, char** v);
void mount_rows(int c, char** v);
void path_rows(int c, char** v);
void descriptor_rows(int c, char** v);
void wrong_rows(int c, char** v);
void libc_rows(int c, char** v);
void name_rows(int c, char** v);
int main(int c, char** v) {
  xattr_rows(c, v);
  mount_rows(c, v);
  path_rows(c, v);
  descriptor_rows(c, v);
  wrong_rows(c, v);
  libc_rows(c, v);
  name_rows(c, v);
  return 0;
}
