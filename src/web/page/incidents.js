import { count, plural } from './format.js';
import { setKeys } from './keys.js';
import {
  Empty,
  html,
  incidentPath,
  Moment,
  navigate,
  onLeave,
  Panel,
  Severity,
  useEffect,
  useLocation,
  useRef,
  useState,
  Waiting,
} from './parts.js';
import { fetchJson, useApi, useNow } from './store.js';

/** Height of a row in pixels, as the style sheet has it: three lines where the screen is narrow. */
const ROW = { wide: 46, narrow: 84 };
const NARROW = matchMedia('(max-width: 640px)');
const BLOCK = 100;
const OVERSCAN = 8;
const FILTERS = ['severity', 'state', 'rule', 'source', 'host', 'port', 'text'];

const TOLD = {
  'first-sight': 'mailed',
  escalated: 'mailed again',
  'closing-summary': 'summed up',
  digest: 'in a digest',
  'below-threshold': 'not mailed: too mild',
  settling: 'settling',
  'already-alerted': 'mailed',
  'source-already-alerted': 'source was mailed about',
  'over-budget': 'waits for the digest',
  'no-channel': 'no channel',
};

/** One incident on one line: verdict first. */
export function IncidentRow({ row, short = false, selected = false, position = {} }) {
  const {
    id,
    severity,
    state,
    openedAtMs,
    headline,
    sources,
    sourceCount,
    hostCount,
    count: packets,
    told,
    mails,
    rule,
  } = row;
  const who = sourceCount === 1 ? sources[0] : plural(sourceCount, 'source');
  return html`<a class=${`incident ${severity} ${state === 'closed' ? 'closed' : 'open'} ${selected ? 'selected' : ''}`} href=${incidentPath(id)} aria-current=${selected ? 'true' : undefined} ...${position}>
    <${Moment} ms=${openedAtMs} />
    <${Severity} of=${severity} />
    <span class="say" title=${headline}><b>${who}</b> <span>${headline.startsWith(who) ? headline.slice(who.length) : headline}</span></span>
    ${
      !short &&
      html`<span class="numbers">${plural(hostCount, 'host')}, ${plural(packets, 'packet')}</span>
    <span class="rule">${rule}</span>`
    }
    <span class="told">${mails > 1 ? `${mails} mails` : (TOLD[told] ?? '')}${state === 'closed' ? '' : html` <i class="pulse" title=${state}></i>`}</span>
  </a>`;
}

/** The blocks of the list that were looked at; the rest is not fetched. */
function useBlocks(query, version) {
  const [state, set] = useState({ query: undefined, total: 0, of: 0, blocks: new Map(), error: undefined });
  const current = useRef();
  const inHand = useRef(new Set());
  const load = async (index) => {
    const mark = `${query} ${version} ${index}`;
    if (inHand.current.has(mark)) return;
    inHand.current.add(mark);
    try {
      const page = await fetchJson(
        `/api/incidents?${query}${query && '&'}offset=${index * BLOCK}&limit=${BLOCK}`,
      );
      if (current.current !== query) return;
      set((old) => ({
        query,
        total: page.total,
        of: page.of,
        error: undefined,
        blocks: new Map(old.query === query ? old.blocks : []).set(index, { version, rows: page.rows }),
      }));
    } catch (error) {
      if (current.current === query) set((old) => ({ ...old, query, error: error.message }));
    } finally {
      inHand.current.delete(mark);
    }
  };
  current.current = query;
  return {
    ...(state.query === query ? state : { total: undefined, of: 0, blocks: new Map(), error: undefined }),
    load,
  };
}

export function IncidentsView() {
  const { overview } = useNow();
  const { query: asked } = useLocation();
  const filters = Object.fromEntries(
    FILTERS.flatMap((name) => (asked.get(name) ? [[name, asked.get(name)]] : [])),
  );
  const query = new URLSearchParams(filters).toString();
  const change = (part) => {
    const next = new URLSearchParams(Object.entries({ ...filters, ...part }).filter(([, value]) => value));
    navigate(`/incidents${next.size > 0 ? `?${next}` : ''}`, { replace: true });
  };
  const list = useBlocks(query, overview?.changes ?? 0);
  const note =
    list.total === undefined
      ? ''
      : list.total === list.of
        ? plural(list.of, 'incident')
        : `${count(list.total)} of ${plural(list.of, 'incident')}`;
  return html`<${Panel} title="Incidents" note=${note} kind="list-panel" actions=${html`<${Filters} filters=${filters} change=${change} />`}>
    ${list.error ? html`<${Waiting} error=${list.error} />` : html`<${VirtualList} key=${query} list=${list} version=${overview?.changes ?? 0} />`}
  <//>`;
}

function Filters({ filters, change }) {
  const rules = useApi('/api/rules');
  const select = (
    name,
    values,
    all,
  ) => html`<select aria-label=${name} value=${filters[name] ?? ''} onChange=${(event) => change({ [name]: event.currentTarget.value })}>
    <option value="">${all}</option>
    ${values.map((value) => html`<option value=${value} selected=${filters[name] === value}>${value}</option>`)}
  </select>`;
  return html`
    ${['source', 'host', 'port'].filter((name) => filters[name]).map((name) => html`<button type="button" class="token" onClick=${() => change({ [name]: '' })} title="remove">${name} ${filters[name]} ×</button>`)}
    ${select('severity', ['critical', 'high', 'medium', 'low'], 'any severity')}
    ${select('state', ['open', 'closed'], 'open or closed')}
    ${select('rule', [...new Set([...(rules.data ?? []).map(({ id }) => id), ...(filters.rule ? [filters.rule] : [])])], 'any rule')}
    <input type="search" data-search placeholder="search  /" aria-label="search incidents" value=${filters.text ?? ''} onInput=${(event) => change({ text: event.currentTarget.value.slice(0, 200) })} />`;
}

/** Only the rows in sight exist, however many there are. */
function VirtualList({ list, version }) {
  const box = useRef(null);
  const [view, setView] = useState({ top: 0, height: 700 });
  // Where people were when they left, if they have come back.
  const place = useRef(history.state);
  const [selected, setSelected] = useState(place.current?.selected ?? -1);
  // Keys may come faster than the list is drawn.
  const chosen = useRef(selected);
  const [printing, setPrinting] = useState(false);
  const total = list.total ?? 0;
  const row = NARROW.matches ? ROW.narrow : ROW.wide;
  const first = Math.max(0, Math.floor(view.top / row) - OVERSCAN);
  const last = Math.min(total, Math.ceil((view.top + view.height) / row) + OVERSCAN);
  const rowAt = (index) => list.blocks.get(Math.floor(index / BLOCK))?.rows[index % BLOCK];

  useEffect(() => {
    for (
      let block = Math.floor(first / BLOCK);
      block <= Math.floor(Math.max(first, last - 1) / BLOCK);
      block++
    ) {
      if (list.blocks.get(block)?.version !== version) void list.load(block);
    }
  });
  useEffect(() => {
    const measure = () =>
      box.current && setView({ top: box.current.scrollTop, height: box.current.clientHeight });
    const print = (on) => () => setPrinting(on);
    const [before, after] = [print(true), print(false)];
    measure();
    addEventListener('resize', measure);
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      removeEventListener('resize', measure);
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
    };
  }, []);
  useEffect(() => {
    if (total === 0 || place.current === null) return;
    box.current.scrollTop = place.current.top;
    place.current = null;
  }, [total]);
  useEffect(() => onLeave(() => ({ top: box.current?.scrollTop ?? 0, selected: chosen.current })), []);
  const select = (index) => {
    const next = Math.max(0, Math.min(total - 1, index));
    chosen.current = next;
    setSelected(next);
    const { scrollTop, clientHeight } = box.current;
    if (next * row < scrollTop) box.current.scrollTop = next * row;
    else if ((next + 1) * row > scrollTop + clientHeight)
      box.current.scrollTop = (next + 1) * row - clientHeight;
  };
  useEffect(() =>
    setKeys({
      j: () => select(chosen.current + 1),
      k: () => select(chosen.current - 1),
      Enter: () => (rowAt(chosen.current) ? navigate(incidentPath(rowAt(chosen.current).id)) : false),
    }),
  );

  if (list.total === undefined) return html`<${Waiting} />`;
  if (total === 0)
    return html`<${Empty}>${list.of === 0 ? 'No incident yet.' : 'No incident is like that.'}<//>`;
  // Paper gets what is at hand: there is no time to ask for more.
  const rows = printing
    ? Array.from({ length: total }, (_, i) => i).filter(rowAt)
    : Array.from({ length: last - first }, (_, i) => first + i);
  return html`<div class=${`virtual ${printing ? 'printing' : ''}`} ref=${box} tabindex="0" onScroll=${(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}>
    ${printing && rows.length < total && html`<p class="note">${count(rows.length)} of ${count(total)}; choose by severity, rule or words to print others.</p>`}
    <ul class="incidents" aria-label=${plural(total, 'incident')} style=${{ height: printing ? 'auto' : `${total * row}px` }}>
      ${rows.map((index) => {
        const incident = rowAt(index);
        return html`<li key=${index} aria-setsize=${total} aria-posinset=${index + 1} style=${printing ? {} : { top: `${index * row}px` }}>${incident ? html`<${IncidentRow} row=${incident} selected=${index === selected} />` : html`<span class="incident loading">…</span>`}</li>`;
      })}
    </ul>
  </div>`;
}
