// What whoever watches /dev is told when a device's node comes or goes. devtmpfs makes and removes a file there, of
// which fsnotify_create() and fsnotify_unlink() tell; here the node's own file stands for it, and it gets a change of
// its times that nothing else makes: of the access time alone (fsnotify_change(): IN_ACCESS) when it comes, of the
// modification time alone (IN_MODIFY) when it goes. runtime/preload/paths/watched_nodes.hpp reads them.
#pragma once

#include "emu/store/records/records.hpp"

namespace daxemu::dax {

enum class NodeNews { came, went };

// Says nothing where the file cannot be reached (another user, another /proc).
void tell_watchers(const store::NodeRecord& node, NodeNews news);

} // namespace daxemu::dax
