import { ask, poll } from './api.js';
import { h, fill, phase } from './dom.js';
import { bytes, when, duration, count } from './format.js';

/** The silos: whether they take work, their slots and their memory. */
export function showSilos({ main, tell, stop }) {
  document.title = 'Silos – GmailCluster';
  const into = h('section', { class: 'card' });
  main.replaceChildren(into);

  async function look() {
    const [cluster, silos] = await Promise.all([ask('api/cluster', { signal: stop }), ask('api/cluster/silos', { signal: stop })]);
    fill(into, [cluster, silos.items.map(silo => ({ ...silo, seen_at: null, memory_bytes: Math.round((silo.memory_bytes || 0) / 1e7) }))], () => render(cluster, silos.items));
  }

  poll(2000, look, tell, stop);
}

function render(cluster, silos) {
  const alive = silos.filter(silo => silo.phase !== 'gone'), slots = alive.reduce((sum, silo) => sum + (silo.slots || 0), 0), busy = alive.reduce((sum, silo) => sum + (silo.busy_slots || 0), 0);
  return [
    h('div', { class: 'row' }, h('h1', {}, 'Silos'), h('span', { class: 'soft' }, `${count(alive.length)} in the cluster, ${count(busy)} of ${count(slots)} slots busy`), h('span', { class: 'grow' }), h('span', { class: 'soft small' }, `store ${cluster.store}, version ${cluster.version}`)),
    silos.length === 0 ? h('p', { class: 'hint' }, 'None.') : h('div', { class: 'silos' }, silos.map(card)),
  ];
}

const phases = { active: 'takes work', joining: 'joins', leaving: 'drains: hands over and goes', gone: 'gone' };

function card(silo) {
  const part = silo.memory_limit_bytes ? silo.memory_bytes / silo.memory_limit_bytes : 0;
  return h('article', { class: 'card' },
    h('div', { class: 'row' }, h('strong', {}, silo.name), h('span', { class: 'grow' }), h('span', { class: `phase ${silo.phase}` }, phases[silo.phase])),
    h('p', { class: 'soft small' }, `${silo.host || ''} since ${when(silo.started_at)}`),
    silo.phase === 'gone' ? h('p', { class: 'small' }, `Last heard of ${duration((Date.now() - new Date(silo.seen_at)) / 1000)} ago. What it did goes on elsewhere.`)
      : silo.slots === undefined ? h('p', { class: 'small warn' }, 'It does not say how busy it is.')
        : [
          h('div', { class: 'slots', role: 'img', 'aria-label': `${silo.busy_slots} of ${silo.slots} slots busy` }, Array.from({ length: Math.min(silo.slots, 128) }, (_, i) => h('i', { class: i < silo.busy_slots ? 'busy' : null }))),
          h('p', { class: 'small' }, `${count(silo.busy_slots)} of ${count(silo.slots)} slots busy${silo.waiting_work ? `, ${count(silo.waiting_work)} waiting` : ''}; ${count(silo.cores)} cores`),
          h('div', { class: 'row small' }, h('progress', { max: 1, value: part, class: part > .9 ? 'high' : null, 'aria-label': 'Memory' }), h('span', { class: 'soft' }, `${bytes(silo.memory_bytes)} of ${bytes(silo.memory_limit_bytes)}`)),
        ]);
}
