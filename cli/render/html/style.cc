#include "cli/render/html/style.h"

#include <fmt/format.h>

namespace pgassay::cli {
namespace {

constexpr Colour kPalette[] = {
    {"page", "#ffffff", "#15181c"},    {"panel", "#f4f6f8", "#1d2126"},    {"line", "#d3d9df", "#353c44"},
    {"text", "#1b2026", "#e3e7eb"},    {"muted", "#57616b", "#9ba6b1"},    {"ok", "#1a7335", "#56c271"},
    {"warning", "#875400", "#e0a83a"}, {"critical", "#b8202b", "#ff8078"}, {"accent", "#1f5aa8", "#7fb0ee"},
};

constexpr const char* kRules = R"css(
*{box-sizing:border-box}
html{color-scheme:light dark;background:var(--page);color:var(--text);font:14px/1.45 system-ui,sans-serif;
 -webkit-text-size-adjust:100%}
body{max-width:82rem;margin:0 auto;padding:1.25rem 1rem 3rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25;margin:0}
h1{font-size:1.3rem}h2{font-size:1.15rem}h3{font-size:1rem;font-weight:600}
header p,.facts,figure,nav,main>section>p{margin:.35rem 0}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code,.id{font-family:ui-monospace,monospace;font-size:.93em}
.muted,.hint,dt,th,figcaption small,footer{color:var(--muted)}
b.ok{color:var(--ok)}b.warning{color:var(--warning)}b.critical{color:var(--critical)}
section{margin-top:1.6rem}
section.database{border-top:2px solid var(--line);padding-top:1rem;margin-top:2.2rem}
.scroll{overflow-x:auto}.long .scroll{max-height:26rem;overflow-y:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.22rem .9rem .22rem 0;border-bottom:1px solid var(--line);
 unicode-bidi:isolate}
th{font-weight:500;white-space:nowrap}
.long thead th{position:sticky;top:0;background:var(--page)}
td.n,th.n{text-align:right;white-space:nowrap}
td.w{white-space:nowrap}td.t{min-width:16rem}
tbody th{color:var(--text);white-space:normal;min-width:8rem}
.long tbody th{white-space:nowrap;min-width:0}
.long td{white-space:nowrap}.long.backups td:last-child{white-space:normal;min-width:8rem}
.long tbody th,.drills td:nth-child(2){font-family:ui-monospace,monospace;font-size:.93em}
.sizes th:nth-child(n+3),.sizes td:nth-child(n+3),.drills th:last-child,.drills td:last-child{text-align:right}
ul{margin:.5rem 0;padding:0;list-style:none}
.concerns li{border-left:3px solid var(--warning);padding:.15rem .6rem;margin:.35rem 0;background:var(--panel)}
.concerns li.critical{border-color:var(--critical)}
.hint{display:block}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.5rem 1rem;margin:.8rem 0}
dl.facts dd{margin:0}
dt{font-size:.9em}
dl.pairs{display:grid;grid-template-columns:max-content 1fr;gap:0 .8rem;margin:.4rem 0}dl.pairs dd{margin:0}
figure{margin:1.3rem 0 0}
figcaption{display:flex;flex-wrap:wrap;gap:.1rem 1rem;align-items:baseline;margin-bottom:.3rem}
.plot{display:grid;grid-template-columns:68px minmax(0,1fr);margin-top:.4rem}
.plot svg{width:100%;overflow:visible;display:block}
svg text{font-size:11px;fill:var(--muted);text-anchor:middle}
svg text.first{text-anchor:start}svg text.last,.scale text{text-anchor:end}
.axis{stroke:var(--muted);stroke-opacity:.6;fill:none}.lane{stroke:var(--line);fill:none}
svg rect{fill:var(--accent)}svg circle{fill:var(--ok)}
svg rect.overdue{fill:var(--critical);opacity:.14}
polyline{fill:none;stroke:var(--accent);stroke-width:1.5;vector-effect:non-scaling-stroke}
.bars rect{fill:var(--muted)}.dots circle{fill:var(--accent)}
#fail .halo{stroke:var(--page);stroke-width:5.5}#fail{stroke:var(--critical);stroke-width:2.2;fill:none}#unverified{stroke:var(--warning);stroke-width:1.8;fill:var(--page)}
.key{display:inline-block;vertical-align:middle;width:12px;height:12px}
.key.line{height:0;border-top:2px solid var(--accent)}.key.bar{width:3px;background:var(--muted)}
details{margin:.4rem 0}summary{cursor:pointer;padding:.15rem 0}
.evidence>details{border-bottom:1px solid var(--line);margin:0}
.evidence details>div{padding:.2rem 0 .8rem 1.1rem}
footer{margin-top:2.5rem;font-size:.93em}
@media (max-width:40rem){body{padding:1rem .75rem 2rem}td,th{padding-right:.7rem}.plot{grid-template-columns:56px minmax(0,1fr)}
 .scale{transform:translateX(-12px)}}
@media print{body{max-width:none}.long .scroll{max-height:none}}
)css";

std::string variables(const char* Colour::*which) {
  std::string text = ":root{";
  for (const Colour& colour : kPalette) text += fmt::format("--{}:{};", colour.name, colour.*which);
  return text + "}";
}

}  // namespace

std::span<const Colour> palette() {
  return kPalette;
}

std::string style_sheet() {
  return variables(&Colour::light) + "\n@media (prefers-color-scheme:dark){" + variables(&Colour::dark) +
         "}" + kRules;
}

}  // namespace pgassay::cli
