#include "compiler/document/html_assets.h"

namespace gradus::document {

const std::string_view page_style = R"(
:root { color-scheme: light dark; --ground: #fdfdfc; --ink: #1d2126; --quiet: #68707a;
  --rule: #dcdfe3; --pane: #f4f5f6; --on: #ffe9a8; --input: #d8e8f7; --param: #fde2c6;
  --state: #e6dff0; --result: #d5ecd2; --round: #ecebe2; --keyword: #8a3ba8; --number: #0b6b8f; --string: #3c7a2a; }
@media (prefers-color-scheme: dark) { :root { --ground: #16191d; --ink: #e3e6ea; --quiet: #97a0ab;
  --rule: #363c44; --pane: #1e2227; --on: #5a4a12; --input: #1f3d58; --param: #5a3c1c;
  --state: #41365a; --result: #27492a; --round: #2c2b24; --keyword: #cf9be6; --number: #7cc7e4; --string: #9fd08c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
header { padding: 1rem 1.5rem .6rem; border-bottom: 1px solid var(--rule); }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
h3 { font-size: .95rem; margin: 1rem 0 .3rem; }
p { margin: .3rem 0; }
.quiet, .shape, .rule, .sense, caption { color: var(--quiet); font-size: .87rem; }
aside, main { padding: 0 1.5rem 1rem; min-width: 0; }
@media (min-width: 70rem) {
  .columns { display: grid; grid-template-columns: minmax(0, 9fr) minmax(0, 11fr); }
  aside { position: sticky; top: 0; height: 100vh; display: flex; flex-direction: column; }
  aside section { display: flex; flex-direction: column; min-height: 0; flex: 0 1 auto; }
  aside section.graph { flex: 1 1 0; }
  main { border-left: 1px solid var(--rule); } }
.source, .drawing { overflow: auto; background: var(--pane); border: 1px solid var(--rule);
  border-radius: 6px; max-height: 80vh; }
.source { margin: 0; padding: .4rem 0; font: 13px/1.5 ui-monospace, monospace; tab-size: 2; }
@media (min-width: 70rem) { .source { max-height: 45vh; } .drawing { flex: 1; max-height: none; } }
.line { display: block; padding-right: 1rem; width: max-content; min-width: 100%; }
.line::before { content: attr(data-line); display: inline-block; width: 2.6rem; padding-right: .8rem;
  text-align: right; color: var(--quiet); user-select: none; }
.keyword { color: var(--keyword); } .number { color: var(--number); }
.string { color: var(--string); } .comment { color: var(--quiet); font-style: italic; }
.table { overflow: auto; max-height: 22rem; }
table { border-collapse: collapse; }
td, th { text-align: left; padding: .15rem .9rem .15rem 0; vertical-align: baseline;
  font-weight: normal; }
th { color: var(--quiet); font-size: .87rem; border-bottom: 1px solid var(--rule); }
.count, th.count { text-align: right; font-variant-numeric: tabular-nums; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", math; font-size: 1.1rem; }
.equation { display: flex; gap: 1.5rem; align-items: center; overflow-x: auto; overflow-y: hidden;
  padding: .2rem .4rem; border-radius: 4px; }
.equation math { flex: none; margin: 0; }
.shape { white-space: nowrap; }
.equation .shape { margin-left: auto; }
details { border: 1px solid var(--rule); border-radius: 6px; margin: .45rem 0; }
details > :not(summary) { margin-left: 1rem; margin-right: .6rem; }
summary { cursor: pointer; padding: .25rem .6rem; border-radius: 6px; }
summary math { vertical-align: middle; }
.step { display: flex; flex-wrap: wrap; gap: .2rem 1rem; align-items: center;
  padding: .2rem 0; border-top: 1px solid var(--rule); }
.step > span { max-width: 100%; overflow-x: auto; overflow-y: hidden; padding: .15rem 0; }
.step .rule { min-width: 12rem; } .step .sense { margin-left: auto; }
.step math, summary math { math-style: normal; }
.on { background: var(--on); }
svg { display: block; margin: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); text-anchor: middle; }
svg .subtitle, svg .constant .title { fill: var(--quiet); font-size: 11px; }
svg rect { fill: var(--ground); stroke: var(--quiet); }
svg .node[data-n] { cursor: pointer; }
svg .definition rect, svg .result rect { stroke: var(--ink); stroke-width: 1.6; }
svg .definition .title, svg .result .title { font-weight: 600; }
svg .input rect { fill: var(--input); } svg .param rect { fill: var(--param); }
svg .state rect { fill: var(--state); } svg .result rect { fill: var(--result); }
svg .round rect { fill: var(--round); stroke-dasharray: 4 3; }
svg .on rect { fill: var(--on); } svg .on { background: none; }
svg .edge { fill: none; stroke: var(--quiet); marker-end: url(#arrow); }
svg .next { stroke-dasharray: 4 3; }
svg marker path { fill: var(--quiet); }
)";

const std::string_view page_script = R"(
const parts = new Map();
for (const element of document.querySelectorAll('[data-n]')) {
  for (const name of element.dataset.n.split(' ')) {
    if (!parts.has(name)) parts.set(name, []);
    parts.get(name).push(element);
  }
}
const partsOf = element => element.dataset.n.split(' ').flatMap(name => parts.get(name));
function reveal(pane, element) {
  if (!pane || !element) return;
  const outer = pane.getBoundingClientRect(), inner = element.getBoundingClientRect();
  const dx = inner.left + inner.width / 2 - outer.left - outer.width / 2;
  const dy = inner.top + inner.height / 2 - outer.top - outer.height / 2;
  if (inner.left < outer.left || inner.right > outer.right || inner.top < outer.top ||
      inner.bottom > outer.bottom) pane.scrollBy({left: dx, top: dy, behavior: 'smooth'});
}
let lit = [], last = null;
function light(event) {
  const at = event.target.closest('[data-n]');
  if (at === last) return;
  last = at;
  for (const element of lit) element.classList.remove('on');
  lit = at ? partsOf(at) : [];
  for (const element of lit) element.classList.add('on');
  if (!at) return;
  for (const pane of document.querySelectorAll('.source, .drawing')) {
    if (!pane.contains(at)) reveal(pane, lit.find(element => pane.contains(element)));
  }
}
document.addEventListener('mouseover', light);
document.addEventListener('focusin', light);
document.addEventListener('click', event => {
  const at = event.target.closest('aside [data-n]');
  const goal = at && partsOf(at).find(element => element.closest('main .equation'));
  if (!goal) return;
  for (let fold = goal.closest('details'); fold; fold = fold.parentElement.closest('details')) {
    if (!goal.closest('summary')) fold.open = true;
  }
  goal.scrollIntoView({block: 'center', behavior: 'smooth'});
});
)";

}  // namespace gradus::document
