// The style sheet of reports. Colours are chosen for both kinds of page, and to be told apart by most eyes; what they
// say is said in words by the legend and the tips.
#pragma once

namespace daxemu::cli {

inline constexpr const char* kReportStyle = R"(
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c2126; --faint: #66707a; --rule: #dde2e7; --card: #f6f8fa;
  --untouched: #eceff2; --mapped: #cfe3f5; --touch1: #9cc8ee; --touch2: #5ba3dd; --touch3: #2274b8; --touch4: #0b4a82;
  --pinned: #8e44ad; --poison: #d62828; --bar: #e07b00; }
@media (prefers-color-scheme: dark) { :root { --page: #14181c; --ink: #e4e8ec; --faint: #95a0ab; --rule: #313941;
  --card: #1c2229; --untouched: #262d34; --mapped: #22405a; --touch1: #2b6494; --touch2: #3d8bc9; --touch3: #6db3e8;
  --touch4: #a9d6f8; --pinned: #c084dc; --poison: #ff5c5c; --bar: #f5a340; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 20px 60px; max-width: 1120px; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 34px 0 6px; }
h1 code { font-size: 19px; overflow-wrap: anywhere; } .word { display: inline-block; max-width: 100%; }
p { margin: 4px 0 10px; color: var(--faint); } p.warn { color: var(--poison); }
code, td, th, svg text { font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 8px 14px; min-width: 118px; }
.tile b { display: block; font-size: 20px; font-weight: 600; } .tile span { color: var(--faint); font-size: 13px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; } th { text-align: left; color: var(--faint); font-weight: 500; }
td, th { padding: 3px 18px 3px 0; border-bottom: 1px solid var(--rule); white-space: nowrap; }
td.n, th.n { text-align: right; } td.warn { color: var(--poison); } td.text { white-space: normal; min-width: 22em; overflow-wrap: anywhere; font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 13px; }
svg { display: block; width: 100%; min-width: 680px; height: auto; }
svg text { fill: var(--faint); font-size: 11.5px; } svg text.ink { fill: var(--ink); }
svg line { stroke: var(--rule); stroke-width: 1; }
.untouched { fill: var(--untouched); } .mapped { fill: var(--mapped); } .touch1 { fill: var(--touch1); }
.touch2 { fill: var(--touch2); } .touch3 { fill: var(--touch3); } .touch4 { fill: var(--touch4); }
.pinned { fill: var(--pinned); } .poison { fill: var(--poison); } .bar { fill: var(--bar); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 4px 0 6px; font-size: 13px; color: var(--faint); }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 5px; vertical-align: -1px; }
@media (max-width: 600px) { body { padding: 16px 12px 40px; } h1 { font-size: 19px; } h1 code { font-size: 15px; }
  .tile { flex: 1 1 40%; min-width: 0; } table { font-size: 13px; } td, th { padding: 3px 8px 3px 0; }
  svg { min-width: 0; } svg text { font-size: 22px; }
  table.stacked, .stacked tbody, .stacked tr, .stacked td { display: block; } .stacked th { display: none; }
  .stacked tr { border-bottom: 1px solid var(--rule); padding: 6px 0; }
  .stacked td { border: 0; padding: 1px 0; white-space: normal; text-align: left; min-width: 0; }
  .stacked td.inline { display: inline; padding-right: 10px; } .stacked td.n { white-space: nowrap; } }
rect:hover { stroke: var(--ink); stroke-width: 1; }
)";

} // namespace daxemu::cli
