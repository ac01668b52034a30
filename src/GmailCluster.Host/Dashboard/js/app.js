import { ask, post, Refused } from './api.js';
import { h } from './dom.js';
import { showExperiments } from './experiments.js';
import { showExperiment } from './experiment.js';
import { showSilos } from './silos.js';

const main = document.getElementById('main');
const notice = document.getElementById('notice');
let leaving = new AbortController();
let session = null;
let shown = null; // the experiment on the page, and how to choose a stage of it

/** Says what is wrong, or that nothing is. A token that is not let in any more leads back to the door. */
function tell(failure) {
  if (failure instanceof Refused && failure.status === 401) { session = null; signIn(); return; }
  notice.textContent = failure ? failure.message : '';
}

async function route() {
  const [page, id, stage] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  if (session && shown && page === 'experiments' && id === shown.id) { shown.choose(stage); return; }
  shown = null;
  leaving.abort();
  leaving = new AbortController();
  notice.textContent = '';
  if (!session) {
    try { session = await ask('api/session'); } catch (failure) { if (failure.status === 401) { signIn(); } else { tell(failure); setTimeout(route, 3000); } return; }
    showSession();
  }
  for (const link of document.querySelectorAll('nav a[data-page]')) {
    const isHere = link.dataset.page === (page === 'silos' ? 'silos' : 'experiments');
    if (isHere) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
  }
  const context = { main, tell, stop: leaving.signal, canWrite: session.scope === 'write' };
  if (page === 'silos') showSilos(context);
  else if (page === 'experiments' && id) shown = { id, choose: showExperiment(context, id, stage) };
  else showExperiments(context);
}

function showSession() {
  document.getElementById('who').textContent = session.has_tokens ? `${session.name} may ${session.scope}` : '';
  document.getElementById('leave').hidden = !session.has_tokens;
  const orleans = document.getElementById('orleans');
  orleans.hidden = !session.orleans_dashboard;
  if (session.orleans_dashboard) orleans.setAttribute('href', session.orleans_dashboard);
}

function signIn() {
  shown = null;
  leaving.abort();
  leaving = new AbortController();
  document.getElementById('leave').hidden = true;
  document.getElementById('who').textContent = '';
  notice.textContent = '';
  document.title = 'Sign in – GmailCluster';
  const token = h('input', { type: 'password', id: 'token', autocomplete: 'current-password', required: true });
  const problem = h('p', { class: 'bad small', role: 'alert' });
  async function enter(submitted) {
    submitted.preventDefault();
    try {
      session = await post('api/session', { token: token.value.trim() });
      showSession();
      route();
    } catch (failure) {
      problem.textContent = failure.status === 401 ? 'This token is not let in.' : failure.message;
      token.select();
    }
  }
  main.replaceChildren(h('section', { class: 'card sign' },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'soft' }, 'With a token of this API. Whoever runs it gives them out.'),
    h('form', { onsubmit: enter }, h('label', { for: 'token' }, 'Token'), token, h('button', { class: 'strong' }, 'Sign in'), problem)));
  token.focus();
}

document.getElementById('leave').addEventListener('click', async () => {
  await ask('api/session', { method: 'DELETE' }).catch(tell);
  session = null;
  signIn();
});

const themes = ['auto', 'light', 'dark'];
const themeButton = document.getElementById('theme');
function setTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
  themeButton.textContent = { auto: '◐', light: '☀', dark: '☾' }[theme];
  themeButton.setAttribute('aria-label', `Colours: ${theme === 'auto' ? 'as the system has them' : theme}. Change`);
  themeButton.title = themeButton.getAttribute('aria-label');
  localStorage.setItem('theme', theme);
  window.dispatchEvent(new Event('recolour'));
}
themeButton.addEventListener('click', () => setTheme(themes[(themes.indexOf(localStorage.getItem('theme') || 'auto') + 1) % themes.length]));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => window.dispatchEvent(new Event('recolour')));
setTheme(themes.includes(localStorage.getItem('theme')) ? localStorage.getItem('theme') : 'auto');
window.addEventListener('hashchange', route);
route();
