import { ask, poll, stageUrl } from './api.js';
import { h, fill } from './dom.js';
import { Plot } from './curves.js';
import { count, short } from './format.js';

/** A training run: curves of loss, pace and parts of a step, and which silo holds which ranks; live while it runs. */
export function showRun(into, id, stage, { tell, stop }, current) {
  let points = [];
  const total = () => points.length ? points[points.length - 1].step + points[points.length - 1].count : 1;
  const span = point => point.count > 1 ? `steps ${count(point.step + 1)} to ${count(point.step + point.count)}` : `step ${count(point.step + 1)}`;
  const timed = () => points.filter(point => point.time);
  const loss = new Plot('Loss', ['loss'], { canLog: true, words: i => {
    const point = points[i];
    return `${short(point.loss)}${point.count > 1 ? ` (${short(point.loss_min)} to ${short(point.loss_max)})` : ''} at ${span(point)}`;
  } });
  const pace = new Plot('Steps a second', ['steps'], { fromZero: true, words: i => `${short(1 / timed()[i].time.whole)} at ${span(timed()[i])}` });
  // The rest of a step: adding gradients up, and waiting for a slot that other work has.
  const rest = time => Math.max(0, time.whole - time.gradient - time.exchange - time.update);
  const names = [['gradients', time => time.gradient], ['exchange', time => time.exchange], ['update', time => time.update], ['other', rest]];
  const parts = new Plot('Milliseconds a step', names.map(([word]) => word), { stacked: true, words: i =>
    `${names.map(([word, part]) => `${word} ${short(part(timed()[i].time) * 1000)}`).join(', ')} at ${span(timed()[i])}` });
  const ranks = h('div');
  into.replaceChildren(h('div', { class: 'charts' }, loss.element, pace.element, parts.element), ranks);

  async function look() {
    const wide = Math.min(1000, Math.max(200, Math.round(loss.canvas.clientWidth)));
    const isLive = current().phase === 'running';
    points = (await ask(`${stageUrl(id, stage)}/timeline?points=${wide}`, { signal: stop })).points;
    loss.show(points.map(point => point.step + point.count), [{ values: points.map(point => point.loss), low: points.map(point => point.loss_min), high: points.map(point => point.loss_max) }], total());
    const measured = timed();
    pace.element.hidden = parts.element.hidden = measured.length === 0; // finished by a version that kept losses alone
    const x = measured.map(point => point.step + point.count);
    pace.show(x, [{ values: measured.map(point => 1 / point.time.whole) }], total());
    parts.show(x, names.map(([, part]) => ({ values: measured.map(point => part(point.time) * 1000) })), total());
    const plan = isLive ? await ask(`${stageUrl(id, stage)}/ranks`, { signal: stop }) : null;
    fill(ranks, plan, () => plan && showRanks(plan));
    return isLive || current().phase === 'pending'; // what is done changes no more
  }

  poll(1500, look, tell, stop);
}

const siloName = silo => silo.split('@')[0];

function showRanks(plan) {
  const cells = plan.members.flatMap((member, n) => Array.from({ length: member.rank_count }, (_, i) =>
    h('span', { class: `c${n % 8 + 1}`, title: `rank ${member.first_rank + i} on ${siloName(member.silo)}` }, member.first_rank + i)));
  return h('section', { 'aria-label': 'Ranks' },
    h('h2', {}, 'Ranks and silos'),
    h('p', { class: 'small soft' }, `${count(plan.world_size)} virtual ranks on ${plan.members.length} silo${plan.members.length === 1 ? '' : 's'}, generation number ${plan.generation_number}${plan.resume_step ? `, going on from step ${count(plan.resume_step)}` : ''}.`),
    h('div', { class: 'ranks' }, cells),
    h('p', { class: 'row' }, plan.members.map((member, n) => h('span', { class: `key c${n % 8 + 1}` }, h('i'),
      `${siloName(member.silo)}: ${member.rank_count === 1 ? `rank ${member.first_rank}` : `ranks ${member.first_rank} to ${member.first_rank + member.rank_count - 1}`}${member.silo === plan.writer ? ', writes checkpoints' : ''}`))));
}
