export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The API answered ${status}.`);
    this.status = status;
  }
}

/** Asks the API; an answer that is none becomes a Refused with the API's own words. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...options });
  } catch (failure) {
    if (failure.name === 'AbortError') throw failure;
    throw new Refused(0, { detail: 'The API does not answer. It is asked again.' });
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  let problem = {};
  try { problem = await response.json(); } catch { /* no problem document: the status has to do */ }
  throw new Refused(response.status, problem);
}

export const post = (path, body) => ask(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body),
});

const enc = encodeURIComponent;
export const experimentUrl = id => `api/experiments/${enc(id)}`;
export const stageUrl = (id, key) => `${experimentUrl(id)}/stages/${enc(key)}`;

/**
 * Asks again and again while the page is in view, until stopped. What cannot be had is told once and asked for again;
 * `look` returns false when there is nothing more to come.
 */
export function poll(period, look, tell, stop) {
  let timer = 0;
  async function round() {
    if (stop.aborted) return;
    if (!document.hidden) {
      try {
        if (await look() === false) return;
        tell(null);
      } catch (failure) {
        if (stop.aborted || failure.name === 'AbortError') return;
        tell(failure);
        if (failure.status === 401 || failure.status === 404) return;
      }
    }
    if (!stop.aborted) timer = setTimeout(round, period);
  }
  stop.addEventListener('abort', () => clearTimeout(timer));
  document.addEventListener('visibilitychange', () => { if (!document.hidden && !stop.aborted && timer) { clearTimeout(timer); round(); } }, { signal: stop });
  round();
}
