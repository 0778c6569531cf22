// A row: one behaviour with a stable name, run in a process of its own, told in one line.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/ask/device.hpp"

namespace conformance {

// Ends a row early with this outcome: the preparation failed, or the row has no meaning on this device.
struct Stop {
  std::string outcome;
};

using Behaviour = std::function<std::string(const Device&)>;

struct Row {
  std::string name; // family.case.parameter=value...
  Behaviour run;
  bool destructive = false; // poisons, writes to sysfs or unbinds: runs last
  std::string family() const { return name.substr(0, name.find('.')); }
};

class Table {
public:
  void add(std::string name, Behaviour run) { rows_.push_back({std::move(name), std::move(run), false}); }
  void add_destructive(std::string name, Behaviour run) { rows_.push_back({std::move(name), std::move(run), true}); }
  const std::vector<Row>& rows() const { return rows_; }

private:
  std::vector<Row> rows_;
};

// One function per family, in the order in which they run.
void add_open_rows(Table& table);
void add_stat_rows(Table& table);
void add_descriptor_rows(Table& table);
void add_fcntl_rows(Table& table);
void add_mmap_rows(Table& table);
void add_mmap_place_rows(Table& table);
void add_touch_rows(Table& table);
void add_unmap_rows(Table& table);
void add_mremap_rows(Table& table);
void add_seal_rows(Table& table);
void add_madvise_rows(Table& table);
void add_residence_rows(Table& table);
void add_process_rows(Table& table);
void add_file_io_rows(Table& table);
void add_pipe_rows(Table& table);
void add_async_rows(Table& table);
void add_memory_policy_rows(Table& table);
void add_procfs_rows(Table& table);
void add_userfaultfd_rows(Table& table);
void add_sysfs_rows(Table& table);
void add_poison_rows(Table& table);
void add_sysfs_write_rows(Table& table);
void add_driver_rows(Table& table);
void add_early_kill_rows(Table& table);
void add_nd_rows(Table& table);
void add_unbind_rows(Table& table);

inline void add_all_rows(Table& table) {
  for (const auto add :
       {add_open_rows,       add_stat_rows,          add_descriptor_rows, add_fcntl_rows,       add_mmap_rows,
        add_mmap_place_rows, add_touch_rows,         add_unmap_rows,      add_mremap_rows,      add_seal_rows,
        add_madvise_rows,    add_residence_rows,     add_process_rows,    add_file_io_rows,     add_pipe_rows,
        add_async_rows,      add_memory_policy_rows, add_procfs_rows,     add_userfaultfd_rows, add_sysfs_rows,
        add_poison_rows,     add_sysfs_write_rows,   add_driver_rows,     add_early_kill_rows,  add_nd_rows,
        add_unbind_rows}) {
    add(table);
  }
}

} // namespace conformance
