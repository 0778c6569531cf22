// The drivers of the dax bus beside device_dax, and which of them a device gets: kmem everywhere, fsdev_dax in the
// newest kernels. Rows give the device back to device_dax. kmem refuses this device, without a node or smaller than a
// memory block (dev_dax_kmem_probe): what it does with memory that it takes is in tests/clients/expected (dax-*.txt,
// daxctl-*.txt).
#include <cinttypes>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/ask/sysfs_tree.hpp"

namespace conformance {
namespace {

std::string attribute_of(const std::string& driver, const char* name) {
  return std::string(kBus) + "/drivers/" + driver + "/" + name;
}

std::string driver_of(const Device& d) {
  char target[PATH_MAX] = {};
  if (::readlink((d.sysfs + "/driver").c_str(), target, sizeof target - 1) < 0) {
    return errno == ENOENT ? "none" : last_error();
  }
  const std::string path = target;
  return path.substr(path.rfind('/') + 1);
}

// Whatever a row tries with drivers: the device is device_dax's when it ends, and nobody else is told its name.
class GivenBack {
public:
  explicit GivenBack(const Device& device) : device_(device) {}
  ~GivenBack() {
    const std::string other = driver_of(device_);
    if (other != "none" && other != "device_dax") {
      (void)write_text(attribute_of(other, "unbind"), device_.name);
    }
    for (const char* driver : {"kmem", "fsdev_dax"}) {
      (void)write_text(attribute_of(driver, "remove_id"), device_.name);
    }
    if (!bound(device_)) {
      (void)bind(device_);
    }
    if (!bound(device_)) {
      (void)write_text(attribute_of("device_dax", "new_id"), device_.name);
    }
  }
  GivenBack(const GivenBack&) = delete;
  GivenBack& operator=(const GivenBack&) = delete;

private:
  const Device& device_;
};

std::string node_text(const Device& d) {
  const int fd = ::open(d.path.c_str(), O_RDWR);
  if (fd < 0) {
    return "open=" + last_error();
  }
  struct stat st {};
  ::fstat(fd, &st);
  char bytes[16] = {};
  std::vector<std::string> parts = {"open=ok",
                                    S_ISCHR(st.st_mode) && st.st_rdev == d.rdev ? "fstat=device" : "fstat=other"};
  for (const int flags : {MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE | MAP_SYNC}) {
    void* base = ::mmap(nullptr, d.align, kReadWrite, flags, fd, 0);
    parts.push_back(base == MAP_FAILED ? "mmap=" + last_error() : "mmap=ok");
  }
  parts.push_back("read=" + said(::read(fd, bytes, sizeof bytes)));
  parts.push_back("pread=" + said(::pread(fd, bytes, sizeof bytes, 0)));
  parts.push_back("write=" + said(::write(fd, bytes, sizeof bytes)));
  parts.push_back("seek=" + said(::lseek(fd, 0, SEEK_END)));
  parts.push_back("fsync=" + said(::fsync(fd)));
  parts.push_back("fallocate=" + said(::fallocate(fd, 0, 0, static_cast<off_t>(d.align))));
  parts.push_back("ftruncate=" + said(::ftruncate(fd, 0)));
  parts.push_back("ioctl=" + said(::ioctl(fd, 0x12345678, nullptr)));
  ::close(fd);
  parts.push_back("direct=" + said_ok(::open(d.path.c_str(), O_RDWR | O_DIRECT)));
  return line(parts);
}

// A device of a memory block or more, on a node, kmem takes: whether it has a node is the machine's affair, so it is
// not asked.
constexpr std::uint64_t kMemoryBlock = 128ULL << 20U;

void needs_small(const Device& d) {
  if (d.size >= kMemoryBlock) {
    throw Stop{"n/a: kmem takes such a device if it has a node"};
  }
}

// The names in /proc/iomem around and below the device's first byte, from the outermost on; with "=" those of its size.
std::string resources_text(const Device& d) {
  const auto resource = read_text(d.sysfs + "/resource");
  const auto text = read_text("/proc/iomem");
  if (!resource || !text) {
    return last_error();
  }
  const std::uint64_t start = std::strtoull(resource->c_str(), nullptr, 16);
  std::string found;
  std::istringstream in(*text);
  for (std::string one; std::getline(in, one);) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    int name = 0;
    if (std::sscanf(one.c_str(), " %" SCNx64 "-%" SCNx64 " : %n", &first, &last, &name) == 2 && first <= start &&
        start <= last) {
      found += (found.empty() ? "" : " > ") + one.substr(static_cast<std::size_t>(name)) +
               (last - first + 1 == d.size ? " =" : "");
    }
  }
  return found.empty() ? "none" : found;
}

void add_fsdev_rows(Table& table) {
  table.add_destructive("driver.fsdev_dax.bind-untold", [](const Device& d) {
    const GivenBack back(d);
    std::string text = "unbind=" + unbind(d);
    return line({text, "bind=" + write_text(attribute_of("fsdev_dax", "bind"), d.name), "driver=" + driver_of(d)});
  });
  table.add_destructive("driver.fsdev_dax.new_id-while-bound", [](const Device& d) {
    const GivenBack back(d);
    std::string text = "new_id=" + write_text(attribute_of("fsdev_dax", "new_id"), d.name);
    text = line({text, "driver=" + driver_of(d), "bind=" + write_text(attribute_of("fsdev_dax", "bind"), d.name)});
    text = line({text, "unbind=" + unbind(d), "driver=" + driver_of(d)});
    text = line({text, "probe=" + write_text(std::string(kBus) + "/drivers_probe", d.name), "driver=" + driver_of(d)});
    return line(
        {text, "remove_id=" + write_text(attribute_of("fsdev_dax", "remove_id"), d.name), "driver=" + driver_of(d)});
  });
  table.add_destructive("driver.fsdev_dax.node", [](const Device& d) {
    const GivenBack back(d);
    std::string text =
        line({"unbind=" + unbind(d), "untell=" + write_text(attribute_of("device_dax", "remove_id"), d.name)});
    text = line({text, "new_id=" + write_text(attribute_of("fsdev_dax", "new_id"), d.name), "driver=" + driver_of(d)});
    return driver_of(d) == "fsdev_dax" ? line({text, node_text(d)}) : text;
  });
  table.add_destructive("driver.fsdev_dax.attributes", [](const Device& d) {
    const GivenBack back(d);
    std::string text =
        line({"unbind=" + unbind(d), "new_id=" + write_text(attribute_of("fsdev_dax", "new_id"), d.name)});
    if (driver_of(d) != "fsdev_dax") {
      return line({text, "driver=" + driver_of(d)});
    }
    text = line({text, "[" + listing(d.sysfs) + "]", "size=" + write_text(d.sysfs + "/size", "0"),
                 "align=" + write_text(d.sysfs + "/align", std::to_string(d.align))});
    text = line({text, "memmap=" + write_text(d.sysfs + "/memmap_on_memory", "0"),
                 "delete=" + write_text(directory(Place::region, d) + "/delete", d.name)});
    return line({text, "unbind=" + write_text(attribute_of("fsdev_dax", "unbind"), d.name), "driver=" + driver_of(d)});
  });
}

void add_memmap_rows(Table& table) {
  for (const char* value : {"0", "1", "2", "x", "", "y", "off", "1\n"}) {
    std::string name = value;
    name = name == "1\n" ? "1-newline" : name;
    for (const bool held : {true, false}) {
      table.add_destructive(std::string("write.") + (held ? "bound" : "unbound") + ".device.memmap_on_memory=" + name,
                            [value, held](const Device& d) {
                              const GivenBack back(d);
                              const std::string path = d.sysfs + "/memmap_on_memory";
                              if (!held) {
                                (void)unbind(d);
                              }
                              const std::string before = read_text(path).value_or("");
                              const std::string result = write_text(path, value);
                              const std::string after = read_text(path).value_or(last_error());
                              return after == before || before.empty()
                                         ? line({result, "then=" + after})
                                         : line({result, "then=" + after, "undo=" + write_text(path, before)});
                            });
    }
  }
}

} // namespace

void add_driver_rows(Table& table) {
  table.add("driver.names", [](const Device&) { return listing(std::string(kBus) + "/drivers"); });
  for (const char* driver : {"kmem", "fsdev_dax"}) {
    table.add(std::string("driver.") + driver + ".listing",
              [driver](const Device&) { return listing(attribute_of(driver, "")); });
    for (const char* name : {"bind", "unbind", "new_id", "remove_id", "uevent", "module"}) {
      table.add(std::string("driver.") + driver + ".mode." + name,
                [driver, name](const Device&) { return mode_text(attribute_of(driver, name)); });
    }
  }
  table.add("sysfs.mode.device.state", [](const Device& d) { return mode_text(d.sysfs + "/state"); });
  table.add("iomem.around-the-device", [](const Device& d) { return resources_text(d); });
  table.add_destructive("iomem.around-the-unbound-device", [](const Device& d) {
    const GivenBack back(d);
    const std::string result = unbind(d);
    return line({"unbind=" + result, resources_text(d)});
  });
  table.add_destructive("driver.default", [](const Device& d) {
    needs_small(d);
    const GivenBack back(d);
    std::string text =
        line({"unbind=" + unbind(d), "untell=" + write_text(attribute_of("device_dax", "remove_id"), d.name)});
    return line({text, "probe=" + write_text(std::string(kBus) + "/drivers_probe", d.name), "driver=" + driver_of(d)});
  });
  table.add_destructive("driver.untold.bind", [](const Device& d) {
    const GivenBack back(d);
    std::string text =
        line({"unbind=" + unbind(d), "untell=" + write_text(attribute_of("device_dax", "remove_id"), d.name)});
    return line({text, "bind=" + bind(d), "driver=" + driver_of(d)});
  });
  table.add_destructive("driver.untold-while-bound", [](const Device& d) {
    const GivenBack back(d);
    std::string text =
        line({"untell=" + write_text(attribute_of("device_dax", "remove_id"), d.name), "driver=" + driver_of(d)});
    return line({text, "again=" + write_text(attribute_of("device_dax", "remove_id"), d.name)});
  });
  table.add_destructive("driver.told-twice", [](const Device& d) {
    const GivenBack back(d);
    const std::string path = attribute_of("device_dax", "new_id");
    std::string text = line({"tell=" + write_text(path, d.name), "again=" + write_text(path, d.name)});
    text = line({text, "unbind=" + unbind(d), "driver=" + driver_of(d)});
    text = line({text, "tell=" + write_text(path, d.name), "driver=" + driver_of(d)});
    return line(
        {text, "untell=" + write_text(attribute_of("device_dax", "remove_id"), d.name), "driver=" + driver_of(d)});
  });
  table.add_destructive("driver.kmem.told", [](const Device& d) {
    needs_small(d);
    const GivenBack back(d);
    std::string text = line({"unbind=" + unbind(d), "bind=" + write_text(attribute_of("kmem", "bind"), d.name)});
    text = line({text, "new_id=" + write_text(attribute_of("kmem", "new_id"), d.name), "driver=" + driver_of(d)});
    text = line({text, "bind=" + write_text(attribute_of("kmem", "bind"), d.name), "driver=" + driver_of(d)});
    return line({text, "remove_id=" + write_text(attribute_of("kmem", "remove_id"), d.name)});
  });
  add_fsdev_rows(table);
  add_memmap_rows(table);
}

} // namespace conformance
