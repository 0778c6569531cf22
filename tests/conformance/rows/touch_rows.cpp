// Loads and stores: inside, at the edges, beyond the end, and against the protection.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

struct Spot {
  const char* name;
  std::int64_t (*offset)(const Device&); // from the start of the device
};

constexpr Spot kSpots[] = {
    {"first", [](const Device&) -> std::int64_t { return 0; }},
    {"odd", [](const Device&) -> std::int64_t { return 4095; }},
    {"end-of-extent", [](const Device& d) { return static_cast<std::int64_t>(d.align - 1); }},
    {"next-extent", [](const Device& d) { return static_cast<std::int64_t>(d.align); }},
    {"last-byte", [](const Device& d) { return static_cast<std::int64_t>(d.size - 1); }},
    {"end", [](const Device& d) { return static_cast<std::int64_t>(d.size); }},
    {"end+1b", [](const Device& d) { return static_cast<std::int64_t>(d.size + 1); }},
    {"end+4k", [](const Device& d) { return static_cast<std::int64_t>(d.size + kPage); }},
    {"end+1A-1b", [](const Device& d) { return static_cast<std::int64_t>(d.size + d.align - 1); }},
    {"end+1A", [](const Device& d) { return static_cast<std::int64_t>(d.size + d.align); }},
};

// The whole device and two extents more.
View longer(const Device& d) {
  const std::uint64_t length = d.size + 2 * d.align;
  void* base = ::mmap(nullptr, length, kReadWrite, MAP_SHARED, opened(d), 0);
  if (base == MAP_FAILED) {
    throw Stop{"setup mmap " + last_error()};
  }
  return {static_cast<char*>(base), length};
}

} // namespace

void add_touch_rows(Table& table) {
  for (const Spot& spot : kSpots) {
    table.add(std::string("touch.load.at=") + spot.name,
              [spot](const Device& d) { return load_text(longer(d).base + spot.offset(d)); });
    table.add(std::string("touch.store.at=") + spot.name, [spot](const Device& d) {
      char* address = longer(d).base + spot.offset(d);
      return line({store_text(address, 0x42), "back=" + load_text(address, 0x42)});
    });
  }
  table.add("touch.beyond-then-inside", [](const Device& d) {
    const View view = longer(d);
    const std::string first = load_text(view.base + d.size);
    return line({"beyond=" + first, "inside=" + load_text(view.base), "beyond=" + load_text(view.base + d.size)});
  });
  table.add("touch.copy-across-the-end", [](const Device& d) {
    const View view = longer(d);
    char* from = view.base + d.size - 100;
    char copy[200];
    const Touch touch = guarded(view.base + d.size, [&] {
      for (int i = 0; i < 200; ++i) {
        copy[i] = static_cast<const volatile char*>(from)[i];
      }
    });
    return touch.text();
  });
  table.add("touch.misaligned-word-across-extents", [](const Device& d) {
    const View view = mapped(d, 2);
    const Touch touch = guarded(view.base + d.align, [&] {
      const std::uint64_t value = 0x1122334455667788ULL;
      std::memcpy(view.base + d.align - 3, &value, sizeof value);
    });
    return line({touch.text(), load_text(view.base + d.align - 3, 0x88), load_text(view.base + d.align, 0x55)});
  });
  table.add("touch.store.prot=r", [](const Device& d) { return store_text(mapped(d, 1, 0, PROT_READ).base); });
  table.add("touch.load.prot=w", [](const Device& d) { return load_text(mapped(d, 1, 0, PROT_WRITE).base); });
  table.add("touch.load.prot=none", [](const Device& d) { return load_text(mapped(d, 1, 0, PROT_NONE).base); });
  table.add("touch.execute.prot=rx", [](const Device& d) {
    const View rw = mapped(d);
    const View rx = mapped(d, 1, 0, PROT_READ | PROT_EXEC);
    store(rw.base, 0xc3); // ret
    return guarded(rx.base, [&] { reinterpret_cast<void (*)()>(rx.base)(); }).text();
  });
  table.add("touch.execute.prot=rw", [](const Device& d) {
    const View rw = mapped(d);
    store(rw.base, 0xc3);
    return guarded(rw.base, [&] { reinterpret_cast<void (*)()>(rw.base)(); }).text();
  });
  table.add("touch.load-then-store-same-extent", [](const Device& d) {
    const View view = mapped(d);
    const std::string first = load_text(view.base);
    return line({"load=" + first, "store=" + store_text(view.base, 9), "back=" + load_text(view.base, 9)});
  });
  table.add("touch.read-view-sees-writes", [](const Device& d) {
    const View reader = mapped(d, 1, 0, PROT_READ);
    (void)load(reader.base + 8);
    const View writer = mapped(d);
    store(writer.base + 8, 0x6b);
    return load_text(reader.base + 8, 0x6b);
  });
  table.add("touch.data-outlives-mapping-and-descriptor", [](const Device& d) {
    const View view = mapped(d);
    store(view.base + 16, 0x6c);
    ::munmap(view.base, view.length);
    return load_text(mapped(d).base + 16, 0x6c);
  });
  table.add("touch.extents-are-distinct", [](const Device& d) {
    const std::uint64_t count = d.extents() < 8 ? d.extents() : 8;
    const View view = mapped(d, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      store(view.base + i * d.align, static_cast<unsigned char>(i + 1));
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      if (load_text(mapped(d, 1, i).base, static_cast<unsigned char>(i + 1)) != "ok") {
        return "extent " + std::to_string(i) + " differs";
      }
    }
    return std::string("ok");
  });
  table.add("touch.eight-threads-one-extent", [](const Device& d) {
    const View view = mapped(d);
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 8; ++i) {
      threads.emplace_back([&view, i] { view.base[i * 64] = static_cast<char>(i + 1); });
    }
    for (std::thread& one : threads) {
      one.join();
    }
    std::uint64_t right = 0;
    for (std::uint64_t i = 0; i < 8; ++i) {
      right += load(view.base + i * 64).value == i + 1 ? 1 : 0;
    }
    return "right=" + std::to_string(right);
  });
  table.add("touch.threads-race-for-extents", [](const Device& d) {
    const std::uint64_t extents = std::min<std::uint64_t>(d.extents(), 8);
    const View view = mapped(d, extents);
    const View before = mapped(d, extents);
    for (std::uint64_t extent = 0; extent < extents; ++extent) {
      std::memset(before.base + extent * d.align + 128, 0, sizeof(int));
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (std::uint64_t extent = 0; extent < extents; ++extent) {
          // Each extent's word is raised by all four.
          auto* word = reinterpret_cast<std::atomic<int>*>(view.base + extent * d.align + 128);
          word->fetch_add(1);
        }
      });
    }
    for (std::thread& one : threads) {
      one.join();
    }
    bool all = true;
    for (std::uint64_t extent = 0; extent < extents; ++extent) {
      all = all && load(before.base + extent * d.align + 128).value == 4;
    }
    return std::string(all ? "all" : "some");
  });
  table.add("touch.signal-on-its-own-stack", [](const Device& d) {
    stack_t stack{};
    stack.ss_sp = anonymous(16 * kPage);
    stack.ss_size = 16 * kPage;
    (void)::sigaltstack(&stack, nullptr);
    return load_text(longer(d).base + d.size);
  });
  table.add("touch.signal-in-a-thread", [](const Device& d) {
    const View view = longer(d);
    std::string text;
    std::thread other([&] { text = load_text(view.base + d.size); });
    other.join();
    return text;
  });
  table.add("touch.unhandled-is-fatal", [](const Device& d) {
    const View view = longer(d);
    return in_child([&] {
      *static_cast<volatile char*>(view.base + d.size) = 1;
      return std::string("lived");
    });
  });
  table.add("touch.blocked-signal-is-fatal", [](const Device& d) {
    const View view = longer(d);
    return in_child([&] {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGBUS);
      ::sigprocmask(SIG_BLOCK, &set, nullptr);
      return load_text(view.base + d.size);
    });
  });
  table.add("touch.ignored-signal-is-fatal", [](const Device& d) {
    const View view = longer(d);
    return in_child([&] {
      ::signal(SIGBUS, SIG_IGN);
      *static_cast<volatile char*>(view.base + d.size) = 1;
      return std::string("lived");
    });
  });
}

} // namespace conformance
