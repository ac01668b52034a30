import { ask, poll, stageUrl } from './api.js';
import { h, fill } from './dom.js';
import { count } from './format.js';

/** A generation: its shards as they fill up, and its newest pictures. */
export function showGeneration(into, id, stage, { tell, stop }, current) {
  const map = new ShardMap();
  const pictures = h('div');
  into.replaceChildren(map.element, h('h2', {}, 'Newest pictures'), pictures);

  async function look() {
    const isLive = current().phase === 'running';
    const [shards, samples] = await Promise.all([
      ask(`${stageUrl(id, stage)}/shards?cells=1024`, { signal: stop }), ask(`${stageUrl(id, stage)}/samples`, { signal: stop }),
    ]);
    map.show(shards);
    fill(pictures, samples, () => samples.items.length === 0
      ? h('p', { class: 'hint' }, 'None yet: they come with the first shard.')
      : h('div', { class: 'samples', tabindex: 0, role: 'group', 'aria-label': 'Newest pictures' }, samples.items.map(item => h('figure', {},
        h('img', { src: `${stageUrl(id, stage)}/samples/${item.shard}/${item.index}`, alt: item.caption, loading: 'lazy', width: 128, height: 128 }),
        h('figcaption', { title: `${item.caption} (caption ${item.id}, picture ${item.k}, shard ${item.shard})` }, item.caption)))));
    return isLive || current().phase === 'pending';
  }

  poll(1500, look, tell, stop);
}

/** Each cell one shard, or several that follow one another: grey, in hand, committed. */
class ShardMap {
  constructor() {
    this.read = h('span', { class: 'read' });
    this.canvas = h('canvas', { role: 'img' });
    this.element = h('figure', {}, h('figcaption', {}, 'Shards',
      h('span', { class: 'key c3' }, h('i'), 'made'), h('span', { class: 'key c1' }, h('i'), 'in hand'), this.read), this.canvas);
    this.canvas.addEventListener('pointermove', moved => this.point(moved));
    this.canvas.addEventListener('pointerleave', () => { this.at = null; this.say(); });
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    const recolour = () => this.canvas.isConnected ? this.draw() : window.removeEventListener('recolour', recolour);
    window.addEventListener('recolour', recolour);
  }

  show(shards) {
    this.shards = shards;
    this.draw();
    this.say();
  }

  get columns() {
    const cells = this.shards.committed.length, wide = this.canvas.clientWidth;
    this.side = Math.max(7, Math.min(22, Math.floor(Math.sqrt(wide * 150 / cells))));
    return Math.max(1, Math.floor(wide / this.side));
  }

  inCell(cell) {
    const each = this.shards.shards_per_cell;
    return Math.min(each, this.shards.shard_count - cell * each);
  }

  draw() {
    const wide = this.canvas.clientWidth;
    if (!wide || !this.shards) return;
    const columns = this.columns, side = this.side, rows = Math.ceil(this.shards.committed.length / columns);
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(wide * ratio);
    this.canvas.height = Math.round(rows * side * ratio);
    this.canvas.style.height = `${rows * side}px`;
    const pen = this.canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.canvas), colour = name => style.getPropertyValue(name).trim();
    const held = new Set(this.shards.held.map(item => Math.floor(item.shard / this.shards.shards_per_cell)));
    this.shards.committed.forEach((done, cell) => {
      const x = cell % columns * side + 1, y = Math.floor(cell / columns) * side + 1, size = side - 2;
      pen.fillStyle = colour('--line');
      pen.fillRect(x, y, size, size);
      if (done > 0) {
        pen.globalAlpha = .25 + .75 * done / this.inCell(cell);
        pen.fillStyle = colour('--s3');
        pen.fillRect(x, y, size, size);
        pen.globalAlpha = 1;
      }
      if (held.has(cell)) { pen.fillStyle = colour('--s1'); if (this.shards.shards_per_cell === 1) pen.fillRect(x, y, size, size); else pen.fillRect(x, y, size, 3); }
    });
  }

  point(moved) {
    if (!this.shards) return;
    const cell = Math.floor(moved.offsetY / this.side) * this.columns + Math.floor(moved.offsetX / this.side);
    this.at = cell < this.shards.committed.length ? cell : null;
    this.say();
  }

  say() {
    const { shard_count, committed_count, shards_per_cell, held, committed } = this.shards;
    let words = `${count(committed_count)} of ${count(shard_count)} made${held.length ? `, ${held.length} in hand` : ''}${shards_per_cell > 1 ? `; a cell is ${shards_per_cell} shards` : ''}`;
    if (this.at !== null && this.at !== undefined) {
      const first = this.at * shards_per_cell, here = held.filter(item => Math.floor(item.shard / shards_per_cell) === this.at);
      words = shards_per_cell === 1
        ? `shard ${count(first)}: ${committed[this.at] ? 'made' : here.length ? `${here[0].images} images by ${here[0].silo.split('@')[0]}` : 'waiting'}`
        : `shards ${count(first)} to ${count(first + this.inCell(this.at) - 1)}: ${count(committed[this.at])} made${here.length ? `, ${here.length} in hand` : ''}`;
    } else if (held.length) {
      const by = Map.groupBy(held, item => item.silo.split('@')[0]);
      words += ` (${[...by].map(([silo, items]) => `${silo}: ${items.length}`).join(', ')})`;
    }
    this.read.textContent = words;
    this.canvas.setAttribute('aria-label', `Shard map: ${words}`);
  }
}
