// The directories that other directories mention, each described in the file of its name.
#pragma once

#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

extern const Directory kRoot;         // root_directory.cpp: down to where emulated things begin
extern const Directory kDaxBus;       // dax_bus.cpp: /sys/bus/dax
extern const Directory kHmemPlatform; // hmem_platform.cpp: /sys/devices/platform/hmem_platform.0
extern const Directory kHmemPlatformDriver;
extern const Directory kHmemRegion;       // hmem_region.cpp: /sys/devices/platform/hmem.N
extern const Directory kHmemDriver;       // hmem_region.cpp: /sys/bus/platform/drivers/hmem
extern const Directory kDaxRegion;        // dax_region.cpp: the dax_region group
extern const Directory kDaxDevice;        // dax_device.cpp: daxX.Y
extern const Directory kE820Pmem;         // nd_platform.cpp: /sys/devices/platform/e820_pmem
extern const Directory kE820PmemDriver;   // nd_platform.cpp: /sys/bus/platform/drivers/e820_pmem
extern const Directory kNdClass;          // nd_platform.cpp: /sys/class/nd
extern const Directory kNdBus;            // nd_bus.cpp: /sys/bus/nd
extern const Directory kNdRegion;         // nd_region.cpp: regionN
extern const Directory kNdNamespace;      // nd_namespace.cpp: namespaceX.Y
extern const Directory kNdPmemNamespace;  // nd_pmem_namespace.cpp: namespaceX.Y of a region with labels
extern const Directory kCxlNdBus;         // nd_cxl_bus.cpp: ndbusN below nvdimm-bridge0
extern const Directory kNdDimm;           // nd_dimm.cpp: nmemN
extern const Directory kNdCharacter;      // nd_platform.cpp: ndbus0/nd
extern const Directory kNfitMachine;      // nd_nfit_bus.cpp: /sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00
extern const Directory kNfitPlatform;     // nd_nfit_bus.cpp: /sys/devices/platform/ACPI0012:00
extern const Directory kNfitMock;         // nd_nfit_bus.cpp: /sys/devices/platform/nfit_test.0
extern const Directory kNfitDimm;         // nd_nfit_bus.cpp: nmemN/nfit
extern const Directory kNdDisks;          // nd_disk.cpp: namespaceX.Y/block
extern const Directory kHolderDisks;      // nd_disk.cpp: pfnX.Y/block, bttX.Y/block
extern const Directory kBlockClass;       // nd_disk.cpp: /sys/class/block, /sys/block
extern const Directory kBlockNumbers;     // nd_disk.cpp: /sys/dev/block
extern const Directory kNdBtt;            // nd_holder.cpp: bttX.Y
extern const Directory kNdPfn;            // nd_holder.cpp: pfnX.Y, daxX.Y of the nd bus
extern const Directory kMemoryBlocks;     // memory_block.cpp: /sys/devices/system/memory
extern const Directory kMemoryBusDevices; // memory_block.cpp: /sys/bus/memory/devices
extern const Directory kMemoryNodes;      // memory_node.cpp: /sys/devices/system/node
extern const Directory kNodeBusDevices;   // memory_node.cpp: /sys/bus/node/devices
extern const Directory kModules;          // modules.cpp: /sys/module

// Of CXL (emu/sysfs/cxl).
extern const Directory kCxlBus;             // cxl_bus.cpp: /sys/bus/cxl
extern const Directory kCxlDev;             // cxl_memdev.cpp: /dev/cxl
extern const Directory kCxlMemdev;          // cxl_memdev.cpp: memN
extern const Directory kCxlNvdimm;          // cxl_derived.cpp: pmemN
extern const Directory kCxlBridge;          // cxl_derived.cpp: nvdimm-bridge0
extern const Directory kCxlDaxRegion;       // cxl_derived.cpp: dax_regionN
extern const Directory kCxlPmemRegion;      // cxl_derived.cpp: pmem_regionN
extern const Directory kCxlPort;            // cxl_port.cpp: rootN, portN, endpointN
extern const Directory kCxlRootDecoder;     // cxl_decoder.cpp: decoderP.D of a root
extern const Directory kCxlSwitchDecoder;   // cxl_decoder.cpp: of a host bridge or switch
extern const Directory kCxlEndpointDecoder; // cxl_decoder.cpp: of an endpoint
extern const Directory kCxlRegion;          // cxl_region.cpp: regionN
extern const Directory kCxlPlatform;        // cxl_platform.cpp: /sys/devices/platform/ACPI0017:00
extern const Directory kCxlAcpiDriver;      // cxl_platform.cpp: /sys/bus/platform/drivers/cxl_acpi
extern const Directory kCxlFirmware;        // cxl_firmware.cpp: /sys/devices/LNXSYSTM:00
extern const Directory kCxlAcpiBus;         // cxl_firmware.cpp: /sys/bus/acpi
extern const Directory kCxlHostBridge;      // pci_bus.cpp: /sys/devices/pci0000:0c
extern const Directory kCxlPciBus;          // pci_bus.cpp: /sys/bus/pci
extern const Directory kCxlDebug;           // cxl_debug.cpp: /sys/kernel/debug/cxl
extern const Directory kTracing;            // tracing.cpp: /sys/kernel/tracing
extern const Directory kCxlMockDevice;      // mock_device.cpp: cxl_host_bridge.N and what is below it
extern const Directory kCxlMockDriver;      // mock_device.cpp: /sys/bus/platform/drivers/cxl_mock_mem

} // namespace daxemu::sysfs
