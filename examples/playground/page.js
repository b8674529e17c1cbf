// What a token says was written by anybody. It gets into the page as text alone, never as markup.
import { claims as claimMeanings, header as headerMeanings } from './claims.js';

const find = (id) => document.getElementById(id);
const form = find('form');
const field = find('token');

/** An element with texts and elements in it. */
function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

const marks = { passed: '✓ passed', failed: '✗ failed', not_reached: '– not reached' };

function showVerdict(diagnosis) {
  const verdict = find('verdict');
  const { accepted, cause, code, token } = diagnosis;
  verdict.className = accepted ? 'accepted' : 'refused';
  verdict.textContent = accepted ? `Accepted: ${token.kind}.` : `Refused (${code}): ${cause.title}.`;
  const shown = [];
  if (cause) shown.push(causeList(cause));
  if (diagnosis.further.length > 0) {
    shown.push(element('h3', 'further', 'And then'));
    shown.push(...diagnosis.further.map((one) => causeList(one)));
  }
  find('cause').replaceChildren(...shown);
}

function causeList(cause) {
  const rows = [
    ['Cause', cause.title, ' (', element('code', 'kind', cause.kind), ')'],
    ['Explanation', cause.explanation],
    ['What to do', cause.remedy],
  ];
  if (cause.known_as.length > 0) rows.push(['Known elsewhere as', cause.known_as.join(', ')]);
  const list = element('dl', 'causes');
  for (const [title, ...inside] of rows) {
    list.append(element('div', '', element('dt', '', title), element('dd', '', ...inside)));
  }
  return list;
}

function showChecks(checks) {
  find('checks').replaceChildren(...checks.map((check) => {
    const title = element('span', '', check.title);
    const isClaimed = check.outcome === 'failed';
    if (check.verified || isClaimed) title.append(element('span', 'quiet', check.verified ? ' (verified)' : ' (not verified)'));
    const item = element('li', '', element('span', check.outcome, marks[check.outcome]), title);
    const facts = [];
    if (check.expected !== null && check.outcome === 'failed') facts.push(element('p', 'value', `expected: ${check.expected}`));
    if (check.found !== null) facts.push(element('p', 'value', check.outcome === 'failed' ? `found: ${check.found}` : check.found));
    if (facts.length > 0) item.append(element('div', 'facts', ...facts));
    return item;
  }));
}

function showToken(token) {
  find('kind').textContent = `It looks like ${token.kind}.`;
  showMembers(find('header'), token.header, headerMeanings, []);
  showMembers(find('claims'), token.claims, claimMeanings, token.dates);
}

function showMembers(list, members, meanings, dates) {
  if (members === null) {
    list.replaceChildren(element('div', 'quiet', element('dt', '', 'none'), element('dd', '', 'It cannot be read.')));
    return;
  }
  // In the order of what matters, not of the alphabet; what is not known stands last.
  const known = [...meanings.keys()].filter((name) => Object.hasOwn(members, name));
  const names = [...known, ...Object.keys(members).filter((name) => !meanings.has(name))];
  list.replaceChildren(...names.map((name) => {
    const value = members[name];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const row = element('div', '', element('dt', '', name), element('dd', 'value', text));
    const date = dates.find((one) => one.claim === name);
    if (date) row.append(element('dd', '', `${date.date}, ${date.relative}`));
    row.append(element('dd', 'quiet', meanings.get(name) ?? 'Not one of those that Entra documents.'));
    return row;
  }));
}

/** Calls the protected route as a client would. */
async function answer(text) {
  const token = text.trim();
  let response;
  try {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    response = await fetch('files', { headers, cache: 'no-store' });
  } catch {
    return 'It cannot be sent: a header holds no line breaks, and no letters but those of ASCII and a few more.';
  }
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${response.status} ${response.statusText}`, ...lines, '', await response.text()].join('\n');
}

async function diagnosis(text) {
  const response = await fetch('diagnose', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: text }),
  });
  if (!response.ok) throw new Error(`the server answers ${response.status}`);
  return response.json();
}

// Only what was asked last is shown, in whatever order the answers come.
let latest = 0;

async function judge(getText) {
  const own = (latest += 1);
  find('result').setAttribute('aria-busy', 'true');
  try {
    const text = await getText();
    if (own !== latest) return;
    field.value = text;
    const [judged, answered] = await Promise.all([diagnosis(text), answer(text)]);
    if (own !== latest) return;
    find('details').hidden = false;
    showChecks(judged.checks);
    showToken(judged.token);
    find('answer').textContent = answered;
    showVerdict(judged);
  } catch (error) {
    if (own !== latest) return;
    find('details').hidden = true;
    find('cause').replaceChildren();
    find('verdict').className = '';
    find('verdict').textContent = `No verdict: ${error.message}. Does the server still run?`;
  }
  find('result').setAttribute('aria-busy', 'false');
}

async function sample(id) {
  const response = await fetch(`samples/${encodeURIComponent(id)}`, { cache: 'no-store' });
  if (!response.ok) throw new Error(`the server answers ${response.status}`);
  return response.text();
}

form.addEventListener('change', (event) => {
  if (event.target.name === 'sample') judge(() => sample(event.target.value));
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  for (const radio of form.querySelectorAll('input:checked')) radio.checked = false;
  judge(() => field.value);
  find('verdict').scrollIntoView({ block: 'nearest' });
});

const samples = await (await fetch('samples')).json();
find('samples').replaceChildren(...samples.map(({ id, title }) => {
  const radio = element('input', '');
  Object.assign(radio, { type: 'radio', name: 'sample', value: id });
  return element('label', '', radio, element('span', '', title));
}));
