// sysfs as it is written: every bad value and its errno, bound and unbound, and what good values do. Rows put back what
// they change.
#include <cstdlib>
#include <set>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/ask/sysfs_tree.hpp"

namespace conformance {
namespace {

struct Bad {
  Place place;
  const char* attribute;
  const char* value; // "{A}" and "{size}" stand for the device's
};

// None of these may change anything when it is refused; what is accepted is put back.
constexpr Bad kWrites[] = {
    {Place::device, "align", "x"},
    {Place::device, "align", ""},
    {Place::device, "align", "0"},
    {Place::device, "align", "1"},
    {Place::device, "align", "3"},
    {Place::device, "align", "4095"},
    {Place::device, "align", "4096"},
    {Place::device, "align", "8192"},
    {Place::device, "align", "2097152"},
    {Place::device, "align", "1073741824"},
    {Place::device, "align", "-4096"},
    {Place::device, "align", "0x200000"},
    {Place::device, "align", "99999999999999999999"},
    {Place::device, "size", "x"},
    {Place::device, "size", ""},
    {Place::device, "size", "1"},
    {Place::device, "size", "4095"},
    {Place::device, "size", "-1"},
    {Place::device, "size", "{size}"},
    {Place::device, "size", "{size}+1A"},
    {Place::device, "size", "{size}-1A"},
    {Place::device, "size", "{size}-4k"},
    {Place::device, "size", "9223372036854775808"},
    {Place::device, "size", "99999999999999999999"},
    {Place::device, "mapping", "x"},
    {Place::device, "mapping", ""},
    {Place::device, "mapping", "0-0"},
    {Place::device, "mapping", "ffffffffffff0000-ffffffffffffffff"},
    {Place::device, "uevent", "x"},
    {Place::device, "uevent", "change"},
    {Place::device, "numa_node", "0"},
    {Place::device, "resource", "0"},
    {Place::device, "modalias", "x"},
    {Place::device, "dev", "1:1"},
    {Place::region, "create", "x"},
    {Place::region, "create", ""},
    {Place::region, "create", "0"},
    {Place::region, "create", "2"},
    {Place::region, "create", "-1"},
    {Place::region, "delete", "x"},
    {Place::region, "delete", ""},
    {Place::region, "delete", "dax99.0"},
    {Place::region, "delete", "{name}"},
    {Place::region, "align", "4096"},
    {Place::region, "size", "0"},
    {Place::region, "available_size", "0"},
    {Place::region, "id", "0"},
    {Place::region, "seed", "x"},
    {Place::driver, "bind", "x"},
    {Place::driver, "bind", ""},
    {Place::driver, "bind", "dax99.0"},
    {Place::driver, "bind", "{name}"},
    {Place::driver, "unbind", "x"},
    {Place::driver, "unbind", ""},
    {Place::driver, "unbind", "dax99.0"},
    {Place::driver, "new_id", ""},
    {Place::driver, "new_id", "x"},
    {Place::driver, "new_id", "dax0.0.0"},
    {Place::driver, "new_id", "0123456789012345678901234567890123456789"},
    {Place::driver, "remove_id", ""},
    {Place::driver, "remove_id", "x"},
    {Place::driver, "remove_id", "dax99.0"},
    {Place::memory_driver, "bind", "{name}"},
    {Place::memory_driver, "unbind", "{name}"},
    {Place::bus, "drivers_probe", "x"},
    {Place::bus, "drivers_probe", "{name}"},
    {Place::bus, "drivers_autoprobe", "x"},
};

std::string spelled(std::string value, const Device& d) {
  if (value == "{name}") {
    return d.name;
  }
  if (value == "{size}") {
    return std::to_string(d.size);
  }
  if (value == "{size}+1A") {
    return std::to_string(d.size + d.align);
  }
  if (value == "{size}-1A") {
    return std::to_string(d.size - d.align);
  }
  return value == "{size}-4k" ? std::to_string(d.size - kPage) : value;
}

// Values that only change something while no driver holds the device, and change it for good: not written then.
bool only_when_bound(const Bad& one) {
  const std::string attribute = one.attribute;
  return one.place != Place::device || (attribute != "align" && attribute != "size" && attribute != "mapping");
}

std::string put(const Device& d, const Bad& one) {
  const std::string path = directory(one.place, d) + "/" + one.attribute;
  const std::string result = write_text(path, spelled(one.value, d));
  return one.place == Place::driver && std::string(one.attribute) == "new_id" && result == "ok"
             ? line({result, "undo=" + write_text(directory(one.place, d) + "/remove_id", one.value)})
             : result;
}

// The device without its driver, for as long as this lives.
class Unbound {
public:
  explicit Unbound(const Device& device) : device_(device), result_(unbind(device)) {
    if (result_ != "ok") {
      throw Stop{"setup unbind " + result_};
    }
  }
  ~Unbound() {
    if (!bound(device_)) {
      (void)bind(device_);
    }
  }
  Unbound(const Unbound&) = delete;
  Unbound& operator=(const Unbound&) = delete;

private:
  const Device& device_;
  std::string result_;
};

std::string while_unbound(const Device& d, const Bad& one) {
  const std::string align_before = read_text(d.sysfs + "/align").value_or("");
  const std::string size_before = read_text(d.sysfs + "/size").value_or("");
  const Unbound unbound(d);
  std::string text = put(d, one);
  const std::string align_after = read_text(d.sysfs + "/align").value_or("");
  const std::string size_after = read_text(d.sysfs + "/size").value_or("");
  if (align_after != align_before) {
    text = line({text, "undo=" + write_text(d.sysfs + "/align", align_before)});
  }
  if (size_after != size_before) {
    text =
        line({text, "size=" + in_extents(static_cast<std::int64_t>(std::strtoull(size_after.c_str(), nullptr, 10)), d),
              "undo=" + write_text(d.sysfs + "/size", size_before)});
  }
  return text;
}

std::string named(const Bad& one) {
  return std::string(place_name(one.place)) + "." + one.attribute + "=" + one.value;
}

} // namespace

void add_sysfs_write_rows(Table& table) {
  for (const Bad& one : kWrites) {
    table.add_destructive("write.bound." + named(one), [one](const Device& d) { return put(d, one); });
    if (!only_when_bound(one)) {
      table.add_destructive("write.unbound." + named(one), [one](const Device& d) { return while_unbound(d, one); });
    }
  }
  table.add_destructive("write.newline-is-accepted",
                        [](const Device& d) { return write_text(d.sysfs + "/align", std::to_string(d.align) + "\n"); });
  table.add_destructive("write.region.create=1", [](const Device& d) {
    // Whatever a full region answers, and what a region with room would do: then the new device goes again.
    const auto before = read_text(d.region + "/seed");
    const std::string result = write_text(directory(Place::region, d) + "/create", "1");
    return line({result, before == read_text(d.region + "/seed") ? "seed=same" : "seed=other"});
  });
  table.add_destructive("write.region.delete-of-unbound-nonempty", [](const Device& d) {
    const Unbound unbound(d);
    return write_text(directory(Place::region, d) + "/delete", d.name);
  });
  table.add_destructive("write.resize.shrink-create-delete-grow", [](const Device& d) {
    needs_extents(d, 2);
    const std::string region = directory(Place::region, d);
    const Unbound unbound(d);
    const std::uint64_t small = d.size - std::max<std::uint64_t>(d.align, 2ULL << 20U);
    std::string text = "shrink=" + write_text(d.sysfs + "/size", std::to_string(small));
    const auto available = read_text(region + "/available_size");
    text = line(
        {text, "available=" +
                   (available ? in_extents(static_cast<std::int64_t>(std::strtoull(available->c_str(), nullptr, 10)), d)
                              : last_error())});
    const auto seed_before = read_text(region + "/seed");
    text = line({text, "create=" + write_text(region + "/create", "1")});
    const auto seed = read_text(region + "/seed");
    if (seed && seed != seed_before) {
      const std::string other = "/sys/bus/dax/devices/" + *seed;
      text = line({text, "new:", "size=" + value_text(other + "/size", d), "align=" + value_text(other + "/align", d),
                   "resource=" + value_text(other + "/resource", d)});
      text = line({text, "delete=" + write_text(region + "/delete", *seed), "gone=" + mode_text(other)});
    }
    return line({text, "grow=" + write_text(d.sysfs + "/size", std::to_string(d.size))});
  });
  table.add_destructive("write.align.then-mmap-rules-follow", [](const Device& d) {
    // Only where another align is possible: a 2M device becomes a 4K one for a moment.
    const Unbound unbound(d);
    const std::string other = d.align == kPage ? "2097152" : "4096";
    const std::string changed = write_text(d.sysfs + "/align", other);
    std::string text = line({"write=" + changed, "bind=" + bind(d)});
    const int fd = ::open(d.path.c_str(), O_RDWR);
    void* base = ::mmap(nullptr, kPage, kReadWrite, MAP_SHARED, fd, 0);
    text = line({text, "mmap-4k=" + (base == MAP_FAILED ? last_error() : "ok")});
    if (base != MAP_FAILED) {
      ::munmap(base, kPage);
    }
    ::close(fd);
    if (changed == "ok") {
      text = line({text, "unbind=" + unbind(d), "back=" + write_text(d.sysfs + "/align", std::to_string(d.align))});
    }
    return text;
  });
}

} // namespace conformance
