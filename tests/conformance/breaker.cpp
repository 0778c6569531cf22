// Breaks one behaviour on purpose, loaded before the emulator: fsync on anything succeeds. The suite must name its row.
extern "C" __attribute__((visibility("default"))) int fsync(int /*fd*/) {
  return 0;
}
