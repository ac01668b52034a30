import { ask, post, poll, experimentUrl } from './api.js';
import { h, fill, phase } from './dom.js';
import { drawGraph } from './graph.js';
import { showRun } from './run.js';
import { showGeneration } from './generation.js';
import { count, clock, when, bytes } from './format.js';

const trains = new Set(['align', 'caption', 'retrieve', 'long', 'llava']);
const shownEvents = 200;
const isNarrow = () => matchMedia('(max-width: 860px)').matches;
const state = { asTable: isNarrow() };

/**
 * One experiment, live: the graph of its stages, the chosen stage's inside, what happened, and the report when it is done.
 * Returns how another stage of it is chosen.
 */
export function showExperiment(context, id, chosen) {
  const { main, tell, stop, canWrite } = context;
  document.title = `${id} – GmailCluster`;
  let view = null, inside = null, shown = null, older = shownEvents;
  const events = [];
  const head = h('section', { class: 'card' }), graph = h('section', { class: 'card', 'aria-label': 'Stages' });
  const detail = h('section', { class: 'card', 'aria-label': 'Stage' }), log = h('section', { class: 'card', 'aria-label': 'Events' }), end = h('section', { class: 'card', 'aria-label': 'Report', hidden: true });
  const stageHead = h('div'), stageBody = h('div', { class: 'stage-body' });
  detail.append(stageHead, stageBody);
  main.replaceChildren(head, graph, h('div', { class: 'split' }, detail, log), end);
  window.scrollTo(0, 0);

  function update(now) {
    view = now;
    tell(null);
    fill(head, [view.id, view.phase, view.activity, view.failure, view.stages.map(stage => stage.phase === 'done')], showHead);
    fill(graph, [view.stages, chosen, state.asTable], showStages);
    const stage = view.stages.find(one => one.key === chosen) || pick(view.stages);
    fill(stageHead, [stage, view.phase], () => stage && showStage(stage));
    if (stage && shown !== `${stage.key} ${stage.phase}`) {
      shown = `${stage.key} ${stage.phase}`;
      inside?.abort();
      inside = new AbortController();
      stop.addEventListener('abort', () => inside.abort(), { once: true });
      const own = { tell, stop: inside.signal }, current = () => view.stages.find(one => one.key === stage.key) || stage;
      if (trains.has(stage.kind) && stage.phase !== 'pending') showRun(stageBody, id, stage.key, own, current);
      else if (stage.kind === 'generate' && stage.phase !== 'pending') showGeneration(stageBody, id, stage.key, own, current);
      else stageBody.replaceChildren();
    }
    if (view.phase === 'done' && end.hidden) { end.hidden = false; showEnd(); }
    if (view.phase !== 'done') { end.hidden = true; end.replaceChildren(); }
  }

  function showHead() {
    const done = view.stages.filter(stage => stage.phase === 'done').length;
    const act = (verb, label, question) => h('button', { type: 'button', onclick: async pressed => {
      if (question && !confirm(question)) return;
      pressed.currentTarget.disabled = true;
      try { update(await post(`${experimentUrl(id)}/${verb}`)); live(); } catch (failure) { tell(failure); head.madeFrom = null; update(view); }
    } }, label);
    return [
      h('div', { class: 'row' }, h('h1', {}, view.id), phase(view.phase), view.activity && h('span', { class: 'soft' }, `it ${view.activity}`), h('span', { class: 'grow' }),
        h('progress', { max: view.stages.length || 1, value: done, class: view.phase, 'aria-label': 'Stages done' }), h('span', { class: 'soft small' }, `${done} of ${view.stages.length} stages`),
        canWrite && view.phase === 'running' && act('cancel', 'Cancel', `Stop ${view.id} at its next safe point? What is done stays, and it can be resumed.`),
        canWrite && (view.phase === 'failed' || view.phase === 'cancelled') && act('resume', 'Resume'),
        h('a', { class: 'button', href: `${experimentUrl(id)}/spec`, target: '_blank', rel: 'noopener' }, 'Spec')),
      view.failure && h('p', { class: 'bad pre', role: 'alert' }, view.failure.message),
      view.stages.length === 0 && h('p', { class: 'hint' }, 'It was never submitted to this cluster: the store alone knows it.'),
    ];
  }

  function showStages() {
    if (view.stages.length === 0) return null;
    const turn = h('button', { type: 'button', class: 'quiet', 'aria-pressed': String(state.asTable), onclick: () => { state.asTable = !state.asTable; update(view); } }, 'As a table');
    return [h('div', { class: 'row' }, h('h2', {}, 'Stages'), h('span', { class: 'grow' }), turn), state.asTable ? stageTable() : drawGraph(id, view.stages, chosen || pick(view.stages)?.key)];
  }

  function stageTable() {
    return h('div', { class: 'scroll' }, h('table', { class: 'stages' }, h('tbody', {}, view.stages.map(stage => h('tr', { 'aria-current': stage.key === chosen ? 'true' : null },
      h('td', {}, h('a', { href: `#/experiments/${encodeURIComponent(id)}/${stage.key}` }, stage.title)),
      h('td', {}, phase(stage.phase)),
      h('td', { class: 'number small soft' }, stage.phase === 'pending' ? '' : `${count(stage.done)}${stage.total ? `/${count(stage.total)}` : ''} ${stage.unit}`))))));
  }

  function showStage(stage) {
    const facts = [
      ['State', [phase(stage.phase), stage.cached ? ' before this submission' : '']],
      ['Progress', `${count(stage.done)}${stage.total ? ` of ${count(stage.total)}` : ''} ${stage.unit}${stage.before ? `, ${count(stage.before)} of them in an earlier attempt` : ''}`],
      stage.detail && ['Now', stage.detail],
      stage.reason && ['Why', stage.reason],
      stage.warning && ['Warning', h('span', { class: 'warn' }, stage.warning)],
      stage.failure && ['Failure', h('span', { class: 'bad pre' }, stage.failure.message)],
      ['Key', h('code', { class: 'small' }, stage.key)],
    ];
    return [h('h2', {}, stage.title), h('dl', { class: 'facts small' }, facts.filter(Boolean).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))];
  }

  function showLog() {
    fill(log, [events.length, older], () => {
      const newest = events.slice(-older).reverse();
      return [h('h2', {}, 'Events'), newest.length === 0 ? h('p', { class: 'hint' }, 'Nothing has happened yet.')
        : h('ol', { class: 'events', tabindex: 0, 'aria-label': 'Events, the newest first' }, newest.map(one => h('li', { class: one.kind }, h('time', { datetime: one.at, title: when(one.at) }, clock(one.at)), h('span', { class: 'text' }, one.text)))),
      events.length > older && h('button', { type: 'button', onclick: () => { older += shownEvents; showLog(); } }, `Show older ones (${count(events.length - older)})`)];
    });
  }

  function showEnd() {
    const report = `${experimentUrl(id)}/report`;
    const frame = h('div'), files = h('div');
    end.replaceChildren(
      h('div', { class: 'row' }, h('h2', {}, 'Report'), h('span', { class: 'grow' }), h('a', { class: 'button', href: report, target: '_blank', rel: 'noopener' }, 'Open by itself'), h('a', { class: 'button', href: `${experimentUrl(id)}/results`, download: `${id}.json` }, 'Results as JSON')),
      // The report runs its own script in an origin of its own; here it is framed, not merged.
      h('details', { ontoggle: toggled => { if (toggled.currentTarget.open && !frame.firstChild) frame.append(h('iframe', { class: 'report', src: report, title: `Report of ${id}` })); } }, h('summary', {}, 'Show it here'), frame),
      h('details', { ontoggle: toggled => { if (toggled.currentTarget.open && !files.firstChild) showFiles(files); } }, h('summary', {}, 'Files'), files));
  }

  async function showFiles(into) {
    try {
      const list = await ask(`${experimentUrl(id)}/artifacts`, { signal: stop });
      into.append(h('div', { class: 'scroll' }, h('table', {}, h('tbody', {}, list.items.slice(0, 500).map(file => h('tr', {},
        h('td', {}, file.stage), h('td', {}, h('a', { href: `${experimentUrl(id)}/artifacts/${file.key}`, download: true }, file.key.split('/').slice(2).join('/'))), h('td', { class: 'number' }, bytes(file.length_bytes))))))),
      list.items.length > 500 && h('p', { class: 'hint' }, `${count(list.items.length - 500)} more: GET ${experimentUrl(id)}/artifacts lists all.`));
    } catch (failure) { tell(failure); }
  }

  let source = null;
  function live() {
    source?.close();
    const last = events.length ? events[events.length - 1].number : 0;
    source = new EventSource(`${experimentUrl(id)}/events?after=${last}`); // reconnects by itself, with the last event's id
    source.addEventListener('status', message => update(JSON.parse(message.data)));
    source.addEventListener('event', message => {
      const one = JSON.parse(message.data);
      if (!events.length || one.number > events[events.length - 1].number) { events.push(one); soon(); }
    });
    source.addEventListener('problem', message => tell(new Error(JSON.parse(message.data))));
    source.addEventListener('end', () => { source.close(); setTimeout(check, 3000); });
    source.addEventListener('error', () => { if (source.readyState === EventSource.CLOSED) check(); else tell(new Error('The API does not answer. It is asked again.')); });
  }

  // A stream that was refused says no reason: a plain request does. And one that has ended may be resumed, here or by somebody else.
  const check = () => poll(5000, async () => {
    update(await ask(experimentUrl(id), { signal: stop }));
    if (view.phase === 'running') live();
    return view.phase !== 'running';
  }, failure => {
    tell(failure);
    if (failure?.status === 404) main.replaceChildren(h('section', { class: 'card' }, h('h1', {}, 'No such experiment'), h('p', {}, failure.message), h('a', { href: '#/' }, 'All experiments')));
  }, stop);

  let isPlanned = false;
  function soon() { // a thousand events at once are drawn once
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => { isPlanned = false; if (!stop.aborted) showLog(); });
  }

  function choose(stage) {
    chosen = stage;
    if (!view) return;
    update(view);
    if (isNarrow()) detail.scrollIntoView();
  }

  stop.addEventListener('abort', () => source?.close());
  head.append(h('p', { class: 'hint' }, 'Loading …'));
  showLog();
  live();
  return choose;
}

/** The stage that a reader most likely wants: what failed, else what runs, else the last one done. */
function pick(stages) {
  const of = (phase, kinds) => stages.find(stage => stage.phase === phase && (!kinds || kinds.has(stage.kind)));
  const telling = new Set([...trains, 'generate']);
  return of('failed') || of('running', telling) || of('running') || stages.findLast(stage => stage.phase === 'done' && telling.has(stage.kind)) || stages[0];
}
