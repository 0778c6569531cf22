// sysfs as it is read: what is there, its mode, its value, and where links lead.
#include <climits>
#include <cstdlib>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/ask/sysfs_tree.hpp"

namespace conformance {
namespace {

struct Attribute {
  Place place;
  const char* name;
  bool read = true; // its value belongs to the interface and is the same on every machine
};

// Of both region kinds: where a kind lacks one the row says ENOENT.
constexpr Attribute kAttributes[] = {
    {Place::device, "align"},
    {Place::device, "dev"},
    {Place::device, "mapping"},
    {Place::device, "modalias"},
    {Place::device, "numa_node", false},
    {Place::device, "resource"},
    {Place::device, "size"},
    {Place::device, "uevent"},
    {Place::device, "memmap_on_memory"},
    {Place::device, "driver", false},
    {Place::device, "subsystem", false},
    {Place::device, "mapping0", false},
    {Place::device, "power", false},
    {Place::mapping, "start"},
    {Place::mapping, "end"},
    {Place::mapping, "page_offset"},
    {Place::mapping, "uevent"},
    {Place::region, "align"},
    {Place::region, "available_size"},
    {Place::region, "create"},
    {Place::region, "delete"},
    {Place::region, "id"},
    {Place::region, "region_size"},
    {Place::region, "resource"},
    {Place::region, "seed"},
    {Place::region, "size"},
    {Place::bus, "drivers_autoprobe"},
    {Place::bus, "drivers_probe"},
    {Place::bus, "uevent"},
    {Place::driver, "bind"},
    {Place::driver, "unbind"},
    {Place::driver, "new_id"},
    {Place::driver, "remove_id"},
    {Place::driver, "uevent"},
    {Place::driver, "module", false},
};

std::string link_text(const std::string& path, const Device& d) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) {
    return last_error();
  }
  const std::string target = resolved;
  return target == d.sysfs ? "device" : (target == kBus || target == kDriver ? target : "elsewhere");
}

std::string raw_link(const std::string& path) {
  char target[PATH_MAX] = {};
  if (::readlink(path.c_str(), target, sizeof target - 1) < 0) {
    return last_error();
  }
  return target[0] == '.' ? "relative" : (target[0] == '/' ? "absolute" : "name");
}

std::string char_link(const Device& d) {
  return "/sys/dev/char/" + std::to_string(major(d.rdev)) + ":" + std::to_string(minor(d.rdev));
}

std::uint64_t hexadecimal(const std::string& path) {
  const auto text = read_text(path);
  return text ? std::strtoull(text->c_str(), nullptr, 16) : 0;
}

} // namespace

void add_sysfs_rows(Table& table) {
  for (const Attribute& one : kAttributes) {
    const std::string name = std::string(place_name(one.place)) + "." + one.name;
    table.add("sysfs.mode." + name,
              [one](const Device& d) { return mode_text(directory(one.place, d) + "/" + one.name); });
    if (one.read) {
      table.add("sysfs.value." + name,
                [one](const Device& d) { return value_text(directory(one.place, d) + "/" + one.name, d); });
    }
  }
  // Which node is the machine's affair; how it is told is not.
  table.add("sysfs.value.device.numa_node", [](const Device& d) {
    const auto text = read_text(d.sysfs + "/numa_node");
    return !text ? last_error() : (std::atoi(text->c_str()) >= -1 ? "a node or -1" : *text);
  });
  table.add("sysfs.value.device.target_node", [](const Device& d) {
    // dev_dax_visible: only a device that has one shows it.
    const auto text = read_text(d.sysfs + "/target_node");
    if (!text) {
      return std::string(errno == ENOENT ? "fits" : last_error());
    }
    const std::string mode = mode_text(d.sysfs + "/target_node");
    return std::atoi(text->c_str()) >= 0 && mode == "mode=100444 size=4096" ? std::string("fits") : line({*text, mode});
  });
  for (const Place place : {Place::device, Place::region, Place::mapping, Place::bus, Place::driver}) {
    table.add(std::string("sysfs.listing.") + place_name(place),
              [place](const Device& d) { return listing(directory(place, d)); });
  }
  table.add("sysfs.listing.devices", [](const Device&) { return listing("/sys/bus/dax/devices"); });
  table.add("sysfs.listing.class", [](const Device&) { return listing("/sys/class/dax"); });
  table.add("sysfs.link.bus-devices", [](const Device& d) { return link_text("/sys/bus/dax/devices/" + d.name, d); });
  table.add("sysfs.link.bus-devices.raw", [](const Device& d) { return raw_link("/sys/bus/dax/devices/" + d.name); });
  table.add("sysfs.link.dev-char", [](const Device& d) { return link_text(char_link(d), d); });
  table.add("sysfs.link.dev-char.raw", [](const Device& d) { return raw_link(char_link(d)); });
  table.add("sysfs.link.dev-char.subsystem", [](const Device& d) { return link_text(char_link(d) + "/subsystem", d); });
  table.add("sysfs.link.subsystem", [](const Device& d) { return link_text(d.sysfs + "/subsystem", d); });
  table.add("sysfs.link.driver", [](const Device& d) { return link_text(d.sysfs + "/driver", d); });
  table.add("sysfs.link.driver-to-device",
            [](const Device& d) { return link_text(std::string(kDriver) + "/" + d.name, d); });
  table.add("sysfs.mapping0.covers-the-device", [](const Device& d) {
    const std::uint64_t start = hexadecimal(d.sysfs + "/mapping0/start");
    const std::uint64_t end = hexadecimal(d.sysfs + "/mapping0/end");
    const std::uint64_t resource = hexadecimal(d.sysfs + "/resource");
    return line({"length=" + in_extents(static_cast<std::int64_t>(end - start + 1), d),
                 start == resource ? "start=resource" : "start=other"});
  });
  table.add("sysfs.open.absent-attribute",
            [](const Device& d) { return said_ok(::open((d.sysfs + "/nothing").c_str(), O_RDONLY)); });
  table.add("sysfs.open.read-only-attribute-for-writing",
            [](const Device& d) { return said_ok(::open((d.sysfs + "/resource").c_str(), O_WRONLY)); });
  table.add("sysfs.open.write-only-attribute-for-reading",
            [](const Device&) { return said_ok(::open((std::string(kDriver) + "/bind").c_str(), O_RDONLY)); });
  table.add("sysfs.open.creat",
            [](const Device& d) { return said_ok(::open((d.sysfs + "/nothing").c_str(), O_RDWR | O_CREAT, 0600)); });
  table.add("sysfs.open.excl", [](const Device& d) {
    return said_ok(::open((d.sysfs + "/size").c_str(), O_RDWR | O_CREAT | O_EXCL, 0600));
  });
  table.add("sysfs.open.directory", [](const Device& d) { return said_ok(::open(d.sysfs.c_str(), O_RDWR)); });
  table.add("sysfs.read.in-pieces", [](const Device& d) {
    const int fd = ::open((d.sysfs + "/size").c_str(), O_RDONLY);
    char byte[2] = {};
    const long first = ::read(fd, byte, 1);
    const long second = ::read(fd, byte + 1, 1);
    const auto text = read_text(d.sysfs + "/size").value_or("");
    return line({said(first), said(second), text.substr(0, 2) == std::string(byte, 2) ? "digits" : "other"});
  });
  table.add("sysfs.read.rewound", [](const Device& d) {
    const int fd = ::open((d.sysfs + "/size").c_str(), O_RDONLY);
    char text[64];
    const long first = ::read(fd, text, sizeof text);
    const long at_end = ::read(fd, text, sizeof text);
    const long rewound = ::lseek(fd, 0, SEEK_SET);
    const long again = ::read(fd, text, sizeof text);
    return line({first > 0 ? "some" : said(first), "end=" + said(at_end), "seek=" + said(rewound),
                 again == first ? "same" : "other"});
  });
  table.add("sysfs.read.ends-with-newline", [](const Device& d) {
    const int fd = ::open((d.sysfs + "/size").c_str(), O_RDONLY);
    char text[64];
    const long got = ::read(fd, text, sizeof text);
    return std::string(got > 0 && text[got - 1] == '\n' ? "yes" : "no");
  });
  table.add("sysfs.read.at-offset", [](const Device& d) {
    const int fd = ::open((d.sysfs + "/size").c_str(), O_RDONLY);
    char text[64] = {};
    const long got = ::pread(fd, text, sizeof text, 1);
    const auto whole = read_text(d.sysfs + "/size").value_or("");
    return std::string(got > 0 && whole.substr(1) + "\n" == std::string(text, static_cast<std::size_t>(got)) ? "tail"
                                                                                                             : "other");
  });
  for (const char* name : {"size", "align", "dev"}) {
    table.add(std::string("sysfs.mmap.") + name, [name](const Device& d) {
      const int fd = ::open((d.sysfs + "/" + name).c_str(), O_RDONLY);
      return said_ok(reinterpret_cast<long>(::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, 0)));
    });
  }
  table.add("sysfs.access.attribute", [](const Device& d) {
    return line({"r=" + said(::access((d.sysfs + "/size").c_str(), R_OK)),
                 "x=" + said(::access((d.sysfs + "/size").c_str(), X_OK))});
  });
  table.add("sysfs.stat.directory", [](const Device& d) { return mode_text(d.sysfs); });
  table.add("sysfs.unlink", [](const Device& d) { return said(::unlink((d.sysfs + "/size").c_str())); });
  table.add("sysfs.mkdir", [](const Device& d) { return said(::mkdir((d.sysfs + "/x").c_str(), 0700)); });
  table.add("sysfs.truncate", [](const Device& d) { return said(::truncate((d.sysfs + "/size").c_str(), 0)); });
}

} // namespace conformance
