// daxemu create NAME: a platform that survives processes. daxemu destroy NAME: the end of it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/plan/device_flags.hpp"
#include "runtime/cli/platforms/image_use.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

class CreateVerb final : public Verb {
public:
  explicit CreateVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("create", "Make a named platform, which lives until it is destroyed");
    verb.add_option("name", name_, "Its name")->required()->type_name("NAME");
    add_device_flags(verb, flags_);
  }

  int run(const std::vector<std::string>& /*command*/) override {
    const auto wish = read_device_flags(flags_);
    if (!wish) {
      complain(wish.error());
      return kExitRefused;
    }
    if (auto settled = settle_images(wish->platform); !settled) {
      complain(settled.error());
      return kExitRefused;
    }
    if (auto made = create_named(name_, wish->platform); !made) {
      complain(made.error());
      return kExitRefused;
    }
    return 0;
  }

private:
  std::string name_;
  DeviceFlags flags_;
};

class DestroyVerb final : public Verb {
public:
  explicit DestroyVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("destroy", "Remove a named platform and what its devices hold");
    verb.add_option("name", name_, "Its name")->required()->type_name("PLATFORM");
    verb.add_flag("--force", force_, "Even while processes use it");
    verb.add_flag("--keep", keep_, "Write its devices back to their images first");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    if (keep_) {
      auto store = open_platform(name_);
      if (!store) {
        return refuse_with({store.error(), kExitRefused});
      }
      if (auto saved = write_back(*store, progress_line("written back")); !saved) {
        return refuse_with({saved.error(), kExitRefused});
      }
    }
    if (auto gone = destroy_named(name_, force_); !gone) {
      complain(gone.error());
      return kExitRefused;
    }
    return 0;
  }

private:
  std::string name_;
  bool force_ = false;
  bool keep_ = false;
};

} // namespace

std::unique_ptr<Verb> add_create_verb(CLI::App& app) {
  return std::make_unique<CreateVerb>(app);
}
std::unique_ptr<Verb> add_destroy_verb(CLI::App& app) {
  return std::make_unique<DestroyVerb>(app);
}

} // namespace daxemu::cli
