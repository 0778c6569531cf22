// daxemu sync NAME: write the devices back to their images. daxemu crash NAME: the power fails.
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/images/memdev_images.hpp"
#include "runtime/cli/plan/words.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

class SyncVerb final : public Verb {
public:
  explicit SyncVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("sync", "Write a platform's devices back to their images");
    verb.add_option("name", name_, "Its name")->required()->type_name("PLATFORM");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    auto store = open_platform(name_);
    if (!store) {
      return refuse_with({store.error(), kExitRefused});
    }
    const bool has_memdevs = has_memdev_images(*store);
    if (!has_image(*store) && !has_memdevs) {
      return refuse_with({{EINVAL, fmt::format("no device of platform {} has an image", name_),
                           "make one with an image: daxemu create NAME --image FILE"},
                          kExitRefused});
    }
    if (has_memdevs) {
      const auto saved = sync_memdevs(*store);
      if (!saved) {
        return refuse_with({saved.error(), kExitRefused});
      }
      fmt::print("{} device{} written to the images of memdevs\n", *saved, *saved == 1 ? "" : "s");
      if (!has_image(*store)) {
        return 0;
      }
    }
    const auto totals = write_back(*store, progress_line("written back"));
    if (!totals) {
      return refuse_with({totals.error(), kExitRefused});
    }
    fmt::print("{} of {} touched extents had changed, {} written\n", totals->written, totals->examined,
               size_text(totals->bytes));
    return 0;
  }

private:
  std::string name_;
};

class CrashVerb final : public Verb {
public:
  explicit CrashVerb(CLI::App& app) {
    CLI::App& verb =
        *app.add_subcommand("crash", "Let the power of a platform fail: kill its processes, lose what was not synced");
    verb.add_option("name", name_, "Its name")->required()->type_name("PLATFORM");
    verb.add_option("--lose", lose_,
                    "dirty: changed extents are again as at the last sync; torn: some of their pages are; "
                    "all: everything, and the images (default dirty)")
        ->type_name("dirty|torn|all");
    verb.add_option("--seed", seed_, "Which pages torn loses: the same seed, the same pages (default: random, printed)")
        ->type_name("NUMBER");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    constexpr Word<Loss> kLosses[] = {{"dirty", Loss::dirty}, {"torn", Loss::torn}, {"all", Loss::all}};
    Loss loss = Loss::dirty;
    if (auto read = read_word("--lose", lose_, kLosses, loss); !read) {
      return refuse_with({read.error(), kExitRefused});
    }
    auto store = open_platform(name_);
    if (!store) {
      return refuse_with({store.error(), kExitRefused});
    }
    const std::uint64_t seed = seed_.value_or(std::random_device()());
    const auto report = crash(*store, loss, seed, progress_line("as before the last sync"));
    if (!report) {
      return refuse_with({report.error(), kExitRefused});
    }
    fmt::print("{} processes killed, {} extents had changed since the last sync, seed {}\n", report->killed,
               report->changed, seed);
    return 0;
  }

private:
  std::string name_;
  std::string lose_ = "dirty";
  std::optional<std::uint64_t> seed_;
};

} // namespace

std::unique_ptr<Verb> add_sync_verb(CLI::App& app) {
  return std::make_unique<SyncVerb>(app);
}
std::unique_ptr<Verb> add_crash_verb(CLI::App& app) {
  return std::make_unique<CrashVerb>(app);
}

} // namespace daxemu::cli
