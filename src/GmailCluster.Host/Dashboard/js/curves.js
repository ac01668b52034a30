import { h } from './dom.js';
import { short, count } from './format.js';

const left = 52, right = 10, top = 8, bottom = 24, tall = 190;

/**
 * A plot on a canvas with what it shows in words beside it: the API gives a bounded number of points, each with the lowest and the
 * highest of its steps, so no peak is lost. Pointer and arrow keys read points off.
 */
export class Plot {
  constructor(title, keys, options = {}) {
    this.options = options;
    this.read = h('span', { class: 'read', 'aria-live': 'off' });
    this.canvas = h('canvas', { tabindex: 0, role: 'img', height: tall, 'aria-label': title });
    this.log = false;
    const logButton = options.canLog && h('button', { type: 'button', class: 'quiet small', 'aria-pressed': 'false', onclick: pressed => {
      this.log = !this.log;
      pressed.currentTarget.setAttribute('aria-pressed', String(this.log));
      this.draw();
    } }, 'log');
    this.element = h('figure', {},
      h('figcaption', {}, title, keys.length > 1 && keys.map((key, i) => h('span', { class: `key c${i + 1}` }, h('i'), key)), logButton, this.read), this.canvas);
    this.title = title;
    this.series = [];
    this.at = null;
    this.canvas.addEventListener('pointermove', moved => this.point(moved.offsetX));
    this.canvas.addEventListener('pointerdown', moved => this.point(moved.offsetX));
    this.canvas.addEventListener('pointerleave', () => { this.at = null; this.draw(); });
    this.canvas.addEventListener('keydown', pressed => this.key(pressed));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    const recolour = () => this.canvas.isConnected ? this.draw() : window.removeEventListener('recolour', recolour);
    window.addEventListener('recolour', recolour);
  }

  /** x: numbers; series: [{values, low, high}]; total: where x ends. Stacked when the options say so. */
  show(x, series, total) {
    [this.x, this.series, this.total] = [x, series, total];
    this.draw();
  }

  key(pressed) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
    if (!(pressed.key in steps) || !this.x?.length) return;
    pressed.preventDefault();
    this.at = Math.max(0, Math.min(this.x.length - 1, (this.at ?? this.x.length - 1) + steps[pressed.key]));
    this.draw();
  }

  point(offset) {
    if (!this.x?.length) return;
    const value = (offset - left) / Math.max(1, this.canvas.clientWidth - left - right) * this.total;
    let [low, high] = [0, this.x.length - 1];
    while (low < high) { const middle = (low + high) >> 1; if (this.x[middle] < value) low = middle + 1; else high = middle; }
    this.at = low > 0 && value - this.x[low - 1] < this.x[low] - value ? low - 1 : low;
    this.draw();
  }

  draw() {
    const wide = this.canvas.clientWidth;
    if (!wide || !this.canvas.isConnected) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(wide * ratio);
    this.canvas.height = Math.round(tall * ratio);
    this.canvas.style.height = `${tall}px`;
    const pen = this.canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.canvas);
    const colour = name => style.getPropertyValue(name).trim();
    pen.font = `11px ${style.fontFamily}`;
    if (!this.x?.length) {
      pen.fillStyle = colour('--soft');
      pen.fillText('No step yet.', left, tall / 2);
      this.read.textContent = '';
      return;
    }

    const stack = this.options.stacked;
    const sums = this.x.map((_, i) => this.series.reduce((sum, one) => sum + (one.values[i] ?? 0), 0));
    const highs = stack ? sums : this.series.flatMap(one => one.high || one.values).filter(Number.isFinite);
    const lows = stack ? [0] : this.series.flatMap(one => one.low || one.values).filter(Number.isFinite);
    let [least, most] = [this.options.fromZero || stack ? 0 : lowest(lows), highest(highs)];
    const isLog = this.log && lowest(lows) > 0;
    if (isLog) [least, most] = [Math.log10(lowest(lows)), Math.log10(most)];
    if (!(most > least)) [least, most] = [least - Math.abs(least) * .1 - (isLog ? .1 : 1e-9), most + Math.abs(most) * .1 + (isLog ? .1 : 1e-9)];
    const room = (most - least) * .06;
    most += room; if (!this.options.fromZero && !stack) least -= room;
    const px = value => left + value / this.total * (wide - left - right);
    const py = value => top + (1 - ((isLog ? Math.log10(Math.max(value, 1e-12)) : value) - least) / (most - least)) * (tall - top - bottom);

    pen.strokeStyle = colour('--line'); pen.fillStyle = colour('--soft'); pen.lineWidth = 1;
    pen.textAlign = 'right'; pen.textBaseline = 'middle';
    for (const tick of ticks(least, most, 4)) {
      const value = isLog ? 10 ** tick : tick, y = Math.round(py(value)) + .5;
      pen.beginPath(); pen.moveTo(left, y); pen.lineTo(wide - right, y); pen.stroke();
      pen.fillText(short(value), left - 7, y);
    }
    pen.textBaseline = 'top';
    for (const tick of ticks(0, this.total, Math.max(2, Math.floor(wide / 110)), 1)) {
      pen.textAlign = px(tick) > wide - 40 ? 'right' : 'center';
      pen.fillText(count(Math.round(tick)), Math.min(px(tick), wide - 2), tall - bottom + 7);
    }

    let base = this.x.map(() => 0);
    this.series.forEach((one, n) => {
      const shade = colour(`--s${n + 1}`);
      if (stack) {
        const upper = base.map((value, i) => value + (one.values[i] ?? 0));
        pen.fillStyle = shade; pen.globalAlpha = .55;
        area(pen, this.x.map(px), upper.map(py), base.map(py));
        pen.globalAlpha = 1; base = upper;
        return;
      }
      if (one.low && one.high) {
        pen.fillStyle = shade; pen.globalAlpha = .18;
        area(pen, this.x.map(px), one.high.map(py), one.low.map(py));
        pen.globalAlpha = 1;
      }
      pen.strokeStyle = shade; pen.lineWidth = 1.8; pen.lineJoin = 'round';
      pen.beginPath();
      let isDown = false;
      this.x.forEach((value, i) => {
        if (!Number.isFinite(one.values[i])) { isDown = false; return; }
        pen[isDown ? 'lineTo' : 'moveTo'](px(value), py(one.values[i])); isDown = true;
      });
      pen.stroke();
      if (this.x.length === 1) { pen.fillStyle = shade; pen.beginPath(); pen.arc(px(this.x[0]), py(one.values[0]), 3, 0, 7); pen.fill(); }
    });

    const at = Math.min(this.at ?? this.x.length - 1, this.x.length - 1);
    if (this.at !== null) {
      pen.strokeStyle = colour('--soft'); pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(px(this.x[at]), top); pen.lineTo(px(this.x[at]), tall - bottom); pen.stroke();
    }
    const words = this.options.words(at);
    this.read.textContent = words;
    this.canvas.setAttribute('aria-label', `${this.title}. ${words}. Arrow keys read other points.`);
  }
}

// Without spreading: a curve may have thousands of points.
const lowest = numbers => numbers.reduce((a, b) => Math.min(a, b), Infinity);
const highest = numbers => numbers.reduce((a, b) => Math.max(a, b), -Infinity);

function area(pen, x, upper, lower) {
  pen.beginPath();
  x.forEach((at, i) => Number.isFinite(upper[i]) && pen.lineTo(at, upper[i]));
  for (let i = x.length - 1; i >= 0; i--) if (Number.isFinite(lower[i])) pen.lineTo(x[i], lower[i]);
  pen.fill();
}

function ticks(least, most, wanted, finest = 0) {
  const raw = Math.max(finest, (most - least) / wanted), size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(times => times * size).find(candidate => candidate >= raw);
  const found = [];
  for (let at = Math.ceil(least / step) * step; at <= most + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
}
