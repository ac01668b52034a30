import { ask, poll } from './api.js';
import { h, fill, phase } from './dom.js';
import { when, duration, count } from './format.js';

const pageSize = 50;

/** The list of experiments: searched and cut into pages by the API, so that thousands cost what fifty do. */
export function showExperiments({ main, tell, stop }) {
  document.title = 'Experiments – GmailCluster';
  let offset = 0, search = '', wanted = '', timer = 0;
  const table = h('div');
  const now = () => look().catch(tell);
  const box = h('input', { type: 'search', 'aria-label': 'Search by id', placeholder: 'Search by id', oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => { search = box.value; offset = 0; now(); }, 200);
  } });
  const phases = [['', 'All'], ['running', 'Running'], ['done', 'Done'], ['failed', 'Failed'], ['cancelled', 'Cancelled']];
  const buttons = phases.map(([value, label]) => h('button', { type: 'button', 'aria-pressed': String(value === ''), onclick: pressed => {
    wanted = value; offset = 0;
    buttons.forEach(button => button.setAttribute('aria-pressed', String(button === pressed.currentTarget)));
    now();
  } }, label));
  main.replaceChildren(h('section', { class: 'card' },
    h('div', { class: 'row' }, h('h1', {}, 'Experiments'), h('span', { class: 'grow' }), h('div', { class: 'row', role: 'group', 'aria-label': 'State' }, buttons), box), table));

  async function look() {
    const query = new URLSearchParams({ offset, limit: pageSize });
    if (search) query.set('search', search);
    if (wanted) query.set('phase', wanted);
    const page = await ask(`api/experiments?${query}`, { signal: stop });
    // How long a running one has run changes with each look, and is shown to the minute.
    fill(table, [page, offset, page.items.some(item => !item.ended_at) ? Math.floor(Date.now() / 5000) : 0], () => render(page));
  }

  function render(page) {
    if (page.total === 0) return h('p', { class: 'hint' }, search || wanted ? 'None is like that.' : "None yet: 'gmailcluster submit SPEC' starts one.");
    const to = Math.min(page.total, offset + page.items.length);
    return [
      h('table', { class: 'list' },
        h('thead', {}, h('tr', {}, ['Experiment', 'State', 'Stages', 'Submitted', 'Took'].map(name => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, page.items.map(item => h('tr', {},
          h('td', {}, h('a', { href: `#/experiments/${encodeURIComponent(item.id)}` }, item.id), item.failure && h('div', { class: 'bad small' }, item.failure.split('\n')[0])),
          h('td', {}, phase(item.phase)),
          h('td', {}, h('progress', { max: item.stage_count || 1, value: item.stages_done, class: item.phase, 'aria-label': 'Stages done' }), ' ', h('span', { class: 'small soft' }, `${item.stages_done}/${item.stage_count}`)),
          h('td', {}, h('time', { datetime: item.submitted_at }, when(item.submitted_at))),
          h('td', {}, duration((new Date(item.ended_at || Date.now()) - new Date(item.submitted_at)) / 1000)))))),
      page.total > pageSize && h('div', { class: 'row' },
        h('button', { type: 'button', disabled: offset === 0, onclick: () => { offset = Math.max(0, offset - pageSize); now(); } }, 'Newer'),
        h('button', { type: 'button', disabled: to >= page.total, onclick: () => { offset += pageSize; now(); } }, 'Older'),
        h('span', { class: 'soft small' }, `${count(offset + 1)} to ${count(to)} of ${count(page.total)}`)),
    ];
  }

  poll(3000, look, tell, stop);
}
