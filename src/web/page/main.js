/** The frame around the views: head, places, search, help. */
import { DeliveriesView } from './deliveries.js';
import { rate } from './format.js';
import { IncidentView } from './incident.js';
import { IncidentsView } from './incidents.js';
import { KEYS, listenToKeys } from './keys.js';
import { NowView } from './now.js';
import { html, navigate, render, sourcePath, useEffect, useLocation, useRef } from './parts.js';
import { RulesView } from './rules.js';
import { SendersView } from './senders.js';
import { SourceView } from './source.js';
import { startFeed, useNow } from './store.js';
import { TrafficView } from './traffic.js';

const PLACES = [
  ['/', 'Now'],
  ['/incidents', 'Incidents'],
  ['/traffic', 'Traffic'],
  ['/senders', 'Senders'],
  ['/rules', 'Rules'],
  ['/deliveries', 'Deliveries'],
];

function View({ path }) {
  const [, place = '', id] = path.split('/');
  const name = id === undefined ? undefined : decoded(id);
  if (place === '') return html`<${NowView} />`;
  if (place === 'incidents')
    return name ? html`<${IncidentView} key=${name} id=${name} />` : html`<${IncidentsView} />`;
  if (place === 'sources')
    return name ? html`<${SourceView} key=${name} ip=${name} />` : html`<${TrafficView} />`;
  if (place === 'traffic') return html`<${TrafficView} />`;
  if (place === 'senders') return html`<${SendersView} />`;
  if (place === 'rules') return html`<${RulesView} />`;
  return html`<${DeliveriesView} />`;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Things that need a look, as a number beside the place where they are. */
function badge(path, overview) {
  if (path === '/incidents') return overview.openIncidents;
  if (path === '/senders') return overview.senders.quiet + overview.senders.unparsed;
  if (path === '/rules') return overview.faults.length;
  return path === '/deliveries' ? overview.outbox.dead : 0;
}

function Head({ path }) {
  const { overview, connected } = useNow();
  const title =
    overview === undefined
      ? 'knockwatch'
      : `${overview.openIncidents > 0 ? `(${overview.openIncidents}) ` : ''}knockwatch on ${overview.hostName}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return html`<header class="head">
    <a class="brand" href="/"><img src="/icon.svg" alt="" width="22" height="22" /> <b>knockwatch</b> <span>${overview?.hostName ?? ''}</span></a>
    <nav aria-label="places">${PLACES.map(([place, name]) => {
      const here =
        place === '/'
          ? path === '/'
          : path.startsWith(place) || (place === '/traffic' && path.startsWith('/sources'));
      const number = overview === undefined ? 0 : badge(place, overview);
      return html`<a href=${place} aria-current=${here ? 'page' : undefined}>${name}${number > 0 && html` <span class=${`badge ${place === '/incidents' ? '' : 'bad'}`}>${number > 999 ? '999+' : number}</span>`}</a>`;
    })}</nav>
    ${path !== '/incidents' && html`<${Search} />`}
    <span class=${`pulse-line ${connected ? 'on' : 'off'}`} role="status"><i></i>${connected ? html`<b>${rate(overview.rates.lines)}</b> lines/s <b>${rate(overview.rates.hits)}</b> hits/s` : overview === undefined ? 'connecting' : 'no connection'}</span>
  </header>`;
}

/** An address leads to its story, anything else to the incidents that hold it. */
function Search() {
  const find = (event) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get('text').trim().slice(0, 200);
    if (text === '') return;
    navigate(
      /^[0-9a-f]*[:.][0-9a-f:.]+$/i.test(text)
        ? sourcePath(text)
        : `/incidents?text=${encodeURIComponent(text)}`,
    );
    event.currentTarget.reset();
    document.activeElement.blur();
  };
  return html`<form class="search" role="search" onSubmit=${find}><input type="search" name="text" data-search placeholder="address or words  /" aria-label="search" autocomplete="off" /></form>`;
}

function Page() {
  const { path } = useLocation();
  const help = useRef(null);
  const { overview } = useNow();
  const shown = useRef(path);
  useEffect(() => {
    // What was focused is gone with the view it was in: the keyboard goes on at the top of the new one.
    if (shown.current !== path) document.getElementById('main').focus({ preventScroll: true });
    shown.current = path;
  }, [path]);
  useEffect(() => listenToKeys({ help: () => help.current.showModal() }), []);
  return html`
    <a class="skip" href="#main">to the content</a>
    <${Head} path=${path} />
    <main id="main" tabindex="-1"><${View} path=${path} /></main>
    <footer class="foot"><span>knockwatch ${overview?.version ?? ''}${overview && html`, times in ${overview.zone}`}</span> <span>It watches and tells; it never strikes back.</span> <button type="button" onClick=${() => help.current.showModal()}>keys <kbd>?</kbd></button></footer>
    <dialog ref=${help} aria-label="keys" onClick=${(event) => event.target === help.current && help.current.close()}>
      <h2>Keys</h2>
      <dl>${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
      <form method="dialog"><button>close</button></form>
    </dialog>`;
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="/"]');
  if (
    link === null ||
    link === undefined ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey
  )
    return;
  event.preventDefault();
  navigate(link.getAttribute('href'));
});

startFeed();
render(html`<${Page} />`, document.body);
