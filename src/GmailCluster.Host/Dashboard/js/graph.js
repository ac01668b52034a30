import { h } from './dom.js';
import { count } from './format.js';

const width = 184, height = 60, gapX = 44, gapY = 12, margin = 6;

/** Columns by the longest way from a beginning; within a column near what is needed, so that few edges cross. */
export function place(stages) {
  const at = new Map();
  const columns = [];
  for (const stage of stages) { // needs come before needers
    const column = Math.max(-1, ...stage.needs.map(need => at.has(need) ? at.get(need).column : -1)) + 1;
    (columns[column] ||= []).push(stage);
    at.set(stage.key, { column, row: columns[column].length - 1 });
  }
  for (const column of columns.slice(1)) {
    const middle = stage => {
      const rows = stage.needs.filter(need => at.has(need)).map(need => at.get(need).row);
      return rows.length ? rows.reduce((a, b) => a + b) / rows.length : 0;
    };
    column.map((stage, i) => [stage, middle(stage), i]).sort((a, b) => a[1] - b[1] || a[2] - b[2]).forEach(([stage], row) => { at.get(stage.key).row = row; });
  }
  const rows = Math.max(...columns.map(column => column.length));
  const nodes = new Map(stages.map(stage => {
    const { column, row } = at.get(stage.key);
    const inset = (rows - columns[column].length) * (height + gapY) / 2 * (rows > 12 ? 0 : 1);
    return [stage.key, { x: margin + column * (width + gapX), y: margin + row * (height + gapY) + inset }];
  }));
  return { nodes, width: columns.length * (width + gapX) - gapX + 2 * margin, height: rows * (height + gapY) - gapY + 2 * margin };
}

/** What each stage needs without what its other needs need already: all ways stay, and far fewer lines cross. */
function nearest(stages) {
  const all = new Map(); // whatever a stage waits for, near and far
  return new Map(stages.map(stage => {
    const far = new Set(stage.needs.flatMap(need => [...all.get(need) || []]));
    all.set(stage.key, new Set([...stage.needs, ...far]));
    return [stage.key, stage.needs.filter(need => !far.has(need))];
  }));
}

/** The stage graph: each stage a link, so that keys and screen readers walk through it. */
export function drawGraph(id, stages, selected) {
  const layout = place(stages), needs = nearest(stages);
  const edges = stages.flatMap(stage => needs.get(stage.key).filter(need => layout.nodes.has(need)).map(need => {
    const from = layout.nodes.get(need), to = layout.nodes.get(stage.key);
    const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2];
    const bend = Math.max(18, (x2 - x1) / 2.4);
    return { lit: selected === need || selected === stage.key, path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` };
  })).sort((a, b) => a.lit - b.lit);
  return h('div', { class: 'graph', tabindex: 0, role: 'group', 'aria-label': 'Stage graph' },
    h('svg', { width: layout.width, height: layout.height, viewBox: `0 0 ${layout.width} ${layout.height}` },
      edges.map(edge => h('path', { class: edge.lit ? 'edge lit' : 'edge', d: edge.path })),
      stages.map(stage => node(id, stage, layout.nodes.get(stage.key), stage.key === selected))));
}

function node(id, stage, at, isSelected) {
  const part = stage.phase === 'done' ? 1 : stage.total > 0 ? Math.min(1, stage.done / stage.total) : 0;
  const sub = stage.cached ? 'done before' : stage.phase === 'pending' ? 'waiting' : stage.phase === 'running' || stage.phase === 'done'
    ? `${count(stage.done)}${stage.phase === 'running' && stage.total ? ` of ${count(stage.total)}` : ''} ${stage.unit}` : stage.phase;
  return h('a', { svg: true, class: `node ${stage.phase}`, href: `#/experiments/${encodeURIComponent(id)}/${stage.key}`, transform: `translate(${at.x} ${at.y})`, 'aria-current': isSelected ? 'true' : null },
    h('title', {}, `${stage.title}: ${stage.phase}. ${stage.reason || stage.detail || ''}`),
    h('rect', { class: 'box', width, height, rx: 7 }),
    h('rect', { class: 'track', x: 8, y: height - 8, width: width - 16, height: 3, rx: 1.5 }),
    h('rect', { class: 'fill', x: 8, y: height - 8, width: Math.max(0, (width - 16) * part), height: 3, rx: 1.5 }),
    lines(stage.title).map((line, i) => h('text', { x: 9, y: 17 + 14 * i }, line)),
    h('text', { class: 'sub', x: 9, y: 46 }, cut(sub, 30)));
}

// A title in two lines at most.
function lines(title) {
  const words = title.split(' ');
  let first = words.shift();
  while (words.length && `${first} ${words[0]}`.length <= 26) first += ` ${words.shift()}`;
  return [cut(first, 27), cut(words.join(' '), 27)];
}

const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;
