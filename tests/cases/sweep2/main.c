/* Memory, signals, processes, permissions. */
void memory_rows(int c, char** v);
void signal_rows(int c, char** v);
void process_rows(int c, char** v);
void permission_rows(int c, char** v);
int main(int c, char** v) {
  memory_rows(c, v);
  signal_rows(c, v);
  process_rows(c, v);
  permission_rows(c, v);
  return 0;
}
