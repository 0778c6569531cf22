// What the commands of devices do, by subject; device.cpp has the tables that name them.
#pragma once

#include "emu/cxl/mailbox/device.hpp"

namespace daxemu::cxl {

// device_identity.cpp
Answer identify(const Request& request);
Answer get_partition_info(const Request& request);
Answer set_partition_info(const Request& request);
Answer get_timestamp(const Request& request);
Answer get_health_info(const Request& request);
Answer get_scan_media_caps(const Request& request);
Answer get_fw_info(const Request& request);

// device_logs.cpp
Answer get_supported_logs(const Request& request);
Answer get_log(const Request& request);
Answer get_lsa(const Request& request);
Answer set_lsa(const Request& request);

} // namespace daxemu::cxl
