export const count = number => number.toLocaleString('en-US');

export function duration(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds % 86400 / 3600)} h`;
}

export const bytes = number => number >= 1e9 ? `${(number / 1e9).toFixed(1)} GB` : number >= 1e6 ? `${Math.round(number / 1e6)} MB` : `${Math.round(number / 1e3)} kB`;

export function when(text) {
  const date = new Date(text);
  return date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export const clock = text => new Date(text).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

/** A number in few characters: 0.00123, 4.57, 1,234, 1.2e-7. */
export function short(number) {
  const size = Math.abs(number);
  if (size === 0) return '0';
  if (size >= 1000) return count(Math.round(number));
  if (size >= 1e-4) return String(Number(number.toPrecision(3)));
  return number.toExponential(1);
}
