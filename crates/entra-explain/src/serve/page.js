// Text of a token may be written by anybody: it becomes text of the page, never markup.
import { claims as claimMeanings, header as headerMeanings } from './claims.js';

const find = (id) => document.getElementById(id);
const token = find('token');

/** An element with texts and elements in it. */
function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

/** What was changed on this page: the configuration and the requirement; null where they are those of the command line. */
let changed = { configuration: null, requirement: null };
/** Those of the command line, and as they stand in the fields. */
let served = null;
let filled = null;

// The verdict.

const looks = {
  accepted: ['accepted', '✓'],
  rejected: ['rejected', '✗'],
  not_configured: ['unchecked', '?'],
  no_keys: ['unchecked', '–'],
};

function showVerdict(explanation) {
  const isCertain = explanation.faults.length > 0 || explanation.causes.length > 0;
  const look = explanation.verdict === 'not_configured' && isCertain ? 'rejected' : explanation.verdict;
  const [className, mark] = looks[look];
  find('verdict').className = `card ${className}`;
  find('mark').textContent = mark;
  find('headline').textContent = explanation.headline;
  find('code').textContent = explanation.code === null ? '' : `${explanation.status} ${explanation.code}`;
  const shown = explanation.causes.flatMap((cause, at) => showCause(cause, at > 0));
  shown.push(...certain(explanation));
  if (explanation.verdict === 'accepted' && explanation.requirement !== null) {
    shown.push(element('p', '', `It meets the requirement: ${explanation.requirement}.`));
  }
  if (explanation.verdict === 'no_keys' && explanation.is_offline) {
    shown.push(element('p', '', 'Without the issuer’s keys the signature cannot be checked. Start entra-explain without --offline.'));
  }
  find('causes').replaceChildren(...shown);
}

function showCause(cause, isFurther) {
  const parts = isFurther ? [element('h3', '', `Also: ${cause.title}`)] : [];
  parts.push(element('p', '', cause.explanation), element('h3', '', 'To fix'));
  const isSingle = cause.remedies.length === 1;
  parts.push(element(isSingle ? 'ul' : 'ol', isSingle ? 'steps single' : 'steps', ...cause.remedies.map(showStep)));
  if (cause.known_as.length > 0) parts.push(element('p', 'note', `Known elsewhere as ${cause.known_as.join(', ')}.`));
  return parts;
}

function showStep(step) {
  const item = element('li', '');
  if (step.condition !== null) item.append(element('span', 'condition', `${step.condition}: `));
  item.append(step.text);
  if (step.settings !== null) item.append(setting(JSON.stringify(step.settings, null, 2)));
  if (step.settings !== null && step.delete.length > 0) item.append(`and delete ${step.delete.join(' and ')}.`);
  if (step.note !== null) item.append(element('p', 'note', step.note));
  return item;
}

function setting(text) {
  const copy = element('button', 'secondary', 'Copy');
  copy.type = 'button';
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = 'Copied';
    } catch {
      // A browser may not allow it.
      getSelection().selectAllChildren(copy.previousElementSibling);
      copy.textContent = 'Selected';
    }
    announce(`${copy.textContent}.`);
  });
  return element('div', 'setting', element('pre', '', text), copy);
}

/** What is certain without a configuration. */
function certain(explanation) {
  const parts = [];
  if (explanation.faults.length > 0) parts.push(element('ul', '', ...explanation.faults.map((text) => element('li', '', text))));
  if (explanation.facts.length > 0) parts.push(element('ul', '', ...explanation.facts.map((text) => element('li', '', text))));
  if (explanation.configuration === null) {
    parts.push(element('p', 'note', 'To have it checked, open “Change the API” and paste the configuration of the API.'));
  }
  return parts;
}

function showPasted(explanation) {
  const texts = explanation.pasted.map((problem) => [problem.explanation, ...problem.remedies.map((step) => step.text)].join(' '));
  texts.push(...explanation.notes);
  if (explanation.is_accepted_alone) texts.push('The token alone is accepted.');
  find('pasted').hidden = texts.length === 0;
  find('pasted-texts').replaceChildren(...texts.map((text) => element('p', '', text)));
}

// The checks.

const signs = { passed: '✓', failed: '✗', not_reached: '–' };
const words = { passed: 'passed: ', failed: 'failed: ', not_reached: 'not reached: ' };

function showCheck(check) {
  const isMuted = check.outcome === 'not_reached' || check.follows_from !== null;
  const sign = element('span', 'sign', signs[check.outcome]);
  sign.setAttribute('aria-hidden', 'true');
  const inside = element('div', '', element('span', 'unseen', words[check.outcome]), check.title, ' ', element('span', 'name', check.name));
  if (check.follows_from !== null) inside.append(` (may follow from ${check.follows_from})`);
  const facts = element('dl', 'facts');
  if (check.outcome === 'failed' && check.expected !== null) {
    facts.append(element('dt', '', 'expected'), element('dd', 'value', check.expected));
  }
  if (check.found !== null) {
    const verified = check.outcome === 'failed' ? (check.verified ? ' (verified)' : ' (not verified)') : '';
    facts.append(element('dt', '', 'found'), element('dd', 'value', `${check.found}${verified}`));
  }
  if (facts.childElementCount > 0) inside.append(facts);
  return element('li', `${check.outcome}${isMuted ? ' muted' : ''}`, sign, inside);
}

function showChecks({ checks, pasted }) {
  find('checks').hidden = checks.length === 0;
  // What was pasted around the token has been said already.
  const isFirst = (check) => check.outcome === 'failed' && (check.name !== 'form' || pasted.length === 0);
  const failed = checks.filter(isFirst);
  const others = checks.filter((check) => !isFirst(check));
  const count = (outcome) => checks.filter((check) => check.outcome === outcome).length;
  failed.sort((one, other) => (one.follows_from !== null) - (other.follows_from !== null));
  find('checks-title').textContent = failed.length > 0 ? 'Failed checks' : 'Checks';
  find('failed').replaceChildren(...failed.map(showCheck));
  const unreached = count('not_reached') > 0 ? `, ${count('not_reached')} not reached` : '';
  find('others-title').textContent = `${count('passed')} checks passed${unreached}`;
  find('others').open = false;
  find('passed').replaceChildren(...others.map(showCheck));
}

// The token.

function showToken({ token: decoded, is_verified: isVerified }) {
  find('token-section').hidden = decoded.claims === null && decoded.header === null;
  const source = isVerified ? 'The signature is valid, so the claims are authentic.' : 'The claims are not verified: anybody may have written them.';
  find('kind').textContent = `It is ${decoded.kind}. ${source}`;
  showMembers(find('claims'), decoded.claims, claimMeanings, decoded.dates);
  showMembers(find('header'), decoded.header, headerMeanings, []);
}

function showMembers(list, members, meanings, dates) {
  if (members === null) {
    list.replaceChildren(element('div', '', element('dt', '', 'none'), element('dd', '', 'It cannot be read.')));
    return;
  }
  // The ones that matter first; unknown ones last.
  const known = [...meanings.keys()].filter((name) => Object.hasOwn(members, name));
  const names = [...known, ...Object.keys(members).filter((name) => !meanings.has(name))];
  list.replaceChildren(...names.map((name) => {
    const value = members[name];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const row = element('div', '', element('dt', '', name), element('dd', 'value', text));
    const date = dates.find((one) => one.claim === name);
    if (date) row.append(element('dd', '', `${date.date}, ${date.relative}`));
    if (meanings.has(name)) row.append(element('dd', 'meaning', meanings.get(name)));
    return row;
  }));
}

// The API.

/** The settings that identify the API first. */
function sorted(names) {
  const first = ['Authority', 'Instance', 'Domain', 'TenantId', 'TenantIds', 'ClientId', 'Audience', 'Audiences'];
  const order = (name) => (first.includes(name) ? first.indexOf(name) : first.length);
  return names.sort((one, other) => order(one) - order(other));
}

function showApi(configuration, requirement) {
  const problems = configuration?.problems ?? [];
  const settings = configuration?.settings ?? {};
  find('api-problems').replaceChildren(...problems.map((text) => element('li', '', text)));
  find('api-origin').textContent = configuration === null
    ? 'No API is configured, so only what is certain for every API is said.'
    : problems.length > 0 ? 'The configuration has mistakes.' : `Configuration: ${configuration.origin}.`;
  // The audiences of the client ID are in the check of the audience.
  const isChosen = (name) => !['default', 'ClientId'].includes(configuration.sources[name]);
  const names = sorted(Object.keys(settings).filter(isChosen));
  const rows = names.map((name) => [name, settings[name]]);
  if (requirement) rows.push(['Required', requirement]);
  find('api-settings').replaceChildren(...rows.flatMap(([name, value]) => {
    const text = Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.join('\n') : value;
    return [element('dt', '', name), element('dd', '', typeof text === 'string' ? text : JSON.stringify(text))];
  }));
}

/** Fills the fields with the API of the command line. */
function fillApi() {
  const settings = served.configuration?.settings ?? { TenantId: '', ClientId: '' };
  const isGiven = (name) => !served.configuration || ['file', 'environment'].includes(served.configuration.sources[name]);
  const section = Object.fromEntries(sorted(Object.keys(settings).filter(isGiven)).map((name) => [name, settings[name]]));
  find('configuration').value = JSON.stringify({ AzureAd: section }, null, 2);
  find('requirement').value = served.requirement;
  filled = { configuration: find('configuration').value, requirement: find('requirement').value };
  find('change').open = served.configuration === null;
}

// Questions to the server.

function announce(text) {
  find('announcement').textContent = text;
}

async function ask(text) {
  const response = await fetch('explain', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: text, ...changed }),
  });
  if (response.status === 413) throw new Error('that is longer than any token');
  if (response.status === 400) {
    find('requirement-error').textContent = await response.text();
    find('requirement').setAttribute('aria-invalid', 'true');
    find('change').open = true;
    throw new Error(find('requirement-error').textContent);
  }
  if (!response.ok) throw new Error(`entra-explain responds ${response.status}`);
  find('requirement-error').textContent = '';
  find('requirement').removeAttribute('aria-invalid');
  return response.json();
}

// Only the response to the last question is shown, in whatever order they come.
let latest = 0;

async function explain() {
  const own = (latest += 1);
  const text = token.value;
  token.scrollTop = 0;
  const isEmpty = text.trim() === '';
  find('result').setAttribute('aria-busy', 'true');
  try {
    const explanation = await ask(text);
    if (own !== latest) return;
    showApi(explanation.configuration, explanation.requirement);
    if (isEmpty) {
      announce('The API is changed.');
      reset();
    } else {
      showVerdict(explanation);
      showPasted(explanation);
      showChecks(explanation);
      showToken(explanation);
      announce(find('headline').textContent);
      reveal();
    }
  } catch (error) {
    if (own !== latest) return;
    const message = error instanceof TypeError ? 'entra-explain does not respond: is it still running?' : error.message;
    find('verdict').className = 'card unchecked';
    find('mark').textContent = '–';
    find('headline').textContent = `No verdict: ${message}`;
    find('code').textContent = '';
    find('causes').replaceChildren();
    for (const id of ['pasted', 'checks', 'token-section']) find(id).hidden = true;
    announce(find('headline').textContent);
    reveal();
  }
  find('result').setAttribute('aria-busy', 'false');
}

// On a narrow screen the verdict comes first as soon as there is one, also for the keyboard.
const narrow = matchMedia('(max-width: 60rem)');

function place() {
  const isFirst = narrow.matches && !find('explained').hidden;
  const main = find('main');
  if (isFirst) main.prepend(find('result'));
  else main.append(find('result'));
}

function reveal() {
  find('empty').hidden = true;
  find('explained').hidden = false;
  // The focus is lost when its element moves.
  const focused = document.activeElement;
  const isMoved = narrow.matches && find('main').firstElementChild !== find('result');
  place();
  if (isMoved) focused.focus({ preventScroll: true });
  if (narrow.matches) window.scrollTo(0, 0);
}

function reset() {
  find('empty').hidden = false;
  find('explained').hidden = true;
  place();
}

/** A made-up token for Microsoft Graph, signed by nobody. */
function example() {
  const part = (value) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: 'JWT', alg: 'RS256', kid: 'made-up-key', nonce: 'made-up-nonce' };
  const claims = {
    aud: 'https://graph.microsoft.com',
    iss: 'https://sts.windows.net/11111111-2222-3333-4444-555555555555/',
    iat: now - 300, nbf: now - 300, exp: now + 3600,
    appid: '77777777-8888-9999-0000-111111111111', name: 'Ada Example', oid: '22222222-3333-4444-5555-666666666666',
    scp: 'User.Read', tid: '11111111-2222-3333-4444-555555555555', ver: '1.0',
  };
  return `${part(header)}.${part(claims)}.${'A'.repeat(342)}`;
}

find('form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (token.value.trim() === '') {
    announce('Paste a token first.');
    token.focus();
    return;
  }
  explain();
});
token.addEventListener('paste', () => setTimeout(() => { if (token.value.trim() !== '') explain(); }));
find('clear').addEventListener('click', () => {
  latest += 1;
  token.value = '';
  find('result').setAttribute('aria-busy', 'false');
  reset();
  token.focus();
});
find('example').addEventListener('click', () => {
  token.value = example();
  explain();
});
find('apply').addEventListener('click', () => {
  const change = (name) => (find(name).value === filled[name] ? null : find(name).value);
  changed = { configuration: change('configuration'), requirement: change('requirement') };
  explain();
});
find('reset').addEventListener('click', () => {
  changed = { configuration: null, requirement: null };
  fillApi();
  explain();
});
narrow.addEventListener('change', place);

served = await (await fetch('api')).json();
showApi(served.configuration, served.requirement);
fillApi();
document.body.dataset.ready = 'true';
