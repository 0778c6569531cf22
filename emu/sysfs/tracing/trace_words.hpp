// What numbers of events are called (drivers/cxl/core/trace.h; CXL 3.1 8.2.9.2.1).
#pragma once

#include "emu/sysfs/tracing/trace_events.hpp"

namespace daxemu::sysfs::named {

inline constexpr Named kLogs[] = {{0, "Informational"}, {1, "Warning"}, {2, "Failure"}, {3, "Fatal"}};
inline constexpr Named kHeaderFlags[] = {{4, "PERMANENT_CONDITION"},
                                         {8, "MAINTENANCE_NEEDED"},
                                         {16, "PERFORMANCE_DEGRADED"},
                                         {32, "HARDWARE_REPLACEMENT_NEEDED"},
                                         {64, "MAINT_OP_SUB_CLASS_VALID"},
                                         {128, "LD_ID_VALID"},
                                         {256, "HEAD_ID_VALID"}};
inline constexpr Named kAddressFlags[] = {{1, "VOLATILE"}, {2, "NOT_REPAIRABLE"}};
inline constexpr Named kDescriptors[] = {
    {1, "UNCORRECTABLE_EVENT"}, {2, "THRESHOLD_EVENT"}, {4, "POISON_LIST_OVERFLOW"}};
inline constexpr Named kMediaTypes[] = {
    {0, "ECC Error"},          {1, "Invalid Address"},       {2, "Data Path Error"},
    {3, "TE State Violation"}, {4, "Scrub Media ECC Error"}, {5, "Adv Prog CME Counter Expiration"},
    {6, "CKID Violation"}};
inline constexpr Named kDramTypes[] = {
    {0, "ECC Error"},          {1, "Scrub Media ECC Error"},           {2, "Invalid Address"}, {3, "Data Path Error"},
    {4, "TE State Violation"}, {5, "Adv Prog CME Counter Expiration"}, {6, "CKID Violation"}};
inline constexpr Named kSubTypes[] = {{0, "Not Reported"},
                                      {1, "Internal Datapath Error"},
                                      {2, "Media Link Command Training Error"},
                                      {3, "Media Link Control Training Error"},
                                      {4, "Media Link Data Training Error"},
                                      {5, "Media Link CRC Error"}};
inline constexpr Named kTransactions[] = {{0, "Unknown"},
                                          {1, "Host Read"},
                                          {2, "Host Write"},
                                          {3, "Host Scan Media"},
                                          {4, "Host Inject Poison"},
                                          {5, "Internal Media Scrub"},
                                          {6, "Internal Media Management"},
                                          {7, "Internal Media Error Check Scrub"},
                                          {8, "Media Initialization"}};
inline constexpr Named kMediaValid[] = {
    {1, "CHANNEL"}, {2, "RANK"}, {4, "DEVICE"}, {8, "COMPONENT"}, {16, "COMPONENT PLDM FORMAT"}};
inline constexpr Named kDramValid[] = {{1, "CHANNEL"},       {2, "RANK"},
                                       {4, "NIBBLE"},        {8, "BANK GROUP"},
                                       {16, "BANK"},         {32, "ROW"},
                                       {64, "COLUMN"},       {128, "CORRECTION MASK"},
                                       {256, "COMPONENT"},   {512, "COMPONENT PLDM FORMAT"},
                                       {1024, "SUB CHANNEL"}};
inline constexpr Named kModuleValid[] = {{1, "COMPONENT"}, {2, "COMPONENT PLDM FORMAT"}};
inline constexpr Named kThresholds[] = {{1, "Corrected Memory Errors in Multiple Media Components"},
                                        {2, "Exceeded Programmable Threshold"}};
inline constexpr Named kComponents[] = {{1, "PLDM Entity ID"}, {2, "Resource ID"}};
inline constexpr Named kModuleTypes[] = {{0, "Health Status Change"},
                                         {1, "Media Status Change"},
                                         {2, "Life Used Change"},
                                         {3, "Temperature Change"},
                                         {4, "Data Path Error"},
                                         {5, "LSA Error"},
                                         {6, "Unrecoverable Internal Sideband Bus Error"},
                                         {7, "Memory Media FRU Error"},
                                         {8, "Power Management Fault"}};
inline constexpr Named kModuleSubTypes[] = {{0, "Not Reported"},
                                            {1, "Invalid Config Data"},
                                            {2, "Unsupported Config Data"},
                                            {3, "Unsupported Memory Media FRU"}};
inline constexpr Named kHealth[] = {
    {1, "MAINTENANCE_NEEDED"}, {2, "PERFORMANCE_DEGRADED"}, {4, "REPLACEMENT_NEEDED"}, {8, "MEM_CAPACITY_DEGRADED"}};
inline constexpr Named kMediaStatus[] = {{0, "Normal"},
                                         {1, "Not Ready"},
                                         {2, "Write Persistency Lost"},
                                         {3, "All Data Lost"},
                                         {4, "Write Persistency Loss in the Event of Power Loss"},
                                         {5, "Write Persistency Loss in Event of Shutdown"},
                                         {6, "Write Persistency Loss Imminent"},
                                         {7, "All Data Loss in Event of Power Loss"},
                                         {8, "All Data loss in the Event of Shutdown"},
                                         {9, "All Data Loss Imminent"}};
inline constexpr Named kSeverity[] = {{0, "Normal"}, {1, "Warning"}, {2, "Critical"}};
inline constexpr Named kPoisonTypes[] = {{0, "List"}, {1, "Inject"}, {2, "Clear"}};
inline constexpr Named kPoisonSources[] = {{0, "Unknown"},  {1, "External"}, {2, "Internal"}, {3, "Injected"},
                                           {4, "Reserved"}, {5, "Reserved"}, {6, "Reserved"}, {7, "Vendor"}};

} // namespace daxemu::sysfs::named
